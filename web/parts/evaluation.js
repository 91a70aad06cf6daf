// One evaluation with every fact that it rests on: what was asked, when, and what came back.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { counted, metricName, ruleSentence, value } from "../core/words.js";
import { Badge, Copy, Time } from "./basic.js";

/** @param {{evaluation: any, all?: any[], choose?: (number: number) => void, latest?: boolean}} props */
export function Evaluation({ evaluation, all, choose, latest }) {
  const { number, at, verdict, sentence, evidence, measures, rule } = evaluation;
  const [before, after] = all ? [all.find((e) => e.number === number - 1), all.find((e) => e.number === number + 1)] : [];
  return html`<div class="evaluation" data-test="evaluation" data-number=${number}>
    <header>${choose && html`<button class="small" disabled=${!before} aria-label="The evaluation before" onClick=${() => choose(number - 1)}>←</button><button class="small" disabled=${!after} aria-label="The evaluation after" onClick=${() => choose(number + 1)}>→</button>`}
      <h3>Evaluation <span class="num">${number}</span>${latest && " (the last)"}</h3><${Badge} of="verdict" status=${verdict.kind} /><span class="dim"><${Time} at=${at} exactly /></span></header>
    <p>${sentence}${rule && html` <b class="t-bad">Confirmed: ${ruleSentence(rule)}.</b>`}</p>
    <div class="scroll"><table class="list evidence"><thead><tr><th>Evidence</th><th>Found</th><th>Held against</th><th>Asked</th></tr></thead><tbody>
      ${evidence.metrics?.readings.map((r) => html`<${Reading} reading=${r} measure=${measures.find((m) => m.metric === r.metric)} />`)}
      ${evidence.metrics && html`<${Scrape} scrape=${evidence.metrics.scrape} />`}
      ${evidence.probe && html`<${Probe} probe=${evidence.probe} />`}
      <${Container} report=${evidence.container} /></tbody></table></div></div>`;
}

function Reading({ reading, measure }) {
  return html`<tr><th scope="row">${metricName(reading.metric)}</th><td><b class="num">${outcome(reading)}</b>${measure && measure.verdict !== "good" && html` <${Badge} of="verdict" status=${measure.verdict} />`}
      <details><summary>query and answer</summary><pre>${reading.query}<${Copy} text=${reading.query} label="query" /></pre>${reading.raw && html`<pre>${reading.raw}</pre>`}</details>
      ${reading.unknownMetrics.length > 0 && html`<p class="t-warn">Prometheus does not know ${reading.unknownMetrics.join(", ")}</p>`}</td>
    <td class="num">${measure ? html`${value(reading.metric, measure.limit)}${measure.baseline != null && html`<span class="dim"> (${value(reading.metric, measure.baseline)} before)</span>`}` : "–"}</td>
    <td class="dim"><${Time} at=${reading.askedAt} exactly /> in ${reading.tookMilliseconds} ms</td></tr>`;
}

function outcome({ metric, outcome: o }) {
  switch (o.kind) {
    case "value": return value(metric, o.value);
    case "empty": return "nothing";
    case "not_a_number": return "not a number";
    case "infinite": return "infinite";
    case "several_series": return `${o.count} series instead of one`;
    case "wrong_type": return `a ${o.found} instead of a number`;
    case "partial": return `parts are missing: ${o.warning}`;
    default: return `no answer: ${failure(o.error)}`;
  }
}

const failure = (error) => [String(error?.kind ?? "").replaceAll("_", " "), error?.message ?? error?.what ?? error?.status ?? error?.to].filter(Boolean).join(": ");

function Scrape({ scrape }) {
  const facts = scrape.outcome.facts;
  const text = facts ? [facts.up === true ? "up" : facts.up === false ? "down" : "not known", facts.newestSampleAgeSeconds != null && `newest sample ${facts.newestSampleAgeSeconds.toFixed(1)} s old`, `${counted(facts.scrapes, "scrape")} since the switch`].filter(Boolean).join(", ") : failure(scrape.outcome.error);
  return html`<tr><th scope="row">scraped</th><td>${text}</td><td>–</td><td class="dim"><${Time} at=${scrape.askedAt} exactly /></td></tr>`;
}

function Probe({ probe }) {
  const failed = probe.sent - probe.ok;
  const kinds = [[probe.serverErrors, "with 5xx"], [probe.otherStatuses, "with another status"], [probe.refused, "refused"], [probe.timeouts, "without answer in time"], [probe.broken, "broken off"]].filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`);
  return html`<tr><th scope="row">own requests</th><td class=${failed > 0 ? "t-bad" : ""}><b class="num">${probe.ok} of ${probe.sent}</b> answered well${kinds.length > 0 ? `: ${kinds.join(", ")}` : ""}, slowest ${probe.slowestMilliseconds} ms</td><td>all good</td><td class="dim mono">GET ${probe.url}</td></tr>`;
}

function Container({ report }) {
  const f = report.facts;
  const text = f ? [f.state, counted(f.restartCount, "restart"), f.exits > 0 && `${counted(f.exits, "exit")} since the evaluation before`, f.exitCode != null && `exit code ${f.exitCode}`, f.oomKills > 0 && "out of memory", f.health].filter(Boolean).join(", ") : `not known: ${report.error}`;
  return html`<tr><th scope="row">container</th><td class=${f && f.state !== "running" ? "t-bad" : ""}>${text}</td><td>running</td><td></td></tr>`;
}
