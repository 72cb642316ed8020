//! What every coordination must do. Each implementation runs this on a fresh instance.

use std::time::Duration;

use stadion_protocol::MatchId;

use super::{Claim, Coordination, OpenMatch, Rate};
use crate::testing::TestClock;

pub(super) async fn run(coordination: &dyn Coordination, clock: &TestClock) {
    notes_are_put_once_and_expire(coordination, clock).await;
    buckets_refill_one_by_one(coordination, clock).await;
    sets_hold_no_more_than_their_limit(coordination).await;
    the_fullest_match_is_claimed_first(coordination).await;
}

const SECOND: Duration = Duration::from_secs(1);

fn id(n: u8) -> MatchId {
    MatchId([n; 16])
}

async fn notes_are_put_once_and_expire(c: &dyn Coordination, clock: &TestClock) {
    assert_eq!(c.put_new("n", b"1", SECOND).await.unwrap(), None);
    assert_eq!(c.put_new("n", b"2", SECOND).await.unwrap().as_deref(), Some(&b"1"[..]));
    c.put("n", b"3", SECOND).await.unwrap();
    assert_eq!(c.get("n").await.unwrap().as_deref(), Some(&b"3"[..]));
    clock.advance(SECOND);
    assert_eq!(c.get("n").await.unwrap(), None);
    assert_eq!(c.put_new("n", b"4", SECOND).await.unwrap(), None);
    c.remove_if("n", b"3").await.unwrap();
    assert_eq!(c.get("n").await.unwrap().as_deref(), Some(&b"4"[..]));
    c.remove_if("n", b"4").await.unwrap();
    assert_eq!(c.get("n").await.unwrap(), None);
    c.put("n", b"5", SECOND).await.unwrap();
    c.remove("n").await.unwrap();
    assert_eq!(c.get("n").await.unwrap(), None);
}

async fn buckets_refill_one_by_one(c: &dyn Coordination, clock: &TestClock) {
    let rate = Rate { burst: 3, every: SECOND };
    for remaining in [2, 1, 0] {
        let allowance = c.take("b", rate).await.unwrap();
        assert!(allowance.allowed);
        assert_eq!(allowance.remaining, remaining);
    }
    let refused = c.take("b", rate).await.unwrap();
    assert!(!refused.allowed);
    assert_eq!((refused.retry_after, refused.full_in), (SECOND, 3 * SECOND));
    assert!(c.take("other", rate).await.unwrap().allowed, "buckets are apart");
    clock.advance(SECOND);
    assert!(c.take("b", rate).await.unwrap().allowed);
    assert!(!c.take("b", rate).await.unwrap().allowed);
}

async fn sets_hold_no_more_than_their_limit(c: &dyn Coordination) {
    assert!(c.join_set("s", id(1), 2).await.unwrap());
    assert!(c.join_set("s", id(1), 2).await.unwrap(), "a member stays one");
    assert!(c.join_set("s", id(2), 2).await.unwrap());
    assert!(!c.join_set("s", id(3), 2).await.unwrap());
    c.leave_set("s", id(1)).await.unwrap();
    assert!(c.join_set("s", id(3), 2).await.unwrap());
}

async fn the_fullest_match_is_claimed_first(c: &dyn Coordination) {
    let claim =
        async |except: &[MatchId], n| c.claim_or_list("p", except, OpenMatch { id: id(n), free: 3 }).await.unwrap();
    assert_eq!(claim(&[], 1).await, Claim::Create);
    c.list("p", OpenMatch { id: id(2), free: 2 }).await.unwrap();
    c.set_free("p", OpenMatch { id: id(2), free: 1 }).await.unwrap();
    assert_eq!(claim(&[], 9).await, Claim::Join(id(2)), "it lacks one player, the other three");
    assert_eq!(claim(&[], 9).await, Claim::Join(id(1)), "the other is full now");
    c.set_free("p", OpenMatch { id: id(2), free: 1 }).await.unwrap();
    assert_eq!(claim(&[], 9).await, Claim::Join(id(2)), "somebody left");
    c.unlist("p", id(1)).await.unwrap();
    c.set_free("p", OpenMatch { id: id(1), free: 2 }).await.unwrap();
    assert_eq!(claim(&[], 3).await, Claim::Create, "what is not listed is not brought back by a late word");
}
