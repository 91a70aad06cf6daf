// What the procedures say; each finding opens the passage that it cites.
import { html, useState } from "../vendor/preact-htm-3.1.1.js";
import { useData } from "../core/store.js";
import { counted } from "../core/words.js";
import { Badge, Dialog, Glyph, Read, fact } from "./basic.js";

export function Advice({ advice }) {
  const { findings, rulesKept } = advice;
  return html`<section class="advice" aria-labelledby="advice"><h2 id="advice">Procedures</h2>
    <p>${rulesKept === 0 && findings.length === 0 ? html`<${Glyph} shape="diamond" tone="warn" />No procedure has anything to say about this.` : findings.length === 0 ? html`<${Glyph} shape="check" tone="good" />${counted(rulesKept, "rule")} looked at and kept.` : html`${counted(findings.length, "finding")}; ${counted(rulesKept, "rule")} kept.`}</p>
    <${Findings} findings=${findings} /></section>`;
}

export function Findings({ findings }) {
  const [shown, setShown] = useState(null);
  return html`<ul class="findings">${findings.map((f) => html`<li class=${`f-${f.severity}`}><${Badge} of="severity" status=${f.severity} /><p>${f.message}</p>
      <button type="button" class="cite" onClick=${() => setShown(f.citation)}>${f.citation.title}, ${f.citation.page ? `page ${f.citation.page}` : `line ${f.citation.line}`}</button></li>`)}</ul>
    ${shown && html`<${Passage} citation=${shown} close=${() => setShown(null)} />`}`;
}

export function Passage({ citation, close }) {
  const sops = useData("/api/sops");
  return html`<${Dialog} title=${citation.title} close=${close} wide><${Read} from=${sops} what="procedures">${(data) => {
    const sop = data.items.find((s) => s.file === citation.sop);
    const rule = sop?.rules.find((r) => r.id === citation.rule);
    const near = (sop?.passages ?? []).filter((p) => p.heading.at(-1) === citation.heading.at(-1));
    return html`<p class="dim mono">${citation.sop}:${citation.line}${citation.rule ? `, rule ${citation.rule}` : ""}</p>
      ${citation.heading.length > 0 && html`<h3>${citation.heading.join(" › ")}</h3>`}
      <div class="passages">${near.length > 0 ? near.map((p) => html`<p class=${p.line === citation.line ? "cited" : ""}>${p.lead && html`<span class="dim">${p.lead} </span>`}${p.text}</p>`) : html`<p class="cited">${citation.excerpt}</p>`}</div>
      ${rule && html`<${RuleText} rule=${rule} />`}
      <p><a href=${`#/procedures/${encodeURIComponent(citation.sop)}`}>The whole procedure</a></p>`;
  }}</${Read}></${Dialog}>`;
}

/** A rule as the machine reads it. */
export const RuleText = ({ rule }) => html`<dl class="rule mono">${fact("rule", rule.id)}${rule.when && fact("when", rule.when)}
  ${rule.demand.kind === "condition" ? fact("require", rule.demand.require) : fact("approvals", rule.demand.count)}${fact("looked at", html`${{ plan: "when the plan is made, at approval, at start", approve: "at approval and at start", start: "at start" }[rule.at]}`)}
  ${rule.examples?.map((e) => html`<div><dt>${e.expected}</dt><dd>${e.facts.join("; ") || "an ordinary plan"}</dd></div>`)}</dl>`;
