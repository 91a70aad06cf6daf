// Who did what, newest first; whether the chain is whole; and all of it as JSON lines.
import { html, useEffect, useMemo, useState } from "../vendor/preact-htm-3.1.1.js";
import { get } from "../core/api.js";
import { replace } from "../core/router.js";
import { useData } from "../core/store.js";
import { onNotice } from "../core/stream.js";
import { exact } from "../core/time.js";
import { counted, short } from "../core/words.js";
import { Digest, Empty, Failed, Glyph, Ids, Loading, Read, toast, useOnce, useTitle } from "../parts/basic.js";
import { Table } from "../parts/list.js";
import { save } from "../parts/logpane.js";

const PAGE = 500;
const HEADS = html`<th class="w-1 right">Row</th><th class="w-4">When</th><th class="w-5">Who</th><th class="w-4">Did what</th><th class="w-3">To</th><th>Detail</th><th class="w-3">Hash</th>`;

/** @param {{query: URLSearchParams}} props */
export function AuditView({ query }) {
  const verified = useData("/api/audit/verification");
  const [rows, setRows] = useState([]);
  const [failure, setFailure] = useState(null);
  const [read, setRead] = useState(false);
  useTitle("Audit");
  // Oldest first in memory: the last page, what comes after it, and older pages on wish.
  useEffect(() => {
    let current = true;
    let last = 0;
    let timer = 0;
    let turn = Promise.resolve();
    const add = (/** @type {any[]} */ items) => {
      if (!current) return;
      setRead(true);
      setFailure(null);
      const fresh = items.filter((row) => row.seq > last);
      if (fresh.length === 0) return;
      last = fresh.at(-1).seq;
      setRows((before) => [...before, ...fresh]);
    };
    const follow = async () => {
      try {
        for (let more = true; more && current; ) {
          more = last > 0;
          const { items } = await get(`/api/audit?${more ? `after=${last}&` : ""}limit=${PAGE}`);
          add(more ? items : items.reverse());
          more &&= items.length === PAGE;
        }
      } catch (error) {
        if (current) setFailure(error);
      }
    };
    // One after the other: nothing follows before the last page is there.
    const next = () => {
      timer = 0;
      turn = turn.then(follow);
    };
    next();
    const deaf = onNotice((notice) => {
      if (notice?.topic !== "journal") timer ||= setTimeout(next, 200);
    });
    return () => {
      current = false;
      clearTimeout(timer);
      deaf();
    };
  }, []);
  const first = rows[0]?.seq ?? 1;
  const [older, reading] = useOnce(async () => {
    const { items } = await get(`/api/audit?before=${first}&limit=${PAGE}`);
    setRows((after) => [...items.reverse(), ...after]);
  });
  const words = query.get("q") ?? "";
  const shown = useMemo(() => rows.filter((row) => !words || JSON.stringify(row).toLowerCase().includes(words.toLowerCase())).reverse(), [rows, words]);
  const [all, exporting] = useOnce(async () => {
    const lines = [];
    for (let after = 0; ;) {
      const { items } = await get(`/api/audit?after=${after}&limit=${PAGE}`);
      lines.push(...items.map((row) => JSON.stringify(row)));
      if (items.length < PAGE) break;
      after = items.at(-1).seq;
    }
    save("audit.jsonl", `${lines.join("\n")}\n`, "application/jsonl");
    toast(`${counted(lines.length, "row")} exported.`);
  });
  return html`<header class="title"><h1>Audit</h1><div class="filters"><input type="search" placeholder="Filter: a person, an act, an id" aria-label="Filter" value=${words} onInput=${(e) => replace(`#/audit${e.target.value ? `?q=${encodeURIComponent(e.target.value)}` : ""}`)} data-test="filter" />
      <button class="small" disabled=${exporting} onClick=${all} data-test="export">Export as JSON lines</button></div></header>
    <${Read} from=${verified} what="verification">${(/** @type {any} */ { found, broken }) => broken
      ? html`<div class="outcome t-bad-edge" role="alert" data-test="verification" data-ok="false"><p><${Glyph} shape="cross" tone="bad" /><b>Not as it was written:</b> ${broken}</p><p class="dim">Somebody has changed the database from outside. Keep a copy of the data directory, and compare it with a backup.</p></div>`
      : html`<div class="outcome t-good-edge" data-test="verification" data-ok="true"><p><${Glyph} shape="check" tone="good" />As it was written: ${counted(found.auditRows, "row")}, ${counted(found.plans, "plan")}, ${counted(found.journals, "journal")}. <span class="dim">Last hash <${Digest} of=${found.head} what="last hash" /></span> <button class="small" onClick=${verified.reload} data-test="verify">Verify again</button></p></div>`}</${Read}>
    ${failure && html`<${Failed} error=${failure} />`}
    ${rows.length === 0 ? (read ? html`<${Empty} title="Nothing was done yet" />` : !failure && html`<${Loading} what="the trail" />`)
      : html`<div class="as-one"><${Table} kind="audit" items=${shown} heads=${HEADS} row=${(row) => html`<tr key=${row.seq}><td class="k-seq num right">${row.seq}</td><td class="k-when" title=${row.at}>${exact(row.at)}</td><td class="k-by"><${Ids} text=${row.actor} /></td><td class="k-what">${row.act}</td><td class="k-to"><${Ids} text=${row.subject} /></td><td class="k-detail detail">${Object.entries(row.detail).map(([name, value]) => html`<span><span class="dim"><${Ids} text=${name} /></span> ${/^(sha256:)?[0-9a-f]{32,}$/.test(value) ? html`<span class="mono" title=${value}>${short(String(value))}</span>` : html`<${Ids} text=${value} />`}</span>`)}</td><td class="k-hash mono dim">${short(row.hash)}</td></tr>`} />
        ${shown.length === 0 && html`<p class="dim">No row of those read has these words.</p>`}
        ${first > 1 && html`<p><button disabled=${reading} onClick=${older}>Older rows (${first - 1})</button></p>`}</div>`}`;
}
