//! HYPERRSI: RSI entries with a trend filter, and exits as data.
//!
//! [`Hyperrsi`] is the [`Strategy`]; [`settings`] holds everything a user may set; [`policy`] and [`exit_plan`] turn
//! settings into what the trader carries out.

mod gates;
pub mod settings;
mod signal;
mod translate;

pub use signal::Signal;
pub use translate::{entry_plan, entry_size, exit_plan, policy};

use super::{Context, Decision, DecisionOutcome, Intent, LegState, LegView, Needs, RestoreError, Strategy};
use crate::indicator::trend::{AggregatingTrend, Trend, TrendReading, TrendState};
use crate::indicator::{Atr, Indicator, LengthError, Rsi};
use crate::model::{Candle, Instrument, PositionSide, StrategyId, Timeframe};
use crate::position::{EntryPlan, ExitPlan, ExitReason};
use crate::risk::{Refusal, Size};
use gates::Recorder;
use serde::{Deserialize, Serialize};
use settings::{Report, Snapshot, TrendTimeframe};
use std::sync::Arc;

/// Settings that cannot be traded.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// They are not valid.
    #[error(transparent)]
    Settings(#[from] Report),
    /// A period no indicator can have.
    #[error(transparent)]
    Length(#[from] LengthError),
}

/// Everything that changes with candles: saved and restored as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    rsi: Rsi,
    /// RSI of the candle before the newest.
    p: Option<f64>,
    /// RSI of the newest candle.
    c: Option<f64>,
    atr: Option<Atr>,
    trend: Option<AggregatingTrend>,
    reading: TrendReading,
    seen: usize,
}

/// The HYPERRSI strategy for one instrument.
///
/// ```
/// use hyperrsi_core::model::{Instrument, InstrumentId};
/// use hyperrsi_core::strategy::Strategy;
/// use hyperrsi_core::strategy::rsi_trend::Hyperrsi;
/// use hyperrsi_core::strategy::rsi_trend::settings::{Settings, Snapshot};
/// let btc = Instrument::linear(InstrumentId::new("okx", "BTC-USDT-SWAP"), "BTC", "USDT");
/// let strategy = Hyperrsi::new(Snapshot::new(1, Settings::default()), &btc)?;
/// assert_eq!(strategy.needs().series[0].depth, 200);
/// # Ok::<(), hyperrsi_core::strategy::rsi_trend::StartError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Hyperrsi {
    snapshot: Snapshot,
    timeframe: Timeframe,
    signal: Signal,
    size: Size,
    exits: Arc<ExitPlan>,
    entries: Option<Arc<EntryPlan>>,
    /// Whether the next extra entry rests as a limit order.
    rests: bool,
    warm_up: usize,
    /// New settings that an open leg has not been told of.
    replan: bool,
    state: State,
}

impl Hyperrsi {
    /// From one version of the settings.
    ///
    /// # Errors
    /// [`StartError::Settings`] with every invalid field, `sizing.missing` included.
    pub fn new(snapshot: Snapshot, instrument: &Instrument) -> Result<Self, StartError> {
        let settings = &snapshot.settings;
        let report = settings.validate(&settings::Environment::backtest().with_instrument(instrument));
        if !report.is_valid() {
            return Err(report.into());
        }
        let length = settings.entry.rsi.length as usize;
        let exits = Arc::new(exit_plan(settings));
        let entries = entry_plan(settings).map(Arc::new);
        let needs_atr = exits.needs_atr() || entries.as_ref().is_some_and(|plan| plan.needs_atr());
        let wants_trend = settings.trend.filter || settings.trend.close;
        let timeframe = settings.market.timeframe;
        let cycle = match settings.trend.timeframe {
            TrendTimeframe::Auto => None,
            TrendTimeframe::Fixed(timeframe) => Some(timeframe),
        };
        let trend = || AggregatingTrend::new(TrendState::new(timeframe, settings.trend.longer, cycle));
        let state = State {
            rsi: Rsi::new(length)?,
            p: None,
            c: None,
            atr: if needs_atr { Some(Atr::new(settings.indicators.atr_length as usize)?) } else { None },
            trend: wants_trend.then(trend),
            reading: TrendReading::default(),
            seen: 0,
        };
        Ok(Self {
            timeframe,
            signal: Signal::new(settings),
            size: entry_size(settings, instrument),
            rests: entries.as_ref().and_then(|plan| plan.extra).is_some_and(|extra| extra.resting),
            exits,
            entries,
            warm_up: (10 * length).max(200),
            replan: false,
            state,
            snapshot,
        })
    }

