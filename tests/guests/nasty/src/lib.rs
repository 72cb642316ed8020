//! Guests that would behave differently on every machine if they could: one module each, chosen by the match's parameters.
//! What a module finds in a tick goes to everyone, so that any difference shows.

use std::rc::Rc;

use stadion_sdk::raw::{Delivery, Description, Event, Host, RawGame, Setup, Target, Tick, Wake};
use stadion_sdk::raw_game;

/// A nasty thing to do in every tick. `said` is what players sent, `out` what is told to everyone.
trait Part {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>);
}

macro_rules! parts {
    ($($name:ident)*) => {
        $(mod $name;)*

        fn part(name: &str) -> Option<Box<dyn Part>> {
            match name {
                $(stringify!($name) => Some(Box::new($name::Nasty::default())),)*
                _ => None,
            }
        }
    };
}
parts!(allocation clocks floats growth hashes printing recursion simd);

struct Nasty {
    part: Box<dyn Part>,
    host: Rc<dyn Host>,
}

raw_game!(Nasty);

impl RawGame for Nasty {
    fn describe() -> Description {
        Description {
            title: "nasty".to_owned(),
            seats_min: 1,
            seats_max: 4,
            teams: 0,
            rate: 20,
            memory_bytes: 8 << 20,
            step_us: 500_000,
            schema: None,
            settings: Vec::new(),
        }
    }

    fn start(setup: Setup, host: Rc<dyn Host>) -> Result<(Self, Wake), String> {
        let name = String::from_utf8_lossy(&setup.parameters);
        let part = part(&name).ok_or_else(|| format!("there is no part {name:?}"))?;
        Ok((Nasty { part, host }, Wake::Next))
    }

    fn step(&mut self, tick: Tick) -> Wake {
        let said: Vec<u8> = tick
            .events
            .iter()
            .filter_map(|event| if let Event::Message(message) = event { Some(message.data.as_slice()) } else { None })
            .flatten()
            .copied()
            .collect();
        let mut out = Vec::new();
        self.part.step(&tick, &said, &mut out);
        // Whatever does not fit is still told, as a digest.
        let digest = out.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
        out.truncate(4096);
        out.extend(digest.to_le_bytes());
        let _ = self.host.send(Target::Everyone, Delivery::Reliable, &out);
        Wake::Next
    }
}
