//! The grid: limit entries on levels around an adaptive average, each lot with an exit of its own (TRADING 16).
//!
//! [`Grid`] is the [`Strategy`]; [`settings`] holds what a user may set; [`policy`] is how the trader carries it out.

mod adx;
mod choose;
mod lattice;
mod record;
pub mod settings;

pub use lattice::Lattice;

use super::rsi_trend::settings::{Report, SettingsHash};
use super::{Context, Decision, LegView, Needs, Rest, RestingEntry, RestoreError, Strategy};
use crate::indicator::{Atr, Indicator, Kama, LengthError};
use crate::model::{
    Candle, Fill, Instrument, Overflow, PositionSide, Price, Quantity, Span, StrategyId, Timeframe,
    Timestamp, decimal_from_f64,
};
use crate::position::{Distance, ExitPlan, ExitReason};
use crate::risk::{Policy, Refusal};
use crate::series::aggregate::{Aggregator, NotAMultiple};
use adx::AdxFilter;
use choose::Chosen;
use lattice::ExitRule;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal_macros::dec;
use serde::{Deserialize, Serialize};
use settings::{AdxPause, Environment, Settings};
use std::sync::Arc;

/// Length of the ATR that spaces the levels.
const ATR_LENGTH: usize = 14;
/// Candles of the trend: what ADX(14) needs to be known, and as many again to settle.
const ADX_DEPTH: usize = 56;
/// Candles the trend is judged by.
const ADX_TIMEFRAME: Timeframe = Timeframe::H4;
/// A resting entry is amended from such a change of its price on.
const LEAST_MOVE: Decimal = dec!(0.001);

