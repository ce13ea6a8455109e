//! A stop and a take profit that are one order at OKX, under one id.
#![cfg(feature = "okx")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod wire;

use hyperrsi_core::exchange::{
    ErrorClass, ExchangeExt as _, Linked, Lookup, OrderClass, OrderName, OrderOutcome, OrderRef,
};
use hyperrsi_core::model::{OrderKind, Price, Reducing, Span, TriggerSource};
use hyperrsi_exchanges::net::Clock;
use rust_decimal_macros::dec;
use serde_json::{Value, json};
use wire::okx::{account, nowhere, spec, stop, swap};
use wire::{Server, rows};

/// A live pair as the venue shows it.
fn oco(tag: &str) -> Value {
    json!({"instId": "BTC-USDT-SWAP", "algoId": "77", "algoClOrdId": "hrsl", "ordType": "oco", "state": "live", "side": "sell",
        "posSide": "net", "reduceOnly": "true", "sz": "2", "slTriggerPx": "90000", "slOrdPx": "-1",
        "slTriggerPxType": "mark", "tpTriggerPx": "99000", "tpOrdPx": "-1", "tag": tag, "cTime": "1", "uTime": "2"})
}

fn take_profit() -> OrderRef {
    let name = OrderName::Client("hrtp".parse().unwrap());
    OrderRef { instrument: swap(), name, class: OrderClass::Conditional }
}

/// A venue that keeps the pair as one order, with the tag it was sent with or with another.
async fn venue(tag: &'static str) -> Server {
    Server::start(move |heard| match (heard.method.as_str(), heard.path()) {
        ("POST", "/api/v5/trade/order-algo") => {
            rows(json!([{"algoId": "77", "algoClOrdId": "hrsl", "sCode": "0"}]))
        }
        ("POST", "/api/v5/trade/cancel-algos") => {
            rows(json!([{"algoId": "", "algoClOrdId": "hrtp", "sCode": "51400", "sMsg": "no such order"}]))
        }
        (_, "/api/v5/trade/order-algo") if heard.target.contains("hrsl") => rows(json!([oco(tag)])),
        (_, "/api/v5/trade/orders-algo-pending") if heard.target.contains("oco") => rows(json!([oco(tag)])),
        _ => nowhere(heard),
    })
    .await
}

#[tokio::test]
async fn a_take_profit_inside_a_pair_is_found_after_a_restart() {
    let server = venue("2tp").await;
    let order = |id, kind| Reducing::new(swap(), spec(id, kind)).unwrap();
    let take = OrderKind::TakeProfitMarket { trigger: Price::new(dec!(99000)), source: TriggerSource::Mark };
    let pair = Linked::new(order("hrsl", stop(dec!(90000))), order("hrtp", take)).unwrap();
    let outcomes = account(&server).place_linked(pair).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, OrderOutcome::Done(_))), "{outcomes:?}");
    let sent = server.on("/api/v5/trade/order-algo")[0].json();
    // Two letters in common, then what differs.
    assert_eq!((&sent["algoClOrdId"], &sent["tag"]), (&json!("hrsl"), &json!("2tp")));

    // Nothing but the venue's row is left.
    let restarted = account(&server);
    let long_ago = Clock::local() - Span::minutes(5);
    let Lookup::Found(found) = restarted.order(take_profit(), long_ago).await else { panic!() };
    assert_eq!((found.client_id().unwrap().as_str(), found.id.as_str()), ("hrtp", "77"));
    let OrderOutcome::Refused(no) = restarted.cancel(take_profit()).await else { panic!() };
    assert!(no.message.contains("hrsl"), "it names the order to cancel: {no}");
}

#[tokio::test]
async fn a_pair_without_a_readable_tag_keeps_its_take_profit_from_being_taken_for_absent() {
    let server = venue("").await;
    let long_ago = Clock::local() - Span::minutes(5);
    let lookup = account(&server).order(take_profit(), long_ago).await;
    assert_eq!(lookup, Lookup::Unknown { class: None });
}

#[tokio::test]
async fn a_pair_whose_ids_do_not_fit_a_tag_is_refused_before_it_is_sent() {
    let server = venue("").await;
    let order = |id, kind| Reducing::new(swap(), spec(id, kind)).unwrap();
    let take = OrderKind::TakeProfitMarket { trigger: Price::new(dec!(99000)), source: TriggerSource::Mark };
    let pair = Linked::new(order("hrsl", stop(dec!(90000))), order("hr0123456789abcdefg", take)).unwrap();
    let outcomes = account(&server).place_linked(pair).await;
    let refused = |one: &OrderOutcome| matches!(one, OrderOutcome::Refused(no) if no.class == ErrorClass::InvalidRequest);
    assert!(outcomes.len() == 2 && outcomes.iter().all(refused), "{outcomes:?}");
    assert!(server.on("/api/v5/trade/order-algo").is_empty());
}
