// The page: who is signed in, what is looked at, and the frame around it.
import { html, render, useEffect, useErrorBoundary, useRef } from "./vendor/preact-htm-3.1.1.js";
import { get, post } from "./core/api.js";
import { session, state } from "./core/session.js";
import { useSignal } from "./core/signal.js";
import { link, startStream } from "./core/stream.js";
import { forgetAll, reloadAll } from "./core/store.js";
import { route } from "./core/router.js";
import { Failed, Toasts } from "./parts/basic.js";
import { Frame } from "./parts/frame.js";
import { SignIn } from "./views/signin.js";
import { Overview } from "./views/overview.js";
import { PlanView } from "./views/plan.js";
import { PlansView, ExecutionsView, IncidentsView } from "./views/lists.js";
import { ReleasesView } from "./views/releases.js";
import { ExecutionView } from "./views/execution.js";
import { ReleaseView } from "./views/release.js";
import { IncidentView } from "./views/incident.js";
import { ProceduresView } from "./views/procedures.js";
import { AuditView } from "./views/audit.js";
import { Missing } from "./views/missing.js";

/** The lists, and what stands behind an id in them. @type {Record<string, [any, any]>} */
const VIEWS = {
  plans: [PlansView, PlanView],
  executions: [ExecutionsView, ExecutionView],
  releases: [ReleasesView, ReleaseView],
  incidents: [IncidentsView, IncidentView],
  procedures: [ProceduresView, ProceduresView],
  audit: [AuditView, Missing],
};

function App() {
  const { phase } = useSignal(state);
  const at = useSignal(route);
  useEffect(() => {
    if (phase === "in") startStream();
    if (phase === "out") forgetAll();
  }, [phase]);
  // Another view begins at its top, and the keyboard goes on there.
  const where = at.path.join("/");
  const before = useRef(where);
  useEffect(() => {
    if (before.current === where) return;
    before.current = where;
    scrollTo(0, 0);
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [where]);
  if (phase === "starting") return html`<header class="top"><a class="brand" href="#/"><b>Commander</b></a></header>`;
  if (phase === "out") return html`<${SignIn} />`;
  const [name, id] = at.path;
  const [List, One] = VIEWS[name] ?? [Missing, Missing];
  const View = name === undefined ? Overview : id === undefined ? List : One;
  return html`<${Frame}><${Guard} key=${where}><${View} id=${id} query=${at.query} /></${Guard}></${Frame}>`;
}

/** A view that breaks takes nothing else with it. */
function Guard({ children }) {
  const [error] = useErrorBoundary((broken) => console.error(broken));
  if (error) return html`<${Failed} error=${{ message: `This view broke: ${error.message}. Reload the page; if it happens again, report it.` }} />`;
  return children;
}

async function start() {
  const token = /^#t=(.+)$/.exec(location.hash)?.[1];
  if (token) {
    // Used once, and out of the address bar and the history before anything else.
    history.replaceState(null, "", "#/");
    route.set({ path: [], query: new URLSearchParams(), text: "" });
    try {
      session.opened(await post("/api/session", { token }));
      return;
    } catch (error) {
      // A session of before may still be good; else the sign-in says why.
      if (!(await known())) session.ended(error);
      return;
    }
  }
  if (!(await known())) session.ended({ message: "" });
}

/** Whether the cookie is good. */
async function known() {
  try {
    const { you } = await get("/api/status");
    await session.borrow();
    session.known(you);
    return true;
  } catch (error) {
    if (error.code === "unauthorised") return false;
    session.ended(error);
    return true;
  }
}

// After a loss, what is shown may be older than what the stream will tell: read it once more.
let lost = false;
link.listen(({ state }) => {
  if (state === "open" && lost) reloadAll();
  lost = state === "lost";
});

const app = document.getElementById("app");
// What stood there while the scripts were loaded.
app.replaceChildren();
render(html`<${App} /><${Toasts} />`, app);
void start();
