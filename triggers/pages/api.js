// The app's JSON interface. A function key that was typed in is kept here, in memory, and travels as a header alone.
"use strict";
import { at, el, fill } from "./dom.js";

let key = "";
const SLOWEST = 30_000;
const POLL = "poll";

/** What the app refused, in its own words. */
export class Refused extends Error {
  constructor(status, title, detail, mend, retryAfter = 0) {
    super(title);
    Object.assign(this, { status, title, detail, mend, retryAfter });
  }

  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Ask the app; asks for the key where it wants one, once. The body is sent as it is. */
export const ask = async (path, { method = "GET", body, type, signal } = {}) => {
  for (;;) {
    const answer = await reached(path, { method, body, signal, headers: headers(type) });
    if (answer.ok) return answer.json();
    if (answer.status !== 401) throw await refusal(answer);
    if (answer.headers.has("WWW-Authenticate")) throw signIn();
    if (!(await askForKey(key ? "The app does not take this key. Try another one." : ""))) throw noKey();
  }
};

const reached = async (path, options) => {
  try {
    return await fetch(path, { ...options, cache: "no-store", redirect: "error", credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The app does not answer", "It may be starting, or this machine may be offline.", "");
  }
};

const headers = (type) => ({
  Accept: "application/json",
  ...(key ? { "x-functions-key": key } : {}),
  ...(type ? { "Content-Type": type } : {}),
});

const refusal = async (answer) => {
  let told = {};
  try {
    told = await answer.json();
  } catch {
    // no problem document, as where a server before the app refuses
  }
  const wait = Number(answer.headers.get("Retry-After")) || 0;
  return new Refused(answer.status, told.title || `The app answered ${answer.status}`, told.detail || "", told.mend || "", wait);
};

const noKey = () => new Refused(401, "A function key is needed", "Nothing was asked without it.", "Press “Function key”.");

const signIn = () => {
  const refused = new Refused(401, "Sign in first", "The app answers people of its organisation.", "");
  refused.link = `/.auth/login/aad?post_login_redirect_uri=${encodeURIComponent(location.pathname)}`;
  return refused;
};

/** Have a key typed in; whether one was. It is asked for in one place at a time. */
let asking = null;
export const askForKey = (why = "") => (asking ??= typed(why).finally(() => { asking = null; }));

const typed = (why) => new Promise((resolve) => {
  const dialog = at("key-dialog");
  const field = at("key");
  if (why) fill(at("key-why"), why);
  field.value = "";
  dialog.returnValue = "";
  dialog.addEventListener("close", () => {
    const given = dialog.returnValue === "use" && field.value.trim();
    if (given) key = given;
    field.value = "";
    resolve(Boolean(given));
  }, { once: true });
  dialog.showModal();
});

/** Ask again and again: soon after something changed, ever less often while nothing does; not while nobody looks. */
export const poll = async (look, { first = 1000, longest = 10_000, signal }) => {
  let pause = first;
  let before = "";
  while (!signal.aborted) {
    try {
      const now = await look();
      if (at("notice").dataset.from === POLL) show();
      if (now === null) return;
      pause = now === before ? Math.min(pause * 1.4, longest) : first;
      before = now;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      show(error, POLL);
      if (!error.passes) return;
      pause = Math.min(Math.max(pause * 2, error.retryAfter * 1000), SLOWEST);
    }
    await waited(pause, signal);
  }
};

const waited = (pause, signal) => new Promise((resolve) => {
  const wake = () => {
    if (document.hidden && !signal.aborted) return; // goes on when somebody looks
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", wake);
    resolve();
  };
  const timer = setTimeout(wake, pause);
  document.addEventListener("visibilitychange", wake);
  signal.addEventListener("abort", wake, { once: true });
});

/** Say above the page what was refused. What a look that is repeated said, its next success takes away. */
export const show = (refused = null, from = "") => {
  const notice = fill(at("notice"));
  notice.dataset.from = from;
  if (!refused) return;
  const link = refused.link ? el("p", {}, el("a", { href: refused.link }, "Sign in")) : null;
  const said = [refused.detail, refused.mend].filter(Boolean).join(" ");
  fill(notice, el("div", { class: "alert bad" }, el("p", {}, el("strong", {}, refused.title)), said ? el("p", {}, said) : null, link));
  if (from !== POLL) notice.scrollIntoView({ block: "nearest" });
};
