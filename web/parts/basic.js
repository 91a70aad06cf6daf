// Small things that every view is made of.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { signal, useSignal } from "../core/signal.js";
import { ago, exact, full } from "../core/time.js";
import { commit, isBlocked, said, short } from "../core/words.js";

/** The current second, for times that go on. */
const second = signal(Date.now());
setInterval(() => document.hidden || second.set(Date.now()), 1000);
document.addEventListener("visibilitychange", () => second.set(Date.now()));

export const useNow = () => useSignal(second);

/** @param {{at: string | null | undefined, exactly?: boolean}} props */
export function Time({ at, exactly }) {
  return at ? html`<${Known} at=${at} exactly=${exactly} />` : html`<span class="dim">–</span>`;
}

function Known({ at, exactly }) {
  const now = useNow();
  return html`<time datetime=${at} title=${full(at)}>${exactly ? exact(at) : ago(Date.parse(at), now)}</time>`;
}

const SHAPES = {
  check: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.2-4.3 5-.6.1-2.5-2.3.9-1 1.9 1.7 3.5-4.2Z",
  cross: "M1.5 1.5h13v13h-13ZM5 4 4 5l3 3-3 3 1 1 3-3 3 3 1-1-3-3 3-3-1-1-3 3Z",
  stop: "M5 1h6l4 4v6l-4 4H5l-4-4V5Zm-1 6v2h8V7Z",
  diamond: "M8 .8 15.2 8 8 15.2.8 8Zm0 2.8L3.6 8 8 12.4 12.4 8Z",
  ring: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2.2a4.8 4.8 0 1 1 0 9.6Z",
  run: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM6 4.5 11.5 8 6 11.5Z",
  wait: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2a5 5 0 1 1 0 10A5 5 0 0 1 8 3Z",
  pause: "M2 2h12v12H2Zm3 3v6h2V5Zm4 0v6h2V5Z",
  slash: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2a5 5 0 0 1 3 1L4 11a5 5 0 0 1 4-8Zm4 2a5 5 0 0 1-7 7Z",
  back: "M7 2 1.5 7 7 12V9h3a2.5 2.5 0 0 1 0 5H6v1.8h4a4.4 4.4 0 0 0 0-8.7H7Z",
  dot: "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z",
};

/** A shape beside a word: colour is never the only sign. */
export const Glyph = ({ shape, tone }) =>
  html`<svg class=${`glyph ${tone ? `t-${tone}` : ""} g-${shape}`} viewBox="0 0 16 16" aria-hidden="true"><path fill-rule="evenodd" d=${SHAPES[shape] ?? SHAPES.dot} /></svg>`;

export function Badge({ of, status, word }) {
  const { tone, shape, word: usual } = said(of, status);
  return html`<span class=${`badge t-${tone}`} data-status=${status}><${Glyph} shape=${shape} />${word ?? usual}</span>`;
}

export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  const copy = async (event) => {
    event.preventDefault();
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      toast("The browser does not let this page copy; select the text instead.", "warn");
    }
  };
  return html`<button type="button" class="copy" onClick=${copy} aria-label=${`Copy ${label}`} title=${`Copy ${label}`}><svg viewBox="0 0 16 16" aria-hidden="true"><path d=${done ? "M3 8.5l3.5 3.5L13 4.5" : "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z"} /></svg></button>`;
}

/** A plan's, or that a procedure forbids it. */
export const PlanBadge = ({ plan, word = undefined }) => isBlocked(plan) ? html`<${Badge} of="severity" status="high" word="blocked" />` : html`<${Badge} of="plan" status=${plan.status} word=${word} />`;

/** The first digits, the whole on hover and in the clipboard. @param {{of: string | null | undefined, what: string}} props */
export const Digest = ({ of, what }) =>
  of ? html`<span class="chip mono"><span title=${of}>${what === "commit" ? commit(of) : short(of)}</span><${Copy} text=${of} label=${what} /></span>` : html`<span class="dim">–</span>`;

const BEHIND = { pln: "plans", exe: "executions", rel: "releases", inc: "incidents" };

/** A text in which long ids are short, and lead to what they name. */
export function Ids({ text }) {
  return html`${String(text).split(/\b([a-z]{3}_[0-9a-f]{32})\b/).map((part, n) => {
    if (n % 2 === 0) return part;
    const kind = part.slice(0, 3);
    const short = `${kind}…${part.slice(-8)}`;
    return BEHIND[kind] ? html`<a class="mono" href=${`#/${BEHIND[kind]}/${part}`} title=${part}>${short}</a>` : html`<span class="mono" title=${part}>${short}</span>`;
  })}`;
}

