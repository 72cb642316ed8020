/** What an envelope held; nothing if it was a view that was shown before, or that a newer one replaced. */
export type Opened = {
    kind: "message" | "view";
    data: Uint8Array;
} | undefined;
/** Views of one seat: the newest wins. */
export declare class Views {
    private newest;
    private ack;
    /** Opens what came. */
    open(now: number, reliable: boolean, bytes: Uint8Array): Opened;
    /** The numbers that were seen are worth nothing any more: everything is told afresh, or was undone. */
    forget(): void;
    /** When {@link Views.acknowledge} has something to send. */
    nextTimeout(): number;
    /** The acknowledgement that is due, to be sent unreliably. */
    acknowledge(now: number): Uint8Array | undefined;
}
/** Puts an input into its envelope. */
export declare function input(data: Uint8Array): Uint8Array;
