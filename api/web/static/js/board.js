// Marks on the pages: seals, seam seals and fields, moved by pointer or by keys. Measures are millimetres, from the top left.
import { el, known, t } from "/static/js/dom.js";

export const MARKS = {
  seal: { width: 42, height: 42 },
  seam: { width: 42, height: 42 },
  person: { width: 60, height: 20 },
  date: { width: 40, height: 8 },
  text: { width: 60, height: 8 },
  tick: { width: 6, height: 6 },
  statement: { width: 100, height: 8 },
};
const STEP_MM = 1;
const LEAP_MM = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const within = (value, room, size) => Math.min(Math.max(value, size / 2), Math.max(room - size / 2, size / 2));

export class Board {
  constructor(holder, changed = () => {}) {
    this.holder = holder;
    this.changed = changed;
    this.marks = []; // { party, document, page, kind, x, y, width, height }: x and y of the centre
    this.pages = new Map(); // figure → size
    this.order = [];
  }

  /** A page has come into view: its marks can be shown and moved. */
  open(figure, size) {
    this.pages.set(figure, size);
    for (const mark of this.marks) if (this.#is(figure, mark)) this.#show(mark, figure);
  }

  /** Which party has which tone. */
  tones(order) {
    this.order = order;
    for (const mark of this.marks) if (mark.node) this.#dress(mark);
  }

  /** Puts a new mark in the middle of the page that is most in view. */
  add(kind, party) {
    const figure = this.#inView();
    if (!figure) return;
    const size = this.pages.get(figure);
    const shape = kind === "seal" && party.kind === "person" ? MARKS.person : MARKS[kind];
    if (kind === "seam" && this.marks.some((one) => one.kind === "seam" && one.party === party.id && one.document === figure.dataset.document)) return;
    const mark = { party: party.id, document: figure.dataset.document, page: Number(figure.dataset.page), kind, x: size.width / 2, y: this.#middle(figure, size), ...shape };
    if (kind === "seam") mark.x = size.width;
    this.marks.push(mark);
    this.#show(mark, figure);
    this.changed();
    mark.node.focus({ preventScroll: true });
  }

  dropParty(party) {
    for (const mark of this.marks) if (mark.party === party) mark.node?.remove();
    this.marks = this.marks.filter((one) => one.party !== party);
  }

  /** Takes up what was saved; what was placed by other means than a position (a keyword, every page) is not shown here. */
  recall(document_, slot, kind) {
    const base = { party: slot.party, document: document_ };
    const shape = kind === "person" ? MARKS.person : MARKS.seal;
    for (const spot of slot.spots) if (spot.at === "position") this.marks.push({ ...base, ...shape, kind: "seal", page: spot.page, x: spot.x_mm, y: spot.y_mm });
    if (slot.seam) this.marks.push({ ...base, ...MARKS.seam, kind: "seam", page: 1, x: Infinity, y: slot.seam.y_mm });
    for (const fill of slot.fills) {
      this.marks.push({ ...base, fill, kind: fill.kind, page: fill.page, width: fill.width_mm, height: fill.height_mm, x: fill.x_mm + fill.width_mm / 2, y: fill.y_mm + fill.height_mm / 2 });
    }
  }

  #is(figure, mark) {
    return figure.dataset.document === mark.document && Number(figure.dataset.page) === mark.page;
  }

  #inView() {
    let [best, most] = [null, 0];
    for (const figure of this.pages.keys()) {
      const box = figure.getBoundingClientRect();
      const seen = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
      if (seen > most) [best, most] = [figure, seen];
    }
    return best;
  }

  /** The height on the page that is in the middle of the window, so that a new mark is seen at once. */
  #middle(figure, size) {
    const box = figure.querySelector(".ground").getBoundingClientRect();
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    return bottom > top ? (((top + bottom) / 2 - box.top) / box.height) * size.height : size.height / 2;
  }

  #dress(mark) {
    mark.node.className = `mark ${mark.kind} tone-${Math.max(this.order.indexOf(mark.party), 0) % 6}`;
  }

  #place(mark) {
    const { width, height } = mark.size;
    mark.x = mark.kind === "seam" ? width : within(mark.x, width, mark.width);
    mark.y = within(mark.y, height, mark.height);
    const node = mark.node.style;
    node.left = `${(100 * (mark.x - mark.width / 2)) / width}%`;
    node.top = `${(100 * (mark.y - mark.height / 2)) / height}%`;
    node.width = `${(100 * mark.width) / width}%`;
    node.height = `${(100 * mark.height) / height}%`;
    mark.node.setAttribute("aria-label", t("plan.mark", { party: mark.party, kind: known("mark", mark.kind), page: mark.page, x: Math.round(mark.x), y: Math.round(mark.y) }));
  }

  #show(mark, figure) {
    mark.size = this.pages.get(figure);
    mark.node = el("button", { type: "button" }, el("span", {}, `${mark.party} ${known("mark", mark.kind)}`));
    this.#dress(mark);
    this.#place(mark);
    figure.querySelector(".ground").append(mark.node);
    mark.node.addEventListener("keydown", (event) => this.#key(mark, event));
    mark.node.addEventListener("pointerdown", (event) => this.#drag(mark, figure, event));
  }

  #key(mark, event) {
    if (event.key === "Delete" || event.key === "Backspace") {
      mark.node.remove();
      this.marks = this.marks.filter((one) => one !== mark);
      (this.marks.findLast((one) => one.node)?.node ?? document.getElementById("whose"))?.focus({ preventScroll: true });
      this.changed();
    } else if (ARROWS[event.key]) {
      const [right, down] = ARROWS[event.key];
      const by = event.shiftKey ? LEAP_MM : STEP_MM;
      mark.x += right * by;
      mark.y += down * by;
      this.#place(mark);
      this.changed();
    } else {
      return;
    }
    event.preventDefault();
  }

  #drag(mark, figure, event) {
    const scale = mark.size.width / figure.querySelector(".ground").clientWidth;
    const [x, y, fromX, fromY] = [mark.x, mark.y, event.clientX, event.clientY];
    const move = (moved) => {
      mark.x = x + (moved.clientX - fromX) * scale;
      mark.y = y + (moved.clientY - fromY) * scale;
      this.#place(mark);
    };
    const stop = () => {
      this.changed();
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", stop);
      removeEventListener("pointercancel", stop);
    };
    addEventListener("pointermove", move); // on the window: a small mark does not keep up with a quick hand
    addEventListener("pointerup", stop);
    addEventListener("pointercancel", stop);
  }
}
