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
/** Whether a game has types. */
export declare function isTyped(game: Game<unknown, unknown, unknown>): boolean;
/** A game without a schema: messages are bytes, and there are no views. */
export declare function raw(name: string): Game<Uint8Array, Uint8Array, never>;
