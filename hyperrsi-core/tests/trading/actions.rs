//! TRADING 17.1: one record per action between candles, as data and as one sentence in both languages.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, ExitReason};
use hyperrsi_core::strategy::explain::{Language, sentence};
use hyperrsi_core::strategy::{Decision, DecisionOutcome, DecisionRecord};
use hyperrsi_core::trader::{Command, Event, Input, Output, Record};

fn plan() -> ExitPlan {
    break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5)))
}

fn entered(plan: ExitPlan) -> Rig {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), plan);
    rig.events.clear();
    rig.log.clear();
    rig
}

fn actions(rig: &Rig) -> Vec<&DecisionRecord> {
    let events = rig.events.iter();
    events.filter_map(|event| if let Event::Acted(record) = event { Some(&**record) } else { None }).collect()
}

/// Outcome, reason and leg's side of every action, in order.
fn told(rig: &Rig) -> Vec<(DecisionOutcome, String)> {
    actions(rig).iter().map(|record| (record.outcome, record.reason.clone())).collect()
}

fn adjust(reason: &str) -> (DecisionOutcome, String) {
    (DecisionOutcome::Adjust, reason.to_owned())
}

#[test]
fn s17_1_break_even_is_one_action_with_the_leg_as_it_is_then() {
    let mut rig = entered(plan());
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    assert_eq!(told(&rig), [adjust("break_even")]);
    let record = actions(&rig)[0].clone();
    let leg = record.leg.clone().unwrap();
    assert_eq!((leg.quantity.get(), leg.filled_levels), (dec!(0.7), vec![1]));
    assert_eq!(leg.stop.unwrap().price.get(), dec!(100));
    assert_eq!(record.at, Some(rig.now));
    assert!(record.candle < rig.now && record.candle + Span::minutes(1) >= rig.now);
    assert_eq!(
        sentence(&record, Language::English),
        "adjusted the long on BTC-USDT-SWAP 2024-01-02 12:00: break-even stop at 100 (break_even)"
    );
    let korean = sentence(&record, Language::Korean);
    assert!(korean.starts_with("BTC-USDT-SWAP 2024-01-02 12:00 롱 주문 조정:"), "{korean}");
}

#[test]
fn s17_1_every_action_is_journaled_once_as_it_is_told() {
    let mut rig = entered(plan());
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    let journaled: Vec<DecisionRecord> = rig
        .log
        .iter()
        .filter_map(|output| match output {
            Output::Persist { record, .. } => match &**record {
                Record::Decision(record) => Some((**record).clone()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(journaled.iter().collect::<Vec<_>>(), actions(&rig));
}

#[test]
fn s17_1_trail_amendments_are_actions_and_trails_that_move_without_one_are_not() {
    // T-10, last row: interval 5 s, step 0.05 %.
    let mut rig =
        entered(ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))).trail_after(1, dec!(0.5)));
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    assert_eq!(told(&rig), [adjust("trailing_stop")], "its placement is the first amendment (9.5)");
    rig.advance(Span::seconds(1));
    rig.price(102.5); // large enough, too early
    assert_eq!(told(&rig).len(), 1);
    rig.sleep(Span::seconds(4));
    assert_eq!(told(&rig), [adjust("trailing_stop"), adjust("trailing_stop")]);
}

#[test]
fn s17_1_orders_cancelled_by_hand_are_repaired_with_a_record_each() {
    let mut rig = entered(plan());
    for gone in [rig.stop_order(LONG).unwrap(), rig.take_profits(LONG)[1]] {
        rig.live.retain(|order| order.client_id != gone.client_id);
        let report = rig.report(gone.client_id, OrderStatus::Cancelled, Quantity::ZERO);
        rig.feed(Input::Order(report));
    }
    assert_eq!(told(&rig), [adjust("repair"), adjust("repair")]);
}

#[test]
fn s17_1_a_close_has_its_reason_and_a_decided_one_has_the_record_of_its_candle_alone() {
    let mut rig = entered(plan());
    rig.feed(Input::CloseFor { side: LONG, reason: ExitReason::HedgeLinked });
    assert_eq!(told(&rig), [(DecisionOutcome::Close, "hedge_linked".to_owned())]);
    assert_eq!(
        sentence(actions(&rig)[0], Language::English),
        "closed the long on BTC-USDT-SWAP 2024-01-02 12:00: the main leg was closed (hedge_linked)"
    );
    let mut rig = entered(plan());
    rig.advance(Span::minutes(1));
    rig.decide(Decision::exit(LONG, ExitReason::TrendReversal));
    assert!(rig.close_order().is_some());
    assert_eq!(told(&rig), []);
}

#[test]
fn s17_1_what_an_operator_does_is_recorded() {
    let mut rig = entered(plan());
    rig.feed(Input::Command(Command::SetStop { side: LONG, price: dec!(97).into() }));
    rig.feed(Input::Command(Command::Pause));
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(0.5) }));
    assert_eq!(
        told(&rig),
        [
            adjust("user_command"),
            (DecisionOutcome::None, "paused".to_owned()),
            (DecisionOutcome::Close, "user_command".to_owned()),
        ]
    );
    let texts: Vec<_> = actions(&rig).iter().map(|record| sentence(record, Language::English)).collect();
    assert_eq!(
        texts[0],
        "adjusted the long on BTC-USDT-SWAP 2024-01-02 12:00: stop set by an operator at 97 (user_command)"
    );
}

#[test]
fn s17_1_a_backtest_rebuilds_the_actions_of_the_range_it_is_asked_for() {
    use crate::market::*;
    use hyperrsi_core::backtest::IntrabarPolicy;
    use hyperrsi_core::risk::Size;
    // T-20, first row: TP1 at 102, then the rest at break-even.
    let plan = break_even(levels(&[(dec!(2), dec!(50), true), (dec!(4), dec!(50), true)]));
    let enter = Decision::enter(LONG, Size::Base(dec!(1).into()), plan.stop_loss(Distance::percent(dec!(2))));
    let candles = [[100.0; 4], [100.0; 4], [101.0, 103.0, 99.5, 102.5], [102.5; 4]];
    let mut config = config();
    let script = Script::default().then(0, enter);
    assert!(run(&config, IntrabarPolicy::Pessimistic, &script, &candles).actions.is_empty());
    config.record = Some((Timestamp::EPOCH, Timestamp::from_millis(i64::MAX)));
    let recorded = run(&config, IntrabarPolicy::Pessimistic, &script, &candles);
    let reasons: Vec<_> = recorded.actions.iter().map(|record| record.reason.as_str()).collect();
    assert_eq!(reasons, ["break_even"]);
    assert_eq!(recorded.trades[0].reason.code(), "break_even");
}
