//! Why a command failed, for people and for scripts: a message, what would fix it, and an exit code that is documented.

use std::fmt;

/// What kind of failure it is. The number is the process's exit code and never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything else.
    Failed = 1,
    /// The command line or a file that it names does not read; clap ends with this too.
    Usage = 2,
    /// The game, match, file or program is not there.
    NotFound = 3,
    /// It is there and says no: key, permission, upload, limit.
    Refused = 4,
    /// The server does not answer.
    Unreachable = 5,
    /// The replay differs from the journal.
    Differs = 6,
}

impl Kind {
    /// Every kind, for tables.
    #[cfg(test)]
    pub(crate) const ALL: [Kind; 6] =
        [Kind::Failed, Kind::Usage, Kind::NotFound, Kind::Refused, Kind::Unreachable, Kind::Differs];

    /// For `--json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Failed => "failed",
            Kind::Usage => "usage",
            Kind::NotFound => "not-found",
            Kind::Refused => "refused",
            Kind::Unreachable => "unreachable",
            Kind::Differs => "differs",
        }
    }
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Decides the exit code.
    pub(crate) kind: Kind,
    /// What went wrong, without a full stop.
    pub(crate) message: String,
    /// What to do about it, if that is known.
    pub(crate) fix: Option<String>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into(), fix: None }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Failed, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Usage, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Failure {
        Failure::new(Kind::NotFound, message)
    }

    /// Names the fix.
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Failure {
        self.fix = Some(fix.into());
        self
    }

    /// A file that could not be read or written.
    pub(crate) fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
        Failure::new(kind, format!("{doing} {}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(fix) = &self.fix {
            write!(f, "\n  fix: {fix}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// The cause chain on one line: what libraries report, where there is no better text of ours.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::failed(format!("{error:#}"))
    }
}

/// Of every command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;
