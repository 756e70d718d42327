// The result of a task: told what fetching means, fetched, shown and saved.

import { announce, el } from "./dom.js";
import { bytes } from "./format.js";
import { Progress } from "./progress.js";

const textShown = 20_000; // characters of a text that are shown

// fetched keeps what this page has fetched, by task: the server has it no more.
const fetched = new Map();

// nameOf reads the file's name from Content-Disposition (RFC 6266), or makes one.
export function nameOf(headers, t) {
  const disposition = headers.get("Content-Disposition") ?? "";
  const extended = /filename\*=UTF-8''([^;]+)/i.exec(disposition);
  const plain = /filename="([^"]*)"/i.exec(disposition);
  const name = extended ? decodeURIComponent(extended[1]) : plain?.[1];
  if (name) return name;
  const type = (headers.get("Content-Type") ?? "").split(";")[0];
  const ending = { "application/json": "json", "image/svg+xml": "svg", "image/png": "png", "text/plain": "txt", "application/xml": "xml", "text/xml": "xml" }[type] ?? "bin";
  return `${t.action}-${t.task_id.slice(0, 8)}.${ending}`;
}

// download fetches the bytes and tells how many came.
async function download(session, t, onProgress, signal) {
  const response = await session.client.send("GET", `/fetch/${t.task_id}/`, { headers: { Accept: "*/*" }, signal });
  const type = response.headers.get("Content-Type") ?? "application/octet-stream";
  const reader = response.body.getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    onProgress(size);
  }
  return { name: nameOf(response.headers, t), type, size, blob: new Blob(parts, { type }) };
}

// preview shows pictures and texts.
async function preview(file, url) {
  if (file.type.startsWith("image/")) return el("figure", {}, el("img", { src: url, alt: `The result: ${file.name}` }), el("figcaption", {}, file.name));
  if (!/^(text\/|application\/(json|xml))/.test(file.type)) return null;
  const text = await file.blob.slice(0, textShown).text();
  const cut = file.size > textShown ? `${text}\n...` : text;
  return el("details", {}, el("summary", {}, "Look inside"), el("pre", { tabindex: "0", "aria-label": `The content of ${file.name}` }, cut));
}

// kept shows a file that this page has.
async function kept(file) {
  const url = URL.createObjectURL(file.blob);
  const save = el("a", { href: url, download: file.name, class: "button main" }, "Save the file");
  return { save, nodes: [el("p", {}, `${file.name}, ${bytes(file.size)}. It is only in this tab now: save it before you close the tab.`), el("p", {}, save), await preview(file, url)].filter(Boolean) };
}

// offer describes a stored result and fetches it when asked.
function offer(session, t, signal, box) {
  const about = el("p", {}, "A result is ready.");
  const fault = el("p", { class: "fault", role: "alert" });
  const progress = new Progress("Download");
  progress.node.hidden = true;
  let size = 0;
  const button = el("button", { type: "button", class: "main", id: "download" }, "Download");
  const warning = el("p", { class: "hint", id: "download-hint" }, "A result is given out once: downloading uses it up on the server. If the download breaks off, it can be repeated.");
  button.setAttribute("aria-describedby", "download-hint");
  button.addEventListener("click", async () => {
    fault.textContent = "";
    button.disabled = true;
    progress.node.hidden = false;
    try {
      const file = await download(session, t, (n) => progress.set(size > 0 ? (n / size) * 100 : -1), signal);
      fetched.set(t.task_id, file);
      const shown = await kept(file);
      box.replaceChildren(el("h2", {}, "Result"), ...shown.nodes);
      announce("The result is here.");
      shown.save.focus();
      if (!file.type.startsWith("image/")) shown.save.click();
    } catch (problem) {
      if (signal.aborted) return;
      button.disabled = false;
      progress.node.hidden = true;
      fault.textContent = problem.status === undefined ? "The download broke off. The result is still on the server: try again." : problem.message;
    }
  });
  // What it is, without using it up.
  session.client.send("HEAD", `/fetch/${t.task_id}/`, { signal }).then((response) => {
    size = Number(response.headers.get("Content-Length"));
    const type = (response.headers.get("Content-Type") ?? "").split(";")[0];
    const picture = type.startsWith("image/");
    about.textContent = `${nameOf(response.headers, t)}, ${bytes(size)}${type ? `, ${type}` : ""}.`;
    if (picture) button.textContent = "Show the picture";
  }).catch(() => {}); // pressing the button tells what is wrong
  return [about, progress.node, fault, button, warning];
}

// resultPanel tells what there is of an ended task's result.
export function resultPanel(session, t, signal) {
  const box = el("div", { class: "card result" }, el("h2", {}, "Result"));
  const say = (text) => box.append(el("p", { class: "quiet-text" }, text));
  const file = fetched.get(t.task_id);
  if (file) kept(file).then((shown) => box.append(...shown.nodes));
  else if (t.foreign) say("The task belongs to another client; only that client gets its result.");
  else if (t.state !== "published") say("This task left no result.");
  else if (t.result_expired) say("Nobody took the result in time; it has expired.");
  else if (t.result_retrieved) say("The result was retrieved.");
  else if (t.retrieval_protocol === "asstore") box.append(...offer(session, t, signal, box));
  else say("The result is a message on the stream of the token that submitted the task (aschannel). It is not downloaded here: read it with asapi stream, or from /stream/.");
  return [box];
}
