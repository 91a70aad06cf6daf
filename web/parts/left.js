// What a stuck execution may have left in the world, and what a person does about each thing.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { foundWords, thingWords } from "../core/words.js";
import { Glyph } from "./basic.js";

export function Left({ left }) {
  if (!left?.length) return null;
  return html`<section aria-labelledby="left" data-test="left"><h2 id="left">Left in the world</h2>
    <ul class="plain">${left.map((one) => html`<li><p><${Glyph} shape=${one.found === "gone" ? "check" : "wait"} tone=${one.found === "gone" ? "quiet" : "warn"} /> <span class="mono">${thingWords(one.thing)}</span> <b>${foundWords(one.found)}</b> <span class="dim">step ${one.step}</span></p>
      ${one.said && html`<p class="dim">Not undone: ${one.said}</p>`}<p>${one.advice}</p></li>`)}</ul></section>`;
}
