// Plays the example's story against a running Commander, and takes a picture of every view and
// state of the page: light and dark, wide and narrow. scripts/screenshots prepares all of it.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";
import { drawing } from "./drawing.mjs";

const [directory, address, tokenFile, server] = process.argv.slice(2);
const token = readFileSync(tokenFile, "utf8").trim();
const FORMS = [["light", 1440, 900], ["dark", 1440, 900], ["light", 390, 844], ["dark", 390, 844]];
const PATIENCE = 300_000;

async function api(path, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(address + path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${path}: ${answer.detail}`);
  return answer;
}
const items = async (path) => (await api(path)).items;
const ask = async (text) => (await api("/api/commands/parse", { text })).plans[0];
const approve = async (plan) => api(`/api/plans/${plan.id}/approve`, { digest: plan.digest, comment: "Looks right." });

async function until(what, found) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(500)) {
    const value = await found();
    if (value) return value;
  }
  throw new Error(`it never came to this: ${what}`);
}
const live = async (version, quality) =>
  until(`${version} is ${quality}`, async () => {
    const place = (await items("/api/services")).flatMap((s) => s.environments).find((p) => p.environment === "staging");
    return place.live?.version === version && place.live.quality === quality && !place.lockedBy;
  });

mkdirSync(directory, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
const tabs = [];
for (const [theme, width, height] of FORMS) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.on("pageerror", (error) => { throw error; });
  tabs.push({ context, page, form: `${theme}-${width}` });
}

/** The same picture in every form. */
async function picture(name, go, { full = true } = {}) {
  for (const tab of tabs) {
    await go?.(tab.page, tab.context);
    await sleep(700);
    // What sticks to the window would stand in the middle of the picture.
    if (full) await tab.page.evaluate(() => scrollTo(0, 0));
    await tab.page.screenshot({ path: `${directory}/${name}-${tab.form}.png`, fullPage: full });
  }
  console.log(name);
}
const at = (hash) => (page) => page.goto(`${address}/${hash}`);

await picture("sign-in", (page) => page.goto(address));
await picture("sign-in-refused", async (page) => {
  await page.fill("[data-test=token]", "not a token");
  await page.click("[data-test=sign-in]");
  await page.waitForSelector("[role=alert] svg");
});
await picture("empty-overview", async (page) => {
  await page.fill("[data-test=token]", token);
  await page.click("[data-test=sign-in]");
  await page.waitForSelector(".connection.open");
});
for (const view of ["plans", "executions", "releases", "incidents"]) await picture(`empty-${view}`, at(`#/${view}`));

await approve(await ask("deploy v1.0.0 of shop to staging and run the tests"));
await live("v1.0.0", "verified");
const second = await ask("deploy v1.1.0 of shop to staging and run the tests");
await picture("plan", at(`#/plans/${second.id}`));
await picture("plan-step", (page) => page.click("[data-test=step-build]"));
await picture("plan-approve", (page) => page.keyboard.press("a"), { full: false });
await picture("plan-reject", async (page) => {
  await page.keyboard.press("Escape");
  await page.keyboard.press("r");
}, { full: false });
const { execution } = await approve(second);
await picture("execution-running", at(`#/executions/${execution.id}`));
await until("it is live", async () => (await items("/api/releases?limit=1"))[0].liveSince && (await items("/api/watches?limit=1"))[0].state.evaluations > 3);
await picture("overview-baking", at("#/"));
await picture("execution-done", at(`#/executions/${execution.id}`));
await picture("execution-past", async (page) => {
  await page.goto(`${address}/#/executions/${execution.id}`);
  await page.locator("[data-test=past] input").fill("9");
  await page.waitForSelector("[data-test=past] button");
  await page.locator("[data-test=compare]").selectOption({ index: 1 });
  await page.waitForSelector("table.diff");
});
await live("v1.1.0", "verified");
await approve(await ask("deploy v1.2.0 of shop to staging and run the tests"));
const [incident] = await until("it is rolled back", async () => {
  const found = await items("/api/incidents");
  return found[0]?.status.kind === "closed" && found;
});
await ask("deploy v1.3.0 of shop to staging and run the tests");
const blocked = await ask("promote shop to production");

await until("there is something to plot", async () => (await items("/api/watches?limit=1"))[0].state.evaluations > 6);
await picture("overview", at("#/"));
// The picture of the README: one view, as a drawing that is legible in both themes.
const [{ page: drawn }] = tabs;
// No row under the pointer.
await drawn.mouse.move(1, 1);
await drawn.setViewportSize({ width: 1100, height: 690 });
await sleep(700);
writeFileSync(`${directory}/overview.svg`, await drawing(drawn, { width: 1100, height: 690, without: ".repository" }));
await drawn.emulateMedia({ colorScheme: FORMS[0][0] });
await drawn.setViewportSize({ width: FORMS[0][1], height: FORMS[0][2] });
for (const view of ["plans", "executions", "releases", "incidents", "procedures", "audit"]) await picture(view, at(`#/${view}`));
await picture("plan-blocked", at(`#/plans/${blocked.id}`));
await picture("passage", (page) => page.locator(".cite").first().click(), { full: false });
await picture("plan-rolled-back", at(`#/plans/${(await items("/api/plans")).find((p) => p.status === "rolled_back").id}`));
await picture("incident", at(`#/incidents/${incident.id}`));
await picture("release-bad", at(`#/releases/${incident.release}`));
await picture("release-good", at(`#/releases/${incident.rollbackTarget}`));
await picture("procedure", at("#/procedures/two-person-approval.md"));
await picture("procedures-suggested", async (page) => {
  await page.goto(`${address}/#/procedures`);
  await page.locator("[data-test=suggestion] summary").first().click();
});
await picture("procedures-search", async (page) => {
  await page.goto(`${address}/#/procedures`);
  await page.fill("[data-test=search]", "rollback target");
});
await picture("compare", async (page) => {
  await page.goto(`${address}/#/releases`);
  const boxes = page.locator("input[type=checkbox]");
  if (!(await boxes.first().isVisible())) return;
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await page.getByRole("button", { name: "Compare the two" }).click();
}, { full: false });

const say = (text, send) => async (page) => {
  await page.goto(`${address}/#/plans`);
  await page.goto(`${address}/#/`);
  await page.fill("[data-test=command]", text);
  await page.focus("[data-test=command]");
  if (send) {
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-test=answer]");
  }
};
await picture("command-completion", say("deploy v1.", false), { full: false });
await picture("command-reading", say("deploy v1.3.0 of shop to stagng", false), { full: false });
await picture("command-question", say("deploy shop", true), { full: false });
await picture("command-status", say("status of shop", true), { full: false });
await picture("command-logs", say("show me the logs of shop in staging", true), { full: false });
await picture("not-there", at("#/plans/pln_00000000000000000000000000000000"));
await picture("nowhere", at("#/nowhere"));
await picture("read-only", async (page) => {
  await page.goto(`${address}/#/plans/${blocked.id}`);
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.waitForSelector("[data-test=read-only]");
});
for (const { page } of tabs) {
  await page.getByRole("button", { name: "Sign in here" }).click();
  await page.fill("[data-test=token]", token);
  await page.click("[data-test=sign-in]");
  await page.waitForSelector("[data-test=read-only]", { state: "detached" });
}

// Somebody removes the container that is kept, in the middle of a deploy, which is then ended: what
// was stopped cannot be started again, and a person must act.
async function stuck(version) {
  const kept = (await items("/api/releases?limit=50")).find((r) => r.presence === "live");
  const { execution: { id } } = await approve(await ask(`deploy ${version} of shop to staging and run the tests`));
  const found = () => api(`/api/executions/${id}`);
  for (;;) {
    const { state } = await found();
    if (state.steps.switch.status === "done") break;
    if (!["waiting", "running"].includes(state.status)) return null;
    await sleep(30);
  }
  const name = execFileSync("docker", ["ps", "--all", "--filter", `name=-shop-staging-${kept.id.slice(-8)}`, "--format", "{{.Names}}"], { encoding: "utf8" }).trim();
  execFileSync("docker", ["rm", "--force", name]);
  await api(`/api/executions/${id}/cancel`, { reason: "The wrong version." }).catch(() => null);
  return until("it has ended", async () => {
    const { execution } = await found();
    return execution.endedAt && (execution.status === "stuck" ? id : "other");
  });
}
for (const version of ["v1.0.0", "v1.1.0", "v1.0.0"]) {
  const id = await stuck(version);
  if (!id || id === "other") continue;
  await picture("execution-stuck", at(`#/executions/${id}`));
  const told = await until("it is told", async () => (await items("/api/incidents")).find((i) => i.kind === "stuck"));
  await picture("incident-stuck", at(`#/incidents/${told.id}`));
  await picture("overview-stuck", at("#/"));
  break;
}
// The last one: Commander ends, and the page says so.
for (const { page } of tabs) {
  await page.goto(`${address}/#/`);
  await page.waitForSelector(".connection.open");
}
process.kill(Number(server), "SIGTERM");
await picture("offline", (page) => page.waitForSelector("[data-test=offline]"), { full: false });
await browser.close();
