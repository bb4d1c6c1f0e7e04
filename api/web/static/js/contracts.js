// My contracts, and the beginning of a new one.
import { Problem, showProblem } from "/static/js/api.js";
import { el, known, moment, t } from "/static/js/dom.js";
import { mine, read, token } from "/static/js/session.js";

const at = (id) => document.getElementById(id);
const MAY_DRAFT = ["representative", "manager", "user"];

function line(one) {
  const when = one.sent_at ?? one.made_at;
  const where = one.state === "draft" ? `/contracts/${one.id}/plan` : `/contracts/${one.id}`;
  return el("li", {}, el("a", { href: where }, one.title), el("span", { className: `state ${one.state}` }, known("envelope", one.state)), el("small", {}, moment(when)));
}

async function show(cursor = "") {
  const page = await read(`/api/v1/envelopes?limit=50&cursor=${encodeURIComponent(cursor)}`);
  at("list").append(...page.items.map(line));
  at("none").hidden = at("list").children.length > 0;
  at("more").hidden = !page.next;
  at("more").onclick = () => show(page.next);
}

async function begin() {
  const [uscc, title] = [at("uscc").value, at("title").value.trim()];
  const files = [...at("files").files];
  if (!title || files.length === 0) throw new Problem(-2, { detail: t("contracts.missing") });
  const made = await (await mine("/api/v1/envelopes", { method: "POST", json: { uscc, title } })).json();
  for (const file of files) {
    const form = new FormData();
    form.append("document", file, file.name);
    await mine(`/api/v1/envelopes/${made.id}/documents`, { method: "POST", form });
  }
  location.assign(`/contracts/${made.id}/plan`);
}

async function start() {
  if (!token()) {
    location.replace("/account");
    return;
  }
  at("begin").addEventListener("submit", async (event) => {
    event.preventDefault();
    at("trouble").hidden = true;
    at("go").disabled = true;
    try {
      await begin();
    } catch (error) {
      showProblem(at("trouble"), error);
      at("go").disabled = false;
    }
  });
  try {
    const me = await read("/api/v1/me");
    const mayDraft = me.memberships.filter((one) => MAY_DRAFT.includes(one.role));
    at("uscc").replaceChildren(...mayDraft.map((one) => el("option", { value: one.uscc }, one.uscc)));
    at("begin").hidden = mayDraft.length === 0;
    await show();
  } catch (error) {
    if (error instanceof Problem && error.status === 401) location.replace("/account");
    else showProblem(at("trouble"), error);
  }
}

start();
