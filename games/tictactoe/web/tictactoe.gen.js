// What players of `tictactoe` and the game say to each other, and what a seat sees. Schema e0e67026722f00bc.
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
 * `enum In` of the game.
 * @typedef {{ Place: number } | "Resign"} In
 */
/** @type {Codec<In>} */
const $In = codec.choice(["Place", codec.u8], ["Resign"]);

/**
 * `enum Refusal` of the game.
 * @typedef {"NotStarted" | "NotYourTurn" | "NoSuchCell" | "Taken"} Refusal
 */
/** @type {Codec<Refusal>} */
const $Refusal = codec.choice(["NotStarted"], ["NotYourTurn"], ["NoSuchCell"], ["Taken"]);

/**
 * `enum Out` of the game.
 * @typedef {{ Refused: Refusal }} Out
 */
/** @type {Codec<Out>} */
const $Out = codec.choice(["Refused", $Refusal]);

/**
 * `struct Seat` of the game.
 * @typedef {number} Seat
 */
/** @type {Codec<Seat>} */
const $Seat = codec.newtype(codec.u16);

/**
 * `struct View` of the game.
 * @typedef {{
 *   cells: (Seat | null)[];
 *   turn: Seat;
 *   you: Seat;
 * }} View
 */
/** @type {Codec<View>} */
const $View = codec.struct(["cells", codec.array(codec.option($Seat), 9)], ["turn", $Seat], ["you", $Seat]);

/**
 * For `new Stadion(origin, game)`: what players send, what the game tells them, what a seat sees.
 * @type {Game<In, Out, View>}
 */
export const game = {
  name: "tictactoe",
  schema: "e0e67026722f00bc",
  in: $In,
  out: $Out,
  view: $View,
};
