// Who may decide, until when, and the decision itself.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { post } from "../core/api.js";
import { state } from "../core/session.js";
import { useSignal } from "../core/signal.js";
import { go, to } from "../core/router.js";
import { reload as readAgain } from "../core/store.js";
import { counted, headline } from "../core/words.js";
import { length } from "../core/time.js";
import { Copy, Correlation, Dialog, Digest, Glyph, Ids, Time, fact, sends, toast, useNow, useOnce } from "./basic.js";
import { Findings } from "./advice.js";
import { Covered } from "./covered.js";

export function Decision({ plan, approvals, execution, reload }) {
  const [open, setOpen] = useState("");
  const { mayChange, person } = useSignal(state);
  const now = useNow();
  const blocked = plan.advice.findings.filter((f) => f.severity === "high");
  const pending = plan.status === "pending_approval";
  const given = approvals.filter((a) => a.by.kind === "person");
  const mine = given.some((a) => a.by.name === person);
  const can = pending && blocked.length === 0 && mayChange && !mine;
  useEffect(() => {
    const key = (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(/** @type {any} */ (event.target).tagName ?? "");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.key === "a" && can) setOpen("approve");
      else if (event.key === "r" && pending && mayChange) setOpen("reject");
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [can, pending, mayChange]);
  const [anew, busy] = useOnce(async () => {
    const next = await post(`/api/plans/${plan.id}/refresh`);
    toast("A new plan was made for the same wish.");
    go(to("plans", next.id));
  });
  const renewable = ["expired", "superseded", "failed", "cancelled", "rejected"].includes(plan.status) || (pending && blocked.length > 0);
  const left = Date.parse(plan.expiresAt) - now;
  return html`<section class=${`decision ${pending ? "open" : ""}`} aria-labelledby="decision" data-test="decision">
    <h2 id="decision">${pending ? "Decide" : "Decision"}</h2>
    ${pending && blocked.length > 0 && html`<p class="t-bad lead"><${Glyph} shape="stop" tone="bad" /><b>Blocked by a procedure.</b></p><p>Nobody can approve this. Change what the procedure objects to, or wait until it does not any more, then make the plan anew.</p>`}
    ${pending && blocked.length === 0 && html`<p>${plan.advice.requiredApprovals > 1 ? `${plan.advice.requiredApprovals} different people must approve.` : "One person with a token approves."} ${left > 0 ? html`Offered for <span class="num">${length(left)}</span> more.` : html`<b class="t-warn">Its time is over.</b>`}</p>`}
    ${!pending && html`<${Why} plan=${plan} />`}
    ${approvals.length > 0 && html`<ul class="approvals">${approvals.map((a) => html`<li key=${a.id}><${Glyph} shape="check" tone="good" /><span><b>${a.by.kind === "person" ? a.by.name : "by policy"}</b> ${a.by.kind === "person" ? "approved" : html`under an approval given before`} <${Time} at=${a.at} />${a.comment && html`<q>${a.comment}</q>`}</span></li>`)}</ul>`}
    ${pending && mine && plan.advice.requiredApprovals > given.length && html`<p>You have approved. ${counted(plan.advice.requiredApprovals - given.length, "other person")} must, too.</p>`}
    ${execution && html`<p><a class="go" href=${to("executions", execution.id)} data-test="execution-link">${execution.endedAt ? "How it went" : "Watch it run"} →</a></p>`}
    ${pending && html`<div class="acts">
      <button class="primary" disabled=${!can} onClick=${() => setOpen("approve")} data-test="approve">Approve <kbd>a</kbd></button>
      <button disabled=${!mayChange} onClick=${() => setOpen("reject")} data-test="reject">Reject <kbd>r</kbd></button></div>`}
    ${renewable && html`<div class="acts"><button disabled=${busy || !mayChange} onClick=${anew} data-test="refresh">Make the plan anew</button></div>`}
    <dl class="facts tight">${fact("Digest", html`<${Digest} of=${plan.digest} what="digest" />`)}${fact("Id", html`<span class="chip mono"><span title=${plan.id}>${plan.id.slice(-12)}</span><${Copy} text=${plan.id} label="plan id" /></span>`)}</dl>
    ${open === "approve" && html`<${Approve} plan=${plan} close=${() => setOpen("")} reload=${reload} />`}
    ${open === "reject" && html`<${Reject} plan=${plan} close=${() => setOpen("")} />`}</section>`;
}

/** Why it is not open for a decision, and what to do. */
function Why({ plan }) {
  const todo = { expired: "Nobody decided in time, or the approved plan did not start in time.", superseded: "The world has moved since it was made: what it would do is not what was shown.", rejected: "A person said no.", failed: "It failed and what it did was undone.", cancelled: "A person ended it; what it did was undone.", rolled_back: "It went live, turned out bad, and was taken back.", running: "It was approved and runs.", approved: "It was approved and starts when its place is free.", succeeded: "It was approved and carried out." }[plan.status];
  return html`<p>${todo}</p>${plan.reason && html`<p class="reason"><${Ids} text=${plan.reason} /></p>`}`;
}

/** Ctrl+Enter. @param {KeyboardEvent & {target: any}} event */
const sent = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form.requestSubmit();

function Approve({ plan, close, reload }) {
  const [failure, setFailure] = useState(null);
  const comment = useRef(null);
  const [approve, busy] = useOnce(async () => {
    const answer = await post(`/api/plans/${plan.id}/approve`, { digest: plan.digest, comment: comment.current.value.trim() || null });
    readAgain(`/api/plans/${plan.id}`);
    readAgain(`/api/plans/${plan.id}/approvals`);
    close();
    const missing = answer.requiredApprovals - answer.approvedBy.length;
    toast(answer.waitsFor ? "Approved. It waits for what runs there." : missing > 0 ? `Approved; ${counted(missing, "more approval")} needed.` : "Approved. It starts now.");
    if (answer.execution) go(to("executions", answer.execution.id));
  }, (error) => {
    setFailure(error);
    reload();
  });
  const back = plan.body.onDegraded.act === "roll_back";
  return html`<${Dialog} title="Approve exactly this" close=${close} wide><form onSubmit=${sends(approve)}>
    <p class="lead">${headline(plan)}.${back ? " If it turns out bad in its bake, it is rolled back by itself, once." : ""}</p>
    <${Covered} plan=${plan} />
    <label for="comment">Comment <span class="dim">(optional, kept with the approval)</span></label>
    <textarea id="comment" ref=${comment} rows="2" maxlength="500" autofocus onKeyDown=${sent}></textarea>
    <${Refused} error=${failure} />
    <footer><button type="submit" class="primary" disabled=${busy} data-test="approve-now">Approve digest ${plan.digest.replace("sha256:", "").slice(0, 12)}</button><button type="button" onClick=${close}>Not now</button><span class="dim keys">Ctrl+Enter approves</span></footer></form></${Dialog}>`;
}

function Reject({ plan, close }) {
  const [failure, setFailure] = useState(null);
  const reason = useRef(null);
  const [reject, busy] = useOnce(async () => {
    await post(`/api/plans/${plan.id}/reject`, { reason: reason.current.value.trim() });
    readAgain(`/api/plans/${plan.id}`);
    toast("Rejected. Nothing was done.");
    close();
  }, setFailure);
  return html`<${Dialog} title="Reject this plan" close=${close}><form onSubmit=${sends(reject)}>
    <p>${headline(plan)}. This ends the plan; nothing is done.</p>
    <label for="reason">Reason <span class="dim">(whoever asked reads it)</span></label>
    <textarea id="reason" ref=${reason} rows="3" maxlength="500" required autofocus onKeyDown=${sent}></textarea>
    <${Refused} error=${failure} />
    <footer><button type="submit" class="danger" disabled=${busy} data-test="reject-now">Reject</button><button type="button" onClick=${close}>Not now</button></footer></form></${Dialog}>`;
}

const Refused = ({ error }) => error && html`<div class="refused" role="alert"><p class="t-bad"><${Glyph} shape="cross" tone="bad" />${error.message}</p><${Findings} findings=${error.findings ?? []} /><${Correlation} id=${error.correlationId} /></div>`;
