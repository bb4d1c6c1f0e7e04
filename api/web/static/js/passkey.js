// Passkeys: options from the service in, the authenticator's answer out, both as JSON (WebAuthn Level 3 §5.1.8-9).

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

function creation(json) {
  if (globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return { ...json, challenge: bytes(json.challenge), user: { ...json.user, id: bytes(json.user.id) }, excludeCredentials: named(json.excludeCredentials) };
}

function request(json) {
  if (globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return { ...json, challenge: bytes(json.challenge), allowCredentials: named(json.allowCredentials) };
}

/** The answer as JSON, where the browser does not know `toJSON` itself too. */
function answer(credential) {
  if (typeof credential.toJSON === "function") return credential.toJSON();
  const said = credential.response;
  const response = { clientDataJSON: text(said.clientDataJSON) };
  if (said.attestationObject) {
    response.attestationObject = text(said.attestationObject);
    response.transports = said.getTransports?.() ?? [];
  } else {
    response.authenticatorData = text(said.authenticatorData);
    response.signature = text(said.signature);
    if (said.userHandle) response.userHandle = text(said.userHandle);
  }
  return {
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

/** Whether this page can use passkeys at all: they need HTTPS, or `localhost` by that very name. */
export const usable = () => globalThis.isSecureContext && Boolean(globalThis.PublicKeyCredential) && !/^[\d.]+$|^\[/.test(location.hostname);

/** Makes a passkey. Throws a DOMException when the person says no or takes too long. */
export async function make(options) {
  return answer(await navigator.credentials.create({ publicKey: creation(options) }));
}

/** Lets the person agree with a passkey. Throws a DOMException when they say no or take too long. */
export async function agree(options) {
  return answer(await navigator.credentials.get({ publicKey: request(options) }));
}
