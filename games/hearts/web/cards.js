// Cards as buttons and pictures, each with its name in words.
import { element } from "/client/table.js";

/** @typedef {import("./hearts.gen.js").Card} Card */

const SIGNS = { Clubs: "♣", Diamonds: "♦", Spades: "♠", Hearts: "♥" };
/** @type {Record<number, string>} */
const COURT = { 11: "Jack", 12: "Queen", 13: "King", 14: "Ace" };

/** @param {Card} a @param {Card} b */
export function same(a, b) {
  return a.suit === b.suit && a.rank === b.rank;
}

/** A card in words. @param {Card} card */
export function called({ suit, rank }) {
  return `${COURT[rank] ?? rank} of ${suit.toLowerCase()}`;
}

/** What is printed on a card. @param {Card} card */
export function cardFace({ suit, rank }) {
  const short = COURT[rank]?.[0] ?? String(rank);
  return element("span", { className: `card ${suit}`, "aria-hidden": "true" },
    element("b", { textContent: short }), element("i", { textContent: SIGNS[suit] }));
}

/** @param {Card} card @param {boolean} playable */
export function cardButton(card, playable) {
  const button = element("button", { type: "button", className: "held", "aria-label": called(card) }, cardFace(card));
  button.dataset.card = `${card.suit}${card.rank}`;
  // Not `disabled`: a hand is looked through with keys, also when it is another's turn.
  button.setAttribute("aria-disabled", String(!playable));
  return button;
}
