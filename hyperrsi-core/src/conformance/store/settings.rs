use super::people::user;
use super::probe::{Outcome, Probe, account, at, btc};
use crate::model::{InstrumentId, TraderId};
use crate::store::{
    Body, Deployment, Layer, LayerKey, Preset, PresetId, SettingsVersion, StoreError, Wanted,
};

fn key(strategy: &str, layer: Layer) -> LayerKey {
    LayerKey { strategy: strategy.into(), layer }
}

fn body(probe: &Probe<'_>, json: &str) -> Result<Body, super::Failure> {
    probe.ok("a body", Body::from_json(json))
}

pub(super) async fn versions_count_up_and_stay(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let key = key("hyperrsi", Layer::Account(account()));
    probe.answers("none yet", store.settings(&key, None).await, &None)?;
    let by = "u1".into();
    let (one, two) = (body(probe, r#"{"leverage":10}"#)?, body(probe, r#"{"leverage": 20}"#)?);
    let first = SettingsVersion { key: key.clone(), version: 1, at: at(1), by: None, body: one.clone() };
    let second =
        SettingsVersion { key: key.clone(), version: 2, at: at(2), by: Some("u1".into()), body: two.clone() };
    probe.answers("the first", store.put_settings(&key, 0, at(1), None, one.clone()).await, &first)?;
    probe.answers("the second", store.put_settings(&key, 1, at(2), Some(&by), two).await, &second)?;
    for expected in [0, 1, 3] {
        let answer = store.put_settings(&key, expected, at(3), None, one.clone()).await;
        probe.refused("made from another version", answer, "Conflict", |error| {
            matches!(error, StoreError::Conflict { .. })
        })?;
    }
    let store = probe.reopen(store).await?;
    for (version, expected) in
        [(None, Some(&second)), (Some(1), Some(&first)), (Some(2), Some(&second)), (Some(3), None)]
    {
        probe.answers("read", store.settings(&key, version).await, &expected.cloned())?;
    }
    Ok(())
}

pub(super) async fn layers_do_not_mix(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let owner = user("u1");
    probe.ok("put_user", store.put_user(owner.clone()).await)?;
    let layers = [
        key("hyperrsi", Layer::Account(account())),
        key("grid", Layer::Account(account())),
        key("hyperrsi", Layer::Account("other".into())),
        key("hyperrsi", Layer::Preset("main".into())),
        key("hyperrsi", Layer::Symbol(account(), btc())),
        key("hyperrsi", Layer::Symbol(account(), InstrumentId::new("okx", "BTCUSDT"))),
    ];
    for (number, key) in layers.iter().enumerate() {
        let body = body(probe, &format!(r#"{{"n":{number}}}"#))?;
        let written = probe.ok("put", store.put_settings(key, 0, at(1), None, body).await)?;
        probe.same("each layer has versions of its own", &written.version, &1)?;
    }
    for (number, key) in layers.iter().enumerate() {
        let found = probe.ok("get", store.settings(key, None).await)?.map(|v| v.body.as_json().to_owned());
        probe.same("its own content", &found, &Some(format!(r#"{{"n":{number}}}"#)))?;
    }
    probe.ok("put_account", store.put_account(super::people::owned("main", "u1")).await)?;
    probe.ok("remove_account", store.remove_account(&account()).await)?;
    let mut left = Vec::new();
    for (number, key) in layers.iter().enumerate() {
        if probe.ok("get", store.settings(key, None).await)?.is_some() {
            left.push(number);
        }
    }
    probe.same("an account takes its layers with it", &left, &vec![2, 3])
}

fn preset(id: &str, strategy: &str, default: bool) -> Preset {
    Preset {
        id: id.into(),
        user: "u1".into(),
        strategy: strategy.into(),
        name: id.to_uppercase(),
        description: String::new(),
        default,
    }
}

pub(super) async fn a_preset_takes_its_settings_with_it(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let answer = store.put_preset(preset("p1", "hyperrsi", false)).await;
    probe.refused("without its user", answer, "NotFound", |e| matches!(e, StoreError::NotFound { .. }))?;
    for id in ["u1", "u2"] {
        probe.ok("put_user", store.put_user(user(id)).await)?;
    }
    for (id, strategy, default) in
        [("p2", "hyperrsi", true), ("p1", "hyperrsi", true), ("g1", "grid", true), ("p3", "hyperrsi", false)]
    {
        probe.ok("put_preset", store.put_preset(preset(id, strategy, default)).await)?;
    }
    let foreign = Preset { user: "u2".into(), ..preset("p1", "hyperrsi", false) };
    probe.refused("of another user", store.put_preset(foreign).await, "Conflict", |error| {
        matches!(error, StoreError::Conflict { .. })
    })?;
    let expected = vec![
        preset("g1", "grid", true),
        preset("p1", "hyperrsi", true),
        preset("p2", "hyperrsi", false), // p1 ended it
        preset("p3", "hyperrsi", false),
    ];
    let store = probe.reopen(store).await?;
    probe.answers("presets by id", store.presets(&"u1".into()).await, &expected)?;
    probe.answers("of another user", store.presets(&"u2".into()).await, &vec![])?;

    let key = key("hyperrsi", Layer::Preset("p1".into()));
    let body = body(probe, "{}")?;
    probe.ok("put_settings", store.put_settings(&key, 0, at(1), None, body).await)?;
    let deployment = Deployment {
        trader: "t1".into(),
        account: account(),
        instrument: btc(),
        strategy: "hyperrsi".into(),
        timeframe: None,
        preset: Some("p1".into()),
        wanted: Wanted::Stopped,
        entries_paused: false,
        dry_run: false,
        since: at(1),
    };
    probe.ok("put_deployment", store.put_deployment(deployment).await)?;
    let id = PresetId::new("p1");
    probe.refused("while it is used", store.remove_preset(&id).await, "Conflict", |error| {
        matches!(error, StoreError::Conflict { .. })
    })?;
    probe.ok("remove_deployment", store.remove_deployment(&TraderId::new("t1")).await)?;
    probe.ok("remove_preset", store.remove_preset(&id).await)?;
    probe.answers("its settings are gone", store.settings(&key, None).await, &None)?;
    let left = probe.ok("presets", store.presets(&"u1".into()).await)?;
    probe.same("the others stay", &left.len(), &3)
}
