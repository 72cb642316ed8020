/** The reliable numbers of a client: which inputs the server still needs, and which message comes next. */
import { malformed } from "../bytes/reader.js";
import { StadionError } from "../error.js";
import { input, type Welcome } from "./frames.js";
import { MAX_INPUT } from "./limits.js";

/** Inputs that wait for their acknowledgement. The server's burst takes that many after a reconnect. */
const MAX_INPUTS = 256;
const MAX_INPUT_BYTES = 256 * 1024;

/**
 * Inputs, unsent and unacknowledged, and the newest message. Inputs get their numbers by their place: the first of them is
 * `base + 1`. Before the first welcome no input is sent, so the base may still be set by it.
 */
export class Ledger {
  private base = 0;
  private inputs: Uint8Array[] = [];
  private bytes = 0;
  /** The newest message; 0 for none. */
  lastOutSeq = 0;

  /** Takes an input; the frame to send if a connection is there. */
  push(data: Uint8Array): Uint8Array<ArrayBuffer> {
    if (data.length > MAX_INPUT) {
      throw new StadionError("too-large", `${data.length} bytes are too many for one message`);
    }
    if (this.inputs.length === MAX_INPUTS || this.bytes + data.length > MAX_INPUT_BYTES) {
      throw new StadionError("full", "too much is waiting to be sent");
    }
    this.bytes += data.length;
    this.inputs.push(data);
    return input(this.base + this.inputs.length, data);
  }

  /** Everything that the server may not have, in order. */
  unacknowledged(): Uint8Array<ArrayBuffer>[] {
    return this.inputs.map((data, i) => input(this.base + 1 + i, data));
  }

  /** Takes a welcome in: `known` is the highest incarnation before it, if there was a welcome before. */
  welcome(welcome: Welcome, known: number | undefined): void {
    const { inSeq, nextOutSeq, fresh, incarnation } = welcome;
    if (nextOutSeq === 0 || (!fresh && nextOutSeq > this.lastOutSeq + 1)) {
      throw malformed("a welcome that leaves messages out");
    }
    // A recovered match knows less than its former session had promised: number on from what it knows.
    const recovered = known !== undefined && inSeq < this.base && incarnation > known;
    if (known === undefined || recovered) this.base = inSeq;
    else this.acknowledged(inSeq);
    if (fresh) this.lastOutSeq = nextOutSeq - 1;
  }

  /** Inputs up to `inSeq` are durable. */
  acknowledged(inSeq: number): void {
    if (inSeq > this.base + this.inputs.length) {
      throw malformed("an acknowledgement of an input that was never sent");
    }
    for (; this.base < inSeq; this.base++) this.bytes -= this.inputs.shift()?.length ?? 0;
  }

  /** Judges a message by its number: whether it is new. */
  message(outSeq: number): boolean {
    if (outSeq <= this.lastOutSeq) return false;
    if (outSeq !== this.lastOutSeq + 1) throw malformed("a gap between messages");
    this.lastOutSeq = outSeq;
    return true;
  }
}
