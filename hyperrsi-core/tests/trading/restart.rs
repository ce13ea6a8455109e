//! A trader that goes on from its snapshot, cancels that are refused.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::Distance;
use hyperrsi_core::risk::{Refusal, Size};
use hyperrsi_core::strategy::{Decision, LegState};
use hyperrsi_core::trader::{AccountRead, Answer, Command, Event, Input, Output, RejectClass, Trader};

fn stopped() -> hyperrsi_core::position::ExitPlan {
    ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)))
}

fn rig() -> Rig {
    Rig::new(instrument(dec!(0.1), dec!(0.01), dec!(0.01)))
}

/// The process dies; another one goes on from the newest snapshot.
fn restart(rig: &mut Rig) {
    rig.asked.clear();
    let stored = serde_json::to_string(&rig.trader.snapshot()).unwrap();
    rig.trader = Trader::restore(serde_json::from_str(&stored).unwrap());
    rig.feed(Input::Warm);
    rig.feed(Input::Command(Command::Start));
}

#[test]
fn everything_that_rests_is_known_again_and_nothing_is_sent_twice() {
    let mut rig = rig();
    rig.enter(LONG, dec!(1), dec!(1_000), stopped());
    rig.price(1_020.0);
    rig.fill_take_profit(LONG);
    let (live, view) = (rig.live.clone(), rig.trader.view().clone());
    let sent = rig.log.len();
    restart(&mut rig);
    assert_eq!((&rig.live, rig.trader.view()), (&live, &view));
    let places =
        |o: &&Output| matches!(o, Output::Place { .. } | Output::Amend { .. } | Output::Cancel { .. });
    assert_eq!(rig.log[sent..].iter().filter(places).count(), 0);
    // Break-even of the filled level is still in force, and further levels go on.
    assert_eq!(rig.states(LONG)[0], hyperrsi_core::position::LevelState::Filled);
    rig.fill_take_profit(LONG);
    rig.fill_take_profit(LONG);
    assert_eq!((rig.open(LONG), rig.trades.len()), (dec!(0), 1));
}

#[test]
fn an_order_whose_answer_was_lost_is_looked_up_first() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), stopped()));
    rig.mode = Mode::Silent;
    rig.price(1_000.0);
    let Asked::Place(_, entry) = rig.asked[0].clone() else { panic!("{:?}", rig.asked) };
    restart(&mut rig);
    assert!(matches!(rig.asked[0], Asked::Query(_, id) if id == entry.client_id), "{:?}", rig.asked);
    assert!(rig.trader.gates().count() == 0 || rig.trader.gates().all(|gate| gate != Refusal::NotRunning));
    // Nothing is opened while its outcome is unknown.
    rig.advance(Span::minutes(1));
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), stopped()));
    assert!(!rig.refusals().is_empty());
    // It had never arrived: the leg is free again.
    rig.mode = Mode::Obliging;
    rig.oblige_all();
    assert_eq!(rig.trader.view().long.state, LegState::Flat);
}

#[test]
fn an_opening_that_was_decided_and_not_sent_is_gone() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), stopped()));
    restart(&mut rig);
    rig.price(1_000.0);
    assert!(rig.live.is_empty());
    assert_eq!(rig.trader.view().long.state, LegState::Flat);
    // 3.5: its candle is used all the same.
    assert!(rig.trader.view().long.candle_used.is_some());
}

#[test]
fn an_amendment_in_doubt_is_made_again() {
    let mut rig = rig();
    rig.enter(LONG, dec!(1), dec!(1_000), stopped());
    rig.mode = Mode::Silent;
    rig.price(1_020.0);
    rig.fill_take_profit(LONG); // the stop is to be made smaller
    assert!(matches!(rig.asked[0], Asked::Amend(..)));
    restart(&mut rig);
    rig.mode = Mode::Obliging;
    rig.oblige_all();
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(0.7));
}

#[test]
fn gates_that_somebody_closed_stay_closed() {
    let mut rig = rig();
    rig.feed(Input::Command(Command::Pause));
    restart(&mut rig);
    assert_eq!(rig.trader.gates().collect::<Vec<_>>(), [Refusal::Paused]);
    rig.feed(Input::Gate { gate: Refusal::Journal, closed: true });
    restart(&mut rig);
    assert_eq!(rig.trader.gates().collect::<Vec<_>>(), [Refusal::Paused], "this process has its own journal");
}

