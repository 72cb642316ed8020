/**
 * The client's side of the wire protocol as a state machine without clock and socket: one player's whole hold on a seat,
 * over as many connections as it takes. The same rules as `stadion_protocol::client` in Rust; change both.
 *
 *                  connect            connected: hello           welcome
 *   new Machine ──▶ connecting ───────▶ greeting ────────────────▶ current path ──┐ messages, acks, pings
 *        ▲              │ failed, late      │ failed, late            │   ▲────────┘
 *        │ backoff      ▼                   ▼                         │ lost, or silent for 1 s (it stays open beside
 *        └──────────────┴───────────────────┴─────────────────────────┘ the new one until one of them is welcomed)
 *
 * For good: a close code that is not worth retrying, `ended`, leaving, or nothing heard for the give-up time.
 *
 * One thing is this client's own: endpoints differ in their transport. While an attempt at one endpoint hangs, the attempt
 * beside it goes to the next, so that a network that swallows UDP costs the silence time and not the attempt time.
 */
import { StadionError, type CloseCode } from "../error.js";
import { Backoff } from "./backoff.js";
import * as frames from "./frames.js";
import { Ledger } from "./ledger.js";
import { Meter, TickClock } from "./meter.js";
import { type Endpoint, Path, TIMERS, type Timers } from "./path.js";
import { receive } from "./receive.js";

export interface Config {
  /** At least one; tried in turn. */
  endpoints: readonly Endpoint[];
  credential: frames.Credential;
  /** The schema that this page was built for, eight bytes. */
  schema: Uint8Array;
  /** Untrusted options for the game, at most 2,048 bytes. */
  options?: Uint8Array;
  /** Random numbers from 0 to below 1: they name this client to the server, and jitter comes from them. */
  random: () => number;
  timers?: Timers;
}

/** What a driver tells a machine. Words about paths that were closed are ignored. */
export type Input =
  /** The transport is established and its stream open. `maxDatagram` 0: none. */
  | { kind: "connected"; path: number; maxDatagram: number }
  | { kind: "stream"; path: number; chunk: Uint8Array }
  | { kind: "datagram"; path: number; data: Uint8Array }
  /** The transport failed or was closed; `code` is the server's, if it gave one. */
  | { kind: "closed"; path: number; code?: number | undefined; reason: string };

/** What a driver is to do. */
export type Transmit =
  /** Open a connection and its stream; answer with `connected` or `closed`. */
  | { kind: "connect"; path: number; endpoint: Endpoint }
  | { kind: "stream"; path: number; data: Uint8Array<ArrayBuffer> }
  /** Send or drop. */
  | { kind: "datagram"; path: number; data: Uint8Array<ArrayBuffer> }
  /** Close it; nothing more is heard of it. */
  | { kind: "close"; path: number; code: CloseCode };

/** What happened, in order. */
export type Event =
  | { kind: "welcome"; seat: number; fresh: boolean; rate: number }
  | { kind: "message"; tick: number; data: Uint8Array }
  | { kind: "unreliable"; tick: number; data: Uint8Array }
  /** A newer session of the match speaks: forget baselines and predictions of ticks past this one. */
  | { kind: "rewound"; tick: number }
  /** Nothing is heard; reconnecting. Nothing reliable is lost. */
  | { kind: "stalled" }
  | { kind: "live" }
  /** The last event. */
  | { kind: "closed"; code: CloseCode; reason: string };

/** Where in its life. */
type Phase =
  | { at: "playing" }
  | { at: "leaving"; until: number }
  | { at: "ended"; until: number; code: CloseCode; reason: string }
  | { at: "closed" };

/** Attempts at once. One that nobody answers makes room for another: a transport asks a server that is down again after
 * pauses that double, a new attempt is there when the server is. */
const MAX_ATTEMPTS = 3;
/** A server that does not close after `leave` is not waited for longer. */
const LEAVE_WITHIN_MS = 2_000;

/**
 * One player's hold on one seat. After each call drain `transmits` and `events`, and call {@link Machine.onTimeout} at
 * {@link Machine.nextTimeout}. Times are milliseconds and never go back. After the event `closed` nothing happens any more.
 * What is not `private` and not called by a driver is for `receive.ts`.
 */
