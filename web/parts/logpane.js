// Output, line by line: follows, searches, wraps, downloads. Only the lines in sight are in the
// document, so that a hundred thousand of them are no more work than forty.
import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { readEvents } from "../core/stream.js";
import { exact } from "../core/time.js";
import { counted } from "../core/words.js";
import { pieces, plain } from "./ansi.js";
import { Glyph } from "./basic.js";

/** @typedef {{n: number, at: string, step?: string, stream: string, text: string}} Line */

const LINE = 20;
const SPARE = 12;
/** More are not kept in a browser; the oldest go, and it is said. */
const MOST = 200_000;

/** A stream of lines, resumed behind the last one that was seen. @param {string} path */
export function useLines(path) {
  const kept = useRef(/** @type {{lines: Line[], dropped: number}} */ ({ lines: [], dropped: 0 }));
  const [seen, setSeen] = useState({ count: 0, state: "connecting", why: "" });
  useEffect(() => {
    kept.current = { lines: [], dropped: 0 };
    const ending = new AbortController();
    let lastId = "";
    let drawn = 0;
    let state = "connecting";
    let why = "";
    const draw = () => {
      drawn ||= requestAnimationFrame(() => {
        drawn = 0;
        setSeen({ count: kept.current.lines.length + kept.current.dropped, state, why });
      });
    };
    const run = async () => {
      for (let wait = 500; !ending.signal.aborted; wait = Math.min(wait * 2, 10_000)) {
        try {
          const headers = lastId ? { "last-event-id": lastId } : {};
          await readEvents(path, headers, {
            open() { state = "open"; why = ""; wait = 500; draw(); },
            event({ name, id, data }) {
              if (id) lastId = id;
              if (name === "line") add(kept.current, JSON.parse(data));
              if (name === "end") state = "ended";
              if (name === "problem") why = JSON.parse(data).detail;
              draw();
            },
          }, ending.signal);
        } catch (error) {
          if (ending.signal.aborted) return;
          why = error.message;
          if (error.status >= 400 && error.status < 500) state = "ended";
        }
        if (state === "ended") return draw();
        state = "lost";
        draw();
        await new Promise((done) => setTimeout(done, wait));
      }
    };
    void run();
    return () => {
      ending.abort();
      cancelAnimationFrame(drawn);
    };
  }, [path]);
  return { ...seen, lines: kept.current.lines, dropped: kept.current.dropped };
}

/** @param {{lines: Line[], dropped: number}} kept @param {Line} line */
function add(kept, line) {
  kept.lines.push(line);
  if (kept.lines.length > MOST) {
    kept.lines.splice(0, MOST / 10);
    kept.dropped += MOST / 10;
  }
}

