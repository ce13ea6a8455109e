//! OKX as most tests need it: what every account reads before its first order, and orders of one swap.

use super::{Answer, Heard, Server, refuses, rows};
use hyperrsi_core::model::{
    InstrumentId, OrderKind, OrderSpec, PositionSide, Price, Quantity, Reducing, Side, Ticket, TriggerSource,
};
use hyperrsi_exchanges::net::Clock;
use hyperrsi_exchanges::okx::{Account, Config, Keys, VENUE};
use rust_decimal_macros::dec;
use serde_json::json;

pub fn swap() -> InstrumentId {
    InstrumentId::new(VENUE, "BTC-USDT-SWAP")
}

/// What every account needs before its first order: instruments, time, setup, no position.
pub fn usual(heard: &Heard) -> Answer {
    match heard.path() {
        "/api/v5/public/instruments" if heard.target.contains("SWAP") => rows(json!([{
            "instId": "BTC-USDT-SWAP", "instType": "SWAP", "ctType": "linear", "ctVal": "0.01", "ctMult": "1",
            "ctValCcy": "BTC", "settleCcy": "USDT", "tickSz": "0.1", "lotSz": "0.01", "minSz": "0.01",
            "maxLmtSz": "100000", "maxMktSz": "12000", "lever": "100", "state": "live",
        }])),
        "/api/v5/public/instruments" => rows(json!([{
            "instId": "BTC-USDT", "instType": "SPOT", "baseCcy": "BTC", "quoteCcy": "USDT", "tickSz": "0.1",
            "lotSz": "0.00000001", "minSz": "0.00001", "maxLmtSz": "9999", "state": "live",
        }])),
        "/api/v5/public/time" => rows(json!([{"ts": Clock::local().millis().to_string()}])),
        "/api/v5/account/config" => rows(
            json!([{"posMode": "net_mode", "acctLv": "2", "perm": "read_only,trade", "ip": "", "uid": "7"}]),
        ),
        "/api/v5/account/positions" => rows(json!([])),
        path => panic!("nobody told the server about {path}"),
    }
}

pub fn account(server: &Server) -> Account {
    let keys = Keys::new("the-key", "the-secret", "the-phrase");
    Account::new("main".into(), keys, Config::at(&server.url).unwrap()).unwrap()
}

/// Sells 0.02 BTC of a long leg: two contracts.
pub fn close() -> Ticket {
    reducing(OrderKind::Market)
}

pub fn reducing(kind: OrderKind) -> Ticket {
    Ticket::Reducing(Reducing::new(swap(), spec("hr1", kind)).unwrap())
}

pub fn spec(id: &str, kind: OrderKind) -> OrderSpec {
    OrderSpec {
        client_id: id.parse().unwrap(),
        leg: PositionSide::Long,
        side: Side::Sell,
        reduce_only: true,
        quantity: Quantity::new(dec!(0.02)),
        kind,
    }
}

pub fn stop(trigger: rust_decimal::Decimal) -> OrderKind {
    OrderKind::StopMarket { trigger: Price::new(trigger), source: TriggerSource::Mark }
}

pub fn nowhere(heard: &Heard) -> Answer {
    match heard.path() {
        "/api/v5/trade/order" | "/api/v5/trade/order-algo" => refuses("51603"),
        "/api/v5/trade/orders-pending"
        | "/api/v5/trade/orders-history"
        | "/api/v5/trade/orders-algo-pending"
        | "/api/v5/trade/orders-algo-history" => rows(json!([])),
        _ => usual(heard),
    }
}
