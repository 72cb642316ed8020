/** Who plays, and with whom. */
import type { Play } from "../src/index.js";
import { element } from "./dom.js";

/** As long as the server takes names. */
const LONGEST_NAME = 32;

export class Lobby {
  readonly element = element("section", { className: "lobby", hidden: true });
  private readonly name: HTMLInputElement;
  private readonly code: HTMLInputElement;
  private readonly join: HTMLButtonElement;

  constructor(name: string, enter: (name: string, play: Play) => Promise<void>) {
    const label = (text: string, input: HTMLInputElement) => element("label", {}, text, input);
    this.name = element("input", {
      name: "name",
      value: name,
      maxLength: LONGEST_NAME,
      autocomplete: "nickname",
      placeholder: "as you like",
    });
    this.code = element("input", { name: "code", maxLength: 12, autocomplete: "off", placeholder: "KBQT" });
    this.code.autocapitalize = "characters";
    const button = (text: string, id: string, play: () => Play) => {
      const made = element("button", { type: "button", id, textContent: text });
      made.onclick = async () => {
        this.busy(true);
        await enter(this.name.value.trim(), play());
        this.busy(false);
      };
      return made;
    };
    this.join = button("Join", "join", () => ({ code: this.code.value.trim() }));
    const friends = button("Play with friends", "friends", () => ({ create: "private" }));
    const anybody = button("Play with anybody", "anybody", () => ({}));
    const form = element(
      "form",
      {},
      label("Your name ", this.name),
      element("p", { className: "choices" }, anybody, friends),
      element("p", { className: "choices" }, label("Code of a friend ", this.code), this.join),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      (this.code.value ? this.join : anybody).click();
    };
    this.element.append(form);
  }

  /** Shows it; with a code, joining that match is the first thing to do. */
  show(code?: string): void {
    if (code !== undefined) this.code.value = code;
    this.element.hidden = false;
    this.join.classList.toggle("first", this.code.value !== "");
    (this.code.value ? this.join : this.name).focus();
  }

  hide(): void {
    this.element.hidden = true;
  }

  private busy(busy: boolean): void {
    for (const button of this.element.querySelectorAll("button")) button.disabled = busy;
  }
}
