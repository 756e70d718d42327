// Finding tasks by id, status, action and time.

import { announce, el, freshID } from "./dom.js";
import { badge, states, time } from "./format.js";

const pageSize = 25;
const longestSearch = 40; // requests without a find before we ask whether to go on

// labelled puts a label above an input.
function labelled(text, input) {
  input.id = freshID("search");
  return el("div", { class: "field" }, el("label", { for: input.id }, text), input);
}

// local turns what a date input holds into UTC, as the server reads it.
const utc = (text) => (text ? new Date(text).toISOString() : "");

function searchForm({ session, navigate }, query) {
  const option = (value, name, current) => el("option", { value, selected: value === current }, name);
  const id = el("input", { type: "search", name: "id", value: query.get("id"), spellcheck: "false", autocomplete: "off" });
  const state = el("select", { name: "state" }, option("", "Any", ""), Object.entries(states).map(([value, s]) => option(value, s.word, query.get("state"))));
  const action = el("select", { name: "action" }, option("", "Any", ""), session.discovery.services.map((s) =>
    s.actions.map((a) => option(`${s.slug}/${a.slug}`, `${s.name}: ${a.name}`, query.get("action")))));
  const since = el("input", { type: "datetime-local", name: "since", value: query.get("since") });
  const until = el("input", { type: "datetime-local", name: "until", value: query.get("until") });
  const fault = el("p", { class: "fault", role: "alert" });
  const submit = (e) => {
    e.preventDefault();
    const asked = new URLSearchParams([...new FormData(e.target)].filter(([, value]) => value.trim() !== ""));
    navigate(`tasks?${asked}`);
  };
  const form = el("form", { class: "card search", role: "search", novalidate: true, onsubmit: submit },
    labelled("Id, or its beginning", id), labelled("Status", state), labelled("Action", action), labelled("From", since), labelled("Until", until),
    el("div", { class: "buttons" }, el("button", { type: "submit", class: "main" }, "Search"), el("a", { href: "#/tasks", class: "button" }, "Clear")), fault);
  return { form, fault };
}

// parameters are what the server is asked for.
function parameters(query) {
  const asked = new URLSearchParams({ page_size: pageSize });
  for (const name of ["id", "state"]) if (query.get(name)) asked.set(name, query.get(name).trim());
  const [service, action] = (query.get("action") ?? "").split("/");
  if (action) {
    asked.set("service", service);
    asked.set("action", action);
  }
  for (const name of ["since", "until"]) if (query.get(name)) asked.set(name, utc(query.get(name)));
  return asked;
}

function row(session, t) {
  return el("li", { class: "card row" },
    el("a", { class: "title", href: `#/tasks/${t.task_id}` }, session.title(t.service, t.action)),
    badge(t.state),
    el("span", { class: "quiet-text" }, t.account),
    el("span", { class: "quiet-text" }, time(t.created_at)),
    el("code", { class: "id" }, t.task_id));
}

// tasksView searches as the address says and adds page to page.
export function tasksView(context, _, query) {
  const { session, signal } = context;
  const { form, fault } = searchForm(context, query);
  const asked = parameters(query);
  const searched = [...query.keys()].length > 0;
  const list = el("ul", { class: "list", "aria-label": "Tasks found" });
  const told = el("p", { class: "empty", role: "status" }, "Searching");
  const more = el("button", { type: "button", hidden: true, onclick: () => load() }, "Show more");
  let next = "";

  // empty says what to do where nothing was found.
  const empty = () => searched
    ? [next ? "Nothing in the newest tasks. Older ones may match: go on searching, or narrow the time." : "No task matches. Change the search, or ", !next && el("a", { href: "#/tasks" }, "show all")].filter(Boolean)
    : ["There are no tasks yet. ", el("a", { href: "#/start" }, "Start one"), "."];

  async function load() {
    more.disabled = true;
    const before = list.children.length;
    try {
      for (let tries = 0; tries < longestSearch && list.children.length - before < pageSize; tries += 1) {
        if (next) asked.set("page_token", next);
        const page = await session.client.json("GET", `/list-tasks/?${asked}`, { signal });
        next = page.next_page_token;
        list.append(...page.tasks.map((t) => row(session, t)));
        if (!next) break;
      }
    } catch (problem) {
      if (signal.aborted) return;
      fault.textContent = problem.message;
      told.textContent = list.children.length === 0 ? "Nothing could be searched." : "";
      return;
    } finally {
      more.disabled = false;
    }
    told.hidden = list.children.length > 0;
    told.replaceChildren(...empty());
    more.hidden = !next;
    more.textContent = list.children.length > before ? "Show more" : "Search further back";
    if (before > 0) {
      announce(`${list.children.length} tasks are shown.`);
      list.children[before]?.querySelector("a").focus();
    }
  }
  load();
  return [form, told, list, more];
}
