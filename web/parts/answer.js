// What came of a sentence: a question with its choices, several plans, a table of what runs, or a log.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { to } from "../core/router.js";
import { headline } from "../core/words.js";
import { Badge, Glyph, Time } from "./basic.js";
import { LogPane } from "./logpane.js";
import { Slots } from "./reading.js";

/** @param {{asked: any, close: () => void, say: (text: string) => void, busy: boolean}} props */
export function Answer({ asked, close, say, busy }) {
  return html`<section class="answer" aria-label="Answer" data-test="answer" data-outcome=${asked.outcome}>
    <header><q>${asked.said}</q><button class="quiet" aria-label="Close the answer" onClick=${close}>✕</button></header>
    ${asked.outcome === "clarification" && html`<${Question} asked=${asked} say=${say} busy=${busy} />`}
    ${asked.outcome === "plan" && html`<${Plans} plans=${asked.plans} close=${close} />`}
    ${asked.outcome === "answer" && html`<${Live} answer=${asked.answer} close=${close} />`}
    ${asked.outcome === "unsupported" && html`<p class="lead"><${Glyph} shape="slash" tone="quiet" />${asked.answer?.text ?? asked.question?.text ?? "This is nothing that Commander does."}</p>`}
    ${asked.warnings.map((w) => html`<p class="t-warn"><${Glyph} shape="diamond" tone="warn" />${w.text}</p>`)}
  </section>`;
}

/** @param {{asked: any, say: (text: string) => void, busy: boolean}} props */
function Question({ asked, say, busy }) {
  const { text, choices } = asked.question ?? { text: "Say it in other words.", choices: [] };
  return html`<${Slots} intent=${asked.intent} /><p class="lead">${text}</p>
    ${choices.length > 0 && html`<div class="choose" role="group" aria-label="Choices">${choices.map((choice) => html`<button disabled=${busy} onClick=${() => say(choice)}>${choice}</button>`)}</div>`}`;
}

/** @param {{plans: any[], close: () => void}} props */
const Plans = ({ plans, close }) => html`<ul class="plain">${plans.map((plan) => html`<li key=${plan.id}><a href=${to("plans", plan.id)} onClick=${close}>${headline(plan)}</a> <${Badge} of="plan" status=${plan.status} /></li>`)}</ul>`;

/** @param {{answer: any, close: () => void}} props */
function Live({ answer, close }) {
  return html`<p class="lead">${answer.text}</p>
    ${answer.places.length > 0 && html`<div class="scroll"><table class="list"><thead><tr><th>Service</th><th>Environment</th><th>Version</th><th>Quality</th><th>Container</th><th>Since</th><th>Address</th></tr></thead>
      <tbody>${answer.places.map((place) => html`<tr><td>${place.service}</td><td>${place.environment}</td>${place.live
        ? html`<td class="mono"><a href=${to("releases", place.live.id)} onClick=${close}>${place.live.version}</a></td><td><${Badge} of="quality" status=${place.live.quality} /></td><td>${place.live.container ? html`<${Badge} of="container" status=${place.live.container.state} />` : html`<span class="dim">not seen yet</span>`}</td><td><${Time} at=${place.live.since} /></td><td class="mono">${place.live.publish.address}:${place.live.publish.port}</td>`
        : html`<td colspan="5" class="dim">nothing runs here</td>`}</tr>`)}</tbody></table></div>`}
    ${answer.logsOf && html`<${LogPane} path=${`/api/releases/${answer.logsOf}/logs?tail=500`} name=${`release-${answer.logsOf}`} />`}`;
}
