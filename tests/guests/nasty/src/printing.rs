//! Prints to both streams, in whole lines and in pieces, and keeps their handles.

use std::io::Write;

use super::{Part, Tick};

#[derive(Default)]
pub(crate) struct Nasty {
    lines: u64,
}

impl Part for Nasty {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>) {
        println!("tick {} with {} bytes", tick.number, said.len());
        self.lines += 1;
        if said.len() % 3 == 0 {
            eprint!("no end of line");
            self.lines += 1;
        }
        if said.len() % 4 == 0 {
            let _ = std::io::stdout().flush();
        }
        if tick.number % 9 == 0 {
            let mut input = String::new();
            let _ = std::io::stdin().read_line(&mut input);
            let _ = std::net::UdpSocket::bind("127.0.0.1:0");
        }
        out.extend(self.lines.to_le_bytes());
        out.extend(said);
    }
}
