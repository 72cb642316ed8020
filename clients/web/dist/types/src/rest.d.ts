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
/** One player's way to the API. Tokens are kept in a storage that tabs share. */
export declare class Rest {
    readonly origin: string;
    private readonly storage;
    private readonly fetch;
    private readonly key;
    constructor(origin: string, storage: Storage, fetch: Fetch);
    /** Who is signed in. */
    get player(): Player | undefined;
    /** Makes a guest of that name; without one the server makes a name up. */
    signInAsGuest(name: string | undefined): Promise<Player>;
    /** Uses a session that came from elsewhere, such as a sign-in with a password. */
    keep({ access_token, refresh_token, player }: Session): Player;
    forget(): void;
    /** Asks as the player who is signed in; with new tokens if the old ones are used up. */
    ask<T>(method: string, path: string, body?: unknown): Promise<T>;
    /**
     * An access token newer than this one. A refresh token is good once, and a second use of it revokes the sign-in: one tab
     * refreshes at a time, and the others find what it got.
     */
    private refreshed;
    private session;
    private request;
}
export {};
