// One release and its watch: the evidence of every evaluation beside its limits.
import { html, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { ask, post } from "../core/api.js";
import { state as session } from "../core/session.js";
import { useSignal } from "../core/signal.js";
import { go, placed, to } from "../core/router.js";
import { reload as readAgain, useData } from "../core/store.js";
import { length } from "../core/time.js";
import { configurationLines, counted, headline, placeName, value } from "../core/words.js";
import { Badge, Dialog, Digest, Glyph, Pairs, Read, Time, fact, sends, toast, useOnce, useTitle } from "../parts/basic.js";
import { Evaluation } from "../parts/evaluation.js";
import { LogPane } from "../parts/logpane.js";
import { Plot, pointsOf, Verdicts } from "../parts/plot.js";

export function ReleaseView({ id }) {
  const release = useData(`/api/releases/${id}`, (topic) => topic === "release");
  return html`<${Read} from=${release} what="release">${(data) => html`<${Release} release=${data} />`}</${Read}>`;
}

function Release({ release }) {
  const watches = useData(`/api/watches?${placed(release)}&limit=200`, (topic) => topic === "watch");
  const watch = watches.data?.items.find((w) => w.release === release.id);
  const place = { service: release.service, environment: release.environment };
  const [logs, setLogs] = useState(false);
  useTitle(`${release.version} · ${placeName(place)}`);
  return html`<article class="release" data-test="release" data-quality=${release.quality}>
    <header class="title"><h1><span class="mono">${release.version}</span> of ${release.service} in ${release.environment}</h1><${Badge} of="quality" status=${release.quality} /><span class="presence">${release.presence}</span></header>
    <${Acts} release=${release} watch=${watch} />
    ${watches.data && !watch && html`<p class="dim">This release was not watched.</p>`}
    ${watch && html`<${Watched} watch=${watch} />`}
    <section aria-labelledby="facts"><h2 id="facts">The release</h2><dl class="facts">
      ${fact("By", release.by)}
      ${fact("First live", html`<${Time} at=${release.firstLiveAt} />`)}
      <div><dt>Proof</dt><dd>${release.verifiedBy ? { metrics: "its metrics over a whole bake", probe: "Commander's own requests over a whole bake", person: `${release.verifiedBy.name} vouches for it` }[release.verifiedBy.kind] : "none"}</dd></div>
      ${fact("Commit", html`<${Digest} of=${release.commit} what="commit" />`)}
      ${fact("Image", html`<${Digest} of=${release.imageId} what="image" />`)}
      ${Object.entries(release.baseImages).map(([name, digest]) => html`<div><dt>Built on</dt><dd class="mono">${name} <${Digest} of=${digest} what="base image" /></dd></div>`)}
      ${fact("Configuration", html`<${Digest} of=${release.configurationDigest} what="configuration digest" />`)}
      ${fact("Came by", html`<a href=${to("plans", release.plan)}>the plan</a>, <a href=${to("executions", release.execution)}>its execution</a>`)}</dl>
      <details><summary>All of its configuration</summary><${Pairs} of=${configurationLines(release.configuration)} /></details></section>
    <section aria-labelledby="logs"><header class="head"><h2 id="logs">What it prints</h2><button class="small" aria-expanded=${logs} onClick=${() => setLogs(!logs)}>${logs ? "Close" : "Show"}</button></header>
      ${logs && html`<${LogPane} path=${`/api/releases/${release.id}/logs?tail=2000`} name=${`${release.service}-${release.version}`} />`}</section></article>`;
}

function Watched({ watch }) {
  const view = useData(`/api/watches/${watch.id}?limit=500`, (topic, of) => topic === "watch" && of === watch.id);
  const [chosen, setChosen] = useState(null);
  return html`<section aria-labelledby="watch" class="watch" data-test="watch" data-status=${watch.state.status}>
    <header class="head"><h2 id="watch">The watch</h2><${Badge} of="watch" status=${watch.state.status} /></header>
    <${Bake} watch=${watch} points=${pointsOf(view.data?.evaluations ?? [], "error_rate")} />
    <${Read} from=${view} what="evaluations">${(/** @type {any} */ { evaluations }) => {
      if (evaluations.length === 0) return html`<p class="dim">No evaluation yet: the first one comes within ${length(watch.settings.intervalMilliseconds)}.</p>`;
      const picked = evaluations.find((e) => e.number === chosen) ?? evaluations.at(-1);
      return html`<div class="plots">${["error_rate", "p95", "requests"].filter((m) => m !== "requests" || evaluations.some((e) => e.measures.some((x) => x.metric === m))).map((metric) => html`<${Plot} key=${metric} points=${pointsOf(evaluations, metric)} metric=${metric} chosen=${picked.number} choose=${setChosen} />`)}</div>
        <${Evaluation} evaluation=${picked} all=${evaluations} choose=${setChosen} latest=${chosen === null} />`;
    }}</${Read}></section>`;
}

function Bake({ watch, points }) {
  const { state, settings, grant, restored } = watch;
  const whole = settings.bakeSeconds * 1000;
  const baked = Math.min(whole, state.clock.bakedMilliseconds);
  const t = settings.thresholds;
  const counts = Object.entries(state.counts).filter(([, n]) => n > 0);
  return html`<div class="bake"><div class="bake-bar"><progress max=${whole} value=${baked} aria-label="Bake"></progress><span class="num">${length(baked)} of ${length(whole)}</span></div>
    <p>${points.length > 0 && html`<${Verdicts} points=${points} />`}${counted(state.evaluations, "evaluation")}: ${counts.map(([kind, n]) => `${n} ${kind.replaceAll("_", " ")}`).join(", ") || "none"}</p>
    ${watch.reason && html`<p class="reason">${watch.reason}</p>`}
    <dl class="facts tight"><div><dt>Judged by</dt><dd>error rate at most ${value("error_rate", t.errorRateMax)}${t.p95MaxSeconds ? `, p95 at most ${value("p95", t.p95MaxSeconds)}` : ""}, from ${t.minRequests} requests in ${length(settings.windowSeconds * 1000)} on, every ${length(settings.intervalMilliseconds)}</dd></div>
      ${fact("Bad for certain", html`${settings.consecutiveBad} bad in a row, or ${settings.badOf.bad} of ${settings.badOf.last}`)}
      <div><dt>Then</dt><dd>${grant ? html`rolled back by itself, once, as its approval allowed, to <${Digest} of=${grant.onDegraded?.to?.commit} what="commit" />` : restored ? "nothing by itself: this release was restored by a rollback" : "a person is called"}</dd></div></dl></div>`;
}

function Acts({ release, watch }) {
  const { mayChange } = useSignal(session);
  const [forbidding, setForbidding] = useState(false);
  const again = () => readAgain(`/api/releases/${release.id}`);
  const [verify, verifying] = useOnce(async () => { await post(`/api/releases/${release.id}/verify`); again(); toast(`You vouch for ${release.version}: it is verified.`); });
  const [stop, stops] = useOnce(async () => { await post(`/api/watches/${watch.id}/stop`); toast("The watch has ended; nothing automatic follows for this release."); });
  const [lift, lifting] = useOnce(async () => { await ask("DELETE", `/api/releases/${release.id}/quarantine`); again(); toast("It is not quarantined any more."); });
  const [back, goes] = useOnce(async () => {
    const plan = await post("/api/rollbacks", { service: release.service, environment: release.environment, to: release.presence === "live" ? null : release.id });
    toast(`${headline(plan)}: a plan was made and waits for approval.`);
    go(to("plans", plan.id));
  });
  const open = watch && ["baking", "paused"].includes(watch.state.status);
  const vouch = ["live", "standby"].includes(release.presence) && ["unproven", "unverified"].includes(release.quality);
  return html`<div class="acts">
    ${vouch && html`<button disabled=${!mayChange || verifying} onClick=${verify} data-test="verify" title="A named person vouches for it">Vouch for it</button>`}
    ${open && html`<button disabled=${!mayChange || stops} onClick=${stop} data-test="stop-watch" title="Nothing automatic follows for this release">Stop the watch</button>`}
    ${release.presence === "live" && html`<button disabled=${!mayChange || goes} onClick=${back} data-test="rollback">Plan a rollback</button>`}
    ${release.presence === "standby" && release.quality !== "quarantined" && html`<button disabled=${!mayChange || goes} onClick=${back} data-test="rollback">Plan to go back to it</button>`}
    ${release.quality === "quarantined" ? html`<button disabled=${!mayChange || lifting} onClick=${lift} data-test="lift">Lift the quarantine</button>` : html`<button disabled=${!mayChange} onClick=${() => setForbidding(true)} data-test="quarantine">Quarantine…</button>`}
    ${forbidding && html`<${Forbid} release=${release} close=${() => { setForbidding(false); again(); }} />`}</div>`;
}

function Forbid({ release, close }) {
  const reason = useRef(null);
  const [forbid, busy] = useOnce(async () => {
    await ask("PUT", `/api/releases/${release.id}/quarantine`, { reason: reason.current.value.trim() });
    toast("Quarantined: it cannot be deployed, and nothing goes back to it.");
    close();
  });
  return html`<${Dialog} title=${`Quarantine ${release.version}`} close=${close}><form onSubmit=${sends(forbid)}>
    <p>The same commit and image with this configuration cannot be deployed to ${release.environment} any more, and no rollback goes to it. What runs is not touched.</p>
    <label for="reason">Reason</label><textarea id="reason" ref=${reason} rows="3" maxlength="500" required autofocus></textarea>
    <footer><button type="submit" class="danger" disabled=${busy}><${Glyph} shape="stop" />Quarantine</button><button type="button" onClick=${close}>Not now</button></footer></form></${Dialog}>`;
}
