// One execution: its graph as it goes or went, its output, and afterwards its timeline.
import { html, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { post } from "../core/api.js";
import { state as session } from "../core/session.js";
import { useSignal } from "../core/signal.js";
import { to } from "../core/router.js";
import { useData } from "../core/store.js";
import { between, length } from "../core/time.js";
import { deed, headline, requester } from "../core/words.js";
import { Badge, Dialog, Failed, Glyph, Read, Time, sends, toast, useNow, useOnce, useTitle } from "../parts/basic.js";
import { Graph, inOrder } from "../parts/graph.js";
import { Left } from "../parts/left.js";
import { LogPane } from "../parts/logpane.js";
import { Step } from "../parts/step.js";
import { Questions } from "../parts/questions.js";
import { Gantt } from "../parts/gantt.js";
import { Again, Compare, Past } from "../parts/past.js";

const OPEN = new Set(["waiting", "running", "unwinding"]);

export function ExecutionView({ id }) {
  const execution = useData(`/api/executions/${id}`, (topic, of) => (topic === "journal" || topic === "execution") && of === id);
  return html`<${Read} from=${execution} what="execution">${(data) => html`<${Execution} key=${id} view=${data} reload=${execution.reload} />`}</${Read}>`;
}

function Execution({ view, reload }) {
  const { execution, plan, state, interruptionMs } = view;
  const [chosen, setChosen] = useState("");
  const [stopping, setStopping] = useState(false);
  const { mayChange } = useSignal(session);
  const now = useNow();
  const open = OPEN.has(state.status);
  const steps = inOrder(plan.body);
  const [at, setAt] = useState(0);
  const past = useData(at ? `/api/executions/${execution.id}?at=${at}` : null);
  const then = past.data;
  const last = useRef(state);
  if (then) last.current = then.state;
  const states = (at ? last.current : state).steps;
  const begun = state.startedAt ?? execution.createdAt;
  useTitle(`${state.status}: ${deed(execution)}`);
  return html`<article class="execution" data-test="execution" data-status=${state.status}>
    <header class="title"><h1>${headline(plan)}</h1><${Badge} of="execution" status=${state.status} />
      <span class="grow"></span>${open && html`<button class="danger" disabled=${!mayChange} onClick=${() => setStopping(true)} data-test="cancel">Cancel…</button>`}</header>
    <p class="origin dim">by ${requester(execution.requestedBy)} · begun <${Time} at=${begun} /> · <span class="num">${between(begun, execution.endedAt, now)}</span>${open ? " so far" : ""}${" "}
      ${interruptionMs != null && html`· nothing answered for <b class="num">${length(interruptionMs)}</b>`}${" · "}<a href=${to("plans", plan.id)}>the plan</a>${execution.release && html` · <a href=${to("releases", execution.release)}>the release</a>`}</p>
    <${Outcome} execution=${execution} plan=${plan} state=${state} />
    <${Left} left=${view.left} />
    <${Questions} execution=${execution} states=${state.steps} />
    <section aria-label="Steps"><${Past} id=${execution.id} at=${at} choose=${setAt} />${past.error && !then ? html`<${Failed} ...${past} what="moment" />` : html`<${Graph} body=${plan.body} states=${states} chosen=${chosen} choose=${(step) => setChosen(step === chosen ? "" : step)} />`}
      ${chosen && html`<ol class="steps"><${Step} step=${steps.find((s) => s.id === chosen)} body=${plan.body} state=${states[chosen] ?? { status: "waiting" }} open toggle=${() => setChosen("")} /></ol>`}
      ${chosen && !open && html`<${Again} id=${execution.id} step=${chosen} disabled=${!mayChange} />`}</section>
    ${!open && execution.endedAt && html`<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2><${Gantt} steps=${steps} states=${state.steps} from=${begun} to=${execution.endedAt} /></section>`}
    <section aria-labelledby="output"><header class="head"><h2 id="output">Output${chosen && html` of <span class="mono">${chosen}</span>`}</h2>${chosen && html`<button class="small" onClick=${() => setChosen("")}>All steps</button>`}</header>
      <${LogPane} path=${`/api/executions/${execution.id}/logs`} name=${`execution-${execution.id}`} step=${chosen} /></section>
    ${!open && html`<${Compare} execution=${execution} />`}
    ${stopping && html`<${Cancel} execution=${execution} plan=${plan} close=${() => setStopping(false)} reload=${reload} />`}</article>`;
}

function Outcome({ execution, plan, state }) {
  const release = to("releases", execution.release);
  if (state.failure) {
    const [step, fault] = state.failure;
    return told("bad", "cross", html`<b>${step}</b> failed: ${fault.message}`, html`<p class="dim">${{ unwinding: "What was done is being undone, latest first.", failed: "What was done was undone: it is as it was before.", stuck: "Something could not be undone: an incident names it, and a person must act." }[state.status] ?? ""}</p>`);
  }
  if (state.status === "waiting") return told("busy", "wait", "It waits for what runs in the same place, and starts by itself.");
  if (state.cancel) return told("warn", "slash", `Cancelled: ${state.cancel}`);
  if (plan.status === "rolled_back") return told("bad", "back", html`It went live, turned out bad, and was taken back. <a href=${release}>The evidence</a>`);
  if (state.status === "succeeded" && execution.release && execution.action !== "rollback") return told("good", "check", html`It went live. <a href=${release}>The release and the evidence so far</a>`);
  return null;
}

/** @param {string} tone @param {string} shape @param {any} text @param {any} [more] */
const told = (tone, shape, text, more) => html`<div class=${`outcome t-${tone}-edge`}><p><${Glyph} shape=${shape} tone=${tone} />${text}</p>${more}</div>`;

function Cancel({ execution, plan, close, reload }) {
  const [failure, setFailure] = useState(null);
  const reason = useRef(null);
  const [cancel, busy] = useOnce(async () => {
    await post(`/api/executions/${execution.id}/cancel`, { reason: reason.current.value.trim() });
    toast("It is being ended; what it did is undone.");
    reload();
    close();
  }, setFailure);
  const replaced = plan.body.pins.live;
  return html`<${Dialog} title="End this execution" close=${close}><form onSubmit=${sends(cancel)}>
    <p>What runs is told to stop, and every step that was begun is undone, latest first.</p>
    <p>${execution.action === "rollback" ? "A rollback whose switch has begun is carried through: then this is refused." : replaced ? "If the old container was stopped already, it is started again exactly as it was; nothing answers until then." : "Nothing ran there before, so nothing will run there afterwards."}</p>
    <label for="why">Reason <span class="dim">(optional)</span></label><input id="why" ref=${reason} maxlength="500" autofocus />
    ${failure && html`<${Failed} error=${failure} />`}
    <footer><button type="submit" class="danger" disabled=${busy} data-test="cancel-now">End it and undo</button><button type="button" onClick=${close}>Let it run</button></footer></form></${Dialog}>`;
}
