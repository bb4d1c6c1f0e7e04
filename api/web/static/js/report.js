// Turns the JSON report of a check into a page: the answer first, the evidence below.
import { el, icon, known, language, moment, t } from "/static/js/dom.js";

const WORST_FIRST = ["failed", "indeterminate", "passed"];
const MOST_REASONS = 3;
// the order of the paper licence
const FACTS = ["uscc", "name", "name_latin", "kind", "address", "legal_representative", "capital", "founded_on",
  "term_until", "scope", "authority", "number", "version", "issued_at", "expires_at"];
const AS_TIME = new Set(["issued_at", "expires_at"]);
const AS_CODE = new Set(["uscc", "number"]);

const inWords = (finding) => (language === "zh" ? finding.text_zh : finding.text);
const allFindings = (report) => [...report.findings, ...report.signatures.flatMap((one) => one.findings)];

/** Why the verdict is what it is, in a few sentences. */
function reasons(report) {
  if (report.verdict !== "passed") {
    const guilty = allFindings(report).filter((one) => one.verdict === report.verdict);
    const told = [...new Set(guilty.map(inWords))];
    const more = told.length - MOST_REASONS;
    const shown = told.slice(0, MOST_REASONS);
    if (more > 0) shown.push(t("report.more", { count: more }));
    return shown.length ? shown : [t(`report.${report.verdict}.other`)];
  }
  if (report.kind === "licence-qr") return [t("report.passed.qr", { authority: report.facts.authority ?? "" })];
  const count = report.signatures.length;
  if (!count) return [t("report.passed.other")];
  if (report.signatures.some((one) => one.changes_after.length)) return [t("report.passed.pdf.later", { count })];
  return [t(count === 1 ? "report.passed.pdf.one" : "report.passed.pdf", { count })];
}

/** The verdict in large type. */
export function verdictBlock(report, { title = "", level = "h1", compact = false } = {}) {
  const why = reasons(report);
  return el("div", { className: `verdict ${report.verdict}${compact ? " compact" : ""}`, "data-verdict": report.verdict },
    icon(report.verdict),
    el(level, {}, t(`t.verdict.${report.verdict}`)),
    el("ul", { className: "why" }, ...why.map((text, n) =>
      el("li", {}, n === 0 && report.verdict !== "passed" ? el("b", {}, t("report.because")) : "", text))),
    el("p", { className: "what" }, [title, t("report.at", { time: moment(report.checked_at) })].filter(Boolean).join(" · ")));
}

function chip(verdict) {
  return el("span", { className: `chip ${verdict}` }, icon(verdict), t(`t.verdict.${verdict}`));
}

function row(name, ...value) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, ...value));
}

function findingList(findings) {
  const sorted = [...findings].sort((a, b) => WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict));
  return el("ul", { className: "findings" }, ...sorted.map((one) =>
    el("li", { className: one.verdict }, icon(one.verdict),
      el("span", {}, inWords(one)), el("small", {}, `${t(`verdict.${one.verdict}`)} · ${one.id}`))));
}

function findingBlock(findings) {
  const passed = findings.filter((one) => one.verdict === "passed").length;
  const summary = `${t("report.findings")} · ${t("report.findings.count", { count: findings.length })} · ${t("report.findings.passed", { count: passed })}`;
  return el("details", { open: passed < findings.length }, el("summary", {}, summary), findingList(findings));
}

function timeOf(one) {
  if (!one.time) return [t("sig.time.none")];
  return [moment(one.time), el("small", {}, known("source", one.time_source ?? ""))];
}

function changesOf(one) {
  const changes = language === "zh" ? one.changes_after_zh : one.changes_after;
  return changes.length ? el("ul", {}, ...changes.map((text) => el("li", {}, text))) : t("sig.changes.none");
}

/** The report words this in English; what it says is put into the page's language where it is understood. */
function revocationOf(text) {
  const found = /^(good|revoked) at (\S+)(?: \((\w+)\))? by (.+)$/.exec(text);
  if (!found) return text;
  const [, what, time, reason, by] = found;
  return t(`revocation.${reason === "certificateHold" ? "hold" : what}`, { time: moment(time), by });
}

/** A subject's common name; the whole subject on pointing. */
function shortSubject(subject) {
  return el("li", { title: subject }, /Common Name: ([^,]+)/.exec(subject)?.[1] ?? subject);
}

/** One seal, signature or time-stamp. */
function signatureCard(one) {
  const what = one.seal_kind ? known("seal", one.seal_kind) : known("sig", one.kind);
  const rows = [
    one.organization_identifier && row(t("sig.uscc"), el("span", { className: "code" }, one.organization_identifier)),
    one.seal_code && row(t("sig.code"), el("span", { className: "code" }, one.seal_code)),
    row(t("sig.time"), ...timeOf(one)),
    one.kind !== "timestamp" && row(t("sig.level"), one.level ? `PAdES ${one.level}` : t("sig.level.none"),
      one.level ? el("small", {}, known("level", one.level)) : ""),
    row(t("sig.covers"), t(one.covers_whole_document ? "sig.covers.all" : "sig.covers.part")),
    row(t("sig.changes"), changesOf(one)),
    one.revocation && row(t("sig.revocation"), revocationOf(one.revocation)),
    one.path.length && row(t("sig.path"), el("ol", {}, ...one.path.map(shortSubject))),
    row(t("sig.field"), el("span", { className: "code" }, one.field)),
  ];
  return el("article", { className: `card ${one.verdict}` },
    el("header", {}, el("h3", {}, el("span", {}, what), one.signer ?? t("sig.unknown")), chip(one.verdict)),
    el("dl", { className: "facts" }, ...rows.filter(Boolean)),
    findingBlock(one.findings));
}

function factValue(name, facts) {
  const value = facts[name];
  if (value === null) return t("fact.unlimited");
  if (name === "capital") return `${Number(value).toLocaleString("en", { minimumFractionDigits: 2 })} ${facts.currency ?? ""}`;
  if (AS_TIME.has(name)) return moment(value);
  if (AS_CODE.has(name)) return el("span", { className: "code" }, String(value));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function factBlock(facts, status) {
  // a short code on paper leaves the address and the scope out; an open term is a fact
  const names = FACTS.filter((name) => name in facts && (facts[name] !== null || name === "term_until"));
  return el("section", { className: "block" }, el("h2", {}, t("t.check.licence")),
    el("dl", { className: "facts" }, 
      ...(status ? [row(t("fact.state"), inWords(status))] : []),
      ...names.map((name) => row(known("fact", name), factValue(name, facts)))));
}

/** All that stands behind the verdict. */
export function evidence(report) {
  const parts = [];
  if (report.kind === "licence-qr") {
    parts.push(el("p", { className: "stated" }, t("report.static")));
    if (Object.keys(report.facts).length) {
      parts.push(factBlock(report.facts, report.findings.find((one) => one.id === "qr.status")));
    }
  }
  if (report.signatures.length) {
    parts.push(el("section", { className: "block" }, el("h2", {}, t("t.check.signatures")), ...report.signatures.map(signatureCard)));
  }
  if (report.findings.length) {
    parts.push(el("section", { className: "block" }, el("h2", {}, t(report.kind === "pdf" ? "t.check.file" : "t.check.evidence")), findingBlock(report.findings)));
  }
  return el("div", { className: "more" }, ...parts);
}
