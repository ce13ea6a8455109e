//! Stops and take profits that are refused, lost, or touched by hand.

use crate::double::{Fault, refused};
use crate::rig::*;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;

fn say(class: ErrorClass) -> Fault {
    Fault::Answer(Answer::Order(refused(class)))
}

#[tokio::test(start_paused = true)]
async fn f11_a_take_profit_and_a_stop_at_once_never_turn_the_position() {
    let rig = Rig::new().await;
    rig.long().await;
    let (stop, limit) = (rig.venue.stops()[0], rig.venue.limits()[0]);
    rig.venue.fill(limit.client_id, dec!(102), dec!(1));
    rig.venue.fill(stop.client_id, dec!(99), dec!(1));
    rig.pass(Span::seconds(5)).await;
    assert_eq!((rig.venue.held(LONG), rig.venue.held(SHORT)), (dec!(0), dec!(0)));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f12_orders_of_a_closed_position_are_swept() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    assert!(rig.venue.state().orders.is_empty(), "{:?}", rig.venue.state().orders);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f13_a_stop_that_is_through_already_closes_at_market() {
    let rig = Rig::new().await;
    rig.venue.fail(is_stop, say(ErrorClass::AlreadyThrough));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(5)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "closed, not left bare");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f13_a_refused_stop_is_tried_again_and_told() {
    let rig = Rig::new().await;
    rig.venue.fail_times(is_stop, say(ErrorClass::PriceBand), 7);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.stops().is_empty());
    for _ in 0..40 {
        rig.pass(Span::seconds(1)).await;
        rig.price(100.0).await;
    }
    let codes = rig.codes().await;
    assert!(codes.contains(&"order_refused") && codes.contains(&"unprotected"), "{codes:?}");
    rig.pass(Span::seconds(120)).await;
    rig.assert_sound().await;
    assert!(rig.codes().await.contains(&"protection_restored"));
}

#[tokio::test(start_paused = true)]
async fn f13_meanwhile_the_engine_holds_the_stop() {
    let rig = Rig::new().await;
    rig.venue.fail_times(is_stop, say(ErrorClass::PriceBand), 1_000);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.price(98.9).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "closed by the engine's own stop");
    rig.venue.heal();
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f14_without_a_stop_for_too_long_nothing_more_is_opened() {
    let rig = Rig::new().await;
    rig.venue.fail_times(is_stop, say(ErrorClass::TooManyOrders), 1_000);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    for _ in 0..35 {
        rig.pass(Span::seconds(1)).await;
        rig.price(100.0).await;
    }
    let status = rig.session.as_ref().unwrap().handle().trader(&"main:BTC".into()).await.unwrap();
    assert!(status.gates.iter().any(|gate| gate.code.as_str() == "unprotected"), "{:?}", status.gates);
}

