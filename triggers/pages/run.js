// One run: what its agents are doing, then its verdict, its report and its files.
"use strict";
import { ask, poll, Refused, show } from "./api.js";
import { about, at, badge, counted, duration, el, ENDED, figure, fill, localTime, money, number, stateWords, ticked } from "./dom.js";

const RENEW = 45 * 60_000; // before the links of a view end, after an hour

/** Show a run until `signal` says that another view is shown. */
export const openRun = (id, signal) => {
  document.title = "Run · design-backend";
  const parts = frame();
  fill(at("run-view"), parts.whole);
  const link = `/api/runs/${encodeURIComponent(id)}`;
  parts.cancel.addEventListener("click", () => cancel(link, parts));
  let ticking = null;
  signal.addEventListener("abort", () => clearInterval(ticking), { once: true });
  poll(async () => {
    const run = await ask(link, { signal });
    draw(parts, run);
    clearInterval(ticking);
    if (!ENDED.has(run.status)) {
      const since = Date.now();
      ticking = setInterval(() => tick(parts, run, (Date.now() - since) / 1000), 1000);
      return JSON.stringify({ ...run, agents: run.agents.map((agent) => ({ ...agent, seconds: 0 })) });
    }
    await offerReport(parts, run, link, signal);
    return null;
  }, { signal });
};

const frame = () => {
  const parts = {
    title: el("h1", { tabindex: "-1" }, "…"),
    about: el("dl", { class: "about" }),
    verdict: el("div", { class: "verdict calm", role: "status" }, el("p", { class: "said" }, "Looking …")),
    progress: el("progress", { max: "1", "aria-label": "Agents that are done" }),
    figures: el("dl", { class: "figures" }),
    actions: el("p", { class: "buttons" }),
    cancel: el("button", { type: "button", class: "quiet", hidden: true }, "Cancel the run"),
    agents: el("div", { class: "scroll", role: "group", "aria-label": "Agents", tabindex: "0" }),
    files: el("section", { hidden: true }),
  };
  parts.actions.append(parts.cancel);
  parts.whole = el("div", { class: "runpage" },
    el("p", { class: "label" }, "Run"), parts.title, parts.about, parts.verdict, parts.actions, parts.figures,
    el("section", {}, el("h2", {}, "Agents"), parts.agents), parts.files);
  return parts;
};

const draw = (parts, run) => {
  const title = run.title || run.project || run.id;
  document.title = `${title} · design-backend`;
  fill(parts.title, title);
  fill(parts.about,
    fact("PRD", run.prd.name), fact("Project", run.project), fact("Stack", run.options.stack),
    fact("Database", run.options.db || "the architect's choice"), fact("Economy", run.options.economy ? "yes" : ""),
    fact("Started", localTime(run.created_at)), fact("Run", run.id));
  drawVerdict(parts, run);
  drawFigures(parts, run);
  fill(parts.agents, agentTable(run));
  parts.cancel.hidden = ENDED.has(run.status);
};

const fact = (what, said) => (said ? el("div", {}, el("dt", {}, what), el("dd", {}, said)) : null);

const TONES = { completed: "good", completed_with_findings: "bad", partial: "bad", failed: "bad", cancelled: "care" };
const SAID = {
  queued: "Queued", running: "Running", waiting_for_review: "Waiting for review", completed: "Complete",
  completed_with_findings: "Mend before you build", partial: "Incomplete", failed: "Failed", cancelled: "Cancelled",
};
const AT_WORK = new Set(["drafting", "checking", "revising", "waiting_for_batch"]);

const drawVerdict = (parts, run) => {
  const ended = ENDED.has(run.status);
  const head = SAID[run.status] ?? stateWords(run.status);
  const lines = ended ? [...run.verdict, run.error].filter(Boolean) : [now(run)];
  if (lines[0]?.startsWith(`${head}. `)) lines[0] = lines[0].slice(head.length + 2);
  const said = [el("p", { class: "said" }, head), ...lines.map((line) => el("p", {}, ...ticked(line)))];
  const before = parts.verdict.dataset.said;
  const text = said.map((node) => node.textContent).join("\n");
  parts.progress.value = run.agents.filter((agent) => agent.state === "done").length / (run.agents.length || 1);
  if (text === before) return; // said again, a screen reader would read it again
  parts.verdict.dataset.said = text;
  parts.verdict.className = `verdict ${ended ? TONES[run.status] ?? "care" : "calm"}`;
  fill(parts.verdict, ...said, ended ? null : parts.progress);
};

