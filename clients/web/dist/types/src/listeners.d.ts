/** Whoever wants to hear of something. What one of them throws reaches nobody else. */
export declare class Listeners<T> {
    private readonly keep;
    private readonly listeners;
    private unheard;
    /** Keeps so many of the newest values for the first listener. */
    constructor(keep?: number);
    /** Answers what takes the listener away. */
    add(listener: (value: T) => void): () => void;
    tell(value: T): void;
    /** Once the caller is done, unless it was taken away by then. */
    tellLater(listener: (value: T) => void, value: T): void;
}