export function LogPane({ path, name, step }) {
  const { lines, dropped, state, why, count } = useLines(path);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(innerWidth < 800);
  const [query, setQuery] = useState("");
  const [hit, setHit] = useState(0);
  const [view, setView] = useState({ top: 0, height: 400 });
  const pane = useRef(null);

  const shown = useMemo(() => (step ? lines.filter((l) => l.step === step) : lines), [lines, count, step]);
  const hits = useMemo(() => find(shown, query), [shown, query, count]);
  const at = hits.length ? hits[Math.min(hit, hits.length - 1)] : -1;

  useEffect(() => {
    const resize = new ResizeObserver(() => setView((v) => ({ ...v, height: pane.current.clientHeight })));
    resize.observe(pane.current);
    return () => resize.disconnect();
  }, []);
  useEffect(() => {
    if (follow) pane.current.scrollTop = pane.current.scrollHeight;
  }, [shown.length, count, follow, wrap]);
  useEffect(() => {
    if (at < 0) return;
    setFollow(false);
    if (wrap) pane.current.querySelector(`[data-n="${at}"]`)?.scrollIntoView({ block: "center" });
    else pane.current.scrollTop = at * LINE - pane.current.clientHeight / 2;
  }, [at, query]);

  const scrolled = () => {
    const { scrollTop, clientHeight, scrollHeight } = pane.current;
    setView({ top: scrollTop, height: clientHeight });
    if (scrollTop + clientHeight < scrollHeight - 4 * LINE) setFollow(false);
    else if (!query) setFollow(true);
  };
  // Wrapped lines have no common height: only the end of a long output is wrapped.
  const wrapFrom = wrap ? Math.max(0, shown.length - 2000) : 0;
  const first = wrap ? wrapFrom : Math.max(0, Math.floor(view.top / LINE) - SPARE);
  const last = wrap ? shown.length : Math.min(shown.length, Math.ceil((view.top + view.height) / LINE) + SPARE);
  const move = (by) => hits.length && setHit((Math.min(hit, hits.length - 1) + by + hits.length) % hits.length);

  return html`<section class="log" aria-label=${`Output of ${name}`}>
    <div class="bar">
      <input type="search" placeholder="Search the output" aria-label="Search the output" value=${query}
        onInput=${(e) => { setQuery(e.target.value); setHit(0); }}
        onKeyDown=${(e) => e.key === "Enter" && move(e.shiftKey ? -1 : 1)} />
      ${query && html`<span class="num dim" role="status">${hits.length ? `${Math.min(hit, hits.length - 1) + 1} of ${hits.length}` : "nothing"}</span>
        <button class="quiet" aria-label="Previous hit" onClick=${() => move(-1)}>↑</button><button class="quiet" aria-label="Next hit" onClick=${() => move(1)}>↓</button>`}
      <span class="grow"></span>
      <span class=${`link ${state}`}><${Glyph} shape=${state === "lost" ? "slash" : state === "ended" ? "stop" : "dot"} tone=${state === "open" ? "good" : state === "lost" ? "warn" : "quiet"} /><span>${word(state)} · ${counted(shown.length, "line")}</span></span>
      <label><input type="checkbox" checked=${follow} onChange=${(e) => setFollow(e.target.checked)} /> follow</label>
      <label><input type="checkbox" checked=${wrap} onChange=${(e) => setWrap(e.target.checked)} /> wrap</label>
      <button class="small" disabled=${!shown.length} onClick=${() => download(shown, name)}>Download</button>
    </div>
    ${why && html`<p class="note t-warn">${why}</p>`}
    ${dropped > 0 && html`<p class="note">The first ${dropped} lines are not kept here.</p>`}
    ${wrapFrom > 0 && html`<p class="note">Wrapped, only the last 2000 lines are shown.</p>`}
    <div class=${`lines ${wrap ? "wrap" : ""}`} ref=${pane} onScroll=${scrolled} tabindex="0" role="log" aria-live="off" aria-label=${`${name}: lines`}>
      ${shown.length === 0 ? html`<p class="none">${state === "ended" ? "There is no output." : "No output yet."}</p>`
        : html`<div class="roll" style=${{ paddingTop: wrap ? "0" : `${first * LINE}px`, paddingBottom: wrap ? "0" : `${(shown.length - last) * LINE}px` }}>
          ${shown.slice(first, last).map((line, i) => html`<${Row} key=${first + i} line=${line} n=${first + i} hit=${at === first + i} withStep=${!step && line.step !== undefined} />`)}</div>`}
    </div>
  </section>`;
}

/** @param {{line: Line, n: number, hit: boolean, withStep: boolean}} props */
const Row = ({ line, n, hit, withStep }) => html`<div class=${`row ${hit ? "hit" : ""} ${line.stream === "stderr" ? "err" : ""}`} data-n=${n}>
  <time title=${line.at}>${exact(line.at).slice(-8)}</time>${withStep && html`<span class="step">${line.step}</span>`}<span class="text">${pieces(line.text).map((p) => (p.kind ? html`<span class=${p.kind}>${p.text}</span>` : p.text))}</span></div>`;

/** @param {string} state */
const word = (state) => ({ connecting: "connecting", open: "live", lost: "lost, trying again", ended: "ended" })[state];

/** @param {Line[]} lines @param {string} query */
function find(lines, query) {
  if (!query) return [];
  const wanted = query.toLowerCase();
  /** @type {number[]} */
  const hits = [];
  lines.forEach((line, n) => plain(line.text).toLowerCase().includes(wanted) && hits.push(n));
  return hits;
}

/** @param {Line[]} lines @param {string} name */
function download(lines, name) {
  const text = lines.map((l) => [l.at, l.step, l.stream, plain(l.text)].filter(Boolean).join("\t")).join("\n");
  save(`${name}.log`, text, "text/plain");
}

/** @param {string} file @param {string} text @param {string} type */
export function save(file, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = file.replace(/[^\w.-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
