// What stands around every view.
import { html, useEffect, useState } from "../vendor/preact-htm-3.1.1.js";
import { ask } from "../core/api.js";
import { session, state } from "../core/session.js";
import { useSignal } from "../core/signal.js";
import { link } from "../core/stream.js";
import { route } from "../core/router.js";
import { useData } from "../core/store.js";
import { exact, length } from "../core/time.js";
import { Glyph, toastError, useNow } from "./basic.js";
import { CommandBox } from "./command.js";
import { SignInAgain } from "../views/signin.js";

const WAYS = [["", "Overview"], ["plans", "Plans"], ["executions", "Executions"], ["releases", "Releases"], ["incidents", "Incidents"], ["procedures", "Procedures"], ["audit", "Audit"]];
const COUNTED = new Set(["plan", "execution", "incident", "freeze", "watch"]);

export function Frame({ children }) {
  const [name = ""] = useSignal(route).path;
  const { mayChange } = useSignal(state);
  const status = useData("/api/status", (topic) => COUNTED.has(topic));
  const counts = status.data?.counts;
  // On a narrow screen the way that is gone may stand outside.
  useEffect(() => document.querySelector(".ways [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [name]);
  const badges = counts ? { plans: [counts.pendingPlans, "waits"], executions: [counts.openExecutions, "busy"], incidents: [counts.openIncidents, "bad"] } : {};
  return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.getElementById("main").focus(); }}>Skip to the content</a>
    <header class="top">
      <a class="brand" href="#/" aria-label="Commander, overview"><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M7 8l8 8-8 8" /><path class="bar" d="M17 24h9" /></svg><b>Commander</b></a>
      <${CommandBox} />
      <div class="who"><${Connection} /><${Person} status=${status.data} /></div>
    </header>
    <nav class="ways" aria-label="Views">${WAYS.map(([path, word]) => {
      const [count, tone] = badges[path] ?? [0, ""];
      return html`<a href=${`#/${path}`} aria-current=${name === path ? "page" : undefined}>${word}${count > 0 && html`<span class=${`count ${tone}`}>${count}</span>`}</a>`;
    })}</nav>
    <main id="main" tabindex="-1"><div class="as-one"><${Notices} mayChange=${mayChange} parts=${status.data} /></div>${children}</main>`;
}

function Notices({ mayChange, parts }) {
  const { state: linked, since } = useSignal(link);
  const now = useNow();
  const [again, setAgain] = useState(false);
  // A stream that breaks and comes back at once is nothing to look up for.
  const away = linked === "lost" && now - since > 1500;
  return html`${away && html`<div class="strip t-warn" role="alert" data-test="offline"><${Glyph} shape="slash" tone="warn" /><span><b>Not connected</b> since ${exact(since)} (${length(now - since)}). What is shown is from then; it goes on by itself, without a gap, when the server answers.</span></div>`}
    ${parts?.docker.state === "down" && html`<div class="strip t-bad" role="alert"><${Glyph} shape="cross" tone="bad" /><span><b>Docker does not answer.</b> ${parts.docker.sentence}</span></div>`}
    ${parts?.prometheus?.state === "down" && html`<div class="strip t-warn"><${Glyph} shape="diamond" tone="warn" /><span><b>Prometheus does not answer.</b> ${parts.prometheus.sentence}</span></div>`}
    ${!mayChange && html`<div class="strip" data-test="read-only"><${Glyph} shape="slash" tone="warn" /><span>This tab may look, but not change anything.</span><button type="button" class="small" onClick=${() => setAgain(true)}>Sign in here</button></div>`}
    ${again && html`<${SignInAgain} close=${() => setAgain(false)} />`}`;
}

function Connection() {
  const { state: linked, since } = useSignal(link);
  const [shape, tone, word] = { open: ["dot", "good", "live"], connecting: ["wait", "quiet", "connecting"], lost: ["slash", "warn", "offline"] }[linked];
  return html`<span class=${`connection ${linked}`} data-test="connection" title=${`${word} since ${exact(since)}`}><${Glyph} shape=${shape} tone=${tone} />${word}</span>`;
}

function Person({ status }) {
  const { person } = useSignal(state);
  const [theme, setTheme] = useState(localStorage.getItem("commander.theme") ?? "system");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("commander.theme", theme);
  }, [theme]);
  const leave = async () => {
    try {
      await ask("DELETE", "/api/session");
      session.left();
    } catch (error) {
      toastError(error);
    }
  };
  return html`<details class="person"><summary title="Settings"><span class="initial" aria-hidden="true">${person.slice(0, 1).toUpperCase()}</span><span class="name">${person}</span></summary>
    <div class="menu">
      <p>Signed in as <b>${person}</b></p>
      <fieldset><legend>Appearance</legend>${["system", "light", "dark"].map((one) => html`<label><input type="radio" name="theme" checked=${theme === one} onChange=${() => setTheme(one)} /> ${one}</label>`)}</fieldset>
      ${status && html`<p class="dim">Commander ${status.version}, instance <span class="mono">${status.instance}</span>, up ${length(status.uptimeSeconds * 1000)}</p>`}
      <button type="button" onClick=${leave} data-test="sign-out">Sign out</button>
    </div></details>`;
}

document.documentElement.dataset.theme = localStorage.getItem("commander.theme") ?? "system";
document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") document.querySelector("details.person[open]")?.removeAttribute("open");
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.person[open]")) if (!open.contains(/** @type {Node} */ (event.target))) open.removeAttribute("open");
});
