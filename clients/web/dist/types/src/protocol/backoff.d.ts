/**
 * Pauses between attempts: 200 ms doubled each time up to a limit, of which a random half to whole is waited, so that
 * the clients of a restarted server do not come back all at once.
 */
export declare class Backoff {
    private readonly random;
    private failures;
    /** `random` gives numbers from 0 to below 1. */
    constructor(random: () => number);
    /** The pause before the next attempt, ms. */
    next(): number;
    /** An attempt succeeded. */
    reset(): void;
}
