// The account: take up an invitation, sign in with a passkey, see one's roles and passkeys.
import { Problem, call } from "/static/js/api.js";
import { el, known, moment, t } from "/static/js/dom.js";
import { make, usable } from "/static/js/passkey.js";
import { keep, mine, missing, read, signIn, signOut, tell, token } from "/static/js/session.js";

const at = (id) => document.getElementById(id);
const trouble = at("trouble");

/** Runs what a button asks for: it waits, and what goes wrong is told in words. */
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

/** Where to go once signed in: a page of ours, or none. */
function next() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "";
  return /^\/(contracts|requests|mandates)(\/[0-9a-f]+(\/plan)?)?$/.test(wanted) ? wanted : "";
}

function onward() {
  if (token() && next()) location.replace(next());
}

/** A role in an enterprise, or a place in a contract: the code says which. */
async function takePlace(code) {
  try {
    await mine("/api/v1/me/memberships", { method: "POST", json: { code } });
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
    const envelope = await (await mine("/api/v1/envelopes/invitations", { method: "POST", json: { code } }).catch((second) => {
      throw second instanceof Problem && second.status === 404 ? error : second;
    })).json();
    location.assign(`/contracts/${envelope.id}`);
  }
}

/** Makes an account with a passkey: for a role in an enterprise, or for a place in a contract; the code says which. */
async function arrive(code) {
  for (const path of ["/api/v1/invitations/redeem", "/api/v1/envelopes/invitations"]) {
    let begun = null;
    try {
      begun = await (await call(`${path}/begin`, { method: "POST", json: { code } })).json();
    } catch (error) {
      if (path === "/api/v1/envelopes/invitations" || !(error instanceof Problem && error.status === 404)) throw error;
      continue;
    }
    const credential = await make(begun.options);
    const session = await (await call(`${path}/finish`, { method: "POST", json: { code, credential } })).json();
    keep(session);
    if (session.envelope) location.assign(`/contracts/${session.envelope}`);
    return;
  }
}

/** Codes are 16 characters at least: shorter ones need not be sent to learn that they are wrong. */
async function redeem() {
  const code = at("code").value.trim();
  if (code.length < 16) {
    at("code").focus();
    throw missing(t(code ? "account.code.short" : "account.code.none"));
  }
  if (token()) {
    await takePlace(code);
  } else {
    await arrive(code);
  }
  at("code").value = "";
  await show();
  onward();
}

async function show() {
  const known_ = Boolean(token());
  at("sign-in").hidden = known_;
  at("me").hidden = !known_;
  if (!known_) return;
  const me = await read("/api/v1/me");
  at("name").textContent = me.person.name;
  at("roles").replaceChildren(...me.memberships.map((one) => el("li", {},
    el("b", {}, known("role", one.role)), el("span", {}, one.enterprise ?? ""), el("span", { className: "code" }, one.uscc), el("small", {}, moment(one.since)))));
  at("passkeys").replaceChildren(...me.passkeys.map((one) => el("li", {},
    el("b", {}, one.label || t("account.passkey")), el("small", {}, moment(one.made_at)))));
}

/** Demo only: two companies, and the codes of their representatives. */
async function found() {
  const made = await (await call("/demo/parties", { method: "POST" })).json();
  at("made").replaceChildren(...made.map((one) => {
    const take = el("button", { className: "button", type: "button" }, t("account.demo.take"));
    take.addEventListener("click", () => { at("code").value = one.code; at("take").focus(); });
    return el("li", {}, el("b", {}, one.name), el("span", { className: "code" }, one.uscc),
      el("span", { className: "whole" }, t("account.demo.code", { name: one.representative }), " ", el("span", { className: "code" }, one.code)), take);
  }));
}

async function start() {
  at("unusable").hidden = usable();
  if (!usable()) {
    const here = new URL(location.href);
    here.hostname = "localhost";
    at("elsewhere").href = here.href;
  }
  at("go").addEventListener("click", () => run(at("go"), async () => { await signIn(); await show(); onward(); }));
  at("redeem").addEventListener("submit", (event) => { event.preventDefault(); run(at("take"), redeem); });
  at("out").addEventListener("click", () => run(at("out"), async () => { await signOut(); await show(); }));
  at("make")?.addEventListener("click", () => run(at("make"), found));
  try {
    await show();
    onward();
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) tell(trouble, error);
    at("sign-in").hidden = false;
    at("me").hidden = true;
  }
}

start();
