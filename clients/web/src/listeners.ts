/** Whoever wants to hear of something. What one of them throws reaches nobody else. */
export class Listeners<T> {
  private readonly listeners = new Set<(value: T) => void>();
  private unheard: T[] = [];

  /** Keeps so many of the newest values for the first listener. */
  constructor(private readonly keep = 0) {}

  /** Answers what takes the listener away. */
  add(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    for (const value of this.unheard.splice(0, Infinity)) this.tellLater(listener, value);
    return () => void this.listeners.delete(listener);
  }

  tell(value: T): void {
    if (!this.listeners.size && this.keep) {
      this.unheard.push(value);
      if (this.unheard.length > this.keep) this.unheard.shift();
    }
    for (const listener of this.listeners) call(listener, value);
  }

  /** Once the caller is done, unless it was taken away by then. */
  tellLater(listener: (value: T) => void, value: T): void {
    queueMicrotask(() => {
      if (this.listeners.has(listener)) call(listener, value);
    });
  }
}

function call<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    // As the browser treats errors of handlers: seen, and nobody else's trouble.
    (globalThis.reportError ?? console.error)(error);
  }
}
