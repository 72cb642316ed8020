//! What every store must do with webhooks and their deliveries; a part of [`super::suite`].

use super::suite::{account, game};
use super::{NewWebhookError, Store};
use crate::model::{
    Attempt, Claim, Delivery, DeliveryId, DeliveryStatus, EventKind, NewEvent, Outcome, PageRequest, Salts, UnixMs,
    Webhook, WebhookId, WebhookKind, WebhookState,
};

pub(super) async fn run(store: &dyn Store) {
    webhooks_have_a_name_of_their_own_in_their_game(store).await;
    secrets_change_by_compare_and_set(store).await;
    deliveries_are_claimed_by_one_and_by_the_next_when_the_claim_is_over(store).await;
    claims_together_give_each_delivery_once(store).await;
    what_came_of_a_try_is_noted_and_read_page_by_page(store).await;
    a_webhook_that_is_off_is_told_nothing(store).await;
    what_happens_is_planned_once(store).await;
    webhooks_go_with_their_deliveries(store).await;
}

fn webhook(n: u8, name: &str) -> Webhook {
    Webhook {
        id: WebhookId([n; 8]),
        game: game("chess"),
        name: name.parse().unwrap(),
        url: "https://hooks.example/a?b=c".to_owned(),
        kinds: [WebhookKind::MatchEnded, WebhookKind::ReportFiled].into(),
        state: WebhookState::Enabled,
        salts: Salts { current: [n; 16], previous: None },
        failing_since: None,
        cursor: 0,
        created_at: UnixMs(5),
    }
}

fn delivery(n: u8, webhook: u8, next_at: u64) -> Delivery {
    Delivery {
        number: 0,
        id: DeliveryId([n; 16]),
        webhook: WebhookId([webhook; 8]),
        kind: WebhookKind::MatchEnded,
        body: "{\"type\":\"match.ended\"}".to_owned(),
        created_at: UnixMs(next_at),
        status: DeliveryStatus::Pending,
        attempts: 0,
        tries: 0,
        next_at: UnixMs(next_at),
        last: None,
    }
}

fn claim(now: u64, at_once: u32, most: u32) -> Claim {
    Claim { now: UnixMs(now), until: UnixMs(now + 60), at_once, most }
}

async fn claimed(store: &dyn Store, claim: Claim) -> Vec<u8> {
    let mut ids: Vec<u8> =
        store.claim_deliveries(&claim).await.unwrap().iter().map(|(_, delivery)| delivery.id.0[0]).collect();
    ids.sort_unstable();
    ids
}

fn came(at: u64, code: Option<u16>) -> Attempt {
    Attempt { at: UnixMs(at), code, error: code.is_none().then(|| "no answer".to_owned()) }
}

async fn webhooks_have_a_name_of_their_own_in_their_game(store: &dyn Store) {
    assert_eq!(store.webhooks(&game("chess")).await.unwrap(), []);
    for (n, name) in [(2, "results"), (1, "bank")] {
        store.create_webhook(&webhook(n, name), 2).await.unwrap();
    }
    let taken = store.create_webhook(&webhook(3, "bank"), 9).await;
    assert!(matches!(taken, Err(NewWebhookError::NameTaken)), "{taken:?}");
    let full = store.create_webhook(&webhook(3, "more"), 2).await;
    assert!(matches!(full, Err(NewWebhookError::TooMany(2))), "{full:?}");
    let elsewhere = Webhook { game: game("go"), ..webhook(3, "bank") };
    store.create_webhook(&elsewhere, 2).await.unwrap();
    assert_eq!(store.webhooks(&game("chess")).await.unwrap(), [webhook(1, "bank"), webhook(2, "results")]);
    let of_ann = store.webhooks_of(&account("ann").id).await.unwrap();
    assert_eq!(of_ann, [webhook(1, "bank"), webhook(2, "results"), elsewhere.clone()]);
    assert_eq!(store.webhooks_of(&"p-guest0".parse().unwrap()).await.unwrap(), []);
    let name = |text: &str| text.parse().unwrap();
    assert_eq!(store.webhook(&game("go"), &name("bank")).await.unwrap(), Some(elsewhere));
    assert_eq!(store.webhook(&game("go"), &name("results")).await.unwrap(), None);
    let paused = Webhook { state: WebhookState::Paused, kinds: [].into(), ..webhook(2, "results") };
    assert!(store.set_webhook(&paused).await.unwrap());
    assert_eq!(store.webhook(&game("chess"), &name("results")).await.unwrap(), Some(paused));
    assert!(store.set_webhook(&webhook(2, "results")).await.unwrap());
    assert!(!store.set_webhook(&webhook(9, "results")).await.unwrap());
}

