// Elements and words. Whatever comes from the app is put in as text: no markup is ever made of it.
"use strict";

/** An element with attributes and children; a child that is no node is text. */
export const el = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

export const at = (id) => document.getElementById(id);

export const fill = (node, ...children) => {
  node.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

/** Text whose names in backticks are code. */
export const ticked = (text) => String(text).split("`").map((part, place) => (place % 2 ? el("code", {}, part) : part));

/** A figure of the row of figures: what it is, and its value. */
export const figure = (what, value) => el("div", {}, el("dt", {}, what), el("dd", {}, value));

const STATES = {
  waiting_for_review: "waiting for review",
  waiting_for_batch: "waiting for a batch",
  completed_with_findings: "with findings",
  partial: "incomplete",
};
const KNOWN = /^[a-z_]{1,40}$/;

export const stateWords = (state) => STATES[state] ?? String(state);

/** A state as a badge; its class only where it is a plain word. */
export const badge = (state) =>
  el("span", { class: `badge ${KNOWN.test(state) ? state : ""}` }, stateWords(state));

export const ENDED = new Set(["completed", "completed_with_findings", "partial", "failed", "cancelled"]);

/** Seconds as people say them. */
export const duration = (seconds) => {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
};

/** Seconds that are only estimated. */
export const about = (seconds) => (seconds < 90 ? duration(seconds) : duration(Math.round(seconds / 60) * 60).replace(" 0 s", ""));

/** How long ago, in one unit. */
export const age = (moment) => {
  const seconds = Math.max(0, (Date.now() - Date.parse(moment)) / 1000);
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86400);
  return days === 1 ? "yesterday" : `${days} days ago`;
};

/** The time of something, its age as text and the moment itself for whoever wants it. */
export const ago = (moment) => el("time", { datetime: moment, title: localTime(moment) }, age(moment));

export const localTime = (moment) => {
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
};

export const money = (cost) => {
  if (typeof cost !== "number") return "";
  if (cost > 0 && cost < 0.01) return "< $0.01";
  return `$${cost.toFixed(2)}`;
};

export const number = (value) => (Number(value) || 0).toLocaleString("en");

export const counted = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;
