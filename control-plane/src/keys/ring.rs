//! Secrets that change together: the present ones sign; what the ones before signed is good until their time is over.

use std::path::Path;
use std::time::Duration;

use super::{KeysError, RotateError, Secret, files};
use crate::clock::{Rng, random};
use crate::model::UnixMs;

/// Where they lie in a directory.
pub(super) struct Names<const N: usize> {
    /// `NAME.key` and `NAME.previous.key`.
    pub(super) keys: [&'static str; N],
    /// Holds when they were changed, Unix milliseconds; not there: never.
    pub(super) rotated: &'static str,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Ring<const N: usize> {
    pub(super) present: [Secret; N],
    pub(super) previous: [Option<Secret>; N],
    pub(super) rotated_at: Option<UnixMs>,
}

impl<const N: usize> Ring<N> {
    /// Secrets that nobody has had before.
    pub(super) fn make(rng: &dyn Rng) -> Ring<N> {
        Ring { present: [(); N].map(|()| random(rng)), previous: [None; N], rotated_at: None }
    }

    /// Those of a directory; those that are missing are made.
    pub(super) fn load(dir: &Path, names: &Names<N>, rng: &dyn Rng) -> Result<Ring<N>, KeysError> {
        for name in names.keys {
            files::read_or_make(&dir.join(format!("{name}.key")), rng)?;
        }
        Ring::read(dir, names)
    }

    fn read(dir: &Path, names: &Names<N>) -> Result<Ring<N>, KeysError> {
        // Read before the keys: a change in between is found at the next look.
        let rotated_at = files::read_time(&dir.join(names.rotated))?;
        let mut ring = Ring { present: [[0; 32]; N], previous: [None; N], rotated_at };
        for (place, name) in names.keys.iter().enumerate() {
            let path = dir.join(format!("{name}.key"));
            ring.present[place] = files::read(&path)?.ok_or(KeysError::Malformed(path))?;
            ring.previous[place] = files::read(&dir.join(format!("{name}.previous.key")))?;
        }
        Ok(ring)
    }

    /// What the directory holds, if it was changed since.
    pub(super) fn newer(&self, dir: &Path, names: &Names<N>) -> Result<Option<Ring<N>>, KeysError> {
        let changed = files::read_time(&dir.join(names.rotated))? != self.rotated_at;
        changed.then(|| Ring::read(dir, names)).transpose()
    }

    /// With other secrets, and the present ones as the ones before. Refused while something that the ones before signed may
    /// be good, which is for `life`.
    pub(super) fn rotated(&self, now: UnixMs, life: Duration, rng: &dyn Rng) -> Result<Ring<N>, RotateError> {
        let since = self.rotated_at.map_or(Duration::MAX, |at| now.since(at));
        if since < life {
            return Err(RotateError::TooSoon(life - since));
        }
        Ok(Ring { previous: self.present.map(Some), rotated_at: Some(now), ..Ring::make(rng) })
    }

    /// The present keys become the previous ones first: a crash in between leaves a key twice, and none lost. The time comes
    /// last, and tells other replicas to look.
    pub(super) fn write(&self, dir: &Path, names: &Names<N>) -> Result<(), KeysError> {
        for (place, name) in names.keys.iter().enumerate() {
            if let Some(previous) = self.previous[place] {
                files::write(&dir.join(format!("{name}.previous.key")), &hex::encode(previous))?;
            }
            files::write(&dir.join(format!("{name}.key")), &hex::encode(self.present[place]))?;
        }
        files::write(&dir.join(names.rotated), &self.rotated_at.unwrap_or_default().0.to_string())
    }

    /// Without the secrets before, if there are some and their time is over. Their files stay until the next change.
    pub(super) fn retired(&self, now: UnixMs, life: Duration) -> Option<Ring<N>> {
        let over = self.rotated_at.is_some_and(|at| now.since(at) >= life);
        let some = self.previous.iter().any(Option::is_some);
        (over && some).then(|| Ring { previous: [None; N], ..self.clone() })
    }
}
