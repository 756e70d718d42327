// Making elements by hand: text is always text, never markup.

const svgNames = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
  return node;
}

// el makes an element. Attributes that are undefined, null or false are left
// out; those that begin with "on" are listeners.
export function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

// svg makes an element of a drawing.
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(svgNames, tag), attributes, children);
}

// announce tells those who listen to the page instead of looking at it.
export function announce(text) {
  document.getElementById("announce").textContent = text;
}

let lastID = 0;

// freshID gives an id that no other element of the page has.
export function freshID(prefix) {
  lastID += 1;
  return `${prefix}-${lastID}`;
}

// every calls f now and every so many milliseconds while the page is seen, until
// signal is aborted.
export function every(milliseconds, signal, f) {
  const seen = () => document.visibilityState === "visible" && f();
  const timer = setInterval(seen, milliseconds);
  document.addEventListener("visibilitychange", seen, { signal });
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  f();
}
