/** The few calls of the control plane's API that a player makes. */
import { StadionError } from "./error.js";
import type { Storage } from "./storage.js";

/** A player, as they see themselves. */
export interface Player {
  readonly id: string;
  readonly name: string;
}

interface Session {
  access_token: string;
  refresh_token: string;
  player: Player;
}

/** Says one request. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A server that takes longer is not there, ms. */
const REQUEST_WITHIN_MS = 15_000;

/** One player's way to the API. Tokens are kept in a storage that tabs share. */
export class Rest {
  private readonly key: string;

  constructor(
    readonly origin: string,
    private readonly storage: Storage,
    private readonly fetch: Fetch,
  ) {
    this.key = `stadion:${origin}:session`;
  }

  /** Who is signed in. */
  get player(): Player | undefined {
    return this.session()?.player;
  }

  /** Makes a guest of that name; without one the server makes a name up. */
  async signInAsGuest(name: string | undefined): Promise<Player> {
    return this.keep(await this.request<Session>("POST", "/v1/guests", name === undefined ? {} : { name }));
  }

  /** Uses a session that came from elsewhere, such as a sign-in with a password. */
  keep({ access_token, refresh_token, player }: Session): Player {
    const { id, name } = player;
    this.storage.set(this.key, JSON.stringify({ access_token, refresh_token, player: { id, name } }));
    return { id, name };
  }

  forget(): void {
    this.storage.set(this.key, undefined);
  }

  /** Asks as the player who is signed in; with new tokens if the old ones are used up. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const token = this.session()?.access_token;
    try {
      return await this.request(method, path, body, token);
    } catch (error) {
      if (!(error instanceof StadionError) || error.number !== 401 || !token) throw error;
      return this.request(method, path, body, await this.refreshed(token));
    }
  }

  /**
   * An access token newer than this one. A refresh token is good once, and a second use of it revokes the sign-in: one tab
   * refreshes at a time, and the others find what it got.
   */
  private async refreshed(old: string): Promise<string> {
    return exclusively(this.key, async () => {
      const session = this.session();
      if (!session) throw new StadionError("unauthenticated", "nobody is signed in", 401);
      if (session.access_token !== old) return session.access_token;
      const { refresh_token } = session;
      const next = await this.request<Session>("POST", "/v1/sessions/refresh", { refresh_token });
      this.keep(next);
      return next.access_token;
    });
  }

  private session(): Session | undefined {
    const kept = this.storage.get(this.key);
    try {
      return kept ? (JSON.parse(kept) as Session) : undefined;
    } catch {
      return undefined;
    }
  }

  private async request<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["content-type"] = "application/json";
    if (token) headers["authorization"] = `Bearer ${token}`;
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(REQUEST_WITHIN_MS) };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await this.fetch(this.origin + path, init).catch((error: unknown) => {
      throw new StadionError("unreachable", `cannot reach ${this.origin}: ${error}`);
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw problem(response.status, answer);
    if (answer === undefined) throw new StadionError("bad-answer", `an answer of ${this.origin} cannot be read`);
    return answer as T;
  }
}

/** RFC 9457. */
function problem(status: number, answer: unknown): StadionError {
  const { code, title, detail } = (answer ?? {}) as { code?: string; title?: string; detail?: string };
  const message = [title, detail].filter(Boolean).join(": ") || `the server answered ${status}`;
  return new StadionError(code ?? "refused-by-server", message, status);
}

/** One tab at a time, where browsers can (secure contexts). */
function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  return locks ? (locks.request(name, work) as Promise<T>) : work();
}
