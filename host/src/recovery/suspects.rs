//! Which matches may have ended the process, and what becomes of them: policy without state of its own, and the small
//! file in which it is remembered over restarts.
//!
//! A match that was in a step when the process died is a *suspect*: it is restored last, alone, in a child process that
//! also runs the very tick that was being run. If the child dies of it, the match is *poisoned*. A match that was in the
//! same tick at two deaths in a row is poisoned too, whatever its child said: what kills only this process is seen by no
//! child. A process that is killed from outside leaves suspects that are innocent, and their children say so.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use stadion_protocol::MatchId;

use super::recorder::Entered;

/// Suspicions that are remembered, one for each thread that can be in a match, with room to spare.
const MAX_REMEMBERED: usize = 1_024;

/// A match was in this tick when the process died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// Which match.
    pub id: MatchId,
    /// Which tick.
    pub tick: u64,
}

/// What is to be done with a suspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is tried in a child process.
    Try(Entered),
    /// It has done it twice.
    Poisoned(MatchId),
}

impl Verdict {
    /// On whom.
    pub fn id(&self) -> MatchId {
        match self {
            Verdict::Try(entered) => entered.id,
            Verdict::Poisoned(id) => *id,
        }
    }
}

/// Judges those who were in a step, knowing who was suspected at the death before.
pub fn judge(before: &[Suspicion], entered: Vec<Entered>) -> Vec<Verdict> {
    let again = |entered: &Entered| before.iter().any(|known| (known.id, known.tick) == (entered.id, entered.tick));
    let verdict = |entered: Entered| match again(&entered) {
        true => Verdict::Poisoned(entered.id),
        false => Verdict::Try(entered),
    };
    entered.into_iter().map(verdict).collect()
}

/// Those suspected at the death before; none if there is no such file, or it is damaged.
pub fn load(path: &Path) -> std::io::Result<Vec<Suspicion>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(postcard::from_bytes(&bytes).unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Remembers those suspected now, and nobody else.
pub fn save(path: &Path, entered: &[Entered]) -> std::io::Result<()> {
    let suspicions =
        entered.iter().take(MAX_REMEMBERED).map(|entered| Suspicion { id: entered.id, tick: entered.tick });
    let bytes = postcard::to_stdvec(&suspicions.collect::<Vec<_>>()).expect("plain data encodes");
    let new = path.with_extension("new");
    std::fs::write(&new, bytes)?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(id: u8, tick: u64) -> Entered {
        Entered { id: MatchId([id; 16]), tick, input: None }
    }

    #[test]
    fn the_same_match_in_the_same_tick_twice_in_a_row_is_poisoned() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("suspects");
        assert_eq!(judge(&load(&path).unwrap(), vec![entered(1, 7)]), [Verdict::Try(entered(1, 7))]);
        save(&path, &[entered(1, 7), entered(2, 9)]).unwrap();
        let verdicts = judge(&load(&path).unwrap(), vec![entered(1, 7), entered(2, 10)]);
        assert_eq!(verdicts, [Verdict::Poisoned(MatchId([1; 16])), Verdict::Try(entered(2, 10))]);
        save(&path, &[]).unwrap();
        assert_eq!(judge(&load(&path).unwrap(), vec![entered(1, 7)]), [Verdict::Try(entered(1, 7))]);
    }
}
