/** Asks for pongs when it is quiet, and at times when it is not, and learns from them. */
export declare class Meter {
    private token;
    private sent;
    private asked;
    private reported;
    private jitter;
    /** The smoothed round trip, once measured. */
    roundTrip: number | undefined;
    /** When to ask next, on a connection that was last heard at `heard`. */
    nextPing(heard: number, quiet: number): number;
    /** When to ask next on a connection that has fallen silent. */
    nextKnock(pause: number): number;
    ping(now: number): Uint8Array<ArrayBuffer>;
    pong(now: number, token: number): void;
    /** Another connection: what was asked on the last one is not answered on this one. */
    reconnected(now: number, first: number): void;
    /** What to tell the server, at most every five seconds; sent along with a ping, so that it wakes nobody by itself. */
    report(now: number): Uint8Array<ArrayBuffer> | undefined;
    /** Smoothing as for TCP (RFC 6298): an eighth for the mean, a quarter for its variation. */
    private sample;
}
/** The newest tick heard of, and when. */
export declare class TickClock {
    /** The newest. */
    tick: number;
    private heard;
    private rate;
    set(now: number, tick: number, rate: number): void;
    hear(now: number, tick: number): void;
    /** Ticks past this one did not happen. */
    rewind(tick: number): void;
    /** The tick that the server makes at this moment, half a round trip after the newest was sent, with its fraction. */
    estimate(now: number, roundTrip: number): number;
}
