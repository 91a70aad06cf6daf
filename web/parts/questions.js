// What an execution asks in its middle: the first answer counts, and none in time means no.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { post } from "../core/api.js";
import { state as session } from "../core/session.js";
import { useSignal } from "../core/signal.js";
import { Digest, Glyph, Time, fact, toast, useOnce } from "./basic.js";

export function Questions({ execution, states }) {
  const asking = Object.entries(states).filter(([, state]) => state.status === "asking" && state.asking);
  return html`${asking.map(([step, state]) => html`<${Question} key=${step} execution=${execution} step=${step} asking=${state.asking} />`)}`;
}

function Question({ execution, step, asking }) {
  const { mayChange, person } = useSignal(session);
  const { question, choices, answerers, imageId, results } = asking.shown;
  const asked = answerers.length === 0 || answerers.includes(person);
  return html`<div class="outcome t-warn-edge question" role="group" aria-label=${`Question of ${step}`} data-test="asking">
    <p class="lead"><${Glyph} shape="pause" tone="warn" />${question}</p>
    <dl class="facts tight">${imageId && html`${fact("Would go live", html`<${Digest} of=${imageId} what="image" />`)}`}
      ${Object.entries(results).map(([name, text]) => html`<div><dt class="mono">${name}</dt><dd>${text}</dd></div>`)}</dl>
    <p class="dim">Asked: ${answerers.join(", ") || "whoever may approve"}. Without an answer <${Time} at=${asking.until} /> it is a no.</p>
    <div class="acts">${choices.map((choice) => html`<${Choice} key=${choice} choice=${choice} allowed=${mayChange && asked}
      send=${() => post(`/api/executions/${execution.id}/answer`, { step, choice, comment: null, shown: asking.digest })} />`)}</div></div>`;
}

/** @param {{choice: string, allowed: boolean, send: () => Promise<unknown>}} props */
function Choice({ choice, allowed, send }) {
  const [answer, busy] = useOnce(async () => {
    await send();
    toast(`Answered: ${choice}.`);
  });
  return html`<button disabled=${!allowed || busy} onClick=${answer}>${choice}</button>`;
}
