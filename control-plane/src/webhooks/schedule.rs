//! When a message is tried again, and when its receiver is given up. Pure: time and chance are parameters.

use std::time::Duration;

use crate::model::{Outcome, UnixMs, Webhook};

/// Between one try and the next, in seconds: 11 tries in a little less than a day.
const PAUSES_S: [u64; 10] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800];

/// A pause is up to this much shorter or longer, in hundredths: what failed together is not tried together.
const JITTER_PERCENT: u64 = 20;

/// A receiver that asks for more time gets this at most.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// A webhook is turned off when a message is given up and nothing has reached it for this long.
const PATIENCE: Duration = Duration::from_secs(20 * 3_600);

/// What came back from a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The HTTP status; `None`: no answer.
    pub(crate) code: Option<u16>,
    /// What `Retry-After` asks for.
    pub(crate) retry_after: Option<Duration>,
}

/// What is made of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What becomes of the message.
    pub(crate) outcome: Outcome,
    /// Why the webhook is turned off, if it is.
    pub(crate) disable: Option<&'static str>,
}

/// What becomes of a message after its `tries`-th try, and of its webhook. `chance` is random.
pub(crate) fn verdict(webhook: &Webhook, tries: u32, heard: Heard, now: UnixMs, chance: u32) -> Verdict {
    let outcome = match heard.code {
        Some(200..=299) => return Verdict { outcome: Outcome::Delivered, disable: None },
        Some(410) => {
            let disable = Some("it answered 410 Gone: whoever is there wants no more messages");
            return Verdict { outcome: Outcome::Failed, disable };
        }
        _ => pause(tries, heard.retry_after, chance),
    };
    match outcome {
        Some(pause) => Verdict { outcome: Outcome::Again(now.plus(pause)), disable: None },
        None => {
            let long = webhook.failing_since.is_some_and(|since| now.since(since) >= PATIENCE);
            let disable = long.then_some("no message has reached it for a day");
            Verdict { outcome: Outcome::Failed, disable }
        }
    }
}

/// Until the next try; `None`: there is none.
fn pause(tries: u32, asked: Option<Duration>, chance: u32) -> Option<Duration> {
    let pause_ms = PAUSES_S.get(tries.max(1) as usize - 1)? * 1_000;
    let spread = pause_ms * 2 * JITTER_PERCENT / 100;
    let jitter = spread * u64::from(chance) / u64::from(u32::MAX);
    let pause = Duration::from_millis(pause_ms - spread / 2 + jitter);
    Some(pause.max(asked.unwrap_or_default().min(LONGEST_ASKED)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Salts, WebhookId, WebhookState};

    fn webhook(failing_since: Option<u64>) -> Webhook {
        Webhook {
            id: WebhookId([1; 8]),
            game: "chess".parse().unwrap(),
            name: "bank".parse().unwrap(),
            url: String::new(),
            kinds: [].into(),
            state: WebhookState::Enabled,
            salts: Salts { current: [0; 16], previous: None },
            failing_since: failing_since.map(UnixMs),
            cursor: 0,
            created_at: UnixMs(0),
        }
    }

    fn heard(code: u16) -> Heard {
        Heard { code: Some(code), retry_after: None }
    }

    const NOW: UnixMs = UnixMs(1_000_000_000);

    #[test]
    fn pauses_grow_and_end_within_a_day() {
        for chance in [0, u32::MAX / 2, u32::MAX] {
            let pauses: Vec<_> = (1..).map_while(|tries| pause(tries, None, chance)).collect();
            assert_eq!(pauses.len(), PAUSES_S.len());
            assert!(pauses.is_sorted(), "{pauses:?}");
            let all: Duration = pauses.iter().sum();
            assert!(all > Duration::from_secs(18 * 3_600) && all < Duration::from_secs(29 * 3_600), "{all:?}");
        }
        assert_eq!(pause(1, None, 0), Some(Duration::from_secs(4)));
        assert_eq!(pause(1, None, u32::MAX), Some(Duration::from_secs(6)));
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_and_not_for_ever() {
        assert_eq!(pause(1, Some(Duration::from_secs(60)), 0), Some(Duration::from_secs(60)));
        assert_eq!(pause(1, Some(Duration::from_secs(1)), 0), Some(Duration::from_secs(4)));
        assert_eq!(pause(1, Some(Duration::from_secs(86_400)), 0), Some(LONGEST_ASKED));
    }

    #[test]
    fn what_is_taken_is_over_and_all_else_is_tried_again_but_for_gone() {
        for (code, expected) in [(200, Outcome::Delivered), (204, Outcome::Delivered), (410, Outcome::Failed)] {
            assert_eq!(verdict(&webhook(None), 1, heard(code), NOW, 0).outcome, expected, "{code}");
        }
        let again = Outcome::Again(NOW.plus(Duration::from_secs(4)));
        for code in [Some(199), Some(301), Some(400), Some(401), Some(404), Some(429), Some(500), None] {
            let said = verdict(&webhook(None), 1, Heard { code, retry_after: None }, NOW, 0);
            assert_eq!(said, Verdict { outcome: again, disable: None }, "{code:?}");
        }
    }

    #[test]
    fn a_webhook_is_turned_off_when_it_is_gone_or_silent_for_long() {
        assert!(verdict(&webhook(None), 1, heard(410), NOW, 0).disable.is_some());
        let long = NOW.0 - u64::try_from(PATIENCE.as_millis()).unwrap();
        for (since, tries, off) in
            [(Some(long), 11, true), (Some(long + 1), 11, false), (None, 11, false), (Some(long), 3, false)]
        {
            let said = verdict(&webhook(since), tries, heard(500), NOW, 0);
            assert_eq!(said.disable.is_some(), off, "{since:?} {tries}");
            assert_eq!(said.outcome == Outcome::Failed, tries == 11);
        }
    }
}
