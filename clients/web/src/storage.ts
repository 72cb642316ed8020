/** What outlives a page: sign-ins in `localStorage`, seats in `sessionStorage`; in memory where a page may have neither. */

/** Texts by key. */
export interface Storage {
  get(key: string): string | undefined;
  set(key: string, value: string | undefined): void;
}

/** A storage of the browser, or memory if the page may not use it (private windows, sandboxed frames). */
export function storageOf(name: "localStorage" | "sessionStorage"): Storage {
  try {
    const storage = globalThis[name];
    // Reading the property may throw, and so may the first use.
    storage.getItem("");
    return {
      get: (key) => storage.getItem(key) ?? undefined,
      set(key, value) {
        if (value === undefined) return storage.removeItem(key);
        try {
          storage.setItem(key, value);
        } catch {
          // Full: a reload will ask again for what it does not find.
        }
      },
    };
  } catch {
    return memory();
  }
}

/** Gone with the page. */
export function memory(): Storage {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key),
    set: (key, value) => void (value === undefined ? values.delete(key) : values.set(key, value)),
  };
}
