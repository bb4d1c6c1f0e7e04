// The check page: takes a file, a picture or a code, shows the answer in its place.
import { showProblem, verify } from "/static/js/api.js";
import { el, t } from "/static/js/dom.js";
import { evidence, verdictBlock } from "/static/js/report.js";

const at = (id) => document.getElementById(id);
const [ask, answer, form, text, drop, go, trouble, progress] = ["ask", "answer", "form", "text", "drop", "go", "trouble", "progress"].map(at);
let chosen = null;

/** The code in the address, which browsers keep to themselves; a stray % is part of Base45, not an escape. */
function codeInAddress() {
  const raw = location.hash.slice(1);
  if (!/^ELQ\d/i.test(raw)) return "";
  try { return decodeURIComponent(raw); } catch { return raw; }
}

/** Takes the code out of a whole address as well. */
function codeOf(pasted) {
  const trimmed = pasted.replace(/^\s+|[\r\n]+|\s+$/g, "");
  const mark = trimmed.indexOf("#ELQ");
  if (mark < 0) return trimmed;
  const raw = trimmed.slice(mark + 1);
  try { return decodeURIComponent(raw); } catch { return raw; }
}

function choose(file) {
  chosen = file ?? null;
  at("chosen").hidden = !chosen;
  at("chosen").textContent = chosen ? chosen.name : "";
  trouble.hidden = true;
}

function readAddress() {
  const code = codeInAddress();
  if (!code) return;
  text.value = code;
  at("found").textContent = t("check.found", { count: code.length });
  at("found").hidden = false;
  form.classList.add("has-code");
  askAgain();
  go.focus();
}

function askAgain() {
  ask.hidden = false;
  answer.hidden = true;
  answer.replaceChildren();
}

/** Back to an empty form. */
function forget() {
  form.reset();
  form.classList.remove("has-code");
  at("found").hidden = true;
  choose(null);
  askAgain();
  at("file").focus();
}

function busy(on) {
  go.disabled = on;
  progress.hidden = !on;
  if (on) tell(0);
}

function tell(percent) {
  const bar = progress.querySelector("progress");
  if (percent < 100) bar.value = percent;
  else bar.removeAttribute("value"); // sent: how long the check takes is not known
  const words = percent < 100 ? t("progress.sending", { percent }) : t("progress.checking");
  progress.querySelector("p").textContent = words;
}

function show(report, title) {
  const again = el("button", { className: "button", type: "button" }, t("report.again"));
  again.addEventListener("click", forget);
  const print = el("button", { className: "button", type: "button" }, t("report.print"));
  print.addEventListener("click", () => window.print());
  answer.replaceChildren(verdictBlock(report, { title }), evidence(report), el("p", { className: "afterwards" }, again, print));
  ask.hidden = true;
  answer.hidden = false;
  answer.setAttribute("aria-label", t("check.answered", { verdict: t(`t.verdict.${report.verdict}`) }));
  window.scrollTo(0, 0);
  answer.focus({ preventScroll: true });
}

async function submit() {
  const subject = chosen ?? codeOf(text.value);
  trouble.hidden = true;
  if (!subject) {
    trouble.replaceChildren(el("b", {}, t("check.none")));
    trouble.hidden = false;
    return;
  }
  busy(true);
  try {
    show(await verify(subject, tell), chosen ? chosen.name : "");
  } catch (error) {
    showProblem(trouble, error);
  } finally {
    busy(false);
  }
}

form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
for (const id of ["file", "photo"]) {
  at(id).addEventListener("change", (event) => { choose(event.target.files[0]); if (chosen) submit(); });
}
text.addEventListener("input", () => choose(null));
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  choose(event.dataTransfer.files[0]);
  if (chosen) submit();
});
at("other").addEventListener("click", forget);
window.addEventListener("hashchange", readAddress);
readAddress();
