// A plan, made for one decision: yes or no to exactly this.
import { html, useState } from "../vendor/preact-htm-3.1.1.js";
import { placed, to } from "../core/router.js";
import { useData } from "../core/store.js";
import { interruption } from "../core/steps.js";
import { commit, configurationLines, counted, headline, requester, short } from "../core/words.js";
import { Badge, Digest, Glyph, Pairs, PlanBadge, Read, Time, fact, useTitle } from "../parts/basic.js";
import { Advice } from "../parts/advice.js";
import { Decision } from "../parts/decision.js";
import { Graph, inOrder } from "../parts/graph.js";
import { Marked, marks } from "../parts/reading.js";
import { Step } from "../parts/step.js";

export function PlanView({ id }) {
  const about = (topic, of) => topic === "plan" && of === id;
  const plan = useData(`/api/plans/${id}`, about);
  const approvals = useData(`/api/plans/${id}/approvals`, about);
  return html`<${Read} from=${plan} what="plan">${(data) => html`<${Plan} plan=${data} approvals=${approvals.data?.items ?? []} reload=${plan.reload} />`}</${Read}>`;
}

function Plan({ plan, approvals, reload }) {
  const { body } = plan;
  const where = placed(body);
  const ledger = useData(body.environment ? `/api/releases?${where}&limit=200` : null, (topic) => topic === "release");
  const releases = ledger.data?.items ?? [];
  const missing = ledger.data ? "is not among the newest 200 of the ledger" : ledger.error ? "could not be read" : "is being read";
  const executions = useData(`/api/executions?${where}&limit=200`, (topic) => topic === "execution").data?.items ?? [];
  const execution = executions.find((e) => e.plan === plan.id);
  useTitle(headline(plan));
  return html`<article class="plan" data-test="plan" data-status=${plan.status}>
    <header class="title"><h1>${headline(plan)}</h1><${PlanBadge} plan=${plan} /></header>
    <p class="origin">${plan.origin.text && html`<q class="marked"><${Marked} text=${plan.origin.text} marks=${marks({ intent: plan.origin.intent })} /></q> `}
      ${plan.origin.rerunOf && html`<a href=${to("executions", plan.origin.rerunOf.execution)}>an execution</a> again, from <b class="mono">${plan.origin.rerunOf.fromStep}</b> `}<span class="dim">asked by ${requester(plan.origin.by)} <${Time} at=${plan.createdAt} /></span></p>
    <div class="columns">
      <div>
        <${Changes} plan=${plan} releases=${releases} missing=${missing} />
        <${Steps} plan=${plan} />
        ${body.environment && html`<${WayBack} plan=${plan} releases=${releases} missing=${missing} />`}
      </div>
      <aside><${Decision} plan=${plan} approvals=${approvals} execution=${execution} reload=${reload} /><${Advice} advice=${plan.advice} /></aside>
    </div></article>`;
}

/** How the server's note about the interruption begins; it also knows how long the last one was. */
const INTERRUPTION = "interruption: ";

const isPinned = (pin, release) => pin && release.commit === pin.commit && release.configurationDigest === pin.configuration && release.imageId === pin.imageId;

function Changes({ plan, releases, missing }) {
  const { pins, configuration } = plan.body;
  const live = releases.find((r) => isPinned(pins.live, r));
  /** @type {string[]} */
  const notes = plan.notes;
  const stated = notes.find((note) => note.startsWith(INTERRUPTION));
  return html`<section aria-labelledby="changes"><h2 id="changes">What changes</h2>
    <dl class="facts">
      ${pins.commit && html`<div><dt>Source</dt><dd>${pins.referenceKind && pins.referenceKind !== "commit" ? `${pins.referenceKind} ` : ""}${pins.reference && pins.reference !== pins.commit && html`<b class="mono">${pins.reference}</b> at `}<${Digest} of=${pins.commit} what="commit" /></dd></div>`}
      <div><dt>Replaces</dt><dd>${pins.live ? html`${live ? html`<a class="mono" href=${to("releases", live.id)}>${live.version}</a> ` : ""}<${Digest} of=${pins.live.commit} what="commit" />` : plan.body.environment ? "nothing: a first release" : "nothing: no release is made"}</dd></div>
      <div><dt>Image</dt><dd>${pins.imageId ? html`<${Digest} of=${pins.imageId} what="image" /> as it is; nothing is built` : plan.body.steps.some((s) => s.action.kind === "build_image") ? "built from the commit" : "–"}</dd></div>
      ${fact("Interruption", stated ? stated.slice(INTERRUPTION.length) : interruption(plan.body))}
      ${notes.filter((note) => note !== stated).map((note) => fact("To know", note))}
      ${plan.chain.length > 0 && html`${fact("Afterwards", html`once this is verified, a plan for ${plan.chain.join(", then ")} is made and waits for its own approval`)}`}
    </dl>
    ${plan.changes && html`<${Commits} changes=${plan.changes} />`}
    ${configuration && html`<${Configuration} now=${configuration} before=${live?.configuration} none=${pins.live ? `The release that it replaces ${missing}.` : "Nothing to compare with: nothing runs there yet."} />`}</section>`;
}

