//! Orders whose fate is not known, or is not what was thought.

use crate::double::{Fault, refused};
use crate::rig::*;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;

#[tokio::test(start_paused = true)]
async fn f05_a_lost_answer_is_looked_up_and_nothing_is_sent_again() {
    let rig = Rig::new().await;
    rig.venue.fail(is_entry, Fault::LoseAnswer);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(15)).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    assert_eq!(rig.venue.placed().iter().filter(|spec| !spec.reduce_only).count(), 1, "sent once");
    assert!(!rig.venue.called("query_order").is_empty(), "looked up");
    assert!(rig.codes().await.contains(&"order_unknown"));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f06_an_outage_while_looking_is_not_absence_and_entries_wait() {
    let rig = Rig::new().await;
    rig.venue.fail(is_entry, Fault::LoseRequest);
    let down = ExchangeError::Connectivity { sent: true, detail: "no route".into() };
    rig.venue.fail_times(named("query_order"), Fault::Say(down), 60);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(35)).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.placed().len(), 1, "nothing new while one order is unknown");
    assert!(rig.skipped().await.contains(&"unknown_order".to_owned()), "{:?}", rig.skipped().await);
    rig.venue.heal();
    rig.pass(Span::seconds(5)).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "absent for certain: entries again");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f07_not_found_right_after_sending_is_not_believed() {
    let rig = Rig::new().await;
    let lost = ExchangeError::Timeout { after: None };
    rig.venue.fail(is_entry, Fault::Say(lost));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    let sent = rig.venue.called("place")[0].0;
    rig.pass(Span::seconds(5)).await;
    let settled = |codes: &[&str]| codes.contains(&"order_settled");
    assert!(!settled(&rig.codes().await), "inside the grace nothing is settled");
    rig.pass(Span::seconds(7)).await;
    assert!(settled(&rig.codes().await), "after it the order is absent");
    assert!(rig.venue.now() - sent > Span::seconds(10));
    assert_eq!(rig.venue.placed().len(), 1);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f08_cancelled_without_fills_is_checked_against_the_fills() {
    let rig = Rig::new().await;
    let said = OrderOutcome::Done(Accepted {
        client_id: None,
        venue_id: None,
        status: OrderStatus::Cancelled,
        time: rig.venue.now(),
    });
    rig.venue.fail(is_entry, Fault::DoAndAnswer(Answer::Order(said)));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "it had filled");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f09_a_part_that_filled_before_a_cancel_is_protected() {
    let rig = Rig::new().await;
    let id = resting_entry(&rig).await;
    rig.venue.fill(id, dec!(100), dec!(0.4));
    rig.settle().await;
    rig.venue.cancel_by_hand(id);
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0.4));
    assert_eq!(rig.venue.limits()[0].quantity.get(), dec!(0.4), "the ladder is for what is there");
    rig.assert_sound().await;
}

/// An entry that was accepted and has not filled.
async fn resting_entry(rig: &Rig) -> ClientOrderId {
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    // The market order of the double fills at once: begin anew with a market that has no price.
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    let before = rig.venue.placed().len();
    rig.script.decisions.lock().unwrap().push_back(enter(LONG, dec!(1)));
    let now = rig.venue.now();
    let close = Timeframe::M1.bucket(now) + Span::minutes(1);
    rig.pass(close - now).await;
    rig.venue.candle(Timeframe::M1, flat(close - Span::minutes(1), 100.0));
    rig.settle().await;
    rig.venue.state().price = None;
    let point = PricePoint { price: Price::new(dec!(100)), time: rig.venue.now() };
    let instrument = rig.venue.instrument.id.clone();
    rig.venue.tell(Channel::Last, MarketEvent::Data { instrument, fact: MarketFact::Last(point) });
    rig.settle().await;
    let placed = rig.venue.placed();
    assert_eq!(placed.len(), before + 1, "{:?}", rig.skipped().await);
    placed[before].client_id
}

#[tokio::test(start_paused = true)]
async fn f10_a_cancel_that_loses_the_race_leaves_the_fill_in_the_books() {
    let rig = Rig::new().await;
    let id = resting_entry(&rig).await;
    // Cancelled and filled at the same moment: the report of the cancel comes first, the fill after it.
    rig.venue.state().quiet = true;
    rig.venue.fill(id, dec!(100), dec!(0.7));
    rig.venue.cancel_by_hand(id);
    rig.venue.state().quiet = false;
    let (order, fill) = {
        let state = rig.venue.state();
        (state.ended[&id].clone(), state.fills.last().unwrap().clone())
    };
    rig.venue.push(AccountEvent::Order(Box::new(order)));
    rig.settle().await;
    rig.venue.push(AccountEvent::Fill(Box::new(fill)));
    rig.pass(Span::seconds(4)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0.7));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f27_a_fill_told_twice_counts_once() {
    let rig = Rig::new().await;
    rig.long().await;
    let fill = rig.venue.state().fills[0].clone();
    rig.venue.push(AccountEvent::Fill(Box::new(fill.clone())));
    rig.venue.push(AccountEvent::Fill(Box::new(fill)));
    rig.pass(Span::seconds(3)).await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f28_news_that_come_late_take_nothing_back() {
    let rig = Rig::new().await;
    rig.long().await;
    let mut old = rig.venue.state().ended.values().next().unwrap().clone();
    (old.status, old.filled) = (OrderStatus::Open, Quantity::ZERO);
    old.updated = old.created;
    rig.venue.push(AccountEvent::Order(Box::new(old)));
    rig.pass(Span::seconds(3)).await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f29_a_fill_before_the_answer_is_booked_and_protected_at_once() {
    let rig = Rig::new().await;
    rig.venue.fail(is_entry, Fault::AnswerLate(Span::seconds(3)));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.assert_sound().await;
    rig.pass(Span::seconds(5)).await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f42_an_order_below_the_minimum_is_skipped_with_its_reason() {
    let rig = Rig::new().await;
    rig.minute(100.0, Some(enter(LONG, dec!(0.0001)))).await;
    assert!(rig.venue.placed().is_empty(), "never sized up");
    assert_eq!(rig.skipped().await, ["below_min_size"]);
}

#[tokio::test(start_paused = true)]
async fn f44_changed_steps_are_read_again_once() {
    let rig = Rig::new().await;
    let no = || Fault::Answer(Answer::Order(refused(ErrorClass::FilterChanged)));
    rig.venue.fail(is_entry, no());
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.venue.fail(is_entry, no());
    rig.pass(Span::seconds(10)).await;
    assert_eq!(rig.venue.placed().len(), 1, "no order is sent in a loop");
    rig.venue.heal();
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f80_refusals_for_want_of_money_end_in_a_block() {
    let rig = Rig::new().await;
    let poor = Fault::Answer(Answer::Order(refused(ErrorClass::InsufficientMargin)));
    rig.venue.fail_times(is_entry, poor, 100);
    for _ in 0..8 {
        rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    }
    assert_eq!(rig.venue.placed().len(), 3, "three, then openings rest");
    assert!(rig.codes().await.contains(&"margin_blocked"));
    assert!(rig.skipped().await.contains(&"margin_blocked".to_owned()));
}
