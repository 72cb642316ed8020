//! How often an address may sign in, and how often an account may be tried.
//!
//! Guessing at one account from many addresses empties that account's bucket, so a bucket for the whole account would
//! lock its owner out. An address that has signed in to an account lately has a bucket of its own for it, which nobody
//! else can empty. And when the account's bucket is empty, every other address still has a few tries of its own ([`LAST`]):
//! the owner in a new place gets in, and whoever guesses from a thousand addresses gets no more than that from each.

use std::net::IpAddr;
use std::time::Duration;

use crate::coordination::{Allowance, Coordination, CoordinationError, Rate};

/// How long an address that has signed in keeps its own bucket.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// Tries of an address at an account at which others have guessed too often.
const LAST: Rate = Rate { burst: 3, every: Duration::from_secs(600) };

/// Too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many of these requests from here; try again in {} s", .allowance.retry_after.as_secs().max(1))]
pub(crate) struct Limited {
    pub(crate) rate: Rate,
    pub(crate) allowance: Allowance,
}

/// Why something was not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitError {
    /// See [`Limited`].
    #[error(transparent)]
    Limited(#[from] Limited),
    /// See [`CoordinationError`].
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// Takes one from the bucket of an address for an action.
pub(crate) async fn by_address(
    coordination: &dyn Coordination,
    action: &str,
    address: IpAddr,
    rate: Rate,
) -> Result<Limited, LimitError> {
    take(coordination, &format!("rate/{action}/{}", network(address)), rate).await
}

/// Takes one from the bucket of an account, or from that of the address for it when it has signed in before or the
/// account's is empty.
pub(crate) async fn by_account(
    coordination: &dyn Coordination,
    account_key: &str,
    address: IpAddr,
    rate: Rate,
) -> Result<Limited, LimitError> {
    let known = known_key(account_key, address);
    if coordination.get(&known).await?.is_some() {
        return take(coordination, &format!("rate/{known}"), rate).await;
    }
    match take(coordination, &format!("rate/account/{account_key}"), rate).await {
        Err(LimitError::Limited(_)) => {
            take(coordination, &format!("rate/last/{account_key}/{}", network(address)), LAST).await
        }
        answer => answer,
    }
}

/// Takes one from the bucket of an account's second factor, or from that of the address for it when it has signed in before.
/// Whoever gets this far knows the password, and codes are short: no other address has tries of its own, however many there
/// are. The owner in a new place, whom that keeps out, has recovery codes, which are not counted.
pub(crate) async fn by_second_factor(
    coordination: &dyn Coordination,
    account_key: &str,
    address: IpAddr,
    rate: Rate,
) -> Result<Limited, LimitError> {
    let known = known_key(account_key, address);
    let whose = if coordination.get(&known).await?.is_some() { known } else { account_key.to_owned() };
    take(coordination, &format!("rate/codes/{whose}"), rate).await
}

/// Takes one from the bucket of somebody who was recognized: an account or a key.
pub(crate) async fn by_caller(
    coordination: &dyn Coordination,
    action: &str,
    who: &str,
    rate: Rate,
) -> Result<Limited, LimitError> {
    take(coordination, &format!("rate/{action}/{who}"), rate).await
}

/// Notes that this address signed in to this account.
pub(crate) async fn remember(
    coordination: &dyn Coordination,
    account_key: &str,
    address: IpAddr,
) -> Result<(), CoordinationError> {
    coordination.put(&known_key(account_key, address), b"", KNOWN_FOR).await
}

async fn take(coordination: &dyn Coordination, key: &str, rate: Rate) -> Result<Limited, LimitError> {
    let allowance = coordination.take(key, rate).await?;
    let limited = Limited { rate, allowance };
    if allowance.allowed { Ok(limited) } else { Err(limited.into()) }
}

fn known_key(account_key: &str, address: IpAddr) -> String {
    format!("known/{account_key}/{}", network(address))
}

/// What one customer of a network has: an IPv4 address, or the /64 of an IPv6 address.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::coordination::MemoryCoordination;
    use crate::testing::TestClock;

    #[tokio::test]
    async fn guessing_from_elsewhere_does_not_lock_the_owner_out() {
        let coordination = MemoryCoordination::new(Arc::new(TestClock::default()));
        let rate = Rate { burst: 2, every: Duration::from_secs(60) };
        let (home, elsewhere) = ("192.0.2.1".parse().unwrap(), "198.51.100.1".parse().unwrap());
        remember(&coordination, "ann", home).await.unwrap();
        while by_account(&coordination, "ann", elsewhere, rate).await.is_ok() {}
        assert!(by_account(&coordination, "ann", home, rate).await.is_ok());
    }

    #[tokio::test]
    async fn guessing_from_many_addresses_leaves_each_a_few_tries() {
        let clock = Arc::new(TestClock::default());
        let coordination = MemoryCoordination::new(clock.clone());
        let rate = Rate { burst: 5, every: Duration::from_secs(6) };
        let tries = async |address: u8| {
            let mut tries = 0;
            while by_account(&coordination, "ann", [198, 51, 100, address].into(), rate).await.is_ok() {
                tries += 1;
            }
            tries
        };
        assert_eq!(tries(1).await, 5 + LAST.burst);
        for address in 2..50 {
            assert_eq!(tries(address).await, LAST.burst, "the owner may be any of them");
        }
        assert_eq!(tries(1).await, 0);
        clock.advance(LAST.every);
        assert_eq!(tries(1).await, 5 + 1);
    }

    #[tokio::test]
    async fn codes_are_guessed_from_no_number_of_addresses_and_the_owner_signs_in_at_home() {
        let coordination = MemoryCoordination::new(Arc::new(TestClock::default()));
        let rate = Rate { burst: 5, every: Duration::from_secs(300) };
        let home = "192.0.2.1".parse().unwrap();
        remember(&coordination, "ann", home).await.unwrap();
        let mut tries = 0;
        for address in 2..50 {
            while by_second_factor(&coordination, "ann", [198, 51, 100, address].into(), rate).await.is_ok() {
                tries += 1;
            }
        }
        assert_eq!(tries, rate.burst);
        assert!(by_second_factor(&coordination, "ann", home, rate).await.is_ok());
    }

    #[test]
    fn an_ipv6_customer_has_one_bucket() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::3"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::3"), network("2001:db8:1:3::3"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
