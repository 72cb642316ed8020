//! Which handles a guest holds, and under which numbers.
//!
//! A guest that prints keeps the handle of its standard output in its memory. A session that goes on from an image of that
//! memory must have the same handle under the same number, and must number the next one alike; wasmtime lets nobody look
//! into its table of handles. So this is a model of it, kept in step by the only functions that give handles out: numbers
//! are given out from the last one freed, else from the end (wasmtime's `HandleTable`). Restoring an image compares the
//! numbers that wasmtime really gives with the model's, so that a table that works otherwise is noticed.

use serde::{Deserialize, Serialize};

use crate::session::MAX_HANDLES;

/// Bits of a representation that tell the kind.
const KIND_BITS: u32 = 3;

/// What a handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HandleKind {
    /// Standard input: always at its end.
    Stdin,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Something to wait for, always ready.
    Pollable,
    /// The network that leads nowhere.
    Network,
}

impl HandleKind {
    const ALL: [HandleKind; 5] =
        [HandleKind::Stdin, HandleKind::Stdout, HandleKind::Stderr, HandleKind::Pollable, HandleKind::Network];

    /// The kind in a representation that [`Handles::open`] gave.
    pub(crate) fn of(rep: u32) -> Option<HandleKind> {
        HandleKind::ALL.get((rep & ((1 << KIND_BITS) - 1)) as usize).copied()
    }
}

/// The table. Slots are counted from 0; the guest's number is one more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handles {
    slots: Vec<Option<HandleKind>>,
    /// Free slots; the last is used first.
    free: Vec<u32>,
}

impl Handles {
    /// Takes note of a handle that is given to the guest, and answers its representation: what the host will be shown
    /// whenever the guest uses it.
    pub(crate) fn open(&mut self, kind: HandleKind) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("wasmtime refuses more than MAX_HANDLES")
        });
        self.slots[slot as usize] = Some(kind);
        (slot << KIND_BITS) | kind as u32
    }

    /// The guest dropped the handle of this representation.
    pub(crate) fn close(&mut self, rep: u32) {
        let slot = rep >> KIND_BITS;
        if let Some(held) = self.slots.get_mut(slot as usize)
            && held.take().is_some()
        {
            self.free.push(slot);
        }
    }

    /// The number that the next handle will have.
    pub(crate) fn next_number(&self) -> u32 {
        let end = || u32::try_from(self.slots.len()).expect("wasmtime refuses more than MAX_HANDLES");
        self.free.last().copied().unwrap_or_else(end) + 1
    }

    /// Slots that were ever in use.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What is held, with the numbers that the guest knows.
    pub(crate) fn held(&self) -> impl Iterator<Item = (u32, HandleKind)> {
        (1..).zip(&self.slots).filter_map(|(number, held)| held.map(|kind| (number, kind)))
    }

    /// What is held under a guest's number.
    pub(crate) fn at(&self, number: u32) -> Option<HandleKind> {
        *self.slots.get((number as usize).checked_sub(1)?)?
    }

    /// Free numbers, in the order in which they became free.
    pub(crate) fn freed(&self) -> impl Iterator<Item = u32> {
        self.free.iter().map(|slot| slot + 1)
    }

    /// Whether this can be a guest's table: it came from a checkpoint.
    pub(crate) fn is_whole(&self) -> bool {
        let free = self.slots.iter().filter(|held| held.is_none()).count();
        let mut seen = vec![false; self.slots.len()];
        let once = |slot: &u32| {
            let held = self.slots.get(*slot as usize);
            held == Some(&None) && !std::mem::replace(&mut seen[*slot as usize], true)
        };
        self.slots.len() <= MAX_HANDLES && self.free.len() == free && self.free.iter().all(once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number that the guest has for a representation.
    fn number_of(rep: u32) -> u32 {
        (rep >> KIND_BITS) + 1
    }

    #[test]
    fn the_last_number_freed_is_the_next_one_given() {
        let mut handles = Handles::default();
        let reps = [HandleKind::Stdin, HandleKind::Stdout, HandleKind::Pollable].map(|kind| handles.open(kind));
        assert_eq!(reps.map(number_of), [1, 2, 3]);
        assert_eq!(reps.map(HandleKind::of)[1], Some(HandleKind::Stdout));
        handles.close(reps[0]);
        handles.close(reps[2]);
        handles.close(reps[2]);
        assert_eq!(handles.held().collect::<Vec<_>>(), [(2, HandleKind::Stdout)]);
        let given = [HandleKind::Stderr, HandleKind::Network, HandleKind::Stdin].map(|kind| handles.open(kind));
        assert_eq!(given.map(number_of), [3, 1, 4]);
        assert!(handles.is_whole());
    }

    #[test]
    fn a_table_that_cannot_be_is_noticed() {
        let held = Some(HandleKind::Stdin);
        for (slots, free) in [
            (vec![held, None], vec![]),
            (vec![held, None], vec![0]),
            (vec![None, None], vec![1, 1]),
            (vec![held], vec![7]),
            (vec![held; MAX_HANDLES + 1], vec![]),
        ] {
            assert!(!Handles { slots, free }.is_whole());
        }
    }
}
