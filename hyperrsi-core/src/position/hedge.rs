use super::{EffectiveStop, ExitReason, Ladder};
use crate::model::{
    Arithmetic, Contracts, Instrument, Overflow, Percent, PositionSide, Price, Quantity, StepRounding,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How large a hedge should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HedgeTarget {
    /// Percent of what is open of the main leg.
    PercentOfMain(Percent),
    /// Venue contracts.
    Contracts(Contracts),
}

/// How a hedge takes profit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HedgeTakeProfit {
    /// That far from its own average.
    Percent(Percent),
    /// At the main leg's effective stop, while that lies on the profit side.
    MainStop,
    /// Closed at market when the main leg makes its last entry.
    LastEntry,
    /// Not at all.
    Never,
}

/// Where a hedge is stopped out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HedgeStop {
    /// That far from its own average.
    Percent(Percent),
    /// At a take-profit level of the main leg, from 1.
    MainLevel(u8),
}

/// What the hedge rules need to know of the main leg.
#[derive(Clone, Copy, Debug)]
pub struct MainLeg<'a> {
    /// Entries so far.
    pub entries: u32,
    /// Its effective stop.
    pub stop: Option<EffectiveStop>,
    /// Its ladder.
    pub ladder: Option<&'a Ladder>,
}

/// A leg against the main one, as data (TRADING 11). The trader opens it after an entry of the main leg, keeps its exits
/// in line with the main leg and closes it with it.
///
/// ```
/// use hyperrsi_core::model::{Instrument, InstrumentId, Percent, Quantity};
/// use hyperrsi_core::position::{HedgePlan, HedgeTarget};
/// use rust_decimal_macros::dec;
/// let mut btc = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
/// btc.lot = dec!(0.01);
/// let plan = HedgePlan::new(3, HedgeTarget::PercentOfMain(Percent::new(dec!(30))));
/// let open = Quantity::new(dec!(1.95));
/// assert_eq!(plan.missing(&btc, open, Quantity::ZERO)?, Quantity::new(dec!(0.58))); // 0.585
/// # Ok::<(), hyperrsi_core::model::Overflow>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HedgePlan {
    /// Opens once the main leg has that many entries.
    pub from_entry: u32,
    /// How large it should be.
    pub target: HedgeTarget,
    /// Most hedge entries per main position.
    pub limit: u32,
    /// Its take profit.
    pub take_profit: HedgeTakeProfit,
    /// Its stop, if any.
    pub stop: Option<HedgeStop>,
    /// Its exits rest once the main leg has that many entries.
    pub exits_from_entry: u32,
    /// The main leg's last entry: with [`HedgeTakeProfit::LastEntry`] the hedge is closed then.
    pub last_entry: u32,
    /// Whether the main leg is closed when the hedge took profit.
    pub close_main_on_take_profit: bool,
    /// Whether it is closed when the main leg is stopped out.
    pub close_on_main_stop: bool,
    /// Whether it is closed when the main leg leaves by its trend exit.
    pub close_on_trend_exit: bool,
}

impl HedgePlan {
    /// A single hedge from that entry on, without exits of its own: it is closed with the main leg.
    pub const fn new(from_entry: u32, target: HedgeTarget) -> Self {
        Self {
            from_entry,
            target,
            limit: 1,
            take_profit: HedgeTakeProfit::Never,
            stop: None,
            exits_from_entry: 1,
            last_entry: u32::MAX,
            close_main_on_take_profit: false,
            close_on_main_stop: false,
            close_on_trend_exit: false,
        }
    }

    /// What is missing to the target, floored to the lot; zero if nothing is (TRADING 11.2, step 4).
    ///
    /// # Errors
    /// [`Overflow`] when the target leaves the range of a decimal.
    pub fn missing(
        &self,
        instrument: &Instrument,
        main_open: Quantity,
        hedge_open: Quantity,
    ) -> Result<Quantity, Overflow> {
        let target = match self.target {
            HedgeTarget::PercentOfMain(percent) => main_open.get().percent(percent.get())?,
            HedgeTarget::Contracts(contracts) => instrument.base_units(contracts)?.get(),
        };
        instrument.floor_quantity(target.minus(hedge_open.get())?.max(Decimal::ZERO))
    }

    /// Whether an entry of the main leg, its `entries`-th, closes the hedge (TRADING 11.2, step 1).
    pub const fn ends_at(&self, entries: u32) -> bool {
        matches!(self.take_profit, HedgeTakeProfit::LastEntry) && entries >= self.last_entry
    }

    /// Take-profit and stop price of a hedge with that average (TRADING 11.4 to 11.6).
    ///
    /// # Errors
    /// [`Overflow`] when a price leaves the range of a decimal.
    pub fn exits(
        &self,
        instrument: &Instrument,
        side: PositionSide,
        average: Price,
        main: MainLeg<'_>,
    ) -> Result<(Option<Price>, Option<Price>), Overflow> {
        if main.entries < self.exits_from_entry {
            return Ok((None, None));
        }
        let moved = |percent: Percent, sign: Decimal| {
            let distance = average.get().percent(percent.get())?;
            average.get().plus(sign.times(distance)?)
        };
        let take_profit = match self.take_profit {
            HedgeTakeProfit::Percent(percent) => {
                Some(instrument.round_price(moved(percent, side.sign())?, StepRounding::Nearest)?)
            }
            HedgeTakeProfit::MainStop => {
                main.stop.map(|stop| stop.price).filter(|price| is_profit(side, average, *price))
            }
            HedgeTakeProfit::LastEntry | HedgeTakeProfit::Never => None,
        };
        let stop = match self.stop {
            Some(HedgeStop::Percent(percent)) => {
                Some(instrument.round_stop(side, moved(percent, -side.sign())?)?)
            }
            Some(HedgeStop::MainLevel(level)) => main.ladder.and_then(|ladder| ladder.price(level)),
            None => None,
        };
        let positive = |price: &Price| price.is_positive();
        Ok((take_profit.filter(positive), stop.filter(positive)))
    }

    /// Whether the hedge stays when the main leg was left for `reason` (TRADING 11.8). One without an order of its own
    /// never does.
    pub const fn survives(&self, reason: ExitReason, has_exits: bool) -> bool {
        let linked = match reason {
            ExitReason::StopLoss | ExitReason::BreakEven => {
                self.close_on_main_stop || matches!(self.take_profit, HedgeTakeProfit::MainStop)
            }
            ExitReason::TrendReversal => self.close_on_trend_exit,
            _ => true,
        };
        has_exits && !linked
    }
}

fn is_profit(side: PositionSide, average: Price, price: Price) -> bool {
    match side {
        PositionSide::Long => price > average,
        PositionSide::Short => price < average,
    }
}
