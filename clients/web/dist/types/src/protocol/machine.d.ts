/**
 * The client's side of the wire protocol as a state machine without clock and socket: one player's whole hold on a seat,
 * over as many connections as it takes. The same rules as `stadion_protocol::client` in Rust; change both.
 *
 *                  connect            connected: hello           welcome
 *   new Machine ──▶ connecting ───────▶ greeting ────────────────▶ current path ──┐ messages, acks, pings
 *        ▲              │ failed, late      │ failed, late            │   ▲────────┘
 *        │ backoff      ▼                   ▼                         │ lost, or silent for 1 s (it stays open beside
 *        └──────────────┴───────────────────┴─────────────────────────┘ the new one until one of them is welcomed)
 *
 * For good: a close code that is not worth retrying, `ended`, leaving, or nothing heard for the give-up time.
 *
 * One thing is this client's own: endpoints differ in their transport. While an attempt at one endpoint hangs, the attempt
 * beside it goes to the next, so that a network that swallows UDP costs the silence time and not the attempt time.
 */
import { type CloseCode } from "../error.js";
import { Backoff } from "./backoff.js";
import * as frames from "./frames.js";
import { Ledger } from "./ledger.js";
import { Meter, TickClock } from "./meter.js";
import { type Endpoint, Path, type Timers } from "./path.js";
export interface Config {
    /** At least one; tried in turn. */
    endpoints: readonly Endpoint[];
    credential: frames.Credential;
    /** The schema that this page was built for, eight bytes. */
    schema: Uint8Array;
    /** Untrusted options for the game, at most 2,048 bytes. */
    options?: Uint8Array;
    /** Random numbers from 0 to below 1: they name this client to the server, and jitter comes from them. */
    random: () => number;
    timers?: Timers;
}
/** What a driver tells a machine. Words about paths that were closed are ignored. */
export type Input = 
/** The transport is established and its stream open. `maxDatagram` 0: none. */
{
    kind: "connected";
    path: number;
    maxDatagram: number;
} | {
    kind: "stream";
    path: number;
    chunk: Uint8Array;
} | {
    kind: "datagram";
    path: number;
    data: Uint8Array;
}
/** The transport failed or was closed; `code` is the server's, if it gave one. */
 | {
    kind: "closed";
    path: number;
    code?: number | undefined;
    reason: string;
};
/** What a driver is to do. */
export type Transmit = 
/** Open a connection and its stream; answer with `connected` or `closed`. */
{
    kind: "connect";
    path: number;
    endpoint: Endpoint;
} | {
    kind: "stream";
    path: number;
    data: Uint8Array<ArrayBuffer>;
}
/** Send or drop. */
 | {
    kind: "datagram";
    path: number;
    data: Uint8Array<ArrayBuffer>;
}
/** Close it; nothing more is heard of it. */
 | {
    kind: "close";
    path: number;
    code: CloseCode;
};
/** What happened, in order. */
export type Event = {
    kind: "welcome";
    seat: number;
    fresh: boolean;
    rate: number;
} | {
    kind: "message";
    tick: number;
    data: Uint8Array;
} | {
    kind: "unreliable";
    tick: number;
    data: Uint8Array;
}
/** A newer session of the match speaks: forget baselines and predictions of ticks past this one. */
 | {
    kind: "rewound";
    tick: number;
}
/** Nothing is heard; reconnecting. Nothing reliable is lost. */
 | {
    kind: "stalled";
} | {
    kind: "live";
}
/** The last event. */
 | {
    kind: "closed";
    code: CloseCode;
    reason: string;
};
/** Where in its life. */
type Phase = {
    at: "playing";
} | {
    at: "leaving";
    until: number;
} | {
    at: "ended";
    until: number;
    code: CloseCode;
    reason: string;
} | {
    at: "closed";
};
/**
 * One player's hold on one seat. After each call drain `transmits` and `events`, and call {@link Machine.onTimeout} at
 * {@link Machine.nextTimeout}. Times are milliseconds and never go back. After the event `closed` nothing happens any more.
 * What is not `private` and not called by a driver is for `receive.ts`.
 */
export declare class Machine {
    private readonly config;
    readonly transmits: Transmit[];
    readonly events: Event[];
    readonly timers: Timers;
    readonly ledger: Ledger;
    readonly meter: Meter;
    readonly clock: TickClock;
    readonly backoff: Backoff;
    endpoints: readonly Endpoint[];
    /** Which of the endpoints is tried next. */
    endpoint: number;
    credential: frames.Credential;
    paths: Path[];
    /** The one path that was welcomed. */
    current: Path | undefined;
    welcomedAt: number;
    /** The highest incarnation heard of; none before the first welcome. */
    known: number | undefined;
    phase: Phase;
    health: "starting" | "live" | "stalled";
    /** When the match was last heard, or this began. */
    heard: number;
    retryAt: number;
    ackAt: number;
    private readonly name;
    private lastPath;
    constructor(config: Config, now: number);
    /** Takes what happened on a transport. */
    handle(now: number, input: Input): void;
    /** Sends a reliable input, now or when the connection is back: it counts exactly once, in order. */
    send(data: Uint8Array): void;
    /** Sends an unreliable input, or drops it. */
    sendUnreliable(now: number, data: Uint8Array): void;
    /** Gives up the seat. The event `closed` follows, at once when there is no connection to say it on. */
    leave(now: number): void;
    /** When {@link Machine.onTimeout} wants to be called; `Infinity` when closed. */
    nextTimeout(): number;
    /** Does what time asks for. */
    onTimeout(now: number): void;
    /** The newest resume token: whoever has it can come back to the seat, also from another page. */
    get resumeToken(): Uint8Array | undefined;
    /** The tick that the server makes now, with its fraction; event-driven matches stand at the newest heard of. */
    estimatedTick(now: number): number;
    get isClosed(): boolean;
    /** Tells the player, and looks for another way at once. */
    stall(now: number): void;
    attemptFailed(now: number): void;
    attemptIfDue(now: number): void;
    open(now: number, endpoint: Endpoint, target?: Uint8Array): void;
    /** Drops attempts that are not wanted; whether there were any. */
    dropAttempts(code: CloseCode, unwanted: (path: Path) => boolean): boolean;
    /** Closes a path from this side. */
    dropPath(path: Path, code: CloseCode): void;
    /** Takes a path out, with everything that was still to be sent on it. */
    forgetPath(path: Path): void;
    hello(path: Path): Uint8Array<ArrayBuffer>;
    /** Sends the newest acknowledgement, if there is anybody to tell. */
    acknowledge(): void;
    /** Sends on the current path; without one, what must not be lost is in the ledger. */
    transmit(data: Uint8Array<ArrayBuffer>): void;
    /** Over, for good. */
    finish(code: CloseCode, reason: string): void;
    private checkPlaying;
    private pingAt;
    private endIfDue;
    /** Attempts to reach the match that are under way. */
    private attempts;
    private wantsAttempt;
}
export {};
