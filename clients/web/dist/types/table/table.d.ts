/**
 * A ready-made table to sit down at, for examples and first versions: who plays, with whom, over which connection, and how
 * it ended. A game draws what is on the table, and sends moves.
 *
 * ```js
 * import { openTable } from "/client/table.js";
 * import { game } from "./hello.gen.js";
 * openTable({ game, title: "Hello", play: ({ match }) => match.onView(draw) });
 * ```
 *
 * The page has an element `<main id="game">` and loads `/client/table.css`; everything else is made here.
 */
import { type Game, type Match, type MatchStatus } from "../src/index.js";
export { element } from "./dom.js";
export type { Ending, Seated } from "./seats.js";
/** A match that this page plays. */
export interface Table<In, Out, View> {
    readonly match: Match<In, Out, View>;
    /** The name of whoever sits there, as far as it is known. */
    name(seat: number): string;
    /** Calls back when names have come or changed. */
    onNames(changed: () => void): void;
    /** Tells everybody who looks or listens. */
    say(text: string): void;
    /** Ends with the match: for listeners and timers. */
    readonly signal: AbortSignal;
}
/** What a page gives. */
export interface Options<In, Out, View> {
    readonly game: Game<In, Out, View>;
    readonly title: string;
    /** What a new match is made with. */
    readonly create?: {
        readonly parameters?: string;
    };
    /** Wires up a match. */
    play(table: Table<In, Out, View>): void;
    /** Says how it ended, where first and second do not say it. */
    ending?(status: MatchStatus, seat: number): string;
}
/** Opens the table: comes back to the seat that this tab had, else asks who plays and with whom. */
export declare function openTable<In, Out, View>(options: Options<In, Out, View>): Promise<void>;