async fn secrets_change_by_compare_and_set(store: &dyn Store) {
    let id = WebhookId([1; 8]);
    let next = Salts { current: [11; 16], previous: Some(([1; 16], UnixMs(70))) };
    assert!(store.rotate_webhook(id, &[1; 16], &next).await.unwrap());
    assert!(!store.rotate_webhook(id, &[1; 16], &next).await.unwrap(), "somebody was first");
    let now = store.webhook(&game("chess"), &"bank".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(now, Webhook { salts: next, ..webhook(1, "bank") });
    let alone = Salts { current: [1; 16], previous: None };
    assert!(store.rotate_webhook(id, &[11; 16], &alone).await.unwrap());
}

async fn deliveries_are_claimed_by_one_and_by_the_next_when_the_claim_is_over(store: &dyn Store) {
    store.add_deliveries(&[]).await.unwrap();
    let made = [delivery(1, 1, 100), delivery(2, 1, 101), delivery(3, 1, 102), delivery(4, 2, 500)];
    store.add_deliveries(&made).await.unwrap();
    store.add_deliveries(&[delivery(1, 1, 999), delivery(5, 77, 1)]).await.unwrap();
    assert!(claimed(store, claim(99, 9, 9)).await.is_empty(), "none is due");
    assert!(claimed(store, claim(200, 9, 0)).await.is_empty(), "there is no room");
    let first = store.claim_deliveries(&claim(200, 2, 9)).await.unwrap();
    assert_eq!(first.len(), 2, "as many at once as one webhook may have");
    assert_eq!(first[0].0, webhook(1, "bank"));
    let oldest = first.iter().find(|(_, delivery)| delivery.id.0[0] == 1).unwrap();
    assert_eq!((oldest.1.attempts, oldest.1.tries, &oldest.1.body), (1, 1, &made[0].body));
    assert!(claimed(store, claim(201, 2, 9)).await.is_empty(), "they are under way");
    assert_eq!(claimed(store, claim(201, 3, 9)).await, [3]);
    assert_eq!(claimed(store, claim(270, 9, 1)).await.len(), 1, "nobody said what came of them");
    assert_eq!(claimed(store, claim(270, 9, 9)).await.len(), 2);
    let again = store.delivery(WebhookId([1; 8]), DeliveryId([1; 16])).await.unwrap().unwrap();
    assert_eq!((again.attempts, again.status, again.next_at), (2, DeliveryStatus::Pending, UnixMs(330)));
    let late = store.settle_delivery(DeliveryId([1; 16]), 1, &came(271, Some(200)), Outcome::Delivered).await;
    assert!(!late.unwrap(), "its time was up, and another tries");
}

async fn claims_together_give_each_delivery_once(store: &dyn Store) {
    let made: Vec<Delivery> = (100..140).map(|n| delivery(n, 3, 280)).collect();
    store.add_deliveries(&made).await.unwrap();
    let mut all = Vec::new();
    while all.len() < made.len() {
        let before = all.len();
        let together = futures_util::future::join_all((0..4).map(|_| claimed(store, claim(280, 40, 7)))).await;
        all.extend(together.into_iter().flatten().filter(|id| *id >= 100));
        assert!(all.len() > before, "whoever comes finds some");
    }
    all.sort_unstable();
    assert_eq!(all, (100..140).collect::<Vec<u8>>());
    for id in all {
        let came = came(281, Some(200));
        let settled = store.settle_delivery(DeliveryId([id; 16]), 1, &came, Outcome::Delivered).await;
        assert!(settled.unwrap());
    }
}

async fn what_came_of_a_try_is_noted_and_read_page_by_page(store: &dyn Store) {
    let hook = WebhookId([1; 8]);
    let settle = async |n: u8, attempt, code, outcome| {
        store.settle_delivery(DeliveryId([n; 16]), attempt, &came(280, code), outcome).await.unwrap()
    };
    let failing =
        async || store.webhook(&game("chess"), &"bank".parse().unwrap()).await.unwrap().unwrap().failing_since;
    assert!(settle(1, 2, None, Outcome::Again(UnixMs(5_000))).await);
    assert_eq!(failing().await, Some(UnixMs(280)));
    assert!(settle(2, 2, Some(500), Outcome::Failed).await);
    assert!(settle(3, 2, Some(204), Outcome::Delivered).await);
    assert_eq!(failing().await, None, "it answers");
    assert!(!settle(3, 2, Some(500), Outcome::Failed).await, "that is over");
    let page = async |status, after, limit| {
        let page = store.deliveries(hook, status, &PageRequest { after, limit }).await.unwrap();
        (page.items.iter().map(|delivery| delivery.id.0[0]).collect::<Vec<_>>(), page.next)
    };
    let (newest, next) = page(None, None, 2).await;
    assert_eq!(newest, [3, 2]);
    assert_eq!(page(None, next, 2).await, (vec![1], None));
    assert_eq!(page(Some(DeliveryStatus::Failed), None, 9).await.0, [2]);
    assert_eq!(page(Some(DeliveryStatus::Pending), None, 9).await.0, [1]);
    let failed = store.delivery(hook, DeliveryId([2; 16])).await.unwrap().unwrap();
    assert_eq!((failed.last, failed.attempts, failed.tries), (Some(came(280, Some(500))), 2, 2));
    assert!(store.redeliver(hook, DeliveryId([2; 16]), UnixMs(300)).await.unwrap());
    assert!(!store.redeliver(hook, DeliveryId([4; 16]), UnixMs(300)).await.unwrap(), "that is another's");
    let again = store.delivery(hook, DeliveryId([2; 16])).await.unwrap().unwrap();
    assert_eq!((again.status, again.attempts, again.tries), (DeliveryStatus::Pending, 2, 0));
    assert_eq!(claimed(store, claim(300, 9, 9)).await, [2]);
    assert!(store.redeliver(hook, DeliveryId([2; 16]), UnixMs(301)).await.unwrap());
    assert!(claimed(store, claim(301, 9, 9)).await.is_empty(), "it is being tried right now");
    assert!(settle(2, 3, Some(200), Outcome::Delivered).await);
}

async fn a_webhook_that_is_off_is_told_nothing(store: &dyn Store) {
    let hook = WebhookId([2; 8]);
    assert!(store.disable_webhook(hook, "410").await.unwrap());
    assert!(!store.disable_webhook(hook, "again").await.unwrap());
    let off = store.webhook(&game("chess"), &"results".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(off.state, WebhookState::Disabled("410".to_owned()));
    assert!(claimed(store, claim(600, 9, 9)).await.is_empty());
    assert!(store.set_webhook(&webhook(2, "results")).await.unwrap());
    assert_eq!(claimed(store, claim(600, 9, 9)).await, [4], "what waited goes on");
}

async fn what_happens_is_planned_once(store: &dyn Store) {
    let begin = store.last_event().await.unwrap();
    let behind = async || {
        let behind = store.webhooks_behind().await.unwrap();
        behind.iter().filter(|webhook| webhook.cursor >= begin).map(|webhook| webhook.id.0[0]).collect::<Vec<_>>()
    };
    let paused = Webhook { state: WebhookState::Paused, ..webhook(2, "results") };
    for off in [&paused, &Webhook { id: WebhookId([1; 8]), ..paused.clone() }] {
        assert!(store.set_webhook(off).await.unwrap());
        let on = Webhook { state: WebhookState::Enabled, cursor: begin, ..off.clone() };
        assert!(store.set_webhook(&on).await.unwrap());
    }
    assert!(store.set_webhook(&Webhook { cursor: begin + 9, ..webhook(2, "results") }).await.unwrap(), "it is on");
    assert!(store.set_webhook(&Webhook { kinds: [].into(), ..webhook(1, "bank") }).await.unwrap());
    assert_eq!(behind().await, [0; 0]);
    let at = UnixMs(650);
    let event = |text: &str| NewEvent { game: Some(game(text)), ..NewEvent::new(EventKind::MatchEnded, at) };
    store.append_events(&[event("poker")]).await.unwrap();
    assert_eq!(behind().await, [0; 0]);
    store.append_events(&[event("chess"), NewEvent::new(EventKind::HostUp, at)]).await.unwrap();
    assert_eq!(behind().await, [2], "the other one wants nothing");
    let (hook, last) = (WebhookId([2; 8]), store.last_event().await.unwrap());
    let planned = [delivery(200, 2, 650), delivery(201, 2, 650)];
    assert!(store.plan_deliveries(hook, (begin, last), &planned).await.unwrap());
    assert!(!store.plan_deliveries(hook, (begin, last), &[delivery(202, 2, 650)]).await.unwrap(), "somebody was first");
    assert_eq!(behind().await, [0; 0]);
    assert_eq!(claimed(store, claim(650, 9, 9)).await, [200, 201]);
}

async fn webhooks_go_with_their_deliveries(store: &dyn Store) {
    assert_eq!(store.forget_deliveries(UnixMs(103)).await.unwrap(), 2, "those that are over");
    assert!(store.delivery(WebhookId([1; 8]), DeliveryId([1; 16])).await.unwrap().is_some(), "this one is pending");
    for n in [1, 2, 3] {
        assert!(store.remove_webhook(WebhookId([n; 8])).await.unwrap());
        assert!(!store.remove_webhook(WebhookId([n; 8])).await.unwrap());
    }
    assert_eq!(store.delivery(WebhookId([1; 8]), DeliveryId([1; 16])).await.unwrap(), None);
    assert_eq!(store.webhooks_of(&account("ann").id).await.unwrap(), []);
    let gone = store.settle_delivery(DeliveryId([4; 16]), 1, &came(601, Some(200)), Outcome::Delivered).await;
    assert!(!gone.unwrap());
}