#[test]
fn a_refused_cancel_is_tried_again_a_little_later_each_time() {
    let mut rig = rig();
    rig.enter(LONG, dec!(1), dec!(1_000), stopped());
    rig.mode = Mode::Silent;
    rig.feed(Input::Command(Command::SetExits { side: LONG, exits: ladder([30, 30, 40]) }));
    let mut cancels = Vec::new();
    for _ in 0..40 {
        let waiting = std::mem::take(&mut rig.asked);
        for asked in waiting {
            match asked {
                Asked::Cancel(request, id) => {
                    cancels.push((rig.now, id));
                    rig.answer(request, Answer::Refused(RejectClass::Other, "try later".into()));
                }
                other => rig.oblige(other),
            }
        }
        rig.sleep(Span::millis_of(250));
    }
    let first = cancels[0].1;
    let times: Vec<_> = cancels.iter().filter(|(_, id)| *id == first).map(|(at, _)| *at).collect();
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // 1, 2, 4 seconds in the ten that passed.
    assert_eq!(gaps, [Span::seconds(1), Span::seconds(2), Span::seconds(4)], "{times:?}");
}

#[test]
fn s6_7_only_the_time_without_a_stop_counts_as_unprotected() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), stopped()));
    rig.price(1_000.0);
    let entry = rig.opening().unwrap();
    rig.mode = Mode::Silent;
    rig.fill_whole(&entry, dec!(1_000)); // its stop is on its way
    let stored = serde_json::to_string(&rig.trader.snapshot()).unwrap();
    let placed = rig.asked.iter().find_map(|asked| match asked {
        Asked::Place(_, spec) if matches!(spec.kind, OrderKind::StopMarket { .. }) => Some(*spec),
        _ => None,
    });
    let stop = placed.expect("a stop is placed");
    // It rests 3 s later, and nobody writes that down; the process comes back after 32 hours.
    let rested = rig.now + Span::seconds(3);
    rig.advance(Span::hours(32));
    rig.asked.clear();
    rig.live.push(stop);
    rig.trader = Trader::restore(serde_json::from_str(&stored).unwrap());
    rig.feed(Input::Warm);
    rig.feed(Input::Command(Command::Start));
    rig.feed(Input::Wake);
    let alarms = |rig: &Rig| {
        let alarm = |event: &&Event| matches!(event, Event::Unprotected { .. });
        rig.events.iter().filter(alarm).count()
    };
    assert_eq!(alarms(&rig), 0, "what rests is not known yet");
    let report = OrderReport {
        client_id: stop.client_id,
        status: OrderStatus::Open,
        filled: Quantity::ZERO,
        time: rested,
    };
    let read = AccountRead {
        positions: vec![rig.snapshot(LONG)],
        orders: vec![report],
        resting: vec![stop],
        fills: rig.fills.clone(),
        ..AccountRead::default()
    };
    rig.feed(Input::AccountRead { request: RequestId(u64::MAX), read: Some(Box::new(read)) });
    rig.sleep(Span::seconds(5));
    assert_eq!((rig.trader.unprotected_since(LONG), alarms(&rig)), (None, 0));
    assert_eq!(rig.trader.unprotected(LONG), Span::seconds(3));
}

#[test]
fn s6_7_a_stop_that_is_gone_after_a_restart_is_told_of_with_all_its_time() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), stopped()));
    rig.price(1_000.0);
    let entry = rig.opening().unwrap();
    rig.mode = Mode::Silent;
    rig.fill_whole(&entry, dec!(1_000)); // its stop never arrives
    let since = rig.now;
    rig.advance(Span::hours(1));
    restart(&mut rig);
    let read = AccountRead { positions: vec![rig.snapshot(LONG)], ..AccountRead::default() };
    rig.feed(Input::AccountRead { request: RequestId(u64::MAX), read: Some(Box::new(read)) });
    rig.feed(Input::Wake);
    let told = rig.events.contains(&Event::Unprotected { side: LONG, since });
    assert!(told, "{:?}", rig.events);
}
