// Measures the page against a Commander with very many things (`scripts/bench page` fills one): how
// soon each view is there, how long the browser is busy at a time, whether it keeps up while somebody
// scrolls and filters, and how much is sent. Prints one JSON object a line.
//   node crowd.mjs ADDRESS TOKEN-FILE
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

const [address, tokenFile] = process.argv.slice(2);
const token = readFileSync(tokenFile, "utf8").trim();
const ROUNDS = 5;
/** What is measured once a view is there: background work that it begins counts, too. */
const AFTER = 1_500;
const SCROLLED = 2_000;
const say = (figure, unit, value) => console.log(JSON.stringify({ figure, unit, value: +value.toFixed(1) }));
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
page.on("pageerror", (error) => { throw error; });
const counters = await context.newCDPSession(page);
await counters.send("Performance.enable");
await page.addInitScript(() => {
  globalThis.busy = [];
  new PerformanceObserver((list) => busy.push(...list.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: true });
});
await page.goto(address);
await page.fill("[data-test=token]", token);
await page.click("[data-test=sign-in]");
await page.waitForSelector(".connection.open");

async function counted() {
  await counters.send("HeapProfiler.collectGarbage");
  const { metrics } = await counters.send("Performance.getMetrics");
  const of = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  return { nodes: of.Nodes, heap: of.JSHeapUsedSize / 2 ** 20, script: of.ScriptDuration + of.LayoutDuration + of.RecalcStyleDuration };
}
/** The longest task since it was last asked; what is shorter than 50 ms is none for the browser. */
const longest = () => page.evaluate(() => Math.max(0, ...busy.splice(0)));

/** Frames while the page moves: how long the longest one took, and the 95th of a hundred. */
const frames = (act, milliseconds) => page.evaluate(async ([what, duration]) => {
  const gaps = [];
  const begun = performance.now();
  for (let before = begun; before - begun < duration; ) {
    if (what === "scroll") scrollBy(0, 60);
    const now = await new Promise((drawn) => requestAnimationFrame(drawn));
    gaps.push(now - before);
    before = now;
  }
  gaps.shift();
  gaps.sort((a, b) => a - b);
  return { worst: gaps.at(-1), usual: gaps[Math.floor(gaps.length * 0.95)] };
}, [act, milliseconds]);

async function view(name, hash, ready) {
  const shown = [];
  let bytes = 0;
  const count = async (response) => {
    if (new URL(response.url()).pathname === "/api/events") return;
    bytes += (await response.body().catch(() => "")).length;
  };
  await page.goto(`${address}/#/procedures`);
  await page.waitForSelector(".toc, .state");
  for (let round = 0; round < ROUNDS; round++) {
    await page.goto(`${address}/#/procedures`);
    await page.waitForSelector(".toc, .state");
    await sleep(200);
    await longest();
    if (round === ROUNDS - 1) page.on("response", count);
    // From the click to the frame in which it stands there.
    shown.push(await page.evaluate(async ([to, what]) => {
      const begun = performance.now();
      location.hash = to;
      const isThere = () => document.querySelector(what);
      while (!isThere()) await new Promise((drawn) => requestAnimationFrame(drawn));
      await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
      return performance.now() - begun;
    }, [hash, ready]));
  }
  await sleep(AFTER);
  page.off("response", count);
  say(`${name}: shown after the click`, "ms", median(shown));
  say(`${name}: longest task`, "ms", await longest());
  say(`${name}: answers`, "kB", bytes / 1000);
  const before = await counted();
  const moved = await frames("scroll", SCROLLED);
  say(`${name}: frames while scrolling, 95 of 100 within`, "ms", moved.usual);
  say(`${name}: longest frame while scrolling`, "ms", moved.worst);
  const still = await counted();
  await sleep(3_000);
  const later = await counted();
  say(`${name}: work in a second of standing still`, "ms", ((later.script - still.script) / 3) * 1000);
  say(`${name}: nodes`, "nodes", later.nodes);
  say(`${name}: memory of scripts`, "MiB", before.heap);
  await longest();
}

/** A letter at a time, as somebody types. */
async function typed(name, hash, field, text) {
  await page.goto(`${address}/#/${hash}`);
  await page.waitForSelector(field);
  await sleep(AFTER);
  await longest();
  const moving = frames("type", 150 * text.length);
  await page.locator(field).pressSequentially(text, { delay: 100 });
  const { worst } = await moving;
  say(`${name}: longest frame while typing`, "ms", worst);
  say(`${name}: longest task while typing`, "ms", await longest());
  await page.fill(field, "");
}

await view("overview", "#/", ".board tbody");
await view("plans", "#/plans", "#main table.list tbody tr");
await view("executions", "#/executions", "#main table.list tbody tr");
await view("releases", "#/releases", "#main table.list tbody tr");
await view("incidents", "#/incidents", "#main table.list tbody tr");
await view("audit", "#/audit", "#main table.audit tbody tr");
// To the very first execution, 200 rows at a time, and then through all of them.
await page.goto(`${address}/#/executions`);
await page.waitForSelector("[data-test=older]");
await longest();
while (await page.locator("[data-test=older]").count()) {
  const rows = await page.locator("#main tbody").count();
  await page.click("[data-test=older]");
  await page.waitForFunction((before) => document.querySelectorAll("#main tbody").length > before || !document.querySelector("[data-test=older]"), rows);
}
say("all executions: longest task until they are there", "ms", await longest());
await page.evaluate(() => scrollTo(0, 0));
const through = await frames("scroll", SCROLLED);
say("all executions: longest frame while scrolling", "ms", through.worst);
say("all executions: elements", "nodes", await page.evaluate(() => document.querySelectorAll("#main *").length));
await typed("audit filter", "audit", "[data-test=filter]", "service-123");
await typed("command", "", "[data-test=command]", "deploy v1.2.0 of service-1");
await browser.close();
