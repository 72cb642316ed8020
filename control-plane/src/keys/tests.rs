//! What the keys of a deployment do as they change.

use super::*;
use crate::clock::SystemRng;

const HOUR: Duration = Duration::from_secs(3600);
const LIVES: KeyLives = KeyLives { tokens: HOUR, refresh: HOUR, artifacts: HOUR };

fn rotate(keys: &Keys, which: KeyUse, at: UnixMs) -> Result<UnixMs, RotateError> {
    keys.rotate(which, at, &LIVES, &SystemRng)
}

fn kids(keys: &Keys) -> Vec<String> {
    keys.api().public.keys().cloned().collect()
}

fn two_in(dir: &Path) -> [Keys; 2] {
    [(); 2].map(|()| Keys::load(dir, &SystemRng).unwrap())
}

#[test]
fn keys_are_the_same_after_a_restart_and_private() {
    let dir = tempfile::tempdir().unwrap();
    let [keys, again] = two_in(dir.path());
    assert_eq!(keys.join_verifiers(), again.join_verifiers());
    assert_eq!(keys.artifact_verifiers(), again.artifact_verifiers());
    assert_eq!(keys.jwks(), again.jwks());
    assert_eq!((keys.refresh(), keys.webhooks), (again.refresh(), again.webhooks));
    assert_eq!((keys.replicas, keys.second_factors), (again.replicas, again.second_factors));
}

#[test]
fn after_a_change_both_keys_are_good_and_the_new_one_signs() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keys::load(dir.path(), &SystemRng).unwrap();
    let old = keys.api().kid.clone();
    rotate(&keys, KeyUse::Tokens, UnixMs(1)).unwrap();
    assert_ne!(keys.api().kid, old);
    assert!(keys.api_verifier(&old).is_some());
    assert_eq!(kids(&keys).len(), 2);
    let after = Keys::load(dir.path(), &SystemRng).unwrap();
    assert_eq!((kids(&after), after.api().kid.clone()), (kids(&keys), keys.api().kid.clone()));
    assert_eq!(after.join_verifiers(), keys.join_verifiers());
}

#[test]
fn nothing_loses_its_key_before_it_expires() {
    for which in [KeyUse::Tokens, KeyUse::Refresh, KeyUse::Artifacts] {
        let keys = Keys::in_memory(&SystemRng);
        assert_eq!(rotate(&keys, which, UnixMs(1000)).unwrap(), UnixMs(1000).plus(HOUR));
        let soon = UnixMs(1000).plus(HOUR / 2);
        assert!(matches!(rotate(&keys, which, soon), Err(RotateError::TooSoon(wait)) if wait == HOUR / 2));
        rotate(&keys, which, UnixMs(1000).plus(HOUR)).unwrap();
    }
}

#[test]
fn keys_leave_when_their_time_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keys::load(dir.path(), &SystemRng).unwrap();
    let (kid, refresh) = (keys.api().kid.clone(), keys.refresh());
    let signature = keys.sign_artifact(b"manifest");
    for which in [KeyUse::Tokens, KeyUse::Refresh, KeyUse::Artifacts] {
        rotate(&keys, which, UnixMs(1000)).unwrap();
    }
    let believed = |keys: &Keys| {
        let artifact = keys.signer_of_artifact(b"manifest", &signature);
        (keys.api_verifier(&kid).is_some(), keys.verifies_refresh(|key| *key == refresh), artifact)
    };
    assert!(!keys.retire(UnixMs(1000).plus(HOUR / 2), &LIVES));
    assert_eq!(believed(&keys), (true, true, SignedBy::Previous));
    assert!(keys.retire(UnixMs(1000).plus(HOUR), &LIVES));
    assert_eq!(believed(&keys), (false, false, SignedBy::Nobody));
    assert_eq!((kids(&keys).len(), keys.join_verifiers().len(), keys.artifact_verifiers().len()), (1, 1, 1));
    assert!(!keys.retire(UnixMs(1000).plus(HOUR * 2), &LIVES), "they are gone");
    let after = Keys::load(dir.path(), &SystemRng).unwrap();
    assert!(after.retire(UnixMs(1000).plus(HOUR), &LIVES), "after a restart too");
    assert_eq!(believed(&after), (false, false, SignedBy::Nobody));
}

