//! Laws of TRADING 19 and of the architecture for the trader alone, under everything a venue and a network can do: answers
//! that come late, refused or unknown, fills that come late, twice or out of order, orders cancelled by hand.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{
    Distance, EntryPlan, ExitPlan, ExitReason, ExtraEntries, HedgePlan, HedgeStop, HedgeTakeProfit,
    HedgeTarget, StopKind, TradeFillKind,
};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::{Decision, Intent, LegState};
use hyperrsi_core::trader::{AccountRead, Answer, Command, Input, Lookup, Output, RejectClass, Trader};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// The venue's side of it.
struct World {
    rig: Rig,
    price: i64,
    /// Fills made, not told.
    fills: Vec<Fill>,
    told: Vec<Fill>,
    entry_fills: usize,
    checked: usize,
    stop: Option<(usize, PositionSide, Decimal)>,
    /// Reports that may come again.
    reports: Vec<OrderReport>,
    follow: Follow,
}

/// What may follow a first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follow {
    Nothing,
    /// Three limit entries, 1 % apart.
    Limits,
    /// The same with a hedge of half the position from the second entry on.
    Hedge,
}

impl Follow {
    fn plan(self) -> EntryPlan {
        let extra = EntryPlan::extra(ExtraEntries::new(4, Distance::percent(dec!(1))).resting());
        match self {
            Self::Nothing => EntryPlan::default(),
            Self::Limits => extra,
            Self::Hedge => {
                let mut hedge = HedgePlan::new(2, HedgeTarget::PercentOfMain(Percent::new(dec!(50))));
                hedge.limit = 2;
                hedge.take_profit = HedgeTakeProfit::MainStop;
                hedge.stop = Some(HedgeStop::MainLevel(2));
                extra.with_hedge(hedge)
            }
        }
    }
}

fn any_follow() -> impl proptest::strategy::Strategy<Value = Follow> {
    prop_oneof![Just(Follow::Nothing), Just(Follow::Limits), Just(Follow::Hedge)]
}

fn plan() -> ExitPlan {
    break_even(ladder([30, 30, 30])).stop_loss(Distance::percent(dec!(5))).trail_after(3, dec!(0.5))
}

impl World {
    fn new(amend: bool, follow: Follow) -> Self {
        let mut policy = leverage(10);
        policy.venue.amend = amend;
        let mut rig = Rig::with(instrument(dec!(0.01), dec!(0.01), dec!(0.01)), policy);
        rig.mode = Mode::Silent;
        let (fills, told, reports) = (Vec::new(), Vec::new(), Vec::new());
        Self { rig, price: 10_000, fills, told, entry_fills: 0, checked: 0, stop: None, reports, follow }
    }

    fn tick(&mut self, cents: i64) {
        self.price = (self.price + cents).clamp(6_000, 16_000);
        let price = Decimal::new(self.price, 2);
        let crossed: Vec<OrderSpec> = self.rig.live.iter().copied().filter(|o| crosses(o, price)).collect();
        for order in crossed {
            self.make(&order, order.kind.price().map_or(price, Price::get), 100);
        }
        self.rig.price(Price::new(price).to_f64());
    }

    /// The venue fills `percent` of an order; a reducing one never more than the position.
    fn make(&mut self, order: &OrderSpec, price: Decimal, percent: i64) {
        let left = order.quantity.get() - self.rig.filled(order.client_id).get();
        let part = (left * Decimal::new(percent, 2))
            .round_dp_with_strategy(2, rust_decimal::RoundingStrategy::AwayFromZero);
        let open = self.rig.snapshot(order.leg).quantity.get();
        let quantity = if order.reduce_only { part.min(left).min(open) } else { part.min(left) };
        if quantity <= Decimal::ZERO {
            return;
        }
        let fill = self.rig.make_fill(order, price, quantity);
        self.fills.push(fill);
        if self.rig.snapshot(order.leg).quantity.is_zero() {
            // A venue cancels what only reduces once there is nothing to reduce, and tells so.
            let gone: Vec<_> =
                self.rig.live.iter().filter(|o| o.leg == order.leg && o.reduce_only).copied().collect();
            self.rig.live.retain(|o| o.leg != order.leg || !o.reduce_only);
            for order in gone {
                let filled = self.rig.filled(order.client_id);
                self.reports.push(self.rig.report(order.client_id, OrderStatus::Cancelled, filled));
            }
        }
    }

