//! TRADING 12 and V7: no opening while gated; no closing order is ever refused by a gate.

use crate::market::{Script, config, run};
use crate::support::*;
use hyperrsi_core::backtest::IntrabarPolicy;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, ExitReason};
use hyperrsi_core::risk::{Policy, Refusal, Size};
use hyperrsi_core::strategy::{Decision, Intent, LegState};
use hyperrsi_core::trader::{Answer, Command, Event, Input, Link, Output, RejectClass, Trader};

fn rig() -> Rig {
    Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)))
}

fn entry(side: PositionSide) -> Decision {
    Decision::enter(side, Size::Base(dec!(1).into()), ExitPlan::new().stop_loss(Distance::percent(dec!(5))))
}

fn openings(rig: &Rig) -> usize {
    let opening = |o: &&Output| matches!(o, Output::Place { ticket, .. } if !ticket.order().reduce_only);
    rig.log.iter().filter(opening).count()
}

/// Every gate that can be closed from outside.
/// A gate and what closes it.
type Closing = (Refusal, fn(&mut Rig));

fn gates() -> Vec<Closing> {
    vec![
        (Refusal::NotRunning, |rig| rig.feed(Input::Command(Command::Stop))),
        (Refusal::Paused, |rig| rig.feed(Input::Command(Command::Pause))),
        (Refusal::DataGap, |rig| rig.feed(Input::DataGap)),
        (Refusal::DataGap, |rig| rig.feed(Input::Link(Link::Down))),
        (Refusal::Journal, |rig| rig.feed(Input::StoreFailed { request: RequestId(0) })),
        (Refusal::LeverageMismatch, |rig| rig.feed(Input::Leverage(3, MarginMode::Isolated))),
        (Refusal::StrategyFailed, |rig| {
            let candle = Candle::new(rig.now, 1.0, 1.0, 1.0, 1.0, 1.0);
            rig.feed(Input::Candle { timeframe: Timeframe::M1, candle: &candle });
            let request = rig.evaluate.take().unwrap();
            rig.feed(Input::StrategyFailed { request });
            rig.advance(Span::minutes(1));
        }),
        (Refusal::NotReconciled, |rig| {
            rig.mode = Mode::Silent;
            rig.feed(Input::Link(Link::Gap));
        }),
    ]
}

#[test]
fn v7_no_first_entry_passes_a_closed_gate() {
    for (refusal, close) in gates() {
        let mut rig = rig();
        close(&mut rig);
        rig.advance(Span::minutes(1));
        rig.decide(entry(LONG));
        rig.price(100.0);
        assert_eq!(rig.refusals(), [refusal]);
        assert_eq!(openings(&rig), 0, "{refusal}");
        assert_eq!(rig.trader.view().opening_gate, Some(refusal));
    }
}

#[test]
fn v7_no_extra_entry_and_no_waiting_entry_passes_a_closed_gate() {
    for (refusal, close) in gates() {
        let mut rig = rig();
        rig.enter(LONG, dec!(1), dec!(100), ExitPlan::new().stop_loss(Distance::percent(dec!(5))));
        close(&mut rig);
        rig.advance(Span::minutes(1));
        rig.decide(Decision::of(Intent::Add { side: LONG, size: Size::Base(dec!(1).into()) }));
        rig.price(100.0);
        assert_eq!((rig.refusals(), openings(&rig)), (vec![refusal], 1));
        if refusal == Refusal::StrategyFailed {
            continue; // needs an evaluation of its own, which would replace the decided entry's
        }
        // A gate that closes between the decision and its price.
        let mut rig = self::rig();
        rig.decide(entry(LONG));
        close(&mut rig);
        rig.price(100.0);
        assert_eq!((rig.refusals(), openings(&rig)), (vec![refusal], 0), "{refusal} while waiting");
        assert_eq!(rig.trader.view().long.state, LegState::Flat);
    }
}

