// What runs where, how sure we are of it, and what waits for a person. Left open all day.
import { html, useState } from "../vendor/preact-htm-3.1.1.js";
import { ask } from "../core/api.js";
import { to } from "../core/router.js";
import { useData } from "../core/store.js";
import { length } from "../core/time.js";
import { commit, counted, headline, isBlocked, requester } from "../core/words.js";
import { Badge, Empty, Glyph, PlanBadge, Read, Time, toast, useNow, useOnce, useTitle } from "../parts/basic.js";
import { Figures } from "../parts/figures.js";
import { Near, Table } from "../parts/list.js";
import { EXECUTION_HEADS, executionRow } from "./lists.js";

const ANY = (topic) => topic !== "journal";
const LAST = 8;
/** So many of what waits are read, and shown at first. */
const [READ, FIRST] = [100, 8];
/** From so many services on they can be filtered. */
const MANY = 8;
/** How tall a service and each of its environments are before they were seen. */
const [HEAD, ROW] = [47, 55];

export function Overview() {
  const services = useData("/api/services", ANY);
  const plans = useData(`/api/plans?status=pending_approval&limit=${READ}`, (topic) => topic === "plan");
  const incidents = useData(`/api/incidents?open=true&brief=true&limit=${READ}`, (topic) => topic === "incident");
  const status = useData("/api/status");
  const executions = useData(`/api/executions?limit=${LAST}`, (topic) => topic === "execution");
  useTitle("");
  return html`<h1 class="unseen">Overview</h1>
    <${Read} from=${services} what="services">${(data) => html`
      <${Read} from=${[plans, incidents, status]} what="list of what waits">${(p, i, { counts }) => html`<${Waiting} plans=${p.items} incidents=${i.items} counts=${counts} places=${data.items.flatMap((s) => s.environments)} />`}</${Read}>
      <${Services} services=${data.items} />
    `}</${Read}>
    <section aria-labelledby="last"><header class="head"><h2 id="last">Last changes</h2><a href="#/executions">All executions</a></header>
      <${Read} from=${executions} what="executions">${(data) => html`<${Last} items=${data.items} />`}</${Read}></section>`;
}

function Waiting({ plans, incidents, counts, places }) {
  const [all, setAll] = useState(false);
  const frozen = places.filter((place) => place.freeze);
  const shown = incidents.filter((incident) => incident.severity !== "notice" || incident.kind === "freeze");
  const read = plans.length + shown.length + frozen.length;
  // Those that were not read are counted by the server.
  const unread = (items, all) => items.length < READ ? 0 : Math.max(0, all - READ);
  const [plansLeft, incidentsLeft] = [unread(plans, counts.pendingPlans), unread(incidents, counts.openIncidents)];
  const count = read + plansLeft + incidentsLeft;
  if (count === 0) return html`<p class="calm" data-test="waiting" data-count="0"><${Glyph} shape="check" tone="good" />Nothing waits for a person.</p>`;
  const lines = [
    ...shown.map((i) => html`<li key=${i.id} class="t-bad-edge"><${Badge} of="severity" status=${i.severity} word=${i.severity} /><a href=${to("incidents", i.id)}>${i.title}</a><span class="aside">opened <${Time} at=${i.openedAt} /></span></li>`),
    ...frozen.map((place) => html`<${Frozen} key=${`${place.service}/${place.environment}`} place=${place} />`),
    ...plans.map((plan) => html`<${Pending} key=${plan.id} plan=${plan} />`),
  ];
  return html`<section class="waiting" aria-labelledby="waiting" data-test="waiting" data-count=${count}>
    <header class="head"><h2 id="waiting">Waits for a person <span class="count waits">${count}</span></h2></header>
    <ul>${all ? lines : lines.slice(0, FIRST)}</ul>
    ${count > FIRST && html`<p class="more acts"><button class="small" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "Fewer" : read < count ? `The newest ${read} of ${count}` : `All ${count}`}</button>
      ${plansLeft > 0 && html`<a href="#/plans?status=pending_approval">All ${counts.pendingPlans} plans</a>`}${incidentsLeft > 0 && html`<a href="#/incidents">All incidents</a>`}</p>`}</section>`;
}

function Frozen({ place }) {
  const [lift, busy] = useOnce(async () => {
    await ask("DELETE", `/api/services/${encodeURIComponent(place.service)}/environments/${encodeURIComponent(place.environment)}/freeze`);
    toast(`${place.service} in ${place.environment} is not frozen any more: automatic acts are on again.`);
  });
  return html`<li class="t-warn-edge"><span class="badge t-warn"><${Glyph} shape="pause" />frozen</span><span>${place.service} in ${place.environment}: ${place.freeze.reason}</span>
    <span class="aside">since <${Time} at=${place.freeze.since} /></span><button class="small" disabled=${busy} onClick=${lift}>End the freeze</button></li>`;
}

function Pending({ plan }) {
  const needed = plan.advice.requiredApprovals;
  return html`<li class=${isBlocked(plan) ? "t-bad-edge" : "t-warn-edge"} data-test="pending-plan"><${PlanBadge} plan=${plan} word=${needed > 1 ? `${needed} approvals` : "approval"} />
    <a href=${to("plans", plan.id)}>${headline(plan)}</a><span class="aside">asked by ${requester(plan.origin.by)} <${Time} at=${plan.createdAt} /></span></li>`;
}

