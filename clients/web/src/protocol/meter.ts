/** Measures: round trips by pings, and where the server's tick must be by now. Times are milliseconds. */
import { ping, quality } from "./frames.js";

/** A busy connection still measures its round trip this often. */
const MEASURE_MS = 2_000;
/** How often the server is told. */
const REPORT_MS = 5_000;

/** Asks for pongs when it is quiet, and at times when it is not, and learns from them. */
export class Meter {
  private token = 0;
  private sent: number | undefined;
  private asked = 0;
  private reported = 0;
  private jitter = 0;
  /** The smoothed round trip, once measured. */
  roundTrip: number | undefined;

  /** When to ask next, on a connection that was last heard at `heard`. */
  nextPing(heard: number, quiet: number): number {
    const measure = this.asked + MEASURE_MS;
    return this.sent === undefined ? Math.min(measure, Math.max(heard, this.asked) + quiet) : measure;
  }

  /** When to ask next on a connection that has fallen silent. */
  nextKnock(pause: number): number {
    return this.asked + pause;
  }

  ping(now: number): Uint8Array<ArrayBuffer> {
    this.sent = this.asked = now;
    return ping(++this.token);
  }

  pong(now: number, token: number): void {
    if (token !== this.token || this.sent === undefined) return;
    this.sample(now - this.sent);
    this.sent = undefined;
  }

  /** Another connection: what was asked on the last one is not answered on this one. */
  reconnected(now: number, first: number): void {
    this.sent = this.roundTrip = undefined;
    this.asked = now;
    this.sample(first);
  }

  /** What to tell the server, at most every five seconds; sent along with a ping, so that it wakes nobody by itself. */
  report(now: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.roundTrip === undefined || now < this.reported + REPORT_MS) return undefined;
    this.reported = now;
    const ms = (time: number) => Math.min(Math.floor(time), 0xffff);
    // Browsers do not say how many packets were lost.
    return quality(ms(this.roundTrip), ms(this.jitter), 0);
  }

  /** Smoothing as for TCP (RFC 6298): an eighth for the mean, a quarter for its variation. */
  private sample(roundTrip: number): void {
    if (this.roundTrip === undefined) {
      this.roundTrip = roundTrip;
      return;
    }
    this.jitter = (this.jitter * 3 + Math.abs(this.roundTrip - roundTrip)) / 4;
    this.roundTrip = (this.roundTrip * 7 + roundTrip) / 8;
  }
}

/** The newest tick heard of, and when. */
export class TickClock {
  /** The newest. */
  tick = 0;
  private heard = 0;
  private rate = 0;

  set(now: number, tick: number, rate: number): void {
    this.tick = tick;
    this.heard = now;
    this.rate = rate;
  }

  hear(now: number, tick: number): void {
    if (tick > this.tick) this.set(now, tick, this.rate);
  }

  /** Ticks past this one did not happen. */
  rewind(tick: number): void {
    this.tick = Math.min(this.tick, tick);
  }

  /** The tick that the server makes at this moment, half a round trip after the newest was sent, with its fraction. */
  estimate(now: number, roundTrip: number): number {
    return this.tick + ((now - this.heard + roundTrip / 2) / 1_000) * this.rate;
  }
}
