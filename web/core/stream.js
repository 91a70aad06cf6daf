// What changes in the house, by one stream for all tabs: the tab that holds the lock reads it and
// hands every event on. Whoever takes over goes on behind the last event that it has seen.
import { send } from "./api.js";
import { state } from "./session.js";
import { signal } from "./signal.js";

const TOPICS = "plan,execution,journal,release,watch,incident,freeze,suggestion";
/** The server pings every 15 s; silence for longer than two pings is a lost stream. */
const SILENCE = 40_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** @typedef {{topic: string, id: string}} Notice */
/** @typedef {{state: "connecting" | "open" | "lost", since: number}} Link */

/** @type {ReturnType<typeof signal<Link>>} */
export const link = signal({ state: "connecting", since: Date.now() });

/** @type {Set<(notice: Notice | null) => void>} */
const listeners = new Set();
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("commander.stream") : null;
let lastId = "";
let leading = false;
let started = false;

/** `null` stands for: too much was missed, read everything again. @param {(notice: Notice | null) => void} listener */
export function onNotice(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function startStream() {
  if (started) return;
  started = true;
  channel?.addEventListener("message", ({ data }) => {
    if (data.kind === "hello" && leading) channel.postMessage({ kind: "link", link: link.get(), lastId });
    if (data.kind === "link") {
      link.set(data.link);
      lastId ||= data.lastId;
    }
    if (data.kind === "event") heard(data.event);
  });
  channel?.postMessage({ kind: "hello" });
  if (navigator.locks) void navigator.locks.request("commander.stream", lead);
  else void lead();
}

async function lead() {
  leading = true;
  let wait = FIRST_WAIT;
  for (;;) {
    await signedIn();
    // Nothing is read for somebody who has signed out.
    const ending = new AbortController();
    const deaf = state.listen(({ phase }) => phase === "in" || ending.abort());
    try {
      await follow(() => (wait = FIRST_WAIT), ending.signal);
    } catch {
      // Said below: the link is lost, whatever the reason was.
    } finally {
      deaf();
    }
    if (link.get().state !== "lost") tell({ state: "lost", since: Date.now() });
    await new Promise((done) => setTimeout(done, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

async function signedIn() {
  while (state.get().phase !== "in") {
    await new Promise((done) => {
      const deaf = state.listen(() => {
        deaf();
        done(undefined);
      });
    });
  }
}

/** @param {() => void} opened @param {AbortSignal} ended */
async function follow(opened, ended) {
  const headers = lastId ? { "last-event-id": lastId } : {};
  await readEvents(`/api/events?topics=${TOPICS}`, headers, {
    open() {
      opened();
      tell({ state: "open", since: Date.now() });
    },
    event(event) {
      channel?.postMessage({ kind: "event", event });
      heard(event);
    },
  }, ended);
}

/** @param {Link} next */
function tell(next) {
  link.set(next);
  channel?.postMessage({ kind: "link", link: next, lastId });
}

/** @param {ServerEvent} event */
function heard(event) {
  if (event.id) lastId = event.id;
  if (event.name === "change") for (const listener of [...listeners]) listener(JSON.parse(event.data));
  if (event.name === "reset") for (const listener of [...listeners]) listener(null);
}

/** @typedef {{name: string, id: string, data: string}} ServerEvent */

/**
 * Reads one stream of server-sent events until it ends; throws where it breaks off.
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {{open?: () => void, event: (event: ServerEvent) => void}} on
 * @param {AbortSignal} [cancelled]
 */
export async function readEvents(path, headers, on, cancelled) {
  const broken = new AbortController();
  const give = () => broken.abort();
  cancelled?.addEventListener("abort", give);
  let silence = setTimeout(give, SILENCE);
  try {
    const response = await send("GET", path, undefined, { accept: "text/event-stream", ...headers }, broken.signal);
    on.open?.();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parse = parser(on.event);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(give, SILENCE);
      parse(value);
    }
  } finally {
    clearTimeout(silence);
    cancelled?.removeEventListener("abort", give);
    broken.abort();
  }
}

/** @param {(event: ServerEvent) => void} say */
export function parser(say) {
  let rest = "";
  let event = { name: "message", id: "", data: "" };
  return (/** @type {string} */ chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data) say(event);
        event = { name: "message", id: "", data: "" };
      } else if (line.startsWith("event:")) event.name = line.slice(6).trim();
      else if (line.startsWith("id:")) event.id = line.slice(3).trim();
      else if (line.startsWith("data:")) event.data += (event.data && "\n") + line.slice(5).trimStart();
    }
  };
}
