// [tag, attributes, ...children] -> elements. No attribute can run code, and no text is read as HTML.
import { h } from "vue";

const FORBIDDEN = /^(on|\.|innerhtml$|outerhtml$|srcdoc$)/i;

export function buildNode(node, placed, closed) {
  if (typeof node === "string") return node;
  if (!Array.isArray(node)) return null;
  const [tag, attributes, ...children] = node;
  if (typeof tag === "string" && tag.startsWith("@")) return placed ? placed(node) : null;
  if (attributes === undefined) return String(tag);
  if (/^(script|iframe|object|embed|style)$/i.test(tag)) return null;
  const given = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (FORBIDDEN.test(name)) continue;
    if (name === "href" && !/^[/#?]/.test(value)) continue;
    // as attributes, not properties: a redraw must not undo what somebody is typing
    given[name === "value" || name === "checked" || name === "selected" ? `^${name}` : name] = value;
  }
  if (given["data-since"]) {
    given.onVnodeMounted = (vnode) => showAge(vnode.el);
    given.onVnodeUpdated = (vnode) => showAge(vnode.el);
  }
  if (given["data-clock"]) {
    given.onVnodeMounted = (vnode) => showClock(vnode.el);
    given.onVnodeUpdated = (vnode) => showClock(vnode.el);
  }
  if (tag === "dialog") {
    given.onVnodeMounted = (vnode) => vnode.el.showModal();
    given.onCancel = (event) => {
      // Escape: the page takes the dialog away, as its own button does
      event.preventDefault();
      event.target.querySelector("[data-act='close']")?.click();
    };
  }
  return h(tag, given, children.map((child) => buildNode(child, placed, closed)));
}

// -- the city's clock ---------------------------------------------------------------------------------------------------

let base = null; // {city: ms, here: ms, speed}
let started = false;

export function setClock(city, speed) {
  base = { city, here: performance.now(), speed };
  tick();
}

function cityNow() {
  return base === null ? null : base.city + (performance.now() - base.here) * base.speed;
}

const words = () => (document.documentElement.dataset.ages ?? "s,min,h,d").split(",");

function aged(ms) {
  const [s, min, hour, day] = words();
  const secs = Math.max(Math.floor(ms / 1000), 0);
  if (secs < 60) return `${secs} ${s}`;
  if (secs < 3600) return `${Math.floor(secs / 60)} ${min}`;
  if (secs < 86400) return `${Math.floor(secs / 3600)} ${hour} ${Math.floor((secs % 3600) / 60)} ${min}`;
  return `${Math.floor(secs / 86400)} ${day} ${Math.floor((secs % 86400) / 3600)} ${hour}`;
}

function showAge(element) {
  const now = cityNow();
  const text = now === null ? "" : aged(Math.abs(now - Number(element.dataset.since)));
  if (element.textContent !== text) element.textContent = text;
}

function showClock(element) {
  const now = cityNow();
  if (now === null) return;
  const zone = element.dataset.zone;
  const form = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  element.textContent = new Intl.DateTimeFormat("sv-SE", form).format(now);
}

function tick() {
  for (const element of document.querySelectorAll("[data-clock]")) showClock(element);
  for (const element of document.querySelectorAll("[data-since]")) showAge(element);
}

export function startClock() {
  if (started) return;
  started = true;
  window.cityloomSetClock = setClock;
  setInterval(tick, 1000);
}
