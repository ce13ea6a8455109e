//! The invariants of the architecture, I1 to I7, as the venue, the journal and the trader's own word show them: what is
//! watched at every look while a test waits, and what holds once it is quiet.

use crate::rig::*;
use hyperrsi::desk::{EventKind, LegState, LevelStatus, TraderStatus};
use hyperrsi::model::{Amount, Fill, Instrument, OrderStatus, Timeframe, Timestamp};
use hyperrsi::position::EffectiveStop;
use hyperrsi::practice::World;
use hyperrsi::prelude::*;
use hyperrsi::risk::{Cap, ExposureCap, Scope};
use hyperrsi::sim::account::{Execution, Order, Position, Terms};
use hyperrsi::store::{JournaledDecision, RecordKind};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The most a trader may have open, in quote units: twice the largest position of these tests, so that an entry that was
/// sent again would be over it.
const CAP: Decimal = dec!(8_000);

pub fn cap() -> ExposureCap {
    ExposureCap::new(Scope::Symbol, Cap::Value(Amount::new(CAP)))
}

/// I1: what is open and not being closed has a stop, held by the venue or by the engine.
pub fn watch_trader(status: &TraderStatus) {
    for leg in status.legs.iter().filter(|leg| !leg.quantity.is_zero() && leg.state != LegState::Closing) {
        assert!(leg.stop.is_some(), "I1: nobody holds a stop: {leg:?}");
    }
}

/// I2: what is open and what may open are within the cap, at the price used. I4: never more than two stops, of which one
/// replaces the other, each within the leg.
pub fn watch_venue(world: &World, instrument: &Instrument) {
    let id = &instrument.id;
    let open = world.account().positions().unwrap().into_iter().filter(|one| one.instrument == *id);
    let open: Decimal = open.map(|one| one.cost.get()).sum();
    let opens = |one: &&Order| one.sent.instrument == *id && one.sent.side == one.leg.opening();
    let price = |one: &Order| match one.sent.terms {
        Terms::Limit { price, .. } => price.get(),
        _ => Decimal::ZERO,
    };
    let waiting: Decimal =
        world.account().live_orders().filter(opens).map(|one| price(one) * one.remaining().get()).sum();
    assert!(open + waiting <= CAP, "I2: {open} open and {waiting} waiting");
    for side in PositionSide::BOTH {
        let stops = resting(world, id).stops(side).count();
        assert!(stops <= 2, "I4: {stops} stops of one leg");
    }
}

/// What a process knows of a leg, and the next one must.
#[derive(Debug, PartialEq)]
struct Memory {
    quantity: Decimal,
    average: Option<Price>,
    entries: u32,
    opened: Option<Timestamp>,
    stop: Option<EffectiveStop>,
    levels: Vec<LevelStatus>,
    trailing_from: Option<Price>,
}

fn memory(status: &TraderStatus) -> BTreeMap<PositionSide, Memory> {
    let open = status.legs.iter().filter(|leg| !leg.quantity.is_zero());
    open.map(|leg| {
        let memory = Memory {
            quantity: leg.quantity.get(),
            average: leg.average,
            entries: leg.entries,
            opened: leg.opened,
            stop: leg.stop.map(|stop| stop.stop),
            levels: leg.levels.clone(),
            trailing_from: leg.trailing_from,
        };
        (leg.side, memory)
    })
    .collect()
}

impl Rig {
    /// All of them, after whatever happened; then once more by a second process that knows what the journal tells it (I7).
    pub async fn end(mut self) {
        self.assert_sound().await;
        let unknown = |status: &TraderStatus| {
            status
                .orders
                .iter()
                .any(|order| matches!(order.status, OrderStatus::Unknown | OrderStatus::Pending))
        };
        self.until("every order is known", |status| !unknown(status)).await;
        let before = memory(&self.status().await);
        assert_eq!(self.shut_down().await.code(), 0, "every open leg is protected");
        self.begin().await.unwrap();
        self.until("I7: what the process before knew", |status| memory(status) == before).await;
        self.assert_sound().await;
    }

    /// I1 to I7 as they show in a running account once it is quiet.
    pub async fn assert_sound(&self) {
        self.assert_protected().await;
        self.assert_sent_once();
        self.assert_fills_once().await;
        self.assert_money().await;
        self.assert_monotone().await;
        self.assert_decided_once().await;
    }

    /// I1 and I4: the trader's legs are the venue's; each has one stop of its size there and take profits within it;
    /// nothing rests for a flat leg.
    async fn assert_protected(&self) {
        for side in PositionSide::BOTH {
            let books =
                |status: &TraderStatus| status.leg(side).map_or(Decimal::ZERO, |leg| leg.quantity.get());
            let truth = || self.server.act(|world| held(world, &self.instrument.id, side)).unwrap();
            self.until("the books are the position", |status| books(status) == truth()).await;
            self.until_venue("one stop of the leg's size, take profits within it", |world| {
                let (held, orders) =
                    (held(world, &self.instrument.id, side), resting(world, &self.instrument.id));
                let stops: Vec<Decimal> = orders.stops(side).map(left).collect();
                let ladder: Decimal = orders.ladder(side).map(left).sum();
                if held.is_zero() {
                    stops.is_empty() && ladder.is_zero()
                } else {
                    stops == [held] && ladder <= held
                }
            })
            .await;
        }
    }

