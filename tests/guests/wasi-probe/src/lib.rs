//! A game that looks for everything that a WASI guest might find outside of its match, and tries to wait.
//!
//! It is built from plain std Rust for `wasm32-wasip2`; what it does on a message is what any dependency of a game
//! might do by accident.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use stadion_sdk::prelude::*;

/// What it is told to do.
#[message]
pub enum In {
    /// Look around and tell what was found.
    Look,
    /// Sleep for an hour.
    Sleep,
    /// Read a line from the standard input.
    Read,
    /// Busily wait until a second has passed.
    Spin,
}

/// The probe.
pub struct Probe;

impl Game for Probe {
    const INFO: Info = Info::new("wasi-probe").seats(1..=2);
    type In = In;
    type Out = String;
    type View = ();
    type Timer = ();

    fn start(_: &Cx<Self>) -> Self {
        Probe
    }

    fn message(&mut self, cx: &Cx<Self>, from: Seat, message: In) {
        match message {
            In::Look => cx.send(from, &look()),
            In::Sleep => std::thread::sleep(Duration::from_secs(3600)),
            In::Read => {
                let mut line = String::new();
                let read = std::io::stdin().read_line(&mut line);
                cx.send(from, &format!("read {read:?}"));
            }
            In::Spin => {
                let start = Instant::now();
                while start.elapsed() < Duration::from_secs(1) {}
            }
        }
    }

    fn view(&self, _: &Cx<Self>, _: Seat) {}
}

/// One finding a line, `name=value`.
fn look() -> String {
    let mut found = String::new();
    let mut tell = |name: &str, value: String| writeln!(found, "{name}={value}").expect("a String takes all");
    let (wall, steady) = (SystemTime::now(), Instant::now());
    let work: u64 = (0..100_000).fold(0, |sum, n| std::hint::black_box(sum + n));
    tell("clocks-stand", (wall == SystemTime::now() && steady == Instant::now() && work > 0).to_string());
    tell("wall-ns", wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos()).to_string());
    tell("random", RandomState::new().hash_one(1).to_string());
    let numbers: HashMap<u32, ()> = (0..20).map(|n| (n, ())).collect();
    tell("map-order", format!("{:?}", numbers.keys().collect::<Vec<_>>()));
    tell("environment", std::env::vars().count().to_string());
    tell("arguments", std::env::args().count().to_string());
    tell("folder", std::fs::read_dir("/").is_ok().to_string());
    tell("file", std::fs::read("/etc/passwd").is_ok().to_string());
    tell("write", std::fs::write("probe", b"probe").is_ok().to_string());
    tell("connect", std::net::TcpStream::connect("127.0.0.1:80").is_ok().to_string());
    tell("listen", std::net::TcpListener::bind("127.0.0.1:0").is_ok().to_string());
    tell("datagram", std::net::UdpSocket::bind("127.0.0.1:0").is_ok().to_string());
    tell("resolve", std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok().to_string());
    println!("the probe looked around");
    found
}

game!(Probe);
