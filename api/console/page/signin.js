// Signing in with a token.

import { el } from "./dom.js";

// signInView asks for a token. message says why it is asked for again.
export function signInView({ message, enter }) {
  const fault = el("p", { class: "fault", id: "token-fault", role: "alert" });
  const input = el("input", {
    id: "token", name: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-hint token-fault",
  });
  const button = el("button", { type: "submit", class: "main" }, "Sign in");
  const refuse = (text) => {
    fault.textContent = text;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };
  const submit = async (e) => {
    e.preventDefault();
    fault.textContent = "";
    input.removeAttribute("aria-invalid");
    const token = input.value.trim();
    if (!token) return refuse("Enter a token first.");
    // A header takes nothing else, and no token has anything else.
    if (!/^[\x21-\x7e]+$/.test(token)) return refuse("This is no token: it holds spaces or characters that no token has. Copy it again.");
    button.disabled = true;
    try {
      await enter(token);
    } catch (problem) {
      button.disabled = false;
      refuse(problem.status === 401 ? "This token is not valid: it is mistyped, revoked or expired. Copy it again, or ask for a new one." : problem.message);
    }
  };
  return [
    message && el("p", { class: "notice" }, message),
    el("form", { class: "card narrow", novalidate: true, onsubmit: submit },
      el("div", { class: "field" },
        el("label", { for: "token" }, "Token"),
        input,
        el("p", { class: "hint", id: "token-hint" }, "It stays in this tab and is forgotten when you sign out or close the tab."),
        fault),
      button),
    el("p", { class: "quiet-text narrow" }, "No token yet? ", el("code", {}, "asapi dev"), " writes two into ", el("code", {}, "dev-tokens.json"),
      " in its data folder; elsewhere ", el("code", {}, "asapi token create"), " makes them. To download results here, take one for asstore."),
  ].filter(Boolean);
}
