// The steps of a plan in layers: what must be done before stands to the left.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { said } from "../core/words.js";
import { length } from "../core/time.js";
import { useNow } from "./basic.js";

const [HEIGHT, GAP_Y] = [46, 14];
/** Width of a step and of the gap behind it: with its state beside it, or as it is planned. */
const LIVE = [124, 30];
const PLANNED = [99, 12];

/** The longest way from a beginning to each step is its layer. @param {any[]} steps @param {[string, string][]} edges @param {number[]} [sizes] */
export function layers(steps, edges, [width, gap] = LIVE) {
  /** @type {Map<string, number>} */
  const layer = new Map(steps.map((step) => [step.id, 0]));
  // As many rounds as there are steps settle every graph without a circle, and end in one with it.
  for (let round = 0; round < steps.length; round++) {
    for (const [before, after] of edges) layer.set(after, Math.max(layer.get(after), Math.min(layer.get(before) + 1, steps.length)));
  }
  const columns = /** @type {string[][]} */ ([]);
  for (const [id, n] of layer) (columns[n] ??= []).push(id);
  const filled = columns.filter(Boolean);
  const most = Math.max(1, ...filled.map((column) => column.length));
  const height = most * (HEIGHT + GAP_Y) - GAP_Y;
  const at = new Map();
  filled.forEach((column, n) => {
    const tall = column.length * (HEIGHT + GAP_Y) - GAP_Y;
    column.sort().forEach((id, row) => at.set(id, { x: n * (width + gap), y: (height - tall) / 2 + row * (HEIGHT + GAP_Y) }));
  });
  return { at, width: filled.length * (width + gap) - gap, height, order: filled.flat() };
}

/** The steps in an order in which each stands behind what it waits for. */
export function inOrder(body) {
  const { order } = layers(body.steps, body.edges);
  return order.map((id) => body.steps.find((step) => step.id === id));
}

/** @param {{body: any, states?: Record<string, any>, chosen?: string, choose?: (id: string) => void}} props */
export function Graph({ body, states, chosen, choose }) {
  const sizes = states ? LIVE : PLANNED;
  const { at, width, height } = layers(body.steps, body.edges, sizes);
  return html`<div class="graph-scroll"><div class="graph" role="group" aria-label="Steps, in their order">
    <svg width=${width + 8} height=${height + 8} viewBox=${`-4 -4 ${width + 8} ${height + 8}`}>
      <g aria-hidden="true">${body.edges.map((/** @type {[string, string]} */ [before, after]) => {
        const [from, to] = [at.get(before), at.get(after)];
        const [x1, y1, x2, y2] = [from.x + sizes[0], from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
        const bend = (x2 - x1) / 2;
        const done = states?.[before]?.status === "done";
        return html`<path class=${`edge ${done ? "done" : ""}`} d=${`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 4} ${y2}`} /><path class=${`tip ${done ? "done" : ""}`} d=${`M${x2} ${y2}l-6 -3.5v7z`} />`;
      })}</g>
      ${inOrder(body).map((step) => html`<${Node} key=${step.id} step=${step} at=${at.get(step.id)} state=${states?.[step.id]} live=${states !== undefined} width=${sizes[0]} chosen=${chosen === step.id} choose=${choose} />`)}
    </svg></div></div>`;
}

/** @param {{step: any, at: {x: number, y: number}, state: any, live: boolean, width: number, chosen: boolean, choose?: (id: string) => void}} props */
function Node({ step, at, state, live, width, chosen, choose }) {
  const { word, tone, shape } = said("step", state?.status ?? "waiting");
  const press = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose?.(step.id);
  };
  return html`<g class=${`node ${live ? `t-${tone} s-${state?.status ?? "waiting"}` : "planned"} ${chosen ? "chosen" : ""}`} transform=${`translate(${at.x} ${at.y})`}
      role="button" tabindex="0" aria-pressed=${chosen} data-test=${`step-${step.id}`}
      onClick=${() => choose?.(step.id)} onKeyDown=${press}>
    <rect class="box" width=${width} height=${HEIGHT} rx="3" />
    ${live && html`<g role="img" aria-label=${word} transform="translate(10 9) scale(.78)"><${Shape} shape=${shape} /></g>`}
    <text class="name" x=${live ? 28 : 8} y="20">${step.id.length > (live ? 13 : 12) ? `${step.id.slice(0, live ? 12 : 11)}…` : step.id}</text>
    <text class="under" x=${live ? 28 : 8} y="36">${live ? html`<${Took} state=${state} />` : kind(step)}</text>
  </g>`;
}

function Shape({ shape }) {
  const simple = { check: "M3 8l3.5 4L13 4", cross: "M3 3l10 10M13 3L3 13", run: "M4 2.5v11L13 8z", back: "M7 3L3 7l4 4M3 7h7a3.5 3.5 0 0 1 0 7H7", stop: "M3 8h10", wait: "M8 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z" };
  return html`<path class=${`sign g-${shape}`} d=${simple[shape] ?? simple.wait} />`;
}

function Took({ state }) {
  const now = useNow();
  if (!state?.startedAt) return "waits";
  const ended = state.endedAt ? Date.parse(state.endedAt) : now;
  return length(ended - Date.parse(state.startedAt));
}

function kind(step) {
  const kinds = { fetch_source: "fetch", build_image: "docker build", require_image: "look", run_test: "test", confirm: "asks a person", create_container: "create", switch: "stop, start", health_gate: "until well", smoke_test: "live test", verify_running: "inspect", restart_container: "restart", run_script: "script" };
  return kinds[step.action.kind] ?? step.action.kind;
}