/// A grid that cannot be traded.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings are not valid.
    #[error(transparent)]
    Settings(#[from] Report),
    /// Candles the grid reads cannot be built from those there are.
    #[error(transparent)]
    Timeframe(#[from] NotAMultiple),
    /// A period no indicator can have.
    #[error(transparent)]
    Length(#[from] LengthError),
    /// A number left the range of a decimal.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// Everything that changes with candles and fills: saved and restored as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    average: Kama,
    atr: Atr,
    adx: Option<AdxFilter>,
    /// Close of the newest candle.
    close: Option<f64>,
    /// Distance of two levels since the newest recompute.
    step: Option<Decimal>,
    /// Prices of the levels of the long side, lowest first; empty before the first recompute.
    long: Vec<Price>,
    /// The same of the short side.
    short: Vec<Price>,
    /// When the levels were last placed anew.
    recomputed: Option<Timestamp>,
    /// What should rest, as last said.
    said: Vec<RestingEntry>,
    /// Since when no entry has filled.
    idle_since: Option<Timestamp>,
    /// No entry filled for too long: the grid is over.
    over: bool,
}

impl State {
    const fn levels(&self, side: PositionSide) -> &Vec<Price> {
        match side {
            PositionSide::Long => &self.long,
            PositionSide::Short => &self.short,
        }
    }
    const fn levels_mut(&mut self, side: PositionSide) -> &mut Vec<Price> {
        match side {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        }
    }
}

/// The grid strategy for one instrument.
///
/// It is asked at each close of its base candles, and reads those of `grid_timeframe` and 4h, which are built from them.
///
/// ```
/// use hyperrsi_core::model::{Instrument, InstrumentId, Timeframe};
/// use hyperrsi_core::strategy::Strategy;
/// use hyperrsi_core::strategy::grid::{Grid, settings::Settings};
/// use rust_decimal_macros::dec;
/// let btc = Instrument::linear(InstrumentId::new("okx", "BTC-USDT-SWAP"), "BTC", "USDT");
/// let settings = Settings::with_capital(dec!(1000));
/// let grid = Grid::new(settings, Timeframe::M1, &btc, dec!(0.0002))?;
/// let series: Vec<_> = grid.needs().series.iter().map(|need| need.timeframe.as_str()).collect();
/// assert_eq!(series, ["1m", "15m", "4h"]);
/// # Ok::<(), hyperrsi_core::strategy::grid::StartError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grid {
    settings: Settings,
    hash: SettingsHash,
    base: Timeframe,
    /// Planned notional of each level, quote units, lowest first.
    notionals: Vec<Decimal>,
    cap: Decimal,
    exit: ExitRule,
    exits: Arc<ExitPlan>,
    state: State,
}

impl Grid {
    /// A grid that is asked at each close of `base` candles. `maker_fee` is that of its fills, a fraction: no lot is left
    /// where it would not pay both of its fees.
    ///
    /// # Errors
    /// [`StartError::Settings`] with everything that is wrong, [`StartError::Timeframe`] if `grid_timeframe` or 4h is no
    /// multiple of `base`.
    pub fn new(
        settings: Settings,
        base: Timeframe,
        instrument: &Instrument,
        maker_fee: Decimal,
    ) -> Result<Self, StartError> {
        let report = settings.validate(&Environment::of(instrument));
        if !report.is_valid() {
            return Err(report.into());
        }
        Aggregator::new(base, settings.grid_timeframe)?;
        let number = |value: Decimal| value.to_f64().unwrap_or(f64::NAN);
        let adx = if settings.adx_pause == AdxPause::Off {
            None
        } else {
            Aggregator::new(base, ADX_TIMEFRAME)?;
            Some(AdxFilter::new(number(settings.adx_on), number(settings.adx_off))?)
        };
        let leverage = Decimal::from(settings.leverage(instrument.is_spot()));
        let notional = |margin: &Decimal| crate::model::Arithmetic::times(*margin, leverage);
        let mut exits = ExitPlan::new();
        if settings.stop_loss.is_sign_positive() && !settings.stop_loss.is_zero() {
            exits = exits.stop_loss(Distance::percent(settings.stop_loss));
        }
        let [fast, slow, er] = [settings.average_fast, settings.average_slow, settings.average_er];
        let state = State {
            average: Kama::new(er as usize, fast as usize, slow as usize)?,
            atr: Atr::new(ATR_LENGTH)?,
            adx,
            close: None,
            step: None,
            long: Vec::new(),
            short: Vec::new(),
            recomputed: None,
            said: Vec::new(),
            idle_since: None,
            over: false,
        };
        Ok(Self {
            base,
            notionals: settings.margins().iter().map(notional).collect::<Result<_, _>>()?,
            cap: settings.exposure_cap(instrument.is_spot()),
            exit: ExitRule { levels: settings.exit_levels, fee: maker_fee },
            exits: Arc::new(exits),
            hash: settings.hash(),
            settings,
            state,
        })
    }

    /// The settings in force.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }
    /// Prices of the levels of a side, lowest first; empty before the first recompute.
    pub fn levels(&self, side: PositionSide) -> &[Price] {
        self.state.levels(side)
    }
    /// Distance of two levels since the newest recompute, quote units.
    pub const fn step(&self) -> Option<Decimal> {
        self.state.step
    }
    /// Whether `custom_stop` has ended the grid: nothing is entered any more, lots keep their exits.
    pub const fn is_over(&self) -> bool {
        self.state.over
    }

    fn sides(&self) -> impl Iterator<Item = PositionSide> + use<> {
        let sides = self.settings.enter_strategy;
        PositionSide::BOTH.into_iter().filter(move |side| sides.has(*side))
    }

    /// Feeds a candle to what reads its timeframe.
    fn feed(&mut self, timeframe: Timeframe, candle: &Candle) {
        let state = &mut self.state;
        if timeframe == self.settings.grid_timeframe {
            state.average.update(candle.close);
            state.atr.update(*candle);
        }
        if timeframe == ADX_TIMEFRAME
            && let Some(adx) = &mut state.adx
        {
            adx.update(candle);
        }
    }

    /// Whether a new period of `recompute_minutes` has begun since the newest recompute.
    fn is_due(&self, now: Timestamp) -> bool {
        let width = Span::minutes(i64::from(self.settings.recompute_minutes)).millis().max(1);
        let period = |at: Timestamp| at.millis().div_euclid(width);
        self.state.recomputed.is_none_or(|before| period(now) > period(before))
    }

    /// Places the flat levels of each side anew (TRADING 16.4). False while average or ATR is unknown.
    fn recompute(&mut self, ctx: &Context<'_>) -> Result<bool, Overflow> {
        let settings = &self.settings;
        let value = |value: Option<f64>| value.and_then(decimal_from_f64);
        let (Some(centre), Some(atr)) = (value(self.state.average.value()), value(self.state.atr.value()))
        else {
            return Ok(false);
        };
        let (multiple, count) = (settings.grid_atr_multiple, settings.grid_num);
        let Some(lattice) = Lattice::new(ctx.instrument(), centre, atr, multiple, count)? else {
            return Ok(false);
        };
        self.state.step = Some(lattice.step);
        self.state.recomputed = Some(ctx.now());
        for side in self.sides() {
            let before = std::mem::take(self.state.levels_mut(side));
            let leg = ctx.leg(side);
            let stays = |key: u16, new: Price, old: Price| {
                is_held(leg, key)
                    || self.state.said.iter().any(|entry| entry.side == side && entry.key == key)
                        && !is_moved(old, new)
            };
            let levels = (0..).zip(&lattice.levels).map(|(key, new)| {
                let old = before.get(usize::from(key)).copied();
                old.filter(|old| stays(key, *new, *old)).unwrap_or(*new)
            });
            let levels = levels.collect();
            *self.state.levels_mut(side) = levels;
        }
        Ok(true)
    }

    /// Ends the grid when no entry has filled for too long. The clock runs while entries are possible.
    fn watch_idle(&mut self, ctx: &Context<'_>) {
        let Some(minutes) = self.settings.custom_stop else { return };
        let waits = matches!(ctx.opening_gate(), Some(Refusal::NotRunning | Refusal::WarmingUp));
        if waits || self.state.step.is_none() {
            self.state.idle_since = None;
            return;
        }
        let since = *self.state.idle_since.get_or_insert(ctx.now());
        self.state.over |= ctx.now() - since >= Span::minutes(i64::from(minutes));
    }

    /// Why a side makes no entries now, if it makes none.
    fn pause(&self, ctx: &Context<'_>, side: PositionSide) -> Option<Refusal> {
        if self.state.over {
            return Some(Refusal::NotRunning);
        }
        if self.state.step.is_none() {
            return Some(Refusal::WarmingUp);
        }
        if self.rests(ctx.leg(side)) {
            return Some(Refusal::Cooldown);
        }
        let adx = self.state.adx.as_ref()?;
        if adx.adx().is_none() {
            return Some(Refusal::TrendUnknown);
        }
        let strong = adx.strong()?;
        let paused = match self.settings.adx_pause {
            AdxPause::Off => false,
            AdxPause::AgainstTrend => strong != side,
            AdxPause::BothSides => true,
        };
        paused.then_some(Refusal::TrendBlocked)
    }

    /// After its stop, or any close that no exit of a lot made, a side rests until the next recompute `cooldown_time`
    /// later (TRADING 16.8).
    fn rests(&self, leg: &LegView) -> bool {
        let Some(exit) = leg.last_exit.filter(|_| leg.last_reason != Some(ExitReason::GridExit)) else {
            return false;
        };
        let until = exit + Span::seconds(i64::from(self.settings.cooldown_time));
        self.state.recomputed.is_none_or(|at| at <= exit || at < until)
    }

    /// What should rest now. `growing` keeps entries that have filled in part.
    fn answer(&mut self, ctx: &Context<'_>, always: bool, growing: bool) -> Decision {
        let market = ctx.history(self.base).and_then(|history| history.close(0)).or(self.state.close);
        let Some(market) = market.and_then(decimal_from_f64) else { return Decision::hold() };
        let Chosen { entries, refused } = self.choose(ctx, market, growing);
        if !always && entries == self.state.said {
            return Decision::hold();
        }
        self.state.said.clone_from(&entries);
        Decision { rest: Rest::Set(entries), refused, ..Decision::hold() }
    }
}

/// Whether a level has a lot.
fn is_held(leg: &LegView, key: u16) -> bool {
    leg.lots.iter().any(|lot| lot.key == key)
}

/// Whether a price differs enough for its order to be amended.
fn is_moved(old: Price, new: Price) -> bool {
    let least = old.get().checked_mul(LEAST_MOVE);
    least.is_none_or(|least| (new.get() - old.get()).abs() >= least)
}

impl Strategy for Grid {
    fn id(&self) -> StrategyId {
        StrategyId::new("grid")
    }

    fn needs(&self) -> Needs {
        let [slow, er] = [self.settings.average_slow, self.settings.average_er];
        let depth = (slow + er) as usize;
        let mut needs = Needs::candles(self.base, 1).and(self.settings.grid_timeframe, depth.max(100));
        if self.state.adx.is_some() {
            needs = needs.and(ADX_TIMEFRAME, ADX_DEPTH);
        }
        needs
    }

    fn is_prompt(&self) -> bool {
        true
    }

    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        self.feed(ctx.timeframe(), candle);
        if ctx.timeframe() != self.base {
            return Decision::hold();
        }
        self.state.close = Some(candle.close);
        // A level outside the range of a decimal leaves the grid as it is.
        let recomputed = self.is_due(ctx.now()) && self.recompute(ctx).unwrap_or(false);
        self.watch_idle(ctx);
        let mut decision = self.answer(ctx, recomputed, false);
        if ctx.recording() {
            decision.record = Some(Box::new(self.record(ctx, candle, &decision)));
        }
        decision
    }

    fn on_fill(&mut self, ctx: &Context<'_>, fill: &Fill) -> Decision {
        if fill.opens() {
            self.state.idle_since = Some(fill.time);
        }
        self.answer(ctx, true, fill.opens())
    }

    fn fingerprint(&self) -> String {
        self.hash.to_string()
    }

    fn save(&self) -> Option<serde_json::Value> {
        serde_json::to_value(&self.state).ok()
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), RestoreError> {
        let mut state: State =
            serde_json::from_value(state.clone()).map_err(|error| RestoreError(error.to_string()))?;
        let count = self.settings.grid_num as usize;
        if [&state.long, &state.short].into_iter().any(|side| !side.is_empty() && side.len() != count) {
            return Err(RestoreError(format!("it has another number of levels than {count}")));
        }
        let mut adx = self.state.adx.take();
        if let (Some(own), Some(saved)) = (&mut adx, state.adx.take()) {
            own.resume(saved);
        }
        self.state = State { adx, ..state };
        Ok(())
    }
}

/// How the trader trades these settings; the journal is on. The grid itself keeps its sides at rest after a stop.
pub fn policy(settings: &Settings, instrument: &Instrument) -> Policy {
    Policy { leverage: settings.leverage(instrument.is_spot()), ..Policy::default() }
}

/// The quantity of a level: its planned notional at its price, whole lots.
fn quantity(instrument: &Instrument, notional: Decimal, price: Price) -> Result<Quantity, Overflow> {
    instrument.floor_quantity(crate::model::Arithmetic::over(notional, price.get())?)
}
