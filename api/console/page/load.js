// How much there is to do, and how fast it is done.

import { chart } from "./chart.js";
import { el, every } from "./dom.js";
import { count, duration } from "./format.js";

const refresh = 10_000;

function figure(name, value, about) {
  return el("div", { class: "card figure" }, el("p", { class: "quiet-text" }, name), el("p", { class: "value" }, value), el("p", { class: "hint" }, about));
}

function draw(load) {
  const minutes = load.minutes;
  const times = minutes.map((m) => m.at);
  const values = (name) => minutes.map((m) => m[name]);
  const total = (name) => values(name).reduce((a, b) => a + b, 0);
  const lag = Math.max(...values("lag_seconds"), load.lag_seconds);
  const ended = total("succeeded") + total("failed") + total("cancelled");
  return [
    el("div", { class: "figures" },
      figure("Open tasks", count(load.open_tasks), "They wait or run."),
      figure("Longest wait now", load.lag_seconds > 0 ? duration(load.lag_seconds) : "None", load.lag_seconds > 30 ? "Tasks wait long: more workers would help." : "Of the tasks that are due."),
      figure("Ended in the last hour", count(ended), ended > 0 ? `${count(total("failed"))} failed, ${count(total("cancelled"))} cancelled.` : "None yet.")),
    chart({ title: "Submitted", times, write: count, summary: `${count(total("submitted"))} in the last hour`, series: [{ name: "submitted", kind: "plain", values: values("submitted") }] }),
    chart({
      title: "Ended", times, write: count, summary: `${count(total("succeeded"))} done, ${count(total("failed"))} failed, ${count(total("cancelled"))} cancelled in the last hour`,
      series: [
        { name: "done", kind: "good", values: values("succeeded") },
        { name: "failed", kind: "bad", values: values("failed") },
        { name: "cancelled", kind: "off", values: values("cancelled") },
      ],
    }),
    chart({ title: "Longest wait before a start", times, write: duration, summary: lag > 0 ? `${duration(lag)} at most in the last hour` : "nothing waited in the last hour", series: [{ name: "lag", kind: "plain", values: values("lag_seconds") }] }),
  ];
}

// loadView shows the last hour and follows it.
export function loadView({ session, signal }) {
  const about = el("p", { class: "lead" }, session.admin ? "All clients together, minute by minute." : `The tasks of ${session.name}, minute by minute.`);
  const shown = el("div", { class: "load" }, el("p", { class: "empty" }, "Reading the last hour."));
  const fault = el("p", { class: "fault", role: "alert" });
  every(refresh, signal, async () => {
    try {
      const load = await session.client.json("GET", "/console/load", { signal });
      shown.replaceChildren(...draw(load));
      fault.textContent = "";
    } catch (problem) {
      if (!signal.aborted) fault.textContent = problem.message;
    }
  });
  return [about, fault, shown];
}
