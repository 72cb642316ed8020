/** Which part of a payload. */
export interface Fragment {
    /** From 0. */
    readonly part: number;
    /** How many there are. */
    readonly parts: number;
}
/** An unreliable message of the server, or a part of it. */
export interface Unreliable {
    readonly incarnation: number;
    readonly tick: number;
    /** Counted from 0 among this tick's messages on this connection. */
    readonly index: number;
    readonly fragment?: Fragment;
    readonly data: Uint8Array;
}
export declare function inputs(first: number, inputs: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
export declare function inputFragment(number: number, { part, parts }: Fragment, data: Uint8Array): Uint8Array<ArrayBuffer>;
/** Reads a whole datagram of the server. */
export declare function readServerDatagram(datagram: Uint8Array): Unreliable;
/** Puts the parts of payloads together; a key names a payload, and the lowest is the oldest. */
export declare class Reassembly {
    /** Sorted by key. */
    private open;
    /** The whole payload, if this was its last part missing. What contradicts earlier parts, or is too old, is dropped. */
    push(key: Key, { part, parts }: Fragment, data: Uint8Array): Uint8Array | undefined;
}
/** Tick and index of a message, on one connection of one session. */
export type Key = readonly [tick: number, index: number];
/** Older first. */
export declare function compare(a: Key, b: Key): number;
