//! What OKX changes under a running adapter, and accounts where spot orders share margin.
#![cfg(feature = "okx")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod wire;

use hyperrsi_core::exchange::{
    ErrorClass, ExchangeExt as _, Lookup, OrderClass, OrderName, OrderOutcome, OrderRef,
};
use hyperrsi_core::model::{InstrumentId, OrderKind, PositionSide, Reducing, Span, Ticket, Timestamp};
use hyperrsi_exchanges::net::Clock;
use hyperrsi_exchanges::okx::VENUE;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wire::okx::{account, close, nowhere, spec, usual};
use wire::{Answer, Heard, Server, refuses, rows};

const ORDER: &str = "/api/v5/trade/order";

fn refused(outcome: OrderOutcome) -> ErrorClass {
    match outcome {
        OrderOutcome::Refused(no) => no.class,
        other => panic!("{other:?}"),
    }
}

fn row(code: &str, words: &str) -> Answer {
    rows(json!([{"ordId": "", "clOrdId": "hr1", "sCode": code, "sMsg": words}]))
}

#[tokio::test]
async fn f44_wire_after_a_step_that_is_wrong_the_instruments_are_read_again() {
    let changed = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&changed);
    let server = Server::start(move |heard| match heard.path() {
        ORDER if !now.swap(true, Ordering::SeqCst) => row("51121", "multiple of the lot size"),
        ORDER => rows(json!([{"ordId": "9", "clOrdId": "hr1", "sCode": "0"}])),
        "/api/v5/public/instruments" if heard.target.contains("SWAP") && now.load(Ordering::SeqCst) => {
            rows(json!([{
                "instId": "BTC-USDT-SWAP", "instType": "SWAP", "ctType": "linear", "ctVal": "0.001", "ctMult": "1",
                "ctValCcy": "BTC", "settleCcy": "USDT", "tickSz": "0.1", "lotSz": "1", "minSz": "1",
                "maxLmtSz": "100000", "maxMktSz": "12000", "lever": "100", "state": "live",
            }]))
        }
        _ => usual(heard),
    })
    .await;
    let account = account(&server);
    assert_eq!(refused(account.place(close()).await), ErrorClass::FilterChanged);
    assert!(matches!(account.place(close()).await, OrderOutcome::Done(_)));
    let sizes: Vec<Value> = server.on(ORDER).iter().map(|sent| sent.json()["sz"].clone()).collect();
    assert_eq!(sizes, ["2", "20"], "0.02 BTC in contracts of 0.01, then of 0.001");
}

#[tokio::test]
async fn f51_wire_a_mode_flipped_at_the_venue_is_told_and_read_again() {
    let server = Server::start(|heard| match heard.path() {
        ORDER => row("51000", "Parameter posSide error"),
        _ => usual(heard),
    })
    .await;
    let account = account(&server);
    for reads in [1, 2] {
        assert_eq!(refused(account.place(close()).await), ErrorClass::ModeMismatch);
        assert_eq!(
            server.on("/api/v5/account/config").len(),
            reads,
            "read before each order, as it was wrong"
        );
    }
}

