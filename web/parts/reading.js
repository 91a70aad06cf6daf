// What a sentence was understood as: marks in the text, and the parts by name.
import { html } from "../vendor/preact-htm-3.1.1.js";

/** @typedef {{start: number, end: number, kind: string, title: string}} Mark */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The spans that the server speaks of count bytes; characters are what can be marked. @param {string} text */
function slicer(text) {
  const bytes = encoder.encode(text);
  return (from, to) => decoder.decode(bytes.subarray(from, to));
}

/** @param {any} reading @returns {Mark[]} */
export function marks(reading) {
  /** @type {Mark[]} */
  const found = [];
  const put = (span, kind, title) => span && found.push({ ...span, kind, title });
  for (const { name, slot, text } of slots(reading.intent)) put(slot.span, name, `${name}: ${text}`);
  for (const { span } of reading.unconsumed ?? []) put(span, "unused", "not understood: this is not part of the plan");
  for (const { span, text } of reading.warnings ?? []) put(span, "warned", text);
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  // Marks do not overlap: the first one that begins keeps its words.
  return found.filter((mark, n) => n === 0 || found.slice(0, n).every((before) => before.end <= mark.start));
}

/** The text with its marks. @param {{text: string, marks: Mark[]}} props */
export function Marked({ text, marks }) {
  const slice = slicer(text);
  /** @type {any[]} */
  const parts = [];
  let from = 0;
  for (const mark of marks) {
    parts.push(slice(from, mark.start), html`<mark class=${`m-${mark.kind}`} title=${mark.title}>${slice(mark.start, mark.end)}</mark>`);
    from = mark.end;
  }
  parts.push(slice(from, encoder.encode(text).length));
  return html`${parts}`;
}

/** @param {any} intent @returns {{name: string, slot: any, text: string}[]} */
export function slots(intent) {
  if (!intent) return [];
  const all = [];
  if (intent.action) all.push({ name: "action", slot: intent.action, text: intent.action.value });
  if (intent.service) all.push({ name: "service", slot: intent.service, text: intent.service.value });
  if (intent.version) all.push({ name: "version", slot: intent.version, text: version(intent.version.value) });
  for (const slot of intent.environments ?? []) all.push({ name: "environment", slot, text: slot.value });
  for (const slot of intent.postSteps ?? []) all.push({ name: "with", slot, text: postStep(slot.value) });
  return all;
}

function version(wish) {
  if (wish.kind === "previous") return "the last known good";
  if (wish.kind === "running_in") return `what runs in ${wish.value}`;
  if (wish.kind === "unclear") return `unclear: ${wish.value}`;
  return wish.value;
}

const postStep = (step) => ({ run_tests: "all image tests", smoke_tests: "all live tests", health_check: "the health gate" })[step.kind] ?? step.name;

export const Slots = ({ intent }) => html`<dl class="slots">${slots(intent).map(({ name, slot, text }) => html`<div class=${`m-${name}`}><dt>${name}</dt><dd>${text}${source(slot)}</dd></div>`)}</dl>`;

function source(slot) {
  if (slot.source === "only_service") return html` <span class="dim">the only one</span>`;
  if (slot.source === "thread") return html` <span class="dim">said before</span>`;
  return null;
}
