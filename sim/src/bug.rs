//! Bugs to be planted, to see that the simulation finds them. Each is a mistake of a driver or of a disk: the code that
//! serves matches has none of them behind a switch.

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A record counts as durable as soon as it is appended.
    ReleaseBeforeDurable,
    /// An input is acknowledged when it arrives.
    AckOnArrival,
    /// An input that comes again counts again.
    NoDedupe,
    /// Recovery forgets what the newest tick said: messages are numbered from there.
    WrongOutSeq,
    /// Recovery takes the match up one record too early.
    ForgottenRecord,
    /// Recovery does not raise the incarnation.
    SameIncarnation,
    /// The disk says that it synced, and did not.
    LyingDisk,
    /// A request that is asked again is carried out again.
    DoneTwice,
    /// A request that has no answer when the server goes down is not asked again.
    NotAskedAgain,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 9] = [
        Bug::ReleaseBeforeDurable,
        Bug::AckOnArrival,
        Bug::NoDedupe,
        Bug::WrongOutSeq,
        Bug::ForgottenRecord,
        Bug::SameIncarnation,
        Bug::LyingDisk,
        Bug::DoneTwice,
        Bug::NotAskedAgain,
    ];
}
