// An incident: from the first bad answer to the last known good, with its evidence.
import { html, useState } from "../vendor/preact-htm-3.1.1.js";
import { to } from "../core/router.js";
import { useData } from "../core/store.js";
import { between, exact, full } from "../core/time.js";
import { counted, foundWords, metricName, placeName, ruleSentence, thingWords, value } from "../core/words.js";
import { pieces, plain } from "../parts/ansi.js";
import { Badge, Copy, Glyph, Ids, Read, Time, fact, useTitle } from "../parts/basic.js";
import { Evaluation } from "../parts/evaluation.js";
import { Left } from "../parts/left.js";
import { save } from "../parts/logpane.js";
import { Plot, pointsOf } from "../parts/plot.js";

export function IncidentView({ id }) {
  const incident = useData(`/api/incidents/${id}`, (topic, of) => topic === "incident" && of === id);
  return html`<${Read} from=${incident} what="incident">${(data) => html`<${Incident} incident=${data} />`}</${Read}>`;
}

function Incident({ incident }) {
  useTitle(incident.title);
  const open = incident.status.kind === "open";
  return html`<article class="incident" data-test="incident" data-kind=${incident.kind}>
    <header class="title"><h1>${incident.title}</h1></header>
    <p class="origin flex"><${Badge} of="severity" status=${incident.severity} word=${incident.severity} /> <span class="badge ${open ? "t-warn" : "t-quiet"}"><${Glyph} shape=${open ? "wait" : "check"} />${open ? "open" : `closed ${incident.status.by ? `by ${incident.status.by}` : "by itself"}`}</span>
      <span class="dim">${placeName(incident)} · opened <${Time} at=${incident.openedAt} /></span><span class="grow"></span>
      <button class="small" onClick=${() => save(`incident-${incident.id}.md`, markdown(incident), "text/markdown")} data-test="export">Export as Markdown</button></p>
    ${open && html`<p class="outcome t-warn-edge">${todo(incident)}</p>`}
    <${Left} left=${incident.left} />
    <div class="columns"><div><${Timeline} incident=${incident} /></div><aside><${Links} incident=${incident} /></aside></div>
    <${Evidence} incident=${incident} />
    ${incident.containerLog.length > 0 && html`<section aria-labelledby="clog"><header class="head"><h2 id="clog">The end of the container's output</h2><span class="dim">${counted(incident.containerLog.length, "line")}</span></header>
      <div class="log still"><div class="lines short" tabindex="0" role="log" aria-live="off" aria-label="The end of the container's output">${incident.containerLog.map((line) => html`<div class="row"><span class="text">${pieces(line).map((p) => (p.kind ? html`<span class=${p.kind}>${p.text}</span>` : p.text))}</span></div>`)}</div></div></section>`}
    ${incident.notifications.length > 0 && html`<section aria-labelledby="told"><h2 id="told">Who was told</h2><ul class="plain">${incident.notifications.map((n) => html`<li><${Glyph} shape=${n.delivery.kind === "delivered" ? "check" : "cross"} tone=${n.delivery.kind === "delivered" ? "good" : "bad"} /> ${n.to}: ${n.delivery.kind === "failed" ? n.delivery.error : `${n.delivery.kind} (${n.delivery.status})`} <${Time} at=${n.at} /></li>`)}</ul></section>`}
  </article>`;
}

function todo({ kind, service, environment }) {
  if (kind === "stuck") return "Something could not be undone. Put right by hand what is listed, then deploy or roll back.";
  if (kind === "target_missing") return "The release to go back to is gone. Deploy a good version, so that there is one again.";
  if (kind === "freeze") return `Automatic acts are off for ${service} in ${environment}. A person's fix is allowed; end the freeze on the overview when it is well.`;
  return `Nothing further happens by itself in ${environment ?? service}. Deploy a fix or plan a rollback.`;
}

