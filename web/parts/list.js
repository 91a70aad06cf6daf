// Long lists: what is far out of sight is no part of the document, and what is older comes on wish.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { get } from "../core/api.js";
import { useData } from "../core/store.js";
import { Read, useOnce } from "./basic.js";

/** Rows that are read at once, and rows that come and go together. */
const LIMIT = 200;
const TOGETHER = 25;
/** How tall a row is before it was ever seen. */
const ROW = innerWidth < 800 ? 62 : 36;

/** @type {WeakMap<Element, (entry: IntersectionObserverEntry) => void>} */
const watched = new WeakMap();
const sight = new IntersectionObserver((entries) => entries.forEach((entry) => watched.get(entry.target)?.(entry)), { rootMargin: "800px" });

/** A part of a table that is made once it comes near, and let go of when it is far. @param {{height: number, seen?: boolean, children: () => any}} props */
export function Near({ height, seen, children }) {
  const body = useRef(null);
  const tall = useRef(height);
  const [near, setNear] = useState(seen);
  useEffect(() => {
    const here = body.current;
    watched.set(here, ({ isIntersecting, boundingClientRect }) => {
      if (!isIntersecting && boundingClientRect.height) tall.current = boundingClientRect.height;
      // What has the keyboard stays.
      setNear(isIntersecting || here.contains(document.activeElement));
    });
    sight.observe(here);
    return () => sight.unobserve(here);
  }, []);
  return html`<tbody ref=${body}>${near ? children() : html`<tr class="far" aria-hidden="true" style=${{ height: `${tall.current}px` }}></tr>`}</tbody>`;
}

/** @param {{heads: any, items: any[], row: (item: any) => any, kind?: string}} props */
export function Table({ heads, items, row, kind = "" }) {
  const parts = [];
  for (let from = 0; from < items.length; from += TOGETHER) parts.push(items.slice(from, from + TOGETHER));
  return html`<div class="scroll"><table class=${`list rows ${kind}`}><thead><tr>${heads}</tr></thead>
    ${parts.map((part, n) => html`<${Near} key=${n} height=${part.length * ROW} seen=${n === 0}>${() => part.map(row)}</${Near}>`)}</table></div>`;
}

/**
 * The newest rows of a list of the server, kept up to date, and older ones on wish.
 * @param {{path: string, concerns: import("../core/store.js").Concerns, what: string, heads: any, row: (item: any) => any, children: any, kind?: string}} props
 */
export function List({ path, concerns, what, heads, row, children, kind }) {
  const of = `${path}${path.includes("?") ? "&" : "?"}limit=${LIMIT}`;
  const newest = useData(of, concerns);
  const [pages, setPages] = useState(1);
  const kept = useRef([]);
  const [older, busy] = useOnce(async () => {
    const { items } = await get(`${of}&before=${kept.current.at(-1).id}`);
    kept.current = [...kept.current, ...items];
    setPages(pages + 1);
  });
  return html`<${Read} from=${newest} what=${what}>${({ items }) => {
    if (items.length === 0) return children;
    const last = items.at(-1).id;
    if (items.length === LIMIT) items = [...items, ...kept.current.filter(({ id }) => id < last)].slice(0, LIMIT * pages);
    kept.current = items;
    return html`<${Table} heads=${heads} items=${items} row=${row} kind=${kind} />
      ${items.length === LIMIT * pages && html`<p class="more"><button disabled=${busy} onClick=${older} data-test="older">Older ${what}</button></p>`}`;
  }}</${Read}>`;
}