    fn tell(&mut self) {
        if self.fills.is_empty() {
            return;
        }
        // A venue tells fills in the order it made them; everything else may come at any time.
        let fill = self.fills.remove(0);
        self.count(&fill);
        self.rig.feed(Input::Fill(&fill));
    }

    fn count(&mut self, fill: &Fill) {
        if !self.told.iter().any(|t| t.trade_id == fill.trade_id) {
            self.told.push(fill.clone());
            self.entry_fills += usize::from(fill.opens());
        }
    }

    fn do_as_asked(&mut self, asked: Asked) {
        match asked {
            Asked::Place(request, spec) if spec.kind == OrderKind::Market => {
                self.rig.live.push(spec);
                self.rig.answer(request, Answer::Done);
                self.make(&spec, Decimal::new(self.price, 2), 100);
                self.rig.live.retain(|o| o.client_id != spec.client_id);
            }
            Asked::Place(request, spec)
                if spec.reduce_only && self.rig.snapshot(spec.leg).quantity.is_zero() =>
            {
                self.rig
                    .answer(request, Answer::Refused(RejectClass::ReduceOnly, "nothing to reduce".into()));
            }
            Asked::Read(request) => {
                // A read brings everything that has happened.
                self.fills.clear();
                for fill in self.rig.fills.clone() {
                    self.count(&fill);
                }
                let orders = std::mem::take(&mut self.reports);
                let positions = PositionSide::BOTH.into_iter().map(|side| self.rig.snapshot(side)).collect();
                let read = AccountRead {
                    positions,
                    orders,
                    fills: self.rig.fills.clone(),
                    ..AccountRead::default()
                };
                self.rig.feed(Input::AccountRead { request, read: Some(Box::new(read)) });
            }
            Asked::Query(request, id) => {
                let filled = self.rig.filled(id);
                let known = self.rig.live.iter().any(|o| o.client_id == id);
                let lookup = if known {
                    let status =
                        if filled.is_zero() { OrderStatus::Open } else { OrderStatus::PartiallyFilled };
                    Lookup::Found(self.rig.report(id, status, filled))
                } else if filled.is_positive() {
                    Lookup::Found(self.rig.report(id, OrderStatus::Filled, filled))
                } else {
                    Lookup::Absent
                };
                self.rig.feed(Input::Queried { request, lookup });
            }
            asked => self.rig.oblige(asked),
        }
    }

    fn answer_one(&mut self, choice: u16) {
        if self.rig.asked.is_empty() {
            return;
        }
        let asked = self.rig.asked.remove(usize::from(choice) % self.rig.asked.len());
        let request = match &asked {
            Asked::Place(request, _) | Asked::Amend(request, _) | Asked::Cancel(request, _) => Some(*request),
            Asked::Query(request, _) if (choice / 64).is_multiple_of(8) => {
                return self.rig.feed(Input::Queried { request: *request, lookup: Lookup::Unknown });
            }
            Asked::Read(request) if (choice / 64).is_multiple_of(8) => {
                return self.rig.feed(Input::AccountRead { request: *request, read: None });
            }
            _ => None,
        };
        match (choice / 64 % 8, request) {
            (0, Some(request)) => self.rig.answer(request, Answer::Refused(RejectClass::Other, "no".into())),
            (1, Some(request)) => self.rig.answer(request, Answer::Unknown), // it never arrived
            (2, Some(request)) => {
                // It arrived, its answer did not.
                let before = self.rig.trader.view().clone();
                self.arrive_silently(&asked);
                assert_eq!(&before, self.rig.trader.view());
                self.rig.answer(request, Answer::Unknown);
            }
            _ => self.do_as_asked(asked),
        }
    }

