/** Who plays, and with whom. */
import type { Play } from "../src/index.js";
export declare class Lobby {
    readonly element: HTMLElement;
    private readonly name;
    private readonly code;
    private readonly join;
    constructor(name: string, enter: (name: string, play: Play) => Promise<void>);
    /** Shows it; with a code, joining that match is the first thing to do. */
    show(code?: string): void;
    hide(): void;
    private busy;
}
