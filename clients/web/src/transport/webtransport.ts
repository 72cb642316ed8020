/** WebTransport: QUIC for pages. One bidirectional stream, and datagrams. */
import { CLOSE_CODES } from "../error.js";
import type { Endpoint } from "../protocol/path.js";
import { type Listener, type Transport, untilClosed } from "./transport.js";

/** Writes that wait for the stream. Unacknowledged inputs are bounded, so a connection with this many takes none any more. */
const MAX_WRITES = 1_024;
/** Datagrams that wait: what comes later than a few of them comes too late. */
const MAX_DATAGRAMS = 8;

/** Newer than TypeScript's own description of it. */
interface Datagrams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable?: WritableStream<Uint8Array>;
  createWritable?(): WritableStream<Uint8Array>;
  readonly maxDatagramSize: number;
}

/** Whether this page has it: browsers offer it to secure contexts alone. */
export function hasWebTransport(): boolean {
  return typeof WebTransport === "function";
}

export function openWebTransport(endpoint: Endpoint, listener: Listener): Transport {
  const { heard, silence } = untilClosed(listener);
  const connection = new Connection(endpoint, heard);
  return {
    write: (data) => connection.write(data),
    datagram: (data) => connection.datagram(data),
    close: (code) => {
      silence();
      connection.close(CLOSE_CODES.indexOf(code));
    },
  };
}

class Connection {
  private session: WebTransport | undefined;
  private stream: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | undefined;
  private datagrams: WritableStreamDefaultWriter<Uint8Array> | undefined;
  private writes = 0;
  private waiting = 0;

  constructor(
    endpoint: Endpoint,
    private readonly heard: Listener,
  ) {
    this.run(endpoint).catch((error: unknown) => heard.closed(undefined, String(error)));
  }

  write(data: Uint8Array<ArrayBuffer>): void {
    if (!this.stream) return;
    if (++this.writes > MAX_WRITES) return this.close(CLOSE_CODES.indexOf("timed-out"));
    // A failed write is a failed connection, which says so itself.
    this.stream.write(data).then(() => this.writes--, () => {});
  }

  datagram(data: Uint8Array): void {
    if (!this.datagrams || this.waiting >= MAX_DATAGRAMS) return;
    this.waiting++;
    const sent = () => void this.waiting--;
    // Too large for the path of this moment, or closed: lost, as datagrams may be.
    this.datagrams.write(data).then(sent, sent);
  }

  close(closeCode: number): void {
    try {
      this.session?.close({ closeCode, reason: "" });
    } catch {
      // Not established yet, or closed already: there is nothing to close.
    }
  }

  /** Connects, and moves bytes until the connection is gone. */
  private async run(endpoint: Endpoint): Promise<void> {
    const hashes = endpoint.hashes.map((value) => ({ algorithm: "sha-256", value: new Uint8Array(value) }));
    const session = new WebTransport(endpoint.url, {
      congestionControl: "low-latency",
      ...(hashes.length ? { serverCertificateHashes: hashes } : {}),
    });
    this.session = session;
    const ended = session.closed.then(
      ({ closeCode, reason }) => this.heard.closed(closeCode || undefined, reason ?? ""),
      (error: unknown) => this.heard.closed(undefined, String(error)),
    );
    await session.ready;
    const stream = await session.createBidirectionalStream();
    this.stream = stream.writable.getWriter();
    const datagrams = session.datagrams as unknown as Datagrams;
    this.datagrams = (datagrams.createWritable?.() ?? datagrams.writable)?.getWriter();
    this.heard.connected(datagrams.maxDatagramSize);
    const reading = [each(stream.readable, this.heard.stream), each(datagrams.readable, this.heard.datagram)];
    // Streams fail a moment before the connection says why: what it says counts.
    await Promise.race([ended, Promise.allSettled(reading)]);
    await ended;
  }
}

async function each(readable: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void): Promise<void> {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value);
  }
}
