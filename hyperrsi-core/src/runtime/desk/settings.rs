//! Settings and presets of running traders: checked against every trader they reach, stored as a version, then acted on.

use super::LocalDesk;
use super::command::Target;
use crate::desk::{Actor, Changes, DeskError, Effect, Finding, SettingChange, SettingsView, Via};
use crate::model::{StrategyId, TraderId};
use crate::runtime::driver::{Errand, NewSettings};
use crate::runtime::layers;
use crate::runtime::session::{Handle, Listed};
use crate::runtime::terms::{InForce, Prepared};
use crate::store::{Body, Deployment, Layer, LayerKey, Preset, PresetId, Role, SettingsVersion, Wanted};
use serde_json::{Map, Value};

/// A trader that new settings reach, with what they make of it.
struct Reached {
    target: Target,
    prepared: Prepared,
}

impl LocalDesk {
    /// Changes a layer: every running trader that reads it must be able to trade the result, or nothing is written.
    pub(super) async fn update_settings(
        &self,
        by: &Actor,
        strategy: &StrategyId,
        layer: &Layer,
        expected: Option<u64>,
        changes: &Changes,
    ) -> Result<Effect, DeskError> {
        self.admit_layer(by, layer).await?;
        let key = LayerKey { strategy: strategy.clone(), layer: layer.clone() };
        let stored = self.store.settings(&key, None).await?;
        let newest = stored.as_ref().map_or(0, |stored| stored.version);
        let before: Map<String, Value> = match &stored {
            Some(stored) => stored.body.parse()?,
            None => Map::new(),
        };
        let after = changed(&before, changes);
        let reached = self.reached(by, strategy, layer, &after, changes).await?;
        // The same command again, whose first run ended before its receipt was written.
        let repeated = after == before && expected.is_none_or(|expected| expected + 1 == newest);
        let written = match (&stored, repeated || after == before && expected.is_none()) {
            (Some(stored), true) => stored.clone(),
            _ => {
                let user = (by.via != Via::Program).then_some(&by.user);
                let expected = expected.unwrap_or(newest);
                self.store.put_settings(&key, expected, self.clock.now(), user, Body::of(&after)?).await?
            }
        };
        let warnings = self.tell(reached).await?;
        Ok(Effect::Settings { version: written.version, changes: differences(&before, &after), warnings })
    }

    async fn admit_layer(&self, by: &Actor, layer: &Layer) -> Result<(), DeskError> {
        match layer {
            Layer::Account(account) | Layer::Symbol(account, _) => {
                self.admit(by, account, Role::Trader).await
            }
            Layer::Preset(preset) => self.admit_preset(by, preset).await.map(|_| ()),
        }
    }

    async fn admit_preset(&self, by: &Actor, preset: &PresetId) -> Result<Option<Preset>, DeskError> {
        let own = self.store.presets(&by.user).await?.into_iter().find(|known| known.id == *preset);
        match own {
            None if by.via != Via::Program => {
                Err(DeskError::Forbidden { action: format!("preset {preset}") })
            }
            own => Ok(own),
        }
    }

    /// Every running trader that reads a layer, with what its settings would be.
    async fn reached(
        &self,
        by: &Actor,
        strategy: &StrategyId,
        layer: &Layer,
        after: &Map<String, Value>,
        changes: &Changes,
    ) -> Result<Vec<Reached>, DeskError> {
        let mut reached = Vec::new();
        for handle in self.own(by, Role::Trader).await? {
            for listed in handle.list().iter().filter(|listed| listed.strategy == *strategy) {
                let Some(source) = &listed.settings else { continue };
                let account = handle.account();
                let preset = layers::preset_of(&*self.store, account, &listed.id).await?;
                let keys = layers::keys(strategy, account, preset.as_ref(), &listed.instrument.id);
                if !keys.iter().any(|key| key.layer == *layer) {
                    continue;
                }
                if let Some(key) = changes.keys().find(|key| source.recipe.is_secret(key)) {
                    let why = "it is a secret: store it sealed, settings are read by many".into();
                    return Err(DeskError::Invalid { field: key.clone(), why });
                }
                let mut record = source.base.clone();
                for key in keys {
                    if key.layer == *layer {
                        layers::overlay(&mut record, after);
                    } else if let Some(stored) = self.store.settings(&key, None).await? {
                        layers::overlay(&mut record, &stored.body.parse()?);
                    }
                }
                let prepared = self.prepare(&handle, listed, &record).await?;
                reached.push(Reached { target: (handle.clone(), listed.id.clone()), prepared });
            }
        }
        Ok(reached)
    }

