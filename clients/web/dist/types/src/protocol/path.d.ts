/** One transport connection, as the machine sees it. */
import { FrameReader } from "./frames.js";
import { Incoming, Outgoing } from "./unreliable.js";
/** Where to connect, and how. */
export interface Endpoint {
    readonly via: "webtransport" | "websocket";
    readonly url: string;
    /** SHA-256 of the certificates to accept; none: those that the browser trusts. */
    readonly hashes: readonly Uint8Array[];
}
/** How long a client waits for what, ms. */
export interface Timers {
    /** Quiet for this long: ask for a pong. */
    ping: number;
    /** Silent for this long: open a second connection beside the first. */
    silence: number;
    /** An attempt that is not welcomed by then is dropped. */
    attempt: number;
    /** Nothing heard for this long: closed for good. */
    giveUp: number;
}
/** The default time that a match keeps a lost player's seat is 30 s. */
export declare const TIMERS: Timers;
/** How far a connection has come. */
export type Stage = 
/** The transport is being established. */
{
    at: "connecting";
    since: number;
}
/** `hello` was sent: whatever happens here, the server may have made this the seat's connection. */
 | {
    at: "greeting";
    since: number;
    connectingSince: number;
}
/** Let in, by this session of the match. */
 | {
    at: "welcomed";
    incarnation: number;
};
/** A connection of one machine, numbered from 1 in the order of their attempts. */
export declare class Path {
    readonly id: number;
    readonly endpoint: Endpoint;
    /** Opened to be there when the match arrives, with the token that was given for it; else to reach the match. */
    readonly target: Uint8Array | undefined;
    stage: Stage;
    maxDatagram: number;
    readonly reader: FrameReader;
    readonly outgoing: Outgoing;
    readonly incoming: Incoming;
    constructor(id: number, endpoint: Endpoint, 
    /** Opened to be there when the match arrives, with the token that was given for it; else to reach the match. */
    target: Uint8Array | undefined, now: number);
    /** When it is dropped if it is not welcomed by then. A target is there early and welcomes when the match arrives. */
    giveUpAt(timers: Timers): number;
    get isAttempt(): boolean;
    get isConnecting(): boolean;
    get isGreeting(): boolean;
}
