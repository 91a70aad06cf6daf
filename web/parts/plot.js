// A line over time with the threshold that it is held against.
import { html } from "../vendor/preact-htm-3.1.1.js";
import { exact } from "../core/time.js";
import { metricName, said, value } from "../core/words.js";

/** @typedef {{at: string, number: number, verdict: string, own: string, value: number | null, limit: number | null, baseline: number | null}} PlotPoint */

/** The points of one metric. @param {any[]} evaluations @param {string} metric */
export function pointsOf(evaluations, metric) {
  return evaluations.map((e) => {
    const measure = e.measures.find((m) => m.metric === metric);
    return {
      at: e.at, number: e.number,
      verdict: e.verdict.kind ?? e.verdict, own: measure?.verdict ?? e.verdict.kind ?? e.verdict,
      value: measure?.value ?? null, limit: measure?.limit ?? null, baseline: measure?.baseline ?? null,
    };
  });
}

/** @param {{points: PlotPoint[], metric: string, limit?: number | null}} props */
export function Spark({ points, metric, limit = null }) {
  const known = points.filter((p) => p.value !== null);
  if (known.length === 0) return html`<span class="dim spark-none">no figures</span>`;
  const last = known.at(-1);
  const top = ceiling(known, limit ?? last.limit);
  const [w, h] = [96, 26];
  const x = scale(points.length, w - 3);
  const y = (v) => h - 1.5 - (Math.min(v, top) / top) * (h - 3);
  const held = limit ?? last.limit;
  const over = held !== null && last.value > held;
  const label = `${metricName(metric)} ${value(metric, last.value)}${held === null ? "" : `, limit ${value(metric, held)}`}`;
  return html`<span class="spark" title=${`${label}\n${points.length} evaluations, ${exact(points[0].at)} to ${exact(points.at(-1).at)}`}>
    <svg viewBox=${`0 0 ${w} ${h}`} role="img" aria-label=${label} preserveAspectRatio="none">
      ${held !== null && html`<line class="limit" x1="0" x2=${w} y1=${y(held)} y2=${y(held)} />`}
      ${segments(points, x, y).map((d) => html`<path class="line" d=${d} />`)}
      <circle class=${over ? "t-bad" : ""} cx=${x(points.indexOf(last))} cy=${y(last.value)} r="2.2" />
    </svg><b class=${`num ${over ? "t-bad" : ""}`}>${value(metric, last.value)}</b></span>`;
}

/** @param {{points: PlotPoint[], metric: string, chosen?: number | null, choose?: (number: number) => void}} props */
export function Plot({ points, metric, chosen = null, choose }) {
  const known = points.filter((p) => p.value !== null);
  const [w, h, left, bottom, right] = [innerWidth < 800 ? 362 : 560, 150, 58, 22, 12];
  const limit = [...points].reverse().find((p) => p.limit !== null)?.limit ?? null;
  const baseline = [...points].reverse().find((p) => p.baseline !== null)?.baseline ?? null;
  const top = ceiling(known, limit);
  const place = scale(points.length, w - left - right);
  const x = (i) => left + place(i);
  const y = (v) => h - bottom - (Math.min(v, top) / top) * (h - bottom - 10);
  const last = known.at(-1);
  const label = `${metricName(metric)} over ${points.length} evaluations${last ? `, last ${value(metric, last.value)}` : ""}${limit === null ? "" : `, limit ${value(metric, limit)}`}`;
  const step = points.length > 1 ? place(1) - place(0) : 24;
  return html`<figure class="plot">
    <figcaption><b>${metricName(metric)}</b><span class="num">${last ? value(metric, last.value) : "no figures"}</span>
      <span class="dim">${limit !== null && `limit ${value(metric, limit)}`}${baseline !== null && ` · before ${value(metric, baseline)}`}</span></figcaption>
    <svg viewBox=${`0 0 ${w} ${h}`} role="img" aria-label=${label}>
      ${[0, top / 2, top].map((v) => html`<line class="grid" x1=${left} x2=${w - right} y1=${y(v)} y2=${y(v)} /><text class="axis" x=${left - 8} y=${y(v) + 4} text-anchor="end">${value(metric, v)}</text>`)}
      ${limit !== null && html`<line class="limit" x1=${left} x2=${w - right} y1=${y(limit)} y2=${y(limit)} />`}
      ${baseline !== null && html`<line class="baseline" x1=${left} x2=${w - right} y1=${y(baseline)} y2=${y(baseline)} />`}
      ${segments(points, x, y).map((d) => html`<path class="line" d=${d} />`)}
      ${points.map((p, i) => {
        const { tone, shape } = said("verdict", p.own);
        const cy = p.value === null ? h - bottom : y(p.value);
        return html`<g key=${p.number} class=${`mark t-${tone} ${chosen === p.number ? "chosen" : ""}`} onClick=${() => choose?.(p.number)}>
          <title>${`#${p.number} ${exact(p.at)}: ${p.own}${p.value === null ? "" : `, ${value(metric, p.value)}`}`}</title>
          <rect class="hit" x=${x(i) - step / 2} y="4" width=${Math.min(step, w - x(i) + step / 2)} height=${h - 8} />
          ${shape === "cross" ? html`<rect x=${x(i) - 3.2} y=${cy - 3.2} width="6.4" height="6.4" />`
            : tone === "good" ? html`<circle cx=${x(i)} cy=${cy} r=${points.length > 80 ? 1.6 : 2.6} />`
            : html`<path d=${`M${x(i)} ${cy - 4.4}l4.4 4.4-4.4 4.4-4.4-4.4Z`} />`}
        </g>`;
      })}
      ${points.length > 0 && html`<text class="axis" x=${left} y=${h - 5}>${exact(points[0].at)}</text><text class="axis" x=${w - right} y=${h - 5} text-anchor="end">${exact(points.at(-1).at)}</text>`}
    </svg></figure>`;
}

/** @param {PlotPoint[]} points @param {number | null} limit */
function ceiling(points, limit) {
  const most = Math.max(0, ...points.map((p) => p.value));
  const top = Math.max(most * 1.1, (limit ?? 0) * 1.25);
  return top > 0 ? top : 1;
}

/** @param {number} count @param {number} width */
const scale = (count, width) => (i) => (count < 2 ? width : (i / (count - 1)) * width);

/** Where a value is missing the line ends: nothing is drawn that was not measured. @param {PlotPoint[]} points @param {(i: number) => number} x @param {(v: number) => number} y */
function segments(points, x, y) {
  /** @type {string[]} */
  const paths = [];
  let path = "";
  points.forEach((p, i) => {
    if (p.value === null) {
      if (path) paths.push(path);
      path = "";
    } else path += `${path ? "L" : "M"}${x(i).toFixed(1)} ${y(p.value).toFixed(1)}`;
  });
  return path ? [...paths, path] : paths;
}

/** One mark for each evaluation, the newest at the right. */
export const Verdicts = ({ points }) => html`<span class="verdicts" role="img" aria-label=${`the last verdicts: ${points.slice(-12).map((p) => p.verdict).join(", ")}`}>
  ${points.slice(-24).map((p) => html`<i key=${p.number} class=${`t-${said("verdict", p.verdict).tone}`} title=${`#${p.number} ${exact(p.at)}: ${p.verdict}`}></i>`)}</span>`;
