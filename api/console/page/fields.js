// One form field for each type of parameter.

import { el, freshID } from "./dom.js";
import { bytes } from "./format.js";

const date = (text) => (text === "" ? "" : new Date(text).toISOString()); // the server reads times without a zone as UTC

// select offers values; what is optional can also be left alone.
function select(id, values, { fallback, required, describe, names }) {
  const only = required && values.length === 1;
  const options = values.map((v) => el("option", { value: v, selected: only || v === fallback }, names?.[v] ?? v));
  if (!only && !fallback) options.unshift(el("option", { value: "" }, required ? "Choose one" : "Not given"));
  return el("select", { id, "aria-describedby": describe, required }, options);
}

// checks offers several of some values.
function checks(id, values, fallback) {
  const chosen = (fallback ?? "").split(",");
  return el("div", { class: "checks", id }, values.map((v) => el("label", {}, el("input", { type: "checkbox", value: v, checked: chosen.includes(v) }), v)));
}

// fileInput takes a file by choosing or by dropping.
function fileInput(id, describe, required) {
  const about = el("p", { class: "hint dropping" });
  const input = el("input", { id, type: "file", "aria-describedby": describe, required });
  const box = el("div", { class: "drop" }, input, about);
  const told = () => {
    const [file] = input.files;
    about.textContent = file ? bytes(file.size) : "Or drop it here.";
    about.classList.toggle("dropping", !file);
  };
  input.addEventListener("change", told);
  for (const type of ["dragover", "dragleave", "drop"]) {
    box.addEventListener(type, (e) => {
      e.preventDefault();
      box.classList.toggle("over", type === "dragover");
      if (type !== "drop" || e.dataTransfer.files.length === 0) return;
      input.files = e.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  told();
  return { box, input };
}

// simple are the inputs of types that need no more than one.
const simple = {
  integer: { type: "text", inputmode: "numeric", pattern: "-?[0-9]*" },
  number: { type: "text", inputmode: "decimal" },
  date: { type: "datetime-local", step: "1" },
  secret: { type: "password", autocomplete: "new-password", spellcheck: "false" },
  list: { type: "text", placeholder: "Separated by commas" },
  string: { type: "text" },
};

// control makes the input of a parameter: the node to show, the element that takes
// the focus, and read, which gives what is to be sent (a list of texts or files).
function control(p, values, id, describe) {
  const required = !p.optional;
  if (p.type === "file") {
    const { box, input } = fileInput(id, describe, required);
    return { node: box, focus: input, read: () => [...input.files] };
  }
  if (p.type === "boolean") {
    const input = select(id, ["true", "false"], { fallback: p.default, required, describe, names: { true: "Yes", false: "No" } });
    return { node: input, focus: input, read: () => [input.value] };
  }
  if (p.type === "list" && values) {
    const box = checks(id, values, p.default);
    const boxes = [...box.querySelectorAll("input")];
    return { node: box, focus: boxes[0], group: true, read: () => boxes.filter((b) => b.checked).map((b) => b.value) };
  }
  if (values) {
    const input = select(id, values, { fallback: p.default, required, describe });
    return { node: input, focus: input, read: () => [input.value] };
  }
  const input = el("input", { id, "aria-describedby": describe, required, ...(simple[p.type] ?? simple.string) });
  if (p.default && p.type !== "date") input.value = p.default;
  return { node: input, focus: input, read: () => [p.type === "date" ? date(input.value) : input.value.trim()] };
}

// Field is a parameter on a form: its label, its input, its explanation and its
// fault.
export class Field {
  // allowed are the values a token may use; undefined: any.
  constructor(p, allowed) {
    this.slug = p.slug;
    const id = freshID("field");
    const values = allowed?.length ? allowed.filter((v) => !p.values || p.values.includes(v)) : p.values;
    this.required = !p.optional && !p.default;
    this.control = control(p, values?.length ? values : undefined, id, `${id}-hint ${id}-fault`);
    this.fault = el("p", { class: "fault", id: `${id}-fault` });
    const label = [p.name, !this.required && el("span", { class: "optional" }, " optional")];
    const hint = el("p", { class: "hint", id: `${id}-hint` }, p.description);
    this.node = this.control.group
      ? el("fieldset", { class: "field", "aria-describedby": `${id}-hint ${id}-fault` }, el("legend", {}, label), hint, this.control.node, this.fault)
      : el("div", { class: "field" }, el("label", { for: id }, label), hint, this.control.node, this.fault);
  }

  // values gives what is to be sent; nothing for what was left empty.
  values() {
    return this.control.read().filter((v) => v !== "");
  }

  // refuse shows what is wrong; the empty text takes it back.
  refuse(text) {
    this.fault.textContent = text;
    if (text) this.control.focus?.setAttribute("aria-invalid", "true");
    else this.control.focus?.removeAttribute("aria-invalid");
  }

  focus() {
    this.control.focus?.focus();
  }
}
