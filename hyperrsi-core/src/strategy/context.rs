use crate::model::{Instrument, PositionSide, Price, Quantity, Span, Timeframe, Timestamp};
use crate::position::{EffectiveStop, ExitReason, LevelState};
use crate::risk::{Refusal, Size};
use crate::series::History;
use serde::{Deserialize, Serialize};

/// Where a leg is in its life (TRADING 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// Nothing is open.
    #[default]
    Flat,
    /// An entry is decided or on its way.
    Entering,
    /// A quantity is open.
    Open,
    /// A close of everything is on its way.
    Closing,
}

/// The next entry that the plan of an open leg foresees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NextEntry {
    /// Its level, rounded away from the market; fixed from one entry to the next (TRADING 10.2).
    pub price: Price,
    /// The same for comparisons with candles.
    pub level: f64,
    /// How large it is (TRADING 10.5).
    pub size: Size,
}

impl NextEntry {
    /// Whether a close has reached the level of a leg on that side.
    #[inline]
    pub fn is_reached(&self, side: PositionSide, close: f64) -> bool {
        match side {
            PositionSide::Long => close <= self.level,
            PositionSide::Short => close >= self.level,
        }
    }
}

/// A lot: what one resting entry filled and its own exit has not closed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotView {
    /// The key of its entry.
    pub key: u16,
    /// What is open of it, base units.
    pub quantity: Quantity,
    /// Its average entry price.
    pub entry: Price,
    /// Where it is left.
    pub exit: Price,
}

/// One leg as a strategy sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LegView {
    /// Long or short.
    pub side: PositionSide,
    /// Where it is in its life.
    pub state: LegState,
    /// Whether it is the hedge of the other side.
    pub hedge: bool,
    /// Open quantity, base units.
    pub quantity: Quantity,
    /// Average entry price.
    pub average: Option<Price>,
    /// Entries so far, the first included.
    pub entries: u32,
    /// Average fill price of the newest entry.
    pub last_entry: Option<Price>,
    /// The next entry, if the leg has a plan for one and its limit is not reached.
    pub next_entry: Option<NextEntry>,
    /// Whether the planned limit entry must not rest: see [`Intent::Withhold`](super::Intent::Withhold).
    pub withheld: bool,
    /// Effective stop.
    pub stop: Option<EffectiveStop>,
    /// The take-profit levels.
    pub levels: Vec<LevelState>,
    /// Open lots, oldest first.
    pub lots: Vec<LotView>,
    /// Time of the last full exit.
    pub last_exit: Option<Timestamp>,
    /// Its reason.
    pub last_reason: Option<ExitReason>,
    /// Open time of the newest candle that this side used for an entry.
    pub candle_used: Option<Timestamp>,
}

impl LegView {
    /// A leg that never traded.
    pub const fn flat(side: PositionSide) -> Self {
        Self {
            side,
            state: LegState::Flat,
            hedge: false,
            quantity: Quantity::ZERO,
            average: None,
            entries: 0,
            last_entry: None,
            next_entry: None,
            withheld: false,
            stop: None,
            levels: Vec::new(),
            lots: Vec::new(),
            last_exit: None,
            last_reason: None,
            candle_used: None,
        }
    }
    /// Whether nothing is open or on its way.
    #[inline]
    pub fn is_flat(&self) -> bool {
        self.state == LegState::Flat
    }
}

/// What the trader knows and a strategy may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct View {
    /// The instrument.
    pub instrument: Instrument,
    /// The long leg.
    pub long: LegView,
    /// The short leg.
    pub short: LegView,
    /// Why openings are refused right now, if they are (TRADING 12.1).
    pub opening_gate: Option<Refusal>,
    /// How long a side rests after a full exit.
    pub cooldown: Option<Span>,
}

impl View {
    /// A view with both legs flat and no gate.
    pub const fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            long: LegView::flat(PositionSide::Long),
            short: LegView::flat(PositionSide::Short),
            opening_gate: None,
            cooldown: None,
        }
    }
    /// The leg of a side.
    pub const fn leg(&self, side: PositionSide) -> &LegView {
        match side {
            PositionSide::Long => &self.long,
            PositionSide::Short => &self.short,
        }
    }
    /// The same, to change it.
    pub const fn leg_mut(&mut self, side: PositionSide) -> &mut LegView {
        match side {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        }
    }
}

/// What a strategy is given with each closed candle: closed history by a borrow, its legs, its gates. Nothing of the
/// future can be reached through it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    now: Timestamp,
    timeframe: Timeframe,
    histories: &'a [History<'a>],
    view: &'a View,
    recording: bool,
}

impl<'a> Context<'a> {
    /// Made by the driver. `histories` holds closed candles only, the instrument's own timeframe first.
    pub const fn new(
        now: Timestamp,
        timeframe: Timeframe,
        histories: &'a [History<'a>],
        view: &'a View,
        recording: bool,
    ) -> Self {
        Self { now, timeframe, histories, view, recording }
    }
    /// Close time of the candle, venue time.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
    /// Open time of the candle that closed.
    pub fn candle_open(&self) -> Timestamp {
        self.now - self.timeframe.span()
    }
    /// The timeframe that closed.
    pub const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }
    /// Closed candles of a timeframe the strategy declared in its needs.
    pub fn history(&self, timeframe: Timeframe) -> Option<History<'a>> {
        self.histories.iter().copied().find(|history| history.timeframe() == timeframe)
    }
    /// Closed candles of the timeframe that closed, newest last.
    pub fn closes(&self) -> &'a [f64] {
        self.history(self.timeframe).map(|history| history.closes()).unwrap_or_default()
    }
    /// The instrument.
    pub const fn instrument(&self) -> &'a Instrument {
        &self.view.instrument
    }
    /// The leg of a side.
    pub const fn leg(&self, side: PositionSide) -> &'a LegView {
        self.view.leg(side)
    }
    /// Whether both legs are flat and nothing is on its way.
    #[inline]
    pub fn is_flat(&self) -> bool {
        self.view.long.is_flat() && self.view.short.is_flat()
    }
    /// The main leg, if one is entering, open or closing.
    #[inline]
    pub fn main_leg(&self) -> Option<&'a LegView> {
        [&self.view.long, &self.view.short].into_iter().find(|leg| !leg.is_flat() && !leg.hedge)
    }
    /// The hedge leg, if one is entering, open or closing.
    pub fn hedge_leg(&self) -> Option<&'a LegView> {
        [&self.view.long, &self.view.short].into_iter().find(|leg| !leg.is_flat() && leg.hedge)
    }
    /// Why openings are refused right now, if they are.
    pub const fn opening_gate(&self) -> Option<Refusal> {
        self.view.opening_gate
    }
    /// Until when first entries of a side rest after its last full exit.
    pub fn cooldown_until(&self, side: PositionSide) -> Option<Timestamp> {
        Some(self.view.leg(side).last_exit? + self.view.cooldown?)
    }
    /// Whether a full [`DecisionRecord`](super::DecisionRecord) is wanted. Strategies may skip building one otherwise.
    pub const fn recording(&self) -> bool {
        self.recording
    }
}
