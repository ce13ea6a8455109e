//! Limit entries as a desired state, and lots: what the grid stands on (TRADING 16.4, 16.5, V15).

use crate::market::{config, series};
use crate::support::*;
use hyperrsi_core::backtest::{Backtest, IntrabarPolicy, Run};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, ExitReason, StopKind};
use hyperrsi_core::risk::{Refusal, Size};
use hyperrsi_core::strategy::{Context, Decision, Needs, Rest, RestingEntry, Strategy};
use hyperrsi_core::trader::{Command, Input};
use rust_decimal::Decimal;
use std::sync::Arc;

fn level(key: u16, side: PositionSide, price: Decimal, exit: Decimal) -> RestingEntry {
    let exits = Arc::new(ExitPlan::new().stop_loss(Distance::percent(dec!(10))));
    let (price, size) = (price.into(), Size::Base(dec!(1).into()));
    RestingEntry { key, side, price, size, exits, lot: Some(exit.into()) }
}

fn set(levels: Vec<RestingEntry>) -> Decision {
    Decision { rest: Rest::Set(levels), ..Decision::hold() }
}

fn rig() -> Rig {
    Rig::new(instrument(dec!(0.1), dec!(0.01), dec!(0.01)))
}

/// Prices of the entries that rest, lowest first.
fn entries(rig: &Rig) -> Vec<Decimal> {
    let mut all: Vec<_> = rig
        .live
        .iter()
        .filter(|o| !o.reduce_only)
        .map(|o| o.kind.price().unwrap().get().normalize())
        .collect();
    all.sort();
    all
}

fn at(rig: &Rig, price: Decimal) -> OrderSpec {
    rig.live.iter().copied().find(|o| o.kind.price() == Some(price.into())).expect("an order at that price")
}

fn two_levels() -> Vec<RestingEntry> {
    vec![level(1, LONG, dec!(100), dec!(104)), level(2, LONG, dec!(98), dec!(102))]
}

#[test]
fn s16_4_what_rests_is_what_was_set() {
    let mut rig = rig();
    rig.decide(set(two_levels()));
    assert_eq!(entries(&rig), [dec!(98), dec!(100)]);
    let kept = at(&rig, dec!(98));
    rig.advance(Span::minutes(1));
    rig.decide(Decision::hold());
    assert_eq!(at(&rig, dec!(98)), kept, "hold keeps what rests");
    rig.advance(Span::minutes(1));
    rig.decide(set(vec![level(1, LONG, dec!(99), dec!(103)), level(2, LONG, dec!(98), dec!(102))]));
    assert_eq!(entries(&rig), [dec!(98), dec!(99)]);
    assert_eq!(at(&rig, dec!(98)), kept, "an entry that is still wanted is left alone");
    rig.advance(Span::minutes(1));
    rig.decide(set(Vec::new()));
    assert!(rig.live.is_empty());
    assert_eq!(rig.account.available().unwrap(), rig.account.balance(), "nothing stays reserved");
}

#[test]
fn s16_5_a_filled_entry_is_a_lot_with_its_own_exit_and_its_own_trade() {
    let mut rig = rig();
    rig.decide(set(two_levels()));
    let first = at(&rig, dec!(100));
    rig.fill_whole(&first, dec!(100));
    assert_eq!(prices(&rig.take_profits(LONG)), [(dec!(104), dec!(1))]);
    let second = at(&rig, dec!(98));
    rig.fill_whole(&second, dec!(98));
    assert_eq!(prices(&rig.take_profits(LONG)), [(dec!(102), dec!(1)), (dec!(104), dec!(1))]);
    // One stop for the side: 10 % under the average 99.
    assert_eq!(rig.stop(LONG), stop_at(dec!(89.1), StopKind::Fixed));
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(2));
    let lots: Vec<_> =
        rig.trader.view().long.lots.iter().map(|l| (l.key, l.entry.get(), l.exit.get())).collect();
    assert_eq!(lots, [(1, dec!(100), dec!(104)), (2, dec!(98), dec!(102))]);
    // V15: at most one order or lot per level, even if the strategy still asks for it.
    rig.advance(Span::minutes(1));
    rig.decide(set(two_levels()));
    assert!(entries(&rig).is_empty());
    let exit = at(&rig, dec!(102));
    rig.fill_whole(&exit, dec!(102));
    let trade = rig.trades.last().unwrap();
    assert_eq!(
        (trade.reason, trade.entry_price.get(), trade.net_pnl.get()),
        (ExitReason::GridExit, dec!(98), dec!(4))
    );
    assert_eq!(entries(&rig), [dec!(98)], "the level is flat and may enter again");
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(1));
    let exit = at(&rig, dec!(104));
    rig.fill_whole(&exit, dec!(104));
    assert_eq!(rig.trades.last().unwrap().net_pnl.get(), dec!(4));
    assert_eq!(rig.open(LONG), dec!(0));
    assert_eq!(entries(&rig), [dec!(98), dec!(100)], "the grid goes on");
    // Σ net of the lots is what the account booked.
    assert_eq!(rig.account.balance().get(), rig.account.deposits().get() + dec!(8));
}

