/** The loop between the pure machine, the connections and the application. It decides nothing. */
import { type Config, type Event, Machine } from "./protocol/machine.js";
import type { Open } from "./transport/transport.js";
/** Time and timers, so that tests can have their own. */
export interface Timing {
    /** Milliseconds that never go back. */
    now(): number;
    /** Calls back once, after so many milliseconds; answers what cancels it. */
    after(ms: number, call: () => void): () => void;
}
/** The browser's clock and timers. */
export declare const BROWSER: Timing;
/** Who is told. */
export interface Application {
    event(event: Event): void;
    /** Something happened, and everything about it was told. */
    settled(): void;
    /** When {@link Application.timeout} is to be called; `Infinity`: not. */
    nextTimeout(): number;
    timeout(now: number): void;
}
/** Turns the wheel of one machine. */
export declare class Driver {
    private readonly application;
    private readonly openTransport;
    private readonly timing;
    readonly machine: Machine;
    private readonly transports;
    private cancel;
    private settling;
    /** When the next timer was to go off, and how much time was slept through. */
    private deadline;
    private slept;
    constructor(config: Config, application: Application, openTransport: Open, timing: Timing);
    /**
     * The machine's time. It does not run on while the page sleeps (a closed laptop, a tab in the background, whose timers
     * browsers slow down): what was not heard then is not the network's silence.
     */
    now(): number;
    /** Does something with the machine, and carries out what it wants then. */
    turn(action: (machine: Machine, now: number) => void): void;
    private settle;
    /** Carries out one wish, or tells one event; whether there was any. */
    private step;
    private arm;
    private transmit;
    private connect;
}