    fn arrive_silently(&mut self, asked: &Asked) {
        match asked {
            Asked::Place(_, spec) if spec.kind == OrderKind::Market => {
                self.rig.live.push(*spec);
                self.make(spec, Decimal::new(self.price, 2), 100);
                self.rig.live.retain(|o| o.client_id != spec.client_id);
            }
            Asked::Place(_, spec)
                if !spec.reduce_only || self.rig.snapshot(spec.leg).quantity.is_positive() =>
            {
                self.rig.live.push(*spec);
            }
            Asked::Amend(_, spec) => {
                if let Some(order) = self.rig.live.iter_mut().find(|o| o.client_id == spec.client_id) {
                    *order = *spec;
                }
            }
            Asked::Cancel(_, id) => self.rig.live.retain(|o| o.client_id != *id),
            _ => {}
        }
    }

    fn act(&mut self, op: u8, choice: u16) {
        let side = if choice.is_multiple_of(2) { LONG } else { SHORT };
        let open = PositionSide::BOTH.into_iter().find(|side| self.rig.open(*side) > Decimal::ZERO);
        match op {
            0..=3 => self.answer_one(choice),
            4 => self.tick(i64::from(choice % 401) - 200),
            5 => self.tick(i64::from(choice % 61) - 30),
            6 => self.tell(),
            7 => {
                if let Some(fill) = self.told.get(usize::from(choice) % self.told.len().max(1)).cloned() {
                    self.rig.feed(Input::Fill(&fill)); // once more
                }
            }
            8 => self.rig.sleep(Span::millis_of(i64::from(choice % 3_000))),
            9 => {
                self.rig.advance(Span::minutes(1));
                let size = Size::Base(dec!(1).into());
                self.rig.decide(match (open, choice / 2 % 8) {
                    (Some(side), 0 | 1) => Decision::of(Intent::Add { side, size }),
                    (Some(side), 2) => {
                        Decision::of(Intent::Exit { side, fraction: dec!(0.4), reason: ExitReason::Strategy })
                    }
                    (Some(side), 3) => Decision::exit(side, ExitReason::TrendReversal),
                    (Some(side), 4) => {
                        Decision::of(Intent::Withhold { side, withheld: choice.is_multiple_of(3) })
                    }
                    (Some(_), _) => Decision::hold(),
                    (None, _) => Decision::enter(side, size, plan()).followed_by(self.follow.plan()),
                });
                self.rig.price(Price::new(Decimal::new(self.price, 2)).to_f64());
            }
            10 => {
                // A part of some resting order fills.
                if let Some(order) =
                    self.rig.live.get(usize::from(choice) % self.rig.live.len().max(1)).copied()
                    && let OrderKind::Limit { price, .. } = order.kind
                {
                    self.make(&order, price.get(), 40);
                }
            }
            11 if !self.rig.live.is_empty() => {
                // By hand, told at once or never.
                let order = self.rig.live.remove(usize::from(choice) % self.rig.live.len());
                let report = self.rig.report(
                    order.client_id,
                    OrderStatus::Cancelled,
                    self.rig.filled(order.client_id),
                );
                self.rig.feed(Input::Order(report));
            }
            12 => {
                let stale = self.rig.snapshot(side);
                self.rig.advance(Span::millis_of(1));
                self.rig.feed(Input::Position(&stale));
            }
            13 => {
                if let Some(fill) = self.told.get(usize::from(choice) % self.told.len().max(1))
                    && let Some(id) = fill.client_id
                {
                    self.rig.feed(Input::Order(self.rig.report(id, OrderStatus::Open, Quantity::ZERO)));
                }
            }
            14 => self.rig.feed(Input::Command(if choice.is_multiple_of(3) {
                Command::Pause
            } else {
                Command::Resume
            })),
            15 => self.restart(choice),
            _ => {}
        }
        self.check();
    }