    /// Takes over another version of the settings, from the next candle on (TRADING 1.3). What rests of an open leg stays;
    /// its next entry uses the new plans. Where what the indicators depend on is the same, they go on; otherwise they
    /// start anew, and openings wait until they are warm.
    ///
    /// # Errors
    /// As [`Hyperrsi::new`]; the settings in force are then still the old ones.
    pub fn change_settings(&mut self, snapshot: Snapshot, instrument: &Instrument) -> Result<(), StartError> {
        let mut next = Self::new(snapshot, instrument)?;
        let seen = |s: &settings::Settings| {
            let trend = &s.trend;
            let uses_trend = trend.filter || trend.close;
            (
                (s.market.timeframe, s.entry.rsi.length, s.indicators.atr_length),
                uses_trend.then_some((trend.timeframe, trend.longer)),
            )
        };
        let same_atr = next.state.atr.is_some() == self.state.atr.is_some();
        if same_atr && seen(&next.snapshot.settings) == seen(&self.snapshot.settings) {
            next.state = self.state.clone();
        }
        next.replan = true;
        *self = next;
        Ok(())
    }

    /// An open leg is told of new settings, before anything else is decided about it.
    #[inline(never)]
    fn tell_plans(&mut self, ctx: &Context<'_>, decision: &mut Decision) {
        self.replan = false;
        if let Some(leg) = ctx.main_leg().filter(|leg| leg.state == LegState::Open) {
            let (exits, entries) = (Arc::clone(&self.exits), self.entries.clone());
            decision.intents.insert(0, Intent::Replan { side: leg.side, exits, entries });
        }
    }

    /// The settings in force and their version.
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
    /// RSI of the newest candle.
    pub const fn rsi(&self) -> Option<f64> {
        self.state.c
    }
    /// Trend state of the newest candle; `None` while it is unknown or not used.
    pub fn trend(&self) -> Option<Trend> {
        self.state.trend.as_ref().and_then(|_| self.state.reading.known())
    }

    #[inline]
    fn update(&mut self, candle: &Candle) {
        let state = &mut self.state;
        state.seen += 1;
        state.p = state.c;
        state.c = state.rsi.update(candle.close);
        if let Some(atr) = &mut state.atr {
            atr.update(*candle);
        }
        if let Some(trend) = &mut state.trend {
            state.reading = trend.on_base(candle);
        }
    }

    /// Whether the trend state is extreme against a leg. Unknown never is.
    fn trend_is_against(&self, side: PositionSide) -> bool {
        let against = match side {
            PositionSide::Long => Trend::Down,
            PositionSide::Short => Trend::Up,
        };
        self.trend() == Some(against)
    }

    /// Gates of a first entry after its signal (TRADING 12.2), the first that fails.
    fn refusal(&self, ctx: &Context<'_>, side: PositionSide) -> Option<Refusal> {
        let settings = &self.snapshot.settings;
        if let Some(gate) = ctx.opening_gate() {
            return Some(gate);
        }
        if self.state.seen < self.warm_up {
            return Some(Refusal::WarmingUp);
        }
        if ctx.hedge_leg().is_some() {
            return Some(Refusal::HedgeLegOpen);
        }
        if !settings.entry.direction.allows(side) {
            return Some(Refusal::Direction);
        }
        if ctx.cooldown_until(side).is_some_and(|until| ctx.now() < until) {
            return Some(Refusal::Cooldown);
        }
        if settings.trend.filter {
            if self.trend().is_none() {
                return Some(Refusal::TrendUnknown);
            }
            if self.trend_is_against(side) {
                return Some(Refusal::TrendBlocked);
            }
        }
        None
    }

    /// Whether the trend filter forbids an entry of a side now.
    fn trend_forbids(&self, side: PositionSide) -> bool {
        self.snapshot.settings.trend.filter && (self.trend().is_none() || self.trend_is_against(side))
    }