/** A row of a list of facts. */
export const fact = (name, text) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`;

/** @param {{of: [string, any][]}} props */
export const Pairs = ({ of }) => html`<dl class="pairs mono">${of.map(([name, text]) => fact(name, text))}</dl>`;

// --- toasts ---

/** @type {ReturnType<typeof signal<{id: number, text: string, tone: string, more: string}[]>>} */
const toasts = signal([]);
let toastNumber = 0;

/** @param {string} text @param {string} [tone] @param {string} [more] */
export function toast(text, tone = "good", more = "") {
  const one = { id: ++toastNumber, text, tone, more };
  toasts.set([...toasts.get().slice(-3), one]);
  setTimeout(() => toasts.set(toasts.get().filter((t) => t !== one)), tone === "good" ? 5000 : 12000);
}

/** What went wrong with something that a person did. */
export const toastError = (error) => toast(error.message, "bad", error.correlationId ?? "");

export function Toasts() {
  const all = useSignal(toasts);
  return html`<div class="toasts" role="status" aria-live="polite">${all.map(
    (one) => html`<div key=${one.id} class=${`toast t-${one.tone}`}><${Glyph} shape=${one.tone === "good" ? "check" : one.tone === "bad" ? "cross" : "diamond"} tone=${one.tone} />
      <div>${one.text}<${Correlation} id=${one.more} /></div>
      <button type="button" class="quiet" aria-label="Close this message" onClick=${() => toasts.set(toasts.get().filter((t) => t !== one))}>✕</button></div>`,
  )}</div>`;
}

// --- states ---

export const Correlation = ({ id }) => id && html`<p class="correlation">correlation id <code>${id}</code> <${Copy} text=${id} label="correlation id" /></p>`;

export const Failed = ({ error, reload, what = "" }) => html`<div class="state bad" role="alert">
  <h2><${Glyph} shape="cross" tone="bad" /> ${title(error, what)}</h2>
  <p>${error.message}</p>
  <${Correlation} id=${error.correlationId} />
  ${reload && html`<p><button type="button" onClick=${reload}>Try again</button></p>`}
</div>`;

/** @param {any} error @param {string} what */
function title(error, what) {
  if (error.code === "unreachable") return "The server does not answer";
  if (error.status === 404) return "There is no such thing";
  if (error.status === 403) return "Not allowed";
  return `${what ? `The ${what}` : "This"} could not be read`;
}

export const Loading = ({ what = "" }) => html`<div class="state loading" role="status" aria-label=${`Loading ${what}`}><i></i><i></i><i></i></div>`;

export const Empty = ({ title, children }) => html`<div class="state empty"><h2>${title}</h2>${children}</div>`;

/**
 * What is read, all of it, or why it cannot be. Data that is there stays while the server is away.
 * @param {{from: any, what: string, children: (...data: any[]) => any}} props
 */
export function Read({ from, what, children }) {
  const all = [from].flat();
  const failed = all.find(({ data, error }) => error && (data === undefined || error.code !== "unreachable"));
  const is = failed ? html`<${Failed} ...${failed} what=${what} />` : all.every(({ data }) => data !== undefined) ? children(...all.map(({ data }) => data)) : html`<${Loading} what=${what} />`;
  // Preact may put what grows from one element to several behind what follows it.
  return html`<div class="as-one">${is}</div>`;
}

// --- dialog ---

export function Dialog({ title, close, children, wide }) {
  const dialog = useRef(null);
  useLayoutEffect(() => {
    dialog.current.showModal();
    return () => dialog.current?.close();
  }, []);
  return html`<dialog ref=${dialog} class=${wide ? "wide" : ""} aria-label=${title} onCancel=${(e) => { e.preventDefault(); close(); }}>
    <header><h2>${title}</h2><button type="button" class="quiet" aria-label="Close" onClick=${close}>✕</button></header>
    ${children}
  </dialog>`;
}

/** Does something once, however often it is pressed. @param {(...of: any[]) => Promise<unknown>} act @param {(error: any) => void} [failed] @returns {[(...of: any[]) => Promise<void>, boolean]} */
export function useOnce(act, failed = toastError) {
  const [busy, setBusy] = useState(false);
  const running = useRef(false);
  const run = async (...of) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    try {
      await act(...of);
    } catch (error) {
      failed(error);
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return [run, busy];
}

/** What a form does instead of being sent. @param {() => void} act */
export const sends = (act) => (event) => {
  event.preventDefault();
  act();
};

/** @param {string} title */
export function useTitle(title) {
  useEffect(() => {
    document.title = title ? `${title} · Commander` : "Commander";
  }, [title]);
}
