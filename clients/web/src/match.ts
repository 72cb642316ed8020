/** A seat in a match, in the game's own types. */
import { decode, encode } from "./codec.js";
import { Driver, type Timing } from "./driver.js";
import { type End, StadionError } from "./error.js";
import { type Game, isTyped } from "./game.js";
import { Listeners } from "./listeners.js";
import type { Credential } from "./protocol/frames.js";
import type { Event } from "./protocol/machine.js";
import type { Endpoint } from "./protocol/path.js";
import { type MatchInfo, schemaBytes, type Ticket } from "./seat.js";
import type { Open } from "./transport/transport.js";
import { input, Views } from "./views.js";

/** How the connection does. */
export interface Health {
  /** `reconnecting`: nothing is heard; nothing reliable is lost. */
  readonly state: "live" | "reconnecting";
  /** The smoothed round trip, milliseconds. */
  readonly rttMs: number;
  /** What carries the match now. */
  readonly via: Endpoint["via"] | undefined;
}

/** What it takes to enter a match. */
export interface Entry {
  readonly info: MatchInfo;
  readonly endpoints: readonly Endpoint[];
  readonly credential: Credential;
}

/** What a match stands on: the browser, or a test. */
export interface Ground {
  readonly open: Open;
  readonly timing: Timing;
  readonly random: () => number;
  /** Keeps what brings a reloaded page back; nothing: the match is over for it. */
  keep(ticket: Ticket | undefined): void;
}

/** Stands where a seat does for whoever watches a match. */
export const SPECTATOR = 65_535;
/** Nobody waits longer for a first welcome, ms. */
const ENTER_WITHIN_MS = 10_000;
/** Messages that wait for the first listener, the newest of them. */
const MAX_UNHEARD = 256;

/**
 * A seat in a match. The connection is kept in the background; closing the page lets go of it, and the seat is kept for a
 * while. {@link Match.leave} gives the seat up.
 */
export class Match<In, Out, View> {
  readonly id: string;
  /** What friends type to join. */
  readonly code: string;
  /** Of the game, 64 hexadecimal digits. */
  readonly version: string;
  /** This player's seat; {@link SPECTATOR} for whoever watches. */
  seat = -1;
  /** Ticks a second; 0 in event-driven games. */
  rate = 0;
  /** The newest view, if there was one. */
  view: View | undefined;
  /** Resolves once, whatever the end was. */
  readonly ended: Promise<End>;

  private readonly driver: Driver;
  private readonly views = new Views();
  private readonly onViews = new Listeners<View>();
  private readonly onMessages = new Listeners<Out>(MAX_UNHEARD);
  private readonly onHealths = new Listeners<Health>();
  private end!: (end: End) => void;
  private entered: { resolve(): void; reject(error: StadionError): void } | undefined;
  private kept: Uint8Array | undefined;

  private constructor(
    private readonly game: Game<In, Out, View>,
    private readonly entry: Entry,
    private readonly ground: Ground,
  ) {
    ({ id: this.id, code: this.code, version: this.version } = entry.info);
    this.ended = new Promise((resolve) => (this.end = resolve));
    const { endpoints, credential } = entry;
    const { random } = ground;
    const config = { endpoints, credential, schema: schemaBytes(game.schema), random };
    const application = {
      event: (event: Event) => this.event(event),
      settled: () => this.keepTicket(),
      nextTimeout: () => this.views.nextTimeout(),
      timeout: (now: number) => this.acknowledgeView(now),
    };
    this.driver = new Driver(config, application, ground.open, ground.timing);
  }

  /** Enters a match, and waits until the player is let in. */
  static async enter<In, Out, View>(
    game: Game<In, Out, View>,
    entry: Entry,
    ground: Ground,
  ): Promise<Match<In, Out, View>> {
    const match = new Match(game, entry, ground);
    await new Promise<void>((resolve, reject) => {
      match.entered = { resolve, reject };
      match.driver.turn(() => {});
      ground.timing.after(ENTER_WITHIN_MS, () => match.giveUpEntering());
    });
    return match;
  }

  /**
   * Sends a message: in order, exactly once, also over a lost connection. Throws a {@link StadionError}: `full` when too
   * much is unacknowledged, `too-large`, `bad-value`, or how the match ended.
   */
  send(message: In): void {
    this.mustHaveSeat();
    const data = this.wrap(message);
    this.driver.turn((machine) => machine.send(data));
  }