function Services({ services }) {
  const [words, setWords] = useState("");
  if (services.length === 0) return html`<${Empty} title="No service yet"><p>Add <code>[services.NAME]</code> with its <code>repository</code> and an environment to <code>commander.toml</code>, then start the server anew.</p></${Empty}>`;
  const live = services.some((s) => s.environments.some((e) => e.live));
  const shown = services.filter(({ name, environments }) => [name, ...environments.map((e) => e.live?.version)].join(" ").toLowerCase().includes(words.toLowerCase()));
  return html`<section aria-labelledby="services"><header class="head"><h2 id="services">Services</h2><span class="dim" role="status">${words && `${shown.length} of `}${counted(services.length, "service")}</span>${services.length > MANY && html`<input type="search" placeholder="Filter: a service, a version" aria-label="Filter the services" value=${words} onInput=${(e) => setWords(e.target.value)} data-test="filter" />`}</header>
    ${!live && html`<p class="hint">Nothing runs yet. Type into the box above, for example: <q>deploy v1.0.0 of ${services[0].name} to ${services[0].environments[0]?.environment ?? "staging"}</q></p>`}
    <table class="board"><colgroup><col class="c-env" /><col class="c-version" /><col class="c-state" /><col class="c-since" /><col class="c-plot" /><col class="c-plot" /><col class="c-back" /></colgroup>
      <thead><tr><th>Environment</th><th>Runs</th><th>How sure</th><th>Since</th><th>Error rate</th><th>p95</th><th>Rollback to</th></tr></thead>
      ${shown.map((service, n) => html`<${Near} key=${service.name} height=${HEAD + ROW * service.environments.length} seen=${n < MANY}>${() => html`<tr class="service"><th colspan="7" scope="rowgroup"><a href=${`#/releases?service=${encodeURIComponent(service.name)}`}>${service.name}</a><span class="repository mono">${service.repository}</span></th></tr>
        ${service.environments.map((place) => html`<${Row} key=${place.environment} place=${place} />`)}`}</${Near}>`)}</table></section>`;
}

function Row({ place }) {
  const { live, watch } = place;
  const name = html`<th scope="row" class="c-env">${place.environment}</th>`;
  const test = `place-${place.service}-${place.environment}`;
  if (!live) return html`<tr class="none" data-test=${test}>${name}<td class="c-version dim">nothing runs</td><td class="c-state"><${Doing} place=${place} /></td><td colspan="4"></td></tr>`;
  return html`<tr data-test=${test} data-quality=${live.quality}>${name}
    <td class="c-version"><a class="mono version" href=${to("releases", live.id)}>${live.version}</a>${!live.commit.startsWith(live.version) && html`<span class="mono dim sha" title=${live.commit}>${commit(live.commit)}</span>`}</td>
    <td class="c-state">${watch ? html`<${Baking} watch=${watch} />` : html`<${Badge} of="quality" status=${live.quality} />`}<${Container} seen=${live.container} /><${Doing} place=${place} /></td>
    <td class="c-since"><${Time} at=${live.since} /><span class="dim by">by ${live.by}</span></td>
    <${Figures} place=${place} />
    <td class="c-back">${place.lastKnownGoodVersion ? html`<a class="mono" href=${to("releases", place.lastKnownGood)}>${place.lastKnownGoodVersion}</a>` : html`<span class="dim">none yet</span>`}</td></tr>`;
}

function Baking({ watch }) {
  const now = useNow();
  const { clock, status, byMetrics, byAny, evaluations } = watch.state;
  if (status !== "baking") return html`<${Badge} of="watch" status=${status} />`;
  const whole = watch.settings.bakeSeconds * 1000;
  const left = Math.max(0, whole - clock.bakedMilliseconds);
  const good = Math.max(byMetrics.good, byAny.good);
  const bad = watch.state.counts.bad ?? 0;
  return html`<span class="baking" data-now=${now > 0}><${Badge} of="watch" status="baking" word=${left > 0 ? `baking, ${length(left)} left` : "baking"} />
    <progress max=${whole} value=${Math.min(whole, clock.bakedMilliseconds)} aria-label="Bake"></progress>
    <span class="dim">${evaluations === 0 ? "not looked at yet" : html`${good} good${bad > 0 ? html`, <b class="t-bad">${bad} bad</b>` : ""} of ${evaluations}`}</span></span>`;
}

/** Only what is not as it should be. */
function Container({ seen }) {
  if (!seen || (seen.state === "running" && seen.restartCount === 0)) return null;
  const word = seen.restartCount > 0 ? `container ${seen.state}, ${counted(seen.restartCount, "restart")}` : `container ${seen.state}`;
  return html`<span class="line"><${Badge} of="container" status=${seen.state} word=${word} /></span>`;
}

/** What is being done to a place. */
function Doing({ place }) {
  const { lockedBy, waiting, freeze } = place;
  return html`${freeze && html`<span class="line badge t-warn"><${Glyph} shape="pause" />frozen</span>`}
    ${lockedBy && html`<span class="line"><a class="badge t-busy" href=${to("executions", lockedBy.execution)}><${Glyph} shape="run" />${lockedBy.action} runs, <${Time} at=${lockedBy.since} /></a></span>`}
    ${waiting.length > 0 && html`<span class="line dim">${waiting.length} waiting behind it</span>`}`;
}

const Last = ({ items }) => items.length === 0 ? html`<p class="dim">Nothing was done yet.</p>` : html`<${Table} heads=${EXECUTION_HEADS} items=${items} row=${executionRow} />`;
