//! The flight recorder: a small mapped file that says, when the process has died, which match each thread was in and
//! what it was giving it. Writing it costs a few stores and the encoding of the tick; nothing is synced, since pages of a
//! mapped file outlive the process that wrote them.
//!
//! ```text
//!   file = slot*            one slot a shard, one for the slow lane; 16 KiB each
//!   slot = state: u32 (1: in a step) | input bytes: u32 | match: 16 | tick: u64 | input: postcard
//! ```
//! All little-endian. Input that does not fit is left out: its length is then `u32::MAX`.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use memmap2::MmapRaw;
use stadion_protocol::MatchId;

use crate::model::TickInput;

/// A slot takes an ordinary tick of a few hundred events; larger ones are recorded without their input.
const SLOT: usize = 16 << 10;

const HEAD: usize = 32;

const NO_INPUT: u32 = u32::MAX;

/// A match that a thread was in when the process died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Which.
    pub id: MatchId,
    /// The tick that was being run.
    pub tick: u64,
    /// What it was given, if it fitted.
    pub input: Option<TickInput>,
}

/// One thread's slot. It stays with its thread.
#[derive(Debug)]
pub struct RecorderSlot {
    map: Arc<MmapRaw>,
    at: usize,
}

/// Opens the recorder: who was entered when the process before died, and a fresh slot for each thread.
pub fn open(path: &Path, threads: usize) -> std::io::Result<(Vec<Entered>, Vec<RecorderSlot>)> {
    let entered = match std::fs::read(path) {
        Ok(bytes) => read(&bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    file.set_len((threads * SLOT) as u64)?;
    let map = Arc::new(MmapRaw::map_raw(&file)?);
    let slots = (0..threads).map(|n| RecorderSlot { map: Arc::clone(&map), at: n * SLOT }).collect();
    Ok((entered, slots))
}

/// Matches that a recorder's bytes name.
fn read(bytes: &[u8]) -> Vec<Entered> {
    bytes.chunks_exact(SLOT).filter_map(read_slot).collect()
}

fn read_slot(slot: &[u8]) -> Option<Entered> {
    let word = |at: usize| Some(u32::from_le_bytes(slot.get(at..at + 4)?.try_into().ok()?));
    if word(0)? != 1 {
        return None;
    }
    let id = MatchId(slot.get(8..24)?.try_into().ok()?);
    let tick = u64::from_le_bytes(slot.get(24..HEAD)?.try_into().ok()?);
    let input = match word(4)? {
        NO_INPUT => None,
        length => slot.get(HEAD..HEAD + length as usize).and_then(|bytes| postcard::from_bytes(bytes).ok()),
    };
    Some(Entered { id, tick, input })
}

impl RecorderSlot {
    /// The thread is about to give a match this tick; `None`: it goes on with it.
    pub fn enter(&self, id: &MatchId, tick: u64, input: Option<&TickInput>) {
        let slot = self.bytes();
        let length = input.and_then(|input| postcard::to_slice(input, &mut slot[HEAD..]).ok().map(|used| used.len()));
        let length = length.and_then(|length| u32::try_from(length).ok()).unwrap_or(NO_INPUT);
        slot[4..8].copy_from_slice(&length.to_le_bytes());
        slot[8..24].copy_from_slice(&id.0);
        slot[24..HEAD].copy_from_slice(&tick.to_le_bytes());
        self.state().store(1_u32.to_le(), Ordering::Release);
    }

    /// It is back.
    pub fn leave(&self) {
        self.state().store(0, Ordering::Release);
    }

    #[expect(unsafe_code, reason = "a mapped file has no safe view that another process may read after our death")]
    fn state(&self) -> &AtomicU32 {
        // SAFETY: the slot lies within the mapping, which lives as long as `self`; the mapping begins at a page and slots
        // are multiples of 4 bytes, so the word is aligned. It is only ever touched as this atomic.
        unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(self.at).cast()) }
    }

    #[expect(unsafe_code, reason = "see `state`")]
    #[expect(clippy::mut_from_ref, reason = "a slot belongs to one thread, which holds this for the length of `enter`")]
    fn bytes(&self) -> &mut [u8] {
        // SAFETY: as in `state`. Slots do not overlap, each is handed out once and is not `Sync`, and `enter` is the only
        // caller, so nothing else refers to these bytes; the first word is left to `state`, which `enter` calls when it
        // has done with the rest.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().add(self.at), SLOT) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Event;
    use stadion_protocol::Seat;

    fn tick(events: usize) -> TickInput {
        TickInput { number: 7, time: 9, skipped: 0, events: vec![Event::Disconnected(Seat(3)); events] }
    }

    #[test]
    fn what_was_entered_and_not_left_is_found_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recorder");
        let (entered, slots) = open(&path, 3).unwrap();
        assert!(entered.is_empty());
        slots[0].enter(&MatchId([1; 16]), 7, Some(&tick(2)));
        slots[1].enter(&MatchId([2; 16]), 8, Some(&tick(1)));
        slots[1].leave();
        slots[2].enter(&MatchId([3; 16]), 9, Some(&tick(SLOT)));
        drop(slots);
        let (entered, _) = open(&path, 1).unwrap();
        let expected = [
            Entered { id: MatchId([1; 16]), tick: 7, input: Some(tick(2)) },
            Entered { id: MatchId([3; 16]), tick: 9, input: None },
        ];
        assert_eq!(entered, expected);
        assert!(open(&path, 1).unwrap().0.is_empty(), "each death is looked into once");
    }
}
