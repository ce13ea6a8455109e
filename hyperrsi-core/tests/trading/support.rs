//! A hand-driven trader: every answer, fill and price is given by the test.

use hyperrsi_core::account::{Account, SlotId};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{
    Distance, EffectiveStop, ExitPlan, LevelState, StopKind, TakeProfit, TakeProfitOrder, Trade,
};
use hyperrsi_core::risk::{Policy, Refusal, Size};
use hyperrsi_core::strategy::{Decision, Intent};
use hyperrsi_core::trader::{
    AccountRead, Answer, Command, Event, Input, Lookup, Output, PersistClass, PriceSource, Trader,
};
use rust_decimal::Decimal;
pub use rust_decimal_macros::dec;
use std::sync::Arc;

pub const LONG: PositionSide = PositionSide::Long;
pub const SHORT: PositionSide = PositionSide::Short;

/// A linear instrument with these steps, in base units.
pub fn instrument(tick: Decimal, lot: Decimal, min_size: Decimal) -> Instrument {
    let mut instrument = Instrument::linear(InstrumentId::new("sim", "BTC-USDT-SWAP"), "BTC", "USDT");
    (instrument.tick, instrument.lot, instrument.min_size) = (tick, lot, min_size);
    instrument
}

/// The default policy at a leverage.
pub fn leverage(leverage: u32) -> Policy {
    let mut policy = Policy::default();
    policy.leverage = leverage;
    policy
}

/// A plan of percent levels `(distance, ratio, enabled)`, nothing else.
pub fn levels(levels: &[(Decimal, Decimal, bool)]) -> ExitPlan {
    let mut plan = ExitPlan::new();
    plan.take_profits = levels
        .iter()
        .map(|(value, ratio, enabled)| TakeProfit {
            distance: Distance::percent(*value),
            share: Percent::new(*ratio),
            enabled: *enabled,
            break_even: false,
            order: TakeProfitOrder::Limit,
        })
        .collect();
    plan
}

/// Three percent levels at 2, 3 and 4 % with these ratios, all enabled.
pub fn ladder(ratios: [i64; 3]) -> ExitPlan {
    let values = [dec!(2), dec!(3), dec!(4)];
    let all: Vec<_> = values.iter().zip(ratios).map(|(v, r)| (*v, Decimal::from(r), true)).collect();
    levels(&all)
}

/// All break-even flags on.
pub fn break_even(mut plan: ExitPlan) -> ExitPlan {
    plan.take_profits.iter_mut().for_each(|level| level.break_even = true);
    plan
}

/// How the hand-driven venue treats what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every request is done at once.
    Obliging,
    /// Requests wait in `rig.asked` until the test answers.
    Silent,
}

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    Place(RequestId, OrderSpec),
    Amend(RequestId, OrderSpec),
    Cancel(RequestId, ClientOrderId),
    Query(RequestId, ClientOrderId),
    Read(RequestId),
}

pub struct Rig {
    pub trader: Trader,
    pub account: Account,
    pub slot: SlotId,
    pub now: Timestamp,
    pub mode: Mode,
    /// Orders alive at the venue, oldest first.
    pub live: Vec<OrderSpec>,
    pub asked: Vec<Asked>,
    /// Everything the trader asked for.
    pub log: Vec<Output>,
    pub events: Vec<Event>,
    pub trades: Vec<Trade>,
    pub evaluate: Option<RequestId>,
    pub fills: Vec<Fill>,
    /// Whether the test answers what the trader asks about fills; otherwise the answer is to hold.
    pub asks_about_fills: bool,
    pub asked_about: Vec<(RequestId, Fill)>,
    next_fill: u64,
}

impl Rig {
    pub fn new(instrument: Instrument) -> Self {
        Self::with(instrument, leverage(10))
    }

