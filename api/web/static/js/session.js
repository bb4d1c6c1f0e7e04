// The person who is signed in, in this tab only: the token goes when the tab is closed.
import { Problem, call } from "/static/js/api.js";
import { agree } from "/static/js/passkey.js";

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
