// The address behind `#`: `#/plans/plan_1?x=y` is path ["plans", "plan_1"] and query {x: "y"}.
import { signal } from "./signal.js";

function current() {
  const text = location.hash.replace(/^#\/?/, "");
  const [path, query] = text.split("?", 2);
  const decode = (/** @type {string} */ part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query ?? ""), text };
}

export const route = signal(current());

addEventListener("hashchange", () => route.set(current()));

/** @param {string} hash */
export function go(hash) {
  location.hash = hash;
}

/** Without a step in the history. @param {string} hash */
export function replace(hash) {
  history.replaceState(null, "", hash);
  route.set(current());
}

/** A link inside the page. @param {(string | number)[]} parts */
export const to = (...parts) => "#/" + parts.map((part) => encodeURIComponent(part)).join("/");

/** As a query. @param {{service: string, environment?: string | null}} place */
export const placed = ({ service, environment }) => `service=${encodeURIComponent(service)}${environment ? `&environment=${encodeURIComponent(environment)}` : ""}`;
