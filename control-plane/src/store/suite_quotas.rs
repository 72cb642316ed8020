//! What every store must do about quotas. Part of [`super::suite`], after its games and matches.

use super::Store;
use super::suite::account;
use crate::model::{Owned, QuotaOverride};

pub(super) async fn run(store: &dyn Store) {
    let ann = account("ann").id;
    assert_eq!(store.quotas_of(&ann).await.unwrap(), QuotaOverride::default());
    let some = QuotaOverride { games: Some(2), stored_bytes: Some(1 << 40), ..QuotaOverride::default() };
    assert!(store.set_quotas(&ann, &some).await.unwrap());
    assert_eq!(store.quotas_of(&ann).await.unwrap(), some);
    let other = QuotaOverride { versions: Some(0), cpu_seconds_a_day: Some(7), ..QuotaOverride::default() };
    assert!(store.set_quotas(&ann, &other).await.unwrap());
    assert_eq!(store.quotas_of(&ann).await.unwrap(), other, "in place of what was said before");
    let nobody = "p-nobody-at-all".parse().unwrap();
    assert!(!store.set_quotas(&nobody, &other).await.unwrap());
    let Owned { games, versions, stored_bytes, running_matches } = store.owned(&ann).await.unwrap();
    assert!(games >= 2 && versions >= 2, "{games} {versions}");
    assert_eq!(stored_bytes, u64::from(versions) * 1234, "each upload has that many");
    assert!(running_matches <= 10, "{running_matches}");
    assert_eq!(store.owned(&nobody).await.unwrap(), Owned::default());
}
