/** What a client knows of a game: written by `stadion types`, or {@link raw}. */
import type { Codec } from "./codec.js";

/** A game's name and its three types. */
export interface Game<In, Out, View> {
  /** On the server. */
  readonly name: string;
  /** The schema's hash, 16 hexadecimal digits; all zero: raw bytes without an envelope. */
  readonly schema: string;
  /** What players send. */
  readonly in: Codec<In>;
  /** What the game tells a player. */
  readonly out: Codec<Out>;
  /** What a seat sees. */
  readonly view: Codec<View>;
}

const NO_SCHEMA = "0".repeat(16);

/** Whether a game has types. */
export function isTyped(game: Game<unknown, unknown, unknown>): boolean {
  return game.schema !== NO_SCHEMA;
}

/** A game without a schema: messages are bytes, and there are no views. */
export function raw(name: string): Game<Uint8Array, Uint8Array, never> {
  const bytes: Codec<Uint8Array> = { min: 0, read: (from) => from.rest(), write: (to, value) => void to.raw(value) };
  return { name, schema: NO_SCHEMA, in: bytes, out: bytes, view: bytes as Codec<never> };
}
