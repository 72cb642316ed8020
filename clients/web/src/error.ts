/** What can go wrong. Programs switch over `code`; people read `message`. */

/** The close codes of the wire protocol by number (`protocol/PROTOCOL.md`, section 6). */
export const CLOSE_CODES = [
  "",
  "finished",
  "kicked",
  "replaced",
  "outdated-client",
  "expired",
  "game-failed",
  "moved",
  "too-fast",
  "shutting-down",
  "protocol-error",
  "refused",
  "timed-out",
  "left",
  "superseded",
] as const;

/** Why a match is over for this player. */
export type CloseCode = Exclude<(typeof CLOSE_CODES)[number], "">;

/** This library's own codes, by number. */
const OWN_CODES = {
  /** The server could not be reached. */
  unreachable: 1,
  /** It answered something that this version cannot read. */
  "bad-answer": 2,
  /** This browser lacks what is needed. */
  unsupported: 4,
  /** Too much is waiting to be sent: try again when the match is live. */
  full: 5,
  /** Over the protocol's limit for one message. */
  "too-large": 6,
  /** A value that its type cannot hold, or bytes that are no value of the type. */
  "bad-value": 8,
  /** Unreliable, and there is no connection to take it. */
  "not-connected": 9,
} as const;

/** Everything that can go wrong before or beside a match; how a match ended is an {@link End}. */
export class StadionError extends Error {
  /**
   * In kebab case: one of this library's own (`unreachable`, `full`, ..), a close code (`outdated-client`, ..), or that of
   * the server's answer (`match-full`, `not-found`, ..).
   */
  readonly code: string;
  /** A stable number: 1 to 99 for this library's own, 100 + the close code, or the HTTP status. */
  readonly number: number;

  constructor(code: string, message: string, status = 0) {
    super(message);
    this.name = "StadionError";
    this.code = code;
    const close = CLOSE_CODES.indexOf(code as CloseCode);
    this.number = status || (OWN_CODES as Record<string, number>)[code] || (close > 0 ? 100 + close : 0);
  }
}

/** How a match is over for this player. Results of finished matches: {@link Stadion.status}. */
export interface End {
  /** For programs. */
  readonly code: CloseCode;
  /** For people; may be empty. */
  readonly reason: string;
}

/** Codes after which the same place is worth another try. */
export function worthRetrying(code: CloseCode): boolean {
  return code === "moved" || code === "shutting-down" || code === "timed-out" || code === "superseded";
}