    /// I2: nothing is sent twice.
    fn assert_sent_once(&self) {
        let ids = self.server.act(|world| {
            let orders = world.account().orders().filter(|order| order.parent.is_none());
            orders.filter_map(|order| order.sent.client_id.clone()).collect::<Vec<_>>()
        });
        let mut seen = BTreeMap::<String, u32>::new();
        ids.unwrap().into_iter().for_each(|id| *seen.entry(id).or_default() += 1);
        assert!(seen.values().all(|count| *count == 1), "I2: nothing is sent twice: {seen:?}");
    }

    async fn fills(&self) -> Vec<Fill> {
        let records = self.records(RecordKind::Fill).await;
        records.iter().map(|record| record.entry.body.parse().unwrap()).collect()
    }

    fn executions(&self) -> Vec<Execution> {
        let mut all = self.server.act(|world| world.account().executions().to_vec()).unwrap();
        all.retain(|one| one.fill.instrument == self.instrument.id);
        all
    }

    /// I3: every execution is in the journal once, and together they are the position.
    async fn assert_fills_once(&self) {
        let id = |fill: &Fill| fill.trade_id.as_str().to_owned();
        let mut truth: Vec<String> = self.executions().iter().map(|one| id(&one.fill.fill)).collect();
        truth.sort();
        let begun = Instant::now();
        let fills = loop {
            let fills = self.fills().await;
            let mut journal: Vec<String> = fills.iter().map(id).collect();
            journal.sort();
            if journal == truth {
                break fills;
            }
            assert!(begun.elapsed() < PATIENCE, "I3: the journal has {journal:?}, the venue {truth:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        for side in PositionSide::BOTH {
            let of = |fill: &&Fill| fill.leg == side;
            let signed = |fill: &Fill| if fill.opens() { fill.quantity.get() } else { -fill.quantity.get() };
            let sum: Decimal = fills.iter().filter(of).map(signed).sum();
            let held = self.server.act(|world| held(world, &self.instrument.id, side)).unwrap();
            assert_eq!(sum, held, "I3: the fills are the {side} position");
        }
    }

    /// I5, to the last decimal: from the journal's fills alone follows what the venue says the account is worth, and the
    /// trader's own books have the same balance.
    async fn assert_money(&self) {
        let spent = |fill: &Fill| {
            let value = fill.price.get() * fill.quantity.get();
            if fill.side == Side::Buy { value } else { -value }
        };
        let fills = self.fills().await;
        let paid = |one: &&Execution| one.fill.fee_asset == self.instrument.quote;
        let fees: Decimal = self.executions().iter().filter(paid).map(|one| one.fill.fee_paid.get()).sum();
        let (worth, flows, open) = self
            .server
            .act(|world| {
                let account = world.account();
                let worth = account.equity("USDT").unwrap();
                let came = account.flows().iter().filter(|flow| flow.asset == "USDT");
                let flows: Decimal = came.map(|flow| flow.amount.get()).sum();
                let of = account.positions().unwrap().into_iter();
                let value = |one: Position| one.quantity.get() * one.mark.get() * one.side.sign();
                (worth.get(), flows, of.map(value).sum::<Decimal>())
            })
            .unwrap();
        let deposits = dec!(100_000);
        assert_eq!(
            deposits - fills.iter().map(spent).sum::<Decimal>() - fees + flows + open,
            worth,
            "I5: deposits, fills, fees, funding and what is open are the equity"
        );
        let begun = Instant::now();
        loop {
            let drift = self.account_status().await.drift.get();
            if drift.is_zero() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "I5: the venue has {drift} more than the books");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// I6: as long as nothing is added to a leg and nobody else changes it, its stop moves one way.
    async fn assert_monotone(&self) {
        let mut last = BTreeMap::<PositionSide, Price>::new();
        for event in self.events().await {
            let (side, stop) = match event.kind {
                EventKind::Entered { side, .. }
                | EventKind::Adopted { side, .. }
                | EventKind::TradeClosed { side, .. } => {
                    last.remove(&side);
                    continue;
                }
                EventKind::StopPlaced { side, stop, .. } | EventKind::StopMoved { side, to: stop, .. } => {
                    (side, stop)
                }
                _ => continue,
            };
            if let Some(before) = last.insert(side, stop.price) {
                let looser = if side == LONG { stop.price < before } else { stop.price > before };
                assert!(!looser, "I6: the stop of the {side} leg went from {before} to {}", stop.price);
            }
        }
    }

    /// I7: a candle is decided once, whoever runs.
    async fn assert_decided_once(&self) {
        let mut seen = BTreeSet::<(Timeframe, Timestamp)>::new();
        for record in self.records(RecordKind::Decision).await {
            let decision: JournaledDecision = record.entry.body.parse().unwrap();
            let record = decision.record;
            if record.at.is_none() {
                assert!(seen.insert((record.timeframe, record.candle)), "I7: {} twice", record.candle);
            }
        }
    }
}
