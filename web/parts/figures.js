// Error rate and p95 of what runs in a place: of its watch, or of the watch that proved it.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { placed } from "../core/router.js";
import { useData } from "../core/store.js";
import { pointsOf, Spark } from "./plot.js";

const POINTS = 60;

/** Two cells of the board. Nothing is read for a row that is not in sight. */
export function Figures({ place }) {
  const cell = useRef(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const look = new IntersectionObserver(([entry]) => setSeen(entry.isIntersecting), { rootMargin: "200px" });
    look.observe(cell.current);
    return () => look.disconnect();
  }, []);
  const last = useData(seen && !place.watch ? `/api/watches?${placed(place)}&limit=1` : null, (topic) => topic === "watch");
  const id = place.watch?.id ?? last.data?.items[0]?.id;
  const read = useData(seen && id ? `/api/watches/${id}/points?limit=${POINTS}` : null, (topic, about) => topic === "watch" && about === id);
  const points = read.data?.items ?? [];
  const cells = ["error_rate", "p95"].map((metric) => (points.length ? html`<${Spark} points=${pointsOf(points, metric)} metric=${metric} />` : html`<span class="dim">–</span>`));
  return html`<td class="c-plot" data-label="errors" ref=${cell}>${cells[0]}</td><td class="c-plot" data-label="p95">${cells[1]}</td>`;
}
