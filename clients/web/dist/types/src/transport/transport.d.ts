/** What the driver wants of a transport: one connection, its stream and its datagrams. */
import type { CloseCode } from "../error.js";
import type { Endpoint } from "../protocol/path.js";
/** What happens on a connection. After `closed` nothing. */
export interface Listener {
    /** The stream is open. `maxDatagram` 0: no datagrams. */
    connected(maxDatagram: number): void;
    stream(chunk: Uint8Array): void;
    datagram(data: Uint8Array): void;
    /** It failed or was closed; `code` is the server's, if it gave one. */
    closed(code: number | undefined, reason: string): void;
}
/** A connection. */
export interface Transport {
    write(data: Uint8Array<ArrayBuffer>): void;
    /** Sends or drops. */
    datagram(data: Uint8Array<ArrayBuffer>): void;
    /** Nothing more is heard of it. */
    close(code: CloseCode): void;
}
/** Opens a connection; how it went is told to the listener, later. */
export type Open = (endpoint: Endpoint, listener: Listener) => Transport;
/** The browser's own. */
export declare const open: Open;
/** Passes words on until the connection is closed from either side, and then none. */
export declare function untilClosed(listener: Listener): {
    heard: Listener;
    silence: () => void;
};
