/**
 * WebSocket: for pages without a secure context, browsers without WebTransport, and networks without UDP. One connection
 * carries both kinds; the first byte of each binary message says which. Unreliable messages are reliable here as long as
 * the connection keeps up, and dropped when it does not.
 */
import { Writer } from "../bytes/writer.js";
import { CLOSE_CODES } from "../error.js";
import { MAX_DATAGRAM_HEADER, MAX_UNRELIABLE } from "../protocol/limits.js";
import type { Endpoint } from "../protocol/path.js";
import { type Listener, type Transport, untilClosed } from "./transport.js";

const SUBPROTOCOL = "stadion.1";
/** The first byte of a message: a piece of the stream. */
const STREAM = 0x00;
/** A datagram. */
const DATAGRAM = 0x01;
/** WebSocket close codes of applications (RFC 6455, section 7.4.2): ours come after this. */
const CLOSE_BASE = 4_000;
/** The largest payload with its header: nothing has to be cut here. */
const MAX_DATAGRAM = MAX_UNRELIABLE + MAX_DATAGRAM_HEADER;
/** With so many bytes waiting, unreliable inputs are dropped: they would come too late. */
const MAX_WAITING = 16 * 1024;

export function openWebSocket(endpoint: Endpoint, listener: Listener): Transport {
  const { heard, silence } = untilClosed(listener);
  let socket: WebSocket;
  try {
    socket = new WebSocket(endpoint.url, SUBPROTOCOL);
  } catch (error) {
    // An address that the page may not connect to: said in the same way as every other failure.
    queueMicrotask(() => heard.closed(undefined, String(error)));
    return { write() {}, datagram() {}, close: silence };
  }
  socket.binaryType = "arraybuffer";
  socket.onopen = () => heard.connected(MAX_DATAGRAM);
  socket.onmessage = ({ data }) => {
    const message = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array();
    if (message[0] === STREAM) heard.stream(message.subarray(1));
    else if (message[0] === DATAGRAM) heard.datagram(message.subarray(1));
    else {
      socket.close(CLOSE_BASE + CLOSE_CODES.indexOf("protocol-error"));
      heard.closed(undefined, "the server sent what is not this protocol");
    }
  };
  socket.onclose = ({ code, reason }) => heard.closed(code > CLOSE_BASE ? code - CLOSE_BASE : undefined, reason);
  const send = (kind: number, data: Uint8Array) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(new Writer().u8(kind).raw(data).done());
  };
  return {
    write: (data) => send(STREAM, data),
    datagram: (data) => {
      if (socket.bufferedAmount < MAX_WAITING) send(DATAGRAM, data);
    },
    close: (code) => {
      silence();
      socket.close(CLOSE_BASE + CLOSE_CODES.indexOf(code));
    },
  };
}
