// The demo: four steps on the real API, with a token that lasts for a short while.
import { Problem, call, freshKey, showProblem, verify } from "/static/js/api.js";
import { el, known, language, t } from "/static/js/dom.js";
import { evidence, verdictBlock } from "/static/js/report.js";

const at = (id) => document.getElementById(id);
const state = { token: "", licence: null, seals: {}, code: "", sealed: null, before: {} };

async function token() {
  if (!state.token) state.token = (await (await call("/demo/session", { method: "POST" })).json()).token;
  return state.token;
}

const fetchWith = async (path, options = {}) => call(path, { ...options, token: await token() });
const blobOf = async (path) => (await fetchWith(path)).blob();
const urlOf = async (path) => URL.createObjectURL(await blobOf(path));

/** Runs one act of a step: the button waits, problems are shown in the step's own box. */
async function act(number, work) {
  const step = at(`s-${number}`);
  const button = step.querySelector("button.go");
  const trouble = step.querySelector(":scope > .trouble");
  trouble.hidden = true;
  const label = button.textContent;
  button.disabled = true;
  button.textContent = t("progress.working");
  try {
    await work(step);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) state.token = "";
    showProblem(trouble, error);
    return false;
  } finally {
    button.textContent = label;
    button.disabled = step.classList.contains("done") && number < 3;
  }
  return true;
}

function tell(step, sentence) {
  const box = step.querySelector(":scope > .outcome");
  box.textContent = sentence;
  box.hidden = false;
}

/** Marks a step as done and opens the next one. */
function finish(number) {
  at(`s-${number}`).classList.add("done");
  at(`r-${number}`).className = "done";
  at(`r-${number}`).querySelector(".tick").textContent = `✓ ${t("demo.done")}`;
  if (number < 4) open(number + 1);
}

function open(number) {
  const step = at(`s-${number}`);
  step.classList.remove("waiting");
  step.querySelector("button.go").disabled = false;
  if (step.classList.contains("done")) return;
  at(`r-${number}`).className = "now";
  if (number > 1) {
    at(`h-${number}`).focus({ preventScroll: true });
    at(`s-${number - 1}`).querySelector(".outcome").scrollIntoView({ behavior: "smooth", block: "start" });
  }
}

/* step 1 */

