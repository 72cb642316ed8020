//! What every store must do with keys, identities, passwords, sessions and the audit log; a part of [`super::suite`].

use super::suite::{account, game, name, password, session};
use super::{DeleteAccountError, NewAccountError, Store, Unlinked};
use crate::model::{
    Account, ApiKey, AuditEntry, AuditFilter, Identity, MatchRecord, PageRequest, PasswordHash, Role, Scope, Scopes,
    Session, SessionId, UnixMs,
};

pub(super) async fn run(store: &dyn Store) {
    keys_lead_to_their_account_until_they_are_revoked(store).await;
    guests_become_registered_accounts(store).await;
    passwords_change_by_compare_and_set(store).await;
    all_sessions_but_one_are_revoked(store).await;
    identities_belong_to_one_account(store).await;
    the_audit_log_is_read_newest_first_and_forgotten_by_age(store).await;
    deleted_accounts_leave_an_id_alone(store).await;
}

pub(super) fn guest(text: &str) -> Account {
    Account { id: format!("p-{text}").parse().unwrap(), sign_in: None, role: Role::Player, ..account("guest") }
}

async fn keys_lead_to_their_account_until_they_are_revoked(store: &dyn Store) {
    let key = ApiKey {
        hash: [4; 32],
        account: account("ann").id,
        label: "laptop".to_owned(),
        scopes: Scopes::Everything,
        created_at: UnixMs(1),
        expires_at: None,
    };
    let scopes = Scopes::Only([Scope::Players].into());
    let scoped = ApiKey { hash: [5; 32], scopes, created_at: UnixMs(2), expires_at: Some(UnixMs(99)), ..key.clone() };
    for key in [&key, &scoped] {
        store.create_api_key(key).await.unwrap();
    }
    assert_eq!(store.api_key(&[4; 32]).await.unwrap(), Some((key.clone(), account("ann"))));
    assert_eq!(store.api_key(&[6; 32]).await.unwrap(), None);
    assert_eq!(store.api_keys(&account("ann").id).await.unwrap(), [key, scoped.clone()]);
    assert!(!store.remove_api_key(&"p-guest0".parse().unwrap(), scoped.id()).await.unwrap(), "somebody else's");
    assert!(store.remove_api_key(&account("ann").id, scoped.id()).await.unwrap());
    assert!(!store.remove_api_key(&account("ann").id, scoped.id()).await.unwrap());
    assert_eq!(store.api_key(&[5; 32]).await.unwrap(), None);
}

async fn guests_become_registered_accounts(store: &dyn Store) {
    let guest = guest("upgraded");
    store.create_account(&guest, None, None).await.unwrap();
    let taken = store.register_account(&guest.id, &name("ANN"), &password()).await;
    assert!(matches!(taken, Err(NewAccountError::NameTaken)));
    assert!(store.register_account(&guest.id, &name("Bea"), &password()).await.unwrap());
    assert!(!store.register_account(&guest.id, &name("Bob"), &password()).await.unwrap(), "it has a name");
    let bea = Account { name: "Bea".parse().unwrap(), sign_in: Some(name("Bea")), ..guest };
    assert_eq!(store.credentials(&name("bea")).await.unwrap(), Some((bea.clone(), password())));
    assert!(store.set_role(&bea.id, Role::Developer).await.unwrap());
    assert_eq!(store.account(&bea.id).await.unwrap(), Some(Account { role: Role::Developer, ..bea }));
    assert!(!store.set_role(&"p-nobody".parse().unwrap(), Role::Player).await.unwrap());
}

async fn passwords_change_by_compare_and_set(store: &dyn Store) {
    let (id, other) = (guest("upgraded").id, PasswordHash("$argon2id$other".to_owned()));
    assert_eq!(store.password(&id).await.unwrap(), Some(password()));
    assert_eq!(store.password(&"p-nobody".parse().unwrap()).await.unwrap(), None);
    assert!(store.set_password(&id, &password(), &other).await.unwrap());
    assert!(!store.set_password(&id, &password(), &other).await.unwrap(), "somebody was first");
    assert_eq!(store.password(&id).await.unwrap(), Some(other));
}

async fn all_sessions_but_one_are_revoked(store: &dyn Store) {
    let of = |n: u8| Session { account: guest("upgraded").id, rotated_at: UnixMs(u64::from(n)), ..session(n) };
    for n in [11, 12, 13] {
        store.create_session(&of(n)).await.unwrap();
    }
    store.create_session(&Session { expires_at: UnixMs(50), ..of(14) }).await.unwrap();
    let id = of(11).account;
    assert_eq!(store.sessions(&id, UnixMs(60)).await.unwrap(), [of(13), of(12), of(11)]);
    let mut revoked = store.revoke_sessions(&id, Some(SessionId([12; 16])), UnixMs(60)).await.unwrap();
    revoked.sort_by_key(|id| id.0);
    assert_eq!(revoked, [SessionId([11; 16]), SessionId([13; 16])]);
    assert_eq!(store.sessions(&id, UnixMs(60)).await.unwrap(), [of(12)]);
    assert_eq!(store.revoke_sessions(&id, None, UnixMs(60)).await.unwrap(), [SessionId([12; 16])]);
    assert!(store.session(SessionId([12; 16])).await.unwrap().unwrap().revoked);
}

