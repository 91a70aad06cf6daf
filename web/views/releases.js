// The ledger of a place: every release that went live, and two of them beside each other.
import { html, useState } from "../vendor/preact-htm-3.1.1.js";
import { to } from "../core/router.js";
import { configurationLines, counted, placeName, short } from "../core/words.js";
import { Badge, Dialog, Digest, Empty, Time, useTitle } from "../parts/basic.js";
import { List } from "../parts/list.js";
import { PLACE, PlaceFilter, filtered } from "./lists.js";

/** @param {{query: URLSearchParams}} props */
export function ReleasesView({ query }) {
  const path = filtered("/api/releases", query, PLACE);
  const [chosen, setChosen] = useState([]);
  const [comparing, setComparing] = useState(false);
  useTitle("Releases");
  const is = (release) => chosen.some(({ id }) => id === release.id);
  const toggle = (release) => setChosen(is(release) ? chosen.filter(({ id }) => id !== release.id) : [...chosen, release].slice(-2));
  const pair = chosen.length === 2;
  return html`<header class="title"><h1>Releases</h1><div class="filters"><${PlaceFilter} query=${query} view="releases" /><button class="small" disabled=${!pair} onClick=${() => setComparing(true)}>${pair ? "Compare the two" : "Choose two to compare"}</button></div></header>
    <${List} key=${path} path=${path} concerns=${(topic) => topic === "release"} what="releases" kind="releases" heads=${html`<th class="w-1"><span class="unseen">Compare</span></th><th>Version</th><th>Where</th><th class="w-2">Presence</th><th class="w-4">Quality</th><th class="w-3">By</th><th class="w-3">First live</th><th class="w-3">Commit</th>`}
      row=${(r) => html`<tr key=${r.id} class=${r.presence === "live" ? "is-live" : ""}><td class="k-pick"><input type="checkbox" aria-label=${`Compare ${r.version} in ${r.environment}`} checked=${is(r)} onChange=${() => toggle(r)} /></td><td class="k-what mono"><a href=${to("releases", r.id)}>${r.version}</a></td><td class="k-by">${placeName(r)}</td><td class="k-state"><span class=${`presence p-${r.presence}`}>${r.presence}</span></td><td class="k-status"><${Badge} of="quality" status=${r.quality} /></td><td class="k-took">${r.by}</td><td class="k-when"><${Time} at=${r.firstLiveAt} /></td><td class="k-took"><${Digest} of=${r.commit} what="commit" /></td></tr>`}>
      <${Empty} title="Nothing went live yet"><p>An approved deploy makes a release. <a href="#/plans">To the plans</a></p></${Empty}></${List}>
    ${comparing && pair && html`<${Compare} a=${chosen[0]} b=${chosen[1]} close=${() => setComparing(false)} />`}`;
}

function Compare({ a, b, close }) {
  /** @returns {any[]} */
  const facts = (r) => [["where", placeName(r)], ["version", r.version], ["commit", r.commit.slice(0, 10)], ["tree", r.tree.slice(0, 10)], ["image", short(r.imageId)], ["quality", r.quality], ["by", r.by], ...Object.entries(r.baseImages).map(([name, digest]) => [`base ${name}`, short(String(digest))]), ...configurationLines(r.configuration)];
  const [left, right] = [new Map(facts(a)), new Map(facts(b))];
  const names = [...new Set([...left.keys(), ...right.keys()])];
  const differing = names.filter((name) => left.get(name) !== right.get(name));
  return html`<${Dialog} title=${`${a.version} and ${b.version}`} close=${close} wide><p>${counted(differing.length, "difference")}, ${names.length - differing.length} the same.</p>
    <table class="diff"><thead><tr><th></th><th>${a.version}</th><th>${b.version}</th></tr></thead><tbody>${differing.map((name) => html`<tr><th>${name}</th><td>${left.get(name) && html`<del>${left.get(name)}</del>`}</td><td>${right.get(name) && html`<ins>${right.get(name)}</ins>`}</td></tr>`)}${names.filter((n) => !differing.includes(n)).map((name) => html`<tr class="dim"><th>${name}</th><td colspan="2">${left.get(name)}</td></tr>`)}</tbody></table></${Dialog}>`;
}
