// A progress bar that is drawn once and then follows.

import { el } from "./dom.js";

// Progress is a labelled bar. set takes 0 to 100; anything below is not known.
export class Progress {
  constructor(label) {
    this.bar = el("progress", { max: "100", "aria-label": label });
    this.text = el("span", { class: "percent" });
    this.node = el("div", { class: "progress" }, this.bar, this.text);
  }

  set(percent, label) {
    if (label) this.bar.setAttribute("aria-label", label);
    if (percent >= 0) {
      this.bar.value = percent;
      this.text.textContent = `${Math.floor(percent)} %`;
    } else {
      this.bar.removeAttribute("value");
      this.text.textContent = "";
    }
  }
}
