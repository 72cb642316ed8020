import { type Fragment, type Key } from "./datagrams.js";
/** Sends inputs: each small one again in the next few datagrams. */
export declare class Outgoing {
    private last;
    /** The newest ones, without gaps in their numbers. */
    private recent;
    /** The datagrams for one input. */
    push(now: number, data: Uint8Array, maxDatagram: number): Uint8Array<ArrayBuffer>[];
    private fragments;
    private bytes;
}
/** Receives messages: each at most once. */
export declare class Incoming {
    /** The newest that came, sorted. */
    private seen;
    private readonly reassembly;
    /** The whole message, if it is new and complete with this. */
    push(key: Key, fragment: Fragment | undefined, data: Uint8Array): Uint8Array | undefined;
}
