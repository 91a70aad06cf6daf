// What the server said, by path: kept while the page is open, read again when a notice says that it
// changed. A view asks with `useData` and is drawn anew when the answer is another one.
import { useEffect, useState } from "../vendor/preact-htm-3.1.1.js";
import { get } from "./api.js";
import { onNotice } from "./stream.js";

/** @typedef {(topic: string, id: string) => boolean} Concerns */
/** @typedef {ReturnType<typeof fresh>} Entry */

/** Notices come in bursts; so many milliseconds of them are one reading. */
const BURST = 40;
/** Answers of paths that nobody looks at are kept, so that going back shows something at once. */
const KEPT = 60;

/** @type {Map<string, Entry>} */
const entries = new Map();

onNotice((notice) => {
  for (const [path, entry] of entries) {
    const used = entry.users.size > 0;
    const concerned = used ? [...entry.users.values()] : [entry.left];
    if (notice && !concerned.some((concerns) => concerns(notice.topic, notice.id))) continue;
    if (used) soon(path, entry);
    else entries.delete(path);
  }
});

/**
 * @param {string | null} path nothing is read for null
 * @param {Concerns} [concerns] whether a notice is about it
 * @param {(path: string) => Promise<any>} [how] where one answer is not all of it
 */
export function useData(path, concerns = never, how = get) {
  const [, draw] = useState({});
  const drawn = path && entries.get(path)?.at;
  useEffect(() => {
    if (!path) return undefined;
    const entry = entryOf(path);
    entry.how = how;
    if (drawn !== undefined && drawn !== entry.at) draw({});
    const user = () => draw({});
    // What was kept while nobody looked, or nobody who hears of changes, may be old.
    const heard = [...entry.users.values()].some((other) => other !== never);
    if (!entry.running && (entry.users.size === 0 || entry.error || (!heard && concerns !== never))) void read(path, entry);
    entry.users.set(user, concerns);
    return () => {
      entry.users.delete(user);
      entry.left = concerns;
      tidy();
    };
  }, [path]);
  const entry = path ? entries.get(path) : null;
  return {
    data: entry?.data,
    error: entry?.error,
    loading: path !== null && (entry?.loading ?? true),
    reload: () => path && reload(path),
  };
}

/** @type {Concerns} */
const never = () => false;

const fresh = () => ({
  data: undefined, error: undefined, loading: true, at: 0, users: /** @type {Map<() => void, Concerns>} */ (new Map()), left: never,
  running: false, again: false, how: get, took: 0, timer: 0,
});

/** @param {string} path */
export function reload(path) {
  const entry = entries.get(path);
  if (entry) void read(path, entry);
}

/** Everything on the page is read again. */
export function reloadAll() {
  for (const [path, entry] of entries) {
    if (entry.users.size > 0) soon(path, entry);
    else entries.delete(path);
  }
}

export function forgetAll() {
  entries.clear();
}

/** @param {string} path */
function entryOf(path) {
  let entry = entries.get(path);
  if (!entry) {
    entry = fresh();
    entries.set(path, entry);
  }
  return entry;
}

/** @param {string} path @param {Entry} entry */
function soon(path, entry) {
  if (entry.timer) return;
  // A large answer is not asked for more often than the server and this page can stand.
  const pause = Math.max(BURST, entry.at + 4 * entry.took - performance.now());
  entry.timer = setTimeout(() => {
    entry.timer = 0;
    void read(path, entry);
  }, pause);
}

/** @param {string} path @param {Entry} entry */
async function read(path, entry) {
  if (entry.running) {
    entry.again = true;
    return;
  }
  entry.running = true;
  const begun = performance.now();
  try {
    entry.data = await entry.how(path);
    entry.error = undefined;
  } catch (error) {
    entry.error = error;
  }
  entry.took = performance.now() - begun;
  entry.at = performance.now();
  entry.running = false;
  entry.loading = false;
  for (const user of [...entry.users.keys()]) user();
  if (entry.again) {
    entry.again = false;
    soon(path, entry);
  }
}

function tidy() {
  const unused = [...entries].filter(([, entry]) => entry.users.size === 0);
  for (const [path] of unused.slice(0, Math.max(0, unused.length - KEPT))) entries.delete(path);
}
