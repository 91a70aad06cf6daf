// The house's own procedures: what people read, what is enforced, and what is flagged.
import { html, useEffect, useState } from "../vendor/preact-htm-3.1.1.js";
import { post } from "../core/api.js";
import { state } from "../core/session.js";
import { useSignal } from "../core/signal.js";
import { to } from "../core/router.js";
import { reload, useData } from "../core/store.js";
import { counted } from "../core/words.js";
import { Badge, Empty, Failed, Glyph, Loading, Read, Time, toast, useOnce, useTitle } from "../parts/basic.js";
import { RuleText } from "../parts/advice.js";

/** @param {{id?: string, query: URLSearchParams}} props */
export function ProceduresView({ id, query }) {
  const sops = useData("/api/sops");
  const offers = useData("/api/sops/suggestions", (topic) => topic === "suggestion").data?.items ?? [];
  const { mayChange } = useSignal(state);
  const [words, setWords] = useState("");
  const [again, busy] = useOnce(async () => { await post("/api/sops/reindex"); reload("/api/sops"); reload("/api/sops/suggestions"); toast("The folder was read again."); });
  useTitle("Procedures");
  return html`<header class="title"><h1>Procedures</h1><div class="filters"><input type="search" placeholder="Search all passages" aria-label="Search all passages" value=${words} onInput=${(e) => setWords(e.target.value)} data-test="search" />
      <button class="small" disabled=${busy || !mayChange} onClick=${again}>Read the folder again</button></div></header>
    <${Read} from=${sops} what="procedures">${(/** @type {any} */ { items }) => {
      if (items.length === 0) return html`<${Empty} title="No procedures"><p>Put Markdown files with rules in their front matter into the folder <code>advisor.sops</code>, then read the folder again.</p></${Empty}>`;
      const sop = items.find((s) => s.file === id) ?? null;
      return html`<div class=${`sides ${sop || words.trim() ? "one" : ""}`}><nav aria-label="Procedures"><ul class="toc">${items.map((s) => html`<li key=${s.file}><a href=${to("procedures", s.file)} aria-current=${s === sop ? "page" : undefined}>${s.title}<span class="dim">${counted(s.rules.length, "rule")}${s.suspicions.length > 0 ? html` · <b class="t-warn">${s.suspicions.length} flagged</b>` : ""}</span></a></li>`)}</ul></nav>
        <div>${words.trim() ? html`<${Found} words=${words.trim()} />` : sop ? html`<${Procedure} sop=${sop} offers=${offers} line=${Number(query.get("line"))} />` : html`<${All} items=${items} offers=${offers} />`}</div></div>`;
    }}</${Read}>`;
}

function All({ items, offers }) {
  const rules = items.flatMap((s) => s.rules.map((rule) => ({ sop: s, rule })));
  return html`<h2>What is enforced</h2><p class="dim">${counted(rules.length, "rule")} in ${counted(items.length, "procedure")}, and accepted suggestions. Nothing else in the texts is obeyed.</p>
    <table class="list rows"><thead><tr><th class="w-4">Severity</th><th>Rule</th><th class="w-5">In</th></tr></thead><tbody>${rules.map(({ sop, rule }) => html`<tr><td class="k-status"><${Demand} demand=${rule.demand} /></td><td class="k-what">${rule.message}</td><td class="k-when"><a href=${to("procedures", sop.file)}>${sop.title}</a></td></tr>`)}</tbody></table><${Suggestions} offers=${offers} />`;
}

const Demand = ({ demand }) => (demand.kind === "approvals" ? html`<span class="badge t-busy"><${Glyph} shape="check" />${demand.count} approvals</span>` : html`<${Badge} of="severity" status=${demand.severity} />`);

