"""The bytes of protocol/PROTOCOL.md, sections 2 to 4 and 8: as much as a turn-based game needs."""

from dataclasses import dataclass

MAX_SERVER_FRAME = 65_600
PROTOCOL_VERSION = 1


class Malformed(Exception):
    """What came is not the protocol."""


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, at: int = 0) -> tuple[int, int] | None:
    """A number and where it ends; None if it is not whole."""
    number = 0
    for shift in range(10):
        if at + shift >= len(data):
            return None
        byte = data[at + shift]
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            if byte == 0 and shift:
                raise Malformed("a varint longer than needed")
            return number, at + shift + 1
    raise Malformed("a varint without end")


def blob(data: bytes) -> bytes:
    return varint(len(data)) + data


def frame(body: bytes) -> bytes:
    return blob(body)


def hello(join_token: str, nonce: bytes, schema_hash: str) -> bytes:
    """The first hello of a process: it knows nothing yet."""
    fresh, by_join_token = 0x01, 0x00
    return frame(
        b"\x01"
        + PROTOCOL_VERSION.to_bytes(2, "little")
        + bytes.fromhex(schema_hash)
        + bytes([fresh])
        + nonce[:8]  # names this client
        + varint(1)  # its first connection
        + bytes([by_join_token])
        + blob(join_token.encode())
        + nonce
        + varint(0)  # last out_seq
        + varint(0)  # highest incarnation
        + varint(0)  # last tick
        + blob(b"")  # options
    )


def input_frame(in_seq: int, data: bytes) -> bytes:
    return frame(b"\x02" + varint(in_seq) + data)


def ack_frame(out_seq: int) -> bytes:
    return frame(b"\x03" + varint(out_seq))


def ping_frame(token: int) -> bytes:
    return frame(b"\x05" + varint(token))


@dataclass
class Welcome:
    fresh: bool
    seat: int
    incarnation: int
    tick: int
    in_seq: int
    next_out_seq: int
    rate: int


@dataclass
class ResumeToken:
    token: bytes


@dataclass
class Message:
    out_seq: int
    tick: int
    data: bytes


@dataclass
class Ack:
    in_seq: int


@dataclass
class Ended:
    code: int
    reason: str


@dataclass
class Pong:
    token: int


@dataclass
class Unreliable:
    incarnation: int
    tick: int
    index: int
    data: bytes


class Fields:
    """Reads the fields of a body, strictly."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    def number(self) -> int:
        read = read_varint(self.body, self.at)
        if read is None:
            raise Malformed("a body that ends too soon")
        number, self.at = read
        return number

    def bytes(self, count: int) -> bytes:
        taken = self.body[self.at : self.at + count]
        if len(taken) != count:
            raise Malformed("a body that ends too soon")
        self.at += count
        return taken

    def text(self) -> str:
        return self.bytes(self.number()).decode()

    def rest(self) -> bytes:
        return self.bytes(len(self.body) - self.at)

    def end(self) -> None:
        if self.at != len(self.body):
            raise Malformed("bytes after the last field")


def decode(body: bytes):
    """A frame from the server."""
    kind, fields = body[0], Fields(body)
    fields.at = 1
    if kind == 0x41:
        flags = fields.bytes(1)[0]
        if flags & ~1:
            raise Malformed("undefined flags")
        numbers = [fields.number() for _ in range(6)]
        decoded = Welcome(flags == 1, *numbers)
    elif kind == 0x42:
        decoded = ResumeToken(fields.bytes(34))
    elif kind == 0x43:
        decoded = Message(fields.number(), fields.number(), fields.rest())
    elif kind == 0x44:
        decoded = Ack(fields.number())
    elif kind == 0x47:
        decoded = Ended(fields.number(), fields.text())
    elif kind == 0x48:
        decoded = Pong(fields.number())
    else:
        raise Malformed(f"a frame of kind {kind:#x}, which a match that stays where it is never sends")
    fields.end()
    return decoded


def decode_datagram(body: bytes) -> Unreliable:
    if body[0] != 0x61:
        raise Malformed(f"a datagram of kind {body[0]:#x}")
    fields = Fields(body)
    fields.at = 1
    return Unreliable(fields.number(), fields.number(), fields.number(), fields.rest())


class FrameReader:
    """Cuts the stream into frames, however it came."""

    def __init__(self) -> None:
        self.waiting = b""

    def push(self, chunk: bytes) -> list:
        self.waiting += chunk
        frames = []
        while True:
            head = read_varint(self.waiting)
            if head is None:
                return frames
            length, start = head
            if not 1 <= length <= MAX_SERVER_FRAME:
                raise Malformed(f"a frame of {length} bytes")
            if len(self.waiting) < start + length:
                return frames
            frames.append(decode(self.waiting[start : start + length]))
            self.waiting = self.waiting[start + length :]
