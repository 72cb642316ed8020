/** A player on a Stadion server, and the ways into a match. */
import { BROWSER, type Timing } from "./driver.js";
import { StadionError } from "./error.js";
import type { Game } from "./game.js";
import { type Entry, Match } from "./match.js";
import { type Fetch, type Player, Rest } from "./rest.js";
import { endpointsOf, type Play, playBody, readTicket, type Seat, type Ticket, writeTicket } from "./seat.js";
import { type Storage, storageOf } from "./storage.js";
import { open, type Open } from "./transport/transport.js";

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
    readonly player: Player & { readonly bot: boolean };
    readonly presence: "reserved" | "connected" | "disconnected" | "left";
  }[];
  /** Best first, when the game finished. Equal ranks are ties. */
  readonly results?: { readonly placings: readonly { seat: number; rank: number; score: number }[] };
}

/** Codes of a seat that is not there any more. */
const GONE = new Set(["finished", "kicked", "replaced", "expired", "game-failed", "refused", "left"]);

/** One player's way to one game. `origin` is where the server's API is: `location.origin` for a page that it serves. */
export class Stadion<In, Out, View> {
  private readonly rest: Rest;
  private readonly session: Storage;
  private readonly key: string;

  constructor(
    readonly origin: string,
    readonly game: Game<In, Out, View>,
    private readonly options: Options = {},
  ) {
    const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.rest = new Rest(origin, options.local ?? storageOf("localStorage"), fetch);
    this.session = options.session ?? storageOf("sessionStorage");
    this.key = `stadion:${origin}:seat:${game.name}`;
  }

  /** Who is signed in. */
  get player(): Player | undefined {
    return this.rest.player;
  }

  /**
   * Signs in as a guest, or finds the guest that this browser was before. With another name than before it is another
   * guest.
   */
  async signInAsGuest(name?: string): Promise<Player> {
    const before = this.player;
    if (before && (name === undefined || name === before.name)) {
      try {
        return await this.rest.ask<Player>("GET", "/v1/me");
      } catch (error) {
        // Signed in too long ago, or to a server that has forgotten: a new guest then.
        if (!(error instanceof StadionError) || error.number !== 401) throw error;
      }
    }
    return this.rest.signInAsGuest(name);
  }

  /** Forgets who was signed in. */
  signOut(): void {
    this.rest.forget();
  }

  /**
   * Takes a seat, and waits until the player is let in. Throws a {@link StadionError} such as `match-full`, `not-found`,
   * or `outdated-client`: this page is older than the match, and a reload gets the newer one.
   */
  async play(how: Play = {}): Promise<Match<In, Out, View>> {
    const path = `/v1/games/${encodeURIComponent(this.game.name)}/play`;
    return this.enterSeat(await this.rest.ask<Seat>("POST", path, playBody(how)));
  }

  private async enterSeat(seat: Seat): Promise<Match<In, Out, View>> {
    if (seat.schema_hash !== this.game.schema) {
      throw new StadionError("outdated-client", "this page is older (or newer) than the match: reload it");
    }
    const nonce = crypto.getRandomValues(new Uint8Array(16));
    return this.enter({
      info: { id: seat.match.id, code: seat.match.code ?? "", version: seat.version },
      endpoints: endpointsOf(seat.endpoints),
      credential: { join: seat.join_token, nonce },
    });
  }

  /**
   * Watches a match without a seat: views and messages are what the game shows to spectators, and nothing can be sent. Throws
   * a {@link StadionError} such as `forbidden`: the match is not to be watched.
   */
  async watch(id: string): Promise<Match<In, Out, View>> {
    const seat = await this.rest.ask<Seat>("POST", `/v1/matches/${encodeURIComponent(id)}/watch`, {});
    return this.enterSeat(seat);
  }

  /**
   * Comes back to the seat that this tab had before it was reloaded. Nothing if there was none, if it is gone, or if it is in
   * another match than the one with this code.
   */
  async resume(code?: string): Promise<Match<In, Out, View> | null> {
    const ticket = readTicket(this.session.get(this.key));
    if (!ticket || (code !== undefined && code.toUpperCase() !== ticket.code)) return null;
    const { token, endpoints, ...info } = ticket;
    try {
      return await this.enter({ info, endpoints, credential: { resume: token } });
    } catch (error) {
      if (!(error instanceof StadionError) || !GONE.has(error.code)) throw error;
      this.keep(undefined);
      return null;
    }
  }

  /** What the control plane says of a match: who sits where, and how it ended. */
  status(id: string): Promise<MatchStatus> {
    return this.rest.ask("GET", `/v1/matches/${encodeURIComponent(id)}`);
  }

  /** Any other call of the API, as the player who is signed in. */
  ask<T = any>(method: string, path: string, body?: unknown): Promise<T> {
    return this.rest.ask(method, path, body);
  }

  private enter(entry: Entry): Promise<Match<In, Out, View>> {
    return Match.enter(this.game, entry, {
      open: this.options.open ?? open,
      timing: this.options.timing ?? BROWSER,
      random: Math.random,
      keep: (ticket) => this.keep(ticket),
    });
  }

  private keep(ticket: Ticket | undefined): void {
    this.session.set(this.key, ticket && writeTicket(ticket));
  }
}
