// What the token may do, and the form of the chosen action.

import { el } from "./dom.js";
import { actionForm } from "./form.js";

// startView lists the actions and shows the form of one; the first one unless the
// address names another.
export function startView(context, [service, action]) {
  const { session } = context;
  const services = session.discovery.services;
  if (services.length === 0) {
    return [el("p", { class: "empty" }, "This token may not use any action. Ask for one with more permissions.")];
  }
  let chosen = session.action(service, action);
  if (!chosen.action) chosen = { service: services[0], action: services[0].actions[0] };
  const links = services.map((s) => [
    el("h2", {}, s.name),
    el("ul", {}, s.actions.map((a) => el("li", {},
      el("a", { href: `#/start/${encodeURIComponent(s.slug)}/${encodeURIComponent(a.slug)}`, "aria-current": a === chosen.action && "true" }, a.name)))),
  ]);
  const list = el("nav", { class: "actions", "aria-label": "Actions" }, links);
  // Where the list would push the form off the screen it is folded.
  const folded = matchMedia("(max-width: 44rem)").matches;
  return [el("div", { class: "columns" },
    folded ? el("details", { class: "card pick" }, el("summary", {}, "Other actions"), list) : list,
    actionForm(context, chosen.service, chosen.action))];
}
