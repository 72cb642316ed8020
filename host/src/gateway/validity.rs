//! When a certificate from files may serve. Clients refuse one that is expired or not yet valid, each with a word of its own
//! that players cannot act upon; whoever runs the server is told here, and before.

use rustls::client::verify_server_cert_signed_by_trust_anchor as verify;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

const HOUR_S: u64 = 3600;
const DAY_S: u64 = 24 * HOUR_S;

/// Whatever renews certificates does so days before their end. With less left than this, it does not work.
const SOON_S: u64 = DAY_S;

/// Where a chain stands at some time. The first of its certificates that is not good counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validity {
    Good,
    /// Seconds that are left.
    EndsIn(u64),
    /// Seconds since its end.
    Ended(u64),
    /// Seconds until it begins.
    NotBefore(u64),
}

impl Validity {
    pub(super) fn of(chain: &[CertificateDer<'_>], now_s: u64) -> Validity {
        let at = |time_s| chain.iter().find_map(|certificate| refused(certificate, time_s));
        if let Some(validity) = at(now_s) {
            return validity;
        }
        match at(now_s + SOON_S) {
            Some(Validity::Ended(since)) => Validity::EndsIn(SOON_S.saturating_sub(since)),
            _ => Validity::Good,
        }
    }

    /// What is wrong and what to do about it; `None`: nothing.
    pub(super) fn problem(self) -> Option<String> {
        let renew =
            "renew it, and put the new chain and its key in place of these files: they are read again by themselves";
        match self {
            Validity::Good => None,
            Validity::EndsIn(left) => Some(format!("the certificate expires in {}; {renew}", time(left))),
            Validity::Ended(since) => Some(format!("the certificate expired {} ago; {renew}", time(since))),
            Validity::NotBefore(until) => Some(format!(
                "the certificate is not valid yet, but in {}; set this machine's clock, or give one that is valid now",
                time(until)
            )),
        }
    }
}

/// Whether a certificate is expired or not valid yet then. Its dates are looked at first (RFC 5280 section 4.1.2.5), and with
/// no roots to lead to nothing else is found out about it.
fn refused(certificate: &CertificateDer<'_>, time_s: u64) -> Option<Validity> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(time_s));
    let algorithms = default_provider().signature_verification_algorithms.all;
    match verify(&parsed, &RootCertStore::empty(), &[], time, algorithms) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Some(Validity::Ended(time_s.saturating_sub(not_after.as_secs())))
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
            Some(Validity::NotBefore(not_before.as_secs().saturating_sub(time_s)))
        }
        _ => None,
    }
}

fn time(seconds: u64) -> String {
    match seconds {
        0..HOUR_S => format!("{} minutes", seconds.div_ceil(60)),
        HOUR_S..DAY_S => format!("{} hours", seconds / HOUR_S),
        _ => format!("{} days", seconds / DAY_S),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const BEGIN: u64 = 1_800_000_000;
    const END: u64 = BEGIN + 90 * DAY_S;

    fn certificate(begin: u64, end: u64) -> CertificateDer<'static> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(["play.example".to_owned()]).unwrap();
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        parameters.not_before = epoch + Duration::from_secs(begin);
        parameters.not_after = epoch + Duration::from_secs(end);
        parameters.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_is_good_between_its_dates_and_its_end_is_told_a_day_before() {
        let chain = [certificate(BEGIN, END)];
        for (now_s, validity) in [
            (BEGIN - 2 * DAY_S, Validity::NotBefore(2 * DAY_S)),
            (BEGIN, Validity::Good),
            (END - SOON_S - 1, Validity::Good),
            (END - HOUR_S, Validity::EndsIn(HOUR_S)),
            (END + 3 * DAY_S, Validity::Ended(3 * DAY_S)),
        ] {
            assert_eq!(Validity::of(&chain, now_s), validity, "{now_s}");
        }
    }

    #[test]
    fn an_issuer_that_is_expired_counts_like_the_certificate_itself() {
        let chain = [certificate(BEGIN, END), certificate(BEGIN, BEGIN + DAY_S)];
        assert_eq!(Validity::of(&chain, BEGIN + 2 * DAY_S), Validity::Ended(DAY_S));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        for (validity, said, to_do) in [
            (Validity::EndsIn(5 * HOUR_S), "expires in 5 hours", "renew"),
            (Validity::Ended(12 * DAY_S), "expired 12 days ago", "renew"),
            (Validity::NotBefore(90), "in 2 minutes", "clock"),
        ] {
            let problem = validity.problem().unwrap();
            assert!(problem.contains(said) && problem.contains(to_do), "{problem}");
        }
        assert_eq!(Validity::Good.problem(), None);
    }
}
