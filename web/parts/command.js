// The command box: a sentence is read while it is typed, and answered below the box.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { post } from "../core/api.js";
import { useData } from "../core/store.js";
import { go, route, to } from "../core/router.js";
import { useSignal } from "../core/signal.js";
import { choices, wordAt } from "./completion.js";
import { Marked, Slots, marks } from "./reading.js";
import { Answer } from "./answer.js";
import { Glyph, sends, toastError } from "./basic.js";

const HISTORY = "commander.history";
const KEPT = 100;
const PAUSE = 90;

/** @returns {string[]} */
const history = () => {
  try {
    return JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
  } catch {
    return [];
  }
};

export function CommandBox() {
  const [text, setText] = useState("");
  const [reading, setReading] = useState(null);
  const [list, setList] = useState([]);
  const [picked, setPicked] = useState(-1);
  const [back, setBack] = useState(-1);
  const [busy, setBusy] = useState(false);
  const [focused, setFocused] = useState(false);
  const [asked, setAsked] = useState(null);
  const [thread, setThread] = useState(null);
  const services = useData("/api/services").data?.items ?? [];
  const input = useRef(null);
  const mirror = useRef(null);

  useEffect(() => {
    const key = (event) => {
      const typing = /** @type {Element} */ (event.target).matches("textarea, input:not([type=range], [type=checkbox], [type=radio])");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        input.current.focus();
      }
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, []);

  // Read a moment after the last key; an answer that comes too late is for a text that is gone.
  useEffect(() => {
    let current = true;
    if (!text.trim()) {
      setReading(null);
      setList([]);
      return undefined;
    }
    const timer = setTimeout(async () => {
      try {
        const found = await post("/api/commands/preview", { text });
        if (!current) return;
        setReading({ of: text, reading: found.reading });
        const caret = input.current.selectionStart ?? text.length;
        const next = await choices(text, caret, found.reading, services);
        if (current) {
          setList(next);
          setPicked(-1);
        }
      } catch {
        // Sending the sentence will say what is wrong.
      }
    }, PAUSE);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, services.length]);

  // Who goes elsewhere has read the answer.
  const where = useSignal(route).path.join("/");
  useEffect(() => close(), [where]);

  const write = (next) => {
    setText(next);
    setList([]);
    setPicked(-1);
    queueMicrotask(() => input.current.setSelectionRange(next.length, next.length));
  };
  const take = (n) => {
    const { start, end } = wordAt(text, input.current.selectionStart ?? text.length);
    write(`${text.slice(0, start)}${list[n].text} ${text.slice(end).trimStart()}`);
    input.current.focus();
  };
  const say = async (sentence) => {
    if (!sentence.trim() || busy) return;
    setBusy(true);
    setList([]);
    try {
      const answer = await post("/api/commands/parse", { text: sentence, threadId: thread }, { "idempotency-key": crypto.randomUUID() });
      localStorage.setItem(HISTORY, JSON.stringify([sentence, ...history().filter((s) => s !== sentence)].slice(0, KEPT)));
      setBack(-1);
      setText("");
      setThread(answer.outcome === "clarification" ? answer.threadId : null);
      if (answer.outcome === "plan" && answer.plans.length === 1) {
        setAsked(null);
        input.current.blur();
        go(to("plans", answer.plans[0].id));
      } else setAsked({ said: sentence, ...answer });
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const recall = (by) => {
    const all = history();
    const next = Math.max(-1, Math.min(all.length - 1, back + by));
    setBack(next);
    write(next < 0 ? "" : all[next]);
  };
  const close = () => {
    setAsked(null);
    setThread(null);
  };
  const keys = (event) => {
    const open = list.length > 0;
    const act = {
      ArrowDown: () => (open && (picked >= 0 || back < 0) ? setPicked((picked + 1) % list.length) : recall(-1)),
      ArrowUp: () => (open && picked >= 0 ? setPicked(picked - 1) : recall(1)),
      Tab: () => (open && !event.shiftKey ? take(Math.max(0, picked)) : null),
      Enter: () => (picked >= 0 ? take(picked) : void say(text)),
      Escape: () => (open ? setList([]) : asked ? close() : input.current.blur()),
    }[event.key];
    if (!act || (event.key === "Tab" && (!open || event.shiftKey))) return;
    event.preventDefault();
    act();
  };
  const scroll = () => mirror.current && (mirror.current.scrollLeft = input.current.scrollLeft);
  const of = reading?.of === text ? reading.reading : null;
  const prompt = asked?.question ? "Answer, or say something else" : innerWidth < 800 ? "Say what is to be done" : "Say what is to be done: deploy v1.2.0 of shop to staging and run the tests";

  return html`<search class="command">
    <form class=${`box ${busy ? "busy" : ""}`} onSubmit=${sends(() => say(text))}>
      <div class="field">
        <div class="mirror" ref=${mirror} aria-hidden="true">${of ? html`<${Marked} text=${text} marks=${marks(of)} />` : text}</div>
        <input ref=${input} value=${text} placeholder=${prompt} aria-label="Command" data-test="command" autocomplete="off" autocapitalize="off" spellcheck=${false} maxlength="2000"
          role="combobox" aria-expanded=${list.length > 0} aria-controls="choices" aria-autocomplete="list" aria-activedescendant=${picked >= 0 ? `choice-${picked}` : undefined}
          onInput=${(e) => { setText(e.target.value); setBack(-1); }} onKeyDown=${keys} onScroll=${scroll} onKeyUp=${scroll}
          onFocus=${() => setFocused(true)} onBlur=${() => { setFocused(false); setTimeout(() => setList([]), 150); }} />
      </div>
      ${!text && !focused && html`<kbd aria-hidden="true">/</kbd>`}
      <button type="submit" class="primary" disabled=${busy || !text.trim()} data-test="say">${busy ? "…" : "Plan"}</button>
    </form>
    <div class="below">
    ${of && text.trim() && html`<${Live} reading=${of} />`}
    ${list.length > 0 && focused && html`<ul class="choices" id="choices" role="listbox" aria-label="Completions">${list.map((choice, n) => html`<li key=${n} id=${`choice-${n}`} role="option" aria-selected=${n === picked}
      onMouseDown=${(e) => { e.preventDefault(); take(n); }}><span class="mono">${choice.text}</span><span class="kind">${choice.kind}</span><span class="more">${choice.more}</span></li>`)}</ul>`}
    ${asked && html`<${Answer} asked=${asked} close=${close} say=${say} busy=${busy} />`}
    </div>
  </search>`;
}

/** What will come of it, in one line. */
function Live({ reading }) {
  const { outcome, question, warnings, unconsumed, answer } = reading;
  const sign = { plan: ["check", "good"], clarification: ["diamond", "warn"], answer: ["dot", "busy"], unsupported: ["slash", "quiet"] }[outcome];
  const text = { plan: "Makes a plan. Nothing runs before somebody approves it.", clarification: question?.text, answer: "Answered at once; nothing is changed.", unsupported: answer ?? question?.text ?? "This is nothing that Commander does." }[outcome];
  return html`<div class="live" role="status" data-outcome=${outcome}>
    <${Slots} intent=${reading.intent} />
    <p><${Glyph} shape=${sign[0]} tone=${sign[1]} />${text}</p>
    ${warnings.map((w) => html`<p class="t-warn"><${Glyph} shape="diamond" tone="warn" />${w.text}</p>`)}
    ${unconsumed.length > 0 && html`<p class="t-warn"><${Glyph} shape="diamond" tone="warn" />Not used: ${unconsumed.map((u) => html`<q>${u.text}</q> `)}</p>`}
  </div>`;
}
