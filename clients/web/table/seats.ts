/** Who sits at the table, how to invite others, and how it ended for whom. */
import type { End, MatchStatus } from "../src/index.js";
import { element } from "./dom.js";

/** A seat and who has it. */
export interface Seated {
  readonly seat: number;
  readonly name: string;
  readonly bot: boolean;
}

interface Watched {
  readonly match: { readonly code: string; readonly seat: number };
  readonly over: AbortSignal;
  status(): Promise<MatchStatus>;
}

/** How often it is looked who sits there; a player who has just come is seen that soon. */
const LOOK_MS = 2_000;

export class Seats {
  readonly element = element("aside", { className: "seats", hidden: true });
  private readonly list = element("ul");
  private readonly invitation = element("p", { className: "invitation" });
  private seated: Seated[] = [];
  private changed: () => void = () => {};
  private own = -1;

  constructor() {
    this.element.append(element("h2", { textContent: "At the table" }), this.list, this.invitation);
  }

  name(seat: number): string {
    return this.seated.find((one) => one.seat === seat)?.name ?? `Seat ${seat + 1}`;
  }

  /** Calls back whenever somebody else sits somewhere: names are known a moment after the seats. */
  onChange(changed: () => void): void {
    this.changed = changed;
  }

  /** Follows a match until it is over. */
  watch({ match, over, status }: Watched): void {
    this.changed = () => {};
    this.own = match.seat;
    this.seated = [];
    this.element.hidden = false;
    this.invite(match.code);
    const look = async () => {
      if (over.aborted) return;
      // A look that fails is made again.
      const now = document.hidden ? undefined : await status().catch(() => undefined);
      if (now && !over.aborted) this.show(now);
      setTimeout(() => void look(), LOOK_MS);
    };
    void look();
  }

  show(status: MatchStatus): void {
    const { seats, seat_count, open, results, state } = status;
    const before = JSON.stringify(this.seated);
    this.seated = seats.map(({ seat, player }) => ({ seat, name: player.name, bot: player.bot }));
    if (JSON.stringify(this.seated) !== before) this.changed();
    const rows = seats.map(({ seat, player, presence }) => {
      const placing = results?.placings.find((placing) => placing.seat === seat);
      const notes = [
        seat === this.own ? "you" : "",
        player.bot ? "bot" : "",
        presence === "connected" || state === "ended" ? "" : presence,
        placing ? `${ordinal(placing.rank)}${placing.score ? `, ${Math.abs(placing.score)} points` : ""}` : "",
      ];
      const note = notes.filter(Boolean).join(", ");
      return element("li", { "data-seat": seat }, player.name, note ? element("small", {}, ` ${note}`) : "");
    });
    const free = open ? seat_count - seats.length : 0;
    if (free > 0) rows.push(element("li", { className: "free", textContent: free === 1 ? "1 seat free" : `${free} seats free` }));
    this.list.replaceChildren(...rows);
    this.invitation.hidden = free <= 0;
  }

  private invite(code: string): void {
    const copy = element("button", { type: "button", textContent: "Copy link" });
    copy.onclick = async () => {
      try {
        await navigator.clipboard.writeText(location.href);
        copy.textContent = "Copied";
      } catch {
        // Browsers give the clipboard to secure contexts alone: the address bar has the same link.
        copy.textContent = "Copy it from the address bar";
      }
    };
    this.invitation.replaceChildren("Invite a friend: code ", element("strong", { textContent: code }), " ", copy);
  }
}

/** How a match ended for a seat. */
export interface Ending {
  /** For style sheets: `finished`, or a close code. */
  readonly kind: string;
  readonly text: string;
}

export function endingOf(end: End, status: MatchStatus | undefined, seat: number): Ending {
  if (end.code !== "finished") return { kind: end.code, text: ENDS[end.code] ?? `It is over: ${end.reason || end.code}.` };
  const placings = status?.results?.placings ?? [];
  const own = placings.find((placing) => placing.seat === seat);
  const best = placings.filter((placing) => placing.rank === 1);
  if (!own || !best.length) return { kind: "finished", text: "The match is over." };
  if (own.rank > 1) return { kind: "finished", text: best.length === 1 ? `You came ${ordinal(own.rank)}.` : "You lost." };
  return { kind: "finished", text: best.length === 1 ? "You won!" : "A draw." };
}

const ENDS: Record<string, string> = {
  kicked: "The game removed you.",
  replaced: "You play this seat in another tab now.",
  "outdated-client": "This page is older than the match: reload it.",
  expired: "Your seat is no longer kept.",
  "game-failed": "The game failed; the match is over.",
  "timed-out": "The server did not answer.",
  left: "You left.",
};

function ordinal(rank: number): string {
  return ["", "first", "second", "third", "fourth"][rank] ?? `${rank}th`;
}
