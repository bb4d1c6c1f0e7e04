// A person lets a program sign: signs in with a passkey and, where hashes are to be signed, agrees to these with it.
import { Problem, call } from "/static/js/api.js";
import { known, t } from "/static/js/dom.js";
import { agree } from "/static/js/passkey.js";
import { mine, signIn, token } from "/static/js/session.js";

const asked = document.getElementById("asked");
const request = JSON.parse(asked.dataset.request);
const trouble = document.getElementById("trouble");
const buttons = [document.getElementById("go"), document.getElementById("no")];

/** What went wrong, in the reader's words; the service's own sentence stays in its answer. */
function sentence(error) {
  if (!(error instanceof Problem)) return t("agree.stopped");
  return error.status === 400 || error.status === 403 ? t("agree.not-yours") : error.sentence;
}

async function agreed() {
  if (!token()) await signIn();
  const body = { request };
  if (asked.dataset.scope === "credential") {
    const challenge = await (await mine("/oauth/consent/challenge", { method: "POST", json: body })).json();
    document.getElementById("seal").textContent = `${challenge.seal.name} ${known("seal", challenge.seal.kind)}`;
    body.response = await agree(challenge.options);
  }
  return (await mine("/oauth/consent", { method: "POST", json: body })).json();
}

const refused = async () => (await call("/oauth/consent/refusal", { method: "POST", json: { request } })).json();

async function go(act) {
  trouble.hidden = true;
  for (const one of buttons) one.disabled = true;
  try {
    location.assign((await act()).redirect);
  } catch (error) {
    trouble.textContent = sentence(error);
    trouble.hidden = false;
    for (const one of buttons) one.disabled = false;
  }
}

buttons[0].addEventListener("click", () => go(agreed));
buttons[1].addEventListener("click", () => go(refused));
