// Speaks to the sandbox's control calls.

export class Refused extends Error {
  constructor(status, body) {
    super(body?.message ?? `HTTP ${status}`);
    this.status = status;
    this.reason = body?.error ?? "unreachable";
    this.body = body;
  }
}

/** Called when the sandbox wants its token; resolves once there is a session. */
let admit = async () => {
  throw new Refused(401, { error: "unauthorized" });
};

export function onLocked(ask) {
  admit = ask;
}

async function exchange(method, path, body) {
  let response;
  try {
    response = await fetch(`/sandbox${path}`, {
      method,
      cache: "no-store",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, { error: "unreachable" });
  }
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // An answer that is no JSON is told by its status alone.
  }
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

async function call(method, path, body) {
  try {
    return await exchange(method, path, body);
  } catch (error) {
    if (error.status !== 401 || path === "/session") throw error;
    await admit();
    return exchange(method, path, body);
  }
}

export const control = {
  read: (path) => call("GET", path),
  post: (path, body = {}) => call("POST", path, body),
  patch: (path, body) => call("PATCH", path, body),
  put: (path, body) => call("PUT", path, body),
  remove: (path) => call("DELETE", path),
  act: (openid, verb, body = {}) => call("POST", `/users/${encodeURIComponent(openid)}/${verb}`, body),
};
