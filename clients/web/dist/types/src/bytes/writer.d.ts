/** Appends fields to bytes that grow. */
export declare class Writer {
    private bytes;
    private view;
    private length;
    u8(byte: number): this;
    f32(value: number): void;
    f64(value: number): void;
    raw(bytes: ArrayLike<number>): this;
    /** An unsigned number, seven bits a byte, in its shortest spelling. */
    varint(value: number): this;
    big(value: bigint): void;
    /** Bytes after their length. */
    blob(bytes: Uint8Array): this;
    text(text: string): this;
    /** What was written so far. */
    done(): Uint8Array<ArrayBuffer>;
    /** Makes room; where it starts. */
    private grow;
}
