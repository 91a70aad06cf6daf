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
 * The newest rows of a list of the server and older ones on wish, all kept up to date.
 * @param {{path: string, concerns: import("../core/store.js").Concerns, what: string, heads: any, row: (item: any) => any, children: any, kind?: string}} props
 */
export function List({ path, concerns, what, heads, row, children, kind }) {
  const of = `${path}${path.includes("?") ? "&" : "?"}limit=${LIMIT}`;
  const pages = useRef(1);
  const behind = async (items) => (await get(items.length ? `${of}&before=${items.at(-1).id}` : of)).items;
  // Every page that is shown is read anew: what is old changes, too, and between pages there is no gap.
  const list = useData(of, concerns, async () => {
    const items = [];
    for (let n = 0; n < pages.current && items.length === n * LIMIT; n++) items.push(...await behind(items));
    return { items };
  });
  const [older, busy] = useOnce(async () => {
    const { items } = list.data;
    // A reading that is under way reads it, too.
    pages.current += 1;
    try {
      items.push(...await behind(items));
    } catch (error) {
      pages.current -= 1;
      throw error;
    }
  });
  return html`<${Read} from=${list} what=${what}>${({ items }) => items.length === 0 ? children : html`<${Table} heads=${heads} items=${items} row=${row} kind=${kind} />
    ${(busy || items.length >= LIMIT * pages.current) && html`<p class="more"><button disabled=${busy} onClick=${older} data-test="older">Older ${what}</button></p>`}`}</${Read}>`;
}
