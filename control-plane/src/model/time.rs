//! Wall time as a number, and as RFC 3339 text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch; in notes of the control plane, that number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMs(pub u64);

impl UnixMs {
    /// This much later.
    pub fn plus(self, duration: Duration) -> UnixMs {
        UnixMs(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Time since `earlier`, or zero if `earlier` is later (wall clocks step back).
    pub fn since(self, earlier: UnixMs) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Whole seconds, as JWT claims want them.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

/// RFC 3339 with milliseconds, in UTC. The date is the proleptic Gregorian calendar's, counted in eras of 400 years that
/// start in March, so that leap days come last.
impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms_of_day) = (self.0 / 86_400_000, self.0 % 86_400_000);
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (seconds, ms) = (ms_of_day / 1000, ms_of_day % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

/// A text that is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is written as RFC 3339 has it, such as 2026-11-20T10:00:00Z, from 1970 to 9999")]
pub struct InvalidTime;

/// RFC 3339, with any offset; what is below a millisecond is cut.
impl FromStr for UnixMs {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<UnixMs, InvalidTime> {
        parse(text).ok_or(InvalidTime)
    }
}

fn parse(text: &str) -> Option<UnixMs> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok()).flatten()
    };
    let is = |at: usize, any: &[u8]| text.as_bytes().get(at).is_some_and(|byte| any.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of_month = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    // A leap second counts as the one before it.
    if !(1..=days_of_month).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (ms, at) = fraction(text)?;
    let offset_minutes = match text.as_bytes().get(at..)? {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            let offset = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let year_from_march = if month > 2 { year } else { year - 1 };
    let (era, year_of_era) = (year_from_march.div_euclid(400), year_from_march.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    let seconds = days * 86_400 + hour * 3600 + (minute - offset_minutes) * 60 + second.min(59);
    u64::try_from(seconds * 1000 + ms).ok().map(UnixMs)
}

/// Milliseconds of the part behind a full stop, and where what follows it begins.
fn fraction(text: &str) -> Option<(i64, usize)> {
    const SECONDS_END: usize = 19;
    let rest = text.get(SECONDS_END..)?;
    let Some(digits) = rest.strip_prefix('.') else { return Some((0, SECONDS_END)) };
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let ms = digits.bytes().take(count).chain(std::iter::repeat(b'0')).take(3);
    let ms = ms.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0'));
    (count > 0).then_some((ms, SECONDS_END + 1 + count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_795_168_800_123, "2026-11-20T10:00:00.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(UnixMs(ms).to_string(), text);
            assert_eq!(text.parse(), Ok(UnixMs(ms)));
        }
    }

    #[test]
    fn times_are_read_in_all_forms_of_rfc_3339() {
        for (text, ms) in [
            ("2026-11-20T10:00:00Z", 1_795_168_800_000),
            ("2026-11-20t10:00:00.1239z", 1_795_168_800_123),
            ("2026-11-20 11:30:00.5+01:30", 1_795_168_800_500),
            ("2026-11-20T09:00:00-01:00", 1_795_168_800_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000),
        ] {
            assert_eq!(text.parse(), Ok(UnixMs(ms)), "{text}");
        }
        for text in [
            "",
            "now",
            "1969-12-31T23:59:59Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T10:00:00",
            "2026-11-20T10:00:00.Z",
            "2026-11-20T10:00:00+1:00",
            "2026-11-20T10:00:00Zx",
            "+026-11-20T10:00:00Z",
            "2026-11-20T10:00:00+24:00",
            "ä026-11-20T10:00:00Z",
        ] {
            assert_eq!(text.parse::<UnixMs>(), Err(InvalidTime), "{text}");
        }
    }
}
