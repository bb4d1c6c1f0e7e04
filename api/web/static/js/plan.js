// Setting out a contract: parties and their order, and where everybody seals and fills in, by drag on the pages.
import { Problem, freshKey, showProblem } from "/static/js/api.js";
import { el, known, moment, t } from "/static/js/dom.js";
import { Board, MARKS } from "/static/js/board.js";
import { mine, read, token } from "/static/js/session.js";
import { sheets } from "/static/js/sheets.js";

const at = (id) => document.getElementById(id);
const id = document.querySelector("[data-envelope]").dataset.envelope;
const path = `/api/v1/envelopes/${id}`;
const KINDS = ["contract", "official", "finance", "invoice", "representative"];
const trouble = at("trouble");
let envelope = null;
let parties = []; // { id, uscc, name, contact, kind, role, step, sealKind }
let board = null;

async function run(button, work) {
  trouble.hidden = true;
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    showProblem(trouble, error);
    trouble.scrollIntoView({ block: "center" });
  } finally {
    button.disabled = false;
  }
}

/* parties */

function chosen() {
  return at("parties").querySelector("input[type=radio]:checked")?.value ?? "";
}

function select(values, value, prefix, change) {
  const box = el("select", {}, ...values.map((one) => el("option", { value: one, selected: one === value }, known(prefix, one))));
  box.addEventListener("change", () => change(box.value));
  return box;
}

function row(party, place) {
  const pick = el("input", { type: "radio", name: "party", value: party.id, checked: place === 0 });
  const step = el("input", { type: "number", min: 0, max: 99, value: party.step, "aria-label": t("plan.step") });
  step.addEventListener("change", () => { party.step = Number(step.value); });
  const drop = el("button", { className: "button", type: "button" }, t("plan.drop"));
  drop.addEventListener("click", () => { parties = parties.filter((one) => one !== party); board.dropParty(party.id); list(); });
  return el("li", { className: `tone-${place % 6}` },
    el("label", { className: "pick" }, pick, el("b", {}, party.id), party.name || party.uscc),
    el("span", { className: "controls" },
      select(["sign", "approve", "copy"], party.role, "party", (value) => { party.role = value; if (value !== "sign") board.dropParty(party.id); }),
      party.kind === "enterprise" ? select(KINDS, party.sealKind, "seal", (value) => { party.sealKind = value; }) : null, step, drop));
}

function list() {
  at("parties").replaceChildren(...parties.map(row));
  board.tones(parties.map((one) => one.id));
}

function nextId() {
  for (let number = 0; ; number += 1) {
    const name = String.fromCharCode(65 + (number % 26)) + (number < 26 ? "" : Math.floor(number / 26));
    if (!parties.some((one) => one.id === name)) return name;
  }
}

function addParty() {
  const [who, contact] = [at("who").value.trim(), at("contact").value.trim()];
  if (!who) throw new Problem(-2, { detail: t("plan.who.none") });
  const enterprise = /^[0-9A-Z]{18}$/i.test(who);
  parties.push({
    id: nextId(), kind: enterprise ? "enterprise" : "person", uscc: enterprise ? who.toUpperCase() : null,
    name: enterprise ? "" : who, contact, role: "sign", step: parties.length, sealKind: "contract",
  });
  at("who").value = at("contact").value = "";
  list();
}

/* what is sent */

function slotsOf(documentId) {
  return parties.filter((one) => one.role === "sign").flatMap((party) => {
    const marks = board.marks.filter((one) => one.party === party.id && one.document === documentId);
    if (marks.length === 0) return [];
    const seals = marks.filter((one) => one.kind === "seal");
    const seam = marks.find((one) => one.kind === "seam");
    return [{
      party: party.id,
      kinds: party.kind === "enterprise" ? [party.sealKind] : [],
      spots: seals.map((one) => ({ at: "position", page: one.page, x_mm: one.x, y_mm: one.y })),
      seam: seam ? { y_mm: seam.y } : null,
      ...(party.kind === "person" ? { width_mm: MARKS.person.width, height_mm: MARKS.person.height } : {}),
      fills: marks.filter((one) => !["seal", "seam"].includes(one.kind)).map((one, place) => ({
        name: `${known("mark", one.kind)} ${place + 1}`, kind: one.kind, page: one.page, x_mm: one.x - one.width / 2, y_mm: one.y - one.height / 2,
        width_mm: one.width, height_mm: one.height, ...(one.kind === "statement" ? { statement: t("plan.statement.text") } : {}),
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
    matter: at("matter").value.trim(),
    on_timestamp_outage: at("outage").value,
    ...(deadline ? { deadline: new Date(deadline).toISOString() } : {}),
  };
  return mine(path, { method: "PUT", json: body });
}

async function send() {
  await plan();
  const { invitations } = await (await mine(`${path}/send`, { method: "POST", key: freshKey() })).json();
  const codes = Object.entries(invitations);
  if (codes.length === 0) {
    location.assign(`/contracts/${id}`);
    return;
  }
  at("codes").hidden = false;
  at("codes").querySelector("ul").replaceChildren(...codes.map(([party, code]) => el("li", {}, el("b", {}, party), el("span", { className: "code" }, code))));
  at("codes").querySelector("a").href = `/contracts/${id}`;
  at("codes").scrollIntoView({ block: "center" });
}

/* reading a draft back */

function recall() {
  parties = envelope.parties.map((one) => {
    const slot = envelope.documents.flatMap((document_) => document_.slots).find((found) => found.party === one.id);
    return { id: one.id, kind: one.kind, uscc: one.uscc, person: one.person, name: one.name, contact: "", role: one.role, step: one.step, sealKind: slot?.kinds[0] ?? "contract" };
  });
  if (parties.length === 0) parties = [{ id: "A", kind: "enterprise", uscc: envelope.uscc, name: "", contact: "", role: "sign", step: 0, sealKind: "contract" }];
  for (const document_ of envelope.documents) {
    for (const slot of document_.slots) board.recall(document_.id, slot, parties.find((one) => one.id === slot.party)?.kind);
  }
}

async function start() {
  if (!token()) {
    location.replace("/account");
    return;
  }
  try {
    envelope = await read(path);
    if (envelope.state !== "draft") {
      location.replace(`/contracts/${id}`);
      return;
    }
    board = new Board(at("sheets"));
    recall();
    at("title").value = envelope.title;
    at("matter").value = envelope.matter;
    at("outage").value = envelope.on_timestamp_outage;
    list();
    at("sheets").append(...envelope.documents.flatMap((one) => [el("h3", {}, one.name), ...sheets(id, one, (figure, size) => board.open(figure, size))]));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) location.replace("/account");
    else showProblem(trouble, error);
    return;
  }
  at("add").addEventListener("submit", (event) => { event.preventDefault(); run(at("more"), addParty); });
  for (const tool of at("tools").querySelectorAll("button")) {
    tool.addEventListener("click", () => {
      const party = parties.find((one) => one.id === chosen());
      if (party) board.add(tool.value, party);
    });
  }
  at("save").addEventListener("click", () => run(at("save"), async () => { await plan(); at("saved").textContent = t("plan.saved", { at: moment(new Date().toISOString()) }); }));
  at("send").addEventListener("click", () => run(at("send"), send));
}

start();
