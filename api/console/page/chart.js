// Small charts: one bar a minute, drawn by hand.

import { el, svg } from "./dom.js";
import { shortTime } from "./format.js";

const width = 600;
const height = 120;

// chart draws series of bars on top of each other. Each series has a name, a kind
// that colours it, and values, one a minute; times are the minutes. write says how
// a value reads.
export function chart({ title, series, times, write, summary }) {
  const totals = times.map((_, i) => series.reduce((sum, s) => sum + s.values[i], 0));
  const most = Math.max(...totals);
  const step = width / times.length;
  const bars = [];
  for (let i = 0; i < times.length; i += 1) {
    let top = height;
    for (const s of series) {
      if (s.values[i] === 0) continue;
      const tall = Math.max((s.values[i] / most) * (height - 8), 1.5);
      top -= tall;
      const told = `${shortTime(times[i])}: ${write(s.values[i])}${series.length > 1 ? ` ${s.name}` : ""}`;
      bars.push(svg("rect", { class: s.kind, x: (i * step + 1).toFixed(1), y: top.toFixed(1), width: (step - 2).toFixed(1), height: tall.toFixed(1), rx: 1.5 }, svg("title", {}, told)));
    }
  }
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}: ${summary}` },
    svg("line", { class: "axis", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }), bars);
  return el("figure", { class: "chart card" },
    el("figcaption", {}, el("strong", {}, title), el("span", { class: "quiet-text" }, summary)),
    el("div", { class: "plot" }, el("span", { class: "most", "aria-hidden": "true" }, most > 0 ? write(most) : ""), drawing),
    el("div", { class: "times", "aria-hidden": "true" }, el("span", {}, shortTime(times[0])), el("span", {}, "now")),
    series.length > 1 && el("ul", { class: "legend", "aria-hidden": "true" }, series.map((s) => el("li", { class: s.kind }, s.name))));
}
