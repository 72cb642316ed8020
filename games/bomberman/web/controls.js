// Keys and thumbs. The newest direction counts; with it let go, the one that is still held.
import { element } from "/client/table.js";

/** @typedef {import("./bomberman.gen.js").Direction} Direction */
/** @typedef {{ go(direction: Direction | null): void, bomb(): void }} Hands */

/** @type {Record<string, Direction>} By place on the keyboard, so that every layout has them together. */
const WAYS = {
  ArrowUp: "Up", ArrowDown: "Down", ArrowLeft: "Left", ArrowRight: "Right",
  KeyW: "Up", KeyS: "Down", KeyA: "Left", KeyD: "Right",
};

/** Listens to the keyboard until the match is over. @param {Hands} hands @param {AbortSignal} signal */
export function keys(hands, signal) {
  /** @type {string[]} */
  let held = [];
  const newest = () => WAYS[held.at(-1) ?? ""] ?? null;
  addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    // A focused button keeps its own keys.
    const bomb = event.code === "Space" && !(event.target instanceof HTMLButtonElement);
    if (!bomb && !WAYS[event.code]) return;
    event.preventDefault();
    if (event.repeat) return;
    if (bomb) return hands.bomb();
    held = [...held.filter((code) => code !== event.code), event.code];
    hands.go(newest());
  }, { signal });
  addEventListener("keyup", (event) => {
    if (!held.includes(event.code)) return;
    held = held.filter((code) => code !== event.code);
    hands.go(newest());
  }, { signal });
  // Keys that are let go while another window is in front are not heard of.
  addEventListener("blur", () => {
    held = [];
    hands.go(null);
  }, { signal });
}

/** A cross for one thumb and a bomb for the other. @param {Hands} hands */
export function pad(hands) {
  const cross = element("div", { className: "cross", role: "group", "aria-label": "Walk" });
  for (const [way, sign] of /** @type {[Direction, string][]} */ ([["Up", "▲"], ["Left", "◀"], ["Right", "▶"], ["Down", "▼"]])) {
    cross.append(element("span", { className: `way ${way}`, textContent: sign, "aria-hidden": "true" }));
  }
  // The thumb slides over the cross: where it is counts, not where it came down.
  const follow = (/** @type {PointerEvent} */ event) => {
    const { left, top, width, height } = cross.getBoundingClientRect();
    const [x, y] = [event.clientX - left - width / 2, event.clientY - top - height / 2];
    if (Math.hypot(x, y) < width / 10) return;
    hands.go(Math.abs(x) > Math.abs(y) ? (x < 0 ? "Left" : "Right") : y < 0 ? "Up" : "Down");
  };
  cross.onpointerdown = (event) => {
    event.preventDefault();
    cross.setPointerCapture(event.pointerId);
    follow(event);
  };
  cross.onpointermove = (event) => {
    if (cross.hasPointerCapture(event.pointerId)) follow(event);
  };
  cross.onpointerup = cross.onpointercancel = () => hands.go(null);
  const bomb = element("button", { type: "button", className: "bomb", textContent: "Bomb" });
  bomb.onpointerdown = (event) => {
    event.preventDefault();
    hands.bomb();
  };
  // By a key or a screen reader: those send no pointer.
  bomb.onclick = (event) => {
    if (event.detail === 0) hands.bomb();
  };
  return element("div", { className: "pad" }, cross, bomb);
}
