// One contract: its pages as they stand, who is to act, and what I am asked to agree to.
import { Problem, freshKey } from "/static/js/api.js";
import { el, known, language, moment, t } from "/static/js/dom.js";
import { agree } from "/static/js/passkey.js";
import { mine, missing, read, tell, toAccount, token } from "/static/js/session.js";
import { sheets } from "/static/js/sheets.js";

const at = (id) => document.getElementById(id);
const id = document.querySelector("[data-envelope]").dataset.envelope;
const path = `/api/v1/envelopes/${id}`;
const ACTING = ["representative", "user"];
const trouble = at("trouble");
const MAX_REMINDERS = 3;
const MAX_TITLE = 200;
const AGAIN_MS = 10_000;
let me = null;
let current = null;
let drawn = "";

async function run(button, work) {
  trouble.hidden = true;
  const label = button.textContent;
  button.disabled = true;
  button.textContent = t("progress.working");
  try {
    await work();
  } catch (error) {
    tell(trouble, error);
    if (error instanceof Problem && error.status === 409) await refresh(); // somebody was faster: show how it stands now
  } finally {
    button.disabled = button.dataset.spent === "yes";
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
  const box = el("input", { type: kinds[fill.kind] ?? "text", name, required: fill.required, maxLength: fill.max_chars, id: name, autocomplete: "off" });
  if (fill.kind === "statement") box.dataset.statement = fill.statement;
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

/** Says what is still to be filled in, before the passkey is asked for. */
function checkFilled(form) {
  for (const box of form.elements) {
    if (!box.name) continue;
    const empty = box.type === "checkbox" ? !box.checked : !box.value.trim();
    const wrong = !empty && box.dataset.statement && box.value.trim() !== box.dataset.statement;
    if ((box.required && empty) || wrong) {
      box.focus();
      throw missing(wrong ? t("contract.statement.wrong") : t("contract.fill", { name: box.labels[0]?.textContent ?? box.name }));
    }
  }
}

async function answer(party, form) {
  checkFilled(form);
  const choices = choicesOf(form, party.slots);
  const begun = await post(`/parties/${party.id}/begin`, { choices }).catch((error) => {
    if (!(party.role === "sign" && error instanceof Problem && error.status === 403 && error.kind === "no-right")) throw error;
    form.querySelector("details").open = true;
    form.querySelector(".reason").focus();
    throw missing(t("contract.no-right"));
  });
  const response = await agree(begun.options);
  show(await post(`/parties/${party.id}/confirm`, { response }, freshKey()));
}

async function ask(party, form) {
  checkFilled(form);
  const reason = form.querySelector(".reason").value.trim();
  if (!reason) throw missing(t("contract.reason.none"));
  show(await post(`/parties/${party.id}/request`, { choices: choicesOf(form, party.slots), reason }, freshKey()));
}

async function decline(party, form) {
  const reason = form.querySelector(".reason").value.trim();
  if (!reason) throw missing(t("contract.reason.none"));
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
      el("p", { className: "field" }, el("label", {}, t("contract.reason"), " ", el("input", { className: "reason", maxLength: 256 }))),
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

/** A button, for the file needs the session's token, which no address should carry. */
function save(label, url, given) {
  const button = el("button", { className: "textual", type: "button" }, label);
  button.addEventListener("click", () => run(button, async () => {
    const made = el("a", { href: URL.createObjectURL(await (await mine(url)).blob()), download: given });
    made.click();
    setTimeout(() => URL.revokeObjectURL(made.href), 60_000);
  }));
  return button;
}

function files(envelope) {
  const links = envelope.documents.map((one) => save(one.name, `${path}/documents/${one.id}/file`, one.name));
  const ended = ["completed", "rescinded"].includes(envelope.state);
  if (envelope.archived_at) links.push(save(t("contract.report"), `${path}/report`, `${envelope.title}.evidence.pdf`), save(t("contract.archive"), `${path}/archive`, `${envelope.title}.asice`));
  else if (ended) links.push(el("span", { className: "hint" }, t("contract.archiving")));
  at("files").replaceChildren(...links.map((one) => el("li", {}, one)));
}

/** Which contracts this one refers to, and which refer to it. */
async function related() {
  const { items } = await read(`${path}/links`);
  at("related").replaceChildren(...items.map((one) => {
    const [other, kind] = one.envelope === id ? [one.target, one.kind] : [one.envelope, `${one.kind}.by`];
    return el("li", {}, el("a", { href: `/contracts/${other}` }, known("link", kind)));
  }));
  at("relations").hidden = items.length === 0;
}

/** Who ended it, when and why. */
async function ending(envelope) {
  const declined = envelope.parties.find((one) => one.state === "declined");
  if (envelope.state === "declined" && declined) {
    return t("contract.why.declined", { name: declined.name || declined.id, at: moment(declined.answered_at ?? envelope.ended_at), reason: declined.reason ?? envelope.reason ?? "" });
  }
  if (envelope.state === "withdrawn") {
    const { items } = await read(`${path}/history`);
    const step = items.find((one) => one.act === "envelope.withdrawn");
    return t("contract.why.withdrawn", { name: step?.actor ?? "", at: moment(step?.at ?? envelope.ended_at), reason: envelope.reason ?? "" });
  }
  if (envelope.state === "expired") return t("contract.why.expired", { at: moment(envelope.ended_at ?? envelope.deadline) });
  if (envelope.state === "rescinded") return t("contract.why.rescinded");
  const waited = envelope.parties.filter((one) => one.state === "invited" && !isMine(one)).map((one) => one.name || one.id);
  if (envelope.state === "sent" && waited.length > 0) return t("contract.waits", { names: waited.join(language === "zh" ? "、" : ", ") });
  return envelope.failure ?? envelope.reason ?? "";
}

function initiator(envelope) {
  const mayAct = isInitiator(envelope);
  at("initiator").hidden = !(mayAct && ["sent", "completed"].includes(envelope.state));
  at("running").hidden = envelope.state !== "sent";
  at("rescinding").hidden = envelope.state !== "completed";
  at("remind").dataset.spent = envelope.reminders >= MAX_REMINDERS ? "yes" : "no";
  at("remind").disabled = envelope.reminders >= MAX_REMINDERS;
  at("reminded").textContent = envelope.reminders ? t("contract.reminded", { count: envelope.reminders, of: MAX_REMINDERS }) : "";
}

/** A second contract of the same parties that ends this one, with the agreement about it as its document. */
async function rescind() {
  const file = at("rescind-file").files[0];
  if (!file) {
    at("rescind-file").focus();
    throw missing(t("contract.rescind.none"));
  }
  const title = t("contract.rescind.title", { title: current.title }).slice(0, MAX_TITLE);
  const made = await (await mine("/api/v1/envelopes", { method: "POST", json: { uscc: current.uscc, title } })).json();
  const form = new FormData();
  form.append("document", file, file.name);
  await mine(`/api/v1/envelopes/${made.id}/documents`, { method: "POST", form });
  const parties = current.parties.filter((one) => one.role === "sign").map((one) => ({
    id: one.id, kind: one.kind, role: "sign", step: one.step, uscc: one.uscc, ...(one.person ? { person: one.person } : {}), name: one.name,
  }));
  const links = [{ kind: "rescinds", target: id }];
  await mine(`/api/v1/envelopes/${made.id}`, { method: "PUT", json: { title, parties, slots: {}, links, rescission_reason: at("rescind-why").value } });
  location.assign(`/contracts/${made.id}/plan`);
}

/** Asks again how it stands, without disturbing what is being typed. */
async function refresh() {
  if (document.hidden || !token()) return;
  try {
    show(await read(path));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) tell(trouble, error);
  }
}

function show(envelope) {
  current = envelope;
  at("title").textContent = envelope.title;
  at("state").textContent = known("envelope", envelope.state);
  at("state").className = `state ${envelope.state}`;
  ending(envelope).then((words) => { if (at("why").textContent !== words) at("why").textContent = words; }).catch((error) => tell(trouble, error));
  document.title = `${envelope.title} · ${document.title.split(" · ").pop()}`;
  at("deadline").textContent = envelope.deadline && envelope.state === "sent" ? t("contract.deadline", { at: moment(envelope.deadline) }) : "";
  at("parties").replaceChildren(...envelope.parties.map(partyLine));
  const turn = envelope.state === "sent" ? envelope.parties.filter((one) => one.state === "invited" && isMine(one)) : [];
  at("to-tasks").hidden = turn.length === 0;
  const asked = turn.map((one) => one.id).join();
  if (asked !== at("tasks").dataset.asked) { // else what was typed would be lost
    at("tasks").dataset.asked = asked;
    at("tasks").replaceChildren(...turn.map((one) => task(envelope, one)));
  }
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
  at("steps").replaceChildren(...items.map((one) => el("li", {}, el("b", {}, known("act", one.act)), el("span", {}, one.actor === "service" ? t("contract.service") : one.actor), el("small", {}, moment(one.at)), el("small", { className: "code" }, one.sha256.slice(0, 16)))));
  at("head").textContent = head;
}

/** Whether something may change without this page's doing. */
const unsettled = (envelope) => envelope?.state === "sent" || (envelope?.state === "completed" && !envelope.archived_at);

async function start() {
  if (!token()) {
    toAccount();
    return;
  }
  at("history").addEventListener("toggle", () => { if (at("history").open) history().catch((error) => tell(trouble, error)); });
  at("remind").addEventListener("click", () => run(at("remind"), async () => show(await post("/remind"))));
  at("withdraw").addEventListener("click", () => run(at("withdraw"), async () => {
    const reason = at("withdraw-reason").value.trim();
    if (!reason) throw missing(t("contract.reason.none"));
    show(await post("/withdraw", { reason }));
  }));
  at("rescind").addEventListener("click", () => run(at("rescind"), rescind));
  try {
    me = await read("/api/v1/me");
    const envelope = await read(path);
    if (envelope.state === "draft") location.replace(`/contracts/${id}/plan`);
    else show(envelope);
    await related();
    document.addEventListener("visibilitychange", refresh);
    setInterval(() => { if (unsettled(current)) refresh(); }, AGAIN_MS);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) toAccount();
    else tell(trouble, error);
  }
}

start();
