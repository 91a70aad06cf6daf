// Time travel: an execution at an event of its past, beside another one, and run again.
import { html, useState } from "../vendor/preact-htm-3.1.1.js";
import { post } from "../core/api.js";
import { go, placed, to } from "../core/router.js";
import { useData } from "../core/store.js";
import { exact } from "../core/time.js";
import { deed } from "../core/words.js";
import { Read, useOnce } from "./basic.js";

/** Which event is looked at; 0 is now. Arrow keys go from one to the next. @param {{id: string, at: number, choose: (at: number) => void}} props */
export function Past({ id, at, choose }) {
  const { data, error } = useData(`/api/executions/${id}/journal`, (topic, of) => topic === "journal" && of === id);
  const all = data?.items ?? [];
  const moment = all[at - 1];
  if (!all.length) return error ? html`<p class="dim">${error.message}</p>` : null;
  return html`<div class="past" data-test="past"><input type="range" min="1" max=${all.length} value=${at || all.length} aria-label="Event" aria-valuetext=${moment?.words ?? "now"} onInput=${(e) => choose(+e.target.value)} />
    <p aria-live="polite">${moment ? html`<b>As it was after event ${at} of ${all.length}</b>, ${exact(moment.at)}: ${moment.words} <button class="small" onClick=${() => choose(0)}>Now</button>` : "Now. Slide back through its events."}</p></div>`;
}

/** Leads to a new plan, which needs its own approval. */
export function Again({ id, step, disabled }) {
  const [again, busy] = useOnce(async () => go(to("plans", (await post(`/api/executions/${id}/rerun`, { fromStep: step })).id)));
  return html`<p><button disabled=${disabled || busy} onClick=${again} data-test="again">Plan to run again from ${step}</button></p>`;
}

/** Beside an earlier one of the same place. */
export function Compare({ execution }) {
  const [other, setOther] = useState("");
  /** @type {any[]} */
  const all = useData(`/api/executions?${placed(execution.place)}&limit=200`).data?.items ?? [];
  const earlier = all.filter((e) => e.createdAt < execution.createdAt);
  const compared = useData(other && `/api/executions/${other}/comparison?with=${execution.id}`);
  return earlier.length > 0 && html`<section><label>Compare with <select onChange=${(e) => setOther(e.target.value)} data-test="compare"><option value="">…</option>${earlier.map((e) => html`<option value=${e.id}>${deed(e)}, ${e.status}, ${exact(e.createdAt)}</option>`)}</select></label>
    ${other && html`<${Read} from=${compared} what="comparison">${({ whole, steps }) => {
      const all = [{ step: "", values: whole }, ...steps].flatMap(({ step, values }) => values.map((v) => ({ step, ...v })));
      const [same, differing] = [all.filter((v) => !v.differs), all.filter((v) => v.differs)];
      return html`<${Values} all=${differing} /><details><summary>${same.length} the same</summary><${Values} all=${same} /></details>`;
    }}</${Read}>`}</section>`;
}

const Values = ({ all }) => html`<div class="scroll"><table class="diff"><thead><tr><th>Step</th><th>What</th><th>Earlier</th><th>This one</th></tr></thead><tbody>${all.map((v, n) => html`<tr><td>${v.step !== all[n - 1]?.step && v.step}</td><td>${v.what}</td>${[v.first, v.second].map((text) => html`<td title=${text}>${text?.replace(/^(?:sha256:)?([0-9a-f]{12})[0-9a-f]{28,}$/, "$1")}</td>`)}</tr>`)}</tbody></table></div>`;
