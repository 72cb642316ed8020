/** Elements in one expression, and words for those who look and those who listen. */
type Properties = Record<string, unknown>;
/** An element with these properties (`aria-*`, `role` and `data-*` as attributes) and children. */
export declare function element<K extends keyof HTMLElementTagNameMap>(name: K, properties?: Properties, ...children: (Node | string)[]): HTMLElementTagNameMap[K];
/** What was said last, also to screen readers. */
export declare class Live {
    readonly element: HTMLParagraphElement;
    say(text: string): void;
}
export {};
