// The frame of the page: who is signed in, which view is shown, and where the
// focus goes.

import { announce, el } from "./dom.js";
import { forget, kept, signIn } from "./session.js";
import { Live } from "./live.js";
import { signInView } from "./signin.js";
import { startView } from "./start.js";
import { activitiesView } from "./activities.js";
import { tasksView } from "./tasks.js";
import { taskView } from "./task.js";
import { loadView } from "./load.js";

const views = [
  { path: "start", name: "Start", view: startView },
  { path: "activities", name: "Activities", view: activitiesView },
  { path: "tasks", name: "Tasks", view: tasksView },
  { path: "load", name: "Load", view: loadView },
];

const top = document.getElementById("top");
const main = document.getElementById("main");
let session = null;
let live = null;
let leaving = new AbortController(); // ends what the shown view does

// show replaces the view. The signal ends when the next one is shown.
function show(title, make, focus) {
  leaving.abort();
  leaving = new AbortController();
  const heading = el("h1", { tabindex: "-1" }, title);
  document.title = `${title} - asapi console`;
  main.replaceChildren(heading, ...make({ session, live, signal: leaving.signal, heading, navigate }));
  if (focus) heading.focus();
}

// navigate shows the view of an address of this page, such as tasks.
function navigate(path) {
  if (location.hash === `#/${path}`) route(true);
  else location.hash = `/${path}`;
}

function route(moved) {
  if (!session) return;
  const [path, ...rest] = location.hash.replace(/^#\//, "").split("?")[0].split("/").map(decodeURIComponent);
  const query = new URLSearchParams(location.hash.split("?")[1] ?? "");
  const found = views.find((v) => v.path === path) ?? views[0];
  for (const link of top.querySelectorAll("nav a")) {
    if (link.dataset.path === found.path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (found.path === "tasks" && rest[0]) show("Task", (context) => taskView(context, rest[0]), moved);
  else show(found.name, (context) => found.view(context, rest, query), moved);
}

function frame() {
  const who = session.admin ? `${session.name}, administrator` : session.name;
  top.replaceChildren(
    el("p", { class: "name" }, "asapi"),
    el("nav", { "aria-label": "Views" }, views.map((v) => el("a", { href: `#/${v.path}`, "data-path": v.path }, v.name))),
    el("div", { class: "who" },
      live.indicator(),
      el("span", { title: `The signed-in client. Its results are retrieved by ${session.protocol}.` }, who),
      el("button", { class: "quiet", type: "button", id: "sign-out", onclick: () => signOut("You have signed out.") }, "Sign out")),
  );
}

function signOut(message) {
  live?.stop();
  forget();
  session = live = null;
  top.replaceChildren(el("p", { class: "name" }, "asapi"));
  show("Sign in", (context) => signInView({ ...context, message, enter }), false);
  main.querySelector("input").focus();
  announce(message ?? "");
}

// enter signs in with a token, or fails with a Problem. again says that the page
// was loaded anew, which moves no focus.
async function enter(token, again) {
  session = await signIn(token, (problem) => session && signOut(`${problem.message} Sign in again.`));
  live = new Live(session.client);
  frame();
  live.start();
  route(!again);
  announce(`Signed in as ${session.name}.`);
}

document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape" || e.defaultPrevented || !session) return;
  const fold = document.activeElement?.closest?.("details[open]");
  if (fold) {
    fold.open = false;
    fold.querySelector("summary").focus();
  } else if (/^#\/tasks\/./.test(location.hash)) {
    history.back();
  }
});
window.addEventListener("hashchange", () => location.hash.startsWith("#/") && route(true));
document.querySelector(".skip").addEventListener("click", (e) => {
  e.preventDefault();
  main.focus();
});

top.append(el("p", { class: "name" }, "asapi"));
if (kept()) {
  main.replaceChildren(el("p", { class: "quiet-text" }, "Signing in again."));
  enter(kept(), true).catch((problem) => signOut(problem.status === 401 ? "The token is not valid any more. Sign in with another one." : problem.message));
} else {
  signOut();
}
