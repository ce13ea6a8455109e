//! What a run came to, from the venue's own books, and what must hold of it whatever happened.

use crate::world::World;
use hyperrsi_core::desk::TraderStatus;
use hyperrsi_core::model::*;
use hyperrsi_core::store::*;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What two runs are compared by.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Of each side: what is held, its average price, profit of what was closed.
    pub legs: Vec<(Decimal, Decimal, Decimal)>,
    /// Leg, kind with its prices, quantity of everything that rests.
    pub resting: Vec<String>,
    /// Entry orders that filled.
    pub entries: usize,
    /// Trades in the journal: gross and entries of each.
    pub trades: Vec<(Decimal, u32)>,
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub ended: Ended,
    /// What is wrong whatever the other run did.
    pub wrong: Vec<String>,
    pub naked: Span,
    pub most_held: [Decimal; 2],
    pub deaths: usize,
}

/// Average cost of a leg, from its fills alone.
#[derive(Default)]
struct Cost {
    held: Decimal,
    average: Decimal,
    realised: Decimal,
}

impl Cost {
    fn apply(&mut self, fill: &Fill) {
        let (price, quantity) = (fill.price.get(), fill.quantity.get());
        if fill.side == fill.leg.opening() {
            self.average = (self.average * self.held + price * quantity) / (self.held + quantity);
            self.held += quantity;
        } else {
            let sign = if fill.leg == PositionSide::Long { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
            self.realised += sign * (price - self.average) * quantity;
            self.held -= quantity;
        }
    }
}

impl Outcome {
    pub async fn of(world: &World, status: &TraderStatus) -> Self {
        let venue = &world.venue;
        let mut wrong = world.watch.loosened();
        let fills: Vec<Fill> = venue.state().fills.iter().map(|fill| fill.fill.clone()).collect();

        let mut legs = Vec::new();
        let query = |kind| RecordQuery { limit: 100_000, ..RecordQuery::of("main".into(), [kind]) };
        let mut trades = Vec::new();
        for record in world.journal.trades(&query(RecordKind::Trade)).await.unwrap() {
            trades.push((record.trade.side, record.trade.gross_pnl.get(), record.trade.entries));
        }
        for side in PositionSide::BOTH {
            let mut cost = Cost::default();
            fills.iter().filter(|fill| fill.leg == side).for_each(|fill| cost.apply(fill));
            let held = venue.held(side);
            if cost.held != held {
                wrong.push(format!("the test's own books have {} of {held}", cost.held));
            }
            let known = status.leg(side).map_or(Decimal::ZERO, |leg| leg.quantity.get());
            if known != held {
                wrong.push(format!("I3: the books have {known}, the venue {held}"));
            }
            let booked: Decimal =
                trades.iter().filter(|(of, ..)| *of == side).map(|(_, gross, _)| *gross).sum();
            if held.is_zero() && booked != cost.realised {
                wrong.push(format!("trades of the {side} leg made {booked}, its fills {}", cost.realised));
            }
            legs.push((held, if held.is_zero() { held } else { cost.average }, cost.realised));

            let stops = venue.stops().into_iter().filter(|stop| stop.leg == side);
            let stops: Vec<Decimal> = stops.map(|stop| stop.quantity.get()).collect();
            if held.is_zero() != stops.is_empty() || stops.iter().any(|stop| *stop != held) || stops.len() > 1
            {
                wrong.push(format!("I1, I4: stops {stops:?} for {held} {side}"));
            }
            let takes = venue.limits().into_iter().filter(|order| order.leg == side && order.reduce_only);
            let takes: Decimal = takes.map(|order| order.quantity.get()).sum();
            if takes > held {
                wrong.push(format!("I4: take profits {takes} for {held} {side}"));
            }
        }

        let mut journaled: BTreeMap<TradeId, usize> = BTreeMap::new();
        for record in world.journal.read(&query(RecordKind::Fill)).await.unwrap() {
            let fill: Fill = record.entry.body.parse().unwrap();
            *journaled.entry(fill.trade_id).or_default() += 1;
        }
        let once: BTreeMap<TradeId, usize> = fills.iter().map(|fill| (fill.trade_id.clone(), 1)).collect();
        if journaled != once {
            wrong.push(format!("I3: fills of the venue {once:?}, of the journal {journaled:?}"));
        }
        if !status.gates.is_empty() && !world.ends_stopped() {
            wrong.push(format!("nothing can be opened any more: {:?}", status.gates));
        }

        let mut resting: Vec<String> = venue
            .resting(|_| true)
            .iter()
            .map(|spec| format!("{} {:?} {}", spec.leg, spec.kind, spec.quantity.get().normalize()))
            .collect();
        resting.sort();
        let mut filled: Vec<ClientOrderId> =
            fills.iter().filter(|fill| fill.opens()).filter_map(|fill| fill.client_id).collect();
        filled.sort();
        filled.dedup();
        let ended = Ended {
            legs,
            resting,
            entries: filled.len(),
            trades: trades.into_iter().map(|(_, gross, entries)| (gross, entries)).collect(),
        };
        let (naked, most_held) = (world.watch.longest_naked(), world.watch.most_held());
        Self { ended, wrong, naked, most_held, deaths: world.deaths }
    }
}
