//! Stored settings, merged: a program's own, then the account's, its preset's, its symbol's (TRADING 1.2).

use super::plan::Source;
use super::terms::InForce;
use crate::model::{AccountId, InstrumentId, StrategyId, TraderId};
use crate::store::{Layer, LayerKey, PresetId, RecordKind, RecordQuery, SettingsVersion, Store, StoreError};
use serde_json::{Map, Value};

/// What applies to a trader, and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Layered {
    /// Every key that some layer sets.
    pub(crate) record: Map<String, Value>,
    /// The layers, weakest first; the program's own is not among them.
    pub(crate) layers: Vec<SettingsVersion>,
}

/// The layers that a trader reads, weakest first.
pub(crate) fn keys(
    strategy: &StrategyId,
    account: &AccountId,
    preset: Option<&PresetId>,
    instrument: &InstrumentId,
) -> Vec<LayerKey> {
    let key = |layer| LayerKey { strategy: strategy.clone(), layer };
    let preset = preset.map(|preset| key(Layer::Preset(preset.clone())));
    let symbol = key(Layer::Symbol(account.clone(), instrument.clone()));
    std::iter::once(key(Layer::Account(account.clone()))).chain(preset).chain([symbol]).collect()
}

/// The preset a trader follows.
pub(crate) async fn preset_of(
    store: &dyn Store,
    account: &AccountId,
    trader: &TraderId,
) -> Result<Option<PresetId>, StoreError> {
    let deployed = store.deployments(account).await?;
    Ok(deployed.into_iter().find(|deployment| deployment.trader == *trader).and_then(|found| found.preset))
}

/// What applies to a trader now.
pub(crate) async fn of_trader(
    store: &dyn Store,
    account: &AccountId,
    trader: &TraderId,
    instrument: &InstrumentId,
    source: &Source,
) -> Result<Layered, StoreError> {
    let preset = preset_of(store, account, trader).await?;
    let strategy = source.recipe.strategy();
    let mut layers = Vec::new();
    for key in keys(&strategy, account, preset.as_ref(), instrument) {
        layers.extend(store.settings(&key, None).await?);
    }
    let mut record = source.base.clone();
    for layer in &layers {
        overlay(&mut record, &layer.body.parse()?);
    }
    Ok(Layered { record, layers })
}

/// Puts a layer over a record: what it does not set, or sets to null, stays.
pub(crate) fn overlay(record: &mut Map<String, Value>, layer: &Map<String, Value>) {
    for (key, value) in layer.iter().filter(|(_, value)| !value.is_null()) {
        record.insert(key.clone(), value.clone());
    }
}

/// The settings of a trader that are in force, as the journal has them.
pub(crate) async fn in_force(
    store: &dyn Store,
    account: &AccountId,
    trader: &TraderId,
) -> Result<Option<InForce>, StoreError> {
    let query = RecordQuery {
        trader: Some(trader.clone()),
        newest_first: true,
        limit: 1,
        ..RecordQuery::of(account.clone(), [RecordKind::Settings])
    };
    let records = store.read(&query).await?;
    records.first().map(|record| record.entry.body.parse()).transpose()
}
