// Hearts in the browser: every card of the hand is a button with its name.
import { element, openTable } from "/client/table.js";
import { cardButton, cardFace, called, same } from "./cards.js";
import { game } from "./hearts.gen.js";

/** @typedef {import("./hearts.gen.js").View} View */
/** @typedef {import("./hearts.gen.js").Card} Card */
/** @typedef {import("/client/table.js").Table<import("./hearts.gen.js").In, import("./hearts.gen.js").Out, View>} Table */

const PLAYERS = 4;
const PASSES = 3;
const REFUSED = {
  NotStarted: "Players are missing.",
  NotNow: "Not now.",
  NotYourTurn: "It is somebody else's turn.",
  NotYourCard: "That is not your card.",
  NotAllowed: "The rules forbid that card now.",
};
const WHERE = { Left: "to the left", Right: "to the right", Across: "across", Hold: "nowhere" };

openTable({ game, title: "Hearts", play: (table) => new Hand(table) });

class Hand {
  /** Chosen to be passed on. @type {Card[]} */
  chosen = [];
  /** @type {View | undefined} */
  view = undefined;

  /** @param {Table} table */
  constructor(table) {
    this.table = table;
    this.status = element("h2", { id: "turn", "aria-live": "polite" });
    this.trick = element("div", { className: "trick", role: "group", "aria-label": "On the table" });
    this.hand = element("div", { className: "hand", role: "group", "aria-label": "Your cards" });
    this.pass = element("button", { type: "button", id: "pass", textContent: "Pass these three", hidden: true });
    this.pass.onclick = () => this.passOn();
    this.points = element("table", { className: "points" });
    const root = /** @type {HTMLElement} */ (document.getElementById("game"));
    root.replaceChildren(this.status, this.trick, this.hand, element("p", {}, this.pass), this.points);
    table.match.onView((view) => this.show(view));
    table.match.onMessage((message) => this.hear(message));
    table.onNames(() => this.view && this.show(this.view));
    table.signal.addEventListener("abort", () => {
      for (const button of root.querySelectorAll("button")) button.disabled = true;
    });
  }

  /** @param {View} view */
  show(view) {
    this.tell(this.view, view);
    this.view = view;
    if (typeof view.phase === "string" || !("Passing" in view.phase)) this.chosen = [];
    this.chosen = this.chosen.filter((card) => view.hand.some((held) => same(held, card)));
    this.status.textContent = this.statusOf(view);
    this.showTrick(view);
    this.showHand(view);
    this.showPoints(view);
  }

  /** Tells those who do not see it what the others have played. @param {View | undefined} before @param {View} now */
  tell(before, { trick, you }) {
    if (!before) return;
    const told = trick.filter(({ seat, card }) => seat !== you && !before.trick.some((one) => same(one.card, card)));
    if (told.length) this.table.say(told.map(({ seat, card }) => `${this.table.name(seat)}: ${called(card)}`).join(", "));
  }

  /** @param {View} view */
  statusOf({ phase, you }) {
    if (phase === "Waiting") return "Waiting for four players";
    if ("Playing" in phase) return phase.Playing === you ? "Your turn" : `${this.table.name(phase.Playing)} is to play`;
    const [passing, done] = phase.Passing;
    return done[you] ? "Waiting until all have passed" : `Choose three cards: they go ${WHERE[passing]}`;
  }

  /** Cards lie where their players sit: this player below. @param {View} view */
  showTrick({ trick, last_trick, you }) {
    const [cards, old] = trick.length ? [trick, false] : [last_trick, true];
    const places = cards.map(({ seat, card }) => {
      const place = (seat - you + PLAYERS) % PLAYERS;
      const label = `${this.table.name(seat)}: ${called(card)}`;
      return element("figure", { className: `place-${place}${old ? " old" : ""}`, "aria-label": label },
        cardFace(card), element("figcaption", { textContent: this.table.name(seat) }));
    });
    this.trick.replaceChildren(...places);
  }

  /** @param {View} view */
  showHand(view) {
    const focused = document.activeElement?.getAttribute("data-card");
    const passes = this.passes(view);
    const buttons = view.hand.map((card) => {
      const playable = passes || view.playable.some((one) => same(one, card));
      const button = cardButton(card, playable);
      if (passes) button.setAttribute("aria-pressed", String(this.chosen.some((one) => same(one, card))));
      button.onclick = () => this.touch(card, playable);
      return button;
    });
    this.hand.replaceChildren(...buttons);
    buttons.find((button) => button.dataset.card === focused)?.focus();
    this.pass.hidden = !passes;
    this.pass.disabled = this.chosen.length !== PASSES;
  }

  /** Whether this player is to choose what to pass. @param {View} view */
  passes({ phase, you }) {
    return typeof phase !== "string" && "Passing" in phase && !phase.Passing[1][you];
  }

  /** @param {Card} card @param {boolean} playable */
  touch(card, playable) {
    const { view } = this;
    if (!view) return;
    if (!this.passes(view)) {
      if (playable) this.table.match.send({ Play: card });
      else this.table.say("That card may not be played now.");
      return;
    }
    const without = this.chosen.filter((one) => !same(one, card));
    this.chosen = without.length < this.chosen.length ? without : [...this.chosen, card].slice(-PASSES);
    this.showHand(view);
  }

  passOn() {
    if (this.chosen.length === PASSES) this.table.match.send({ Pass: this.chosen });
  }

  /** @param {View} view */
  showPoints({ points, taken, cards_left, ends_at }) {
    const row = (/** @type {"td" | "th"} */ kind, /** @type {string[]} */ ...cells) =>
      element("tr", {}, ...cells.map((text) => element(kind, { textContent: text })));
    const rows = Array.from({ length: PLAYERS }, (_, seat) =>
      row("td", this.table.name(seat), String(points[seat]), String(taken[seat]), String(cards_left[seat])));
    const caption = element("caption", { textContent: `It ends at ${ends_at} points; the fewest win` });
    this.points.replaceChildren(caption, row("th", "Player", "Points", "This round", "Cards"), ...rows);
  }

  /** @param {import("./hearts.gen.js").Out} message */
  hear(message) {
    if ("Refused" in message) return this.table.say(REFUSED[message.Refused]);
    const points = [...message.RoundOver.points].map((points, seat) => `${this.table.name(seat)} ${points}`);
    this.table.say(`The round is over: ${points.join(", ")}.`);
  }
}
