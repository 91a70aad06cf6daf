// Measures the page against a running Commander: how soon it paints, and whether its memory stays
// steady while much happens. Prints one JSON object a line.
//   node measure.mjs ADDRESS TOKEN-FILE MINUTES SENTENCE
// The sentence is asked about five times a second: each makes a plan, a row of the trail, a notice
// and a new list of what waits. Chromium's own counters are read after its garbage was collected.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

const [address, tokenFile, minutes, sentence] = process.argv.slice(2);
const token = readFileSync(tokenFile, "utf8").trim();
const LOADS = 20;
const EACH_SECOND = 5;
const say = (figures) => console.log(JSON.stringify(figures));

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
await page.goto(address);
await page.fill("[data-test=token]", token);
await page.click("[data-test=sign-in]");
await page.waitForSelector(".connection.open");

const paints = [];
for (let n = 0; n < LOADS; n++) {
  await page.goto("about:blank");
  await page.goto(address);
  await page.waitForSelector(".board, .state");
  paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN));
}
paints.sort((a, b) => a - b);
say({ figure: "first contentful paint", unit: "ms", median: paints[LOADS / 2], worst: paints.at(-1), loads: LOADS });

const counters = await context.newCDPSession(page);
await counters.send("Performance.enable");
const end = Date.now() + Number(minutes) * 60_000;
let asked = 0;
let refused = 0;
const asking = (async () => {
  for (let next = Date.now(); Date.now() < end; next += 1000 / EACH_SECOND) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${address}/api/commands/parse`, { method: "POST", headers, body: JSON.stringify({ text: sentence }) });
    await answer.arrayBuffer();
    if (answer.ok) asked += 1;
    else refused += 1;
    await sleep(Math.max(0, next - Date.now()));
  }
})();
for (let at = 0; Date.now() < end; at++) {
  await counters.send("HeapProfiler.collectGarbage");
  const { metrics } = await counters.send("Performance.getMetrics");
  const of = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  say({ figure: "memory", halfMinute: at, asked, refused, heapMiB: +(of.JSHeapUsedSize / 2 ** 20).toFixed(2), nodes: of.Nodes, listeners: of.JSEventListeners, scriptSeconds: +of.ScriptDuration.toFixed(1) });
  await sleep(30_000);
}
await asking;
await browser.close();
