use crate::backtest::{Report, write_json};
use crate::model::{PositionSide, Timestamp};
use crate::position::ExitReason;
use crate::strategy::DecisionRecord;
use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io;

/// A result that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// Not the JSON of a report.
    #[error(
        "this is no result of a backtest ({0}); give a file written with --json or by backtest::write_json"
    )]
    Json(#[from] serde_json::Error),
    /// The file cannot be read.
    #[error("the result cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// One fill of a trade. Amounts are in quote units, quantities in base units, times UTC milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FillRow {
    /// When.
    pub time: Timestamp,
    /// `entry` or `exit`.
    pub kind: String,
    /// Why, for an exit.
    pub reason: Option<ExitReason>,
    /// At which price.
    #[serde(deserialize_with = "exact")]
    pub price: Decimal,
    /// How much.
    #[serde(deserialize_with = "exact")]
    pub quantity: Decimal,
    /// What it cost.
    #[serde(deserialize_with = "exact")]
    pub fee: Decimal,
}

/// One trade, as the JSON report has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TradeRow {
    /// First entry.
    pub entry_time: Timestamp,
    /// Last exit.
    pub exit_time: Timestamp,
    /// Long or short.
    pub side: PositionSide,
    /// Whether it was a hedge.
    #[serde(default)]
    pub hedge: bool,
    /// Number of entries.
    pub entries: u32,
    /// Quantity entered in total.
    #[serde(deserialize_with = "exact")]
    pub quantity: Decimal,
    /// Average entry price.
    #[serde(deserialize_with = "exact")]
    pub entry_price: Decimal,
    /// Average exit price.
    #[serde(deserialize_with = "exact")]
    pub exit_price: Decimal,
    /// Net profit.
    #[serde(deserialize_with = "exact")]
    pub net_pnl: Decimal,
    /// Reason of the last exit.
    pub reason: ExitReason,
    /// Every fill, in order.
    pub fills: Vec<FillRow>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Results {
    /// The strategy.
    pub strategy: String,
    /// Its trades, in order of exit.
    pub trades: Vec<TradeRow>,
    /// Its statistics that are numbers, by name; `None` where undefined.
    pub statistics: BTreeMap<String, Option<f64>>,
    /// Its decision records, in order of candles; may be empty.
    pub records: Vec<DecisionRecord>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    strategy: String,
    trades: Vec<TradeRow>,
    statistics: BTreeMap<String, serde_json::Value>,
}

impl Results {
    /// Of a report.
    ///
    /// # Errors
    /// None for a report the library made.
    pub fn of(report: &Report) -> Result<Self, CompareError> {
        let mut json = Vec::new();
        write_json(report, &mut json)?;
        Self::read(json.as_slice())
    }

    /// Of the JSON [`write_json`] writes. Decimals are taken digit by digit.
    ///
    /// # Errors
    /// [`CompareError::Json`] if it is something else.
    pub fn read(json: impl io::Read) -> Result<Self, CompareError> {
        let document: Document = serde_json::from_reader(io::BufReader::new(json))?;
        let number = |value: serde_json::Value| match value {
            serde_json::Value::Null => Some(None),
            value => value.as_f64().map(Some),
        };
        let statistics = document.statistics.into_iter();
        Ok(Self {
            strategy: document.strategy,
            trades: document.trades,
            statistics: statistics.filter_map(|(name, value)| Some((name, number(value)?))).collect(),
            records: Vec::new(),
        })
    }

    /// With the decision records of the run, or of the part of it that matters.
    #[must_use]
    pub fn with_records(mut self, records: Vec<DecisionRecord>) -> Self {
        self.records = records;
        self
    }

    /// Trades by time of entry.
    pub(super) fn by_entry(&self) -> Vec<&TradeRow> {
        let mut trades: Vec<&TradeRow> = self.trades.iter().collect();
        trades.sort_by_key(|trade| (trade.entry_time, trade.hedge, trade.side));
        trades
    }
}

/// A decimal from the digits of a JSON number, never through `f64`.
fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get().trim_matches('"');
    text.parse().or_else(|_| Decimal::from_scientific(text)).map_err(D::Error::custom)
}
