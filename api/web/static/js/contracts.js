// My contracts, those that wait for me first, and the beginning of a new one.
import { Problem } from "/static/js/api.js";
import { el, known, moment, t } from "/static/js/dom.js";
import { mine, missing, read, tell, toAccount, token } from "/static/js/session.js";

const at = (id) => document.getElementById(id);
const MAY_DRAFT = ["representative", "manager", "user"];
let made = null; // the draft that was begun, when a file of it was refused
const kept = new Set(); // files that it has already

function line(one) {
  const when = one.deadline && one.state === "sent" ? t("contract.deadline", { at: moment(one.deadline) }) : moment(one.sent_at ?? one.made_at);
  const where = one.state === "draft" ? `/contracts/${one.id}/plan` : `/contracts/${one.id}`;
  return el("li", {}, el("a", { className: "what", href: where }, one.title), el("span", {}, one.initiator),
    el("span", { className: `state ${one.state}` }, known("envelope", one.state)), el("small", {}, when));
}

async function show(cursor = "") {
  const page = await read(`/api/v1/envelopes?limit=50&cursor=${encodeURIComponent(cursor)}`);
  at("list").append(...page.items.map(line));
  at("none").hidden = at("list").children.length > 0;
  at("list").hidden = !at("none").hidden;
  at("more").hidden = !page.next;
  at("more").onclick = () => show(page.next).catch((error) => tell(at("trouble"), error));
}

async function showTurn() {
  const { items } = await read("/api/v1/envelopes/awaiting");
  at("turn").replaceChildren(...items.map(line));
  at("turns").hidden = items.length === 0;
}

async function begin() {
  const [uscc, title] = [at("uscc").value, at("title").value.trim()];
  const files = [...at("files").files].filter((one) => !kept.has(one));
  if (!title) {
    at("title").focus();
    throw missing(t("contracts.missing"));
  }
  if (files.length === 0 && kept.size === 0) {
    at("files").focus();
    throw missing(t("contracts.missing"));
  }
  made ??= await (await mine("/api/v1/envelopes", { method: "POST", json: { uscc, title } })).json();
  for (const file of files) {
    const form = new FormData();
    form.append("document", file, file.name);
    await mine(`/api/v1/envelopes/${made.id}/documents`, { method: "POST", form });
    kept.add(file);
  }
  location.assign(`/contracts/${made.id}/plan`);
}

async function start() {
  if (!token()) {
    toAccount();
    return;
  }
  at("begin").addEventListener("submit", async (event) => {
    event.preventDefault();
    at("trouble").hidden = true;
    at("go").disabled = true;
    try {
      await begin();
    } catch (error) {
      tell(at("trouble"), error);
      at("go").disabled = false;
    }
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // Back: the list may have changed
  try {
    const me = await read("/api/v1/me");
    const mayDraft = me.memberships.filter((one) => MAY_DRAFT.includes(one.role));
    at("uscc").replaceChildren(...mayDraft.map((one) => el("option", { value: one.uscc }, one.enterprise ?? one.uscc)));
    at("begin").hidden = mayDraft.length === 0;
    await Promise.all([showTurn(), show()]);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) toAccount();
    else tell(at("trouble"), error);
  }
}

start();
