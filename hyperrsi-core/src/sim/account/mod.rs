//! A whole account at a simulated venue: several instruments, spot and contracts, both position modes, plain and
//! conditional orders. It speaks the types of [`exchange`](crate::exchange) and does no I/O: time, prices and requests
//! go in, answers and events come out.
//!
//! ```text
//! trade, mark, candle, fund ─▶┐            ┌─▶ poll: orders, fills, positions, balances
//! call(Request) ─▶ Answer ────┤  Account   ├─▶ order, orders, executions, positions, balances
//! place, amend, cancel, set ──▶┘            └─▶ equity
//! ```
//!
//! It has its own matching beside [`Venue`](crate::sim::Venue): that one is the inner loop of a backtest, one instrument
//! whose driver says what fires when and whose market orders wait for the next open. Here a venue has to find by itself
//! what a price sets off, hold orders of several instruments against one balance, keep what is over for queries, and
//! link, attach and trail. The arithmetic of a leg ([`Book`](crate::position::Book)) and of liquidation is shared.
//!
//! # How it matches
//!
//! * [`Account::trade`] jumps: what the new price has reached fires in the order in which it was passed; a stop fills at
//!   the new price. [`Account::candle`] glides from point to point: a stop fills at its trigger.
//! * A resting limit order fills at its own price when the last price touches it (TRADING A30), as maker. An order that
//!   crosses the last price when placed takes there, slipped, as taker.
//! * The mark price is the last price until [`Account::mark`] is first called.
//! * In one-way mode an order that closes one side and opens the other has two fills, each of one leg.
//! * A triggered order sends a plain one with its own number; the conditional order shows its fills and state. In the
//!   exchange's view the sent order is not listed: the conditional one speaks for it.
//! * What an entry brought along is placed when the entry has ended, for what it filled.
//! * An order for reducing only is trimmed to what is open when it fills.
//!
//! # The account
//!
//! Free balance = total + losses of cross legs − margins (entry value ÷ leverage) − what resting openings need (value ÷
//! leverage, with taker fee). Equity = Σ totals + Σ unrealised. A liquidated isolated leg loses its margin at most; a
//! cross account is closed at the mark price when its equity falls to the maintenance margin.

mod event;
mod fill;
mod forget;
mod intake;
mod market;
mod matching;
mod modes;
mod order;
mod read;
mod rejection;
mod request;
mod setup;

pub mod fault;

pub use event::{Event, Execution, Position};
pub use matching::Path;
pub use order::{Attachment, Callback, Ended, NewOrder, Order, Size, Terms, Trailing, Trigger};
pub use rejection::Rejection;
pub use request::Change;
pub use setup::{ExcessRule, PostOnlyRule, Setup, SpotFee};

use crate::exchange::{CashFlow, OrderClass, TradingState};
use crate::model::{Amount, Balance, Instrument, InstrumentId, PositionMode, PositionSide, Timestamp};
use market::Market;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A simulated account. See the [module](self).
///
/// ```
/// use hyperrsi_core::model::*;
/// use hyperrsi_core::sim::account::{Account, NewOrder, Setup, Terms};
/// use hyperrsi_core::dec;
///
/// let id = InstrumentId::new("sim", "BTCUSDT");
/// let btc = Instrument::linear(id.clone(), "BTC", "USDT");
/// let mut account = Account::new(Setup::new("sim").deposit("USDT", dec!(1_000)), [btc]);
/// let now = Timestamp::EPOCH;
/// account.trade(now, &id, Price::new(dec!(100)))?;
/// account.place(now, NewOrder::new(id.clone(), Side::Buy, Quantity::new(dec!(2)), Terms::Market)).unwrap();
/// account.trade(now, &id, Price::new(dec!(110)))?;
/// // 1000 − fee 2 × 100 × 0.0005 + profit 2 × 10
/// assert_eq!(account.equity("USDT")?.get(), dec!(1019.9));
/// # Ok::<(), Overflow>(())
/// ```
#[derive(Clone, Debug)]
pub struct Account {
    setup: Setup,
    mode: PositionMode,
    /// The position mode the caller of [`Account::call`] was last told.
    told: PositionMode,
    markets: BTreeMap<InstrumentId, Market>,
    wallets: BTreeMap<String, Amount>,
    orders: BTreeMap<u64, Order>,
    live: BTreeSet<u64>,
    client_ids: BTreeMap<(OrderClass, String), u64>,
    executions: Vec<Execution>,
    flows: Vec<CashFlow>,
    events: VecDeque<Event>,
    next: u64,
}