/** What the texts demand, as rules: until a named person accepts one, it only warns. */
function Suggestions({ offers }) {
  const { mayChange } = useSignal(state);
  const [decide, busy] = useOnce(async (one, verb, said) => {
    const { decision } = await post(`/api/sops/suggestions/${one.id}/${verb}`, { comment: said.value.trim() || null });
    said.value = "";
    reload("/api/sops/suggestions");
    toast(decision.decision === "refused" ? "Refused." : verb === "accept" ? "Accepted: it is a rule now, until its passage changes." : "It counts until a second person refuses it, too.");
  });
  const act = (one, verb, word) => html`<button class="small" disabled=${busy || !mayChange} onClick=${(e) => decide(one, verb, e.target.parentElement.firstChild)} data-test=${verb}>${word}</button>`;
  return offers.length > 0 && html`<section data-test="suggestions"><h2>Suggested by the texts</h2><p class="dim">Until somebody accepts one, it only warns. Two people take an accepted one back; the first says why.</p>
    <ul class="rules">${offers.map((one) => html`<li key=${one.id} data-test="suggestion"><${Badge} of="suggestion" status=${one.status} /><div><p><q>${one.text}</q> <a href=${`${to("procedures", one.citation.sop)}?line=${one.citation.line}`}>${one.citation.title}, line ${one.citation.line}</a></p>
      ${one.decision && html`<p class="dim">${one.decision.decision} by ${one.decision.by} <${Time} at=${one.decision.at} />${one.decision.comment && html`: <q>${one.decision.comment}</q>`}</p>`}
      ${one.status === "accepted" && one.decision.withdrawal && html`<p class="t-warn"><${Glyph} shape="pause" tone="warn" />${one.decision.withdrawal.by} wants it taken back: <q>${one.decision.withdrawal.reason}</q></p>`}
      <p class="dim">${one.effect}</p>
      ${one.rule && html`<details><summary>as it ${one.status === "accepted" ? "is" : "would be"} checked</summary><${RuleText} rule=${{ id: one.id, ...one.rule, demand: one.rule.approvals ? { kind: "approvals", count: one.rule.approvals } : { kind: "condition", require: one.rule.require } }} /></details>`}
      ${one.status !== "stale" && html`<div class="acts"><input placeholder="Comment or reason" aria-label="Comment or reason" maxlength="500" />${(one.status !== "accepted" || one.decision.withdrawal) && act(one, "accept", one.decision?.withdrawal ? "Keep" : "Accept")}${one.status !== "refused" && act(one, "refuse", one.status === "accepted" ? "Take back" : "Refuse")}</div>`}</div></li>`)}</ul></section>`;
}

/** @param {{sop: any, offers: any[], line: number}} props */
function Procedure({ sop, offers, line }) {
  useEffect(() => {
    document.querySelector(".passages .cited")?.scrollIntoView({ block: "center" });
  }, [sop.file, line]);
  let heading = "";
  let lead = "";
  return html`<article data-test="procedure"><p class="wide-not"><a href="#/procedures">All procedures</a></p><h2>${sop.title}</h2><p class="dim mono">${sop.file}</p>
    ${sop.suspicions.length > 0 && html`<div class="flagged t-warn-edge"><h3><${Glyph} shape="diamond" tone="warn" />Flagged</h3><p>Looks like an attempt to talk to a machine. It is shown as text and obeyed by nothing.</p><ul class="plain">${sop.suspicions.map((s) => html`<li>line ${s.line}, ${s.kind.replaceAll("_", " ")}: <q>${s.excerpt}</q></li>`)}</ul></div>`}
    ${sop.rules.length > 0 && html`<h3>Rules</h3><ul class="rules">${sop.rules.map((rule) => html`<li><${Demand} demand=${rule.demand} /><div><p>${rule.message}</p><details><summary>as it is checked</summary><${RuleText} rule=${rule} /></details></div></li>`)}</ul>`}
    <${Suggestions} offers=${offers.filter((one) => one.citation.sop === sop.file)} />
    <div class="passages">${sop.passages.map((p) => {
      const [newHeading, newLead] = [p.heading.at(-1) !== heading, p.lead && p.lead !== lead];
      heading = p.heading.at(-1);
      lead = p.lead;
      return html`${newHeading && html`<h3>${heading}</h3>`}${newLead && html`<p>${p.lead}</p>`}<p class=${`${p.lead ? "item" : ""} ${p.line === line ? "cited" : ""}`}><span class="line-no num">${p.line}</span>${p.text}</p>`;
    })}</div></article>`;
}

function Found({ words }) {
  const [late, setLate] = useState(words);
  useEffect(() => {
    const timer = setTimeout(() => setLate(words), 150);
    return () => clearTimeout(timer);
  }, [words]);
  const found = useData(`/api/sops/search?q=${encodeURIComponent(late)}`);
  if (found.error) return html`<${Failed} error=${found.error} />`;
  if (!found.data) return html`<${Loading} what="passages" />`;
  return html`<h2>${counted(found.data.items.length, "passage")}</h2>${found.data.items.length === 0 && html`<p>No passage has these words.</p>`}
    <ul class="hits">${found.data.items.map((c) => html`<li><a href=${`${to("procedures", c.sop)}?line=${c.line}`}>${c.title}${c.heading.length > 1 ? ` › ${c.heading.at(-1)}` : ""}</a><span class="dim mono">${c.sop}:${c.line}</span><p>${c.excerpt}</p></li>`)}</ul>`;
}
