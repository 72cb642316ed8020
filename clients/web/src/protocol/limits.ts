/** Limits of the wire protocol, bytes unless named otherwise (`protocol/PROTOCOL.md`, section 7). */

export const PROTOCOL_VERSION = 1;
export const MAX_INPUT = 16 * 1024;
export const MAX_MESSAGE = 64 * 1024;
export const MAX_UNRELIABLE = 8 * 1024;
export const MAX_REASON = 200;
/** The body of a frame from a server: a message, its number and its tick. */
export const MAX_SERVER_FRAME = MAX_MESSAGE + 64;
/** Certificate hashes in a `prepare-move`. */
export const MAX_CERTIFICATE_HASHES = 4;
/** Datagrams of one unreliable payload. */
export const MAX_FRAGMENTS = 16;
/** Inputs repeated in one datagram. */
export const MAX_REPEATS = 8;
/** What stands before the payload of a datagram. */
export const MAX_DATAGRAM_HEADER = 21;
/** A resume token. */
export const RESUME_TOKEN = 34;
