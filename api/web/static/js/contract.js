// One contract: its pages as they stand, who is to act, and what I am asked to agree to.
import { Problem, freshKey, showProblem } from "/static/js/api.js";
import { el, known, moment, t } from "/static/js/dom.js";
import { agree } from "/static/js/passkey.js";
import { mine, read, token } from "/static/js/session.js";
import { sheets } from "/static/js/sheets.js";

const at = (id) => document.getElementById(id);
const id = document.querySelector("[data-envelope]").dataset.envelope;
const path = `/api/v1/envelopes/${id}`;
const ACTING = ["representative", "user"];
const trouble = at("trouble");
let me = null;
let drawn = "";

async function run(button, work) {
  trouble.hidden = true;
  const label = button.textContent;
  button.disabled = true;
  button.textContent = t("progress.working");
  try {
    await work();
  } catch (error) {
    if (error instanceof DOMException) {
      trouble.replaceChildren(el("b", {}, t("account.dismissed")));
      trouble.hidden = false;
    } else {
      showProblem(trouble, error);
    }
    trouble.scrollIntoView({ block: "center" });
  } finally {
    button.disabled = false;
    button.textContent = label;
  }
}

const post = async (what, json, key) => (await mine(path + what, { method: "POST", json, key })).json();
const isMine = (party) => party.person === me.person.id || me.memberships.some((one) => one.uscc === party.uscc && ACTING.includes(one.role));
const isInitiator = (one) => me.memberships.some((role) => role.uscc === one.uscc && role.role !== "auditor");

/* what I am asked to do */

function fillsOf(envelope, slot) {
  const planned = envelope.documents.find((one) => one.id === slot.document).slots;
  return planned.find((one) => (one.name ?? one.party) === slot.slot)?.fills.filter((one) => one.value === null) ?? [];
}

function input(slot, fill) {
  const name = `${slot.document}/${slot.slot}/${fill.name}`;
  const kinds = { date: "date", tick: "checkbox" };
  const box = el("input", { type: kinds[fill.kind] ?? "text", name, required: fill.required, maxLength: fill.max_chars, id: name });
  if (fill.kind === "date") {
    const now = new Date();
    box.value = new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  }
  const words = fill.kind === "statement" ? t("contract.statement", { statement: fill.statement }) : fill.name;
  return el("p", { className: "field" }, el("label", { htmlFor: name }, words), box);
}

function choicesOf(form, slots) {
  return slots.map((slot) => {
    const values = {};
    for (const box of form.elements) {
      const prefix = `${slot.document}/${slot.slot}/`;
      if (!box.name?.startsWith(prefix)) continue;
      const value = box.type === "checkbox" ? (box.checked ? "true" : "") : box.value.trim();
      if (value) values[box.name.slice(prefix.length)] = value;
    }
    return { document: slot.document, slot: slot.slot, values };
  });
}

async function answer(party, form) {
  const choices = choicesOf(form, party.slots);
  const begun = await post(`/parties/${party.id}/begin`, { choices });
  const response = await agree(begun.options);
  show(await post(`/parties/${party.id}/confirm`, { response }, freshKey()));
}

async function ask(party, form) {
  const reason = form.querySelector(".reason").value.trim();
  if (!reason) throw new Problem(-2, { detail: t("contract.reason.none") });
  show(await post(`/parties/${party.id}/request`, { choices: choicesOf(form, party.slots), reason }, freshKey()));
}

async function decline(party, form) {
  const reason = form.querySelector(".reason").value.trim();
  if (!reason) throw new Problem(-2, { detail: t("contract.reason.none") });
  show(await post(`/parties/${party.id}/decline`, { reason }));
}

