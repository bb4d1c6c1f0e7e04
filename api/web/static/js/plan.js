// Setting out a contract: parties and their order, and where everybody seals and fills in, by drag on the pages.
import { Problem, freshKey } from "/static/js/api.js";
import { el, known, moment, t } from "/static/js/dom.js";
import { Board, MARKS } from "/static/js/board.js";
import { mine, missing, read, tell, toAccount, token } from "/static/js/session.js";
import { sheets } from "/static/js/sheets.js";

const at = (id) => document.getElementById(id);
const id = document.querySelector("[data-envelope]").dataset.envelope;
const path = `/api/v1/envelopes/${id}`;
const KINDS = ["contract", "official", "finance", "invoice", "representative"];
const trouble = at("trouble");
let envelope = null;
let parties = []; // { id, uscc, name, contact, kind, role, step, sealKind }
let board = null;
let links = []; // contracts that this one refers to
let dirty = false;
let ours = ""; // the name of our enterprise

async function run(button, work) {
  trouble.hidden = true;
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    tell(trouble, error);
  } finally {
    button.disabled = false;
  }
}

/* parties */

function chosen() {
  return at("parties").querySelector("input[type=radio]:checked")?.value ?? "";
}

function pickParty(party) {
  for (const radio of at("parties").querySelectorAll("input[type=radio]")) radio.checked = radio.value === party;
  at("whose").value = party;
}

function select(values, value, prefix, label, change) {
  const box = el("select", { "aria-label": label }, ...values.map((one) => el("option", { value: one, selected: one === value }, known(prefix, one))));
  box.addEventListener("change", () => change(box.value));
  return box;
}

function row(party, place, picked) {
  const pick = el("input", { type: "radio", name: "party", value: party.id, checked: party.id === picked });
  pick.addEventListener("change", () => pickParty(party.id));
  const step = el("input", { type: "number", min: 0, max: 99, value: party.step });
  step.addEventListener("change", () => { party.step = Math.min(Math.max(Math.trunc(Number(step.value)) || 0, 0), 99); step.value = party.step; });
  const drop = el("button", { className: "button", type: "button", "aria-label": t("plan.drop.party", { party: party.id }) }, t("plan.drop"));
  drop.addEventListener("click", () => { parties = parties.filter((one) => one !== party); board.dropParty(party.id); dirty = true; list(); });
  return el("li", { className: `tone-${place % 6}` },
    el("label", { className: "pick" }, pick, el("b", {}, party.id), el("span", {}, party.name || party.uscc)),
    el("span", { className: "controls" },
      select(["sign", "approve", "copy"], party.role, "party", t("plan.role"), (value) => { party.role = value; if (value !== "sign") board.dropParty(party.id); }),
      party.kind === "enterprise" ? select(KINDS, party.sealKind, "seal", t("plan.seal-kind"), (value) => { party.sealKind = value; }) : null,
      el("label", { className: "step-of" }, t("plan.step"), step), drop));
}

function list() {
  const picked = chosen();
  const held = parties.some((one) => one.id === picked) ? picked : parties[0]?.id;
  at("parties").replaceChildren(...parties.map((one, place) => row(one, place, held)));
  at("whose").replaceChildren(...parties.map((one) => el("option", { value: one.id, selected: one.id === held }, `${one.id} ${one.name || one.uscc}`)));
  board.tones(parties.map((one) => one.id));
}

function nextId() {
  for (let number = 0; ; number += 1) {
    const name = String.fromCharCode(65 + (number % 26)) + (number < 26 ? "" : Math.floor(number / 26));
    if (!parties.some((one) => one.id === name)) return name;
  }
}

/** Adds the party and keeps the draft: the register then says the enterprise's name, or that there is none. */
async function addParty() {
  const [who, contact] = [at("who").value.trim(), at("contact").value.trim()];
  const enterprise = /^[0-9A-Z]{18}$/i.test(who);
  if (!who || (!enterprise && !contact)) {
    at(who ? "contact" : "who").focus();
    throw missing(t(who ? "plan.contact.none" : "plan.who.none"));
  }
  const before = parties;
  parties = [...parties, {
    id: nextId(), kind: enterprise ? "enterprise" : "person", uscc: enterprise ? who.toUpperCase() : null,
    name: enterprise ? "" : who, contact, role: "sign", step: parties.length, sealKind: "contract",
  }];
  try {
    await keep();
  } catch (error) {
    parties = before;
    throw enterprise && /there is no enterprise/.test(error.detail ?? "") ? missing(t("plan.who.unknown", { uscc: who.toUpperCase() })) : error;
  }
  at("who").value = at("contact").value = "";
  list();
  at("who").focus();
}

/* what is sent */

function slotsOf(documentId) {
  return parties.filter((one) => one.role === "sign").flatMap((party) => {
    const marks = board.marks.filter((one) => one.party === party.id && one.document === documentId);
    const known_ = envelope.documents.find((one) => one.id === documentId).slots.find((one) => one.party === party.id);
    const elsewhere = known_?.spots.filter((one) => one.at !== "position") ?? []; // by keyword or on every page: kept as they are
    if (marks.length === 0 && elsewhere.length === 0) return [];
    const seals = marks.filter((one) => one.kind === "seal");
    const seam = marks.find((one) => one.kind === "seam");
    return [{
      party: party.id,
      ...(known_ ? { name: known_.name, own_client: known_.own_client } : {}),
      kinds: party.kind === "enterprise" ? [party.sealKind] : [],
      spots: [...seals.map((one) => ({ at: "position", page: one.page, x_mm: one.x, y_mm: one.y })), ...elsewhere],
      seam: seam ? { ...(known_?.seam ?? {}), y_mm: seam.y } : null,
      ...(party.kind === "person" ? { width_mm: MARKS.person.width, height_mm: MARKS.person.height } : {}),
      fills: marks.filter((one) => !["seal", "seam"].includes(one.kind)).map((one, place) => ({
        ...(one.fill ?? { name: `${known("mark", one.kind)} ${place + 1}` }), kind: one.kind, page: one.page, x_mm: one.x - one.width / 2, y_mm: one.y - one.height / 2,
        width_mm: one.width, height_mm: one.height, ...(one.kind === "statement" ? { statement: one.fill?.statement || at("statement").value.trim() || t("plan.statement.text") } : {}),
      })),
    }];
  });
}