#[test]
fn another_replica_finds_the_new_key_when_it_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let [here, there] = two_in(dir.path());
    rotate(&here, KeyUse::Tokens, UnixMs(1)).unwrap();
    assert!(there.api_verifier("0000").is_none());
    assert!(there.api_verifier(&here.api().kid).is_some());
    assert_eq!(there.api().kid, here.api().kid);
    assert!(!there.reread().unwrap(), "there is nothing new");
    assert!(matches!(rotate(&there, KeyUse::Tokens, UnixMs(2)), Err(RotateError::TooSoon(_))));
}

#[test]
fn a_new_key_signs_join_tokens_once_every_host_has_heard_of_it() {
    let keys = Keys::in_memory(&SystemRng);
    let at = UnixMs(1000);
    let before = keys.join(at).kid.clone();
    rotate(&keys, KeyUse::Tokens, at).unwrap();
    let signs = |after: Duration| keys.join(at.plus(after)).kid.clone();
    assert_eq!(signs(HEARD_AFTER - Duration::from_millis(1)), before);
    assert_ne!(signs(HEARD_AFTER), before);
    assert!(keys.join_verifiers().contains_key(&signs(HEARD_AFTER)), "hosts believe it already");
}

#[test]
fn refresh_tokens_of_two_keys_are_good_and_those_of_a_third_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let [here, there] = two_in(dir.path());
    let first = here.refresh();
    rotate(&here, KeyUse::Refresh, UnixMs(1000)).unwrap();
    let second = here.refresh();
    assert!(first != second && here.verifies_refresh(|key| *key == first));
    assert!(there.verifies_refresh(|key| *key == second), "another replica looks");
    assert_eq!(there.refresh(), second);
    rotate(&here, KeyUse::Refresh, UnixMs(1000).plus(HOUR)).unwrap();
    assert!(!here.verifies_refresh(|key| *key == first) && here.verifies_refresh(|key| *key == second));
    let after = Keys::load(dir.path(), &SystemRng).unwrap();
    assert!(after.refresh() == here.refresh() && after.verifies_refresh(|key| *key == second));
}

#[test]
fn artifacts_of_the_key_before_are_good_and_a_new_one_signs() {
    let dir = tempfile::tempdir().unwrap();
    let [here, there] = two_in(dir.path());
    let before = here.sign_artifact(b"manifest");
    rotate(&here, KeyUse::Artifacts, UnixMs(1000)).unwrap();
    let after = here.sign_artifact(b"manifest");
    assert_eq!(here.signer_of_artifact(b"manifest", &before), SignedBy::Previous);
    assert_eq!(here.signer_of_artifact(b"another", &before), SignedBy::Nobody);
    assert_eq!(there.signer_of_artifact(b"manifest", &after), SignedBy::Present, "another replica looks");
    assert_eq!(there.artifact_verifiers(), here.artifact_verifiers());
}

#[test]
fn hosts_hear_of_a_key_before_it_signs() {
    let keys = Keys::in_memory(&SystemRng);
    let told = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let (of_join, of_artifacts) = (told.clone(), told.clone());
    keys.tell(Box::new(move |verifiers| of_join.lock().unwrap().0.push(verifiers.clone())));
    keys.tell_of_artifacts(Box::new(move |verifiers| of_artifacts.lock().unwrap().1.push(verifiers.to_vec())));
    rotate(&keys, KeyUse::Tokens, UnixMs(1)).unwrap();
    rotate(&keys, KeyUse::Artifacts, UnixMs(1)).unwrap();
    let (join, artifacts) = &*told.lock().unwrap();
    assert_eq!((join[0].len(), &join[1]), (1, &keys.join_verifiers()));
    assert_eq!((artifacts[0].len(), &artifacts[1]), (1, &keys.artifact_verifiers()));
    assert_eq!(artifacts[1][1], artifacts[0][0]);
}

#[cfg(unix)]
#[test]
fn keys_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    Keys::load(dir.path(), &SystemRng).unwrap();
    let path = dir.path().join("join.key");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Keys::load(dir.path(), &SystemRng), Err(KeysError::Exposed(_))));
}