function task(envelope, party) {
  const form = el("form", { className: "task", noValidate: true });
  const go = el("button", { className: "go" }, t(party.role === "approve" ? "contract.approve" : "contract.seal"));
  const askFor = el("button", { className: "button", type: "button" }, t("contract.ask"));
  const no = el("button", { className: "button", type: "button" }, t("contract.decline"));
  form.append(
    el("h2", {}, t(party.role === "approve" ? "contract.task.approve" : "contract.task.seal", { name: party.name })),
    el("p", { className: "hint" }, t("contract.agree.hint")),
    ...party.slots.flatMap((slot) => fillsOf(envelope, slot).map((fill) => input(slot, fill))),
    el("p", { className: "choices" }, go),
    el("details", {}, el("summary", {}, t("contract.otherwise")),
      el("p", { className: "field" }, el("label", {}, t("contract.reason"), el("input", { className: "reason", maxLength: 256 }))),
      el("p", { className: "choices" }, party.role === "sign" ? askFor : null, no)));
  form.addEventListener("submit", (event) => { event.preventDefault(); run(go, () => answer(party, form)); });
  askFor.addEventListener("click", () => run(askFor, () => ask(party, form)));
  no.addEventListener("click", () => run(no, () => decline(party, form)));
  return form;
}

/* what everybody sees */

function partyLine(party) {
  const why = party.reason ? el("small", { className: "why" }, party.retry_at ? `${party.reason} ${t("contract.retry", { at: moment(party.retry_at) })}` : party.reason) : null;
  return el("li", { "data-party": party.id, "data-state": party.state }, el("b", {}, party.name || party.id), el("span", {}, known("party", party.role)),
    el("span", { className: `state ${party.state}` }, known("party", party.state)), el("small", {}, party.answered_at ? moment(party.answered_at) : ""), why);
}

function save(name, url) {
  const link = el("a", { href: "#" }, name);
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const answer_ = await mine(url);
    const given = /filename="([^"]+)"/.exec(answer_.headers.get("Content-Disposition") ?? "")?.[1] ?? "file";
    const made = el("a", { href: URL.createObjectURL(await answer_.blob()), download: given });
    made.click();
  });
  return link;
}

function files(envelope) {
  const links = envelope.documents.map((one) => save(one.name, `${path}/documents/${one.id}/file`));
  if (envelope.archived_at) links.push(save(t("contract.report"), `${path}/report`), save(t("contract.archive"), `${path}/archive`));
  at("files").replaceChildren(...links.map((one) => el("li", {}, one)));
}

function initiator(envelope) {
  at("initiator").hidden = !(envelope.state === "sent" && isInitiator(envelope));
}

function show(envelope) {
  at("title").textContent = envelope.title;
  at("state").textContent = known("envelope", envelope.state);
  at("state").className = `state ${envelope.state}`;
  at("why").textContent = envelope.reason ?? envelope.failure ?? "";
  at("deadline").textContent = envelope.deadline ? t("contract.deadline", { at: moment(envelope.deadline) }) : "";
  at("parties").replaceChildren(...envelope.parties.map(partyLine));
  const turn = envelope.state === "sent" ? envelope.parties.filter((one) => one.state === "invited" && isMine(one)) : [];
  at("tasks").replaceChildren(...turn.map((one) => task(envelope, one)));
  files(envelope);
  initiator(envelope);
  const seen = envelope.documents.map((one) => `${one.id}:${one.revision}`).join();
  if (seen !== drawn) {
    drawn = seen;
    at("sheets").replaceChildren(...envelope.documents.flatMap((one) => [el("h3", {}, one.name), ...sheets(id, one)]));
  }
}

async function history() {
  const { items, head } = await read(`${path}/history`);
  at("steps").replaceChildren(...items.map((one) => el("li", {}, el("b", {}, known("act", one.act)), el("span", {}, one.actor), el("small", {}, moment(one.at)), el("small", { className: "code" }, one.sha256.slice(0, 16)))));
  at("head").textContent = head;
}

async function start() {
  if (!token()) {
    location.replace("/account");
    return;
  }
  at("history").addEventListener("toggle", () => { if (at("history").open) run(at("remind"), history); });
  at("remind").addEventListener("click", () => run(at("remind"), async () => show(await post("/remind"))));
  at("withdraw").addEventListener("click", () => run(at("withdraw"), async () => {
    const reason = at("withdraw-reason").value.trim();
    if (!reason) throw new Problem(-2, { detail: t("contract.reason.none") });
    show(await post("/withdraw", { reason }));
  }));
  try {
    me = await read("/api/v1/me");
    const envelope = await read(path);
    if (envelope.state === "draft") location.replace(`/contracts/${id}/plan`);
    else show(envelope);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) location.replace("/account");
    else showProblem(trouble, error);
  }
}

start();