    /// A further entry of an open leg (TRADING 10.3, 10.4): one that is due at this close, or whether a limit may rest.
    fn extra_entry(&self, ctx: &Context<'_>, leg: &LegView, close: f64) -> Option<Decision> {
        let (extra, side) = (&self.snapshot.settings.extra, leg.side);
        if self.rests {
            let withheld = self.trend_forbids(side);
            return (withheld != leg.withheld).then(|| Decision::of(Intent::Withhold { side, withheld }));
        }
        let next = leg.next_entry.as_ref()?;
        let (p, c) = (self.state.p?, self.state.c?);
        if extra.require_price && !next.is_reached(side, close)
            || extra.require_rsi && !self.signal.signals(side, p, c)
        {
            return None;
        }
        let refusal = ctx
            .opening_gate()
            .or_else(|| (leg.candle_used >= Some(ctx.candle_open())).then_some(Refusal::CandleUsed))
            .or_else(|| self.trend_forbids(side).then(|| self.trend_refusal()));
        Some(match refusal {
            Some(refusal) => Decision { refused: Some((side, refusal)), ..Decision::hold() },
            None => Decision::add(side, next.size),
        })
    }

    fn trend_refusal(&self) -> Refusal {
        if self.trend().is_none() { Refusal::TrendUnknown } else { Refusal::TrendBlocked }
    }

    fn decide(&self, ctx: &Context<'_>, close: f64) -> Decision {
        let mut decision = Decision::hold();
        decision.atr = self.state.atr.as_ref().and_then(Indicator::value);
        if let Some(leg) = ctx.main_leg() {
            if self.snapshot.settings.trend.close
                && leg.state == LegState::Open
                && self.trend_is_against(leg.side)
            {
                return Decision { atr: decision.atr, ..Decision::exit(leg.side, ExitReason::TrendReversal) };
            }
            if leg.state == LegState::Open
                && self.entries.is_some()
                && let Some(extra) = self.extra_entry(ctx, leg, close)
            {
                decision = Decision { atr: decision.atr, ..extra };
            }
            return decision;
        }
        let (Some(p), Some(c)) = (self.state.p, self.state.c) else { return decision };
        let Some(side) = self.signal.side(p, c) else { return decision };
        match self.refusal(ctx, side) {
            Some(refusal) => decision.refused = Some((side, refusal)),
            None => {
                let mut enter = Decision::enter(side, self.size, Arc::clone(&self.exits));
                if let Some(entries) = &self.entries {
                    enter = enter.followed_by(Arc::clone(entries));
                }
                decision = Decision { atr: decision.atr, ..enter };
            }
        }
        decision
    }
}

impl Strategy for Hyperrsi {
    fn id(&self) -> StrategyId {
        StrategyId::new("hyperrsi")
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs::candles(self.timeframe, self.warm_up);
        for timeframe in self.state.trend.as_ref().map(AggregatingTrend::needs).unwrap_or_default() {
            needs = needs.and_if_available(timeframe);
        }
        needs
    }

    #[inline]
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        if ctx.timeframe() != self.timeframe {
            if let Some(trend) = &mut self.state.trend {
                trend.on_higher(ctx.timeframe(), candle);
            }
            return Decision::hold();
        }
        self.update(candle);
        let mut decision = self.decide(ctx, candle.close);
        if self.replan {
            self.tell_plans(ctx, &mut decision);
        }
        if ctx.recording() {
            let outcome = match decision.intents.last() {
                Some(Intent::Enter { .. }) => DecisionOutcome::Enter,
                Some(Intent::Add { .. }) => DecisionOutcome::Add,
                Some(Intent::Exit { .. }) => DecisionOutcome::Close,
                _ => DecisionOutcome::None,
            };
            decision.record = Some(Box::new(Recorder { strategy: self, ctx, candle }.record(outcome)));
        }
        decision
    }

    fn is_prompt(&self) -> bool {
        true
    }

    fn fingerprint(&self) -> String {
        self.snapshot.hash.to_string()
    }

    fn save(&self) -> Option<serde_json::Value> {
        serde_json::to_value(&self.state).ok()
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), RestoreError> {
        self.state =
            serde_json::from_value(state.clone()).map_err(|error| RestoreError(error.to_string()))?;
        Ok(())
    }
}
