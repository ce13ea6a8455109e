//! Settings as a running trader uses them: where they come from, what they make of it, and their record.

use crate::desk::Finding;
use crate::model::{AccountId, Instrument, PositionSide, StrategyId, Timestamp, TraderId};
use crate::position::{EntryPlan, ExitPlan};
use crate::risk::{Policy, Size};
use crate::store::{Body, Code, Entry, Environment, RecordKind, StoreError, Tags};
use crate::strategy::rsi_trend::settings::{Issue, Report};
use crate::strategy::{Strategy, grid, rsi_trend};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// How a first entry is made, whoever asks for it: what an operator's entries and claims go by.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// How large it is.
    pub size: Size,
    /// How it is left.
    pub exits: Arc<ExitPlan>,
    /// What may follow it.
    pub entries: Option<Arc<EntryPlan>>,
}

impl Terms {
    /// Entries of a size, left by a plan, without anything that follows.
    pub fn new(size: Size, exits: ExitPlan) -> Self {
        Self { size, exits: Arc::new(exits), entries: None }
    }
}

/// A record of settings made into what trades by it.
pub struct Prepared {
    /// What decides.
    pub strategy: Box<dyn Strategy>,
    /// How it is carried out.
    pub policy: Policy,
    /// What operators go by; `None` where nothing is entered by hand.
    pub terms: Option<Terms>,
    /// Every key in its native value, without secrets.
    pub record: Map<String, Value>,
    /// What should be looked at.
    pub warnings: Vec<Finding>,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Makes a strategy out of a flat record of settings. [`Hyperrsi`] and [`Grid`] are here; a strategy of your own has its
/// own, and its settings can then be changed through the desk as well.
///
/// ```
/// use hyperrsi_core::model::{Instrument, InstrumentId};
/// use hyperrsi_core::runtime::{Hyperrsi, Recipe};
/// use hyperrsi_core::store::Environment;
/// use serde_json::json;
/// let btc = Instrument::linear(InstrumentId::new("okx", "BTC-USDT-SWAP"), "BTC", "USDT");
/// let record = json!({"leverage": 5, "use_sl": true, "tp1_value": "1.5"});
/// let record = record.as_object().ok_or("no map")?;
/// let prepared = Hyperrsi.prepare(1, record, &btc, Environment::Paper).map_err(|wrong| format!("{wrong:?}"))?;
/// assert_eq!(prepared.policy.leverage, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Recipe: Send + Sync {
    /// Whose settings they are.
    fn strategy(&self) -> StrategyId;
    /// Reads and checks a record; what it does not say has its default. Where money is real, more may be asked of it.
    ///
    /// # Errors
    /// Everything that is wrong.
    fn prepare(
        &self,
        version: u64,
        record: &Map<String, Value>,
        instrument: &Instrument,
        environment: Environment,
    ) -> Result<Prepared, Vec<Finding>>;
    /// What is wrong with a record on this account, whatever the record alone is worth. A recipe that does not say finds
    /// nothing.
    fn check_on(
        &self,
        record: &Map<String, Value>,
        instrument: &Instrument,
        account: &Surroundings,
    ) -> Vec<Finding> {
        let _ = (record, instrument, account);
        Vec::new()
    }
    /// Whether a key holds a secret, which is stored sealed and never in a record.
    fn is_secret(&self, key: &str) -> bool {
        let _ = key;
        false
    }
}

/// What the account is like that a record of settings is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Surroundings {
    /// Whether it holds a leg for each side.
    pub hedge_mode: bool,
    /// What else is to trade the instrument on it.
    pub neighbour: Option<StrategyId>,
}

impl Surroundings {
    /// An account with nothing else on the instrument.
    pub const fn new(hedge_mode: bool) -> Self {
        Self { hedge_mode, neighbour: None }
    }

    /// [`Recipe::prepare`], where the account takes the record.
    pub(crate) fn prepare(
        &self,
        recipe: &dyn Recipe,
        version: u64,
        record: &Map<String, Value>,
        instrument: &Instrument,
        environment: Environment,
    ) -> Result<Prepared, Vec<Finding>> {
        let wrong = recipe.check_on(record, instrument, self);
        if wrong.is_empty() { recipe.prepare(version, record, instrument, environment) } else { Err(wrong) }
    }
}

/// Settings that cannot be traded, with everything that is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n"))]
pub struct InvalidSettings(pub Vec<Finding>);

fn findings(issues: Vec<Issue>) -> Vec<Finding> {
    let finding =
        |issue: Issue| Finding { code: Code::of(issue.code), key: issue.key, message: issue.message };
    issues.into_iter().map(finding).collect()
}

fn refused(report: Report) -> Vec<Finding> {
    findings(report.errors)
}

/// The settings of the HYPERRSI strategy.
#[derive(Clone, Copy, Debug)]
pub struct Hyperrsi;

impl Recipe for Hyperrsi {
    fn strategy(&self) -> StrategyId {
        StrategyId::new("hyperrsi")
    }

