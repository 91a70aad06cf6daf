// What a stuck execution may have left in the world, and what a person does about each thing.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { foundWords, thingWords } from "../core/words.js";

export function Left({ left }) {
  if (!left?.length) return null;
  return html`<section aria-labelledby="left" data-test="left"><h2 id="left">Left in the world</h2>
    <ul>${left.map(({ thing, found, step, said, advice }) => html`<li class=${`outcome t-${found === "gone" ? "quiet" : "warn"}-edge`}><p><b>${advice}</b></p><p><span class="mono">${thingWords(thing)}</span> ${foundWords(found)} <span class="dim">· step ${step}</span></p>${said && html`<p class="dim">Not undone: ${said}</p>`}</li>`)}</ul></section>`;
}