export class Machine {
  readonly transmits: Transmit[] = [];
  readonly events: Event[] = [];
  readonly timers: Timers;
  readonly ledger = new Ledger();
  readonly meter = new Meter();
  readonly clock = new TickClock();
  readonly backoff: Backoff;
  endpoints: readonly Endpoint[];
  /** Which of the endpoints is tried next. */
  endpoint = 0;
  credential: frames.Credential;
  paths: Path[] = [];
  /** The one path that was welcomed. */
  current: Path | undefined;
  welcomedAt: number;
  /** The highest incarnation heard of; none before the first welcome. */
  known: number | undefined;
  phase: Phase = { at: "playing" };
  health: "starting" | "live" | "stalled" = "starting";
  /** When the match was last heard, or this began. */
  heard: number;
  retryAt: number;
  ackAt = Infinity;
  private readonly name: Uint8Array;
  private lastPath = 0;

  constructor(
    private readonly config: Config,
    now: number,
  ) {
    this.timers = config.timers ?? TIMERS;
    this.backoff = new Backoff(config.random);
    this.name = Uint8Array.from({ length: 8 }, () => config.random() * 256);
    this.endpoints = config.endpoints;
    this.credential = config.credential;
    this.welcomedAt = this.heard = this.retryAt = now;
    this.attemptIfDue(now);
  }

  /** Takes what happened on a transport. */
  handle(now: number, input: Input): void {
    receive(this, now, input);
  }

  /** Sends a reliable input, now or when the connection is back: it counts exactly once, in order. */
  send(data: Uint8Array): void {
    this.checkPlaying();
    this.transmit(this.ledger.push(data));
  }

  /** Sends an unreliable input, or drops it. */
  sendUnreliable(now: number, data: Uint8Array): void {
    this.checkPlaying();
    if (!this.current) throw new StadionError("not-connected", "dropped: there is no connection");
    const { id: path, outgoing, maxDatagram } = this.current;
    for (const datagram of outgoing.push(now, data, maxDatagram)) {
      this.transmits.push({ kind: "datagram", path, data: datagram });
    }
  }

  /** Gives up the seat. The event `closed` follows, at once when there is no connection to say it on. */
  leave(now: number): void {
    if (this.phase.at !== "playing") return;
    if (!this.current) return this.finish("left", "left");
    this.acknowledge();
    this.transmit(frames.leave());
    this.phase = { at: "leaving", until: now + LEAVE_WITHIN_MS };
    this.dropAttempts("left", () => true);
  }

  /** When {@link Machine.onTimeout} wants to be called; `Infinity` when closed. */
  nextTimeout(): number {
    if (this.phase.at === "closed") return Infinity;
    const phase = this.phase.at === "playing" ? this.heard + this.timers.giveUp : this.phase.until;
    const silence = this.health === "live" ? this.heard + this.timers.silence : Infinity;
    const retry = this.wantsAttempt() ? this.retryAt : Infinity;
    const attempts = this.paths.map((path) => path.giveUpAt(this.timers));
    return Math.min(phase, silence, retry, this.pingAt(), this.ackAt, ...attempts);
  }

  /** Does what time asks for. */
  onTimeout(now: number): void {
    this.endIfDue(now);
    if (this.isClosed) return;
    if (this.dropAttempts("timed-out", (path) => now >= path.giveUpAt(this.timers))) this.attemptFailed(now);
    if (this.health === "live" && now >= this.heard + this.timers.silence) this.stall(now);
    this.attemptIfDue(now);
    if (now >= this.pingAt()) {
      this.transmit(this.meter.ping(now));
      const report = this.meter.report(now);
      if (report) this.transmit(report);
    }
    if (now >= this.ackAt) this.acknowledge();
  }

  /** The newest resume token: whoever has it can come back to the seat, also from another page. */
  get resumeToken(): Uint8Array | undefined {
    return "resume" in this.credential ? this.credential.resume : undefined;
  }

  /** The tick that the server makes now, with its fraction; event-driven matches stand at the newest heard of. */
  estimatedTick(now: number): number {
    return this.clock.estimate(now, this.meter.roundTrip ?? 0);
  }

  get isClosed(): boolean {
    return this.phase.at === "closed";
  }

  /** Tells the player, and looks for another way at once. */
  stall(now: number): void {
    if (this.health !== "live") return;
    this.health = "stalled";
    this.events.push({ kind: "stalled" });
    this.retryAt = Math.min(this.retryAt, now);
  }

  attemptFailed(now: number): void {
    this.endpoint = (this.endpoint + 1) % Math.max(this.endpoints.length, 1);
    this.retryAt = now + this.backoff.next();
  }

