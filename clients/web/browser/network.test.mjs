// The playground's bad network, without a browser: what it does to a stream and to datagrams.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Network } from "../../../playground/network.js";

const COUNT = 300;

/** A connection over this network, to a server that sends everything back. */
function echo(network) {
  const heard = { stream: [], datagrams: [] };
  network.real = (_, listener) => {
    queueMicrotask(() => listener.connected(1200));
    return { write: listener.stream, datagram: listener.datagram, close: () => {} };
  };
  const transport = network.open("nowhere", {
    connected: () => {},
    stream: (number) => heard.stream.push(number),
    datagram: (number) => heard.datagrams.push(number),
    closed: () => {},
  });
  return { transport, heard };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function sent(network) {
  const { transport, heard } = echo(network);
  const began = performance.now();
  for (let number = 0; number < COUNT; number++) {
    transport.write(number);
    transport.datagram(number);
    if (number % 3 === 0) await sleep(1);
  }
  while (heard.stream.length < COUNT) {
    assert.ok(performance.now() - began < 20_000, `${heard.stream.length} came`);
    await sleep(5);
  }
  return { ...heard, ms: performance.now() - began };
}

const inOrder = (numbers) => numbers.every((number, i) => number === i);

test("a_stream_stays_in_order_and_loses_nothing_however_bad_the_network_is", async () => {
  for (const [latency, loss] of [[0, 0], [40, 0], [0, 50], [40, 50]]) {
    const network = Object.assign(new Network(), { latency, loss });
    const { stream, datagrams, ms } = await sent(network);
    assert.equal(stream.length, COUNT);
    assert.ok(inOrder(stream), `${latency} ms, ${loss} %: ${stream}`);
    assert.ok(ms >= latency, "there and back");
    // Half of a half comes back: 75 of 300, give or take.
    assert.ok(loss === 0 ? datagrams.length === COUNT : datagrams.length > 30 && datagrams.length < 130, `${datagrams.length}`);
  }
});

test("a_cut_holds_the_stream_back_and_lets_no_datagram_through", async () => {
  const network = new Network();
  const { transport, heard } = echo(network);
  network.cut(300);
  const cut = performance.now();
  for (let number = 0; number < COUNT; number++) {
    transport.write(number);
    transport.datagram(number);
  }
  while (heard.stream.length < COUNT) await sleep(5);
  assert.ok(performance.now() - cut >= 299);
  assert.ok(inOrder(heard.stream));
  assert.deepEqual(heard.datagrams, []);
  transport.datagram(7);
  assert.deepEqual(heard.datagrams, [7]);
});