    /// What a record makes of a trader, if it may take it over while it runs.
    async fn prepare(
        &self,
        handle: &Handle,
        listed: &Listed,
        record: &Map<String, Value>,
    ) -> Result<Prepared, DeskError> {
        let Some(source) = &listed.settings else { return Err(fixed(&listed.id)) };
        let known = layers::in_force(&*self.store, handle.account(), &listed.id).await?;
        let version = known.as_ref().map_or(1, |known| known.version + 1);
        let (recipe, environment) = (&*source.recipe, handle.environment());
        let made = listed.surroundings.prepare(recipe, version, record, &listed.instrument, environment);
        let prepared = made.map_err(|findings| DeskError::Settings { findings })?;
        let timeframe = |record: &Map<String, Value>| record.get("timeframe").cloned();
        let before = known.and_then(|known| known.record).and_then(|record| timeframe(&record));
        if before.is_some() && before != timeframe(&prepared.record) {
            let why =
                "a running trader keeps its candles; stop its account, change it, and start again".into();
            return Err(DeskError::Invalid { field: "timeframe".into(), why });
        }
        Ok(prepared)
    }

    /// Lets the traders that new settings reach go by them.
    async fn tell(&self, reached: Vec<Reached>) -> Result<Vec<Finding>, DeskError> {
        let mut warnings: Vec<Finding> = Vec::new();
        for Reached { target: (handle, trader), prepared } in reached {
            for warning in &prepared.warnings {
                if !warnings.contains(warning) {
                    warnings.push(warning.clone());
                }
            }
            let known = layers::in_force(&*self.store, handle.account(), &trader).await?;
            let version = match known {
                Some(InForce { record: Some(record), .. }) if record == prepared.record => continue,
                Some(known) => known.version + 1,
                None => 1,
            };
            let new = NewSettings { version, prepared };
            // Without a key: the version says whether it was told before.
            handle.run(&trader, None, Errand::Settings(Box::new(new))).await?;
        }
        Ok(warnings)
    }

    pub(super) async fn assign_preset(
        &self,
        by: &Actor,
        handle: &Handle,
        trader: &TraderId,
        preset: Option<&PresetId>,
    ) -> Result<Effect, DeskError> {
        let listed = handle.listed(trader).ok_or_else(|| not_found(trader))?;
        let source = listed.settings.as_ref().ok_or_else(|| fixed(trader))?;
        if let Some(preset) = preset {
            let found = self.admit_preset(by, preset).await?;
            if found.is_some_and(|found| found.strategy != listed.strategy) {
                let why = format!("it is not for {}", listed.strategy);
                return Err(DeskError::Invalid { field: "preset".into(), why });
            }
        }
        let account = handle.account();
        let mut record = source.base.clone();
        for key in layers::keys(&listed.strategy, account, preset, &listed.instrument.id) {
            if let Some(stored) = self.store.settings(&key, None).await? {
                layers::overlay(&mut record, &stored.body.parse()?);
            }
        }
        let prepared = self.prepare(handle, listed, &record).await?;
        let deployed = self.store.deployments(account).await?;
        let deployment = match deployed.into_iter().find(|known| known.trader == *trader) {
            Some(known) => Deployment { preset: preset.cloned(), ..known },
            None => Deployment {
                trader: trader.clone(),
                account: account.clone(),
                instrument: listed.instrument.id.clone(),
                strategy: listed.strategy.clone(),
                timeframe: None,
                preset: preset.cloned(),
                wanted: Wanted::Running,
                entries_paused: false,
                dry_run: false,
                since: self.clock.now(),
            },
        };
        self.store.put_deployment(deployment).await?;
        self.tell(vec![Reached { target: (handle.clone(), trader.clone()), prepared }]).await?;
        Ok(Effect::Done)
    }

