//! What every store must do about second factors. Part of [`super::suite`], after its accounts.

use super::Store;
use super::suite_security::guest;
use crate::model::{SecondFactor, UnixMs};

pub(super) async fn run(store: &dyn Store) {
    let account = guest("with-two-factors");
    store.create_account(&account, None, None).await.unwrap();
    let id = &account.id;
    assert_eq!(store.second_factor(id).await.unwrap(), None);
    assert!(!store.use_period(id, 1).await.unwrap());
    let (first, second, hash) = ([1; 16], [2; 16], |n: u8| [n; 32]);
    assert!(store.enrol_second_factor(id, &first).await.unwrap());
    assert!(store.enrol_second_factor(id, &second).await.unwrap(), "in place of one that was not confirmed");
    let at = (70, UnixMs(2_100_000));
    assert!(!store.confirm_second_factor(id, &first, at, &[hash(1)]).await.unwrap(), "another one was begun");
    assert!(store.confirm_second_factor(id, &second, at, &[hash(1), hash(2)]).await.unwrap());
    assert!(!store.confirm_second_factor(id, &second, at, &[hash(3)]).await.unwrap(), "it is confirmed");
    assert!(!store.enrol_second_factor(id, &first).await.unwrap(), "it is confirmed");
    let kept = SecondFactor { salt: second, confirmed_at: Some(at.1), last_period: 70, recovery_codes: 2 };
    assert_eq!(store.second_factor(id).await.unwrap(), Some(kept.clone()));
    for (period, taken) in [(70, false), (69, false), (72, true), (72, false), (71, false)] {
        assert_eq!(store.use_period(id, period).await.unwrap(), taken, "{period}");
    }
    for (code, taken) in [(hash(3), false), (hash(1), true), (hash(1), false)] {
        assert_eq!(store.use_recovery_code(id, &code).await.unwrap(), taken);
    }
    let used = SecondFactor { last_period: 72, recovery_codes: 1, ..kept };
    assert_eq!(store.second_factor(id).await.unwrap(), Some(used));
    assert!(store.remove_second_factor(id).await.unwrap());
    assert!(!store.remove_second_factor(id).await.unwrap());
    assert!(!store.use_recovery_code(id, &hash(2)).await.unwrap(), "its codes went with it");
    assert!(store.enrol_second_factor(id, &first).await.unwrap());
    assert!(store.confirm_second_factor(id, &first, at, &[hash(4)]).await.unwrap());
    store.delete_account(id).await.unwrap();
    assert_eq!(store.second_factor(id).await.unwrap(), None);
}
