/**
 * A ready-made table to sit down at, for examples and first versions: who plays, with whom, over which connection, and how
 * it ended. A game draws what is on the table, and sends moves.
 *
 * ```js
 * import { openTable } from "/client/table.js";
 * import { game } from "./hello.gen.js";
 * openTable({ game, title: "Hello", play: ({ match }) => match.onView(draw) });
 * ```
 *
 * The page has an element `<main id="game">` and loads `/client/table.css`; everything else is made here.
 */
import { type Game, type Match, type MatchStatus, type Play, Stadion, StadionError } from "../src/index.js";
import { element, Live } from "./dom.js";
import { Lobby } from "./lobby.js";
import { type Ending, endingOf, Seats } from "./seats.js";

export { element } from "./dom.js";
export type { Ending, Seated } from "./seats.js";

/** A match that this page plays. */
export interface Table<In, Out, View> {
  readonly match: Match<In, Out, View>;
  /** The name of whoever sits there, as far as it is known. */
  name(seat: number): string;
  /** Calls back when names have come or changed. */
  onNames(changed: () => void): void;
  /** Tells everybody who looks or listens. */
  say(text: string): void;
  /** Ends with the match: for listeners and timers. */
  readonly signal: AbortSignal;
}

/** What a page gives. */
export interface Options<In, Out, View> {
  readonly game: Game<In, Out, View>;
  readonly title: string;
  /** What a new match is made with. */
  readonly create?: { readonly parameters?: string };
  /** Wires up a match. */
  play(table: Table<In, Out, View>): void;
  /** Says how it ended, where first and second do not say it. */
  ending?(status: MatchStatus, seat: number): string;
}

/** Opens the table: comes back to the seat that this tab had, else asks who plays and with whom. */
export async function openTable<In, Out, View>(options: Options<In, Out, View>): Promise<void> {
  await new Room(options).open();
}

class Room<In, Out, View> {
  private readonly stadion: Stadion<In, Out, View>;
  private readonly live = new Live();
  private readonly game = document.getElementById("game") ?? document.body.appendChild(element("main", { id: "game" }));
  private readonly health = element("p", { className: "health", role: "status" });
  private readonly seats = new Seats();
  private readonly lobby: Lobby;
  private readonly after = element("section", { className: "after", hidden: true });

  constructor(private readonly options: Options<In, Out, View>) {
    this.stadion = new Stadion(location.origin, options.game);
    this.lobby = new Lobby(this.stadion.player?.name ?? "", (name, play) => this.enter(name, play));
    const home = element("a", { href: "/", textContent: "Stadion" });
    const title = element("h1", { textContent: options.title });
    const header = element("header", {}, home, title, this.health);
    this.game.before(header, this.lobby.element);
    this.game.after(this.after, this.seats.element, this.live.element);
    this.game.hidden = true;
  }

  async open(): Promise<void> {
    const code = new URLSearchParams(location.search).get("code") ?? undefined;
    try {
      const match = await this.stadion.resume(code);
      if (match) return this.sit(match);
    } catch (error) {
      this.live.say(told(error));
    }
    this.lobby.show(code);
  }

  /** Signs in, takes a seat, sits down. */
  private async enter(name: string, play: Play): Promise<void> {
    this.live.say("");
    try {
      await this.stadion.signInAsGuest(name || undefined);
      const { create } = play;
      const { parameters } = this.options.create ?? {};
      const whole = typeof create === "string" && parameters ? { create: { visibility: create, parameters } } : play;
      this.sit(await this.stadion.play(whole));
    } catch (error) {
      this.live.say(told(error));
      this.lobby.show();
    }
  }

  private sit(match: Match<In, Out, View>): void {
    const url = new URL(location.href);
    url.search = `?code=${match.code}`;
    history.replaceState(null, "", url);
    document.body.dataset.state = "playing";
    this.lobby.hide();
    this.after.hidden = true;
    this.game.hidden = false;
    const over = new AbortController();
    this.seats.watch({ match, over: over.signal, status: () => this.stadion.status(match.id) });
    match.onHealth(({ state, rttMs, via }) => {
      document.body.classList.toggle("stalled", state === "reconnecting");
      this.health.dataset.state = state;
      this.health.textContent = state === "live" ? `live, ${Math.round(rttMs)} ms, ${via ?? ""}` : "reconnecting ...";
    });
    const { options, live, seats } = this;
    options.play({
      match,
      name: (seat) => seats.name(seat),
      onNames: (changed) => seats.onChange(changed),
      say: (text) => live.say(text),
      signal: over.signal,
    });
    this.game.focus();
    void match.ended.then(async (end) => {
      over.abort();
      const status = await finalStatus(() => this.stadion.status(match.id), end.code === "finished");
      this.rise(match, endingOf(end, status, match.seat), status);
    });
  }

  /** The match is over: says how, and what may come next. */
  private rise(match: Match<In, Out, View>, ending: Ending, status: MatchStatus | undefined): void {
    document.body.dataset.state = ending.kind;
    document.body.classList.remove("stalled");
    this.health.textContent = "";
    const text = (ending.kind === "finished" && status && this.options.ending?.(status, match.seat)) || ending.text;
    if (status) this.seats.show(status);
    const again = (label: string, play: Play) => {
      const button = element("button", { type: "button", textContent: label });
      button.onclick = () => void this.enter(this.stadion.player?.name ?? "", play);
      return button;
    };
    // Over for everybody, not for this player alone: then all of them meet under the match's id.
    const together = ending.kind === "finished" || ending.kind === "game-failed";
    const rematch: [string, Play][] = together ? [["Rematch", { key: `rematch:${match.id}` }]] : [];
    const next: [string, Play][] = [...rematch, ["Play again", {}]];
    this.after.replaceChildren(
      element("h2", { textContent: text }),
      element("p", {}, ...next.map(([label, play]) => again(label, play))),
    );
    this.after.hidden = false;
    this.live.say(text);
    this.after.querySelector("button")?.focus();
  }
}

/** Results are written a moment after the last message: they are asked for a few times. */
const FINAL_TRIES = 10;
const FINAL_PAUSE_MS = 200;

async function finalStatus(ask: () => Promise<MatchStatus>, finished: boolean): Promise<MatchStatus | undefined> {
  for (let tries = finished ? FINAL_TRIES : 1; tries > 0; tries--) {
    const status = await ask().catch(() => undefined);
    if (status?.state === "ended" || tries === 1) return status;
    await new Promise((resolve) => setTimeout(resolve, FINAL_PAUSE_MS));
  }
  return undefined;
}

/** An error in a sentence. */
function told(error: unknown): string {
  if (!(error instanceof StadionError)) return String(error);
  switch (error.code) {
    case "outdated-client":
      return "This page is older than the match: reload it.";
    case "match-full":
      return "That match is full.";
    case "not-found":
      return "There is no such match any more.";
    default:
      return error.message;
  }
}
