/** Limits of the wire protocol, bytes unless named otherwise (`protocol/PROTOCOL.md`, section 7). */
export declare const PROTOCOL_VERSION = 1;
export declare const MAX_INPUT: number;
export declare const MAX_MESSAGE: number;
export declare const MAX_UNRELIABLE: number;
export declare const MAX_REASON = 200;
/** The body of a frame from a server: a message, its number and its tick. */
export declare const MAX_SERVER_FRAME: number;
/** Certificate hashes in a `prepare-move`. */
export declare const MAX_CERTIFICATE_HASHES = 4;
/** Datagrams of one unreliable payload. */
export declare const MAX_FRAGMENTS = 16;
/** Inputs repeated in one datagram. */
export declare const MAX_REPEATS = 8;
/** What stands before the payload of a datagram. */
export declare const MAX_DATAGRAM_HEADER = 21;
/** A resume token. */
export declare const RESUME_TOKEN = 34;
