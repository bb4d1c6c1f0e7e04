// Mandates: what my enterprises lent and were lent, granting with a passkey, accepting, declining, taking back.
import { Problem } from "/static/js/api.js";
import { el, known, moment, t } from "/static/js/dom.js";
import { agree } from "/static/js/passkey.js";
import { mine, missing, read, tell, toAccount, token } from "/static/js/session.js";

const at = (id) => document.getElementById(id);
const base = "/api/v1/mandates";
const LENDING = ["representative", "manager"];
const trouble = at("trouble");
let me = null;
let names = new Map(); // of persons and enterprises, by identity

async function run(button, work) {
  trouble.hidden = true;
  button.disabled = true;
  try {
    await work();
    await show();
  } catch (error) {
    tell(trouble, error);
  } finally {
    button.disabled = false;
  }
}

const post = async (path, json) => (await mine(base + path, { method: "POST", json })).json();
const roleIn = (uscc) => me.memberships.find((one) => one.uscc === uscc)?.role;
const nameOf = (identity) => names.get(identity) ?? identity;

/** Agrees with the passkey to what the server asks for, then says so. */
async function agreed(one, what) {
  const { options } = await post(`/${one.id}/begin`);
  await post(`/${one.id}/${what}`, { credential: await agree(options) });
}

function terms(one) {
  const seals = [...one.kinds.map((kind) => known("seal", kind)), ...one.seals].join(", ");
  const limits = [
    one.matters.includes("*") ? "" : one.matters.join(", "),
    one.max_amount === null ? "" : t("mandates.upto", { amount: one.max_amount, currency: one.currency }),
    one.max_pages === null ? "" : t("mandates.pages", { pages: one.max_pages }),
    one.max_uses === null ? t("mandates.used", { uses: one.uses }) : t("mandates.used-of", { uses: one.uses, of: one.max_uses }),
    one.automatic ? t("mandates.is-automatic") : "",
  ];
  return el("small", { className: "whole" }, [seals, ...limits, `${moment(one.not_before)} – ${moment(one.not_after)}`].filter(Boolean).join(" · "));
}

function acts(one) {
  const grantor = one.grantors.some((uscc) => LENDING.includes(roleIn(uscc)));
  const grantee = one.grantee.id === me.person.id || roleIn(one.grantee.id) === "representative";
  const button = (words, work, main = false) => {
    const made = el("button", { className: main ? "go" : "button", type: "button" }, words);
    made.addEventListener("click", () => run(made, work));
    return made;
  };
  const reasoned = (words, what) => {
    const why = el("input", { maxLength: 256, required: true });
    const go = button(words, async () => {
      if (!why.value.trim()) {
        why.focus();
        throw missing(t("contract.reason.none"));
      }
      await post(`/${one.id}/${what}`, { reason: why.value.trim() });
    });
    return el("details", {}, el("summary", {}, words), el("p", { className: "field" }, el("label", {}, t("contract.reason"), " ", why)), el("p", { className: "choices" }, go));
  };
  const made = [];
  if (one.state === "drafted" && grantor) made.push(button(t("mandates.go-on"), () => agreed(one, "confirm"), true));
  if (one.state === "offered" && grantee) made.push(button(t("mandates.accept"), () => agreed(one, "accept"), true), reasoned(t("mandates.decline"), "decline"));
  if (["drafted", "offered", "active"].includes(one.state) && grantor) made.push(reasoned(t("mandates.revoke"), "revoke"));
  return made.length ? el("div", { className: "choices whole" }, ...made) : null;
}

function line(one) {
  const why = one.why && ["declined", "revoked", "void"].includes(one.state) ? el("small", { className: "whole" }, one.why) : null;
  return el("li", { "data-mandate": one.id, "data-state": one.state },
    el("b", {}, `${one.grantors.map(nameOf).join(", ")} → ${known("grantee", one.grantee.kind)} ${nameOf(one.grantee.id)}`),
    el("span", { className: `state ${one.state}` }, known("mandate", one.state)), el("span", { className: "code whole" }, one.id), terms(one), why, acts(one));
}

async function show() {
  const { items } = await read(base);
  at("list").replaceChildren(...items.map(line));
  at("none").hidden = items.length > 0;
  at("list").hidden = items.length === 0;
}

/* granting */

async function members() {
  const { items } = await read(`/api/v1/enterprises/${at("grantor").value}/members`);
  for (const one of items) names.set(one.person, one.name);
  const able = items.filter((one) => ["user", "representative"].includes(one.role));
  at("person").replaceChildren(...able.map((one) => el("option", { value: one.person }, `${one.name} · ${known("role", one.role)}`)));
}

function kindChosen() {
  at("as-person").hidden = at("kind").value !== "person";
  at("as-other").hidden = at("kind").value === "person";
  at("as-automatic").hidden = at("kind").value !== "machine";
  at("automatic").checked = at("kind").value === "machine";
}

async function grant() {
  const kind = at("kind").value;
  const grantee = kind === "person" ? at("person").value : at("other").value.trim();
  const kinds = [...at("grant").querySelectorAll("[name=kinds]:checked")].map((one) => one.value);
  const empty = [[grantee, kind === "person" ? "person" : "other"], [at("until").value, "until"]].find(([value]) => !value);
  if (empty) {
    at(empty[1]).focus();
    throw missing(t("contract.fill", { name: at(empty[1]).labels[0].textContent }));
  }
  if (kinds.length === 0) throw missing(t("mandates.kinds.none"));
  const [matter, amount, uses] = [at("matter").value.trim(), at("amount").value.trim(), at("uses").value];
  const { mandate, agreement } = await post("", {
    grantor: at("grantor").value, grantee: { kind, id: grantee }, kinds, matters: [matter || "*"],
    ...(amount ? { max_amount: amount, currency: "CNY" } : {}), ...(uses ? { max_uses: Number(uses) } : {}),
    not_before: new Date().toISOString(), not_after: new Date(`${at("until").value}T23:59:59`).toISOString(),
    automatic: kind === "machine" && at("automatic").checked,
  });
  try {
    await post(`/${mandate.id}/confirm`, { credential: await agree(agreement.options) });
  } catch (error) {
    await show(); // the draft stands, and can be gone on with
    throw error;
  }
}

async function start() {
  if (!token()) {
    toAccount();
    return;
  }
  at("grantor").addEventListener("change", () => members().catch((error) => tell(trouble, error)));
  at("kind").addEventListener("change", kindChosen);
  at("grant").addEventListener("submit", (event) => { event.preventDefault(); run(at("go"), grant); });
  kindChosen(); // a browser may have kept what was chosen before
  try {
    me = await read("/api/v1/me");
    names = new Map([[me.person.id, me.person.name], ...me.memberships.map((one) => [one.uscc, one.enterprise ?? one.uscc])]);
    const lending = me.memberships.filter((one) => LENDING.includes(one.role));
    at("grantor").replaceChildren(...lending.map((one) => el("option", { value: one.uscc }, one.enterprise ?? one.uscc)));
    at("grant").hidden = lending.length === 0;
    if (lending.length > 0) await members();
    await show();
  } catch (error) {
    if (error instanceof Problem && error.status === 401) toAccount();
    else tell(trouble, error);
  }
}

start();
