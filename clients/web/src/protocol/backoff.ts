const FIRST_MS = 200;
/** The longest pause. */
const LONGEST_MS = 4_000;

/**
 * Pauses between attempts: 200 ms doubled each time up to a limit, of which a random half to whole is waited, so that
 * the clients of a restarted server do not come back all at once.
 */
export class Backoff {
  private failures = 0;

  /** `random` gives numbers from 0 to below 1. */
  constructor(private readonly random: () => number) {}

  /** The pause before the next attempt, ms. */
  next(): number {
    const full = Math.min(FIRST_MS * 2 ** Math.min(this.failures++, 16), LONGEST_MS);
    return full / 2 + (this.random() * full) / 2;
  }

  /** An attempt succeeded. */
  reset(): void {
    this.failures = 0;
  }
}