const now = (run) => {
  if (typeof run.ahead === "number") return run.ahead ? `${counted(run.ahead, "run comes", "runs come")} before it.` : "Next in line.";
  const busy = run.agents.filter((agent) => AT_WORK.has(agent.state));
  const done = run.agents.filter((agent) => agent.state === "done").length;
  const who = busy.map((agent) => `${agent.agent} (${stateWords(agent.state)})`).join(", ");
  return `${done} of ${run.agents.length} calls done${who ? `; at work: ${who}` : ""}.`;
};

const elapsed = (run) => ((ENDED.has(run.status) ? Date.parse(run.updated_at) : Date.now()) - Date.parse(run.created_at)) / 1000;

const drawFigures = (parts, run) => {
  const { usage } = run;
  const read = usage.input_tokens + usage.cache_write_tokens + usage.cache_read_tokens;
  const ended = ENDED.has(run.status);
  parts.elapsed = el("dd", {}, duration(elapsed(run)));
  fill(parts.figures,
    el("div", {}, el("dt", {}, ended ? "took" : "so far"), parts.elapsed),
    ended || !run.estimated_seconds ? null : figure("estimated in all", about(run.estimated_seconds)),
    figure("cost", money(run.cost_usd) || "unknown"),
    figure("tokens in", number(read)),
    figure("from the cache", read ? `${Math.round((100 * usage.cache_read_tokens) / read)} %` : "0 %"),
    figure("tokens out", number(usage.output_tokens)),
    ended ? figure("findings", number(run.findings)) : null,
    ended ? figure("not judged", number(run.not_judged)) : null);
};

/** The clocks go on between two looks. */
const tick = (parts, run, more) => {
  fill(parts.elapsed, duration(elapsed(run)));
  for (const cell of parts.agents.querySelectorAll("[data-seconds]")) fill(cell, duration(Number(cell.dataset.seconds) + more));
};

const HEAD = ["Agent", "State", "Time", "Tokens in", "Tokens out", "Cost"];

const agentTable = (run) => el("table", { class: "agents" },
  el("thead", {}, el("tr", {}, ...HEAD.map((name) => el("th", { scope: "col" }, name)))),
  el("tbody", {}, ...run.agents.map(agentRow)));

const agentRow = (agent) => {
  const busy = AT_WORK.has(agent.state);
  const waits = agent.retry_at ? `looked at again ${new Date(agent.retry_at).toLocaleTimeString()}` : "";
  return el("tr", {},
    el("th", { scope: "row" }, agent.agent, el("span", { class: "sub" }, agent.task === "draft" ? agent.deliverable : agent.task)),
    el("td", {}, badge(agent.state), waits ? el("span", { class: "sub" }, waits) : null,
      agent.error ? el("span", { class: "sub why" }, agent.error) : null),
    el("td", { "data-seconds": busy ? agent.seconds : null }, agent.seconds ? duration(agent.seconds) : ""),
    el("td", { "data-label": "in" }, agent.input_tokens ? number(agent.input_tokens) : ""),
    el("td", { "data-label": "out" }, agent.output_tokens ? number(agent.output_tokens) : ""),
    el("td", {}, agent.output_tokens ? money(agent.cost_usd) : ""));
};

const cancel = (link, parts) => {
  const dialog = at("cancel-dialog");
  dialog.returnValue = "";
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "cancel") return;
    parts.cancel.disabled = true;
    try {
      await ask(link, { method: "DELETE" });
      fill(parts.cancel, "Cancelling …");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      parts.cancel.disabled = false;
      show(error);
    }
  }, { once: true });
  dialog.showModal();
};

/** Links into the files of the run. They carry no key, but a word of their own, which ends after an hour. */
const offerReport = async (parts, run, link, signal) => {
  if (!run.files.length) return;
  const view = await ask(`${link}/views`, { method: "POST", signal });
  fill(parts.actions,
    view.report ? el("a", { class: "button", href: view.report, target: "_blank", rel: "noopener" }, "Open the report") : null,
    el("a", { class: "button quiet", href: view.manifest, target: "_blank", rel: "noopener" }, "Manifest"));
  const items = run.files.map((file) => el("li", {},
    el("a", { href: view.base + file.path.split("/").map(encodeURIComponent).join("/"), target: "_blank", rel: "noopener" }, file.path)));
  parts.files.hidden = false;
  fill(parts.files, el("h2", {}, "Files"),
    el("details", {}, el("summary", {}, counted(run.files.length, "file")), el("ul", { class: "plainlist" }, ...items)));
  const renew = setTimeout(() => offerReport(parts, run, link, signal).catch(show), RENEW);
  signal.addEventListener("abort", () => clearTimeout(renew), { once: true });
};
