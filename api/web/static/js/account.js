// The account: take up an invitation, sign in with a passkey, see one's roles and passkeys.
import { Problem, call, showProblem } from "/static/js/api.js";
import { el, known, moment, t } from "/static/js/dom.js";
import { make, usable } from "/static/js/passkey.js";
import { keep, mine, read, signIn, signOut, token } from "/static/js/session.js";

const at = (id) => document.getElementById(id);
const trouble = at("trouble");

/** Runs what a button asks for: it waits, and what goes wrong is told in words. */
async function run(button, work) {
  trouble.hidden = true;
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    tell(error);
  } finally {
    button.disabled = false;
  }
}

function tell(error) {
  if (error instanceof DOMException) {
    trouble.replaceChildren(el("b", {}, t("account.dismissed")));
    trouble.hidden = false;
  } else {
    showProblem(trouble, error);
  }
  trouble.scrollIntoView({ block: "nearest" });
}

async function redeem() {
  const code = at("code").value.trim();
  if (!code) throw new Problem(422, { detail: t("account.code.none") });
  if (token()) {
    await mine("/api/v1/me/memberships", { method: "POST", json: { code } });
  } else {
    const { options } = await (await call("/api/v1/invitations/redeem/begin", { method: "POST", json: { code } })).json();
    const credential = await make(options);
    keep(await (await call("/api/v1/invitations/redeem/finish", { method: "POST", json: { code, credential } })).json());
  }
  at("code").value = "";
  await show();
}

async function show() {
  const known_ = Boolean(token());
  at("sign-in").hidden = known_;
  at("me").hidden = !known_;
  if (!known_) return;
  const me = await read("/api/v1/me");
  at("name").textContent = me.person.name;
  at("roles").replaceChildren(...me.memberships.map((one) => el("li", {},
    el("b", {}, known("role", one.role)), el("span", { className: "code" }, one.uscc), el("small", {}, moment(one.since)))));
  at("passkeys").replaceChildren(...me.passkeys.map((one) => el("li", {},
    el("b", {}, one.label || t("account.passkey")), el("small", {}, moment(one.made_at)))));
}

/** Demo only: two companies, and the codes of their representatives. */
async function found() {
  const made = await (await call("/demo/parties", { method: "POST" })).json();
  at("made").replaceChildren(...made.map((one) => {
    const take = el("button", { className: "button", type: "button" }, t("account.demo.take"));
    take.addEventListener("click", () => { at("code").value = one.code; at("code").focus(); });
    return el("li", {}, el("b", {}, one.representative), el("span", {}, one.name), el("span", { className: "code" }, one.uscc), el("span", { className: "code" }, one.code), take);
  }));
}

async function start() {
  at("unusable").hidden = usable();
  if (!usable()) {
    const here = new URL(location.href);
    here.hostname = "localhost";
    at("elsewhere").href = here.href;
  }
  at("go").addEventListener("click", () => run(at("go"), async () => { await signIn(); await show(); }));
  at("redeem").addEventListener("submit", (event) => { event.preventDefault(); run(at("take"), redeem); });
  at("out").addEventListener("click", () => run(at("out"), async () => { await signOut(); await show(); }));
  at("make")?.addEventListener("click", () => run(at("make"), found));
  try {
    await show();
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) tell(error);
    at("sign-in").hidden = false;
    at("me").hidden = true;
  }
}

start();