  attemptIfDue(now: number): void {
    if (!this.wantsAttempt() || now < this.retryAt) return;
    const oldest = this.attempts().find((path) => path.isConnecting);
    if (oldest && this.attempts().length >= MAX_ATTEMPTS) this.dropPath(oldest, "timed-out");
    const inTurn = [...this.endpoints.slice(this.endpoint), ...this.endpoints.slice(0, this.endpoint)];
    const tried = this.attempts().map((path) => path.endpoint);
    // Beside an attempt that hangs, another endpoint.
    const endpoint = inTurn.find((endpoint) => !tried.includes(endpoint)) ?? inTurn[0];
    if (!endpoint) return this.finish("refused", "no endpoint to connect to");
    this.open(now, endpoint);
    this.retryAt = now + this.timers.silence;
  }

  open(now: number, endpoint: Endpoint, target?: Uint8Array): void {
    const path = new Path(++this.lastPath, endpoint, target, now);
    this.paths.push(path);
    this.transmits.push({ kind: "connect", path: path.id, endpoint });
  }

  /** Drops attempts that are not wanted; whether there were any. */
  dropAttempts(code: CloseCode, unwanted: (path: Path) => boolean): boolean {
    const dropped = this.paths.filter((path) => path.isAttempt && unwanted(path));
    for (const path of dropped) this.dropPath(path, code);
    return dropped.length > 0;
  }

  /** Closes a path from this side. */
  dropPath(path: Path, code: CloseCode): void {
    this.forgetPath(path);
    this.transmits.push({ kind: "close", path: path.id, code });
  }

  /** Takes a path out, with everything that was still to be sent on it. */
  forgetPath(path: Path): void {
    this.paths = this.paths.filter((other) => other !== path);
    if (this.current === path) {
      this.current = undefined;
      this.ackAt = Infinity;
    }
    const kept = this.transmits.filter(
      ({ kind, path: id }) => id !== path.id || kind === "connect" || kind === "close",
    );
    this.transmits.splice(0, Infinity, ...kept);
  }

  hello(path: Path): Uint8Array<ArrayBuffer> {
    return frames.hello({
      schema: this.config.schema,
      fresh: this.known === undefined,
      client: this.name,
      connection: path.id,
      credential: path.target ? { resume: path.target } : this.credential,
      lastOutSeq: this.ledger.lastOutSeq,
      incarnation: this.known ?? 0,
      lastTick: this.clock.tick,
      options: this.config.options ?? new Uint8Array(),
    });
  }

  /** Sends the newest acknowledgement, if there is anybody to tell. */
  acknowledge(): void {
    if (this.ackAt !== Infinity) this.transmit(frames.ack(this.ledger.lastOutSeq));
    this.ackAt = Infinity;
  }

  /** Sends on the current path; without one, what must not be lost is in the ledger. */
  transmit(data: Uint8Array<ArrayBuffer>): void {
    if (this.current) this.transmits.push({ kind: "stream", path: this.current.id, data });
  }

  /** Over, for good. */
  finish(code: CloseCode, reason: string): void {
    for (const { id } of this.paths) this.transmits.push({ kind: "close", path: id, code });
    this.paths = [];
    this.current = undefined;
    this.phase = { at: "closed" };
    this.events.push({ kind: "closed", code, reason });
  }

  private checkPlaying(): void {
    if (this.phase.at !== "playing") throw new StadionError("left", "the match is over for this player");
  }

  private pingAt(): number {
    if (!this.current || this.health === "starting") return Infinity;
    // A server that was restarted answers with a reset: the connection is known to be gone as soon as it is back.
    if (this.health === "stalled") return this.meter.nextKnock(this.timers.ping);
    return this.meter.nextPing(this.heard, this.timers.ping);
  }

  private endIfDue(now: number): void {
    const { phase } = this;
    if (phase.at === "playing") {
      if (now >= this.heard + this.timers.giveUp) this.finish("timed-out", "the server did not answer");
    } else if (phase.at !== "closed" && now >= phase.until) {
      if (phase.at === "ended") this.finish(phase.code, phase.reason);
      else this.finish("left", "left");
    }
  }

  /** Attempts to reach the match that are under way. */
  private attempts(): Path[] {
    return this.paths.filter((path) => path.isAttempt && !path.target);
  }

  private wantsAttempt(): boolean {
    const wanted = !this.current || this.health === "stalled";
    const attempts = this.attempts();
    const room = attempts.length < MAX_ATTEMPTS || attempts.some((path) => path.isConnecting);
    return this.phase.at === "playing" && wanted && room;
  }
}
