/** A player on a Stadion server, and the ways into a match. */
import { type Timing } from "./driver.js";
import type { Game } from "./game.js";
import { Match } from "./match.js";
import { type Fetch, type Player } from "./rest.js";
import { type Play } from "./seat.js";
import { type Storage } from "./storage.js";
import { type Open } from "./transport/transport.js";
/** What a client stands on, where that is not the browser. */
export interface Options {
    readonly fetch?: Fetch;
    readonly open?: Open;
    readonly timing?: Timing;
    /** Keeps the sign-in. */
    readonly local?: Storage;
    /** Keeps the seat. */
    readonly session?: Storage;
}
/** A match as the control plane tells of it. */
export interface MatchStatus {
    readonly state: "recovering" | "running" | "hibernated" | "finishing" | "ended";
    readonly code?: string;
    readonly open: boolean;
    readonly seat_count: number;
    /** Those that are or were taken. */
    readonly seats: readonly {
        readonly seat: number;
        readonly player: Player & {
            readonly bot: boolean;
        };
        readonly presence: "reserved" | "connected" | "disconnected" | "left";
    }[];
    /** Best first, when the game finished. Equal ranks are ties. */
    readonly results?: {
        readonly placings: readonly {
            seat: number;
            rank: number;
            score: number;
        }[];
    };
}
/** One player's way to one game. `origin` is where the server's API is: `location.origin` for a page that it serves. */
export declare class Stadion<In, Out, View> {
    readonly origin: string;
    readonly game: Game<In, Out, View>;
    private readonly options;
    private readonly rest;
    private readonly session;
    private readonly key;
    constructor(origin: string, game: Game<In, Out, View>, options?: Options);
    /** Who is signed in. */
    get player(): Player | undefined;
    /**
     * Signs in as a guest, or finds the guest that this browser was before. With another name than before it is another
     * guest.
     */
    signInAsGuest(name?: string): Promise<Player>;
    /** Forgets who was signed in. */
    signOut(): void;
    /**
     * Takes a seat, and waits until the player is let in. Throws a {@link StadionError} such as `match-full`, `not-found`,
     * or `outdated-client`: this page is older than the match, and a reload gets the newer one.
     */
    play(how?: Play): Promise<Match<In, Out, View>>;
    private enterSeat;
    /**
     * Watches a match without a seat: views and messages are what the game shows to spectators, and nothing can be sent. Throws
     * a {@link StadionError} such as `forbidden`: the match is not to be watched.
     */
    watch(id: string): Promise<Match<In, Out, View>>;
    /**
     * Comes back to the seat that this tab had before it was reloaded. Nothing if there was none, if it is gone, or if it is in
     * another match than the one with this code.
     */
    resume(code?: string): Promise<Match<In, Out, View> | null>;
    /** What the control plane says of a match: who sits where, and how it ended. */
    status(id: string): Promise<MatchStatus>;
    /** Any other call of the API, as the player who is signed in. */
    ask<T = any>(method: string, path: string, body?: unknown): Promise<T>;
    private enter;
    private keep;
}
