/** The unreliable traffic of one connection: numbering and repeating inputs, dropping repeated messages. */
import { StadionError } from "../error.js";
import { compare, type Fragment, inputFragment, inputs, type Key, Reassembly } from "./datagrams.js";
import { MAX_DATAGRAM_HEADER, MAX_FRAGMENTS, MAX_UNRELIABLE } from "./limits.js";

/** In how many datagrams each small input travels: two lost packets in a row are rare. */
const REPEATS = 3;
/** Older inputs are not worth a repeat: the game has moved on. */
const REPEAT_FOR_MS = 250;
/** A length of up to 8 KiB takes two bytes. */
const LENGTH = 2;
/** A transport with less room than this carries no datagrams worth the name. */
const SMALLEST_ROOM = 64;

/** Sends inputs: each small one again in the next few datagrams. */
export class Outgoing {
  private last = 0;
  /** The newest ones, without gaps in their numbers. */
  private recent: { at: number; data: Uint8Array }[] = [];

  /** The datagrams for one input. */
  push(now: number, data: Uint8Array, maxDatagram: number): Uint8Array<ArrayBuffer>[] {
    const room = maxDatagram - MAX_DATAGRAM_HEADER;
    if (data.length + LENGTH > room) return this.fragments(data, room);
    this.last++;
    this.recent.push({ at: now, data });
    this.recent = this.recent.filter(({ at }) => now - at < REPEAT_FOR_MS);
    while (this.recent.length > REPEATS || this.bytes() > room) this.recent.shift();
    return [inputs(this.last + 1 - this.recent.length, this.recent.map(({ data }) => data))];
  }

  private fragments(data: Uint8Array, room: number): Uint8Array<ArrayBuffer>[] {
    // A payload that only its length pushes out of a datagram would come out as one part: as fragments it is two.
    const parts = Math.max(2, Math.ceil(data.length / room));
    if (data.length > MAX_UNRELIABLE || room < SMALLEST_ROOM || parts > MAX_FRAGMENTS) {
      throw new StadionError("too-large", `${data.length} bytes are too many for one unreliable message`);
    }
    this.last++;
    this.recent = [];
    // Even parts: the last one is not a tiny packet, and one lost byte costs the same wherever it is.
    const size = Math.ceil(data.length / parts);
    return Array.from({ length: parts }, (_, part) =>
      inputFragment(this.last, { part, parts }, data.subarray(part * size, (part + 1) * size)),
    );
  }

  private bytes(): number {
    return this.recent.reduce((sum, { data }) => sum + data.length + LENGTH, 0);
  }
}

/** How many ids are remembered: three seconds of a 20 Hz game. What is older than all of them is dropped. */
const SEEN = 64;

/** Receives messages: each at most once. */
export class Incoming {
  /** The newest that came, sorted. */
  private seen: Key[] = [];
  private readonly reassembly = new Reassembly();

  /** The whole message, if it is new and complete with this. */
  push(key: Key, fragment: Fragment | undefined, data: Uint8Array): Uint8Array | undefined {
    const at = this.seen.findIndex((seen) => compare(seen, key) >= 0);
    const place = at < 0 ? this.seen.length : at;
    if (at >= 0 && compare(this.seen[at]!, key) === 0) return undefined;
    if (place === 0 && this.seen.length === SEEN) return undefined;
    const whole = fragment ? this.reassembly.push(key, fragment, data) : data;
    if (!whole) return undefined;
    this.seen.splice(place, 0, key);
    if (this.seen.length > SEEN) this.seen.shift();
    return whole;
  }
}