/** What happened and what was done, in one order. @param {any} incident @returns {{at: string, what: string, act: boolean, under?: string}[]} */
function story(incident) {
  const entries = [...incident.timeline.map((t) => ({ ...t, act: false })), ...incident.acts.map((a) => ({ ...a, act: true }))];
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function Timeline({ incident }) {
  const all = story(incident);
  const [first, last] = [all[0], all.at(-1)];
  if (!first) return null;
  return html`<section aria-labelledby="timeline"><header class="head"><h2 id="timeline">Timeline</h2>${all.length > 1 && html`<span class="dim num">${between(first.at, last.at, 0)} from first to last</span>`}</header>
    <ol class="timeline">${all.map((entry, n) => html`<li class=${entry.act ? "act" : ""}><time datetime=${entry.at} title=${full(entry.at)}>${exact(entry.at)}</time><span class="num dim">${n === 0 ? "" : `+${between(all[0].at, entry.at, 0)}`}</span><span><${Ids} text=${entry.what} />${entry.under && html` <span class="dim">under approval <span class="mono" title=${entry.under}>${entry.under.slice(-8)}</span><${Copy} text=${entry.under} label="approval id" /></span>`}</span></li>`)}</ol></section>`;
}

function Links({ incident }) {
  const bad = /roll|degraded/.test(incident.kind);
  const links = [[bad ? "Turned out bad" : "Release", "releases", incident.release], ["Brought back", "releases", incident.rollbackTarget], [bad ? "Rollback plan" : "Plan", "plans", incident.plan], ["Its execution", "executions", incident.execution]].filter(([, , id]) => id);
  return html`<section aria-labelledby="links"><h2 id="links">What it is about</h2><dl class="facts tight">${incident.rule && fact("Confirmed by", ruleSentence(incident.rule))}
    ${links.map(([label, kind, id]) => html`<div><dt>${label}</dt><dd><a class="mono" href=${to(kind, id)} title=${id}>${id.slice(0, 3)}…${id.slice(-8)}</a></dd></div>`)}</dl></section>`;
}

function Evidence({ incident }) {
  const { evidence, baseline } = incident;
  const [chosen, setChosen] = useState(null);
  if (evidence.length === 0) return null;
  const picked = evidence.find((e) => e.number === chosen) ?? evidence.find((e) => e.rule) ?? evidence.at(-1);
  return html`<section aria-labelledby="evidence"><header class="head"><h2 id="evidence">Evidence</h2><span class="dim">${counted(evidence.length, "evaluation")}${baseline?.readings.length ? `; before the switch: ${baseline.readings.map((r) => `${metricName(r.metric)} ${r.outcome.kind === "value" ? value(r.metric, r.outcome.value) : r.outcome.kind}`).join(", ")}` : ""}</span></header>
    <div class="plots">${["error_rate", "p95"].map((metric) => html`<${Plot} points=${pointsOf(evidence, metric)} metric=${metric} chosen=${picked.number} choose=${setChosen} />`)}</div>
    <${Evaluation} evaluation=${picked} all=${evidence} choose=${setChosen} /></section>`;
}

/** Text of others inside Markdown: nothing in it is markup. @param {string} text */
const quoted = (text) => text.replace(/[\\`*_{}[\]<>#|~]/g, "\\$&").replace(/\s+/g, " ");

export function markdown(incident) {
  const lines = [`# ${quoted(incident.title)}`, "", `- Where: ${quoted(placeName(incident))}`, `- Severity: ${incident.severity}, ${incident.status.kind}`, `- Opened: ${incident.openedAt}`, `- Incident: ${incident.id}`];
  if (incident.rule) lines.push(`- Confirmed by: ${ruleSentence(incident.rule)}`);
  for (const [label, id] of [["Release", incident.release], ["Rollback target", incident.rollbackTarget], ["Plan", incident.plan], ["Execution", incident.execution], ["Watch", incident.watch]]) if (id) lines.push(`- ${label}: ${id}`);
  if (incident.left?.length) lines.push("", "## Left in the world", "");
  for (const one of incident.left ?? []) lines.push(`- ${quoted(`${thingWords(one.thing)} ${foundWords(one.found)} (step ${one.step})`)}${one.said ? `; not undone: ${quoted(one.said)}` : ""}; ${quoted(one.advice)}`);
  lines.push("", "## Timeline", "");
  for (const e of story(incident)) lines.push(`- ${e.at} ${quoted(e.what)}${e.under ? ` (under approval ${e.under})` : ""}`);
  if (incident.evidence.length) lines.push("", "## Evidence", "", "| # | at | verdict | error rate | p95 | why |", "|---|---|---|---|---|---|");
  for (const e of incident.evidence) {
    const of = (metric) => { const m = e.measures.find((x) => x.metric === metric); return m ? `${value(metric, m.value)} (limit ${value(metric, m.limit)})` : "–"; };
    lines.push(`| ${e.number} | ${e.at} | ${e.verdict.kind} | ${of("error_rate")} | ${of("p95")} | ${quoted(e.sentence)} |`);
  }
  if (incident.containerLog.length) lines.push("", "## The end of the container's output", "", ...incident.containerLog.map((l) => `    ${plain(l)}`));
  return `${lines.join("\n")}\n`;
}