#[test]
fn s16_8_a_stop_closes_every_lot_and_withdraws_the_side() {
    let mut rig = rig();
    rig.decide(set(two_levels()));
    for price in [dec!(100), dec!(98)] {
        let order = at(&rig, price);
        rig.fill_whole(&order, price);
    }
    rig.advance(Span::minutes(1));
    let mut levels = two_levels();
    levels.push(level(3, LONG, dec!(96), dec!(100)));
    levels.push(level(1, SHORT, dec!(110), dec!(106)));
    rig.decide(set(levels));
    let stop = rig.stop_order(LONG).unwrap();
    rig.fill_whole(&stop, dec!(89.1));
    let trades: Vec<_> =
        rig.trades.iter().map(|t| (t.reason, t.entry_price.get(), t.net_pnl.get())).collect();
    // 89.1 − 100 and 89.1 − 98.
    assert_eq!(
        trades,
        [(ExitReason::StopLoss, dec!(100), dec!(-10.9)), (ExitReason::StopLoss, dec!(98), dec!(-8.9))]
    );
    assert_eq!(entries(&rig), [dec!(110)], "the other side goes on");
    assert_eq!(rig.trader.view().long.last_reason, Some(ExitReason::StopLoss));
}

#[test]
fn s16_5_a_partial_fill_that_settles_is_a_lot() {
    let mut rig = rig();
    rig.decide(set(two_levels()));
    let order = at(&rig, dec!(100));
    rig.fill(&order, dec!(100), dec!(0.4));
    assert!(rig.take_profits(LONG).is_empty(), "its entry may still grow");
    rig.sleep(Span::seconds(5));
    assert_eq!(prices(&rig.take_profits(LONG)), [(dec!(104), dec!(0.4))]);
    assert_eq!(entries(&rig), [dec!(98)]);
}

#[test]
fn v7_lots_keep_their_exits_while_entries_are_gated() {
    let mut rig = rig();
    rig.decide(set(two_levels()));
    let order = at(&rig, dec!(100));
    rig.fill_whole(&order, dec!(100));
    rig.feed(Input::Command(Command::Pause));
    assert!(entries(&rig).is_empty());
    assert_eq!(prices(&rig.take_profits(LONG)), [(dec!(104), dec!(1))]);
    rig.feed(Input::Command(Command::Resume));
    rig.advance(Span::minutes(1));
    rig.decide(Decision::hold());
    assert_eq!(entries(&rig), [dec!(98)]);
}

#[test]
fn s13_4_an_exit_cancelled_by_hand_is_placed_again() {
    let mut rig = rig();
    rig.decide(set(two_levels()));
    let order = at(&rig, dec!(100));
    rig.fill_whole(&order, dec!(100));
    let exit = at(&rig, dec!(104));
    rig.live.retain(|o| o.client_id != exit.client_id);
    let report = rig.report(exit.client_id, OrderStatus::Cancelled, Quantity::ZERO);
    rig.feed(Input::Order(report));
    assert_eq!(prices(&rig.take_profits(LONG)), [(dec!(104), dec!(1))]);
    assert_ne!(at(&rig, dec!(104)).client_id, exit.client_id);
}

/// Wants one level at 100, left at 101, always.
#[derive(Clone)]
struct OneLevel;

impl Strategy for OneLevel {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 1)
    }
    fn on_candle(&mut self, _: &Context<'_>, _: &Candle) -> Decision {
        set(vec![level(1, LONG, dec!(100), dec!(101))])
    }
}

/// A candle that crosses 100 and 101 both ways and closes there, and one that opens at 102.
fn crossed(policy: IntrabarPolicy, close: f64) -> Run {
    let candles = series(&[[101.5; 4], [101.5, 103.0, 99.0, close], [102.0; 4]]);
    let mut config = config();
    config.policy = policy;
    Backtest::new(&candles, config).unwrap().run(&mut OneLevel).unwrap()
}

#[test]
fn s16_5_a_level_enters_once_in_a_candle() {
    // A close at 102 lies beyond the exit: whatever came first, what entered at 100 has left at 101, once.
    for policy in [IntrabarPolicy::Pessimistic, IntrabarPolicy::OhlcPath] {
        let run = crossed(policy, 102.0);
        let lots: Vec<_> = run.trades.iter().map(|t| (t.entry_price.get(), t.exit_price.get())).collect();
        assert_eq!((lots, run.ambiguous_candles), (vec![(dec!(100), dec!(101))], 0), "{policy}");
    }
    // Optimistic: what an entry of the candle armed waits for the next one (15.4), which opens beyond it.
    let run = crossed(IntrabarPolicy::Optimistic, 102.0);
    assert_eq!(run.trades.len(), 1);
    assert_eq!(run.trades[0].exit_time.millis(), 2 * 60_000);
}

#[test]
fn s15_4_an_entry_and_a_level_of_one_candle_are_told_as_ambiguous() {
    // A close at 100.5: the high of 103 may have come after the entry, or before it. No convention takes it.
    for policy in [IntrabarPolicy::Pessimistic, IntrabarPolicy::Optimistic] {
        let run = crossed(policy, 100.5);
        assert_eq!(run.ambiguous_candles, 1, "{policy}");
        assert_eq!(run.trades[0].exit_time.millis(), 2 * 60_000, "{policy}");
    }
}

#[test]
fn nonsense_is_refused_by_name() {
    let mut rig = rig();
    let mut twice = two_levels();
    twice.push(level(2, LONG, dec!(90), dec!(95)));
    rig.decide(set(twice));
    assert_eq!(rig.refusals(), [Refusal::InvalidIntent]);
    assert_eq!(entries(&rig), [dec!(98), dec!(100)]);
    rig.advance(Span::minutes(1));
    rig.decide(set(vec![level(1, LONG, dec!(-5), dec!(1))]));
    assert_eq!(rig.refusals().len(), 2);
    assert!(entries(&rig).is_empty());
}

#[test]
fn a_level_without_margin_is_skipped_and_the_nearer_ones_stay() {
    let mut rig = rig();
    let mut levels = two_levels();
    levels[1].size = Size::Margin(dec!(2_000_000).into());
    rig.decide(set(levels));
    assert_eq!(entries(&rig), [dec!(100)]);
    assert_eq!(rig.refusals(), [Refusal::InsufficientMargin]);
}
