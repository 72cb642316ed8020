//! One UDP socket for all players, read and written without waiting.

use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use bytes::BytesMut;
use quinn::udp::{BATCH_SIZE, EcnCodepoint, RecvMeta, UdpSocketState};

/// What the kernel may hold each way: a hundred milliseconds of all players.
const BUFFER_BYTES: usize = 8 << 20;
/// The longest datagram, or what the kernel makes of several.
const RECEIVE_BYTES: usize = 64 << 10;
/// Reads in one turn at most: 8,192 datagrams.
const MAX_BATCHES: usize = 256;

/// The socket.
pub(super) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    buffers: Vec<u8>,
}

/// One datagram that came.
pub(super) struct Came {
    pub(super) from: SocketAddr,
    pub(super) to: Option<IpAddr>,
    pub(super) ecn: Option<EcnCodepoint>,
    pub(super) data: BytesMut,
}

impl Socket {
    pub(super) fn bind() -> io::Result<Socket> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let state = UdpSocketState::new((&socket).into())?;
        socket.set_nonblocking(true)?;
        set_buffers(&socket)?;
        Ok(Socket { socket, state, buffers: vec![0; BATCH_SIZE * RECEIVE_BYTES] })
    }

    pub(super) fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }

    /// Everything that is there.
    pub(super) fn receive(&mut self, mut each: impl FnMut(Came)) -> io::Result<()> {
        for _ in 0..MAX_BATCHES {
            let mut meta = [RecvMeta::default(); BATCH_SIZE];
            let mut rooms = self.buffers.chunks_mut(RECEIVE_BYTES).map(IoSliceMut::new);
            let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
                std::array::from_fn(|_| rooms.next().expect("as many rooms as a batch has"));
            match self.state.recv((&self.socket).into(), &mut slices, &mut meta) {
                Ok(count) => {
                    for (meta, bytes) in meta.iter().zip(&slices).take(count) {
                        for data in bytes[..meta.len].chunks(meta.stride.max(1)) {
                            each(Came { from: meta.addr, to: meta.dst_ip, ecn: meta.ecn, data: data.into() });
                        }
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends, or drops where the kernel has no room: it is a datagram. `false`: dropped.
    pub(super) fn send(&self, transmit: &quinn_proto::Transmit, contents: &[u8]) -> bool {
        let transmit = quinn::udp::Transmit {
            destination: transmit.destination,
            ecn: transmit.ecn.and_then(|ecn| EcnCodepoint::from_bits(ecn as u8)),
            contents,
            segment_size: transmit.segment_size,
            src_ip: transmit.src_ip,
        };
        self.state.send((&self.socket).into(), &transmit).is_ok()
    }
}

/// Buffers of [`BUFFER_BYTES`] each way, or as large as the kernel allows.
pub(crate) fn set_buffers(socket: &UdpSocket) -> io::Result<()> {
    use rustix::net::sockopt;
    #[cfg(target_os = "linux")]
    if sockopt::set_socket_recv_buffer_size_force(socket, BUFFER_BYTES).is_ok()
        && sockopt::set_socket_send_buffer_size_force(socket, BUFFER_BYTES).is_ok()
    {
        return Ok(());
    }
    sockopt::set_socket_recv_buffer_size(socket, BUFFER_BYTES)?;
    sockopt::set_socket_send_buffer_size(socket, BUFFER_BYTES)?;
    Ok(())
}
