use super::probe::{Outcome, Probe, account, at, btc, text};
use crate::model::{InstrumentId, Timeframe};
use crate::store::{
    AccountEntry, Code, Deployment, Environment, Identity, Role, Sealed, StoreError, User, UserId, Wanted,
};

pub(super) fn user(id: &str) -> User {
    User {
        id: id.into(),
        name: format!("{id} 김"),
        role: Role::Trader,
        language: "en".into(),
        created: at(0),
        disabled: false,
    }
}

pub(super) fn owned(id: &str, user: &str) -> AccountEntry {
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

fn conflict(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict { .. })
}

fn missing(error: &StoreError) -> bool {
    matches!(error, StoreError::NotFound { .. })
}

pub(super) async fn users_are_listed_by_id(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    for id in ["c", "a", "B", "b"] {
        probe.ok("put_user", store.put_user(user(id)).await)?;
    }
    let changed = User { role: Role::Admin, disabled: true, ..user("b") };
    probe.ok("put_user", store.put_user(changed.clone()).await)?;
    let store = probe.reopen(store).await?;
    let expected = vec![user("B"), user("a"), changed.clone(), user("c")]; // by bytes
    probe.answers("all", store.users(None, 10).await, &expected)?;
    let page = store.users(Some(&"a".into()), 1).await;
    probe.answers("a page", page, &vec![changed])?;
    probe.answers("nobody", store.user(&"z".into()).await, &None)?;

    probe.ok("put_account", store.put_account(owned("main", "a")).await)?;
    let id = UserId::new("a");
    probe.refused("while accounts are theirs", store.remove_user(&id).await, "Conflict", conflict)?;
    probe.ok("remove_account", store.remove_account(&account()).await)?;
    probe.ok("put_item", store.put_item(&id, &"bot".into(), "k", text("v")).await)?;
    let identity = Identity { provider: "telegram".into(), subject: "7".into() };
    probe.ok("link", store.link(identity.clone(), &id).await)?;
    probe.ok("remove_user", store.remove_user(&id).await)?;
    probe.answers("gone", store.user(&id).await, &None)?;
    probe.answers("with identities", store.user_of(&identity).await, &None)?;
    probe.answers("and items", store.item(&id, &"bot".into(), "k").await, &None)
}

pub(super) async fn an_identity_has_one_user(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let chat = |subject: &str| Identity { provider: "telegram".into(), subject: subject.into() };
    let (ada, bob) = (UserId::new("ada"), UserId::new("bob"));
    probe.refused("without the user", store.link(chat("1"), &ada).await, "NotFound", missing)?;
    for id in ["ada", "bob"] {
        probe.ok("put_user", store.put_user(user(id)).await)?;
    }
    for subject in ["2", "1", "1"] {
        probe.ok("link", store.link(chat(subject), &ada).await)?;
    }
    probe.refused("another's", store.link(chat("1"), &bob).await, "Conflict", conflict)?;
    let okx = Identity { provider: "okx".into(), subject: "1".into() };
    probe.ok("the same name elsewhere", store.link(okx.clone(), &bob).await)?;
    let store = probe.reopen(store).await?;
    probe.answers("whose", store.user_of(&chat("1")).await, &Some(ada.clone()))?;
    probe.answers("whose elsewhere", store.user_of(&okx).await, &Some(bob.clone()))?;
    probe.answers("theirs", store.identities(&ada).await, &vec![chat("1"), chat("2")])?;
    probe.ok("unlink", store.unlink(&chat("1")).await)?;
    probe.ok("free again", store.link(chat("1"), &bob).await)
}

pub(super) async fn an_account_has_one_owner(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    probe.refused("without its user", store.put_account(owned("main", "a")).await, "NotFound", missing)?;
    for id in ["a", "b"] {
        probe.ok("put_user", store.put_user(user(id)).await)?;
    }
    for (id, owner) in [("second", "a"), ("main", "a"), ("third", "b")] {
        probe.ok("put_account", store.put_account(owned(id, owner)).await)?;
    }
    probe.refused("another's", store.put_account(owned("main", "b")).await, "Conflict", conflict)?;
    let changed = AccountEntry { venue_uid: Some("77".into()), ..owned("main", "a") };
    probe.ok("their own", store.put_account(changed.clone()).await)?;
    let store = probe.reopen(store).await?;
    probe.answers("one", store.account(&account()).await, &Some(changed.clone()))?;
    let theirs = store.accounts(Some(&"a".into())).await;
    probe.answers("theirs", theirs, &vec![changed.clone(), owned("second", "a")])?;
    let all = store.accounts(None).await;
    probe.answers("all", all, &vec![changed, owned("second", "a"), owned("third", "b")])
}

