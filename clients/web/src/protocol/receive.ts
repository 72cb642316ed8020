/** What transports tell the machine. */
import { malformed } from "../bytes/reader.js";
import { CLOSE_CODES, type CloseCode, StadionError, worthRetrying } from "../error.js";
import { readServerDatagram } from "./datagrams.js";
import { readServerFrame, type ServerFrame, type Welcome } from "./frames.js";
import type { Input, Machine } from "./machine.js";
import type { Endpoint, Path } from "./path.js";

/** Acknowledgements wait this long for company; nothing waits for them but the server's memory. */
const ACK_DELAY_MS = 40;
/** After `ended` the server closes once everything is acknowledged, or when its linger time is over. */
const CLOSE_WITHIN_MS = 10_000;
/** A connection that lived this long was a good one: the next attempt need not wait. */
const GOOD_LIFE_MS = 500;

export function receive(machine: Machine, now: number, input: Input): void {
  const path = machine.paths.find(({ id }) => id === input.path);
  if (!path) return;
  switch (input.kind) {
    case "connected":
      return onConnected(machine, now, path, input.maxDatagram);
    case "stream":
      return onStream(machine, now, path, input.chunk);
    case "datagram":
      return onDatagram(machine, now, path, input.data);
    case "closed":
      return onClosed(machine, now, path, input.code, input.reason);
  }
}

function onConnected(machine: Machine, now: number, path: Path, maxDatagram: number): void {
  if (path.stage.at !== "connecting") return;
  path.stage = { at: "greeting", since: now, connectingSince: path.stage.since };
  path.maxDatagram = maxDatagram;
  // The answer is on its way: no second attempt beside this one before it had its time.
  machine.retryAt = Math.max(machine.retryAt, now + machine.timers.silence);
  machine.transmits.push({ kind: "stream", path: path.id, data: machine.hello(path) });
}

function onStream(machine: Machine, now: number, path: Path, chunk: Uint8Array): void {
  path.reader.push(chunk);
  hear(machine, now, path);
  try {
    // The path may go away while its frames are read.
    while (machine.paths.includes(path)) {
      const body = path.reader.next();
      if (!body) return;
      onFrame(machine, now, path, readServerFrame(body));
    }
  } catch (error) {
    if (!(error instanceof StadionError)) throw error;
    // The server said what it may not say.
    const wasCurrent = machine.current === path;
    machine.dropPath(path, "protocol-error");
    gone(machine, now, wasCurrent, "protocol-error");
  }
}

function onFrame(machine: Machine, now: number, path: Path, frame: ServerFrame): void {
  const welcomed = machine.current === path;
  if ((frame.kind === "welcome") === welcomed) throw malformed("a welcome comes first, and once");
  switch (frame.kind) {
    case "welcome":
      return onWelcome(machine, now, path, frame.welcome);
    case "resume-token":
      machine.credential = { resume: frame.token };
      return;
    case "message":
      machine.ackAt = Math.min(machine.ackAt, now + ACK_DELAY_MS);
      if (machine.ledger.message(frame.outSeq)) {
        machine.clock.hear(now, frame.tick);
        machine.events.push({ kind: "message", tick: frame.tick, data: frame.data });
      }
      return;
    case "ack":
      return machine.ledger.acknowledged(frame.inSeq);
    case "pong":
      return machine.meter.pong(now, frame.token);
    case "prepare-move":
      machine.dropAttempts("moved", (path) => path.target !== undefined);
      return machine.open(now, there(path.endpoint, frame), frame.token);
    case "moved":
      if (frame.outSeq !== machine.ledger.lastOutSeq) throw malformed("a move that leaves messages out");
      return onMoved(machine, frame.incarnation, frame.tick);
    case "ended":
      return onEnded(machine, now, frame.code, frame.reason);
  }
}

function onWelcome(machine: Machine, now: number, path: Path, welcome: Welcome): void {
  const { seat, fresh, rate, incarnation, tick } = welcome;
  // A host that was fenced off does not know it yet: it is not to be believed.
  if (path.stage.at !== "greeting" || incarnation < (machine.known ?? 0)) throw malformed("a welcome out of turn");
  const { since } = path.stage;
  machine.ledger.welcome(welcome, machine.known);
  makeCurrent(machine, path, incarnation);
  machine.welcomedAt = machine.heard = now;
  machine.meter.reconnected(now, now - since);
  adopt(machine, path);
  raise(machine, incarnation, tick);
  machine.clock.set(now, Math.max(tick, machine.clock.tick), rate);
  machine.events.push({ kind: "welcome", seat, fresh, rate });
  enliven(machine);
  for (const input of machine.ledger.unacknowledged()) machine.transmit(input);
}

/**
 * The winner of the handshake replaces the rest. Only a younger path whose `hello` is on its way stays (the server will
 * take it for this seat's newest connection, whatever happens here), and one to where the match will be.
 */
