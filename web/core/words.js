// How each status, verdict and plan is called, and in which tone and shape it is shown.
import { length } from "./time.js";

/** @typedef {"good" | "warn" | "bad" | "busy" | "quiet"} Tone */
/** @typedef {{word: string, tone: Tone, shape: string}} Said */

/** @param {string} word @param {Tone} tone @param {string} shape @returns {Said} */
const say = (word, tone, shape) => ({ word, tone, shape });

/** Called as they are. @param {Tone} tone @param {string} shape @param {string[]} all */
const same = (tone, shape, ...all) => Object.fromEntries(all.map((one) => [one, say(one.replaceAll("_", " "), tone, shape)]));

const PLAN = {
  pending_approval: say("waits for approval", "warn", "wait"),
  approved: say("approved", "busy", "check"),
  running: say("running", "busy", "run"),
  succeeded: say("succeeded", "good", "check"),
  failed: say("failed", "bad", "cross"),
  ...same("quiet", "slash", "rejected", "expired", "superseded", "cancelled"),
  rolled_back: say("rolled back", "bad", "back"),
};

const EXECUTION = {
  waiting: say("waiting", "quiet", "wait"),
  running: say("running", "busy", "run"),
  unwinding: say("unwinding", "warn", "back"),
  succeeded: say("succeeded", "good", "check"),
  failed: say("failed", "bad", "cross"),
  cancelled: say("cancelled", "quiet", "slash"),
  stuck: say("stuck", "bad", "stop"),
};

const STEP = {
  waiting: say("waiting", "quiet", "wait"),
  running: say("running", "busy", "run"),
  done: say("done", "good", "check"),
  failed: say("failed", "bad", "cross"),
  undoing: say("being undone", "warn", "back"),
  undone: say("undone", "quiet", "back"),
  undo_failed: say("not undone", "bad", "stop"),
  asking: say("asks a person", "warn", "pause"),
  pausing: say("tries again", "warn", "wait"),
  skipped: say("skipped", "quiet", "slash"),
};

const QUALITY = {
  unproven: say("unproven", "busy", "ring"),
  verified: say("verified", "good", "check"),
  unverified: say("unverified", "warn", "diamond"),
  quarantined: say("quarantined", "bad", "stop"),
};

const WATCH = {
  baking: say("baking", "busy", "ring"),
  paused: say("paused", "warn", "pause"),
  degraded: say("degraded", "bad", "cross"),
  verified: say("verified", "good", "check"),
  unverified: say("unverified", "warn", "diamond"),
  rolled_back: say("rolled back", "bad", "back"),
  ...same("quiet", "slash", "superseded", "stopped"),
};

const VERDICT = {
  good: say("good", "good", "check"),
  bad: say("bad", "bad", "cross"),
  ...same("warn", "diamond", "suspect", "no_traffic", "no_data", "stale", "provider_down"),
  warming: say("warming up", "quiet", "wait"),
  config_error: say("configuration", "bad", "stop"),
};

const SEVERITY = {
  critical: say("critical", "bad", "stop"),
  high: say("blocks", "bad", "stop"),
  warning: say("warning", "warn", "diamond"),
  ...same("quiet", "dot", "info", "notice"),
};

const SUGGESTION = {
  pending: say("suggested", "warn", "diamond"),
  accepted: say("accepted", "good", "check"),
  refused: say("refused", "quiet", "slash"),
  stale: say("text changed", "quiet", "wait"),
};

const CONTAINER = {
  running: say("running", "good", "dot"),
  unhealthy: say("unhealthy", "bad", "cross"),
  restarting: say("restarting", "bad", "back"),
  stopped: say("stopped", "bad", "stop"),
  missing: say("missing", "bad", "cross"),
};

const TABLES = {
  plan: PLAN, execution: EXECUTION, step: STEP, quality: QUALITY, watch: WATCH, verdict: VERDICT,
  severity: SEVERITY, container: CONTAINER, suggestion: SUGGESTION,
};

/** @param {keyof typeof TABLES} of @param {string} status @returns {Said} */
export const said = (of, status) => TABLES[of][status] ?? say(String(status).replaceAll("_", " "), "quiet", "dot");

/** @param {number} count @param {string} what */
export const counted = (count, what) =>
  count === 1 ? `1 ${what}` : `${count} ${what.endsWith("ch") ? `${what}es` : `${what}s`}`;

/** @param {string} sha */
export const commit = (sha) => (sha ?? "").slice(0, 10);

/** @param {string} digest */
export const short = (digest) => (digest ?? "").replace(/^sha256:/, "").slice(0, 12);

/** @param {{kind: string, name?: string, under?: string}} by */
export const requester = (by) => (by.kind === "person" ? by.name : "the watch");