    /// The process dies and another one goes on from the newest snapshot. What it had asked for arrived or did not.
    fn restart(&mut self, choice: u16) {
        for (n, asked) in std::mem::take(&mut self.rig.asked).into_iter().enumerate() {
            if choice >> (n % 16) & 1 == 1 {
                self.arrive_silently(&asked);
            }
        }
        let stored = serde_json::to_string(&self.rig.trader.snapshot()).unwrap();
        self.rig.trader = Trader::restore(serde_json::from_str(&stored).unwrap());
        self.rig.evaluate = None;
        self.rig.feed(Input::Warm);
        self.rig.feed(Input::Command(Command::Start));
    }

    /// What must hold after every input.
    fn check(&mut self) {
        // I3: every fill once, nothing else.
        for side in PositionSide::BOTH {
            let signed = |f: &Fill| if f.opens() { f.quantity.get() } else { -f.quantity.get() };
            let sum: Decimal = self.told.iter().filter(|f| f.leg == side).map(signed).sum();
            assert_eq!(self.rig.open(side), sum, "I3 {side}");
        }
        // V2, I6.
        let main = |side: &PositionSide| {
            self.rig.open(*side) > Decimal::ZERO && !self.rig.trader.view().leg(*side).hedge
        };
        let leg = PositionSide::BOTH.into_iter().find(main);
        let stop =
            leg.and_then(|side| self.rig.stop(side).map(|stop| (self.entry_fills, side, stop.price.get())));
        if let (Some((epoch, side, old)), Some((now, same, new))) = (self.stop, stop)
            && (epoch, side) == (now, same)
        {
            assert!((new - old) * side.sign() >= Decimal::ZERO, "V2: {old} -> {new}");
        }
        self.stop = stop;
        // I1: what wants a stop has one in force, at the venue or armed in the engine.
        if let Some(side) = leg
            && self.rig.trader.view().leg(side).state == LegState::Open
        {
            assert!(self.rig.stop(side).is_some(), "I1");
        }
        // V5: a leg never has more entries than its plan allows.
        for side in PositionSide::BOTH {
            let leg = self.rig.trader.view().leg(side);
            let most = if leg.hedge { 2 } else { 4 };
            assert!(self.follow == Follow::Nothing || leg.entries <= most, "V5: {} entries", leg.entries);
        }
        // V12, V7: explicit orders; no opening while a gate is closed.
        for output in &self.rig.log[self.checked..] {
            if let Output::Place { ticket, .. } = output {
                let order = ticket.order();
                assert_eq!(order.reduce_only, order.side == order.leg.closing());
                assert!(
                    (order.quantity.get() / dec!(0.01)).fract().is_zero() && order.quantity.is_positive()
                );
                let most = if self.follow == Follow::Hedge { dec!(4) } else { dec!(1) };
                assert!(order.reduce_only || order.quantity.get() <= most, "V10");
            }
        }
        self.checked = self.rig.log.len();
    }

