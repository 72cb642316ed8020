/** Elements in one expression, and words for those who look and those who listen. */

type Properties = Record<string, unknown>;

/** An element with these properties (`aria-*`, `role` and `data-*` as attributes) and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Properties = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (/^(aria-|data-|role$|for$)/.test(key)) made.setAttribute(key, String(value));
    else Object.assign(made, { [key]: value });
  }
  made.append(...children);
  return made;
}

/** What was said last, also to screen readers. */
export class Live {
  readonly element = element("p", { className: "say", role: "status", "aria-live": "polite" });

  say(text: string): void {
    this.element.textContent = text;
  }
}
