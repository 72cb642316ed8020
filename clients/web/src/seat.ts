/** How a seat is asked for, answered, and kept for the next page. */
import { fromBase64, fromHex, toBase64 } from "./bytes/text.js";
import { StadionError } from "./error.js";
import type { Endpoint } from "./protocol/path.js";
import { hasWebTransport } from "./transport/webtransport.js";

/** Which match to play; nothing: the fullest open one, else a new one. */
export type Play = (
  | { readonly create?: undefined; readonly code?: undefined; readonly match?: undefined; readonly key?: undefined }
  /** A new match: found by its code alone, or by everybody. */
  | { readonly create: "private" | "public" | NewMatch; readonly code?: undefined; readonly key?: undefined }
  /** The match with this code. */
  | { readonly code: string; readonly create?: undefined; readonly key?: undefined }
  /** The running public match with this id. */
  | { readonly match: string; readonly create?: undefined; readonly code?: undefined; readonly key?: undefined }
  /** The running match of everybody with this key (1 to 64 of `A-Za-z0-9._:-`), else a new one under it. */
  | { readonly key: string; readonly create?: undefined; readonly code?: undefined }
) & {
  /** A program plays. */
  readonly bot?: boolean;
  /** This version of the game, 64 hexadecimal digits, instead of the newest. Not together with a code or key. */
  readonly version?: string;
};

/** A new match on one's own terms. */
export interface NewMatch {
  readonly visibility: "private" | "public";
  /** How many; else as many as the game takes. */
  readonly seats?: number;
  /** For the game, such as `points=50`. */
  readonly parameters?: string | Uint8Array;
  /** Players for whom seats are kept, by account id or sign-in name. */
  readonly reserve?: readonly string[];
  /** Seats are kept for everybody in the player's party. */
  readonly reserve_party?: boolean;
  /** How long seats are kept, seconds. */
  readonly reserve_s?: number;
}

/** The body of a request for a seat. */
export function playBody({ create, ...rest }: Play): unknown {
  if (typeof create !== "object" || create.parameters === undefined) return { create, ...rest };
  const { parameters } = create;
  const bytes = typeof parameters === "string" ? new TextEncoder().encode(parameters) : parameters;
  return { create: { ...create, parameters: toBase64(bytes) }, ...rest };
}

/** What the control plane says about a match. */
export interface MatchInfo {
  readonly id: string;
  /** What friends type to join. */
  readonly code: string;
  /** Of the game, 64 hexadecimal digits. */
  readonly version: string;
}

interface Endpoints {
  webtransport?: string | null;
  websocket?: string | null;
  certificate_hashes: string[];
}

/** A seat, as `play` answers it, or what `watch` answers in place of one. */
export interface Seat {
  match: { id: string; code?: string };
  version: string;
  join_token: string;
  endpoints: Endpoints;
  schema_hash: string;
}

/** Where to connect, best first. */
export function endpointsOf({ webtransport, websocket, certificate_hashes }: Endpoints): Endpoint[] {
  const endpoints: Endpoint[] = [];
  if (webtransport && hasWebTransport()) {
    endpoints.push({ via: "webtransport", url: webtransport, hashes: certificate_hashes.map(fromBase64) });
  }
  if (websocket) endpoints.push({ via: "websocket", url: websocket, hashes: [] });
  if (!endpoints.length) throw new StadionError("unsupported", "this browser and this server share no way to connect");
  return endpoints;
}

/** What brings a reloaded page back to its seat. A secret: whoever has it has the seat. */
export interface Ticket extends MatchInfo {
  readonly token: Uint8Array;
  readonly endpoints: readonly Endpoint[];
}

/** As text, for a storage. */
export function writeTicket({ token, endpoints, ...info }: Ticket): string {
  const places = endpoints.map(({ via, url, hashes }) => ({ via, url, hashes: hashes.map(toBase64) }));
  return JSON.stringify({ ...info, token: toBase64(token), endpoints: places });
}

/** The ticket in a text; nothing if it is none. */
export function readTicket(text: string | undefined): Ticket | undefined {
  try {
    const { token, endpoints, ...info } = JSON.parse(text ?? "");
    const place = ({ via, url, hashes }: { via: Endpoint["via"]; url: string; hashes: string[] }): Endpoint => ({
      via,
      url,
      hashes: hashes.map(fromBase64),
    });
    return { ...info, token: fromBase64(token), endpoints: endpoints.map(place) };
  } catch {
    return undefined;
  }
}

/** The eight bytes of a schema's hash. */
export function schemaBytes(schema: string): Uint8Array {
  return fromHex(schema);
}
