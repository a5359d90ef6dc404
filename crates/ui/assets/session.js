// Who looks at the page, and every request that it sends. The browser keeps one half of a session in a cookie that no script sees; the
// other half is here, and goes into a header.

const KEPT = "stead-session";
const HEADER = "X-Stead-Session";

/** What the server refused, in its words. */
export class Refused extends Error {
  constructor(code, message, reason) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** How far the server's clock is ahead of the browser's, in milliseconds. */
let ahead_ms = 0;

export function now() {
  return Date.now() + ahead_ms;
}

/** The response to a request, if it is a success. */
export async function ask(path, { method = "GET", body, type = "application/json", accept = "application/json", signal } = {}) {
  const headers = { Accept: accept };
  const half = localStorage.getItem(KEPT);
  if (half) {
    headers[HEADER] = half;
  }
  if (body !== undefined) {
    headers["Content-Type"] = type;
  }
  const content = body === undefined ? undefined : JSON.stringify(body);
  const response = await fetch(path, { method, headers, body: content, signal, credentials: "same-origin", redirect: "error", cache: "no-store" });
  const date = Date.parse(response.headers.get("Date") ?? "");
  // The header has whole seconds.
  if (Math.abs(date - now()) > 2000) {
    ahead_ms = date - Date.now();
  }
  if (!response.ok) {
    throw await refused(response);
  }
  return response;
}

async function refused(response) {
  const text = await response.text().catch(() => "");
  try {
    const status = JSON.parse(text);
    return new Refused(response.status, status.message ?? text, status.reason);
  } catch {
    return new Refused(response.status, text.trim() || `the server answers ${response.status}`);
  }
}

/** The secret that a link brought, out of the address and the history. */
function secretOfLink() {
  const found = /^#once=([A-Za-z0-9_-]+)$/.exec(location.hash);
  if (found) {
    history.replaceState(null, "", location.pathname);
  }
  return found?.[1];
}

/** Who is signed in: by the link, by the session that there is, or by a certificate. */
export async function signIn() {
  const once = secretOfLink();
  if (once) {
    localStorage.removeItem(KEPT);
    const who = await (await ask("/ui/session", { method: "POST", body: { once } })).json();
    localStorage.setItem(KEPT, who.session);
    return who;
  }
  try {
    return await (await ask("/ui/session")).json();
  } catch (error) {
    if (error.code !== 401 || !localStorage.getItem(KEPT)) {
      throw error;
    }
    // The session has ended; there may be a certificate.
    localStorage.removeItem(KEPT);
    return (await ask("/ui/session")).json();
  }
}

export async function signOut() {
  await ask("/ui/session", { method: "DELETE" });
  localStorage.removeItem(KEPT);
}
