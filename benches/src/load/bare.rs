//! A player of the raw quinn floor: no protocol of ours, an input is a datagram and comes back as one.

use bytes::Bytes;
use stadion_protocol::Moment;

use super::{INPUT_BYTES, Said, Speaker, Standing, input, stamp};

/// One such player.
#[derive(Debug)]
pub(crate) struct Bare {
    sequence: u32,
    echoed: u32,
    standing: Standing,
}

impl Bare {
    pub(crate) fn new() -> Bare {
        Bare { sequence: 0, echoed: 0, standing: Standing::Joining }
    }
}

impl Speaker for Bare {
    fn connected(&mut self, _: Moment, max_datagram: Option<usize>, _: &mut Said) {
        self.standing = if max_datagram.is_some_and(|most| most >= INPUT_BYTES) {
            Standing::Playing
        } else {
            Standing::Out("the server takes no datagrams".to_owned())
        };
    }

    fn stream(&mut self, _: Moment, _: &[u8], _: &mut Said) {}

    fn datagram(&mut self, _: Moment, bytes: &[u8], said: &mut Said) {
        said.heard += 1;
        if let Some((sequence, at)) = stamp(bytes)
            && sequence > self.echoed
        {
            self.echoed = sequence;
            said.echoed = Some(at);
        }
    }

    fn closed(&mut self, _: Moment, reason: &str) {
        self.standing = Standing::Out(reason.to_owned());
    }

    fn play(&mut self, now: Moment, said: &mut Said) {
        self.sequence += 1;
        said.datagrams.push(Bytes::copy_from_slice(&input(self.sequence, now)));
    }

    fn next_timeout(&self) -> Option<Moment> {
        None
    }

    fn timeout(&mut self, _: Moment, _: &mut Said) {}

    fn standing(&self) -> Standing {
        self.standing.clone()
    }
}
