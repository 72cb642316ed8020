/** Who sits at the table, how to invite others, and how it ended for whom. */
import type { End, MatchStatus } from "../src/index.js";
/** A seat and who has it. */
export interface Seated {
    readonly seat: number;
    readonly name: string;
    readonly bot: boolean;
}
interface Watched {
    readonly match: {
        readonly code: string;
        readonly seat: number;
    };
    readonly over: AbortSignal;
    status(): Promise<MatchStatus>;
}
export declare class Seats {
    readonly element: HTMLElement;
    private readonly list;
    private readonly invitation;
    private seated;
    private changed;
    private own;
    constructor();
    name(seat: number): string;
    /** Calls back whenever somebody else sits somewhere: names are known a moment after the seats. */
    onChange(changed: () => void): void;
    /** Follows a match until it is over. */
    watch({ match, over, status }: Watched): void;
    show(status: MatchStatus): void;
    private invite;
}
/** How a match ended for a seat. */
export interface Ending {
    /** For style sheets: `finished`, or a close code. */
    readonly kind: string;
    readonly text: string;
}
export declare function endingOf(end: End, status: MatchStatus | undefined, seat: number): Ending;
export {};