function makeCurrent(machine: Machine, path: Path, incarnation: number): void {
  const beaten = machine.paths.filter(
    (other) => other.id < path.id || (other.id > path.id && other.isConnecting && !other.target),
  );
  for (const other of beaten) machine.dropPath(other, "superseded");
  path.stage = { at: "welcomed", incarnation };
  machine.current = path;
}

/** Where the welcome came from is where to come back to. */
function adopt(machine: Machine, path: Path): void {
  if (path.target) {
    machine.credential = { resume: path.target };
    machine.endpoints = [path.endpoint];
    machine.endpoint = 0;
    return;
  }
  const at = machine.endpoints.indexOf(path.endpoint);
  if (at >= 0) machine.endpoint = at;
}

/** A session of the match speaks, which goes on from `tick`. */
function raise(machine: Machine, incarnation: number, tick: number): void {
  if (machine.known !== undefined && incarnation > machine.known) {
    machine.clock.rewind(tick);
    machine.events.push({ kind: "rewound", tick });
  }
  machine.known = Math.max(machine.known ?? 0, incarnation);
}

function onMoved(machine: Machine, incarnation: number, tick: number): void {
  if (machine.known !== undefined && incarnation <= machine.known) return;
  raise(machine, incarnation, tick);
  const target = machine.paths.find((path) => path.target && path !== machine.current);
  if (target) adopt(machine, target);
}

/** The place of a `prepare-move`, by the transport that works here. */
function there(from: Endpoint, to: { host: string; port: number; hashes: Uint8Array[] }): Endpoint {
  const url = new URL(from.url);
  url.host = `${to.host}:${to.port}`;
  return { via: from.via, url: url.href, hashes: to.hashes };
}

function onEnded(machine: Machine, now: number, code: CloseCode, reason: string): void {
  if (machine.phase.at !== "playing" && machine.phase.at !== "leaving") return;
  machine.acknowledge();
  machine.dropAttempts(code, () => true);
  machine.phase = { at: "ended", until: now + CLOSE_WITHIN_MS, code, reason };
}

function onDatagram(machine: Machine, now: number, path: Path, data: Uint8Array): void {
  hear(machine, now, path);
  if (machine.current !== path || path.stage.at !== "welcomed") return;
  try {
    const message = readServerDatagram(data);
    // What an older session says is undone; a newer one has welcomed nobody here.
    if (message.incarnation !== path.stage.incarnation || message.incarnation < (machine.known ?? 0)) return;
    const { tick, index, fragment } = message;
    const whole = path.incoming.push([tick, index], fragment, message.data);
    if (!whole) return;
    machine.clock.hear(now, tick);
    machine.events.push({ kind: "unreliable", tick, data: whole });
  } catch (error) {
    // A malformed datagram is ignored.
    if (!(error instanceof StadionError)) throw error;
  }
}

/** Any sign of life of the current path. */
function hear(machine: Machine, now: number, path: Path): void {
  if (machine.current !== path) return;
  machine.heard = now;
  enliven(machine);
}

function enliven(machine: Machine): void {
  if (machine.health === "live" || machine.isClosed) return;
  machine.health = "live";
  machine.dropAttempts("superseded", (path) => !path.target && path.isConnecting);
  machine.events.push({ kind: "live" });
}

function onClosed(machine: Machine, now: number, path: Path, number: number | undefined, reason: string): void {
  const wasCurrent = machine.current === path;
  machine.forgetPath(path);
  // A target that refuses leaves the match where it is.
  if (path.target && !wasCurrent && machine.current) return;
  const code = number === undefined ? undefined : CLOSE_CODES[number] || null;
  if (code === undefined || machine.phase.at !== "playing") return gone(machine, now, wasCurrent, "timed-out");
  if (code === null) return machine.finish("protocol-error", `closed with the unknown code ${number}: ${reason}`);
  if (worthRetrying(code)) gone(machine, now, wasCurrent, code);
  else machine.finish(code, reason);
}

/** A path is gone without ending everything by its close code. */
function gone(machine: Machine, now: number, wasCurrent: boolean, code: CloseCode): void {
  const { phase } = machine;
  if (phase.at === "playing") {
    if (wasCurrent) lost(machine, now, code);
    else machine.attemptFailed(now);
  } else if (wasCurrent && phase.at === "leaving") {
    machine.finish("left", "left");
  } else if (wasCurrent && phase.at === "ended") {
    machine.finish(phase.code, phase.reason);
  }
}

/** The current path is gone; the match may be reached on another. */
function lost(machine: Machine, now: number, code: CloseCode): void {
  const good = now - machine.welcomedAt >= GOOD_LIFE_MS;
  if (good) machine.backoff.reset();
  // All clients of a host that goes down come back: not all at once.
  const pause = good && code !== "shutting-down" ? 0 : machine.backoff.next();
  if (machine.paths.some((path) => path.isGreeting)) {
    // Another path is about to be welcomed: whether it stalls is for the timer to say.
    machine.retryAt = now + Math.max(pause, machine.timers.silence);
  } else {
    machine.stall(now);
    machine.retryAt = now + pause;
  }
  machine.attemptIfDue(now);
}
