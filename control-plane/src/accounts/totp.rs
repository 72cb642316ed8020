//! One-time codes by time (RFC 6238): six digits of HMAC-SHA1 over the number of a period of 30 s, which is what authenticator
//! apps make. And recovery codes, each good once.

use ring::hmac;

use crate::model::UnixMs;

/// How long a code is the newest, seconds.
const PERIOD: u64 = 30;

/// Bytes of a secret: as many as SHA-1 has (RFC 4226, section 4).
const SECRET: usize = 20;

/// Bytes of a recovery code: 120 bits are no guess, so a plain hash of it may be kept (ASVS 6.5.2).
const RECOVERY: usize = 15;

/// RFC 4648.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an app and the server have in common.
pub(super) struct Secret([u8; SECRET]);

impl Secret {
    /// From bytes that nobody can guess.
    pub(super) fn new(bytes: &[u8; 32]) -> Secret {
        let mut secret = [0; SECRET];
        secret.copy_from_slice(&bytes[..SECRET]);
        Secret(secret)
    }

    /// As people type it.
    pub(super) fn text(&self) -> String {
        base32(&self.0)
    }

    /// As apps read it from a QR code (the Key URI Format). Names of accounts have no character that it would escape.
    pub(super) fn uri(&self, account: &str) -> String {
        format!("otpauth://totp/Stadion:{account}?secret={}&issuer=Stadion", self.text())
    }

    /// The code of a period (RFC 4226, section 5.3).
    pub(super) fn code(&self, period: u64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let mac = hmac::sign(&key, &period.to_be_bytes());
        let mac = mac.as_ref();
        let at = usize::from(mac[SECRET - 1] & 0xf);
        let word = u32::from_be_bytes([mac[at], mac[at + 1], mac[at + 2], mac[at + 3]]);
        (word & 0x7fff_ffff) % 1_000_000
    }

    /// The period whose code this is: the present one, the one before or the one after, since clocks differ; later than the
    /// last one that was used, since a code is good once.
    pub(super) fn accept(&self, code: u32, now: UnixMs, last_used: u64) -> Option<u64> {
        let present = now.seconds() / PERIOD;
        let near = present.saturating_sub(1)..=present + 1;
        near.rev().find(|period| *period > last_used && self.code(*period) == code)
    }
}

/// What somebody typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Six digits.
    Code(u32),
    /// A recovery code, as it is kept.
    Recovery([u8; 32]),
}

impl Typed {
    /// Blanks, dashes and the case of letters say nothing. `None`: neither the one nor the other.
    pub(super) fn read(text: &str) -> Option<Typed> {
        let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).take(64).collect();
        let plain = plain.to_ascii_uppercase();
        if plain.len() == 6 && plain.bytes().all(|c| c.is_ascii_digit()) {
            return plain.parse().ok().map(Typed::Code);
        }
        let recovery = plain.len() == RECOVERY * 8 / 5 && plain.bytes().all(|c| BASE32.contains(&c));
        recovery.then(|| Typed::Recovery(*blake3::hash(plain.as_bytes()).as_bytes()))
    }
}

/// A recovery code as it is shown once, and what is kept of it.
pub(super) fn recovery_code(random: &[u8; RECOVERY]) -> (String, [u8; 32]) {
    let plain = base32(random);
    let mut shown = String::with_capacity(plain.len() + 5);
    for (place, c) in plain.to_ascii_lowercase().chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            shown.push('-');
        }
        shown.push(c);
    }
    (shown, *blake3::hash(plain.as_bytes()).as_bytes())
}

/// RFC 4648, of lengths that need no padding: multiples of five bytes.
fn base32(bytes: &[u8]) -> String {
    let of_five = |five: &[u8]| {
        let number = five.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        (0..8).rev().map(move |place| char::from(BASE32[(number >> (5 * place) & 31) as usize]))
    };
    bytes.chunks_exact(5).flat_map(of_five).collect()
}

/// What an app shows that knows this secret.
#[cfg(test)]
pub(crate) fn code_of(secret: &str, now: UnixMs) -> String {
    let bits = secret.bytes().map(|c| BASE32.iter().position(|of| *of == c).unwrap() as u64);
    let bytes: Vec<u8> = bits
        .collect::<Vec<_>>()
        .chunks_exact(8)
        .flat_map(|eight| {
            let number = eight.iter().fold(0, |number, five| number << 5 | five);
            number.to_be_bytes()[3..].to_vec()
        })
        .collect();
    format!("{:06}", Secret(bytes.try_into().unwrap()).code(now.seconds() / PERIOD))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_standards() {
        // RFC 4226, appendix D.
        let of_counters = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (counter, code) in of_counters.into_iter().enumerate() {
            assert_eq!(secret().code(counter as u64), code);
        }
        // RFC 6238, appendix B, the last six of its eight digits.
        for (seconds, code) in
            [(59, 287_082), (1_111_111_109, 81_804), (1_234_567_890, 5_924), (20_000_000_000, 353_130)]
        {
            assert_eq!(secret().code(seconds / PERIOD), code);
        }
    }

    #[test]
    fn a_code_is_good_once_and_for_a_short_while() {
        let at = |period: u64| UnixMs(period * PERIOD * 1000 + 7);
        let code = secret().code(100);
        for (period, accepted) in [(98, false), (99, true), (100, true), (101, true), (102, false)] {
            assert_eq!(secret().accept(code, at(period), 0).is_some(), accepted, "{period}");
        }
        assert_eq!(secret().accept(code, at(100), 99), Some(100));
        assert_eq!(secret().accept(code, at(100), 100), None, "it was used");
        assert_eq!(secret().accept(secret().code(99), at(100), 100), None, "a later one was used");
        assert_eq!(secret().accept(0, UnixMs(0), 0), None);
    }

    #[test]
    fn secrets_are_written_as_apps_read_them() {
        assert_eq!(secret().text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = secret().uri("ann");
        assert_eq!(uri, format!("otpauth://totp/Stadion:ann?secret={}&issuer=Stadion", secret().text()));
    }

    #[test]
    fn what_people_type_is_read() {
        assert_eq!(Typed::read("081 804"), Some(Typed::Code(81_804)));
        let (shown, kept) = recovery_code(&[0xa7; RECOVERY]);
        assert_eq!(shown.len(), 29);
        for text in [shown.clone(), shown.to_uppercase(), shown.replace('-', "")] {
            assert_eq!(Typed::read(&text), Some(Typed::Recovery(kept)));
        }
        for text in ["", "12345", "1234567", "12345a", "aaaa-aaaa", "1aaa-aaaa-aaaa-aaaa-aaaa-aaaa", &"1".repeat(1000)]
        {
            assert_eq!(Typed::read(text), None, "{text}");
        }
    }
}
