/** What outlives a page: sign-ins in `localStorage`, seats in `sessionStorage`; in memory where a page may have neither. */
/** Texts by key. */
export interface Storage {
    get(key: string): string | undefined;
    set(key: string, value: string | undefined): void;
}
/** A storage of the browser, or memory if the page may not use it (private windows, sandboxed frames). */
export declare function storageOf(name: "localStorage" | "sessionStorage"): Storage;
/** Gone with the page. */
export declare function memory(): Storage;
