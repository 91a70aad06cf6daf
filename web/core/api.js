// Requests to the server that this page comes from. An answer is JSON; a refusal is an ApiError.
import { session, SIGNED_OUT } from "./session.js";

/** Milliseconds before a request that can be made twice is made again, for the reason in `boot.js`. */
const AGAIN = [150, 600, 0];

/** Why it was not done: the server's `application/problem+json`, or that nobody answered. */
export class ApiError extends Error {
  /** @param {{code: string, detail: string, status?: number, correlationId?: string, findings?: any[]}} problem */
  constructor(problem) {
    super(problem.detail.replace(/^(?:this|the|there|that|it|no|nobody|a|an|name|only)\b/, (word) => word[0].toUpperCase() + word.slice(1)));
    this.code = problem.code;
    this.status = problem.status ?? 0;
    this.correlationId = problem.correlationId ?? "";
    this.findings = problem.findings ?? [];
  }
}

/** @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
export async function ask(method, path, body, headers = {}) {
  const response = await send(method, path, body, headers);
  if (response.status === 204) return null;
  const text = await response.text();
  try {
    return DISGUISE.test(text) ? JSON.parse(text, undisguised) : JSON.parse(text);
  } catch {
    throw new ApiError({ code: "unreadable", detail: "The server's answer cannot be read: reload the page." });
  }
}

/** What turns the order of a text around, as it is or escaped: the server keeps it, nobody shall be misled by it. */
const DISGUISE = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\\u(?:061c|200[ef]|202[a-e]|206[6-9])/i;
const SIGNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** @param {string} _ @param {unknown} value */
const undisguised = (_, value) => (typeof value === "string" ? value.replace(SIGNS, (c) => `⟨${c.codePointAt(0).toString(16)}⟩`) : value);

/** @param {string} path */
export const get = (path) => ask("GET", path);

/** @param {string} path @param {unknown} [body] @param {{}} [headers] */
export const post = (path, body = {}, headers) => ask("POST", path, body, headers);

/** A response whose status is good; anything else is thrown. @param {string} method @param {string} path @param {unknown} [body] @param {{}} [headers] @param {AbortSignal} [signal] */
export async function send(method, path, body, headers = {}, signal) {
  const changes = method !== "GET";
  const all = { ...headers };
  if (body !== undefined) all["content-type"] = "application/json";
  if (changes && session.csrf()) all["x-commander-csrf"] = session.csrf();
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const safe = !changes || "idempotency-key" in headers;
  let response;
  for (const wait of safe ? AGAIN : [0]) {
    try {
      response = await fetch(path, { method, headers: all, body: sent, signal, credentials: "same-origin" });
      break;
    } catch (error) {
      if (signal?.aborted) throw error;
      if (!wait) throw new ApiError({ code: "unreachable", detail: changes ? "The server does not answer; whether it was done is not known. Look, then try again." : "The server does not answer. What is shown may be old." });
      await new Promise((done) => setTimeout(done, wait));
    }
  }
  if (response.ok) return response;
  const error = await problem(response);
  if (error.code === "unauthorised" && path !== "/api/session") session.ended({ message: SIGNED_OUT });
  throw error;
}

/** @param {Response} response */
async function problem(response) {
  const { status, statusText, headers } = response;
  const body = await response.json().catch(() => null);
  const detail = typeof body?.detail === "string" ? body.detail : `The server answered ${status} ${statusText}.`;
  return new ApiError({ code: "unreadable", correlationId: headers.get("x-request-id") ?? "", ...body, status, detail });
}
