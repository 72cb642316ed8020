/** One seat: a player of its own, with its own connection, what it sees, says and hears. */
import { open, Stadion } from "/client/stadion.js";
import { sender } from "./form.js";
import { Network } from "./network.js";
import { line, Tree } from "./tree.js";

const LOG_LINES = 200;
const CUT_MS = 5_000;
const LOOK_MS = 250;
/** The server is asked every second: an estimate may be ahead of its answer by a few. */
const BELIEVED_S = 4;
const NAMES = ["ada", "bob", "cleo", "dan", "eve", "finn", "gus", "hana", "ivo", "jun", "kim", "lea", "mia", "nils", "olu", "pia"];

/** Kept for as long as the seat: the playground's players are nobody else's. */
function memory() {
  const kept = new Map();
  return { get: (key) => kept.get(key), set: (key, value) => void (value === undefined ? kept.delete(key) : kept.set(key, value)) };
}

export class Seat {
  /** Shows a seat that is on its way into a match. `onGone` is called when it is over. */
  constructor(place, number, { game, types }, onGone) {
    this.types = types;
    this.onGone = onGone;
    /** The tick that the server last told of. */
    this.told = 0;
    this.network = new Network(open);
    this.name = NAMES[number % NAMES.length];
    this.stadion = new Stadion(location.origin, game, { open: this.network.open, local: memory(), session: memory() });
    this.element = document.getElementById("seat-template").content.cloneNode(true).firstElementChild;
    place.append(this.element);
    this.tree = new Tree(this.find(".view"));
    this.find(".who").textContent = `${this.name} …`;
    this.find(".leave").addEventListener("click", () => (this.match ? this.match.leave() : this.remove()));
    this.networkControls();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  /** Takes a seat. Throws why it got none. */
  async play(how) {
    try {
      await this.stadion.signInAsGuest(this.name);
      this.match = await this.stadion.play(how);
    } catch (error) {
      this.remove();
      throw error;
    }
    const { match } = this;
    this.find(".who").textContent = `seat ${match.seat}  ${this.name}`;
    this.element.dataset.seat = match.seat;
    match.onView((view) => this.tree.show(view));
    match.onMessage((message) => this.log(`heard ${line(message)}`));
    match.onHealth(({ state }) => this.log(state === "live" ? "live" : "reconnecting", state === "live" ? "" : "bad"));
    match.ended.then(({ code, reason }) => this.over(code, reason));
    this.looking = setInterval(() => this.look(), LOOK_MS);
    if (this.types) this.find(".send").replaceWith(sender(this.types.in, (value) => this.send(value)));
    else this.find(".send").replaceWith(sender({ kind: "seq", inner: { kind: "u8" } }, (value) => this.send(value)));
    return match;
  }

  send(read) {
    try {
      const value = read();
      this.match.send(value);
      this.log(`said ${line(value)}`);
    } catch (error) {
      this.log(error.message, "bad");
    }
  }

  look() {
    const { state, rttMs, via } = this.match.health;
    this.find(".dot").className = `dot ${state === "live" ? "live" : "lost"}`;
    const tick = this.match.rate ? `   tick ${this.tick()}` : "";
    this.find(".health").textContent = `${via ?? "no connection"}   ${Math.round(rttMs)} ms${tick}`;
  }

  /** What the client takes for the server's tick now; after a pause, of which it knows nothing, what the server last said. */
  tick() {
    const { estimatedTick, rate } = this.match;
    return Math.abs(estimatedTick - this.told) < BELIEVED_S * rate ? Math.floor(estimatedTick) : this.told;
  }

  networkControls() {
    const slider = (kind, unit) => {
      const input = this.find(`.${kind}`);
      input.addEventListener("input", () => {
        this.network[kind] = Number(input.value);
        input.nextElementSibling.textContent = `${input.value} ${unit}`;
      });
    };
    slider("latency", "ms");
    slider("loss", "%");
    this.find(".cut").addEventListener("click", () => {
      this.network.cut(CUT_MS);
      this.log("the network is gone for five seconds", "bad");
    });
  }

  log(text, kind = "") {
    const entry = document.createElement("li");
    entry.className = kind;
    const time = document.createElement("time");
    time.textContent = new Date().toISOString().slice(11, 23);
    entry.append(time, text);
    const log = this.find(".log");
    log.prepend(entry);
    while (log.childElementCount > LOG_LINES) log.lastElementChild.remove();
  }

  over(code, reason) {
    clearInterval(this.looking);
    this.find(".dot").className = "dot";
    this.find(".health").textContent = `over: ${code}${reason ? `, ${reason}` : ""}`;
    this.log(`over: ${code} ${reason}`);
    this.match = undefined;
    this.find(".leave").textContent = "Close";
    for (const button of this.element.querySelectorAll(".send button")) button.disabled = true;
    this.onGone(this, code);
  }

  remove() {
    clearInterval(this.looking);
    this.element.remove();
    this.onGone(this, "closed");
  }

  /** Lets go of the match without giving the seat up twice. */
  leave() {
    this.match?.leave();
    this.element.remove();
  }
}
