//! A trade under construction: sums of its fills, and what it becomes once nothing is open of it.

use crate::model::{Amount, Arithmetic, Fill, Overflow, PositionSide, Price, Quantity, Timestamp};
use crate::position::{ExitReason, ProtectionPoint, Trade, TradeFill, TradeFillKind};
use rust_decimal::Decimal;

/// A trade under construction.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct TradeBuilder {
    entry_time: Timestamp,
    entry_value: Decimal,
    entry_quantity: Quantity,
    exit_value: Decimal,
    exit_quantity: Quantity,
    margin: Decimal,
    gross: Amount,
    fees: Amount,
    funding: Amount,
    pub(crate) planned_risk: Option<Amount>,
    fills: Vec<TradeFill>,
    protection: Vec<ProtectionPoint>,
}

impl TradeBuilder {
    pub(crate) const fn new(entry_time: Timestamp) -> Self {
        Self {
            entry_time,
            entry_value: Decimal::ZERO,
            entry_quantity: Quantity::ZERO,
            exit_value: Decimal::ZERO,
            exit_quantity: Quantity::ZERO,
            margin: Decimal::ZERO,
            gross: Amount::ZERO,
            fees: Amount::ZERO,
            funding: Amount::ZERO,
            planned_risk: None,
            fills: Vec::new(),
            protection: Vec::new(),
        }
    }

    /// Of a position whose fills are not known.
    pub(crate) fn claimed(
        now: Timestamp,
        quantity: Quantity,
        average: Price,
        leverage: u32,
    ) -> Result<Self, Overflow> {
        let value = average.value(quantity)?.get();
        let margin = value.over(Decimal::from(leverage.max(1)))?;
        Ok(Self { entry_value: value, entry_quantity: quantity, margin, ..Self::new(now) })
    }

    pub(crate) fn enter(&mut self, fill: &Fill, leverage: u32) -> Result<(), Overflow> {
        let value = fill.price.value(fill.quantity)?.get();
        self.entry_value = self.entry_value.plus(value)?;
        self.entry_quantity = self.entry_quantity.plus(fill.quantity)?;
        self.margin = self.margin.plus(value.over(Decimal::from(leverage.max(1)))?)?;
        self.note(fill, fill.fee, fill.quantity, TradeFillKind::Entry)
    }

    /// A fill, or the part of one that belongs to this trade: `quantity` of it, with its share of the fee.
    pub(crate) fn exit(
        &mut self,
        fill: &Fill,
        fee: Amount,
        quantity: Quantity,
        gross: Amount,
        reason: ExitReason,
    ) -> Result<(), Overflow> {
        self.gross = self.gross.plus(gross)?;
        self.exit_value = self.exit_value.plus(fill.price.value(quantity)?.get())?;
        self.exit_quantity = self.exit_quantity.plus(quantity)?;
        self.note(fill, fee, quantity, TradeFillKind::Exit(reason))
    }

    fn note(
        &mut self,
        fill: &Fill,
        fee: Amount,
        quantity: Quantity,
        kind: TradeFillKind,
    ) -> Result<(), Overflow> {
        self.fees = self.fees.plus(fee)?;
        let (time, price, liquidity) = (fill.time, fill.price, fill.liquidity);
        self.fills.push(TradeFill { time, kind, price, quantity, fee, liquidity });
        Ok(())
    }

    pub(crate) fn add_funding(&mut self, amount: Amount) -> Result<(), Overflow> {
        self.funding = self.funding.plus(amount)?;
        Ok(())
    }

    /// Adds a point unless nothing changed since the last one.
    pub(crate) fn protect(&mut self, point: ProtectionPoint) {
        let same =
            |last: &ProtectionPoint| last.stop == point.stop && last.take_profits == point.take_profits;
        if !self.protection.last().is_some_and(same) {
            self.protection.push(point);
        }
    }

    pub(crate) fn finish(
        self,
        side: PositionSide,
        hedge: bool,
        entries: u32,
        time: Timestamp,
        reason: ExitReason,
    ) -> Result<Trade, Overflow> {
        let net = self.gross.minus(self.fees)?.plus(self.funding)?;
        let exit_price = match self.exit_quantity.is_zero() {
            true => Decimal::ZERO,
            false => self.exit_value.over(self.exit_quantity.get())?,
        };
        Ok(Trade {
            side,
            hedge,
            entry_time: self.entry_time,
            entry_price: Price::new(self.entry_value.over(self.entry_quantity.get())?),
            exit_time: time,
            exit_price: Price::new(exit_price),
            quantity: self.entry_quantity,
            entries,
            margin: Amount::new(self.margin),
            gross_pnl: self.gross,
            fees: self.fees,
            funding: self.funding,
            net_pnl: net,
            planned_risk: self.planned_risk,
            reason,
            fills: self.fills,
            protection: self.protection,
        })
    }
}
