// Talks to the JSON API. A refusal becomes a Problem that knows its words.
import { el, language, t } from "/static/js/dom.js";

const OFFLINE = 0;

/** Our sentence for a status, a problem's name or a reason; empty when there is none. */
function own(name) {
  const key = `problem.${name}`;
  return name !== "" && t(key) !== key ? t(key) : "";
}

export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.title ?? String(status));
    this.status = status;
    this.detail = typeof body.detail === "string" ? body.detail : "";
    this.detailZh = typeof body.detail_zh === "string" ? body.detail_zh : "";
    this.fields = Array.isArray(body.errors) ? body.errors : [];
    this.kind = typeof body.type === "string" ? body.type.split("/").pop() : "";
    this.reason = typeof body.reason === "string" ? body.reason : "";
  }

  /** Whether the sentence says the very reason, so that the server's own would only repeat it. */
  get exact() {
    return Boolean(this.reason) && own(this.reason) !== "";
  }

  /** One sentence for the reader. */
  get sentence() {
    if (this.status === OFFLINE) return t("problem.offline");
    if (this.status >= 500) return t("problem.5xx");
    if (this.status === 422 && this.fields.length === 0) {
      return own(this.reason) || own(this.kind) || t("problem.other"); // no field is marked: do not send anybody looking
    }
    return own(this.status) || t("problem.other");
  }
}

async function problemOf(response) {
  let body = {};
  try { body = await response.json(); } catch { /* a proxy's page, not ours: the status has to do */ }
  return new Problem(response.status, body);
}

/** A key that makes a repeated request the same request. */
export function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends a request; returns the Response or throws a Problem. */
export async function call(path, { method = "GET", json, form, token, key } = {}) {
  const headers = { Accept: "application/json, */*;q=0.5" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: json === undefined ? form : JSON.stringify(json) });
  } catch {
    throw new Problem(OFFLINE);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Asks for a verdict on a file (Blob) or on the text of a code; `progress` hears the percentage sent. */
export function verify(subject, progress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch cannot tell how much was sent
    request.open("POST", "/api/v1/verify");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(Math.floor((100 * event.loaded) / event.total));
    });
    request.addEventListener("error", () => reject(new Problem(OFFLINE)));
    request.addEventListener("load", () => {
      if (request.status === 200 && request.response) resolve(request.response);
      else reject(new Problem(request.status, request.response ?? {}));
    });
    if (typeof subject === "string") {
      request.setRequestHeader("Content-Type", "application/json");
      request.send(JSON.stringify({ text: subject }));
    } else {
      const form = new FormData();
      form.append("file", subject, subject.name ?? "document.pdf");
      request.send(form);
    }
  });
}

/** Shows a problem in its box: our sentence, then the server's own reason. */
export function showProblem(box, error) {
  const problem = error instanceof Problem ? error : new Problem(-1);
  if (!(error instanceof Problem)) console.error(error);
  const said = language === "zh" && problem.detailZh ? problem.detailZh : problem.detail;
  box.replaceChildren(el("b", {}, problem.sentence), problem.status < 500 && said && !problem.exact && !problem.fields.some((one) => one.text_zh) ? el("small", {}, `${t("problem.detail")}: ${said}`) : "");
  box.hidden = false;
}