    /// Everything is told and done; what rests must be what should rest.
    fn come_to_rest(&mut self) {
        // A pause withdraws limit entries and what is reserved for them.
        self.rig.feed(Input::Command(Command::Pause));
        let mut steps = 0;
        for _ in 0..40 {
            while !self.rig.asked.is_empty() {
                steps += 1;
                assert!(steps < 2_000, "it never comes to rest: {:?}", self.rig.asked);
                let asked = self.rig.asked.remove(0);
                self.do_as_asked(asked);
                self.check();
            }
            while !self.fills.is_empty() {
                self.tell();
                self.check();
            }
            self.rig.sleep(Span::seconds(5));
            self.rig.price(Price::new(Decimal::new(self.price, 2)).to_f64());
        }
        assert!(self.rig.asked.is_empty(), "{:?}", self.rig.asked);
        for side in PositionSide::BOTH {
            let open = self.rig.open(side);
            assert_eq!(open, self.rig.snapshot(side).quantity.get(), "the venue agrees");
            let left = |o: &OrderSpec| o.quantity.get() - self.rig.filled(o.client_id).get();
            let stops = self.rig.stop_orders(side);
            let limits: Decimal = self.rig.take_profits(side).iter().map(left).sum();
            if open.is_zero() {
                assert_eq!(
                    (stops.len(), limits),
                    (0, Decimal::ZERO),
                    "nothing rests for a flat leg: {:?}",
                    self.rig.live
                );
                continue;
            }
            assert!(limits <= open, "V3: {limits} of {open}");
            let entries = self.rig.live.iter().filter(|o| o.leg == side && !o.reduce_only).count();
            assert_eq!(entries, 0, "V7: an opening order rests while gated");
            let hedge = self.rig.trader.view().leg(side).hedge;
            let Some(stop) = self.rig.stop(side) else {
                assert!(hedge && stops.is_empty(), "V1: {side} has no stop");
                continue;
            };
            assert_eq!(stops.len(), 1, "I4, V1: {stops:?} of {open}, {:?}", self.rig.trader.view().leg(side));
            assert_eq!(left(&stops[0]), open, "V1");
            if stop.kind != StopKind::Trailing {
                assert_eq!(stops[0].kind.price(), Some(stop.price));
            }
        }
        // No id is used for two orders.
        let placed = |output: &Output| match output {
            Output::Place { ticket, .. } => Some(ticket.client_id()),
            _ => None,
        };
        let mut ids: Vec<_> = self.rig.log.iter().filter_map(placed).collect();
        ids.sort_unstable();
        let twice = ids.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        assert_eq!(twice, None, "an id was used twice: {:?}", self.rig.log);
        // I2: no reservation outlives its order.
        let cost: Decimal = PositionSide::BOTH
            .into_iter()
            .map(|side| self.rig.account.book(self.rig.slot, side).unwrap().cost().get())
            .sum();
        let free = self.rig.account.balance().get() - cost / dec!(10);
        assert_eq!(self.rig.account.available().unwrap().get(), free, "I2");
        // V11: profit of all trades is what the account booked.
        if self.rig.open(LONG).is_zero() && self.rig.open(SHORT).is_zero() {
            let net: Decimal = self.rig.trades.iter().map(|t| t.net_pnl.get()).sum();
            assert_eq!(self.rig.account.balance().get(), self.rig.account.deposits().get() + net, "V11");
        }
        for trade in &self.rig.trades {
            let signed = |f: &hyperrsi_core::position::TradeFill| match f.kind {
                TradeFillKind::Entry => f.quantity.get(),
                TradeFillKind::Exit(_) => -f.quantity.get(),
            };
            assert_eq!(trade.fills.iter().map(signed).sum::<Decimal>(), Decimal::ZERO);
        }
    }
}

fn crosses(order: &OrderSpec, price: Decimal) -> bool {
    let s = if order.reduce_only { order.leg.sign() } else { -order.leg.sign() };
    match order.kind {
        OrderKind::Limit { price: at, .. } => (price - at.get()) * s >= Decimal::ZERO,
        OrderKind::StopMarket { trigger, .. } => (trigger.get() - price) * s >= Decimal::ZERO,
        _ => false,
    }
}

fn play(ops: &[(u8, u16)], amend: bool, follow: Follow) -> World {
    let mut world = World::new(amend, follow);
    for (op, choice) in ops {
        world.act(*op, *choice);
    }
    world.come_to_rest();
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn v1_v2_v3_v5_v10_v11_v12_v13_i1_i2_i3_i4_i6_hold_whatever_the_venue_and_the_network_do(
        ops in proptest::collection::vec((0u8..16, any::<u16>()), 1..150),
        amend in proptest::bool::weighted(0.7), follow in any_follow(),
    ) {
        play(&ops, amend, follow);
    }

    #[test]
    fn i7_the_same_inputs_give_the_same_outputs(
        ops in proptest::collection::vec((0u8..16, any::<u16>()), 1..80), follow in any_follow(),
    ) {
        prop_assert_eq!(play(&ops, true, follow).rig.log, play(&ops, true, follow).rig.log);
    }
}