pub(super) async fn secrets_are_kept_as_sealed(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let sealed = |name: &str, byte: u8| Sealed {
        account: account(),
        name: Code::from(name.to_owned()),
        key_id: "k1".into(),
        nonce: vec![0, byte, 255],
        ciphertext: (0..=255).collect(),
        at: at(1),
    };
    for secret in [sealed("api", 1), sealed("api", 2), sealed("signal_bot", 3)] {
        probe.ok("put_sealed", store.put_sealed(secret).await)?;
    }
    let store = probe.reopen(store).await?;
    let api = Code::of("api");
    probe.answers("the newest", store.sealed(&account(), &api).await, &Some(sealed("api", 2)))?;
    probe.answers("of another account", store.sealed(&"other".into(), &api).await, &None)?;
    probe.ok("remove_sealed", store.remove_sealed(&account(), &api).await)?;
    probe.answers("removed", store.sealed(&account(), &api).await, &None)?;
    let other = store.sealed(&account(), &"signal_bot".into()).await;
    probe.answers("the other stays", other, &Some(sealed("signal_bot", 3)))?;
    probe.ok("put_user", store.put_user(user("a")).await)?;
    probe.ok("put_account", store.put_account(owned("main", "a")).await)?;
    probe.ok("remove_account", store.remove_account(&account()).await)?;
    let gone = store.sealed(&account(), &"signal_bot".into()).await;
    probe.answers("an account takes its secrets with it", gone, &None)
}

pub(super) async fn an_instrument_has_one_trader(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let deployment = |trader: &str, instrument: InstrumentId, wanted| Deployment {
        trader: trader.into(),
        account: account(),
        instrument,
        strategy: "hyperrsi".into(),
        timeframe: Some(Timeframe::H4),
        preset: None,
        wanted,
        entries_paused: true,
        dry_run: false,
        since: at(3),
    };
    let first = deployment("t2", btc(), Wanted::Running);
    probe.ok("put", store.put_deployment(first.clone()).await)?;
    let second = store.put_deployment(deployment("t1", btc(), Wanted::Running)).await;
    probe.refused("a second trader", second, "Conflict", conflict)?;
    let eth = deployment("t1", InstrumentId::new("sim", "ETHUSDT"), Wanted::ManageOnly);
    probe.ok("another instrument", store.put_deployment(eth.clone()).await)?;
    let elsewhere = Deployment { account: "other".into(), ..deployment("t3", btc(), Wanted::Running) };
    probe.ok("another account", store.put_deployment(elsewhere).await)?;
    let store = probe.reopen(store).await?;
    probe.answers("by trader", store.deployments(&account()).await, &vec![eth.clone(), first.clone()])?;
    probe.refused("while one runs", store.remove_account(&account()).await, "Conflict", conflict)?;
    for running in [first, eth] {
        let stopped = Deployment { wanted: Wanted::Stopped, ..running };
        probe.ok("stop", store.put_deployment(stopped).await)?;
    }
    probe.ok("remove_account", store.remove_account(&account()).await)?;
    probe.answers("they went with it", store.deployments(&account()).await, &vec![])?;
    let others = probe.ok("of the other", store.deployments(&"other".into()).await)?;
    probe.same("the other's stay", &others.len(), &1)
}

pub(super) async fn items_are_kept_apart(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let (ada, bob) = (UserId::new("ada"), UserId::new("bob"));
    let (bot, api) = (Code::of("bot"), Code::of("api"));
    for (user, space, key, value) in [
        (&ada, &bot, "b", "1"),
        (&ada, &bot, "a", "2"),
        (&ada, &bot, "b", "3"),
        (&ada, &api, "a", "4"),
        (&bob, &bot, "a", "5"),
    ] {
        probe.ok("put_item", store.put_item(user, space, key, text(value)).await)?;
    }
    let store = probe.reopen(store).await?;
    let expected = vec![("a".into(), text("2")), ("b".into(), text("3"))];
    probe.answers("a space by key", store.items(&ada, &bot).await, &expected)?;
    probe.answers("one", store.item(&ada, &api, "a").await, &Some(text("4")))?;
    probe.ok("remove_item", store.remove_item(&ada, &bot, "a").await)?;
    probe.answers("removed", store.item(&ada, &bot, "a").await, &None)?;
    probe.answers("the other user's stays", store.item(&bob, &bot, "a").await, &Some(text("5")))
}
