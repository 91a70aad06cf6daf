// Exactly what the digest of a plan covers, by name and as it is stored.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { described } from "../core/steps.js";
import { configurationLines } from "../core/words.js";
import { Pairs } from "./basic.js";
import { inOrder } from "./graph.js";

export function Covered({ plan }) {
  const { body } = plan;
  /** @type {[string, string][]} */
  const pins = Object.entries(body.pins).flatMap(([name, value]) => (value && typeof value === "object" ? Object.entries(value).map(([inner, text]) => [`${name} ${inner}`, text]) : value ? [[name, value]] : []));
  return html`<div class="covered"><p class="dim">The digest <span class="mono">${plan.digest.replace("sha256:", "").slice(0, 12)}</span> covers this and nothing else; if any of it moves before the start, the plan is stopped and asked for anew.</p>
    <div class="covered-in">
      <h3>Pins</h3><${Pairs} of=${pins} />
      <h3>Steps</h3><ol class="mono calls">${inOrder(body).map((step) => html`<li><b>${step.id}</b> ${described(step, body).call}</li>`)}</ol>
      ${body.configuration && html`<h3>Configuration</h3><${Pairs} of=${configurationLines(body.configuration)} />`}
      <h3>If it turns out bad</h3><p>${{ roll_back: `roll back once to commit ${body.onDegraded.to?.commit}, image ${body.onDegraded.to?.imageId}`, call_person: "a person is called", not_watched: "it is not watched" }[body.onDegraded.act]}</p>
      <details><summary>As it is stored</summary><pre>${JSON.stringify(body, null, 2)}</pre></details>
    </div></div>`;
}
