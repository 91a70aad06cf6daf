// Plans, executions and incidents, newest first.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { replace, to } from "../core/router.js";
import { useData } from "../core/store.js";
import { between } from "../core/time.js";
import { deed, headline, placeName, requester } from "../core/words.js";
import { Badge, Empty, Ids, PlanBadge, Time, useNow, useTitle } from "../parts/basic.js";
import { List } from "../parts/list.js";

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
  const wanted = new URLSearchParams(names.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
  return wanted.size ? `${path}${path.includes("?") ? "&" : "?"}${wanted}` : path;
}

export const PLACE = ["service", "environment"];
const STATUSES = ["pending_approval", "approved", "running", "succeeded", "failed", "rejected", "expired", "superseded", "cancelled", "rolled_back"];

/** @param {{query: URLSearchParams}} props */
export function PlansView({ query }) {
  const path = filtered("/api/plans", query, [...PLACE, "status"]);
  useTitle("Plans");
  return html`<header class="title"><h1>Plans</h1><div class="filters"><${Filter} query=${query} view="plans" name="status" label="Status" of=${STATUSES} /><${PlaceFilter} query=${query} view="plans" /></div></header>
    <${List} key=${path} path=${path} concerns=${(topic) => topic === "plan"} what="plans" heads=${html`<th class="w-4">Status</th><th>What</th><th class="w-3">By</th><th class="w-3">Made</th>`}
      row=${(plan) => html`<tr key=${plan.id}><td class="k-status"><${PlanBadge} plan=${plan} /></td><td class="k-what"><a href=${to("plans", plan.id)}>${headline(plan)}</a>${plan.reason && html`<span class="under dim"><${Ids} text=${plan.reason} /></span>`}</td><td class="k-by">${requester(plan.origin.by)}</td><td class="k-when"><${Time} at=${plan.createdAt} /></td></tr>`}>
      <${Empty} title="No plans"><p>A sentence in the box above makes one, for example: <q>deploy main of shop to staging</q></p></${Empty}></${List}>`;
}

export const EXECUTION_HEADS = html`<th class="w-4">Outcome</th><th>What</th><th class="w-3">By</th><th class="w-3">Begun</th><th class="w-2 right">Took</th>`;

export const executionRow = (e) => html`<tr key=${e.id}><td class="k-status"><${Badge} of="execution" status=${e.status} /></td><td class="k-what"><a href=${to("executions", e.id)}>${deed(e)}</a></td><td class="k-by">${requester(e.requestedBy)}</td><td class="k-when"><${Time} at=${e.createdAt} /></td><td class="k-took right num">${e.endedAt ? between(e.createdAt, e.endedAt, 0) : html`<${SoFar} from=${e.createdAt} />`}</td></tr>`;

const SoFar = ({ from }) => html`${between(from, null, useNow())}`;

/** @param {{query: URLSearchParams}} props */
export function ExecutionsView({ query }) {
  const path = filtered("/api/executions", query, PLACE);
  useTitle("Executions");
  return html`<header class="title"><h1>Executions</h1><div class="filters"><${PlaceFilter} query=${query} view="executions" /></div></header>
    <${List} key=${path} path=${path} concerns=${(topic) => topic === "execution"} what="executions" heads=${EXECUTION_HEADS} row=${executionRow}>
      <${Empty} title="Nothing was executed"><p>A plan runs once enough people have approved it. <a href="#/plans">To the plans</a></p></${Empty}></${List}>`;
}

/** @param {{query: URLSearchParams}} props */
export function IncidentsView({ query }) {
  const path = filtered("/api/incidents?brief=true", query, PLACE);
  useTitle("Incidents");
  return html`<header class="title"><h1>Incidents</h1><div class="filters"><${PlaceFilter} query=${query} view="incidents" /></div></header>
    <${List} key=${path} path=${path} concerns=${(topic) => topic === "incident"} what="incidents" heads=${html`<th class="w-4">Severity</th><th class="w-2">State</th><th>What</th><th class="w-3">Where</th><th class="w-3">Opened</th>`}
      row=${(i) => html`<tr key=${i.id}><td class="k-status"><${Badge} of="severity" status=${i.severity} word=${i.severity} /></td><td class="k-state">${i.status.kind}</td><td class="k-what"><a href=${to("incidents", i.id)}>${i.title}</a></td><td class="k-by">${placeName(i)}</td><td class="k-when"><${Time} at=${i.openedAt} /></td></tr>`}>
      <${Empty} title="No incidents"><p>A rollback, a failed rollback or a freeze would stand here with its evidence.</p></${Empty}></${List}>`;
}
