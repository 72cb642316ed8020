import { type Welcome } from "./frames.js";
/**
 * Inputs, unsent and unacknowledged, and the newest message. Inputs get their numbers by their place: the first of them is
 * `base + 1`. Before the first welcome no input is sent, so the base may still be set by it.
 */
export declare class Ledger {
    private base;
    private inputs;
    private bytes;
    /** The newest message; 0 for none. */
    lastOutSeq: number;
    /** Takes an input; the frame to send if a connection is there. */
    push(data: Uint8Array): Uint8Array<ArrayBuffer>;
    /** Everything that the server may not have, in order. */
    unacknowledged(): Uint8Array<ArrayBuffer>[];
    /** Takes a welcome in: `known` is the highest incarnation before it, if there was a welcome before. */
    welcome(welcome: Welcome, known: number | undefined): void;
    /** Inputs up to `inSeq` are durable. */
    acknowledged(inSeq: number): void;
    /** Judges a message by its number: whether it is new. */
    message(outSeq: number): boolean;
}