function markFields(form, fields) {
  for (const input of form.elements) {
    if (!input.name) continue;
    const wrong = fields.filter((one) => one.field === input.name);
    input.setAttribute("aria-invalid", String(wrong.length > 0));
    at(`e-${input.name}`).textContent = wrong.map((one) => (language === "zh" ? one.text_zh : one.text)).join(" ");
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

async function register(step) {
  const form = at("enterprise");
  const entry = Object.fromEntries(new FormData(form));
  entry.term_until ||= null;
  markFields(form, []);
  try {
    await fetchWith("/api/v1/enterprises", { method: "POST", json: entry, key: freshKey() });
  } catch (error) {
    if (error instanceof Problem) markFields(form, error.fields);
    throw error;
  }
  for (const input of form.elements) if (input.name) input.readOnly = true;
  state.uscc = entry.uscc;
  tell(step, t("demo.enterprise", { name: entry.name }));
  finish(1);
}

/* step 2 */

async function establish(step) {
  const begun = performance.now();
  state.key ??= freshKey(); // the same until it worked: a repeated click must never issue twice
  const made = await (await fetchWith("/api/v1/licences", { method: "POST", json: { uscc: state.uscc }, key: state.key })).json();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  state.licence = made.licence;
  for (const seal of made.seals) state.seals[seal.kind] = seal;
  tell(step, t("demo.licence", { number: made.licence.number, count: made.seals.length, seconds }));
  step.querySelector(".issued").hidden = false;
  await Promise.all([showFaces(made.licence), showSeals(made.seals)]);
  finish(2);
}

async function showFaces(licence) {
  at("face-public").href = `/licences/${encodeURIComponent(licence.number)}`;
  at("face-page").src = `/demo/licences/${encodeURIComponent(licence.number)}/page.png`;
  const [pdf, qr, pem, code] = await Promise.all([
    urlOf(licence.faces.pdf), urlOf(licence.faces.qr_svg), urlOf(licence.faces.pem), fetchWith(licence.faces.elq1)]);
  at("face-pdf").href = pdf;
  at("face-qr").href = qr;
  at("face-qr").querySelector("img").src = qr;
  at("face-pem").href = pem;
  state.code = (await code.text()).trim();
}

/** Puts the pictures down one after the other, as a hand would. */
async function showSeals(seals) {
  for (const seal of seals) {
    const name = known("seal", seal.kind);
    const [picture, pem] = await Promise.all([urlOf(seal.faces.svg), urlOf(seal.faces.pem)]);
    at("imprints").append(el("li", { className: "stamp" },
      el("img", { src: picture, alt: t("demo.picture", { name }) }), name,
      el("small", {}, seal.code), el("a", { href: pem, download: `${seal.code}.pem` }, "PEM")));
  }
}

/* step 3 */

async function documentToSeal(source) {
  if (source === "sealed") return state.sealed;
  if (source === "sample") return blobOf(`/demo/contract.pdf?licence=${encodeURIComponent(state.licence.number)}`);
  const own = at("own").files[0];
  if (!own) throw new Problem(-2, { detail: t("demo.nofile") });
  return own;
}

/** Shows the first page; the server draws our own sample only, so for a visitor's file there is no picture. */
function showSealed(id, url) {
  const look = at("look");
  const picture = look.querySelector("img");
  look.hidden = true;
  look.href = url;
  picture.onload = () => { look.hidden = false; };
  if (new FormData(at("sealing")).get("source") === "sample") picture.src = `/demo/uses/${encodeURIComponent(id)}/page.png`;
}

/** Seals, and outlines the fields that the service objects to. */
async function sealing(step) {
  const inputs = [...at("sealing").querySelectorAll("#keyword, #page, #x, #y, #reason")];
  const outline = (fields) => inputs.forEach((input) =>
    input.setAttribute("aria-invalid", String(fields.some((one) => one.field === input.name))));
  outline([]);
  try {
    await seal(step);
  } catch (error) {
    if (error instanceof Problem) outline(error.fields);
    throw error;
  }
}

async function seal(step) {
  const given = new FormData(at("sealing"));
  const placement = given.get("placement");
  const form = new FormData();
  form.append("document", await documentToSeal(given.get("source")), "document.pdf");
  form.append("placement", placement);
  form.append("reason", given.get("reason"));
  const needed = { keyword: ["keyword"], position: ["page", "x_mm", "y_mm"], invisible: [] }[placement];
  for (const name of needed) form.append(name, given.get(name));
  const chosen = state.seals[given.get("kind")];
  await fetchWith("/demo/mandates", { method: "POST", json: { uscc: state.uscc } }); // lent by the demo's representative
  const use = await (await fetchWith(`/api/v1/seals/${chosen.code}/uses`, { method: "POST", form, key: freshKey() })).json();
  state.sealed = await blobOf(use.document);
  const url = URL.createObjectURL(state.sealed);
  at("download").href = url;
  showSealed(use.id, url);
  at("sealed").hidden = false;
  at("pick-sealed").hidden = false;
  tell(step, t("demo.sealed", { seal: known("seal", chosen.kind), level: `PAdES ${use.level}` }));
  finish(3);
}

/* step 4 */

function showReport(id, report) {
  const place = at(id).querySelector("div");
  const before = state.before[id];
  state.before[id] = report.verdict;
  const said = (verdict) => t(`t.verdict.${verdict}`);
  const moved = before && el("p", { className: "stated" }, before === report.verdict
    ? t("demo.same", { after: said(report.verdict) })
    : t("demo.changed", { before: said(before), after: said(report.verdict) }));
  place.replaceChildren(verdictBlock(report, { level: "h2", compact: true }), moved || "",
    el("details", {}, el("summary", {}, t("t.check.evidence")), evidence(report)));
}

async function check(step) {
  const [onFile, onCode] = await Promise.all([verify(state.sealed), verify(state.code)]);
  step.querySelector(".results").hidden = false;
  showReport("on-file", onFile);
  showReport("on-code", onCode);
  step.querySelector(".twist").hidden = false;
  finish(4);
}

async function decide(what) {
  await act(4, async (step) => {
    const answer = await fetchWith(`/api/v1/licences/${encodeURIComponent(state.licence.number)}/${what}`,
      { method: "POST", json: { reason: t(`demo.${what}.reason`) }, key: freshKey() });
    const licence = await answer.json();
    tell(step, t("demo.state", { state: known("state", licence.state) }));
    for (const id of ["suspend", "suspend-lead"]) at(id).hidden = licence.state !== "active";
    for (const id of ["reinstate", "reinstate-lead"]) at(id).hidden = licence.state === "active";
    await check(step);
  });
}

/** Shows the fields that go with the chosen radio button. */
function follow(form) {
  const given = new FormData(form);
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = ![given.get("source"), given.get("placement")].includes(part.dataset.for);
  }
}

function on(id, number, work) {
  at(id).addEventListener("submit", (event) => { event.preventDefault(); act(number, work); });
}

on("enterprise", 1, register);
on("licence", 2, establish);
on("sealing", 3, sealing);
on("verify", 4, check);
at("enterprise").addEventListener("input", ({ target }) => {
  target.setAttribute("aria-invalid", "false");
  at(`e-${target.name}`).textContent = "";
});
at("sealing").addEventListener("change", () => follow(at("sealing")));
at("suspend").addEventListener("click", () => decide("suspend"));
at("reinstate").addEventListener("click", () => decide("reinstate"));
for (const number of [2, 3, 4]) at(`s-${number}`).classList.add("waiting");
follow(at("sealing"));
open(1);
