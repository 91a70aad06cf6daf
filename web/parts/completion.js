// What a word that is being typed may become: what can be done, services, environments, versions.
import { get } from "../core/api.js";

const DEEDS = ["deploy", "promote", "roll back", "restart", "test", "build", "status", "logs"];
const MOST = 8;
/** Services whose versions are offered while none is named. */
const ASKED = 3;

/** @typedef {{text: string, kind: string, more: string}} Choice */

/** @type {Map<string, {at: number, found: Promise<any[]>}>} */
const refs = new Map();

/** The word before the caret. @param {string} text @param {number} caret */
export function wordAt(text, caret) {
  const start = text.slice(0, caret).search(/\S*$/);
  return { start, end: caret, word: text.slice(start, caret) };
}

/** @param {string} text @param {number} caret @param {any} reading what was understood so far @param {any[]} services */
export async function choices(text, caret, reading, services) {
  const { start, word } = wordAt(text, caret);
  const wanted = word.toLowerCase();
  if (!wanted && start > 0) return [];
  const service = services.find((s) => s.name === reading?.intent?.service?.value) ?? (services.length === 1 ? services[0] : null);
  const environments = new Set((service ? [service] : services).flatMap((s) => s.environments.map((e) => e.environment)));
  /** @type {Choice[]} */
  const all = [];
  if (start === 0) all.push(...DEEDS.map((deed) => ({ text: deed, kind: "action", more: "" })));
  else {
    all.push(...services.map((s) => ({ text: s.name, kind: "service", more: s.environments.map((e) => e.live?.version).filter(Boolean).join(", ") })));
    all.push(...[...environments].map((name) => ({ text: name, kind: "environment", more: "" })));
  }
  const found = all.filter((c) => c.text.toLowerCase().startsWith(wanted) && c.text !== word);
  if (start > 0) {
    // Where no service is named yet, a version may be any service's.
    const of = service ? [service] : services.slice(0, ASKED);
    const named = (await Promise.all(of.map((s) => refsOf(s.name, word)))).flat();
    const known = new Map(named.map((ref) => [ref.name, ref]));
    found.push(...[...known.values()].filter((ref) => ref.name !== word).map((ref) => ({ text: ref.name, kind: ref.kind, more: ref.subject })));
  }
  return found.slice(0, MOST);
}

/** @param {string} service @param {string} q */
function refsOf(service, q) {
  const path = `/api/services/${encodeURIComponent(service)}/refs?limit=6&q=${encodeURIComponent(q)}`;
  const kept = refs.get(path);
  if (kept && Date.now() - kept.at < 30_000) return kept.found;
  const found = get(path).then(({ items }) => items).catch(() => /** @type {any[]} */ ([]));
  refs.set(path, { at: Date.now(), found });
  if (refs.size > 200) refs.delete(refs.keys().next().value);
  return found;
}
