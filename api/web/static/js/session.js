// The person who is signed in, in this tab only: the token goes when the tab is closed.
import { Problem, call, showProblem } from "/static/js/api.js";
import { el, t } from "/static/js/dom.js";
import { agree } from "/static/js/passkey.js";

const MISSING = -2;
const KEPT = "vermilion-session";

export const token = () => sessionStorage.getItem(KEPT) ?? "";

export function keep(session) {
  sessionStorage.setItem(KEPT, session.token);
}

export function forget() {
  sessionStorage.removeItem(KEPT);
}

/** Sends a request as this person; a session that has ended is forgotten, and the problem told. */
export async function mine(path, options = {}) {
  try {
    return await call(path, { ...options, token: token() });
  } catch (error) {
    if (error instanceof Problem && error.status === 401) forget();
    throw error;
  }
}

export const read = async (path) => (await mine(path)).json();

/** Signs in with a passkey. */
export async function signIn() {
  const { options } = await (await call("/api/v1/sessions/begin", { method: "POST" })).json();
  const credential = await agree(options);
  keep(await (await call("/api/v1/sessions/finish", { method: "POST", json: { credential } })).json());
}

export async function signOut() {
  try {
    await mine("/api/v1/sessions/current", { method: "DELETE" });
  } finally {
    forget();
  }
}

/** Goes to the account to sign in; from there the way leads back here. */
export function toAccount() {
  location.replace(`/account?next=${encodeURIComponent(location.pathname)}`);
}

/** Something that the person has to fill in first; said in these words alone. */
export const missing = (words) => new Problem(MISSING, { detail: words });

/** Shows what went wrong. When the session has ended one signs in right here: what was typed stays where it is. */
export function tell(box, error) {
  if (error instanceof DOMException) {
    box.replaceChildren(el("b", {}, t("account.dismissed")));
    box.hidden = false;
  } else if (error instanceof Problem && error.status === 401) {
    const again = el("button", { className: "button", type: "button" }, t("account.again"));
    again.addEventListener("click", async () => {
      try {
        await signIn();
        box.replaceChildren(el("b", {}, t("account.again.done")));
      } catch (trouble) {
        tell(box, trouble instanceof Problem && trouble.status === 401 ? new Problem(403) : trouble);
      }
    });
    box.replaceChildren(el("b", {}, t("account.ended")), el("p", { className: "choices" }, again));
    box.hidden = false;
  } else if (error instanceof Problem && error.status === MISSING) {
    box.replaceChildren(el("b", {}, error.detail));
    box.hidden = false;
  } else {
    showProblem(box, error);
    const plain = error instanceof Problem && !error.exact ? t(`people.${error.status}`) : "";
    if (plain && !plain.startsWith("people.")) box.firstChild.textContent = plain;
  }
  box.scrollIntoView({ block: "center" });
}