    pub(super) async fn save_preset(&self, by: &Actor, preset: &Preset) -> Result<Effect, DeskError> {
        if by.via != Via::Program && by.user != preset.user {
            return Err(DeskError::Forbidden { action: format!("preset {}", preset.id) });
        }
        let length = |text: &str| text.chars().count();
        if !(1..=50).contains(&length(&preset.name)) || length(&preset.description) > 200 {
            let why = "a name has 1 to 50 characters, a description up to 200".into();
            return Err(DeskError::Invalid { field: "name".into(), why });
        }
        self.store.put_preset(preset.clone()).await?;
        Ok(Effect::Preset { preset: preset.clone() })
    }

    pub(super) async fn remove_preset(&self, by: &Actor, preset: &PresetId) -> Result<Effect, DeskError> {
        self.admit_preset(by, preset).await?;
        self.store.remove_preset(preset).await?;
        Ok(Effect::Done)
    }

    /// The settings of a trader: merged, by layer, and what its open legs do not follow yet.
    pub(super) async fn settings_of(
        &self,
        handle: &Handle,
        trader: &TraderId,
    ) -> Result<SettingsView, DeskError> {
        let listed = handle.listed(trader).ok_or_else(|| not_found(trader))?;
        let source = listed.settings.as_ref().ok_or_else(|| fixed(trader))?;
        let account = handle.account();
        let layered = layers::of_trader(&*self.store, account, trader, &listed.instrument.id, source).await?;
        let status = handle.trader(trader).await.ok_or_else(|| super::ended(account))?;
        let version = status.settings_version;
        let effective = self.record_of(handle, trader, version).await?;
        let pending = match status.opened_with {
            Some(opened) => differences(&self.record_of(handle, trader, opened).await?, &effective),
            None => Vec::new(),
        };
        let (recipe, record, environment) = (&*source.recipe, &layered.record, handle.environment());
        let made = listed.surroundings.prepare(recipe, version, record, &listed.instrument, environment);
        let findings = made.map_or_else(|wrong| wrong, |prepared| prepared.warnings);
        let layers: Vec<SettingsVersion> = layered.layers;
        Ok(SettingsView { effective: Value::Object(effective), version, layers, pending, findings })
    }

    /// The record of a version, as the journal has it.
    async fn record_of(
        &self,
        handle: &Handle,
        trader: &TraderId,
        version: u64,
    ) -> Result<Map<String, Value>, DeskError> {
        let record = self.store.record(handle.account(), &InForce::key(trader, version)).await?;
        let in_force: Option<InForce> = record.map(|record| record.entry.body.parse()).transpose()?;
        Ok(in_force.and_then(|in_force| in_force.record).unwrap_or_default())
    }
}

fn not_found(trader: &TraderId) -> DeskError {
    DeskError::NotFound { what: format!("trader {trader}") }
}

fn fixed(trader: &TraderId) -> DeskError {
    DeskError::Unsupported {
        what: "changing settings".into(),
        by: format!("{trader}, whose settings are its program's; start it with a record of settings"),
    }
}

/// A layer with changes: null unsets a key.
fn changed(before: &Map<String, Value>, changes: &Changes) -> Map<String, Value> {
    let mut after = before.clone();
    for (key, value) in changes {
        if value.is_null() {
            after.remove(key);
        } else {
            after.insert(key.clone(), value.clone());
        }
    }
    after
}

/// What differs between two records, by key.
fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<SettingChange> {
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let value = |record: &Map<String, Value>, key: &String| record.get(key).cloned().unwrap_or(Value::Null);
    let change =
        |key: &String| SettingChange { key: key.clone(), from: value(before, key), to: value(after, key) };
    keys.into_iter().map(change).filter(|change| change.from != change.to).collect()
}
