// What players of `bomberman` and the game say to each other, and what a seat sees. Schema fe4c08cadc0701a0.
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
 * `enum Direction` of the game.
 * @typedef {"Up" | "Down" | "Left" | "Right"} Direction
 */
/** @type {Codec<Direction>} */
const $Direction = codec.choice(["Up"], ["Down"], ["Left"], ["Right"]);

/**
 * `enum In` of the game.
 * @typedef {{ Go: Direction | null } | "Bomb"} In
 */
/** @type {Codec<In>} */
const $In = codec.choice(["Go", codec.option($Direction)], ["Bomb"]);

/**
 * `struct Seat` of the game.
 * @typedef {number} Seat
 */
/** @type {Codec<Seat>} */
const $Seat = codec.newtype(codec.u16);

/**
 * `enum Out` of the game.
 * @typedef {"Begins" | { Died: { seat: Seat; by: Seat | null } }} Out
 */
/** @type {Codec<Out>} */
const $Out = codec.choice(["Begins"], ["Died", codec.struct(["seat", $Seat], ["by", codec.option($Seat)])]);

/**
 * `enum Phase` of the game.
 * @typedef {"Waiting" | { Countdown: number } | { Calm: number } | "SuddenDeath"} Phase
 */
/** @type {Codec<Phase>} */
const $Phase = codec.choice(["Waiting"], ["Countdown", codec.u8], ["Calm", codec.u8], ["SuddenDeath"]);

/**
 * `enum Item` of the game.
 * @typedef {"Bomb" | "Range" | "Speed"} Item
 */
/** @type {Codec<Item>} */
const $Item = codec.choice(["Bomb"], ["Range"], ["Speed"]);

/**
 * `enum Cell` of the game.
 * @typedef {"Floor" | "Wall" | "Brick" | "Bomb" | "Fire" | { Item: Item }} Cell
 */
/** @type {Codec<Cell>} */
const $Cell = codec.choice(["Floor"], ["Wall"], ["Brick"], ["Bomb"], ["Fire"], ["Item", $Item]);

/**
 * `struct Point` of the game.
 * @typedef {{
 *   x: number;
 *   y: number;
 * }} Point
 */
/** @type {Codec<Point>} */
const $Point = codec.struct(["x", codec.u8], ["y", codec.u8]);

/**
 * `struct Hero` of the game.
 * @typedef {{
 *   seat: Seat;
 *   at: Point;
 *   facing: Direction;
 *   alive: boolean;
 *   bombs: number;
 *   range: number;
 *   step_ticks: number;
 * }} Hero
 */
/** @type {Codec<Hero>} */
const $Hero = codec.struct(["seat", $Seat], ["at", $Point], ["facing", $Direction], ["alive", codec.bool], ["bombs", codec.u8], ["range", codec.u8], ["step_ticks", codec.u8]);

/**
 * `struct View` of the game.
 * @typedef {{
 *   phase: Phase;
 *   cells: Cell[][];
 *   heroes: Hero[];
 * }} View
 */
/** @type {Codec<View>} */
const $View = codec.struct(["phase", $Phase], ["cells", codec.array(codec.array($Cell, 13), 11)], ["heroes", codec.seq($Hero)]);

/**
 * For `new Stadion(origin, game)`: what players send, what the game tells them, what a seat sees.
 * @type {Game<In, Out, View>}
 */
export const game = {
  name: "bomberman",
  schema: "fe4c08cadc0701a0",
  in: $In,
  out: $Out,
  view: $View,
};
