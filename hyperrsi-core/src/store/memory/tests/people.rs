use super::{account, at, btc, ready};
use crate::store::*;

fn user(id: &str) -> User {
    let (name, language) = (id.into(), "en".into());
    User { id: id.into(), name, role: Role::Trader, language, created: at(0), disabled: false }
}

fn owned(id: &str, user: &str) -> AccountEntry {
    AccountEntry {
        id: id.into(),
        user: user.into(),
        venue: "sim".into(),
        environment: Environment::Paper,
        label: id.into(),
        venue_uid: None,
        created: at(0),
        disabled: false,
    }
}

fn deployment(trader: &str, wanted: Wanted) -> Deployment {
    Deployment {
        trader: trader.into(),
        account: account(),
        instrument: btc(),
        strategy: "hyperrsi".into(),
        timeframe: None,
        preset: Some("p1".into()),
        wanted,
        entries_paused: false,
        dry_run: false,
        since: at(0),
    }
}

fn preset(id: &str, user: &str) -> Preset {
    let (strategy, name, description) = ("hyperrsi".into(), id.into(), String::new());
    Preset { id: id.into(), user: user.into(), strategy, name, description, default: true }
}

/// Two users, the first with an account and a preset.
fn peopled() -> MemoryStore {
    let store = MemoryStore::new();
    ready(store.put_user(user("ann"))).unwrap();
    ready(store.put_user(user("bob"))).unwrap();
    ready(store.put_account(owned("main", "ann"))).unwrap();
    ready(store.put_preset(preset("p1", "ann"))).unwrap();
    store
}

fn conflicts<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
}

#[test]
fn what_is_one_users_cannot_become_anothers() {
    let store = peopled();
    let chat = Identity { provider: "telegram".into(), subject: "42".into() };
    ready(store.link(chat.clone(), &"ann".into())).unwrap();
    ready(store.link(chat.clone(), &"ann".into())).unwrap();
    assert!(conflicts(ready(store.link(chat.clone(), &"bob".into()))));
    assert!(conflicts(ready(store.put_account(owned("main", "bob")))));
    assert!(conflicts(ready(store.put_preset(preset("p1", "bob")))));
    assert!(matches!(ready(store.link(chat.clone(), &"eve".into())), Err(StoreError::NotFound { .. })));
    assert_eq!(ready(store.user_of(&chat)), Ok(Some("ann".into())));
    assert_eq!(ready(store.identities(&"ann".into())), Ok(vec![chat.clone()]));
    ready(store.unlink(&chat)).unwrap();
    ready(store.link(chat, &"bob".into())).unwrap();
}

#[test]
fn users_come_in_pages() {
    let store = peopled();
    let page = |after: Option<&str>| {
        let after = after.map(UserId::from);
        ready(store.users(after.as_ref(), 1)).unwrap().into_iter().map(|u| u.name).collect::<Vec<_>>()
    };
    assert_eq!(page(None), ["ann"]);
    assert_eq!(page(Some("ann")), ["bob"]);
    assert!(page(Some("bob")).is_empty());
}

#[test]
fn an_instrument_of_an_account_has_one_trader() {
    let store = peopled();
    ready(store.put_deployment(deployment("t1", Wanted::Running))).unwrap();
    let second = ready(store.put_deployment(deployment("t2", Wanted::Running))).unwrap_err();
    assert!(second.to_string().contains("instrument_in_use"), "{second}");
    ready(store.put_deployment(deployment("t1", Wanted::Stopped))).unwrap();
    assert_eq!(ready(store.deployments(&account())).unwrap().len(), 1);
    ready(store.remove_deployment(&"t1".into())).unwrap();
    ready(store.put_deployment(deployment("t2", Wanted::Running))).unwrap();
}

#[test]
fn nothing_in_use_is_removed() {
    let store = peopled();
    ready(store.put_deployment(deployment("t1", Wanted::ManageOnly))).unwrap();
    assert!(conflicts(ready(store.remove_preset(&"p1".into()))));
    assert!(conflicts(ready(store.remove_account(&account()))));
    assert!(conflicts(ready(store.remove_user(&"ann".into()))));
    ready(store.put_deployment(deployment("t1", Wanted::Stopped))).unwrap();
    ready(store.remove_account(&account())).unwrap();
    ready(store.remove_preset(&"p1".into())).unwrap();
    ready(store.remove_user(&"ann".into())).unwrap();
    assert_eq!(ready(store.user(&"ann".into())), Ok(None));
    assert_eq!(ready(store.deployments(&account())), Ok(vec![]));
}

#[test]
fn settings_are_versioned_and_a_stale_change_is_refused() {
    let store = peopled();
    let key = LayerKey { strategy: "hyperrsi".into(), layer: Layer::Account(account()) };
    let write = |expected, text: &str| {
        let body = Body::from_json(text).unwrap();
        ready(store.put_settings(&key, expected, at(1), Some(&"ann".into()), body)).map(|s| s.version)
    };
    assert_eq!(ready(store.settings(&key, None)), Ok(None));
    assert_eq!(write(0, r#"{"leverage":5}"#), Ok(1));
    assert_eq!(write(1, r#"{"leverage":6}"#), Ok(2));
    assert!(conflicts(write(1, r#"{"leverage":7}"#)));
    let leverage =
        |version| ready(store.settings(&key, version)).unwrap().map(|s| s.body.as_json().to_owned());
    assert_eq!(leverage(None).as_deref(), Some(r#"{"leverage":6}"#));
    assert_eq!(leverage(Some(1)).as_deref(), Some(r#"{"leverage":5}"#));
    assert_eq!(leverage(Some(3)), None);
}

#[test]
fn one_preset_is_the_default() {
    let store = peopled();
    ready(store.put_preset(preset("p2", "ann"))).unwrap();
    let defaults: Vec<_> =
        ready(store.presets(&"ann".into())).unwrap().into_iter().map(|p| p.default).collect();
    assert_eq!(defaults, [false, true]);
}

#[test]
fn sealed_secrets_do_not_show_in_debug_output() {
    let store = peopled();
    let sealed = Sealed {
        account: account(),
        name: "api".into(),
        key_id: "k1".into(),
        nonce: vec![201, 202, 203],
        ciphertext: vec![211, 212, 213],
        at: at(0),
    };
    let shown = format!("{sealed:?}");
    assert!(shown.contains("k1") && !shown.contains("201") && !shown.contains("211"), "{shown}");
    ready(store.put_sealed(sealed.clone())).unwrap();
    assert_eq!(ready(store.sealed(&account(), &"api".into())), Ok(Some(sealed)));
    assert!(!format!("{store:?}").contains("211"));
    ready(store.remove_sealed(&account(), &"api".into())).unwrap();
    assert_eq!(ready(store.sealed(&account(), &"api".into())), Ok(None));
}

#[test]
fn items_stay_in_their_space() {
    let store = peopled();
    let ann = "ann".into();
    let put = |space: &'static str, key| {
        ready(store.put_item(&ann, &space.into(), key, Body::of(key).unwrap())).unwrap();
    };
    put("bot", "b");
    put("bot", "a");
    put("web", "c");
    let keys: Vec<_> =
        ready(store.items(&ann, &"bot".into())).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a", "b"]);
    ready(store.remove_item(&ann, &"bot".into(), "a")).unwrap();
    assert_eq!(ready(store.item(&ann, &"bot".into(), "a")), Ok(None));
    assert!(ready(store.item(&ann, &"web".into(), "c")).unwrap().is_some());
}
