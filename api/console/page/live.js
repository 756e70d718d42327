// The activities as they are now: a snapshot, then every event, and after a break
// both again.

import { el } from "./dom.js";
import { readEvents } from "./events.js";

const silence = 25_000; // two pings were missed: the connection is dead
const longestPause = 10_000;
const endedKept = 30;

// Live keeps the activities up to date until it is stopped, and dispatches
// "change" when one changed, "ended" with the activity when one ended.
export class Live extends EventTarget {
  constructor(client) {
    super();
    this.client = client;
    this.activities = new Map(); // by uuid; what ended stays a while, last, in the order of its end
    this.total = 0;
    this.connected = null; // null: not yet
    this.lastID = undefined;
    this.stopping = new AbortController();
    this.early = null; // events that came before the snapshot
  }

  // start follows the activities until stop.
  async start() {
    let pause = 500;
    while (!this.stopping.signal.aborted) {
      const began = Date.now();
      try {
        await this.follow();
      } catch (cause) {
        if (cause.status === 401) return; // the page signs out
      }
      if (this.stopping.signal.aborted) return;
      this.setConnected(false);
      pause = Date.now() - began > 30_000 ? 500 : Math.min(pause * 2, longestPause);
      await new Promise((resolve) => setTimeout(resolve, pause * (0.8 + Math.random() * 0.4)));
    }
  }

  stop() {
    this.stopping.abort();
  }

  // follow opens the stream of events, takes a snapshot, and returns when the
  // stream breaks off.
  async follow() {
    const broken = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, broken.signal]);
    let dead;
    const alive = () => {
      clearTimeout(dead);
      dead = setTimeout(() => broken.abort(), silence);
    };
    try {
      alive();
      const headers = { Accept: "text/event-stream" };
      if (this.lastID) headers["Last-Event-ID"] = this.lastID;
      const stream = await this.client.send("GET", "/:/eventsource/notifications?filters=activity", { headers, signal });
      this.early = [];
      const ended = readEvents(stream, (event) => {
        alive();
        if (event.id) this.lastID = event.id;
        if (event.type === "activity") this.take(JSON.parse(event.data).ActivityNotification);
      });
      // A failing read is told by the last await, when there is one.
      ended.catch(() => {});
      await this.snapshot(signal);
      this.setConnected(true);
      await ended;
    } finally {
      clearTimeout(dead);
      broken.abort();
    }
  }

  async snapshot(signal) {
    const { MediaContainer: all } = await this.client.json("GET", "/activities", { signal });
    const now = new Map();
    for (const [uuid, old] of this.activities) {
      if (old.ended) now.set(uuid, old);
    }
    for (const activity of all.Activity ?? []) now.set(activity.uuid, { ...this.activities.get(activity.uuid), ...activity, ended: Boolean(activity.Response) });
    const end = (a) => (a.ended ? Date.parse(a.Context.ended_at) : 0);
    this.activities = new Map([...now].sort(([, a], [, b]) => end(a) - end(b)));
    this.total = all.totalSize ?? all.size ?? now.size;
    const early = this.early;
    this.early = null;
    early.forEach((event) => this.apply(event));
    this.changed();
  }

  take(notification) {
    for (const event of [notification].flat()) {
      if (this.early) this.early.push(event);
      else this.apply(event);
    }
    if (!this.early) this.changed();
  }

  apply({ event, uuid, Activity: activity }) {
    const known = this.activities.get(uuid);
    if (known?.ended && event === "updated") return;
    const next = { ...known, ...activity, uuid, ended: event === "ended" };
    const ends = next.ended && !known?.ended;
    if (ends) this.activities.delete(uuid); // so that it comes to stand last
    this.activities.set(uuid, next);
    if (ends) {
      this.forgetOldest();
      this.dispatchEvent(new CustomEvent("ended", { detail: next }));
    }
  }

  forgetOldest() {
    const ended = [...this.activities.values()].filter((a) => a.ended);
    for (const old of ended.slice(0, Math.max(0, ended.length - endedKept))) this.activities.delete(old.uuid);
  }

  // of finds the activity of a task, which has the task's id.
  of(task) {
    return this.activities.get(task);
  }

  // cancel asks the server to stop an activity. One that has ended meanwhile is no
  // fault.
  async cancel(uuid) {
    const known = this.activities.get(uuid);
    if (known) known.cancelling = true;
    this.changed();
    try {
      await this.client.send("DELETE", `/activities/${encodeURIComponent(uuid)}`);
    } catch (problem) {
      if (known) known.cancelling = false;
      this.changed();
      throw problem;
    }
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  setConnected(is) {
    if (this.connected === is) return;
    this.connected = is;
    this.dispatchEvent(new Event("connection"));
  }

  // indicator shows whether what is shown is live.
  indicator() {
    const text = el("span", { class: "live waiting", role: "status" }, "Connecting");
    this.addEventListener("connection", () => {
      text.textContent = this.connected ? "Live" : "Reconnecting";
      text.classList.toggle("waiting", !this.connected);
    });
    return text;
  }
}
