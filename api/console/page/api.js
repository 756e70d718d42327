// Talking to the server that this page came from. The token travels in a header
// and never in an address.

const root = new URL("../../../", import.meta.url);

// address gives the address of a path of the API, also below a prefix.
export const address = (path) => new URL(path.replace(/^\//, "./"), root);

// Problem is a request that failed: a sentence, what is wrong by field, and the
// codes of all that is wrong.
export class Problem extends Error {
  constructor(message, status, fields = {}, codes = []) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.codes = codes;
  }
}

const unreachable = "The server cannot be reached. Check your connection; this page tries again by itself where it can.";

// problemOf reads the ways in which the doors tell faults.
export function problemOf(status, text) {
  let body = {};
  try {
    body = JSON.parse(text) ?? {};
  } catch {
    return new Problem(`The server answered with status ${status}.`, status);
  }
  if (Array.isArray(body.errors)) {
    return new Problem(body.errors[0]?.message ?? `The server answered with status ${status}.`, status);
  }
  const fields = {};
  const codes = [];
  for (const [field, faults] of Object.entries(body.errors ?? {})) {
    fields[field] = faults.map(([message]) => message).join(" ");
    codes.push(...faults.map(([, code]) => code));
  }
  return new Problem(body.message ?? body.error ?? `The server answered with status ${status}.`, status, fields, codes);
}

// Client makes requests with one token. onRefused is called when the token is not
// valid any more.
export class Client {
  constructor(token, onRefused) {
    this.token = token;
    this.onRefused = onRefused;
  }

  // send makes a request and gives the response of one that succeeded.
  async send(method, path, { headers, body, signal } = {}) {
    let response;
    try {
      response = await fetch(address(path), {
        method, body, signal, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
        headers: { "Authorization": `Token ${this.token}`, "X-Plex-Token": this.token, "Accept": "application/json", ...headers },
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new Problem(unreachable, 0);
    }
    if (response.ok) return response;
    const problem = problemOf(response.status, await response.text());
    if (response.status === 401) this.onRefused?.(problem);
    throw problem;
  }

  // json makes a request and gives the answer.
  async json(method, path, options) {
    return (await this.send(method, path, options)).json();
  }

  // post sends fields as a form.
  post(path, fields) {
    return this.json("POST", path, { body: new URLSearchParams(fields) });
  }

  // upload sends a form with files and tells how much of it is sent, from 0 to 1:
  // fetch cannot tell that.
  upload(path, form, onProgress, signal) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", address(path));
      request.setRequestHeader("Authorization", `Token ${this.token}`);
      request.upload.addEventListener("progress", (e) => e.lengthComputable && onProgress(e.loaded / e.total));
      request.addEventListener("error", () => reject(new Problem("The upload broke off before the server had answered. Nothing was started; send it again.", 0)));
      request.addEventListener("abort", () => reject(new Problem("The upload was stopped. Nothing was started.", 0)));
      request.addEventListener("load", () => {
        if (request.status === 200) return resolve(JSON.parse(request.responseText));
        const problem = problemOf(request.status, request.responseText);
        if (request.status === 401) this.onRefused?.(problem);
        return reject(problem);
      });
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(form);
    });
  }
}
