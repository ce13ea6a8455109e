//! A trader to be run.

use super::terms::{InvalidSettings, Prepared, Recipe, Terms};
use crate::model::{Instrument, TraderId};
use crate::risk::Policy;
use crate::store::Environment;
use crate::strategy::Strategy;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A trader to be run: one instrument of the account.
pub struct Plan {
    /// Its id.
    pub id: TraderId,
    /// The instrument.
    pub instrument: Instrument,
    /// How it trades. What the venue can do is filled in from its capabilities.
    pub policy: Policy,
    /// What decides.
    pub strategy: Box<dyn Strategy>,
    /// Number of the settings, for records. Counted by the journal where there is a record of settings.
    pub settings_version: u64,
    /// What operators go by who enter or claim by hand; without it they cannot.
    pub terms: Option<Terms>,
    /// Where its settings come from, if they can be changed while it runs.
    pub settings: Option<Source>,
    /// The record in force, without secrets.
    pub(crate) record: Option<Map<String, Value>>,
}

/// Settings that can be changed: the recipe, and the record under every stored layer.
#[derive(Clone)]
pub struct Source {
    /// What makes a strategy of a record.
    pub recipe: Arc<dyn Recipe>,
    /// What holds where no layer says otherwise.
    pub base: Map<String, Value>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("strategy", &self.recipe.strategy()).finish_non_exhaustive()
    }
}

impl Plan {
    /// A trader of `strategy` on `instrument`, whose settings are the program's.
    pub fn new(
        id: impl Into<TraderId>,
        instrument: Instrument,
        policy: Policy,
        strategy: impl Strategy + 'static,
    ) -> Self {
        Self {
            id: id.into(),
            instrument,
            policy,
            strategy: Box::new(strategy),
            settings_version: 0,
            terms: None,
            settings: None,
            record: None,
        }
    }

    /// A trader whose settings are a record: what is stored for its account, preset and symbol goes over `base`, at the
    /// start and whenever it changes.
    ///
    /// # Errors
    /// Everything that is wrong with `base`.
    pub fn of_settings(
        id: impl Into<TraderId>,
        instrument: Instrument,
        recipe: impl Recipe + 'static,
        base: Map<String, Value>,
    ) -> Result<Self, InvalidSettings> {
        let Prepared { strategy, policy, terms, record, .. } =
            recipe.prepare(1, &base, &instrument, Environment::Paper).map_err(InvalidSettings)?;
        let settings = Some(Source { recipe: Arc::new(recipe), base });
        let record = Some(record);
        Ok(Self { id: id.into(), instrument, policy, strategy, settings_version: 1, terms, settings, record })
    }

    /// What operators go by who enter or claim by hand.
    #[must_use]
    pub fn with_terms(mut self, terms: Terms) -> Self {
        self.terms = Some(terms);
        self
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("id", &self.id)
            .field("instrument", &self.instrument.id)
            .finish_non_exhaustive()
    }
}
