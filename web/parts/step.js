// One step: what it does, and behind it the exact call.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { described } from "../core/steps.js";
import { length } from "../core/time.js";
import { Badge, Copy, Pairs, Time } from "./basic.js";

export function Step({ step, body, state, open, toggle }) {
  const { what, call, details } = described(step, body);
  return html`<li class=${`step ${open ? "open" : ""}`} data-test=${`call-${step.id}`}>
    <button class="line" aria-expanded=${open} onClick=${toggle}><span class="id mono">${step.id}</span><span class="what">${what}</span>${state ? html`<${Badge} of="step" status=${state.status} />` : html`<span class="dim num">at most ${length(step.timeoutSeconds * 1000)}</span>`}</button>
    ${open && html`<div class="inside">
      ${state?.fault && html`<p class="t-bad">${state.fault.message}</p>`}
      ${state?.skipped && html`<p class="dim">Skipped: ${state.skipped}</p>`}
      ${state?.failedTries > 0 && html`<p class="dim">Tries that failed: ${state.failedTries}${state.retryAt && html`; the next one <${Time} at=${state.retryAt} />`}</p>`}
      ${state?.output && html`<p>${state.output.summary}</p>`}
      ${call && html`<pre class="call"><code>${call}</code><${Copy} text=${call} label="call" /></pre>`}
      ${details.length > 0 && html`<${Pairs} of=${details} />`}
      ${state?.startedAt && html`<p class="dim">started <${Time} at=${state.startedAt} exactly />${state.endedAt && html`, ended <${Time} at=${state.endedAt} exactly />`}</p>`}
    </div>`}</li>`;
}
