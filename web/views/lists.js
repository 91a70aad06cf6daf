// Plans, executions and incidents, newest first.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { replace, to } from "../core/router.js";
import { useData } from "../core/store.js";
import { between } from "../core/time.js";
import { deed, headline, isBlocked, placeName, requester } from "../core/words.js";
import { Badge, Empty, Read, Time, useNow, useTitle } from "../parts/basic.js";

const LIMIT = 200;

/** A choice that stands in the address. @param {{query: URLSearchParams, name: string, label: string, of: string[], view: string}} props */
export function Filter({ query, name, label, of, view }) {
  const change = (event) => {
    const next = new URLSearchParams(query);
    if (event.target.value) next.set(name, event.target.value);
    else next.delete(name);
    replace(`#/${view}${next.size ? `?${next}` : ""}`);
  };
  return html`<label class="filter">${label} <select value=${query.get(name) ?? ""} onChange=${change}><option value="">all</option>${of.map((one) => html`<option value=${one} selected=${query.get(name) === one}>${one.replaceAll("_", " ")}</option>`)}</select></label>`;
}

/** Service and environment. @param {{query: URLSearchParams, view: string}} props */
export function PlaceFilter({ query, view }) {
  const services = useData("/api/services").data?.items ?? [];
  const environments = [...new Set(services.flatMap((s) => s.environments.map((e) => e.environment)))];
  return html`<${Filter} query=${query} view=${view} name="service" label="Service" of=${services.map((s) => s.name)} /><${Filter} query=${query} view=${view} name="environment" label="Environment" of=${environments} />`;
}

/** @param {string} path @param {URLSearchParams} query @param {string[]} names */
export function filtered(path, query, names) {
  const wanted = new URLSearchParams({ limit: String(LIMIT) });
  for (const name of names) if (query.get(name)) wanted.set(name, query.get(name));
  return `${path}?${wanted}`;
}

const STATUSES = ["pending_approval", "approved", "running", "succeeded", "failed", "rejected", "expired", "superseded", "cancelled", "rolled_back"];

/** @param {{query: URLSearchParams}} props */
export function PlansView({ query }) {
  const plans = useData(filtered("/api/plans", query, ["service", "environment", "status"]), (topic) => topic === "plan");
  useTitle("Plans");
  return html`<header class="title"><h1>Plans</h1><div class="filters"><${Filter} query=${query} view="plans" name="status" label="Status" of=${STATUSES} /><${PlaceFilter} query=${query} view="plans" /></div></header>
    <${Read} from=${plans} what="plans">${(data) => data.items.length === 0
      ? html`<${Empty} title="No plans"><p>A sentence in the box above makes one, for example: <q>deploy main of shop to staging</q></p></${Empty}>`
      : html`<div class="scroll"><table class="list rows"><thead><tr><th>Status</th><th>What</th><th>By</th><th>Made</th></tr></thead><tbody>${data.items.map((plan) => html`<tr key=${plan.id}><td class="k-status">${isBlocked(plan) ? html`<${Badge} of="severity" status="high" word="blocked" />` : html`<${Badge} of="plan" status=${plan.status} />`}</td><td class="k-what"><a href=${to("plans", plan.id)}>${headline(plan)}</a>${plan.reason && html`<span class="under dim">${plan.reason}</span>`}</td><td class="k-by">${requester(plan.origin.by)}</td><td class="k-when"><${Time} at=${plan.createdAt} /></td></tr>`)}</tbody></table></div>`}</${Read}>`;
}

/** @param {{query: URLSearchParams}} props */
export function ExecutionsView({ query }) {
  const executions = useData(filtered("/api/executions", query, ["service", "environment"]), (topic) => topic === "execution");
  const now = useNow();
  useTitle("Executions");
  return html`<header class="title"><h1>Executions</h1><div class="filters"><${PlaceFilter} query=${query} view="executions" /></div></header>
    <${Read} from=${executions} what="executions">${(data) => data.items.length === 0
      ? html`<${Empty} title="Nothing was executed"><p>A plan runs once enough people have approved it. <a href="#/plans">To the plans</a></p></${Empty}>`
      : html`<div class="scroll"><table class="list rows"><thead><tr><th>Status</th><th>What</th><th>By</th><th>Begun</th><th class="right">Took</th></tr></thead><tbody>${data.items.map((e) => html`<tr key=${e.id}><td class="k-status"><${Badge} of="execution" status=${e.status} /></td><td class="k-what"><a href=${to("executions", e.id)}>${deed(e.action, e.place)}</a></td><td class="k-by">${requester(e.requestedBy)}</td><td class="k-when"><${Time} at=${e.createdAt} /></td><td class="k-took right num">${between(e.createdAt, e.endedAt, now)}</td></tr>`)}</tbody></table></div>`}</${Read}>`;
}

/** @param {{query: URLSearchParams}} props */
export function IncidentsView({ query }) {
  const incidents = useData(filtered("/api/incidents", query, ["service", "environment"]), (topic) => topic === "incident");
  useTitle("Incidents");
  return html`<header class="title"><h1>Incidents</h1><div class="filters"><${PlaceFilter} query=${query} view="incidents" /></div></header>
    <${Read} from=${incidents} what="incidents">${(data) => data.items.length === 0
      ? html`<${Empty} title="No incidents"><p>A rollback, a failed rollback or a freeze would stand here with its evidence.</p></${Empty}>`
      : html`<div class="scroll"><table class="list rows"><thead><tr><th>Severity</th><th>State</th><th>What</th><th>Where</th><th>Opened</th></tr></thead><tbody>${data.items.map((i) => html`<tr key=${i.id}><td class="k-status"><${Badge} of="severity" status=${i.severity} word=${i.severity} /></td><td class="k-state">${i.status.kind}</td><td class="k-what"><a href=${to("incidents", i.id)}>${i.title}</a></td><td class="k-by">${placeName(i)}</td><td class="k-when"><${Time} at=${i.openedAt} /></td></tr>`)}</tbody></table></div>`}</${Read}>`;
}