#[test]
fn v7_closing_is_never_refused_by_a_gate() {
    let ways: [fn(&mut Rig); 4] = [
        |rig| {
            rig.advance(Span::minutes(1));
            rig.decide(Decision::exit(LONG, ExitReason::TrendReversal));
        },
        |rig| rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(1) })),
        |rig| rig.feed(Input::Command(Command::Panic)),
        |rig| rig.feed(Input::CloseFor { side: LONG, reason: ExitReason::BacktestEnd }),
    ];
    for (refusal, close) in gates() {
        for way in ways {
            let mut rig = rig();
            rig.enter(LONG, dec!(1), dec!(100), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
            close(&mut rig);
            rig.mode = Mode::Obliging;
            way(&mut rig);
            let order = rig.close_order().unwrap_or_else(|| panic!("{refusal}: the close was not sent"));
            assert_eq!(order.quantity.get(), dec!(1));
            rig.fill_whole(&order, dec!(101));
            assert_eq!(rig.trades.len(), 1);
            assert_eq!(rig.live, []);
        }
    }
}

#[test]
fn s12_3_a_stopped_symbol_still_manages_its_leg() {
    let mut rig = rig();
    rig.enter(
        LONG,
        dec!(1),
        dec!(100),
        break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5))),
    );
    rig.feed(Input::Command(Command::Stop));
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    let stop = rig.stop_order(LONG).unwrap();
    assert_eq!((stop.kind.price(), stop.quantity.get()), (Some(dec!(100).into()), dec!(0.7)));
}

#[test]
fn s12_2_gates_are_named_in_reporting_order() {
    let i = instrument(dec!(0.01), dec!(0.01), dec!(0.01));
    let mut trader = Trader::new(TraderId::new("t"), i, Policy::default());
    assert_eq!(trader.view().opening_gate, Some(Refusal::NotRunning));
    trader.handle(Timestamp::EPOCH, Input::Command(Command::Start)).unwrap();
    assert_eq!(trader.view().opening_gate, Some(Refusal::NotReconciled));
}

#[test]
fn s12_2_opening_gates_come_before_the_warm_up() {
    let mut rig = rig();
    rig.enter(LONG, dec!(1), dec!(100), ExitPlan::new());
    rig.advance(Span::minutes(1));
    // Both legs busy, and the symbol stopped: the opening gate is named.
    rig.feed(Input::Command(Command::Pause));
    rig.decide(entry(SHORT));
    rig.feed(Input::Command(Command::Resume));
    rig.advance(Span::minutes(1));
    rig.decide(entry(SHORT));
    assert_eq!(rig.refusals(), [Refusal::Paused, Refusal::MainLegOpen]);
}

#[test]
fn s3_6_one_main_leg_per_symbol() {
    for (first, second) in [(LONG, LONG), (LONG, SHORT), (SHORT, LONG)] {
        let mut rig = rig();
        rig.decide(entry(first)); // entering counts
        rig.advance(Span::minutes(1));
        rig.decide(entry(second));
        assert_eq!(rig.refusals(), [Refusal::MainLegOpen]);
    }
}

#[test]
fn v6_one_entry_per_candle_and_side() {
    let mut rig = rig();
    rig.enter(LONG, dec!(1), dec!(100), ExitPlan::new());
    let add = || Decision::of(Intent::Add { side: LONG, size: Size::Base(dec!(1).into()) });
    rig.decide(add());
    assert_eq!(rig.refusals(), [Refusal::CandleUsed]);
    rig.advance(Span::minutes(1));
    let mut twice = add();
    twice.intents.extend(add().intents);
    rig.decide(twice);
    assert_eq!(rig.refusals(), [Refusal::CandleUsed, Refusal::CandleUsed]);
}

#[test]
fn s2_2_a_stale_signal_is_dropped() {
    let mut rig = rig();
    rig.decide(entry(LONG));
    rig.advance(Span::seconds(60) + Span::millis_of(1));
    rig.price(100.0);
    assert_eq!((rig.refusals(), openings(&rig)), (vec![Refusal::SignalStale], 0));
}

#[test]
fn s12_4_the_block_is_lifted_early_once_a_hundredth_more_than_wanted_is_there() {
    let mut rig = rig();
    rig.account.set_free(Some(dec!(50).into()));
    for _ in 0..3 {
        rig.advance(Span::minutes(1));
        rig.decide(Decision::enter(LONG, Size::Base(dec!(10).into()), ExitPlan::new()));
        rig.price(100.0);
    }
    assert_eq!(rig.trader.view().opening_gate, Some(Refusal::MarginBlocked));
    // 10 at 100: margin 100, fee 0.5; a hundredth more is 101.505.
    rig.account.set_free(Some(dec!(101.504).into()));
    assert!(!rig.account.margin_is_back(rig.slot));
    rig.account.set_free(Some(dec!(101.505).into()));
    assert!(rig.account.margin_is_back(rig.slot));
    rig.feed(Input::Gate { gate: Refusal::MarginBlocked, closed: false });
    assert_eq!((rig.trader.view().opening_gate, rig.trader.margin_blocked_until()), (None, None));
}

