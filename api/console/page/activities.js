// What runs, what waits, and what has just ended.

import { announce, el } from "./dom.js";
import { badge, plural } from "./format.js";
import { Progress } from "./progress.js";

// Row shows one activity and changes in place, so that the focus stays.
class Row {
  constructor(uuid, live) {
    this.progress = new Progress("");
    this.title = el("a", { class: "title" });
    this.about = el("p", { class: "quiet-text" });
    this.state = el("span", {});
    this.fault = el("p", { class: "fault", role: "alert" });
    this.cancel = el("button", {
      type: "button",
      onclick: async () => {
        this.fault.textContent = "";
        try {
          await live.cancel(uuid);
        } catch (problem) {
          this.fault.textContent = problem.message;
        }
      },
    });
    this.node = el("li", { class: "card activity", "data-uuid": uuid },
      el("div", { class: "row" }, this.title, this.state, this.cancel), this.about, this.progress.node, this.fault);
  }

  set(a) {
    const name = a.title;
    this.title.textContent = name;
    this.title.href = `#/tasks/${a.uuid}`;
    this.about.textContent = a.subtitle;
    this.progress.set(a.ended && a.progress < 0 ? 0 : a.progress, `Progress of ${name}`);
    this.progress.node.hidden = a.ended || a.Context.state === "pending";
    this.state.replaceChildren(badge(a.Context.state));
    const stopping = a.cancelling || !a.cancellable;
    // What is hidden or disabled loses the focus.
    if ((a.ended || stopping) && document.activeElement === this.cancel) this.title.focus();
    this.cancel.hidden = a.ended;
    this.cancel.disabled = stopping;
    this.cancel.textContent = stopping ? "Stopping" : "Cancel";
    this.cancel.setAttribute("aria-label", `${this.cancel.textContent} ${name}`);
  }
}

// activitiesView lists the activities live.
export function activitiesView({ live, signal }) {
  const rows = new Map();
  const section = (title, empty) => {
    const list = el("ul", { class: "list" });
    const none = el("p", { class: "empty" }, empty);
    return { list, none, node: el("section", {}, el("h2", {}, title), none, list) };
  };
  const going = section("Now", ["Nothing runs and nothing waits. ", el("a", { href: "#/start" }, "Start a task"), " and watch it here."]);
  const over = section("Ended lately", "Tasks that end while this page is open are listed here.");
  const more = el("p", { class: "quiet-text" });
  const draw = () => {
    const all = [...live.activities.values()];
    const shown = new Set();
    const parts = [[going, all.filter((a) => !a.ended)], [over, all.filter((a) => a.ended).reverse()]].map(([into, list]) => [into, list.map((a) => {
      let row = rows.get(a.uuid);
      if (!row) rows.set(a.uuid, row = new Row(a.uuid, live));
      row.set(a);
      shown.add(a.uuid);
      return row.node;
    })]);
    const focused = document.activeElement;
    for (const [into, nodes] of parts) {
      into.none.hidden = nodes.length > 0;
      // What left goes first: then nothing else has to move, which would lose the focus.
      const stay = new Set(nodes);
      for (const node of [...into.list.children]) if (!stay.has(node)) node.remove();
      nodes.forEach((node, i) => {
        if (into.list.children[i] !== node) into.list.insertBefore(node, into.list.children[i] ?? null);
      });
    }
    for (const uuid of rows.keys()) if (!shown.has(uuid)) rows.delete(uuid);
    // The row that has ended did move.
    if (focused.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
    const hidden = live.total - all.filter((a) => !a.ended).length;
    more.textContent = hidden > 0 && live.total > 1000 ? `${plural(live.total, "task")} are under way; the first thousand are shown.` : "";
  };
  let planned = false;
  const soon = () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      if (!signal.aborted) draw();
    });
  };
  live.addEventListener("change", soon, { signal });
  live.addEventListener("ended", (e) => announce(`${e.detail.title} has ended: ${badge(e.detail.Context.state).textContent}.`), { signal });
  draw();
  return [more, going.node, over.node];
}
