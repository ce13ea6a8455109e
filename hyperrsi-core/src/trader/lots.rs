//! Lots: what resting entries with exits of their own filled. The engine's ledger inside the venue's single leg: the sum of
//! all lots is the leg (TRADING 16.5), and each lot is a trade.

use super::trade::TradeBuilder;
use super::{Event, Record, Role, Trader};
use crate::model::{
    Amount, Arithmetic, Fill, OrderKind, OrderSpec, Overflow, PositionSide, Price, Quantity, TimeInForce,
    Timestamp,
};
use crate::position::{Book, ExitReason, Trade};

/// One lot.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Lot {
    pub(crate) key: u16,
    pub(crate) book: Book,
    /// Where it is left.
    pub(crate) exit: Price,
    /// A price has touched the exit. Counts only where the venue locks quantity.
    #[serde(default)]
    pub(crate) touched: bool,
    trade: TradeBuilder,
    reason: ExitReason,
}

/// Books an entry fill of the lot with that key.
pub(super) fn enter(
    lots: &mut Vec<Lot>,
    key: u16,
    exit: Price,
    fill: &Fill,
    leverage: u32,
) -> Result<(), Overflow> {
    if !lots.iter().any(|lot| lot.key == key) {
        let trade = TradeBuilder::new(fill.time);
        let (book, reason) = (Book::EMPTY, ExitReason::GridExit);
        lots.push(Lot { key, book, exit, touched: false, trade, reason });
    }
    let Some(lot) = lots.iter_mut().find(|lot| lot.key == key) else { return Ok(()) };
    lot.book.enter(fill.price, fill.quantity)?;
    lot.trade.enter(fill, leverage)
}

/// Takes `quantity` of an exit fill out of the lot with that key, and what is more out of the others, oldest first. Each
/// bears its share of the fee, the last one what rounding left.
pub(super) fn exit(
    lots: &mut [Lot],
    side: PositionSide,
    fill: &Fill,
    quantity: Quantity,
    reason: ExitReason,
    key: Option<u16>,
) -> Result<(), Overflow> {
    let (mut left, mut fee_left) = (quantity, fill.fee);
    let own = lots.iter().position(|lot| Some(lot.key) == key && !lot.book.is_flat());
    let order = own.into_iter().chain((0..lots.len()).filter(|index| Some(*index) != own));
    for index in order.collect::<Vec<_>>() {
        let Some(lot) = lots.get_mut(index).filter(|lot| !lot.book.is_flat()) else { continue };
        let part = left.min(lot.book.quantity());
        if part.is_zero() {
            break;
        }
        left = left.minus(part)?;
        let fee = if left.is_zero() {
            fee_left
        } else {
            Amount::new(fill.fee.get().times(part.get())?.over(quantity.get())?.round_dp(12))
        };
        fee_left = fee_left.minus(fee)?;
        let gross = lot.book.exit(side, fill.price, part)?;
        lot.trade.exit(fill, fee, part, gross, reason)?;
        lot.reason = reason;
    }
    Ok(())
}

/// Divides funding among lots by what is open of them; the last one bears what rounding left.
pub(super) fn fund(lots: &mut [Lot], amount: Amount) -> Result<(), Overflow> {
    let mut open = Quantity::ZERO;
    for lot in lots.iter() {
        open = open.plus(lot.book.quantity())?;
    }
    let (mut left, last) = (amount, lots.len().saturating_sub(1));
    for (index, lot) in lots.iter_mut().enumerate() {
        let part = if index == last || open.is_zero() {
            left
        } else {
            let share = amount.get().times(lot.book.quantity().get())?.over(open.get())?;
            Amount::new(share.round_dp(12))
        };
        left = left.minus(part)?;
        lot.trade.add_funding(part)?;
    }
    Ok(())
}

impl Trader {
    /// Lots that nothing is open of any more become trades.
    pub(super) fn finish_lots(
        &mut self,
        side: PositionSide,
        time: Timestamp,
        all: bool,
    ) -> Result<(), Overflow> {
        let leg = self.leg_mut(side);
        if leg.lots.is_empty() {
            return Ok(());
        }
        let hedge = leg.hedge;
        let (done, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut leg.lots).into_iter().partition(|lot| all || lot.book.is_flat());
        leg.lots = open;
        for lot in done {
            let trade = lot.trade.finish(side, hedge, 1, time, lot.reason)?;
            self.tell_trade(trade);
        }
        Ok(())
    }

    pub(super) fn tell_trade(&mut self, trade: Trade) {
        self.spool(|| Record::Trade(Box::new(trade.clone())));
        self.emit(Event::Closed(Box::new(trade)));
    }

    /// Each lot whose entry has settled has one reduce-only limit at its exit.
    pub(super) fn reconcile_lots(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let leg = self.leg(side);
        if leg.lots.is_empty() || leg.take_profit_retry.is_some_and(|(at, _)| at > self.now) {
            return Ok(());
        }
        let watches = self.watches_levels(side);
        let wanted: Vec<_> = leg
            .lots
            .iter()
            .filter(|lot| lot.touched || !watches)
            .map(|lot| (lot.key, lot.book.quantity(), lot.exit))
            .collect();
        for (key, quantity, price) in wanted {
            let entering = self.orders.of(side).any(|o| o.role == Role::Resting(key));
            if entering || quantity.is_zero() {
                continue;
            }
            let kind = OrderKind::Limit { price, time_in_force: TimeInForce::GoodTillCancelled };
            let resting = self.orders.of(side).find(|o| o.role == Role::LotExit(key)).map(|o| {
                let busy = o.is_busy() || o.cancelling || o.awaits_fills();
                (o.spec, o.left(), o.filled, busy, o.doubtful)
            });
            match resting {
                None if !self.has_room(side, quantity)? => {}
                None => {
                    let leg = self.leg_mut(side);
                    leg.attempt = leg.attempt.wrapping_add(1); // the same key comes again within a cycle
                    self.place_reducing(side, Role::LotExit(key), quantity, kind, None);
                }
                Some((_, _, _, true, _)) => {}
                Some((spec, left, filled, false, doubtful)) => {
                    if left? != quantity || spec.kind != kind || doubtful {
                        if self.policy.venue.amend {
                            self.amend(OrderSpec { kind, quantity: quantity.plus(filled)?, ..spec }, None);
                        } else {
                            self.cancel(spec.client_id);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
