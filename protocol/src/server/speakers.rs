//! Which of a player's connections speaks for a seat, when several say so and overtake each other on the way.

use std::collections::VecDeque;

use crate::close::CloseCode;
use crate::wire::{ClientId, Speaker};

/// Clients that lost a seat to another one are remembered, so that none of them takes it back by merely reconnecting.
/// One that is forgotten here takes it once more: nothing is lost by it, and it is told that it was replaced the next time.
const MAX_REPLACED: usize = 16;

/// The speakers of one seat. [`judge`](Speakers::judge) every `hello` whose credential is good;
/// [`take`](Speakers::take) once it is let in.
///
/// Between clients the last to come wins, for good: a player who opens the game on another device means it, and the first
/// device, which may only have lost its connection, must not snatch the seat back. Between connections of one client the
/// youngest wins, in whatever order their hellos arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speakers {
    newest: Option<Speaker>,
    replaced: VecDeque<ClientId>,
}

impl Speakers {
    /// As they are after these clients had the seat, in this order, and none of them is connected any more.
    pub fn after(clients: impl IntoIterator<Item = ClientId>) -> Speakers {
        let mut speakers = Speakers::default();
        for client in clients {
            speakers.take(Speaker { client, connection: 0 });
        }
        speakers
    }

    /// The clients that had the seat, as far as they are remembered, and who has it: for [`Speakers::after`].
    pub fn clients(&self) -> impl Iterator<Item = ClientId> {
        self.replaced.iter().copied().chain(self.newest.map(|newest| newest.client))
    }

    /// Whether a `hello` may have the seat; else the code to close its connection with. `connected`: the connection that
    /// was last let in is still there.
    pub fn judge(&self, speaker: Speaker, connected: bool) -> Result<(), CloseCode> {
        if self.replaced.contains(&speaker.client) {
            return Err(CloseCode::Replaced);
        }
        match self.newest {
            Some(newest) if connected && newest.client == speaker.client && speaker.connection <= newest.connection => {
                Err(CloseCode::Superseded)
            }
            _ => Ok(()),
        }
    }

    /// The speaker has the seat from now on. The code to close the connection with that had it before.
    ///
    /// Whoever has it is not one that was replaced, also where what is told here was partly known: a checkpoint may know
    /// those who were let in after its tick, and the ticks that are replayed onto it tell of them again.
    pub fn take(&mut self, speaker: Speaker) -> CloseCode {
        self.replaced.retain(|replaced| *replaced != speaker.client);
        match self.newest.replace(speaker) {
            Some(older) if older.client != speaker.client => {
                if self.replaced.len() == MAX_REPLACED {
                    self.replaced.pop_front();
                }
                self.replaced.push_back(older.client);
                CloseCode::Replaced
            }
            _ => CloseCode::Superseded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker(client: u8, connection: u32) -> Speaker {
        Speaker { client: ClientId([client; 8]), connection }
    }

    #[test]
    fn the_youngest_connection_of_a_client_wins_in_any_order() {
        let mut speakers = Speakers::default();
        speakers.take(speaker(1, 2));
        assert_eq!(speakers.judge(speaker(1, 1), true), Err(CloseCode::Superseded), "it was overtaken");
        assert_eq!(speakers.judge(speaker(1, 1), false), Ok(()), "better than none");
        assert_eq!(speakers.judge(speaker(1, 3), true), Ok(()));
        assert_eq!(speakers.take(speaker(1, 3)), CloseCode::Superseded);
    }

    #[test]
    fn a_client_that_was_replaced_does_not_take_the_seat_back() {
        let mut speakers = Speakers::default();
        speakers.take(speaker(1, 1));
        assert_eq!(speakers.judge(speaker(2, 1), true), Ok(()));
        assert_eq!(speakers.take(speaker(2, 1)), CloseCode::Replaced);
        for connected in [true, false] {
            assert_eq!(speakers.judge(speaker(1, 2), connected), Err(CloseCode::Replaced));
        }
    }

    #[test]
    fn what_is_remembered_of_them_is_enough_to_go_on() {
        let mut speakers = Speakers::default();
        for client in [1, 2, 2, 3] {
            speakers.take(speaker(client, 7));
        }
        let after = Speakers::after(speakers.clients());
        assert_eq!(after.clients().collect::<Vec<_>>(), [1, 2, 3].map(|client| ClientId([client; 8])));
        assert_eq!(after.judge(speaker(2, 9), false), Err(CloseCode::Replaced));
        assert_eq!(after.judge(speaker(3, 1), false), Ok(()), "its numbers begin anew where nobody is connected");
    }

    #[test]
    fn whoever_is_told_of_twice_has_the_seat_all_the_same() {
        let both = [1, 2].map(|client| ClientId([client; 8]));
        let mut speakers = Speakers::after(both);
        for client in [1, 2] {
            speakers.take(speaker(client, 0));
        }
        assert_eq!(speakers, Speakers::after(both));
        assert_eq!(speakers.judge(speaker(2, 1), false), Ok(()));
        assert_eq!(speakers.judge(speaker(1, 9), false), Err(CloseCode::Replaced));
    }

    #[test]
    fn replaced_clients_are_forgotten_in_their_order() {
        let mut speakers = Speakers::default();
        for client in 0..20 {
            speakers.take(speaker(client, 1));
        }
        assert_eq!(speakers.replaced.len(), MAX_REPLACED);
        assert_eq!(speakers.judge(speaker(18, 2), false), Err(CloseCode::Replaced));
        assert_eq!(speakers.judge(speaker(2, 2), false), Ok(()));
    }
}
