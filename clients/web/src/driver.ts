/** The loop between the pure machine, the connections and the application. It decides nothing. */
import { type Config, type Event, Machine, type Transmit } from "./protocol/machine.js";
import type { Open, Transport } from "./transport/transport.js";

/** Time and timers, so that tests can have their own. */
export interface Timing {
  /** Milliseconds that never go back. */
  now(): number;
  /** Calls back once, after so many milliseconds; answers what cancels it. */
  after(ms: number, call: () => void): () => void;
}

/** The browser's clock and timers. */
export const BROWSER: Timing = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** Timers may be so late without the page having slept. */
const LATE_MS = 100;

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
export class Driver {
  readonly machine: Machine;
  private readonly transports = new Map<number, Transport>();
  private cancel = () => {};
  private settling = false;
  /** When the next timer was to go off, and how much time was slept through. */
  private deadline = Infinity;
  private slept = 0;

  constructor(
    config: Config,
    private readonly application: Application,
    private readonly openTransport: Open,
    private readonly timing: Timing,
  ) {
    this.machine = new Machine(config, timing.now());
  }

  /**
   * The machine's time. It does not run on while the page sleeps (a closed laptop, a tab in the background, whose timers
   * browsers slow down): what was not heard then is not the network's silence.
   */
  now(): number {
    const now = this.timing.now() - this.slept;
    const late = Math.max(0, now - this.deadline - LATE_MS);
    this.slept += late;
    return now - late;
  }

  /** Does something with the machine, and carries out what it wants then. */
  turn(action: (machine: Machine, now: number) => void): void {
    try {
      action(this.machine, this.now());
    } finally {
      // An application that sends from within an event only queues.
      if (!this.settling) this.settle();
    }
  }

  private settle(): void {
    this.settling = true;
    try {
      while (this.step());
    } finally {
      this.settling = false;
    }
    this.application.settled();
    this.arm();
  }

  /** Carries out one wish, or tells one event; whether there was any. */
  private step(): boolean {
    const transmit = this.machine.transmits.shift();
    if (transmit) {
      this.transmit(transmit);
      return true;
    }
    const event = this.machine.events.shift();
    if (event) this.application.event(event);
    return event !== undefined;
  }

  private arm(): void {
    this.cancel();
    this.deadline = Math.min(this.machine.nextTimeout(), this.application.nextTimeout());
    if (this.machine.isClosed || this.deadline === Infinity) return;
    this.cancel = this.timing.after(Math.max(0, this.deadline - this.now()), () =>
      this.turn((machine, now) => {
        machine.onTimeout(now);
        this.application.timeout(now);
      }),
    );
  }

  private transmit(transmit: Transmit): void {
    const { path } = transmit;
    switch (transmit.kind) {
      case "connect":
        this.transports.set(path, this.connect(path, transmit.endpoint));
        break;
      case "stream":
        this.transports.get(path)?.write(transmit.data);
        break;
      case "datagram":
        this.transports.get(path)?.datagram(transmit.data);
        break;
      case "close":
        this.transports.get(path)?.close(transmit.code);
        this.transports.delete(path);
        break;
    }
  }

  private connect(path: number, endpoint: Parameters<Open>[0]): Transport {
    const tell = (input: Parameters<Machine["handle"]>[1]) => this.turn((machine, now) => machine.handle(now, input));
    return this.openTransport(endpoint, {
      connected: (maxDatagram) => tell({ kind: "connected", path, maxDatagram }),
      stream: (chunk) => tell({ kind: "stream", path, chunk }),
      datagram: (data) => tell({ kind: "datagram", path, data }),
      closed: (code, reason) => {
        this.transports.delete(path);
        tell({ kind: "closed", path, code, reason });
      },
    });
  }
}