function Commits({ changes }) {
  const all = changes.commits.length + changes.moreCommits;
  const files = changes.files.length + changes.moreFiles;
  const since = html`<span class="mono">${commit(changes.since)}</span>`;
  const what = { first: "A first deploy: everything is new.", same: "No commit: this one runs already.", forward: html`${counted(all, "commit")}, ${counted(files, "file")} since ${since}, which runs`, backward: html`Back by ${counted(all, "commit")} behind ${since}, which runs: they are taken out again`, diverged: html`${counted(all, "commit")} since ${since}, which runs and has ${counted(changes.lostCommits, "commit")} that are not in this one` }[changes.direction];
  const tone = changes.direction === "backward" || changes.direction === "diverged" ? "t-warn" : "";
  return html`<h3>Commits</h3><p class=${tone}>${tone && html`<${Glyph} shape="diamond" tone="warn" />`}${what}</p>
    ${changes.commits.length > 0 && html`<table class="list commits"><tbody>${changes.commits.map((c) => html`<tr key=${c.sha}><td><${Digest} of=${c.sha} what="commit" /></td><td class="subject">${c.subject}</td><td class="dim">${c.author}</td><td class="dim right"><${Time} at=${c.at} /></td></tr>`)}</tbody></table>`}
    ${changes.moreCommits > 0 && html`<p class="dim">and ${changes.moreCommits} more</p>`}
    ${files > 0 && html`<details><summary>${counted(files, "file")}</summary><ul class="files mono">${changes.files.map((file) => html`<li>${file}</li>`)}</ul>${changes.moreFiles > 0 && html`<p class="dim">and ${changes.moreFiles} more</p>`}</details>`}`;
}

function Configuration({ now, before, none }) {
  const next = configurationLines(now);
  const old = new Map(configurationLines(before));
  const names = [...new Set([...old.keys(), ...next.map(([name]) => name)])];
  const after = new Map(next);
  const differing = before ? names.filter((name) => old.get(name) !== after.get(name)) : [];
  const same = names.length - differing.length;
  return html`<h3>Configuration</h3>
    ${before && html`<p>${differing.length === 0 ? "The same as what runs." : `${counted(differing.length, "difference")} to what runs.`}</p>`}
    ${!before && html`<p>${none}</p>`}
    ${differing.length > 0 && html`<table class="diff"><tbody>${differing.map((name) => html`<tr><th>${name}</th><td>${old.has(name) && html`<del>${old.get(name)}</del>`}</td><td>${after.has(name) && html`<ins>${after.get(name)}</ins>`}</td></tr>`)}</tbody></table>`}
    <details open=${!before}><summary>${before ? `${same} unchanged, all of it` : "All of it"}</summary><${Pairs} of=${next} /></details>`;
}

function Steps({ plan }) {
  const steps = inOrder(plan.body);
  const [chosen, setChosen] = useState("");
  return html`<section aria-labelledby="steps"><h2 id="steps">Steps</h2>
    <${Graph} body=${plan.body} chosen=${chosen} choose=${(id) => setChosen(id === chosen ? "" : id)} />
    <ol class="steps">${steps.map((step) => html`<${Step} key=${step.id} step=${step} body=${plan.body} open=${chosen === step.id} toggle=${() => setChosen(chosen === step.id ? "" : step.id)} />`)}</ol></section>`;
}

function WayBack({ plan, releases, missing }) {
  const { rollbackTarget, onDegraded, action } = plan.body;
  const target = releases.find((r) => isPinned(rollbackTarget, r));
  const [text, tone] = onDegraded.act === "roll_back" ? ["Goes back by itself, once, if this release turns out bad in its bake. Approving this plan approves that rollback too.", "good"]
    : onDegraded.act === "not_watched" ? ["Not watched: no new release is made.", "quiet"]
    : action === "rollback" ? ["Nothing is automatic after a rollback: if it is bad too, a person is called.", "warn"]
    : rollbackTarget ? ["Not by itself: a person is called if it turns out bad.", "warn"]
    : ["There is nothing to go back to. If it turns out bad, it is left running and a person is called.", "warn"];
  return html`<section aria-labelledby="back"><h2 id="back">The way back</h2>
    <p><${Glyph} shape=${tone === "good" ? "check" : tone === "warn" ? "diamond" : "dot"} tone=${tone} />${text}</p>
    ${rollbackTarget && html`<dl class="facts"><div><dt>Goes to</dt><dd>${target ? html`<a class="mono" href=${to("releases", target.id)}>${target.version}</a> ` : ""}<${Digest} of=${rollbackTarget.commit} what="commit" /></dd></div>
      <div><dt>Proof</dt><dd>${target ? html`<${Badge} of="quality" status=${target.quality} />${proof(target)}, first live <${Time} at=${target.firstLiveAt} />` : `the release ${missing}`}</dd></div>
      ${fact("Image", html`<${Digest} of=${rollbackTarget.imageId} what="image" />`)}<div><dt>Configuration</dt><dd class="mono">${short(rollbackTarget.configuration)}</dd></div></dl>`}</section>`;
}

function proof({ verifiedBy }) {
  if (!verifiedBy) return "";
  return { metrics: " by its metrics over a whole bake", probe: " by Commander's own requests over a whole bake", person: ` by ${verifiedBy.name}` }[verifiedBy.kind] ?? "";
}
