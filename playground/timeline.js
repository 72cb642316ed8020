/** The ticks of a match: what came in, what the game asked for. Told by the server, which plays the journal again. */
import { line } from "./tree.js";

/** Ticks that are shown at once: the newest. */
const SHOWN = 400;
const FOLLOW_MS = 1_500;
/** The height of a bar, px, for a tick with so much in it. */
const TALLEST = 64;

export class Timeline {
  constructor(section, api) {
    this.section = section;
    this.api = api;
    this.id = undefined;
    this.ticks = [];
    this.selected = undefined;
    this.bars = section.querySelector("#ticks");
    section.querySelector("#refresh").addEventListener("click", () => this.refresh());
    section.querySelector("#eventful").addEventListener("change", () => this.draw());
    this.bars.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => section.querySelector("#follow").checked && this.refresh(), FOLLOW_MS);
  }

  /** Shows another match, or none. */
  show(id) {
    if (this.id !== id) this.ticks = [];
    this.id = id;
    this.section.hidden = !id || !this.api.isDeveloper;
    if (id) this.refresh();
  }

  /** Asks for what is new. One request at a time: each is a replay. */
  async refresh() {
    if (this.asking || !this.id || this.section.hidden) return;
    this.asking = true;
    const { id } = this;
    try {
      const told = await this.api.ticks(id, SHOWN);
      if (this.id !== id) return;
      this.ticks = told.ticks;
      this.section.querySelector("#told").textContent = told.difference ?? `${told.last} ticks, the newest ${told.ticks.length} here`;
      this.draw();
    } catch (error) {
      this.section.querySelector("#told").textContent = error.message;
    } finally {
      this.asking = false;
    }
  }

  get visible() {
    const only = this.section.querySelector("#eventful").checked;
    return only ? this.ticks.filter((tick) => weight(tick) > 0 || tick.skipped > 0) : this.ticks;
  }

  draw() {
    const atEnd = this.bars.scrollLeft + this.bars.clientWidth >= this.bars.scrollWidth - 20;
    this.bars.replaceChildren(...this.visible.map((tick) => this.bar(tick)));
    if (atEnd) this.bars.scrollLeft = this.bars.scrollWidth;
    const chosen = this.ticks.find(({ tick }) => tick === this.selected) ?? this.visible.at(-1);
    if (chosen) this.select(chosen, false);
  }

  bar(tick) {
    const bar = document.createElement("button");
    bar.role = "option";
    bar.title = `tick ${tick.tick}`;
    bar.ariaLabel = `tick ${tick.tick}: ${tick.events.length} events, ${tick.outputs.length} outputs`;
    bar.ariaSelected = String(tick.tick === this.selected);
    bar.tabIndex = -1;
    bar.dataset.tick = tick.tick;
    bar.classList.toggle("eventful", tick.events.length > 0);
    bar.classList.toggle("skipped", tick.skipped > 0);
    bar.style.height = `${Math.min(TALLEST, 6 + 10 * weight(tick))}px`;
    bar.addEventListener("click", () => this.select(tick, true));
    return bar;
  }

  select(tick, byHand) {
    this.selected = tick.tick;
    for (const bar of this.bars.children) bar.ariaSelected = String(Number(bar.dataset.tick) === tick.tick);
    if (byHand) this.section.querySelector("#follow").checked = false;
    const lines = [`tick ${tick.tick}   ${(tick.time_ns / 1e9).toFixed(3)} s${tick.skipped ? `   ${tick.skipped} skipped` : ""}   wake ${tick.wake}`];
    lines.push(...tick.events.map((event) => `  in   ${line(event)}`), ...tick.outputs.map((output) => `  out  ${line(output)}`));
    this.section.querySelector("#tick").textContent = lines.join("\n");
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const { visible } = this;
    const at = visible.findIndex(({ tick }) => tick === this.selected);
    const next = visible[Math.max(0, Math.min(visible.length - 1, at + step))];
    if (!next) return;
    this.select(next, true);
    this.bars.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function weight(tick) {
  return tick.events.length + tick.outputs.length;
}
