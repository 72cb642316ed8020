// What players of `hearts` and the game say to each other, and what a seat sees. Schema e7d0b559fceef3b9.
//
// Written by `stadion types js`: do not change it, write it again when the game's messages change.
// A struct is an object, a tuple an array, an option the value or null, an enum "Variant" or
// { Variant: content }, bytes are a Uint8Array, maps a Map, and 64-bit integers are bigint: 5n.
import { codec } from "/client/stadion.js";

/**
 * @template T
 * @typedef {import("/client/stadion.js").Codec<T>} Codec
 */
/**
 * @template In, Out, View
 * @typedef {import("/client/stadion.js").Game<In, Out, View>} Game
 */

/**
 * `enum Suit` of the game.
 * @typedef {"Clubs" | "Diamonds" | "Spades" | "Hearts"} Suit
 */
/** @type {Codec<Suit>} */
const $Suit = codec.choice(["Clubs"], ["Diamonds"], ["Spades"], ["Hearts"]);

/**
 * `struct Card` of the game.
 * @typedef {{
 *   suit: Suit;
 *   rank: number;
 * }} Card
 */
/** @type {Codec<Card>} */
const $Card = codec.struct(["suit", $Suit], ["rank", codec.u8]);

/**
 * `enum In` of the game.
 * @typedef {{ Pass: Card[] } | { Play: Card }} In
 */
/** @type {Codec<In>} */
const $In = codec.choice(["Pass", codec.array($Card, 3)], ["Play", $Card]);

/**
 * `enum Refusal` of the game.
 * @typedef {"NotStarted" | "NotNow" | "NotYourTurn" | "NotYourCard" | "NotAllowed"} Refusal
 */
/** @type {Codec<Refusal>} */
const $Refusal = codec.choice(["NotStarted"], ["NotNow"], ["NotYourTurn"], ["NotYourCard"], ["NotAllowed"]);

/**
 * `enum Out` of the game.
 * @typedef {{ Refused: Refusal } | { RoundOver: { points: Uint8Array } }} Out
 */
/** @type {Codec<Out>} */
const $Out = codec.choice(["Refused", $Refusal], ["RoundOver", codec.struct(["points", codec.byteArrayOf(4)])]);

/**
 * `struct Seat` of the game.
 * @typedef {number} Seat
 */
/** @type {Codec<Seat>} */
const $Seat = codec.newtype(codec.u16);

/**
 * `enum Passing` of the game.
 * @typedef {"Left" | "Right" | "Across" | "Hold"} Passing
 */
/** @type {Codec<Passing>} */
const $Passing = codec.choice(["Left"], ["Right"], ["Across"], ["Hold"]);

/**
 * `enum Phase` of the game.
 * @typedef {"Waiting" | { Passing: [Passing, boolean[]] } | { Playing: Seat }} Phase
 */
/** @type {Codec<Phase>} */
const $Phase = codec.choice(["Waiting"], ["Passing", codec.tuple($Passing, codec.array(codec.bool, 4))], ["Playing", $Seat]);

/**
 * `struct Played` of the game.
 * @typedef {{
 *   seat: Seat;
 *   card: Card;
 * }} Played
 */
/** @type {Codec<Played>} */
const $Played = codec.struct(["seat", $Seat], ["card", $Card]);

/**
 * `struct View` of the game.
 * @typedef {{
 *   you: Seat;
 *   phase: Phase;
 *   hand: Card[];
 *   playable: Card[];
 *   cards_left: Uint8Array;
 *   trick: Played[];
 *   last_trick: Played[];
 *   hearts_broken: boolean;
 *   taken: Uint8Array;
 *   points: number[];
 *   ends_at: number;
 * }} View
 */
/** @type {Codec<View>} */
const $View = codec.struct(["you", $Seat], ["phase", $Phase], ["hand", codec.seq($Card)], ["playable", codec.seq($Card)], ["cards_left", codec.byteArrayOf(4)], ["trick", codec.seq($Played)], ["last_trick", codec.seq($Played)], ["hearts_broken", codec.bool], ["taken", codec.byteArrayOf(4)], ["points", codec.array(codec.u16, 4)], ["ends_at", codec.u16]);

/**
 * For `new Stadion(origin, game)`: what players send, what the game tells them, what a seat sees.
 * @type {Game<In, Out, View>}
 */
export const game = {
  name: "hearts",
  schema: "e7d0b559fceef3b9",
  in: $In,
  out: $Out,
  view: $View,
};