    pub fn with(instrument: Instrument, policy: Policy) -> Self {
        let mut account =
            Account::new(AccountId::new("proof"), dec!(1_000_000).into(), dec!(0.0005)).keeping_ledger();
        let slot = account.register(instrument.clone(), policy.leverage, policy.margin_mode).unwrap();
        let trader = Trader::new(TraderId::new("proof:BTC"), instrument, policy);
        let now = "2024-01-02T12:00:00Z".parse().unwrap();
        let mut rig = Self {
            trader,
            account,
            slot,
            now,
            mode: Mode::Obliging,
            live: Vec::new(),
            asked: Vec::new(),
            log: Vec::new(),
            events: Vec::new(),
            trades: Vec::new(),
            evaluate: None,
            fills: Vec::new(),
            asks_about_fills: false,
            asked_about: Vec::new(),
            next_fill: 0,
        };
        rig.feed(Input::Warm);
        rig.feed(Input::Command(Command::Start));
        rig
    }

    pub fn feed(&mut self, input: Input<'_>) {
        self.trader.handle(self.now, input).unwrap();
        self.drain();
    }

    pub fn drain(&mut self) {
        let mut rounds = 0;
        while let Some(output) = self.trader.poll() {
            rounds += 1;
            assert!(rounds < 1_000, "the trader never comes to rest: {output:?}");
            self.log.push(output.clone());
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        let asked = match output {
            Output::Evaluate { request, .. } => {
                self.evaluate = Some(request);
                return;
            }
            Output::EvaluateFill { request, fill } if self.asks_about_fills => {
                return self.asked_about.push((request, *fill));
            }
            Output::EvaluateFill { request, .. } => {
                let decision = Decision::hold();
                return self.trader.handle(self.now, Input::Decision { request, decision }).unwrap();
            }
            Output::Reserve(ask) => {
                let outcome = self.account.review(self.now, self.slot, &ask);
                let input = Input::Reservation { request: ask.request, outcome };
                return self.trader.handle(self.now, input).unwrap();
            }
            Output::Release(id) => return self.account.release(self.slot, id),
            Output::Persist { request, class: PersistClass::Before, .. } => {
                return self.trader.handle(self.now, Input::Stored { request }).unwrap();
            }
            Output::Configure { request, .. } => {
                let input = Input::Configured { request, outcome: Ok(()) };
                return self.trader.handle(self.now, input).unwrap();
            }
            Output::Backfill { .. } => return self.trader.handle(self.now, Input::DataRestored).unwrap(),
            Output::Event(event) => {
                if let Event::Closed(trade) = &*event {
                    self.trades.push((**trade).clone());
                }
                return self.events.push(*event);
            }
            Output::Place { request, ticket } => Asked::Place(request, *ticket.order()),
            Output::Amend { request, order } => Asked::Amend(request, *order),
            Output::Cancel { request, client_id } => Asked::Cancel(request, client_id),
            Output::QueryOrder { request, client_id } => Asked::Query(request, client_id),
            Output::ReadAccount { request } => Asked::Read(request),
            _ => return,
        };
        match self.mode {
            Mode::Obliging => self.oblige(asked),
            Mode::Silent => self.asked.push(asked),
        }
    }

    /// The venue does what it is asked.
    pub fn oblige(&mut self, asked: Asked) {
        let input = match asked {
            Asked::Place(request, spec) => {
                self.live.push(spec);
                self.assert_covered(spec.leg);
                Input::Answer { request, answer: Answer::Done }
            }
            Asked::Amend(request, spec) => {
                let order = self.live.iter_mut().find(|order| order.client_id == spec.client_id);
                let answer = match order {
                    Some(order) => {
                        *order = spec;
                        Answer::Done
                    }
                    None => not_found(),
                };
                self.assert_covered(spec.leg);
                Input::Answer { request, answer }
            }
            Asked::Cancel(request, id) => {
                let before = self.live.len();
                self.live.retain(|order| order.client_id != id);
                let answer = if self.live.len() < before { Answer::Done } else { not_found() };
                Input::Answer { request, answer }
            }
            Asked::Query(request, id) => {
                let found = self.live.iter().find(|order| order.client_id == id);
                let lookup = found.map_or(Lookup::Absent, |order| {
                    Lookup::Found(self.report(
                        order.client_id,
                        OrderStatus::Open,
                        self.filled(order.client_id),
                    ))
                });
                Input::Queried { request, lookup }
            }
            Asked::Read(request) => {
                let positions = PositionSide::BOTH.into_iter().map(|side| self.snapshot(side)).collect();
                let read = AccountRead { positions, fills: self.fills.clone(), ..AccountRead::default() };
                Input::AccountRead { request, read: Some(Box::new(read)) }
            }
        };
        self.trader.handle(self.now, input).unwrap();
        self.drain();
    }

    /// Where orders lock what they would sell, the position covers all of them at any time.
    fn assert_covered(&self, side: PositionSide) {
        if !self.trader.policy().venue.locks_quantity {
            return;
        }
        let reducing = self.live.iter().filter(|order| order.leg == side && order.reduce_only);
        let locked: Decimal =
            reducing.map(|order| order.quantity.get() - self.filled(order.client_id).get()).sum();
        let held = self.account.book(self.slot, side).unwrap().quantity().get();
        assert!(locked <= held, "{locked} rest over {held}: {:?}", self.live);
    }

    /// Obliges everything that waits, and what follows from it.
    pub fn oblige_all(&mut self) {
        while !self.asked.is_empty() {
            let asked = self.asked.remove(0);
            self.oblige(asked);
        }
    }

    pub fn answer(&mut self, request: RequestId, answer: Answer) {
        self.feed(Input::Answer { request, answer });
    }

    /// What the venue holds on a side: exactly what its fills made.
    pub fn snapshot(&self, side: PositionSide) -> PositionSnapshot {
        let book = self.account.book(self.slot, side).unwrap();
        PositionSnapshot {
            key: PositionKey { instrument: self.trader.view().instrument.id.clone(), side },
            quantity: book.quantity(),
            average: book.average().unwrap_or_default(),
            liquidation: None,
            updated: self.now,
        }
    }

    pub fn filled(&self, id: ClientOrderId) -> Quantity {
        let all = self.fills.iter().filter(|fill| fill.client_id == Some(id)).map(|f| f.quantity.get());
        all.sum::<Decimal>().into()
    }

    pub fn report(&self, client_id: ClientOrderId, status: OrderStatus, filled: Quantity) -> OrderReport {
        OrderReport { client_id, status, filled, time: self.now }
    }

    /// A fill of an order as the venue makes it; it is booked at the venue, not yet told.
    pub fn make_fill(&mut self, spec: &OrderSpec, price: Decimal, quantity: Decimal) -> Fill {
        self.make_fill_as(spec, price, quantity, Liquidity::Taker, Decimal::ZERO)
    }

    pub fn make_fill_as(
        &mut self,
        spec: &OrderSpec,
        price: Decimal,
        quantity: Decimal,
        liquidity: Liquidity,
        fee: Decimal,
    ) -> Fill {
        self.next_fill += 1;
        let fill = Fill {
            trade_id: TradeId::new(format!("f{}", self.next_fill)),
            client_id: Some(spec.client_id),
            leg: spec.leg,
            side: spec.side,
            price: price.into(),
            quantity: quantity.into(),
            fee: fee.into(),
            liquidity,
            kind: FillKind::Trade,
            time: self.now,
        };
        self.account.apply(self.slot, &fill).unwrap();
        self.fills.push(fill.clone());
        if self.filled(spec.client_id) >= spec.quantity {
            self.live.retain(|order| order.client_id != spec.client_id);
        }
        fill
    }

    /// Fills a part of an order and tells the trader.
    pub fn fill(&mut self, spec: &OrderSpec, price: Decimal, quantity: Decimal) -> Fill {
        let fill = self.make_fill(spec, price, quantity);
        self.feed(Input::Fill(&fill));
        fill
    }

    /// Fills what is left of an order.
    pub fn fill_whole(&mut self, spec: &OrderSpec, price: Decimal) -> Fill {
        let left = spec.quantity.get() - self.filled(spec.client_id).get();
        self.fill(spec, price, left)
    }

    pub fn price(&mut self, price: f64) {
        self.feed(Input::Price { source: PriceSource::Both, price });
    }

    pub fn advance(&mut self, span: Span) {
        self.now = self.now + span;
    }

    /// Moves the clock and wakes the trader where it asked for it.
    pub fn sleep(&mut self, span: Span) {
        let until = self.now + span;
        let mut wakes = 0;
        while let Some(at) = self.trader.deadline().filter(|at| *at <= until) {
            wakes += 1;
            assert!(wakes < 1_000, "woken again and again at {at}");
            self.now = self.now.max(at);
            let before = (self.trader.deadline(), self.log.len());
            self.feed(Input::Wake);
            if (self.trader.deadline(), self.log.len()) == before {
                break;
            }
        }
        self.now = until;
    }

    /// A one-minute candle closes now; the strategy answers with `decision`.
    pub fn decide(&mut self, decision: Decision) {
        let candle = Candle::new(self.now - Span::minutes(1), 1.0, 1.0, 1.0, 1.0, 1.0);
        self.feed(Input::Candle { timeframe: Timeframe::M1, candle: &candle });
        let request = self.evaluate.take().expect("the trader asks the strategy");
        self.feed(Input::Decision { request, decision });
    }

    /// Decides an entry of `quantity` base units, sizes it at `price` and fills it there.
    pub fn enter(&mut self, side: PositionSide, quantity: Decimal, price: Decimal, plan: ExitPlan) -> Fill {
        self.enter_with(Decision::enter(side, Size::Base(quantity.into()), Arc::new(plan)), price)
    }

    /// Carries an opening decision out at `price`.
    pub fn enter_with(&mut self, decision: Decision, price: Decimal) -> Fill {
        self.decide(decision);
        self.price(Price::new(price).to_f64());
        if self.mode == Mode::Silent {
            self.oblige_all();
        }
        let spec = self.opening().expect("an opening order was sent");
        self.fill_whole(&spec, price)
    }

    /// Adds `quantity` base units at `price`, a candle later.
    pub fn add(&mut self, side: PositionSide, quantity: Decimal, price: Decimal) -> Fill {
        self.advance(Span::minutes(1));
        self.enter_with(Decision::of(Intent::Add { side, size: Size::Base(quantity.into()) }), price)
    }

    pub fn opening(&self) -> Option<OrderSpec> {
        self.live.iter().copied().find(|order| !order.reduce_only)
    }
    pub fn close_order(&self) -> Option<OrderSpec> {
        self.live.iter().copied().find(|o| o.reduce_only && o.kind == OrderKind::Market)
    }
    pub fn stop_orders(&self, side: PositionSide) -> Vec<OrderSpec> {
        let stops = |o: &&OrderSpec| o.leg == side && matches!(o.kind, OrderKind::StopMarket { .. });
        self.live.iter().filter(stops).copied().collect()
    }
    pub fn stop_order(&self, side: PositionSide) -> Option<OrderSpec> {
        let stops = self.stop_orders(side);
        assert!(stops.len() <= 1, "{stops:?}");
        stops.first().copied()
    }
    /// Take-profit orders of a side, nearest first.
    pub fn take_profits(&self, side: PositionSide) -> Vec<OrderSpec> {
        let mut orders: Vec<_> = self
            .live
            .iter()
            .filter(|o| o.leg == side && o.reduce_only && matches!(o.kind, OrderKind::Limit { .. }))
            .copied()
            .collect();
        orders.sort_by_key(|o| o.kind.price().unwrap().get() * side.sign());
        orders
    }
    /// Fills the nearest take-profit order at its price.
    pub fn fill_take_profit(&mut self, side: PositionSide) -> Fill {
        let spec = *self.take_profits(side).first().expect("a take profit rests");
        self.fill_whole(&spec, spec.kind.price().unwrap().get())
    }

    pub fn stop(&self, side: PositionSide) -> Option<EffectiveStop> {
        self.trader.armed(side).stop
    }
    pub fn states(&self, side: PositionSide) -> &[LevelState] {
        &self.trader.view().leg(side).levels
    }
    pub fn open(&self, side: PositionSide) -> Decimal {
        self.trader.book(side).quantity().get()
    }
    pub fn refusals(&self) -> Vec<Refusal> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Refused { refused, .. } => Some(refused.code),
                _ => None,
            })
            .collect()
    }
}

fn not_found() -> Answer {
    Answer::Refused(hyperrsi_core::trader::RejectClass::NotFound, "no such order".into())
}

pub const fn stop_at(price: Decimal, kind: StopKind) -> Option<EffectiveStop> {
    Some(EffectiveStop { price: Price::new(price), kind })
}

pub fn prices(orders: &[OrderSpec]) -> Vec<(Decimal, Decimal)> {
    orders.iter().map(|o| (o.kind.price().unwrap().get().normalize(), o.quantity.get().normalize())).collect()
}
