// The list of runs: search, filters, pages; looked at again while it is shown.
"use strict";
import { ask, poll } from "./api.js";
import { ago, at, badge, counted, duration, el, ENDED, fill, money } from "./dom.js";

const PAGE = 25;
const DAY = 86_400_000;
let cursors = [""]; // of the pages up to the one that is shown
let looking = new AbortController();

/** Show the list until `signal` says that another view is shown. */
export const openList = (signal) => {
  document.title = "Runs · design-backend";
  signal.addEventListener("abort", () => looking.abort(), { once: true });
  look();
};

const look = () => {
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  poll(async () => {
    const page = await ask(`/api/runs?${query()}`, { signal });
    draw(page);
    return JSON.stringify(page);
  }, { first: 3000, longest: 30_000, signal });
};

const query = () => {
  const asked = new URLSearchParams({ limit: PAGE });
  const since = Number(at("since").value);
  const given = {
    q: at("find").value.trim(),
    status: at("state").value,
    since: since ? new Date(Math.floor((Date.now() - since * DAY) / 60_000) * 60_000).toISOString() : "",
    cursor: cursors.at(-1),
  };
  for (const [name, value] of Object.entries(given)) if (value) asked.set(name, value);
  return asked;
};

const isNarrowed = () => Boolean(at("find").value.trim() || at("state").value || at("since").value);

const draw = (page) => {
  const { runs } = page;
  const focused = document.activeElement?.getAttribute?.("href");
  const number = cursors.length;
  fill(at("count"), runs.length || number > 1 ? `${counted(runs.length, "run")}${page.next || number > 1 ? `, page ${number}` : ""}` : "");
  fill(at("runs"), runs.length ? table(runs) : nothing(page.next));
  if (focused) at("runs").querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  at("pages").hidden = !page.next && number === 1;
  at("older").disabled = !page.next;
  at("older").dataset.cursor = page.next ?? "";
  at("newer").disabled = number === 1;
};

const nothing = (next) => {
  if (next) return el("p", { class: "empty" }, "None of the thousand runs looked at fits. Older ones may.");
  if (isNarrowed()) return el("p", { class: "empty" }, "No run fits.");
  return el("p", { class: "empty" }, "No runs yet. Drop a PRD to start the first one.");
};

const HEAD = ["State", "Design", "Verdict", "Started", "Took", "Cost"];

const table = (runs) => el("table", { class: "runs" },
  el("thead", {}, el("tr", {}, ...HEAD.map((name, place) => el("th", { scope: "col", class: place > 3 ? "number" : null }, name)))),
  el("tbody", {}, ...runs.map(row)));

const row = (run) => {
  const ended = ENDED.has(run.status);
  const end = ended ? Date.parse(run.updated_at) : Date.now();
  return el("tr", {},
    el("td", {}, badge(run.status)),
    el("th", { scope: "row", class: "name" },
      el("a", { href: `/api/ui/runs/${encodeURIComponent(run.id)}` }, run.title || run.prd || run.id),
      el("span", { class: "sub" }, [run.project, run.prd].filter(Boolean).join(" · "))),
    el("td", { class: "verdict-cell" }, verdict(run)),
    el("td", { class: "age" }, ago(run.created_at)),
    el("td", { class: "number" }, duration((end - Date.parse(run.created_at)) / 1000)),
    el("td", { class: "number" }, money(run.cost_usd)));
};

const verdict = (run) => {
  if (typeof run.ahead === "number") return run.ahead ? `${counted(run.ahead, "run")} before it` : "next in line";
  return (run.verdict || "").split(/(?<=\.)\s/)[0].replace(/\.$/, "");
};

const restart = () => {
  cursors = [""];
  look();
};

let typing = 0;
at("find").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(restart, 250);
});
for (const name of ["state", "since"]) at(name).addEventListener("change", restart);
at("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  restart();
});
at("older").addEventListener("click", () => {
  cursors.push(at("older").dataset.cursor);
  look();
});
at("newer").addEventListener("click", () => {
  cursors.pop();
  look();
});
