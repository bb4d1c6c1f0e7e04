// Elements and texts. Everything from outside becomes a text node, never markup.

const holder = document.getElementById("words");
const words = holder ? JSON.parse(holder.dataset.words) : {};
export const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

/** The text under a key, its {places} filled. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** The text of prefix.name, or the name itself: the server may know kinds and states that this page does not. */
export function known(prefix, name) {
  return words[`${prefix}.${name}`] ?? String(name);
}

/** An element with properties, attributes (`aria-…`, `data-…`) and children. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const SHAPES = {
  passed: [["circle", { cx: 16, cy: 16, r: 15 }], ["path", { d: "M9 16.5l5 5L23.5 11" }]],
  failed: [["path", { class: "plate", d: "M10 1h12l9 9v12l-9 9H10l-9-9V10z" }], ["path", { d: "M11 11l10 10M21 11L11 21" }]],
  indeterminate: [["path", { class: "plate", d: "M16 1.5L31 29.5H1z" }], ["path", { d: "M16 11v9M16 24v1.2" }]],
};

/** The sign of a verdict: a shape of its own, so that colour is never alone. */
export function icon(verdict) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ class: "icon", viewBox: "0 0 32 32", "aria-hidden": "true" })) svg.setAttribute(name, value);
  for (const [tag, attributes] of SHAPES[verdict] ?? SHAPES.indeterminate) {
    const shape = document.createElementNS(svg.namespaceURI, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  }
  return svg;
}

/** A moment in the reader's own zone, which is named; the order of day and month leaves no doubt. */
export function moment(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return String(iso);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const east = -time.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(east) / 60), Math.abs(east) % 60];
  const zone = east ? `UTC${east < 0 ? "-" : "+"}${two(hours)}:${two(minutes)}` : "UTC";
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())} ${zone}`;
}
