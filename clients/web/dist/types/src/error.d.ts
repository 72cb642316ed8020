/** What can go wrong. Programs switch over `code`; people read `message`. */
/** The close codes of the wire protocol by number (`protocol/PROTOCOL.md`, section 6). */
export declare const CLOSE_CODES: readonly ["", "finished", "kicked", "replaced", "outdated-client", "expired", "game-failed", "moved", "too-fast", "shutting-down", "protocol-error", "refused", "timed-out", "left", "superseded"];
/** Why a match is over for this player. */
export type CloseCode = Exclude<(typeof CLOSE_CODES)[number], "">;
/** Everything that can go wrong before or beside a match; how a match ended is an {@link End}. */
export declare class StadionError extends Error {
    /**
     * In kebab case: one of this library's own (`unreachable`, `full`, ..), a close code (`outdated-client`, ..), or that of
     * the server's answer (`match-full`, `not-found`, ..).
     */
    readonly code: string;
    /** A stable number: 1 to 99 for this library's own, 100 + the close code, or the HTTP status. */
    readonly number: number;
    constructor(code: string, message: string, status?: number);
}
/** How a match is over for this player. Results of finished matches: {@link Stadion.status}. */
export interface End {
    /** For programs. */
    readonly code: CloseCode;
    /** For people; may be empty. */
    readonly reason: string;
}
/** Codes after which the same place is worth another try. */
export declare function worthRetrying(code: CloseCode): boolean;
