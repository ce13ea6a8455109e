//! Records of what is done between candles: a stop moved to break-even, a trail's amendment, a repair, a close, an operator's
//! word (TRADING 17.1). What a strategy decides at a close has its own record.

use super::{Event, Record, Trader};
use crate::model::{PositionSide, Span};
use crate::position::ExitReason;
use crate::risk::Refusal;
use crate::strategy::explain::Rule;
use crate::strategy::{DecisionOutcome, DecisionRecord, Inputs, LegSummary};

/// What records of actions have in common with the strategy's own.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Author {
    strategy: String,
    settings_hash: String,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Action {
    /// A rule moved the stop.
    StopMoved(ExitReason),
    /// What rests at the venue was brought in line with what should.
    Repaired,
    /// A close at market began.
    Closing(ExitReason),
    /// The exits of the leg were replaced.
    Retuned,
    /// An operator changed something about the leg, or about the trader.
    Commanded,
    /// An operator withdrew the permission to open.
    Gated(Refusal),
}

impl Action {
    const fn outcome(self) -> DecisionOutcome {
        match self {
            Self::Closing(_) => DecisionOutcome::Close,
            Self::Gated(_) => DecisionOutcome::None,
            _ => DecisionOutcome::Adjust,
        }
    }
    const fn reason(self) -> &'static str {
        match self {
            Self::StopMoved(reason) | Self::Closing(reason) => reason.code(),
            Self::Repaired => Rule::Repair.code(),
            Self::Retuned => Rule::Retune.code(),
            Self::Commanded => ExitReason::UserCommand.code(),
            Self::Gated(refusal) => refusal.code(),
        }
    }
}

impl Trader {
    /// Whether actions between candles are recorded. They are wherever there is a journal; a backtest switches it on for
    /// the range it records.
    pub(crate) const fn record_actions(&mut self, on: bool) {
        self.recording = on;
    }

    /// Records an action, unless the decision that is being carried out has a record of its own.
    pub(super) fn acted(&mut self, side: Option<PositionSide>, action: Action) {
        if (!self.recording && !self.policy.journal) || self.deciding {
            return;
        }
        if let Some(side) = side {
            self.sync(side);
        }
        let leg = side.map(|side| self.view.leg(side)).filter(|leg| leg.quantity.is_positive());
        let timeframe = self.base.unwrap_or(crate::model::Timeframe::M1);
        // A fill at the very close of a candle belongs to that candle.
        let forming = timeframe.bucket(self.now - Span::millis_of(1));
        let price = self.last.or(self.mark).map(|seen| seen.price.to_string());
        let record = DecisionRecord {
            strategy: self.author.strategy.clone(),
            symbol: self.view.instrument.id.clone(),
            timeframe,
            candle: forming,
            at: Some(self.now),
            settings_hash: self.author.settings_hash.clone(),
            inputs: Inputs { close: price.unwrap_or_default(), ..Inputs::default() },
            leg: leg.map(LegSummary::of),
            checks: Vec::new(),
            outcome: action.outcome(),
            reason: action.reason().into(),
            orders: Vec::new(),
        };
        let record = Box::new(record);
        self.spool(|| Record::Decision(record.clone()));
        self.emit(Event::Acted(record));
    }

    /// Remembers in whose name actions are recorded.
    pub(super) fn note_author(&mut self, record: &DecisionRecord) {
        if self.author.settings_hash != record.settings_hash || self.author.strategy != record.strategy {
            self.author =
                Author { strategy: record.strategy.clone(), settings_hash: record.settings_hash.clone() };
        }
    }
}
