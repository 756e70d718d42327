// The form of one action: fields from its parameters, the account, and sending it.

import { announce, el } from "./dom.js";
import { AccountField } from "./account.js";
import { Field } from "./fields.js";
import { Progress } from "./progress.js";

const options = [
  { slug: "_priority", name: "Priority", type: "string", values: ["critical", "default", "low"], optional: true, default: "default", description: "More urgent tasks of all clients go first." },
  { slug: "_delay", name: "Delay", type: "integer", optional: true, description: "Seconds to wait before the task may start." },
];

// actionForm gives the form; when the task is made, its page is shown.
export function actionForm({ session, signal, navigate }, service, action) {
  const account = new AccountField(session, service);
  const fields = [account, ...action.parameters.map((p) => new Field(p, action.permissions[p.slug]))];
  const extra = options.map((p) => new Field(p));
  const all = [...fields, ...extra];
  const fault = el("p", { class: "fault", role: "alert" });
  const sending = new Progress("Upload");
  sending.node.hidden = true;
  const button = el("button", { type: "submit", class: "main" }, "Start");
  const more = el("details", {}, el("summary", {}, "When it runs"), extra.map((f) => f.node));

  // tell shows the faults where they belong, and the others above the button.
  const tell = (problem) => {
    const known = new Set(all.map((f) => f.slug));
    all.forEach((f) => f.refuse(problem.fields[f.slug] ?? ""));
    const rest = Object.entries(problem.fields).filter(([field]) => !known.has(field)).map(([, text]) => text);
    fault.textContent = rest.length > 0 || Object.keys(problem.fields).length === 0 ? rest.join(" ") || problem.message : "";
    if (extra.some((f) => problem.fields[f.slug])) more.open = true;
    const first = all.find((f) => problem.fields[f.slug]);
    if (first) first.focus();
    if (first && !fault.textContent) announce(`${Object.keys(problem.fields).length} of the fields need a look.`);
  };

  const send = async () => {
    await account.register();
    const body = new FormData();
    body.append("service", service.slug);
    body.append("action", action.slug);
    let files = 0;
    for (const f of all) {
      for (const v of f.values()) {
        files += v instanceof File ? v.size : 0;
        body.append(f.slug, v);
      }
    }
    sending.node.hidden = files === 0;
    sending.set(0, "Upload");
    return session.client.upload("/submit-task/", body, (part) => {
      sending.set(part * 100);
      if (part === 1 && files > 0) button.textContent = "Checking";
    }, signal);
  };

  const submit = async (e) => {
    e.preventDefault();
    const missing = Object.fromEntries(all.filter((f) => f.required && f.values().length === 0).map((f) => [f.slug, "This is needed."]));
    tell({ fields: missing, message: "" });
    if (Object.keys(missing).length > 0) return;
    button.disabled = true;
    button.textContent = "Sending";
    try {
      const made = await send();
      announce("The task was accepted.");
      navigate(`tasks/${made.task_id}`);
    } catch (problem) {
      if (signal.aborted) return;
      sending.node.hidden = true;
      tell({ fields: problem.fields ?? {}, message: problem.message });
    } finally {
      button.disabled = false;
      button.textContent = "Start";
    }
  };

  // Accounts may have been registered elsewhere since; a failure shows with the
  // next request that matters.
  session.refresh().then(() => account.update()).catch(() => {});

  return el("form", { class: "card", novalidate: true, onsubmit: submit, "aria-labelledby": "action-name" },
    el("h2", { id: "action-name" }, action.name),
    el("p", { class: "lead" }, action.description),
    fields.map((f) => f.node),
    more, fault, sending.node, button,
    el("p", { class: "hint" }, session.protocol === "asstore"
      ? "The result can be downloaded from the task's page when it has ended."
      : "The result goes to the stream of this token (aschannel). To download results here, sign in with a token for asstore."));
}
