/** The SDK's envelope on the client's side: which views are new, and which to acknowledge when. */
import { malformed, Reader } from "./bytes/reader.js";
import { Writer } from "./bytes/writer.js";

const MESSAGE = 0x00;
const VIEW = 0x01;
/** A view is acknowledged when none newer came for this long: a busy game is never acknowledged, and needs none. */
const QUIET_MS = 100;

/** What an envelope held; nothing if it was a view that was shown before, or that a newer one replaced. */
export type Opened = { kind: "message" | "view"; data: Uint8Array } | undefined;

/** Views of one seat: the newest wins. */
export class Views {
  private newest: bigint | undefined;
  private ack: { at: number; number: bigint } | undefined;

  /** Opens what came. */
  open(now: number, reliable: boolean, bytes: Uint8Array): Opened {
    const envelope = new Reader(bytes);
    const kind = envelope.u8();
    if (kind === MESSAGE) return { kind: "message", data: envelope.rest() };
    if (kind !== VIEW) throw malformed("not a message of a typed game");
    const number = envelope.big();
    if (this.newest !== undefined && number < this.newest) return undefined;
    const repeated = this.newest === number;
    this.newest = number;
    if (reliable) this.ack = undefined;
    // Repeated: the acknowledgement was lost, or is on its way. Quiet since the first of them.
    else if (!repeated || !this.ack) this.ack = { at: now + QUIET_MS, number };
    return repeated ? undefined : { kind: "view", data: envelope.rest() };
  }

  /** The numbers that were seen are worth nothing any more: everything is told afresh, or was undone. */
  forget(): void {
    this.newest = this.ack = undefined;
  }

  /** When {@link Views.acknowledge} has something to send. */
  nextTimeout(): number {
    return this.ack?.at ?? Infinity;
  }

  /** The acknowledgement that is due, to be sent unreliably. */
  acknowledge(now: number): Uint8Array | undefined {
    if (!this.ack || this.ack.at > now) return undefined;
    const out = new Writer().u8(VIEW);
    out.big(this.ack.number);
    this.ack = undefined;
    return out.done();
  }
}

/** Puts an input into its envelope. */
export function input(data: Uint8Array): Uint8Array {
  return new Writer().u8(MESSAGE).raw(data).done();
}
