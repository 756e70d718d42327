// One task: how far it is, what became of it, and its result.

import { announce, el } from "./dom.js";
import { badge, count, duration, plural, states, time } from "./format.js";
import { Progress } from "./progress.js";
import { resultPanel } from "./result.js";

// facts are the lines of the description list.
function facts(t) {
  const took = t.started_at && t.completed_at ? (new Date(t.completed_at) - new Date(t.started_at)) / 1000 : null;
  const { total, succeeded, failed } = t.items;
  const outcomes = succeeded + failed > 0 ? `: ${count(succeeded)} good, ${count(failed)} failed` : "";
  const items = total > 0 ? `${plural(total, "entry", "entries")}${outcomes}` : "";
  return [
    ["Account", t.account],
    ["Entries", items],
    ["Submitted", time(t.created_at)],
    ["Started", time(t.started_at)],
    ["Ended", t.completed_at && [time(t.completed_at), took !== null && ` after ${duration(took)}`]],
    ["Attempts", t.attempts > 1 && count(t.attempts)],
    ["Id", el("code", { class: "id" }, t.task_id)],
  ].filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}

// foreign is another client's task, which an administrator sees as an activity
// only.
function foreign(activity) {
  if (!activity) return undefined;
  const { task_id, service, action, account, state, created_at, started_at, ended_at: completed_at } = activity.Context;
  const { total = 0, succeeded = 0, failed = 0, error_detail } = activity.Response ?? {};
  return {
    task_id, service, action, account, state, created_at, started_at, completed_at, error_detail, error: error_detail,
    progress: activity.progress, attempts: 1, items: { total, succeeded, failed }, foreign: true,
  };
}

// failure says what went wrong, in the server's own sentence.
function failure(t) {
  if (!t.error || t.state === "cancelled") return null;
  return el("p", { class: "notice bad" }, t.error_detail || t.error);
}

// taskView follows one task.
export function taskView({ session, live, signal, heading }, id) {
  const progress = new Progress("Progress");
  const state = el("span", { role: "status" });
  const fault = el("p", { class: "fault", role: "alert" });
  const cancel = el("button", { type: "button", hidden: true, onclick: stop }, "Cancel");
  const details = el("dl", { class: "facts" });
  const failed = el("div", {});
  const result = el("section", { "aria-label": "Result" });
  const card = el("div", { class: "card", hidden: true }, el("div", { class: "row" }, state, cancel), progress.node, failed, details, fault);
  const missing = el("p", { class: "empty" }, "Looking for the task.");
  let task = null;

  async function stop() {
    fault.textContent = "";
    cancel.disabled = true;
    cancel.textContent = "Stopping";
    try {
      await live.cancel(id);
      announce("The task was asked to stop.");
    } catch (problem) {
      cancel.disabled = false;
      cancel.textContent = "Cancel";
      fault.textContent = problem.message;
    }
    await look();
  }

  function draw() {
    missing.hidden = true;
    card.hidden = false;
    heading.textContent = session.title(task.service, task.action);
    document.title = `${heading.textContent} - asapi console`;
    const ended = Boolean(states[task.state]?.ended);
    if (state.dataset.state !== task.state) {
      state.dataset.state = task.state;
      state.replaceChildren(badge(task.state));
    }
    progress.set(task.progress, `Progress of ${heading.textContent}`);
    progress.node.hidden = ended && task.state === "published";
    cancel.hidden = ended;
    failed.replaceChildren(...[failure(task)].filter(Boolean));
    details.replaceChildren(...facts(task));
    if (ended && !result.hasChildNodes()) result.append(...resultPanel(session, task, signal));
  }

  async function look() {
    try {
      const page = await session.client.json("GET", `/list-tasks/?${new URLSearchParams({ id })}`, { signal });
      task = page.tasks[0] ?? foreign(live.of(id));
      if (task) draw();
      else missing.replaceChildren(...["There is no such task, or it belongs to another client. ", el("a", { href: "#/tasks" }, "Search the tasks"), "."]);
    } catch (problem) {
      if (!signal.aborted) missing.textContent = problem.message;
    }
  }

  live.addEventListener("change", () => {
    const activity = live.of(id);
    if (!activity || states[task?.state]?.ended) return;
    if (!task || activity.ended || activity.Context.state !== task.state) {
      look();
    } else if (activity.progress >= 0 && activity.progress !== task.progress) {
      task.progress = activity.progress;
      draw();
    }
  }, { signal });
  live.addEventListener("connection", () => live.connected && look(), { signal });
  look();
  return [missing, card, result, el("p", {}, el("a", { href: "#/tasks" }, "All tasks"))];
}