function plan() {
  const deadline = at("deadline").value;
  const body = {
    title: at("title").value.trim(),
    parties: parties.map(({ sealKind, ...party }) => party),
    slots: Object.fromEntries(envelope.documents.map((one) => [one.id, slotsOf(one.id)])),
    links,
    rescission_reason: envelope.rescission_reason,
    amount: envelope.amount,
    currency: envelope.currency,
    level: envelope.level,
    at_least: envelope.at_least,
    matter: at("matter").value.trim(),
    on_timestamp_outage: at("outage").value,
    ...(deadline ? { deadline: new Date(deadline).toISOString() } : {}),
  };
  return mine(path, { method: "PUT", json: body });
}

async function keep() {
  const saved = await (await plan()).json();
  for (const party of parties) party.name = saved.parties.find((one) => one.id === party.id)?.name ?? party.name;
  envelope = saved;
  dirty = false;
}

async function send() {
  const bare = parties.find((one) => one.role === "sign" && !envelope.documents.some((document_) => slotsOf(document_.id).some((slot) => slot.party === one.id)));
  if (bare) {
    pickParty(bare.id);
    throw missing(t("plan.bare", { party: bare.id, name: bare.name || bare.uscc }));
  }
  await keep();
  const { invitations } = await (await mine(`${path}/send`, { method: "POST", key: freshKey() })).json();
  const codes = Object.entries(invitations);
  if (codes.length === 0) {
    location.assign(`/contracts/${id}`);
    return;
  }
  at("codes").hidden = false;
  at("codes").querySelector("ul").replaceChildren(...codes.map(([party, code]) => el("li", {}, el("b", {}, parties.find((one) => one.id === party)?.name || party), el("span", { className: "code" }, code))));
  at("codes").querySelector("a").href = `/contracts/${id}`;
  at("codes").scrollIntoView({ block: "center" });
  for (const one of document.querySelectorAll(".desk button, .desk input, .desk select")) one.disabled = true; // it is sent: nothing can be moved
}

/* reading a draft back */

/** A moment as a `datetime-local` field spells it. */
function local(iso) {
  const time = new Date(iso);
  return new Date(time - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function recall() {
  parties = envelope.parties.map((one) => {
    const slot = envelope.documents.flatMap((document_) => document_.slots).find((found) => found.party === one.id);
    return { id: one.id, kind: one.kind, uscc: one.uscc, person: one.person, name: one.name, contact: one.contact ?? "", role: one.role, step: one.step, sealKind: slot?.kinds[0] ?? "contract" };
  });
  if (parties.length === 0) parties = [{ id: "A", kind: "enterprise", uscc: envelope.uscc, name: ours, contact: "", role: "sign", step: 0, sealKind: "contract" }];
  for (const document_ of envelope.documents) {
    for (const slot of document_.slots) board.recall(document_.id, slot, parties.find((one) => one.id === slot.party)?.kind);
  }
}

async function start() {
  if (!token()) {
    toAccount();
    return;
  }
  try {
    envelope = await read(path);
    if (envelope.state !== "draft") {
      location.replace(`/contracts/${id}`);
      return;
    }
    links = (await read(`${path}/links`)).items.filter((one) => one.envelope === id).map((one) => ({ kind: one.kind, target: one.target, sha256: one.sha256 }));
    const me = await read("/api/v1/me");
    ours = me.memberships.find((one) => one.uscc === envelope.uscc)?.enterprise ?? "";
    board = new Board(at("sheets"), () => { dirty = true; });
    recall();
    at("title").value = envelope.title;
    at("matter").value = envelope.matter;
    at("outage").value = envelope.on_timestamp_outage;
    at("statement").value = t("plan.statement.text");
    if (envelope.deadline) at("deadline").value = local(envelope.deadline);
    list();
    at("sheets").append(...envelope.documents.flatMap((one) => [el("h3", {}, one.name), ...sheets(id, one, (figure, size) => board.open(figure, size))]));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) toAccount();
    else tell(trouble, error);
    return;
  }
  at("add").addEventListener("submit", (event) => { event.preventDefault(); run(at("more"), addParty); });
  for (const tool of at("tools").querySelectorAll("button")) {
    tool.addEventListener("click", () => {
      const party = parties.find((one) => one.id === chosen());
      if (!party) return;
      if (party.role === "sign") board.add(tool.value, party);
      else tell(trouble, missing(t("plan.no-seal", { party: party.id })));
    });
  }
  at("whose").addEventListener("change", () => pickParty(at("whose").value));
  for (const box of document.querySelectorAll(".beside input, .beside select")) box.addEventListener("change", () => { if (!["who", "contact"].includes(box.id)) dirty = true; });
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); }); // the browser asks before what was placed is lost
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // Back, after it was sent
  at("save").addEventListener("click", () => run(at("save"), async () => { await keep(); list(); at("saved").textContent = t("plan.saved", { at: moment(new Date().toISOString()) }); }));
  at("send").addEventListener("click", () => run(at("send"), send));
}

start();
