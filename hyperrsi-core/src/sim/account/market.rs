use crate::exchange::TradingState;
use crate::model::{
    Amount, Arithmetic, Instrument, MarginMode, Overflow, PositionSide, Price, Quantity, Side, Timestamp,
    TriggerSource,
};
use crate::position::Book;
use crate::sim::liquidation_price;
use rust_decimal::Decimal;

/// One leg of an instrument.
#[derive(Clone, Debug, Default)]
pub(super) struct Leg {
    pub(super) number: u64,
    pub(super) book: Book,
    pub(super) realised: Amount,
    pub(super) fees: Amount,
    pub(super) funding: Amount,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// One instrument: its prices, its settings, its two legs.
#[derive(Clone, Debug)]
pub(super) struct Market {
    pub(super) instrument: Instrument,
    pub(super) state: TradingState,
    pub(super) last: Option<Price>,
    pub(super) mark: Option<Price>,
    /// Whether mark prices come by themselves; until they do, the mark is the last price.
    pub(super) marked: bool,
    pub(super) margin_mode: MarginMode,
    pub(super) cross: u32,
    pub(super) isolated: [u32; 2],
    pub(super) long: Leg,
    pub(super) short: Leg,
}

impl Market {
    pub(super) fn new(instrument: Instrument, margin_mode: MarginMode, leverage: u32) -> Self {
        let leverage =
            if instrument.is_spot() { 1 } else { leverage.clamp(1, instrument.max_leverage.max(1)) };
        Self {
            instrument,
            state: TradingState::Trading,
            last: None,
            mark: None,
            marked: false,
            margin_mode,
            cross: leverage,
            isolated: [leverage; 2],
            long: Leg::default(),
            short: Leg::default(),
        }
    }

    pub(super) const fn leg(&self, side: PositionSide) -> &Leg {
        match side {
            PositionSide::Long => &self.long,
            PositionSide::Short => &self.short,
        }
    }
    pub(super) const fn leg_mut(&mut self, side: PositionSide) -> &mut Leg {
        match side {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        }
    }
    pub(super) const fn leverage(&self, mode: MarginMode, side: PositionSide) -> u32 {
        let [long, short] = self.isolated;
        match (mode, side) {
            (MarginMode::Cross, _) => self.cross,
            (MarginMode::Isolated, PositionSide::Long) => long,
            (MarginMode::Isolated, PositionSide::Short) => short,
        }
    }
    pub(super) fn open(&self, side: PositionSide) -> Quantity {
        self.leg(side).book.quantity()
    }
    pub(super) fn is_flat(&self) -> bool {
        self.long.book.is_flat() && self.short.book.is_flat()
    }
    pub(super) const fn price(&self, source: TriggerSource) -> Option<Price> {
        match source {
            TriggerSource::Last => self.last,
            TriggerSource::Mark => self.mark,
        }
    }

    /// Against the trader: buy up, sell down, to the tick (TRADING 0.4).
    pub(super) fn slipped(&self, side: Side, percent: Decimal) -> Result<Option<Price>, Overflow> {
        let Some(price) = self.last else { return Ok(None) };
        if percent.is_zero() {
            return Ok(Some(price));
        }
        let slip = price.get().percent(percent)?;
        let moved = match side {
            Side::Buy => price.get().plus(slip)?,
            Side::Sell => price.get().minus(slip)?,
        };
        self.instrument.round_fill(side, moved).map(Some)
    }

    /// Margin a leg holds: entry value over leverage (TRADING 15.6).
    pub(super) fn margin(&self, side: PositionSide) -> Result<Amount, Overflow> {
        let leverage = self.leverage(self.margin_mode, side).max(1);
        self.leg(side).book.cost().get().over(leverage.into()).map(Amount::new)
    }

    /// Profit of a leg at the mark price.
    pub(super) fn unrealised(&self, side: PositionSide) -> Result<Amount, Overflow> {
        match self.mark {
            Some(mark) => self.leg(side).book.unrealised(side, mark),
            None => Ok(Amount::ZERO),
        }
    }

    /// Value of a leg at the mark price.
    pub(super) fn value(&self, side: PositionSide) -> Result<Amount, Overflow> {
        match self.mark {
            Some(mark) => mark.value(self.open(side)),
            None => Ok(Amount::ZERO),
        }
    }

    /// Where an isolated leg is liquidated; `None` when flat, in cross mode and where it never is.
    pub(super) fn liquidation(&self, side: PositionSide, rate: Decimal) -> Result<Option<Price>, Overflow> {
        let leg = self.leg(side);
        if leg.book.is_flat() || self.margin_mode == MarginMode::Cross {
            return Ok(None);
        }
        let leverage = self.leverage(self.margin_mode, side);
        let price = liquidation_price(side, &leg.book, leverage, rate, Decimal::ZERO)?;
        Ok(price.is_positive().then_some(price))
    }
}