    fn prepare(
        &self,
        version: u64,
        record: &Map<String, Value>,
        instrument: &Instrument,
        environment: Environment,
    ) -> Result<Prepared, Vec<Finding>> {
        use rsi_trend::settings::{Environment as Rules, Settings, Snapshot};
        let rules = if environment == Environment::Live { Rules::live() } else { Rules::paper() };
        let environment = rules.with_instrument(instrument);
        let (mut settings, warnings) = Settings::check(record, &environment).map_err(refused)?;
        settings.market.symbol = instrument.id.symbol.to_string();
        let terms = Terms {
            size: rsi_trend::entry_size(&settings, instrument),
            exits: Arc::new(rsi_trend::exit_plan(&settings)),
            entries: rsi_trend::entry_plan(&settings).map(Arc::new),
        };
        let (policy, record) = (rsi_trend::policy(&settings, instrument), settings.to_public_map());
        let strategy =
            rsi_trend::Hyperrsi::new(Snapshot::new(version, settings), instrument).map_err(|error| {
                match error {
                    rsi_trend::StartError::Settings(report) => refused(report),
                    other => vec![finding("settings", &other)],
                }
            })?;
        let warnings = findings(warnings);
        Ok(Prepared { strategy: Box::new(strategy), policy, terms: Some(terms), record, warnings })
    }

    fn is_secret(&self, key: &str) -> bool {
        use rsi_trend::settings::{KEYS, Kind};
        KEYS.iter().any(|known| known.name() == key && known.kind() == Kind::Secret)
    }
}

/// The settings of the grid.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    /// The candles it is asked at.
    pub base: crate::model::Timeframe,
    /// The fee of its fills, a fraction: no lot is left where it would not pay both of its fees.
    pub maker_fee: Decimal,
}

impl Recipe for Grid {
    fn strategy(&self) -> StrategyId {
        StrategyId::new("grid")
    }

    fn prepare(
        &self,
        _: u64,
        record: &Map<String, Value>,
        instrument: &Instrument,
        environment: Environment,
    ) -> Result<Prepared, Vec<Finding>> {
        let _ = environment; // a grid is checked alike everywhere
        use grid::settings::{Environment as Rules, Settings};
        let (settings, warnings) = Settings::check(record, &Rules::of(instrument)).map_err(refused)?;
        let (policy, record) = (grid::policy(&settings, instrument), settings.to_map());
        let strategy = grid::Grid::new(settings, self.base, instrument, self.maker_fee);
        let strategy = strategy.map_err(|error| match error {
            grid::StartError::Settings(report) => refused(report),
            other => vec![finding("settings", &other)],
        })?;
        let warnings = findings(warnings);
        Ok(Prepared { strategy: Box::new(strategy), policy, terms: None, record, warnings })
    }

    /// Everything: what [`Recipe::prepare`] finds as well, so that a record is corrected in one go.
    fn check_on(
        &self,
        record: &Map<String, Value>,
        instrument: &Instrument,
        account: &Surroundings,
    ) -> Vec<Finding> {
        use grid::settings::{Environment as Rules, Settings};
        let rules = Rules { hedge_mode: account.hedge_mode, ..Rules::of(instrument) };
        let short = record.get("enter_strategy").is_some_and(|sides| sides == "short");
        let side = if short { PositionSide::Short } else { PositionSide::Long };
        let rules = match &account.neighbour {
            Some(strategy) => rules.taken_by(side, strategy.as_str()),
            None => rules,
        };
        Settings::check(record, &rules).map_or_else(refused, |_| Vec::new())
    }
}

fn finding(key: &str, error: &dyn std::fmt::Display) -> Finding {
    Finding { code: Code::of("invalid"), key: key.into(), message: error.to_string() }
}

/// The settings a trader uses from a moment on, as the journal has them: everything a replay needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InForce {
    /// Counted from 1; those of a program that has no record of settings have what it says.
    pub version: u64,
    /// From when.
    pub since: Timestamp,
    /// The account.
    pub account: AccountId,
    /// The trader.
    pub trader: TraderId,
    /// What it trades.
    pub instrument: Instrument,
    /// The strategy.
    pub strategy: StrategyId,
    /// Every key, without secrets; `None` if the program has no record of settings.
    pub record: Option<Map<String, Value>>,
    /// How it is carried out.
    pub policy: Policy,
    /// Open time of the first candle the strategy was told; `None` before it was.
    pub anchor: Option<Timestamp>,
    /// Balance of the account in the books, quote units.
    pub balance: crate::model::Amount,
}

impl InForce {
    /// The key of a version.
    pub fn key(trader: &TraderId, version: u64) -> String {
        format!("settings:{trader}:{version}")
    }

    /// The record of the journal.
    ///
    /// # Errors
    /// As [`Body::of`].
    pub fn entry(&self) -> Result<Entry, StoreError> {
        let tags = Tags { instrument: Some(self.instrument.id.clone()), ..Tags::default() };
        let key = Self::key(&self.trader, self.version);
        let entry =
            Entry::new(RecordKind::Settings, key, Some(self.trader.clone()), self.since, Body::of(self)?);
        Ok(Entry { tags, ..entry })
    }
}
