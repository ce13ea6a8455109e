//! One behaviour per file; figures are worked out by hand beside the assertion.

mod conditional;
mod contract;
mod faults;
mod laws;
mod ledger;
mod refusals;

use super::*;
use crate::model::{Amount, Instrument, InstrumentId, OrderStatus, PositionSide, Price, Quantity, Side};
use crate::model::{TimeInForce, Timestamp, TriggerSource};
use rust_decimal::Decimal;
pub(super) use rust_decimal_macros::dec;

pub(super) const NOW: Timestamp = Timestamp::EPOCH;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}
pub(super) fn price(value: Decimal) -> Price {
    Price::new(value)
}
pub(super) fn quantity(value: Decimal) -> Quantity {
    Quantity::new(value)
}
pub(super) fn swap() -> InstrumentId {
    InstrumentId::new("sim", "BTC-USDT-SWAP")
}
pub(super) fn spot() -> InstrumentId {
    InstrumentId::new("sim", "BTC-USDT")
}

pub(super) fn instruments() -> [Instrument; 2] {
    let mut contract = Instrument::linear(swap(), "BTC", "USDT");
    (contract.tick, contract.lot, contract.min_size) = (dec!(0.1), dec!(0.01), dec!(0.01));
    contract.max_size = Some(dec!(1000));
    let mut outright = Instrument { kind: crate::model::InstrumentKind::Spot, ..contract.clone() };
    outright.id = spot();
    (outright.min_notional, outright.max_leverage) = (dec!(5), 1);
    [contract, outright]
}

pub(super) fn setup() -> Setup {
    Setup::new("sim").deposit("USDT", dec!(10_000))
}

/// An account at a last price of 100 in both markets.
pub(super) fn account(setup: Setup) -> Account {
    let mut account = Account::new(setup, instruments());
    account.trade(NOW, &swap(), price(dec!(100))).unwrap();
    account.trade(NOW, &spot(), price(dec!(100))).unwrap();
    account
}

pub(super) fn order(id: InstrumentId, side: Side, size: Decimal, terms: Terms) -> NewOrder {
    NewOrder::new(id, side, quantity(size), terms)
}
pub(super) fn buy(size: Decimal) -> NewOrder {
    order(swap(), Side::Buy, size, Terms::Market)
}
pub(super) fn sell(size: Decimal) -> NewOrder {
    order(swap(), Side::Sell, size, Terms::Market)
}
pub(super) fn limit(at: Decimal, time_in_force: TimeInForce) -> Terms {
    Terms::Limit { price: price(at), time_in_force }
}
pub(super) fn resting(at: Decimal) -> Terms {
    limit(at, TimeInForce::GoodTillCancelled)
}
pub(super) fn trigger(at: Decimal) -> Option<Trigger> {
    Some(Trigger { price: price(at), source: TriggerSource::Last, limit: None })
}
pub(super) fn stop(at: Decimal) -> Terms {
    Terms::Trigger { stop: trigger(at), take_profit: None }
}
pub(super) fn reducing(order: NewOrder) -> NewOrder {
    NewOrder { reduce_only: true, ..order }
}
pub(super) fn of_leg(leg: PositionSide, order: NewOrder) -> NewOrder {
    NewOrder { leg: Some(leg), ..order }
}
pub(super) fn named(id: &str, order: NewOrder) -> NewOrder {
    NewOrder { client_id: Some(id.into()), ..order }
}

/// What is open, long positive.
pub(super) fn net(account: &Account) -> Decimal {
    account.positions().unwrap().iter().map(|one| one.quantity.get() * one.side.sign()).sum()
}
pub(super) fn status(account: &Account, number: u64) -> OrderStatus {
    account.order(number).unwrap().status
}
/// The prices of every fill, in order.
pub(super) fn fill_prices(account: &Account) -> Vec<Decimal> {
    account.executions().iter().map(|one| one.fill.fill.price.get()).collect()
}
pub(super) fn total(account: &Account, asset: &str) -> Decimal {
    account.total(asset).get()
}
pub(super) fn free(account: &Account, asset: &str) -> Decimal {
    account.free(asset).unwrap().get()
}
pub(super) const fn amount(value: Decimal) -> Amount {
    Amount::new(value)
}
