"""A client that strangers wrote: from protocol/PROTOCOL.md alone, with aioquic instead of any code of Stadion's.

Two seats of one match of tic-tac-toe, one over raw QUIC and one over WebTransport, play it to its end.

    python stranger.py http://127.0.0.1:7878
"""

import asyncio
import os
import sys

import rest
import wire
from transports import Closed, connected

GAME = "tictactoe"
FINISHED = 1
LONGEST_S = 40
AGAIN_S = 0.25
MESSAGE, VIEW = 0, 1


class Player:
    """One seat."""

    def __init__(self, kind: str, joined: dict) -> None:
        self.kind, self.joined = kind, joined
        self.reader = wire.FrameReader()
        self.in_seq = self.acknowledged = self.out_seq = self.incarnation = 0
        self.ended: wire.Ended | None = None
        self.resume_token: bytes | None = None
        self.newest_view = -1
        self.move: bytes | None = None
        self.pongs = 0

    async def play(self) -> int | None:
        """Plays to the end; gives the close code."""
        async with connected(self.kind, self.joined, rest.hashes(self.joined)) as self.way:
            hello = wire.hello(self.joined["join_token"], os.urandom(16), self.joined["schema_hash"])
            # In two pieces: the stream may be cut anywhere.
            self.way.write(hello[:7])
            self.way.write(hello[7:] + wire.ping_frame(42))
            try:
                while True:
                    await self.turn()
            except Closed as closed:
                return closed.code

    async def turn(self) -> None:
        try:
            chunk = await asyncio.wait_for(self.way.chunk(), AGAIN_S)
        except TimeoutError:
            # The other player may not have been there when the last move was made.
            return self.make_move()
        for frame in self.reader.push(chunk):
            self.hear(frame)

    def hear(self, frame) -> None:
        match frame:
            case wire.Welcome():
                assert frame.fresh and frame.next_out_seq == 1 and frame.in_seq == 0, frame
                assert frame.seat == self.joined["seat"] and frame.rate == self.joined["rate"], frame
                self.incarnation = frame.incarnation
            case wire.ResumeToken():
                assert frame.token[16:18] == self.joined["seat"].to_bytes(2, "little"), frame
                self.resume_token = frame.token
            case wire.Ack():
                assert self.acknowledged <= frame.in_seq <= self.in_seq, frame
                self.acknowledged = frame.in_seq
            case wire.Message():
                assert frame.out_seq == self.out_seq + 1, "reliable messages come in order, without gaps"
                self.out_seq = frame.out_seq
                self.way.write(wire.ack_frame(frame.out_seq))
                self.read(frame.data)
            case wire.Pong():
                assert frame.token == 42, frame
                self.pongs += 1
            case wire.Ended():
                self.ended = frame

    def read(self, data: bytes) -> None:
        """The envelope of section 8, and the game's View in postcard: nine options of a seat, two seats."""
        if data[0] == MESSAGE:
            return  # refused: too early, or not our turn any more
        assert data[0] == VIEW, data
        number, at = wire.read_varint(data, 1)
        if number <= self.newest_view:
            return
        self.newest_view = number
        cells = []
        for _ in range(9):
            taken = data[at]
            cells.append(data[at + 1] if taken else None)
            at += 2 if taken else 1
        turn, you = data[at], data[at + 1]
        assert at + 2 == len(data) and you == self.joined["seat"], data
        self.move = None
        if turn == you and None in cells:
            # An input (00): the variant Place (0) with its cell.
            self.move = bytes([MESSAGE, 0, cells.index(None)])
        self.make_move()

    def make_move(self) -> None:
        if self.move is not None and not self.ended:
            self.in_seq += 1
            self.way.write(wire.input_frame(self.in_seq, self.move))


async def main(server: str) -> None:
    first = rest.seat(server, GAME, "stranger", {"create": "private"})
    second = rest.seat(server, GAME, "odd stranger", {"code": first["match"]["code"]})
    players = [Player("quic", first), Player("webtransport", second)]
    codes = await asyncio.wait_for(asyncio.gather(*(player.play() for player in players)), LONGEST_S)
    for player, code in zip(players, codes):
        print(f"{player.kind}: close code {code}, {player.out_seq} messages, {player.acknowledged} inputs acknowledged")
        assert code == FINISHED and player.ended and player.ended.code == FINISHED, (player.kind, code, player.ended)
        assert player.resume_token and player.pongs == 1 and player.out_seq > 0 and player.acknowledged > 0
    over = rest.get(f"{server}/v1/matches/{first['match']['id']}")
    print(f"the match: {over['state']}, {over.get('end')}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1].rstrip("/")))
