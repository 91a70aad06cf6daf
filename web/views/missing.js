// An address behind which there is nothing.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { useTitle } from "../parts/basic.js";

export function Missing() {
  useTitle("Nothing here");
  return html`<h1>There is nothing here</h1><p>The address is wrong, or what it led to is gone. <a href="#/">To the overview</a></p>`;
}