/// The same in a backtest: the leg that held the margin is closed, and the next candle may enter, not the one in ten minutes.
#[test]
fn s12_4_a_backtest_lifts_the_block_when_the_margin_is_back() {
    let mut config = config();
    config.initial_balance = dec!(150).into();
    let candles = [[100.0; 4]; 8];
    let script = Script::enter(LONG, ExitPlan::new())
        .add_at(1, LONG)
        .add_at(2, LONG)
        .add_at(3, LONG)
        .exit_at(4, LONG)
        .then(5, Decision::enter(LONG, Size::Base(dec!(1).into()), ExitPlan::new()));
    let mut closing = config.clone();
    closing.close_at_end = true;
    let run = run(&closing, IntrabarPolicy::Pessimistic, &script, &candles);
    assert_eq!(run.skipped.get("insufficient_margin"), Some(&3));
    assert_eq!((run.trades.len(), run.skipped.get("margin_blocked")), (2, None));
}

#[test]
fn s12_4_margin_failures_block_for_a_while() {
    let mut rig = rig();
    let huge = || Decision::enter(LONG, Size::Base(dec!(1_000_000).into()), ExitPlan::new());
    for _ in 0..3 {
        rig.advance(Span::minutes(1));
        rig.decide(huge());
        rig.price(100.0);
    }
    assert_eq!(rig.refusals(), [Refusal::InsufficientMargin; 3]);
    assert_eq!(rig.trader.view().opening_gate, Some(Refusal::MarginBlocked));
    let alerts =
        |rig: &Rig| rig.events.iter().filter(|e| matches!(e, Event::Gate(Refusal::MarginBlocked, _))).count();
    assert_eq!(alerts(&rig), 1);
    // 1,000,000 at 100, leverage 10: 10,000,000 of margin and 50,000 of fee are wanted, 1,000,000 are there.
    assert!(!rig.account.margin_is_back(rig.slot));
    rig.sleep(Span::seconds(599));
    assert_eq!(rig.trader.view().opening_gate, Some(Refusal::MarginBlocked));
    rig.sleep(Span::seconds(1));
    assert_eq!((rig.trader.view().opening_gate, alerts(&rig)), (None, 2));
}

#[test]
fn s12_4_a_success_resets_the_count() {
    let mut rig = rig();
    let huge = || Decision::enter(SHORT, Size::Base(dec!(1_000_000).into()), ExitPlan::new());
    for round in 0..2 {
        for _ in 0..2 {
            rig.advance(Span::minutes(1));
            rig.decide(huge());
            rig.price(100.0);
        }
        assert_eq!(rig.trader.view().opening_gate, None, "round {round}");
        rig.advance(Span::minutes(1));
        rig.enter(LONG, dec!(1), dec!(100), ExitPlan::new());
        rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(1) }));
        let close = rig.close_order().unwrap();
        rig.fill_whole(&close, dec!(100));
    }
}

#[test]
fn s12_5_rejected_entries_pause_the_side_until_resumed() {
    let mut rig = rig();
    let attempt = |rig: &mut Rig, side| {
        rig.mode = Mode::Silent;
        rig.advance(Span::minutes(1));
        rig.decide(entry(side));
        rig.price(100.0);
        let asked = rig.asked.pop();
        if let Some(Asked::Place(request, _)) = asked {
            rig.answer(request, Answer::Refused(RejectClass::Other, "no".into()));
        }
        asked.is_some()
    };
    for _ in 0..3 {
        assert!(attempt(&mut rig, LONG));
    }
    assert!(!attempt(&mut rig, LONG));
    assert_eq!(rig.refusals().last(), Some(&Refusal::FailurePaused));
    assert!(attempt(&mut rig, SHORT), "the other side is not paused");
    rig.feed(Input::Command(Command::Resume));
    assert!(attempt(&mut rig, LONG));
    // Every reservation was given back.
    assert_eq!(rig.account.available().unwrap(), rig.account.balance());
}