#[tokio::test(start_paused = true)]
async fn f15_a_refused_take_profit_is_tried_again_and_the_stop_stands() {
    let rig = Rig::new().await;
    rig.venue.fail_times(is_take_profit, say(ErrorClass::PriceBand), 2);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!((rig.venue.stops().len(), rig.venue.limits().len()), (1, 0));
    rig.pass(Span::seconds(10)).await;
    assert_eq!(rig.venue.limits().len(), 1);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f16_a_stop_that_fired_and_does_not_fill_is_escalated() {
    let rig = Rig::new().await;
    rig.long().await;
    let stop = rig.venue.stops()[0];
    // The price is through the stop; the venue's order rests on.
    for _ in 0..6 {
        rig.venue.state().price = Some(dec!(98));
        let point = PricePoint { price: Price::new(dec!(98)), time: rig.venue.now() };
        let instrument = rig.venue.instrument.id.clone();
        rig.venue.tell(Channel::Mark, MarketEvent::Data { instrument, fact: MarketFact::Mark(point) });
        rig.pass(Span::seconds(1)).await;
    }
    assert!(rig.venue.placed().iter().any(|spec| spec.reduce_only && spec.kind == OrderKind::Market));
    assert_eq!(rig.venue.held(LONG), dec!(0), "closed at market; the stop {stop:?} never filled");
    rig.pass(Span::seconds(5)).await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f17_what_a_stop_left_over_stays_protected() {
    let rig = Rig::new().await;
    rig.long().await;
    let stop = rig.venue.stops()[0];
    rig.venue.fill(stop.client_id, dec!(99), dec!(0.6));
    rig.pass(Span::seconds(1)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0.4));
    let left: Vec<_> = {
        let state = rig.venue.state();
        let stops = state.orders.values().filter(|o| o.class == OrderClass::Conditional);
        stops.map(|o| o.quantity.unwrap().get() - o.filled.get()).collect()
    };
    assert_eq!(left, [dec!(0.4)], "the stop covers the rest");
    rig.venue.fill(stop.client_id, dec!(99), dec!(0.4));
    rig.pass(Span::seconds(5)).await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f18_a_stop_that_cannot_be_moved_stays_where_it_is() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.venue.fail_times(named("amend"), say(ErrorClass::PriceBand), 2);
    let handle = rig.session.as_ref().unwrap().handle();
    let tighter = hyperrsi_core::trader::Command::SetStop { side: LONG, price: Price::new(dec!(99.5)) };
    assert!(handle.command(&"main:BTC".into(), tighter).await);
    rig.settle().await;
    assert_eq!(rig.venue.stops()[0].kind.price().unwrap().get(), dec!(99), "the old one stands");
    rig.pass(Span::seconds(20)).await;
    assert_eq!(rig.venue.stops()[0].kind.price().unwrap().get(), dec!(99.5), "moved in the end");
    assert!(rig.codes().await.contains(&"order_refused"));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f19_a_position_closed_by_hand_is_booked_and_its_orders_go() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.venue.hold(LONG, dec!(0), dec!(100));
    rig.pass(Span::seconds(10)).await;
    rig.assert_sound().await;
    let closed = |event: &hyperrsi_core::desk::Event| match &event.kind {
        hyperrsi_core::desk::EventKind::TradeClosed { reason, .. } => Some(*reason),
        _ => None,
    };
    let reasons: Vec<_> = rig.events().await.iter().filter_map(closed).collect();
    assert_eq!(reasons, [hyperrsi_core::position::ExitReason::Manual]);
}

#[tokio::test(start_paused = true)]
async fn f20_a_position_made_smaller_by_hand_gets_a_smaller_stop() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.venue.hold(LONG, dec!(0.6), dec!(100));
    rig.pass(Span::seconds(10)).await;
    assert!(rig.codes().await.contains(&"adopted"));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f20_a_position_made_larger_by_hand_gets_a_larger_stop() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.venue.hold(LONG, dec!(1.5), dec!(100));
    rig.pass(Span::seconds(10)).await;
    assert!(rig.codes().await.contains(&"adopted"));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f21_a_stop_cancelled_by_hand_is_placed_again() {
    let rig = Rig::new().await;
    rig.long().await;
    let stop = rig.venue.stops()[0];
    rig.venue.cancel_by_hand(stop.client_id);
    rig.pass(Span::seconds(2)).await;
    assert_ne!(rig.venue.stops()[0].client_id, stop.client_id);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f22_a_position_nobody_here_opened_is_reported_and_left_alone() {
    let rig = Rig::new().await;
    rig.venue.hold(LONG, dec!(3), dec!(90));
    rig.pass(Span::seconds(35)).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.placed().is_empty(), "never traded against, never protected unasked");
    assert!(rig.codes().await.contains(&"foreign_position"));
    assert!(rig.skipped().await.contains(&"foreign_position".to_owned()), "{:?}", rig.skipped().await);
}

#[tokio::test(start_paused = true)]
async fn f23_a_liquidation_closes_the_trade_with_its_reason() {
    let rig = Rig::new().await;
    rig.long().await;
    let mut fill = rig.venue.state().fills[0].clone();
    fill.fill.trade_id = TradeId::new("liquidation");
    fill.fill.client_id = None;
    fill.order = VenueOrderId::new("v99");
    (fill.fill.side, fill.fill.kind) = (Side::Sell, FillKind::Liquidation);
    (fill.fill.price, fill.fill.time) = (Price::new(dec!(95)), rig.venue.now());
    rig.venue.state().fills.push(fill.clone());
    rig.venue.push(AccountEvent::Fill(Box::new(fill)));
    rig.venue.hold(LONG, dec!(0), dec!(100));
    rig.pass(Span::seconds(5)).await;
    assert!(rig.codes().await.contains(&"liquidated"));
    rig.assert_sound().await;
}
