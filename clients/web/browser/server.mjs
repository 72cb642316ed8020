// A real `stadion serve`, and real programs that play against the browser.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** How long the server may take until it says where it listens: it compiles the games first. */
const READY_WITHIN_MS = 120_000;

const binary = process.env.STADION_BIN;
const games = process.env.STADION_GAMES_DIR;
if (!binary || !games) throw new Error("STADION_BIN and STADION_GAMES_DIR say where the parts are; run `cargo xtask browser`");

/** A server with the example games. */
export async function startServer() {
  const home = mkdtempSync(join(tmpdir(), "stadion-browser-"));
  const env = { ...process.env, STADION_CONFIG_DIR: join(home, "config") };
  const child = spawn(binary, ["serve", "--ephemeral", "--json", "--games", games], { env, stdio: ["ignore", "pipe", "pipe"] });
  const log = [];
  createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
  const timer = setTimeout(() => child.kill(), READY_WITHIN_MS);
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(() => {
      throw new Error(`the server ended: ${log.join("\n")}`);
    }),
  ]);
  clearTimeout(timer);
  const ready = JSON.parse(line);
  return {
    http: ready.http,
    key: ready.developer_key,
    log,
    /** A program of the same binary that talks to this server. */
    program(...args) {
      const program = spawn(binary, args, {
        env: { ...env, STADION_SERVER: ready.http, STADION_KEY: ready.developer_key },
        stdio: ["pipe", "pipe", "inherit"],
      });
      program.stdin.on("error", () => {}); // it may end before it has read everything
      return program;
    },
    async stop() {
      child.kill();
      if (child.exitCode === null) await once(child, "exit");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A Rust client in a seat: what it hears, as values, and what it is told to send. */
export class RustPlayer {
  constructor(server, game, code) {
    this.child = server.program("play", game, code, "--json", "--name", "rusty");
    this.heard = [];
    this.waiting = [];
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      this.heard.push(JSON.parse(line));
      for (const check of this.waiting) check();
    });
  }

  send(input) {
    this.child.stdin.write(`${JSON.stringify(input)}\n`);
  }

  /** Waits until something was heard that fits. */
  until(fits, within = 60_000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not heard; last: ${JSON.stringify(this.heard.at(-1))}`)), within);
      const check = () => {
        const found = this.heard.find(fits);
        if (!found) return;
        clearTimeout(timer);
        this.waiting = this.waiting.filter((other) => other !== check);
        resolve(found);
      };
      this.waiting.push(check);
      check();
    });
  }

  end() {
    this.child.kill();
  }
}
