import { type Timing } from "./driver.js";
import { type End } from "./error.js";
import { type Game } from "./game.js";
import type { Credential } from "./protocol/frames.js";
import type { Endpoint } from "./protocol/path.js";
import { type MatchInfo, type Ticket } from "./seat.js";
import type { Open } from "./transport/transport.js";
/** How the connection does. */
export interface Health {
    /** `reconnecting`: nothing is heard; nothing reliable is lost. */
    readonly state: "live" | "reconnecting";
    /** The smoothed round trip, milliseconds. */
    readonly rttMs: number;
    /** What carries the match now. */
    readonly via: Endpoint["via"] | undefined;
}
/** What it takes to enter a match. */
export interface Entry {
    readonly info: MatchInfo;
    readonly endpoints: readonly Endpoint[];
    readonly credential: Credential;
}
/** What a match stands on: the browser, or a test. */
export interface Ground {
    readonly open: Open;
    readonly timing: Timing;
    readonly random: () => number;
    /** Keeps what brings a reloaded page back; nothing: the match is over for it. */
    keep(ticket: Ticket | undefined): void;
}
/** Stands where a seat does for whoever watches a match. */
export declare const SPECTATOR = 65535;
/**
 * A seat in a match. The connection is kept in the background; closing the page lets go of it, and the seat is kept for a
 * while. {@link Match.leave} gives the seat up.
 */
export declare class Match<In, Out, View> {
    private readonly game;
    private readonly entry;
    private readonly ground;
    readonly id: string;
    /** What friends type to join. */
    readonly code: string;
    /** Of the game, 64 hexadecimal digits. */
    readonly version: string;
    /** This player's seat; {@link SPECTATOR} for whoever watches. */
    seat: number;
    /** Ticks a second; 0 in event-driven games. */
    rate: number;
    /** The newest view, if there was one. */
    view: View | undefined;
    /** Resolves once, whatever the end was. */
    readonly ended: Promise<End>;
    private readonly driver;
    private readonly views;
    private readonly onViews;
    private readonly onMessages;
    private readonly onHealths;
    private end;
    private entered;
    private kept;
    private constructor();
    /** Enters a match, and waits until the player is let in. */
    static enter<In, Out, View>(game: Game<In, Out, View>, entry: Entry, ground: Ground): Promise<Match<In, Out, View>>;
    /**
     * Sends a message: in order, exactly once, also over a lost connection. Throws a {@link StadionError}: `full` when too
     * much is unacknowledged, `too-large`, `bad-value`, or how the match ended.
     */
    send(message: In): void;
    /** Sends a message at most once; dropped while there is no connection. */
    sendUnreliable(message: In): void;
    /** Listens to views: the newest now, if there is one, then each that comes. Answers what stops it. */
    onView(listener: (view: View) => void): () => void;
    /** Listens to what the game tells this player; the first listener also hears what came before it. */
    onMessage(listener: (message: Out) => void): () => void;
    /** Listens to how the connection does: now, and whenever it changes. */
    onHealth(listener: (health: Health) => void): () => void;
    get health(): Health;
    /** The tick that the server makes now, with its fraction: for prediction and interpolation. */
    get estimatedTick(): number;
    /** Gives up the seat; answers once the server knows, two seconds later at most. */
    leave(): Promise<End>;
    private event;
    private deliver;
    private close;
    private giveUpEntering;
    private keepTicket;
    private mustHaveSeat;
    private acknowledgeView;
    private wrap;
}
