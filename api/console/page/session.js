// Who is signed in: the token lives in this tab's session storage, and is gone
// with the tab.

import { Client } from "./api.js";

const key = "asapi-token";

// Session is a signed-in token with what it may do.
export class Session {
  constructor(client, discovery, load) {
    this.client = client;
    this.discovery = discovery;
    this.name = load.client;
    this.admin = load.scope === "system";
    this.protocol = discovery.retrieval_protocol;
  }

  // accounts lists the names of the registered accounts of a service.
  accounts(service) {
    return this.discovery.accounts.filter((a) => a.service === service).map((a) => a.username);
  }

  // action finds an action of discovery with its service.
  action(service, action) {
    const s = this.discovery.services.find((one) => one.slug === service);
    const a = s?.actions.find((one) => one.slug === action);
    return { service: s, action: a };
  }

  // title names what a task does.
  title(service, action) {
    const found = this.action(service, action);
    return found.action ? `${found.action.name}` : `${service} ${action}`;
  }

  // refresh asks again what the token may do.
  async refresh() {
    this.discovery = await this.client.json("GET", "/account/");
  }
}

// signIn finds out what a token may do; it fails with a Problem when the token is
// not valid. onRefused is called when it stops being valid later.
export async function signIn(token, onRefused) {
  const client = new Client(token);
  const [discovery, load] = await Promise.all([client.json("GET", "/account/"), client.json("GET", "/console/load")]);
  client.onRefused = onRefused;
  sessionStorage.setItem(key, token);
  return new Session(client, discovery, load);
}

// kept gives the token of this tab, if one is signed in.
export const kept = () => sessionStorage.getItem(key);

// forget signs this tab out.
export const forget = () => sessionStorage.removeItem(key);
