// Which step ran when, as bars on one time line.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { between, length } from "../core/time.js";
import { said } from "../core/words.js";
import { Badge, Time } from "./basic.js";

const [WIDTH, HEIGHT] = [600, 14];

export function Gantt({ steps, states, from, to }) {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  const whole = Math.max(1, end - begin);
  const x = (at) => ((Date.parse(at) - begin) / whole) * WIDTH;
  return html`<table class="gantt"><colgroup><col class="g-step" /><col class="g-state" /><col /><col class="g-took" /></colgroup><thead class="unseen"><tr><th>Step</th><th>Outcome</th><th>When</th><th>Took</th></tr></thead>
    <tbody>${steps.map((step) => {
      const state = states[step.id] ?? { status: "waiting" };
      return html`<tr key=${step.id}><th scope="row" class="mono">${step.id}</th><td><${Badge} of="step" status=${state.status} /></td>
        <td class="bars"><svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true"><line x1="0" x2=${WIDTH} y1=${HEIGHT - 1} y2=${HEIGHT - 1} />
          ${state.startedAt && html`<rect class=${`t-${said("step", state.status).tone}`} x=${x(state.startedAt)} y="2" width=${Math.max(2, x(state.endedAt ?? to) - x(state.startedAt))} height=${HEIGHT - 5} />`}</svg></td>
        <td class="num right">${state.startedAt ? html`<span title=${state.startedAt}>${between(state.startedAt, state.endedAt ?? to, end)}</span>` : html`<span class="dim">not run</span>`}</td></tr>`;
    })}</tbody><tfoot><tr><td></td><td class="g-state"></td><td><div class="ends dim"><span><${Time} at=${from} exactly /></span><span><${Time} at=${to} exactly /></span></div></td><td class="num right dim">${length(whole)}</td></tr></tfoot></table>`;
}