impl Account {
    /// An account in these instruments. Coin-margined contracts are left out: nothing here can trade them.
    pub fn new(setup: Setup, instruments: impl IntoIterator<Item = Instrument>) -> Self {
        let markets = instruments
            .into_iter()
            .filter(|instrument| instrument.validate().is_ok())
            .map(|one| (one.id.clone(), Market::new(one, setup.margin_mode, setup.leverage)))
            .collect();
        Self {
            mode: setup.position_mode,
            told: setup.position_mode,
            markets,
            wallets: setup.deposits.clone(),
            orders: BTreeMap::new(),
            live: BTreeSet::new(),
            client_ids: BTreeMap::new(),
            executions: Vec::new(),
            flows: Vec::new(),
            events: VecDeque::new(),
            next: setup.first_id,
            setup,
        }
    }

    /// What happened next, oldest first.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
    /// How it was set up.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }
    /// One-way or hedge.
    pub const fn position_mode(&self) -> PositionMode {
        self.mode
    }
    /// The instruments, by id.
    pub fn instruments(&self) -> impl Iterator<Item = &Instrument> {
        self.markets.values().map(|market| &market.instrument)
    }
    /// One instrument.
    pub fn instrument(&self, id: &InstrumentId) -> Option<&Instrument> {
        self.markets.get(id).map(|market| &market.instrument)
    }
    /// Replaces what the venue says about an instrument, such as a new tick (FAULTS 44).
    pub fn relist(&mut self, instrument: Instrument) {
        if let Some(market) = self.markets.get_mut(&instrument.id) {
            market.instrument = instrument;
        }
    }
    /// Whether an instrument trades; `None` if there is no such instrument.
    pub fn state(&self, id: &InstrumentId) -> Option<TradingState> {
        self.markets.get(id).map(|market| market.state)
    }
    /// Sets whether an instrument trades (FAULTS 37).
    pub fn set_state(&mut self, id: &InstrumentId, state: TradingState) {
        if let Some(market) = self.markets.get_mut(id) {
            market.state = state;
        }
    }
    /// An order by its number.
    pub fn order(&self, number: u64) -> Option<&Order> {
        self.orders.get(&number)
    }
    /// An order by its sender's id.
    pub fn order_of(&self, class: OrderClass, client_id: &str) -> Option<&Order> {
        self.client_ids.get(&(class, client_id.to_owned())).and_then(|number| self.orders.get(number))
    }
    /// Every order ever taken, oldest first.
    pub fn orders(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.orders.values()
    }
    /// The live ones, oldest first.
    pub fn live_orders(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.live.iter().filter_map(|number| self.orders.get(number))
    }
    /// Every fill, oldest first.
    pub fn executions(&self) -> &[Execution] {
        &self.executions
    }
    /// Funding and transfers, oldest first.
    pub fn flows(&self) -> &[CashFlow] {
        &self.flows
    }

    /// Money put in (positive) or taken out by the user.
    ///
    /// # Errors
    /// [`Overflow`](crate::model::Overflow) when the balance leaves the range of a decimal.
    pub fn transfer(
        &mut self,
        now: Timestamp,
        asset: &str,
        amount: Amount,
    ) -> Result<(), crate::model::Overflow> {
        self.credit(asset, amount)?;
        let id = self.number().to_string();
        let flow = CashFlow {
            id,
            kind: crate::exchange::CashFlowKind::Transfer,
            instrument: None,
            asset: asset.to_owned(),
            amount,
            time: now,
        };
        self.flows.push(flow.clone());
        self.events.push_back(Event::CashFlow(flow));
        self.tell_balance(asset)
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn credit(&mut self, asset: &str, amount: Amount) -> Result<(), crate::model::Overflow> {
        let wallet = self.wallets.entry(asset.to_owned()).or_default();
        *wallet = wallet.plus(amount)?;
        Ok(())
    }

    fn tell_order(&mut self, number: u64) {
        if let Some(order) = self.orders.get(&number) {
            self.events.push_back(Event::Order(Box::new(order.clone())));
        }
    }

    fn tell_position(&mut self, id: &InstrumentId, side: PositionSide) -> Result<(), crate::model::Overflow> {
        if let Some(position) = self.position_or_flat(id, side)? {
            self.events.push_back(Event::Position(Box::new(position)));
        }
        Ok(())
    }

    fn tell_balance(&mut self, asset: &str) -> Result<(), crate::model::Overflow> {
        let (total, free) = (self.total(asset), self.free(asset)?);
        self.events.push_back(Event::Balance(Balance { asset: asset.to_owned(), total, free }));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
