// Seal-use requests that wait for me: what exactly will be sealed, and my decision.
import { Problem } from "/static/js/api.js";
import { el, moment, t } from "/static/js/dom.js";
import { agree } from "/static/js/passkey.js";
import { mine, missing, read, tell, toAccount, token } from "/static/js/session.js";
import { sheets } from "/static/js/sheets.js";

const at = (id) => document.getElementById(id);
const base = "/api/v1/seal-requests";

/** Shows what went wrong in the request's own box. */
async function run(card, button, work) {
  const trouble = card.querySelector(".trouble");
  trouble.hidden = true;
  button.disabled = true;
  try {
    await work();
    await show();
  } catch (error) {
    tell(trouble, error);
    button.disabled = false;
  }
}

async function approve(one) {
  const { options } = await (await mine(`${base}/${one.id}/begin`, { method: "POST" })).json();
  const credential = await agree(options);
  await mine(`${base}/${one.id}/decision`, { method: "POST", json: { decision: "approve", credential } });
}

async function refuse(one, reason) {
  if (!reason) throw missing(t("contract.reason.none"));
  await mine(`${base}/${one.id}/decision`, { method: "POST", json: { decision: "refuse", reason } });
}

/** The pages with the seal where it will be; of a contract, its pages as they stand. */
async function pages(one, holder) {
  if (one.envelope) {
    const envelope = await read(`/api/v1/envelopes/${one.envelope}`);
    holder.append(...envelope.documents.flatMap((each) => sheets(one.envelope, each)));
    return;
  }
  for (let number = 1; number <= (one.pages ?? 1); number += 1) {
    const picture = await (await mine(`${base}/${one.id}/preview/${number}.png`)).blob();
    holder.append(el("figure", { className: "sheet-page" }, el("div", { className: "ground" },
      el("img", { src: URL.createObjectURL(picture), alt: t("contract.page", { number, of: one.pages ?? 1 }) }))));
  }
}

function fact(name, ...value) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, ...value));
}

function card(one) {
  const reason = el("input", { maxLength: 256, "aria-label": t("contract.reason") });
  const yes = el("button", { className: "go", type: "button" }, t("contract.approve"));
  const no = el("button", { className: "button", type: "button" }, t("requests.refuse"));
  const holder = el("div", { className: "sheets" });
  const look = el("details", {}, el("summary", {}, t("requests.look")), holder);
  const amount = one.amount === null ? null : fact(t("requests.amount"), `${one.amount} ${one.currency}`);
  const node = el("article", { className: "card", "data-request": one.id },
    el("header", {}, el("h2", {}, one.purpose), el("small", {}, t("contract.deadline", { at: moment(one.deadline) }))),
    el("dl", { className: "facts" },
      fact(t("requests.seal"), el("span", { className: "code" }, one.seal)),
      one.matter ? fact(t("plan.matter"), one.matter) : null, amount,
      ...one.documents.map((each) => fact(each.name || t("requests.document"), el("span", { className: "code" }, each.sha256)))),
    look, el("div", { className: "trouble", role: "alert", hidden: true }),
    el("p", { className: "field" }, el("label", {}, t("requests.why"), reason)), el("p", { className: "choices" }, yes, no));
  look.addEventListener("toggle", () => { if (look.open && holder.childElementCount === 0) pages(one, holder).catch((error) => tell(node.querySelector(".trouble"), error)); });
  yes.addEventListener("click", () => run(node, yes, () => approve(one)));
  no.addEventListener("click", () => run(node, no, () => refuse(one, reason.value.trim())));
  return node;
}

async function show() {
  const { items } = await read(`${base}/inbox`);
  at("inbox").replaceChildren(...items.map(card));
  at("none").hidden = items.length > 0;
}

async function start() {
  if (!token()) {
    toAccount();
    return;
  }
  try {
    await show();
  } catch (error) {
    if (error instanceof Problem && error.status === 401) toAccount();
    else tell(at("trouble"), error);
  }
}

start();