async fn identities_belong_to_one_account(store: &dyn Store) {
    let linked = guest("linked");
    store.create_account(&linked, None, None).await.unwrap();
    let identity = Identity {
        provider: "acme".to_owned(),
        subject: "42".to_owned(),
        account: linked.id.clone(),
        linked_at: UnixMs(7),
    };
    assert_eq!(store.account_of_identity("acme", "42").await.unwrap(), None);
    assert!(store.link_identity(&identity).await.unwrap());
    assert!(store.link_identity(&identity).await.unwrap(), "it is linked so already");
    let other = Identity { account: guest("upgraded").id, ..identity.clone() };
    assert!(!store.link_identity(&other).await.unwrap());
    let now = Account { linked: true, ..linked };
    assert_eq!(store.account_of_identity("acme", "42").await.unwrap(), Some(now.clone()));
    assert!(!now.is_guest());
    assert_eq!(store.identities(&now.id).await.unwrap(), std::slice::from_ref(&identity));
    let unlink = async |provider: &str| store.unlink_identity(&now.id, provider).await.unwrap();
    assert_eq!(unlink("other").await, Unlinked::NotLinked);
    assert_eq!(unlink("acme").await, Unlinked::LastWayIn);
    let second = Identity { provider: "other".to_owned(), linked_at: UnixMs(8), ..identity.clone() };
    assert!(store.link_identity(&second).await.unwrap());
    assert_eq!((unlink("acme").await, unlink("acme").await), (Unlinked::Done, Unlinked::NotLinked));
    assert_eq!(unlink("other").await, Unlinked::LastWayIn);
    assert_eq!(store.identities(&now.id).await.unwrap(), [second]);
    assert_eq!(store.account_of_identity("acme", "42").await.unwrap(), None);
    assert!(store.link_identity(&identity).await.unwrap(), "it may come back");
}

fn entry(at: u64, actor: Option<&str>, action: &str) -> AuditEntry {
    AuditEntry {
        at: UnixMs(at),
        actor: actor.map(|id| id.parse().unwrap()),
        action: action.to_owned(),
        target: "chess".to_owned(),
        status: 200,
        from: "192.0.2.1".parse().unwrap(),
        request: "r".to_owned(),
    }
}

async fn the_audit_log_is_read_newest_first_and_forgotten_by_age(store: &dyn Store) {
    let entries = [entry(10, Some("p-ann"), "PUT /a"), entry(20, None, "POST /b"), entry(30, Some("p-ann"), "POST /c")];
    store.append_audit(&entries).await.unwrap();
    let read = async |filter: AuditFilter, after, limit| {
        let page = store.audit(&filter, &PageRequest { after, limit }).await.unwrap();
        (page.items.into_iter().map(|(_, entry)| entry.at.0).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = read(AuditFilter::default(), None, 2).await;
    assert_eq!(first, [30, 20]);
    assert_eq!(read(AuditFilter::default(), next, 2).await, (vec![10], None));
    let by = AuditFilter { actor: Some("p-ann".parse().unwrap()), ..AuditFilter::default() };
    assert_eq!(read(by, None, 9).await.0, [30, 10]);
    let of = AuditFilter { action: Some("POST".to_owned()), ..AuditFilter::default() };
    assert_eq!(read(of, None, 9).await.0, [30, 20]);
    assert_eq!(store.forget_audit(UnixMs(20)).await.unwrap(), 1);
    let page = store.audit(&AuditFilter::default(), &PageRequest { after: None, limit: 9 }).await.unwrap();
    assert_eq!(
        page.items.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>(),
        [entries[2].clone(), entries[1].clone()]
    );
}

async fn deleted_accounts_leave_an_id_alone(store: &dyn Store) {
    let refused = store.delete_account(&account("ann").id).await;
    assert!(matches!(refused, Err(DeleteAccountError::OwnsGame(owned)) if owned == game("chess")));
    let linked = guest("linked").id;
    let with_seat = store.matches_of_player(&"p-ann".parse().unwrap(), 10).await.unwrap();
    assert_eq!(with_seat.len(), 2, "those that have ended, with her in a seat");
    store.delete_account(&linked).await.unwrap();
    let left = store.account(&linked).await.unwrap().unwrap();
    assert_eq!((left.name.as_str(), left.sign_in, left.linked), ("deleted", None, false));
    assert_eq!(store.account_of_identity("acme", "42").await.unwrap(), None);
    assert!(store.sessions(&linked, UnixMs(0)).await.unwrap().is_empty());
    let mut seats = store.match_record(with_seat[0]).await.unwrap().map(|MatchRecord { seats, .. }| seats).unwrap();
    super::identity::forget_player(&mut seats, &"p-ann".parse().unwrap());
    assert_eq!(seats[0].player.name, "deleted");
}
