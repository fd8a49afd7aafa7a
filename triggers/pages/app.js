// Which view an address shows. Views change within the page, so that a key which was typed in once is kept.
"use strict";
import { askForKey, show } from "./api.js";
import { at } from "./dom.js";
import { openList } from "./list.js";
import { openRun } from "./run.js";
import { prepareStart } from "./start.js";

const HOME = "/api/ui";
const RUN = /^\/api\/ui\/runs\/([^/]+)\/?$/;
let leaving = new AbortController();

const open = ({ moved = false } = {}) => {
  leaving.abort();
  leaving = new AbortController();
  show();
  const run = RUN.exec(location.pathname);
  at("list-view").hidden = Boolean(run);
  at("run-view").hidden = !run;
  if (run) openRun(decodeURIComponent(run[1]), leaving.signal);
  else openList(leaving.signal);
  if (!moved) return;
  scrollTo(0, 0);
  at("main").focus({ preventScroll: true });
};

/** Go to an address of ours without leaving the page. */
const go = (path) => {
  history.pushState(null, "", path);
  open({ moved: true });
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const plain = !event.defaultPrevented && event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !plain || link.target || link.origin !== location.origin) return;
  if (link.pathname !== HOME && !RUN.test(link.pathname)) return;
  event.preventDefault();
  go(link.pathname);
});
addEventListener("popstate", () => open({ moved: true }));
at("key-open").addEventListener("click", async () => {
  if (await askForKey()) open();
});
at("key-close").addEventListener("click", () => at("key-dialog").close(""));
prepareStart((id) => go(`${HOME}/runs/${encodeURIComponent(id)}`));
open();
