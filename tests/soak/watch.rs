//! Looks at an account after every step: what must hold there whatever happened.

use hyperrsi::desk::{StopHolder, TraderStatus};
use hyperrsi::model::*;
use hyperrsi::prelude::*;
use hyperrsi::sim::account::{Account, Terms};
use std::collections::BTreeMap;

/// How long a leg may be without its whole stop at the venue, and what rests and what the books hold may differ from what is
/// held, while a process runs and the way to the venue loses what it likes.
pub const BOUND: Span = Span::seconds(120);

#[derive(Default)]
struct Leg {
    held: Decimal,
    stop: Option<Decimal>,
    /// It has grown: its stop is made anew.
    grown: bool,
    naked: Option<Timestamp>,
    differs: Option<Timestamp>,
    loose: Option<Timestamp>,
}

/// The longest times that were seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Longest {
    pub naked: Span,
    pub differs: Span,
    pub loose: Span,
}

#[derive(Default)]
pub struct Watch {
    legs: BTreeMap<(InstrumentId, PositionSide), Leg>,
    /// Deposit less what was bought, plus what was sold, less fees: everything but what is held.
    cash: Decimal,
    /// Bought less sold.
    net: BTreeMap<InstrumentId, Decimal>,
    newest: u64,
    /// Fills the journal has not told of, with their time.
    pub unjournaled: BTreeMap<String, Timestamp>,
    pub longest: Longest,
    pub fills: u64,
}

impl Watch {
    pub fn of(deposit: Decimal) -> Self {
        Self { cash: deposit, ..Self::default() }
    }

    /// Nobody runs: nothing is late.
    pub fn dead(&mut self) {
        for leg in self.legs.values_mut() {
            (leg.naked, leg.differs, leg.loose) = (None, None, None);
        }
    }

    /// What is wrong with the account as its venue has it, and as its traders have it if a process runs.
    pub fn look(&mut self, now: Timestamp, account: &Account, traders: &[TraderStatus]) -> Vec<String> {
        let mut wrong = Vec::new();
        self.take_fills(account);
        self.check_equity(account, &mut wrong);
        let instruments: Vec<InstrumentId> = account.instruments().map(|one| one.id.clone()).collect();
        // Stops, each with its price and size, and the size of the take profits of a leg.
        type Exits = (Vec<(Decimal, Decimal)>, Decimal);
        let mut orders: BTreeMap<(InstrumentId, PositionSide), Exits> = BTreeMap::new();
        for order in account.live_orders().filter(|order| order.sent.reduce_only) {
            let entry = orders.entry((order.sent.instrument.clone(), order.leg)).or_default();
            match &order.sent.terms {
                Terms::Trigger { stop: Some(stop), .. } => {
                    entry.0.push((stop.price.get(), order.remaining().get()))
                }
                Terms::Limit { .. } => entry.1 += order.remaining().get(),
                _ => {}
            }
        }
        let positions = account.positions().unwrap();
        for id in instruments {
            let status = traders.iter().find(|status| status.instrument == id);
            for side in PositionSide::BOTH {
                let held = positions.iter().find(|one| one.instrument == id && one.side == side);
                let held = held.map_or(Decimal::ZERO, |one| one.quantity.get());
                let key = (id.clone(), side);
                let (stops, ladder) = orders.remove(&key).unwrap_or_default();
                let leg = self.legs.entry(key).or_default();
                let mut say = |what: String| wrong.push(format!("{now} {id} {side}: {what}"));

                // I4: one stop, but for old and new during one replacement.
                if stops.len() > 2 {
                    say(format!("I4: {} stops", stops.len()));
                }
                let excess =
                    ladder > held || stops.iter().any(|(_, quantity)| *quantity > held) || stops.len() > 1;
                // I6: the tightest stop of a leg never moves back while the leg does not grow.
                let sign = side.sign();
                let tightest = stops.iter().map(|(price, _)| sign * *price).max();
                leg.grown |= held > leg.held;
                if held.is_zero() {
                    leg.stop = None;
                }
                if let (Some(before), Some(after)) = (leg.stop, tightest)
                    && before != after
                    && !std::mem::take(&mut leg.grown)
                    && after < before
                {
                    say(format!("I6: the stop went from {} to {}", sign * before, sign * after));
                }
                leg.stop = tightest.or(leg.stop);
                leg.held = held;

                let Some(status) = status else { continue };
                let booked = status.leg(side);
                let whole = stops.iter().any(|(_, quantity)| *quantity >= held);
                let engine =
                    booked.and_then(|leg| leg.stop).is_some_and(|stop| stop.holder == StopHolder::Engine);
                let books = booked.map_or(Decimal::ZERO, |leg| leg.quantity.get());
                let longest = &mut self.longest;
                // I1: a stop at the venue, or one that the engine watches; the first is what is wanted.
                let naked = !held.is_zero() && !whole;
                late(
                    &mut leg.naked,
                    naked,
                    now,
                    &mut longest.naked,
                    "I1: no whole stop at the venue",
                    &mut say,
                );
                if naked && !engine && books == held {
                    say(format!("I1: no stop at the venue, none that the engine watches: {booked:?}"));
                }
                late(
                    &mut leg.differs,
                    books != held,
                    now,
                    &mut longest.differs,
                    "I3: books and position differ",
                    &mut say,
                );
                late(
                    &mut leg.loose,
                    excess,
                    now,
                    &mut longest.loose,
                    "I4: more rests than is held",
                    &mut say,
                );
            }
        }
        wrong
    }

    /// Books what the venue has filled since the last time.
    pub fn take_fills(&mut self, account: &Account) {
        let newest = self.newest;
        for execution in account.executions().iter().rev().take_while(|one| one.trade > newest) {
            self.newest = self.newest.max(execution.trade);
            self.fills += 1;
            let (id, fill) = (&execution.fill.instrument, &execution.fill.fill);
            let signed = if fill.side == Side::Buy { fill.quantity.get() } else { -fill.quantity.get() };
            self.cash -= signed * fill.price.get() + fill.fee.get();
            *self.net.entry(id.clone()).or_default() += signed;
            self.unjournaled.insert(fill.trade_id.as_str().to_owned(), fill.time);
        }
    }

    /// I5, without a division: value in equals value out, to the last decimal.
    fn check_equity(&self, account: &Account, wrong: &mut Vec<String>) {
        let held: Decimal = self
            .net
            .iter()
            .map(|(id, quantity)| *quantity * account.mark_price(id).map_or(Decimal::ZERO, Price::get))
            .sum();
        let equity = account.equity("USDT").unwrap().get();
        if self.cash + held != equity {
            wrong.push(format!("I5: equity is {equity}, its fills make {}", self.cash + held));
        }
    }
}

fn late(
    since: &mut Option<Timestamp>,
    is: bool,
    now: Timestamp,
    longest: &mut Span,
    what: &str,
    say: &mut impl FnMut(String),
) {
    if !is {
        *since = None;
        return;
    }
    let lasts = now - *since.get_or_insert(now);
    *longest = (*longest).max(lasts);
    if lasts > BOUND {
        say(format!("{what} for {} s", lasts.millis() / 1_000));
    }
}