/** @param {{service: string, environment?: string}} place */
export const placeName = (place) => (place.environment ? `${place.service} · ${place.environment}` : place.service);

/** What a plan does, in one line. */
export function headline(plan) {
  const { action, service, environment, pins } = plan.body;
  const which = pins.reference ?? (pins.commit && `commit ${commit(pins.commit)}`);
  const verb = ({ rollback: "Roll back", deploy: "Deploy", promote: "Promote", build: "Build", test: "Test", restart: "Restart" })[action] ?? action;
  if (action === "rollback" && which) return `Roll ${service} in ${environment} back to ${which}`;
  if (action === "deploy" || action === "promote") return `${verb} ${service} ${which ?? ""} to ${environment}`;
  return [verb, service, which, environment && `in ${environment}`].filter(Boolean).join(" ");
}

/** Whether a procedure forbids a plan that would else wait for approval. */
export const isBlocked = (plan) => plan.status === "pending_approval" && plan.advice.findings.some((f) => f.severity === "high");

/** What an execution does, of a list. */
export function deed({ action, place: { service, environment }, version }) {
  const where = environment ? ` ${action === "deploy" || action === "promote" ? "to" : "in"} ${environment}` : "";
  if (action === "rollback") return `roll back ${service}${where}${version ? ` to ${version}` : ""}`;
  return `${action} ${version ? `${version} of ` : ""}${service}${where}`;
}

/** A metric's value with its unit. @param {string} metric @param {number} value */
export function value(metric, value) {
  if (value == null) return "–";
  if (metric === "error_rate") return `${trimmed(value * 100, 2)} %`;
  if (metric === "p95") return value < 1 ? `${trimmed(value * 1000, value < 0.01 ? 1 : 0)} ms` : `${trimmed(value, 2)} s`;
  return trimmed(value, 0);
}

/** @param {number} number @param {number} digits */
const trimmed = (number, digits) => String(Number(number.toFixed(digits)));

/** @param {string} metric */
export const metricName = (metric) => ({ error_rate: "error rate", p95: "p95", requests: "requests" })[metric] ?? metric;

export const size = (bytes) => (bytes >= 2 ** 30 ? `${trimmed(bytes / 2 ** 30, 1)} GiB` : `${trimmed(bytes / 2 ** 20, 0)} MiB`);

/** What a stuck execution may have left. */
export const thingWords = (thing) => ({ container: `container ${thing.name}`, kept: `kept container ${thing.name}`, image: `image ${thing.tag}`, test: `container of ${thing.step}`, script: `what the script ${thing.script} did` })[thing.kind];

/** @param {string} found */
export const foundWords = (found) => ({ unknown: "may be there", gone: "is gone", there: "is there", running: "runs" })[found];

/** The sentence of a rule that confirmed a degradation. */
export function ruleSentence(rule) {
  switch (rule?.kind) {
    case "consecutive": return `${rule.bad} bad evaluations with no good one between them`;
    case "bad_of": return `${rule.bad} bad evaluations of the last ${rule.last}`;
    case "repeated_exits": return `the container ended ${rule.exits} times`;
    case "out_of_memory": return "the container ran out of memory";
    case "exit_without_restart": return "the container ended and was not started again";
    default: return "";
  }
}

/** How a container is configured, one line each. @param {any} configuration @returns {[string, string][]} */
export function configurationLines(configuration) {
  if (!configuration) return [];
  const c = configuration;
  /** @type {[string, string][]} */
  const lines = [["publish", `${c.publish.address}:${c.publish.port} → ${c.port}`]];
  if (c.healthPath) lines.push(["health", c.healthPath]);
  for (const [name, text] of Object.entries(c.environment)) lines.push([`env ${name}`, String(text)]);
  for (const [name, from] of Object.entries(c.secrets)) lines.push([`secret ${name}`, reference(from)]);
  for (const v of c.volumes) lines.push([`volume ${v.target}`, `${v.source}${v.readOnly ? " (read only)" : ""}`]);
  if (c.network) lines.push(["network", c.network]);
  if (c.stopSignal) lines.push(["stop signal", c.stopSignal]);
  if (c.resources.memoryBytes) lines.push(["memory", size(c.resources.memoryBytes)]);
  if (c.resources.cpuMillis) lines.push(["cpu", `${c.resources.cpuMillis / 1000}`]);
  lines.push(["restart", c.restart.replaceAll("_", "-")], ["drain", length(c.drainSeconds * 1000)]);
  return lines;
}

/** Where a secret comes from; its value is never sent. */
const reference = (from) => (typeof from === "string" ? from : Object.values(from).join(":"));
