"""Two ways to a server: raw QUIC, and WebTransport. Both give one stream and datagrams, and take a certificate by its hash."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.h3.connection import FrameType, H3Connection
from aioquic.h3.events import DatagramReceived, HeadersReceived, WebTransportStreamDataReceived
from aioquic.h3.events import DataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, DatagramFrameReceived, HandshakeCompleted, StreamDataReceived
from cryptography.hazmat.primitives.hashes import SHA256

CLOSE_WEBTRANSPORT_SESSION = 0x2843


class Closed(Exception):
    """The connection is over, with the application's close code where there is one."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"closed with {code}: {reason}")
        self.code, self.reason = code, reason


class Transport(QuicConnectionProtocol):
    """What both have: bytes that came, datagrams that came, and the end."""

    hashes: list[bytes] = []

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.stream: asyncio.Queue[bytes | Closed] = asyncio.Queue()
        self.datagrams: asyncio.Queue[bytes] = asyncio.Queue()
        self.stream_id: int | None = None

    async def chunk(self) -> bytes:
        came = await self.stream.get()
        if isinstance(came, Closed):
            raise came
        return came

    def quic_event_received(self, event) -> None:
        if isinstance(event, HandshakeCompleted):
            # TLS has verified that the server holds the certificate's key; whose it is, its hash says.
            certificate = self._quic.tls._peer_certificate
            if self.hashes and certificate.fingerprint(SHA256()) not in self.hashes:
                self.close(error_code=0, reason_phrase="another certificate")
        elif isinstance(event, ConnectionTerminated):
            self.stream.put_nowait(Closed(event.error_code, event.reason_phrase))
        else:
            self.came(event)

    def came(self, event) -> None:
        raise NotImplementedError


class Quic(Transport):
    """ALPN `stadion/1`."""

    async def open(self, url: str) -> None:
        self.stream_id = self._quic.get_next_available_stream_id()

    def write(self, data: bytes) -> None:
        self._quic.send_stream_data(self.stream_id, data)
        self.transmit()

    def send_datagram(self, data: bytes) -> None:
        self._quic.send_datagram_frame(data)
        self.transmit()

    def came(self, event) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == self.stream_id:
            self.stream.put_nowait(event.data)
        elif isinstance(event, DatagramFrameReceived):
            self.datagrams.put_nowait(event.data)


class WebTransport(Transport):
    """ALPN `h3`."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic, enable_webtransport=True)
        self.session: int | None = None
        self.status: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.capsules = b""

    async def open(self, url: str) -> None:
        parts = urlsplit(url)
        self.session = self._quic.get_next_available_stream_id()
        headers = {
            ":method": "CONNECT",
            ":scheme": "https",
            ":authority": parts.netloc,
            ":path": parts.path,
            ":protocol": "webtransport",
        }
        self.http.send_headers(self.session, [(name.encode(), value.encode()) for name, value in headers.items()])
        self.transmit()
        status = await self.status
        if status != b"200":
            raise Closed(None, f"the session was answered with {status.decode()}")
        self.stream_id = self.http.create_webtransport_stream(self.session)
        # aioquic marks streams of the other side as WebTransport's, but not the ones that it opens itself.
        with self.http._get_or_create_stream(self.stream_id) as stream:
            stream.frame_type, stream.session_id = FrameType.WEBTRANSPORT_STREAM, self.session

    def write(self, data: bytes) -> None:
        self._quic.send_stream_data(self.stream_id, data)
        self.transmit()

    def send_datagram(self, data: bytes) -> None:
        self.http.send_datagram(self.session, data)
        self.transmit()

    def came(self, event) -> None:
        for happened in self.http.handle_event(event):
            if isinstance(happened, HeadersReceived) and happened.stream_id == self.session:
                self.status.set_result(dict(happened.headers)[b":status"])
            elif isinstance(happened, WebTransportStreamDataReceived) and happened.stream_id == self.stream_id:
                self.stream.put_nowait(happened.data)
            elif isinstance(happened, DatagramReceived):
                self.datagrams.put_nowait(happened.data)
            elif isinstance(happened, DataReceived) and happened.stream_id == self.session:
                self.capsules += happened.data
                self.look_for_close()

    def look_for_close(self) -> None:
        """A capsule (RFC 9297): type and length as QUIC's varints, then the close code (4 bytes) and the reason."""
        first = quic_varint(self.capsules)
        second = quic_varint(self.capsules[first[1] :]) if first else None
        if not first or not second:
            return
        start = first[1] + second[1]
        value = self.capsules[start : start + second[0]]
        if first[0] == CLOSE_WEBTRANSPORT_SESSION and len(value) == second[0]:
            self.stream.put_nowait(Closed(int.from_bytes(value[:4], "big"), value[4:].decode()))


def quic_varint(data: bytes) -> tuple[int, int] | None:
    """A number and its length (RFC 9000, section 16)."""
    length = 1 << (data[0] >> 6) if data else 1
    if len(data) < length:
        return None
    return int.from_bytes(data[:length], "big") & ((1 << (8 * length - 2)) - 1), length


@asynccontextmanager
async def connected(kind: str, joined: dict, hashes: list[bytes]):
    """A transport with its stream open, over `quic` or `webtransport`."""
    endpoints = joined["endpoints"]
    if kind == "quic":
        host, port = endpoints["quic"][0].rsplit(":", 1)
        url, alpn, protocol = "", "stadion/1", Quic
    else:
        url, alpn, protocol = endpoints["webtransport"], "h3", WebTransport
        host, port = urlsplit(url).hostname, urlsplit(url).port
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=[alpn], max_datagram_frame_size=65_536, verify_mode=ssl.CERT_NONE
    )
    host = host.strip("[]")
    async with connect(host, int(port), configuration=configuration, create_protocol=pinned(protocol, hashes)) as way:
        await way.open(url)
        yield way


def pinned(protocol, hashes: list[bytes]):
    return type(protocol.__name__, (protocol,), {"hashes": hashes})
