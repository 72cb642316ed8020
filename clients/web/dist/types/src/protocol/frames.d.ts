import { type CloseCode } from "../error.js";
/** What lets a client in. */
export type Credential = {
    readonly join: string;
    readonly nonce: Uint8Array;
} | {
    readonly resume: Uint8Array;
};
export interface Hello {
    /** Eight bytes. */
    schema: Uint8Array;
    fresh: boolean;
    /** Eight random bytes that name this client among those of its player. */
    client: Uint8Array;
    /** The client's connections are numbered in the order in which it opens them. */
    connection: number;
    credential: Credential;
    lastOutSeq: number;
    incarnation: number;
    lastTick: number;
    options: Uint8Array;
}
/** How things stand for a client that was let in. */
export interface Welcome {
    /** Forget what you know of the match: everything follows. */
    fresh: boolean;
    seat: number;
    incarnation: number;
    tick: number;
    inSeq: number;
    nextOutSeq: number;
    /** Ticks a second, 0 when event-driven. */
    rate: number;
}
/** What a server says on the stream. */
export type ServerFrame = {
    kind: "welcome";
    welcome: Welcome;
} | {
    kind: "resume-token";
    token: Uint8Array;
} | {
    kind: "message";
    outSeq: number;
    tick: number;
    data: Uint8Array;
} | {
    kind: "ack";
    inSeq: number;
} | {
    kind: "prepare-move";
    host: string;
    port: number;
    hashes: Uint8Array[];
    token: Uint8Array;
} | {
    kind: "moved";
    incarnation: number;
    tick: number;
    outSeq: number;
} | {
    kind: "ended";
    code: CloseCode;
    reason: string;
} | {
    kind: "pong";
    token: number;
};
export declare function hello(hello: Hello): Uint8Array<ArrayBuffer>;
export declare function input(inSeq: number, data: Uint8Array): Uint8Array<ArrayBuffer>;
export declare function ack(outSeq: number): Uint8Array<ArrayBuffer>;
export declare function leave(): Uint8Array<ArrayBuffer>;
export declare function ping(token: number): Uint8Array<ArrayBuffer>;
export declare function quality(roundTripMs: number, jitterMs: number, lossPermille: number): Uint8Array<ArrayBuffer>;
/** Reads the body of one frame. Strict: one value has one encoding. */
export declare function readServerFrame(body: Uint8Array): ServerFrame;
/** Cuts a stream, arriving in any chunks, into the bodies of frames. An error is final. */
export declare class FrameReader {
    private buffer;
    push(chunk: Uint8Array): void;
    /** The body of the next whole frame, until more arrives. */
    next(): Uint8Array | undefined;
    /** A length of at most three bytes. */
    private length;
}
