// What came of a sentence: a question with its choices, several plans, a table of what runs, or a log.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { to } from "../core/router.js";
import { headline, placeName } from "../core/words.js";
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

const Plans = ({ plans, close }) => html`<ul class="plain">${plans.map((plan) => html`<li key=${plan.id}><a href=${to("plans", plan.id)} onClick=${close}>${headline(plan)}</a> <${Badge} of="plan" status=${plan.status} /></li>`)}</ul>`;

function Live({ answer, close }) {
  return html`<p class="lead first">${answer.text}</p>
    ${answer.places.length > 0 && html`<div class="scroll"><table class="list rows"><thead><tr><th>Where</th><th>Version</th><th class="w-3">Quality</th><th class="w-3">Container</th><th class="w-3">Since</th><th class="w-4">Address</th></tr></thead>
      <tbody>${answer.places.map((place) => html`<tr><td class="k-what">${placeName(place)}</td>${place.live
        ? html`<td class="k-by mono"><a href=${to("releases", place.live.id)} onClick=${close}>${place.live.version}</a></td><td class="k-status"><${Badge} of="quality" status=${place.live.quality} /></td><td class="k-state">${place.live.container ? html`<${Badge} of="container" status=${place.live.container.state} />` : html`<span class="dim">not seen yet</span>`}</td><td class="k-when"><${Time} at=${place.live.since} /></td><td class="k-took mono">${place.live.publish.address}:${place.live.publish.port}</td>`
        : html`<td colspan="5" class="k-by">nothing runs here</td>`}</tr>`)}</tbody></table></div>`}
    ${answer.logsOf && html`<${LogPane} path=${`/api/releases/${answer.logsOf}/logs?tail=500`} name=${`release-${answer.logsOf}`} />`}`;
}
