/**
 * A bad network between one seat and the server, as that seat's player would have it. Streams stay in order and lose
 * nothing: what would have been lost comes a round trip later, as it would be sent again. Datagrams are dropped.
 */
/** What is sent again comes this much later than a round trip, ms: a sender waits before it believes in a loss. */
const RESEND_MS = 40;

export class Network {
  /** `open` is the client library's own. */
  constructor(open) {
    this.real = open;
    /** The round trip that is added, ms. */
    this.latency = 0;
    /** Of a hundred packets. */
    this.loss = 0;
    this.goneUntil = 0;
    this.open = (endpoint, listener) => this.connect(endpoint, listener);
  }

  /** Nothing comes through for so long, ms. */
  cut(ms) {
    this.goneUntil = performance.now() + ms;
  }

  connect(endpoint, listener) {
    const down = new Direction(this);
    const up = new Direction(this);
    const transport = this.real(endpoint, {
      connected: (maxDatagram) => down.reliably(() => listener.connected(maxDatagram)),
      stream: (chunk) => down.reliably(() => listener.stream(chunk)),
      datagram: (data) => down.perhaps(() => listener.datagram(data)),
      closed: (code, reason) => down.reliably(() => listener.closed(code, reason)),
    });
    return {
      write: (data) => up.reliably(() => transport.write(data)),
      datagram: (data) => up.perhaps(() => transport.datagram(data)),
      close: (code) => {
        down.silent = true;
        // What was written before still goes out.
        up.reliably(() => transport.close(code));
      },
    };
  }
}

/** One direction of one connection. */
class Direction {
  constructor(network) {
    this.network = network;
    this.silent = false;
    this.last = 0;
    /** What is on its way, in order. Of a client that waits for answers: a few hundred at most. */
    this.stream = [];
  }

  get lost() {
    return Math.random() * 100 < this.network.loss;
  }

  /** In order, however late. */
  reliably(deliver) {
    const { latency, goneUntil } = this.network;
    const now = performance.now();
    const resent = this.lost ? latency + RESEND_MS : 0;
    this.last = Math.max(this.last, now + latency / 2 + resent, goneUntil);
    this.stream.push({ at: this.last, deliver });
    if (this.stream.length === 1) this.arrive();
  }

  /** Hands over what is there by now. One timer for all: several of the same time may go off in another order. */
  arrive() {
    while (this.stream.length > 0 && this.stream[0].at <= performance.now()) this.hear(this.stream.shift().deliver);
    if (this.stream.length > 0) setTimeout(() => this.arrive(), Math.ceil(this.stream[0].at - performance.now()));
  }

  /** Or not at all. */
  perhaps(deliver) {
    const { latency, goneUntil } = this.network;
    if (this.lost || performance.now() < goneUntil) return;
    if (latency === 0) this.hear(deliver);
    else setTimeout(() => this.hear(deliver), latency / 2);
  }

  hear(deliver) {
    if (!this.silent) deliver();
  }
}