#[tokio::test]
async fn f36_f45_f80_f85_f86_wire_each_refusal_has_its_class() {
    let cases = [
        (Answer::Raw(503, vec![], r#"{"code":"50001","msg":"upgrading"}"#.into()), ErrorClass::Maintenance),
        (row("51006", "Order price is not within the price limit"), ErrorClass::PriceBand),
        (row("51008", "Insufficient balance"), ErrorClass::InsufficientMargin),
        (
            Answer::Raw(404, vec![], r#"{"code":"404","msg":"Not Found","data":{}}"#.into()),
            ErrorClass::Retired,
        ),
        (
            Answer::Raw(
                401,
                vec![],
                r#"{"code":"50101","msg":"APIKey does not match current environment."}"#.into(),
            ),
            ErrorClass::Auth,
        ),
    ];
    for (answer, class) in cases {
        let server =
            Server::start(move |heard| if heard.path() == ORDER { answer.clone() } else { usual(heard) })
                .await;
        assert_eq!(refused(account(&server).place(close()).await), class);
        assert_eq!(server.on(ORDER).len(), 1, "{class}: nothing is sent twice");
    }
}

#[tokio::test]
async fn f47_wire_an_inverse_contract_is_not_there() {
    let server = Server::start(|heard| match heard.path() {
        "/api/v5/public/instruments" if heard.target.contains("SWAP") => rows(json!([{
            "instId": "BTC-USD-SWAP", "instType": "SWAP", "ctType": "inverse", "ctVal": "100", "ctMult": "1",
            "ctValCcy": "USD", "settleCcy": "BTC", "tickSz": "0.1", "lotSz": "1", "minSz": "1", "maxLmtSz": "100",
            "maxMktSz": "100", "lever": "100", "state": "live",
        }])),
        _ => usual(heard),
    })
    .await;
    let id = InstrumentId::new(VENUE, "BTC-USD-SWAP");
    let ticket = Ticket::Reducing(Reducing::new(id, spec("hr1", OrderKind::Market)).unwrap());
    assert_eq!(refused(account(&server).place(ticket).await), ErrorClass::InstrumentUnknown);
    assert!(server.on(ORDER).is_empty());
}

/// An account whose spot orders share margin.
fn sharing(heard: &Heard) -> Answer {
    match heard.path() {
        "/api/v5/account/config" => rows(
            json!([{"posMode": "net_mode", "acctLv": "3", "perm": "read_only,trade", "ip": "", "uid": "7"}]),
        ),
        _ => nowhere(heard),
    }
}

#[tokio::test]
async fn where_spot_shares_margin_orders_say_cross_and_are_looked_for_on_both_sides() {
    let ended = json!([{"instId": "BTC-USDT", "instType": "MARGIN", "ordId": "5", "clOrdId": "hr1", "ordType": "market",
        "state": "filled", "side": "sell", "sz": "0.02", "accFillSz": "0.02", "avgPx": "60000", "tgtCcy": "base_ccy",
        "cTime": "1746000000000", "uTime": "1746000000001"}]);
    let server = Server::start(move |heard| match heard.path() {
        ORDER if heard.method == "POST" => rows(json!([{"ordId": "5", "clOrdId": "hr1", "sCode": "0"}])),
        ORDER => refuses("51603"),
        "/api/v5/trade/orders-history" if heard.target.contains("instType=MARGIN") => rows(ended.clone()),
        "/api/v5/trade/fills-history" => rows(json!([])),
        _ => sharing(heard),
    })
    .await;
    let account = account(&server);
    let spot = InstrumentId::new(VENUE, "BTC-USDT");
    let sale = spec("hr1", OrderKind::Market);
    let ticket = Ticket::Reducing(Reducing::new(spot.clone(), sale).unwrap());
    assert!(matches!(account.place(ticket).await, OrderOutcome::Done(_)));
    assert_eq!(server.on(ORDER)[0].json()["tdMode"], "cross");

    let order = OrderRef {
        instrument: spot.clone(),
        name: OrderName::Client(sale.client_id),
        class: OrderClass::Plain,
    };
    let Lookup::Found(found) = account.order(order, Clock::local() - Span::minutes(1)).await else {
        panic!()
    };
    assert_eq!(found.id.as_str(), "5");
    account.fills(Some(spot), Timestamp::from_millis(1_746_000_000_000), 10).await.unwrap();
    let asked = server.on("/api/v5/trade/fills-history");
    let of = |kind: &str| asked.iter().any(|heard| heard.target.contains(&format!("instType={kind}")));
    assert!(of("SPOT") && of("MARGIN"), "{asked:?}");
}

#[tokio::test]
async fn a_fill_of_a_one_way_account_that_says_no_leg_takes_it_from_its_order() {
    let fill = |trade: &str, order: &str, side: &str, kind: &str, profit: &str| {
        json!({"instId": "BTC-USDT-SWAP", "billId": trade, "tradeId": trade, "ordId": order,
            "clOrdId": format!("hr{order}"), "side": side, "posSide": "net", "execType": "T", "subType": kind, "fillPx": "60000", "fillSz": "1", "fillPnl": profit,
            "fee": "-0.1", "feeCcy": "USDT", "fillTime": "1746000000001", "ts": "1746000000001"})
    };
    let page = json!([
        fill("4", "14", "sell", "5", "0"), // closes a long, it says
        fill("3", "13", "sell", "2", "7"), // realised something
        fill("2", "12", "sell", "2", "0"), // at the entry price: the order only reduces
        fill("1", "11", "buy", "1", "0"),
    ]);
    let server = Server::start(move |heard| match heard.path() {
        "/api/v5/trade/fills-history" => rows(page.clone()),
        ORDER => {
            let reduces = heard.target.contains("ordId=12");
            rows(json!([{"instId": "BTC-USDT-SWAP", "ordId": "1", "ordType": "market", "state": "filled", "side": "sell",
                "posSide": "net", "reduceOnly": reduces.to_string(), "sz": "1"}]))
        }
        _ => usual(heard),
    })
    .await;
    let swap = InstrumentId::new(VENUE, "BTC-USDT-SWAP");
    let fills =
        account(&server).fills(Some(swap), Timestamp::from_millis(1_746_000_000_000), 10).await.unwrap();
    let legs: Vec<_> = fills.items.iter().map(|one| (one.order.as_str().to_owned(), one.fill.leg)).collect();
    let long = |order: &str| (order.to_owned(), PositionSide::Long);
    assert_eq!(legs, [long("11"), long("12"), long("13"), long("14")]);
    assert_eq!(server.on(ORDER).len(), 2, "only the orders of fills that do not tell are asked for");
}

/// The order that a conditional order sends when it fires has no client id; it names the one it came from.
#[tokio::test]
async fn a_fill_of_a_stop_that_fired_carries_the_stops_id() {
    let fill = |trade: &str, order: &str, client: &str| {
        json!({"instId": "BTC-USDT-SWAP", "billId": trade, "tradeId": trade, "ordId": order, "clOrdId": client,
            "side": "sell", "posSide": "long", "execType": "T", "subType": "5", "fillPx": "60000", "fillSz": "1",
            "fillPnl": "1", "fee": "-0.1", "feeCcy": "USDT", "fillTime": "1746000000001", "ts": "1746000000001"})
    };
    let page = json!([
        fill("5", "14", "theirs"),
        fill("4", "13", ""), // closed by hand
        fill("3", "12", ""), // the stop, in two executions
        fill("2", "12", ""),
        fill("1", "11", "hrlevel1"),
    ]);
    let server = Server::start(move |heard| match heard.path() {
        "/api/v5/trade/fills-history" => rows(page.clone()),
        ORDER if heard.target.contains("ordId=13") => refuses("51603"),
        ORDER => {
            let stop = if heard.target.contains("ordId=12") { "hrstop1" } else { "" };
            rows(json!([{"instId": "BTC-USDT-SWAP", "ordId": "1", "clOrdId": "", "algoClOrdId": stop, "ordType": "market",
                "state": "filled", "side": "sell", "posSide": "long", "reduceOnly": "true", "sz": "2"}]))
        }
        _ => usual(heard),
    })
    .await;
    let account = account(&server);
    let swap = InstrumentId::new(VENUE, "BTC-USDT-SWAP");
    for _ in 0..2 {
        let since = Timestamp::from_millis(1_746_000_000_000);
        let fills = account.fills(Some(swap.clone()), since, 10).await.unwrap();
        let ids: Vec<_> =
            fills.items.iter().map(|one| one.fill.client_id.map(|id| id.as_str().to_owned())).collect();
        let own = |id: &str| Some(id.to_owned());
        assert_eq!(ids, [own("hrlevel1"), own("hrstop1"), own("hrstop1"), None, None]);
    }
    let asked: Vec<_> = server.on(ORDER).iter().map(|heard| heard.target.clone()).collect();
    let of = |id: &str| asked.iter().filter(|target| target.contains(&format!("ordId={id}"))).count();
    assert_eq!(
        ["11", "12", "13", "14"].map(of),
        [0, 1, 2, 1],
        "only those that do not tell, once: {asked:?}"
    );
}
