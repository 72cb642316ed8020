/**
 * Play on Stadion from a browser: sign in, take a seat, exchange messages; the library keeps the connection.
 *
 * ```ts
 * import { Stadion } from "@stadion/client";
 * import { game } from "./hello.gen.js"; // `stadion types ts`
 *
 * const stadion = new Stadion(location.origin, game);
 * await stadion.signInAsGuest();
 * const match = (await stadion.resume()) ?? (await stadion.play({ create: "private" }));
 * match.onView((view) => draw(view));
 * match.send({ Place: 4 });
 * const end = await match.ended;
 * ```
 */
export * as codec from "./codec.js";
export type { Codec } from "./codec.js";
export { decode, encode } from "./codec.js";
export { type CloseCode, type End, StadionError } from "./error.js";
export { type Game, raw } from "./game.js";
export { type Health, type Match, SPECTATOR } from "./match.js";
export type { Player } from "./rest.js";
export type { NewMatch, Play } from "./seat.js";
export { type Listener, open, type Open, type Transport } from "./transport/transport.js";
export { type MatchStatus, type Options, Stadion } from "./stadion.js";
