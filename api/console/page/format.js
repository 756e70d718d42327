// How times, sizes, durations and states read.

import { el } from "./dom.js";

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const minute = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const number = new Intl.NumberFormat();

// count writes a whole number.
export const count = (n) => number.format(n);

// plural writes a number with its noun.
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

// shortTime is a time of today to the minute.
export const shortTime = (at) => minute.format(new Date(at));

// time shows a moment in local time; its title is the full one in UTC.
export function time(text) {
  if (!text) return "";
  const at = new Date(text);
  const today = at.toDateString() === new Date().toDateString();
  return el("time", { datetime: at.toISOString(), title: `${at.toISOString().replace("T", " ").replace("Z", "")} UTC` },
    (today ? clock : day).format(at));
}

// bytes writes a size.
export function bytes(n) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit += 1;
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${n === 1 && unit === 0 ? "byte" : units[unit]}`;
}

// duration writes seconds.
export function duration(seconds) {
  if (seconds < 0.001) return "0 s";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const from = parts.findIndex(([size]) => seconds >= size);
  return parts.slice(from, from + 2)
    .map(([size, unit]) => {
      const n = Math.floor(seconds / size);
      seconds -= n * size;
      return n > 0 || size === 1 ? `${n} ${unit}` : "";
    })
    .filter((part, i) => part && !(i > 0 && part.startsWith("0 "))).join(" ");
}

// states are the states of a task: the word, the kind that colours it, and
// whether the task has ended.
export const states = {
  "pending": { word: "Waiting", kind: "idle" },
  "running": { word: "Running", kind: "busy" },
  "work-complete": { word: "Work done", kind: "busy" },
  "publishing": { word: "Publishing", kind: "busy" },
  "published": { word: "Done", kind: "good", ended: true },
  "publish-failed": { word: "Not published", kind: "bad", ended: true },
  "failed": { word: "Failed", kind: "bad", ended: true },
  "cancelled": { word: "Cancelled", kind: "off", ended: true },
};

// badge shows a state.
export function badge(state) {
  const known = states[state] ?? { word: state, kind: "idle" };
  return el("span", { class: `badge ${known.kind}` }, known.word);
}
