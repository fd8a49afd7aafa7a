// Starting a run: a PRD that is dropped, chosen or pasted; its plan; then the run.
"use strict";
import { ask, Refused, show } from "./api.js";
import { about, at, counted, el, figure, fill, money, number } from "./dom.js";

let chosen = null; // the file that was dropped or chosen

/** Make the form work; `started` is told the id of each run that it starts. */
export const prepareStart = (started) => {
  at("start").addEventListener("submit", (event) => {
    event.preventDefault();
    plan(started);
  });
  at("file").addEventListener("change", () => take(at("file").files, started));
  at("text").addEventListener("input", () => forget());
  at("options").addEventListener("input", (event) => {
    if (event.target !== at("fresh")) clearPlan(); // a plan is shown for the options as they are, or not at all
  });
  for (const [name, dropping] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      if (!at("list-view").hidden) document.body.classList.toggle("dropping", dropping);
      if (name === "drop" && !at("list-view").hidden) take(event.dataTransfer.files, started);
    });
  }
};

const take = (files, started) => {
  if (files.length !== 1) {
    if (files.length) show(new Refused(0, "One PRD at a time", `${files.length} files were dropped.`, "Drop one of them."));
    return;
  }
  [chosen] = files;
  at("text").value = "";
  fill(at("drop-hint"), el("span", { class: "chosen" }, chosen.name), ` (${size(chosen.size)})`);
  plan(started);
};

/** Pasted text takes the place of a file. */
const forget = () => {
  chosen = null;
  at("file").value = "";
  clearPlan();
};

const clearPlan = () => {
  fill(at("planned"));
  at("plan-buttons").hidden = !chosen && !at("text").value.trim();
};

const size = (bytes) => (bytes < 1000 ? `${bytes} bytes` : bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** The request for what was chosen, with the options as they are. */
const request = (withFresh) => {
  const body = chosen ?? at("text").value;
  const asked = new URLSearchParams({ name: chosen ? chosen.name : "pasted.md" });
  for (const name of ["stack", "db", "output"]) if (at(name).value.trim()) asked.set(name, at(name).value.trim());
  if (at("economy").checked) asked.set("economy", "true");
  if (withFresh && at("fresh").checked) asked.set("fresh", "true");
  return { query: asked, options: { method: "POST", body, type: "application/octet-stream" } };
};

let latest = 0;
const plan = async (started) => {
  const mine = (latest += 1);
  show();
  at("plan-buttons").hidden = true;
  fill(at("planned"), el("p", { class: "note" }, "Reading the PRD …"));
  const { query, options } = request(false);
  try {
    const answer = await ask(`/api/plan?${query}`, options);
    if (mine === latest) drawPlan(answer.plan, started);
  } catch (error) {
    if (mine === latest) refuse(error);
  }
};

const refuse = (error) => {
  if (!(error instanceof Refused)) throw error;
  show(error);
  clearPlan();
};

const drawPlan = (told, started) => {
  const begin = el("button", { type: "button", id: "begin" }, "Start the run");
  begin.addEventListener("click", () => start(begin, started));
  const tokens = told.estimated_tokens;
  const hours = told.economy ? `up to ${told.phases.length * 24} h` : about(told.estimated_seconds);
  const from = told.requirements.untraced_from_line;
  fill(at("planned"), el("div", { class: "plan" },
    el("h3", {}, "Execution Plan Summary"),
    el("dl", { class: "figures" },
      figure("agent calls", number(told.calls)),
      figure(told.economy ? "in batches" : "estimated", hours),
      figure("estimated cost", money(told.estimated_cost_usd) || "unknown"),
      figure("requirements found", number(told.requirements.found)),
      figure("tokens in", number(tokens.input)),
      figure("tokens out", number(tokens.output))),
    el("ol", { class: "steps" }, ...told.phases.map(phase)),
    el("p", { class: "note" }, `Stack: ${told.stack} (${told.stack_reason}). Database: ${told.db || "chosen by the architect"}.`),
    from ? el("p", { class: "alert" }, `Requirements from line ${number(from)} on are read, but not traced.`) : null,
    ...(told.notes ?? []).map((note) => el("p", { class: "note" }, note)),
    el("p", { class: "buttons" }, begin)));
  if (document.activeElement === document.body) begin.focus({ preventScroll: true });
};

const phase = (one) => el("li", {},
  el("span", {}, `${one.number} ${one.title}`),
  el("span", { class: "what" }, one.agents.join(", "), one.parallel ? ` (${counted(one.agents.length, "call")} at once)` : ""));

const start = async (button, started) => {
  button.disabled = true;
  const { query, options } = request(true);
  try {
    const answer = await ask(`/api/runs?${query}`, options);
    reset();
    started(answer.id);
  } catch (error) {
    button.disabled = false;
    if (!(error instanceof Refused)) throw error;
    show(error);
  }
};

const HINT = at("drop-hint").textContent;
const reset = () => {
  at("text").value = "";
  fill(at("drop-hint"), HINT);
  forget();
};
