// The pages of a document as pictures, fetched as this person and only when they come into view.
import { el, t } from "/static/js/dom.js";
import { mine } from "/static/js/session.js";

const WIDTH_PX = 1000;

/** One figure for each page; `ready(figure, size)` hears its true size in millimetres. */
export function sheets(envelope, document_, ready = () => {}) {
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watch.unobserve(entry.target);
      draw(envelope, document_, entry.target, ready);
    }
  }, { rootMargin: "600px" });
  const figures = [];
  for (let number = 1; number <= document_.pages; number += 1) {
    const figure = el("figure", { className: "sheet-page", "data-page": String(number), "data-document": document_.id },
      el("figcaption", {}, t("contract.page", { number, of: document_.pages })));
    watch.observe(figure);
    figures.push(figure);
  }
  return figures;
}

async function draw(envelope, document_, figure, ready) {
  const number = figure.dataset.page;
  try {
    const answer = await mine(`/api/v1/envelopes/${envelope}/documents/${document_.id}/pages/${number}?width=${WIDTH_PX}`);
    const [width, height] = (answer.headers.get("Vermilion-Page-Size") ?? "210 297").split(" ").map(Number);
    const picture = el("img", { alt: t("contract.page", { number, of: document_.pages }), src: URL.createObjectURL(await answer.blob()) });
    const ground = el("div", { className: "ground" }, picture);
    ground.style.aspectRatio = `${width} / ${height}`;
    figure.querySelector(".ground")?.remove();
    figure.prepend(ground);
    ready(figure, { width, height });
  } catch (error) {
    figure.prepend(el("p", { className: "trouble" }, t("contract.page.failed")));
    console.error(error);
  }
}
