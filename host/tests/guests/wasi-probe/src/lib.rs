//! Looks for everything that a sandbox must not give, through Rust's standard library, and prints what it finds; then
//! does what the match's parameters say: sleep, wait for input, leave, panic, play tricks with handles.

mod handles;

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use stadion_sdk::raw::{Description, Host, RawGame, Setup, Tick, Wake};
use stadion_sdk::raw_game;

struct Probe {
    order: String,
    started: Instant,
}

raw_game!(Probe);

impl RawGame for Probe {
    fn describe() -> Description {
        Description {
            title: "wasi probe".to_owned(),
            seats_min: 1,
            seats_max: 1,
            teams: 0,
            rate: 20,
            memory_bytes: 16 << 20,
            step_us: 100_000,
            schema: None,
            settings: Vec::new(),
        }
    }

    fn start(setup: Setup, _host: Rc<dyn Host>) -> Result<(Self, Wake), String> {
        Ok((Probe { order: String::from_utf8_lossy(&setup.parameters).into_owned(), started: Instant::now() }, Wake::Next))
    }

    fn step(&mut self, tick: Tick) -> Wake {
        look(self.started);
        match (tick.number, self.order.as_str()) {
            (2, "sleep") => std::thread::sleep(Duration::from_secs(3600)),
            (2, "exit") => std::process::exit(3),
            (2, "panic") => panic!("the roof is on fire"),
            (2, "forge") => handles::forge(),
            (2, "drop twice") => handles::drop_twice(),
            (2, "leak") => handles::leak(),
            _ => {}
        }
        Wake::Next
    }
}

fn look(started: Instant) {
    println!("environment {}", std::env::vars().count());
    println!("arguments {}", std::env::args().count());
    println!("since start {:?}", started.elapsed());
    println!("unix {:?}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    let table: HashMap<u32, u32> = (0..16).map(|n| (n, n)).collect();
    println!("order {:?}", table.keys().collect::<Vec<_>>());
    println!("hash states {}", HashSet::from([hash_of_nothing(), hash_of_nothing()]).len());
    let mut input = String::new();
    println!("input {:?} {input:?}", std::io::stdin().read_to_string(&mut input).ok());
    println!("root {}", std::fs::read_dir("/").is_ok());
    println!("file {}", std::fs::File::create("secret").is_ok());
    println!("tcp {}", TcpStream::connect("127.0.0.1:22").is_ok());
    println!("udp {}", UdpSocket::bind("127.0.0.1:0").is_ok());
    println!("name {}", "localhost:80".to_socket_addrs().is_ok());
    println!("thread {}", std::thread::Builder::new().spawn(|| ()).is_ok());
    eprintln!("whispers to stderr");
}

fn hash_of_nothing() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}
