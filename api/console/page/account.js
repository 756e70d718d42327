// The account that a task works for: one that is registered, or a new one.

import { el, freshID } from "./dom.js";

const another = "\n"; // no account has this name

// AccountField is a field like those of parameters.
export class AccountField {
  constructor(session, service) {
    this.session = session;
    this.service = service;
    this.slug = "account";
    this.required = true;
    this.id = freshID("account");
    const describe = `${this.id}-hint ${this.id}-fault`;
    this.fault = el("p", { class: "fault", id: `${this.id}-fault` });
    this.hint = el("p", { class: "hint", id: `${this.id}-hint` });
    this.label = el("label", {}, "Account");
    this.select = el("select", { id: this.id, "aria-describedby": describe, onchange: () => this.chosen(true) });
    this.input = el("input", { id: `${this.id}-new`, type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": describe });
    this.node = el("div", { class: "field" }, this.label, this.hint, this.select, this.input, this.fault);
    this.offer();
  }

  // offer shows the accounts that are registered now.
  offer() {
    this.names = this.session.accounts(this.service.slug);
    const options = [...this.names.map((name) => [name, name]), [another, "A new account"]];
    this.select.replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
    this.select.hidden = this.names.length === 0;
    this.label.htmlFor = this.select.hidden ? this.input.id : this.select.id;
    if (this.select.hidden) this.input.removeAttribute("aria-label");
    else this.input.setAttribute("aria-label", "Name of the new account");
    this.chosen(false);
  }

  // update takes over accounts that were registered meanwhile, unless somebody is
  // at this field.
  update() {
    const same = this.names.join("\n") === this.session.accounts(this.service.slug).join("\n");
    if (!same && !this.node.contains(document.activeElement) && this.input.value === "") this.offer();
  }

  isNew() {
    return this.select.hidden || this.select.value === another;
  }

  chosen(byHand) {
    this.input.hidden = !this.isNew();
    this.hint.textContent = this.isNew()
      ? `Whose ${this.service.name.toLowerCase()} data it is, such as a user name. A new account is registered with the first task.`
      : "Whose data it is.";
    if (byHand && this.isNew()) this.input.focus();
  }

  values() {
    const name = this.isNew() ? this.input.value.trim() : this.select.value;
    return name === "" ? [] : [name];
  }

  // register makes the account known to the server if it is not.
  async register() {
    const [username] = this.values();
    if (!this.isNew() || this.session.accounts(this.service.slug).includes(username)) return;
    try {
      await this.session.client.post("/register-account/", { service: this.service.slug, username });
    } catch (problem) {
      if (problem.fields?.username) problem.fields = { account: problem.fields.username };
      // Somebody else was first: then it is registered, as it should be.
      if (!problem.codes?.includes("unique_together")) throw problem;
    }
    await this.session.refresh();
  }

  refuse(text) {
    this.fault.textContent = text;
    const shown = this.isNew() ? this.input : this.select;
    if (text) shown.setAttribute("aria-invalid", "true");
    else shown.removeAttribute("aria-invalid");
  }

  focus() {
    (this.isNew() ? this.input : this.select).focus();
  }
}
