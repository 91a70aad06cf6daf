// Times and lengths as people read them.

/** The two largest units that say something. @param {number} milliseconds */
export function length(milliseconds) {
  const ms = Math.max(0, milliseconds);
  const s = Math.floor(ms / 1000);
  if (s < 10) return `${trim((ms / 1000).toFixed(1))} s`;
  if (s < 60) return `${s} s`;
  if (s < 3600) return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return two(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
}

/** @param {string} text */
const trim = (text) => text.replace(/\.0$/, "");

/** @param {number} large @param {string} unit @param {number} small @param {string} smallUnit */
const two = (large, unit, small, smallUnit) =>
  small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;

/** In one unit, for a place where many times stand below each other. @param {number} at @param {number} now */
export function ago(at, now) {
  const s = Math.round((now - at) / 1000);
  const of = Math.abs(s);
  if (of < 5) return "now";
  const text =
    of < 60 ? `${of} s` : of < 3600 ? `${Math.floor(of / 60)} min`
    : of < 86400 ? two(Math.floor(of / 3600), "h", Math.floor((of % 3600) / 60), "min") : two(Math.floor(of / 86400), "d", Math.floor((of % 86400) / 3600), "h");
  return s >= 0 ? `${text} ago` : `in ${text}`;
}

const day = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** The time of day, with the date where it is another day. @param {number | string} at */
export function exact(at) {
  const when = new Date(at);
  const date = day.format(when);
  return date === day.format(new Date()) ? clock.format(when) : `${date} ${clock.format(when)}`;
}

/** With date and zone. @param {number | string} at */
export function full(at) {
  const when = new Date(at);
  return `${day.format(when)} ${clock.format(when)} (${when.toISOString()})`;
}

/** @param {string} from @param {string | null | undefined} to @param {number} now */
export const between = (from, to, now) => length((to ? Date.parse(to) : now) - Date.parse(from));