  /** Sends a message at most once; dropped while there is no connection. */
  sendUnreliable(message: In): void {
    this.mustHaveSeat();
    const data = this.wrap(message);
    this.driver.turn((machine, now) => dropUnlessConnected(() => machine.sendUnreliable(now, data)));
  }

  /** Listens to views: the newest now, if there is one, then each that comes. Answers what stops it. */
  onView(listener: (view: View) => void): () => void {
    if (this.view !== undefined) this.onViews.tellLater(listener, this.view);
    return this.onViews.add(listener);
  }

  /** Listens to what the game tells this player; the first listener also hears what came before it. */
  onMessage(listener: (message: Out) => void): () => void {
    return this.onMessages.add(listener);
  }

  /** Listens to how the connection does: now, and whenever it changes. */
  onHealth(listener: (health: Health) => void): () => void {
    this.onHealths.tellLater(listener, this.health);
    return this.onHealths.add(listener);
  }

  get health(): Health {
    const { machine } = this.driver;
    const state = machine.health === "live" ? "live" : "reconnecting";
    return { state, rttMs: machine.meter.roundTrip ?? 0, via: machine.current?.endpoint.via };
  }

  /** The tick that the server makes now, with its fraction: for prediction and interpolation. */
  get estimatedTick(): number {
    return this.driver.machine.estimatedTick(this.driver.now());
  }

  /** Gives up the seat; answers once the server knows, two seconds later at most. */
  leave(): Promise<End> {
    this.driver.turn((machine, now) => machine.leave(now));
    return this.ended;
  }

  private event(event: Event): void {
    switch (event.kind) {
      case "welcome":
        this.seat = event.seat;
        this.rate = event.rate;
        if (event.fresh) this.views.forget();
        this.entered?.resolve();
        this.entered = undefined;
        break;
      case "rewound":
        this.views.forget();
        break;
      case "message":
      case "unreliable":
        this.deliver(event.kind === "message", event.data);
        break;
      case "stalled":
      case "live":
        this.onHealths.tell(this.health);
        break;
      case "closed":
        this.close(event);
    }
  }

  private deliver(reliable: boolean, data: Uint8Array): void {
    try {
      if (!isTyped(this.game)) return this.onMessages.tell(decode(this.game.out, data));
      const opened = this.views.open(this.driver.now(), reliable, data);
      if (opened?.kind === "message") this.onMessages.tell(decode(this.game.out, opened.data));
      if (opened?.kind === "view") this.onViews.tell((this.view = decode(this.game.view, opened.data)));
    } catch (error) {
      if (!(error instanceof StadionError)) throw error;
      // The schema's hash was compared at the door, so this does not happen between honest programs.
      console.warn(`stadion: dropped what the game sent: ${error.message}`);
    }
  }

  private close({ code, reason }: End): void {
    // A seat that another page plays now is that page's. One that was not reached may still be there, and one in a match that
    // speaks newer messages is for the newer page that a reload brings.
    if (code !== "timed-out" && code !== "outdated-client") this.ground.keep(undefined);
    this.end({ code, reason });
    this.entered?.reject(new StadionError(code, reason || code));
    this.entered = undefined;
  }

  private giveUpEntering(): void {
    if (!this.entered) return;
    this.entered.reject(new StadionError("unreachable", "the server let nobody in within 10 s"));
    this.entered = undefined;
    this.driver.turn((machine) => machine.finish("timed-out", "given up"));
  }

  private keepTicket(): void {
    const { resumeToken: token, endpoints, isClosed } = this.driver.machine;
    if (isClosed || !token || token === this.kept) return;
    this.kept = token;
    this.ground.keep({ ...this.entry.info, token, endpoints });
  }

  private mustHaveSeat(): void {
    if (this.seat === SPECTATOR) throw new StadionError("watching", "who watches a match sends nothing");
  }

  private acknowledgeView(now: number): void {
    // There is nothing to say for whoever watches: what it is shown comes reliably.
    if (this.seat === SPECTATOR) return;
    const ack = this.views.acknowledge(now);
    // One that is lost is asked for again by the game's repeated view.
    if (ack) dropUnlessConnected(() => this.driver.machine.sendUnreliable(now, ack));
  }

  private wrap(message: In): Uint8Array {
    const data = encode(this.game.in, message);
    return isTyped(this.game) ? input(data) : data;
  }
}

function dropUnlessConnected(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof StadionError) || (error.code !== "not-connected" && error.code !== "left")) throw error;
  }
}
