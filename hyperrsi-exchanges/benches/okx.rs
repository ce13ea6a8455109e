//! What the adapter adds to the network's time: reading frames, wording orders and signing them. The whole way from a
//! candle frame to the signed bytes of an order is the bench `okx_order`.
//! `cargo bench -p hyperrsi-exchanges --features okx --bench okx`
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use hyperrsi_core::exchange::{Listing, TradingState, Urgency};
use hyperrsi_core::model::{
    Instrument, InstrumentId, MarginMode, OrderKind, OrderSpec, PositionSide, Quantity, Side, Timestamp,
};
use hyperrsi_exchanges::net::Method;
use hyperrsi_exchanges::okx::parse::{self, Known};
use hyperrsi_exchanges::okx::request::{self, Setup};
use hyperrsi_exchanges::okx::{Keys, VENUE};
use rust_decimal_macros::dec;
use serde_json::value::RawValue;
use std::hint::black_box;

const CANDLE: &str =
    r#"["1746000000000","93500.1","93620.5","93480","93555.2","125034","1250.34","116987654.2","1"]"#;
const TRADE: &str = r#"{"instId":"BTC-USDT-SWAP","tradeId":"130639474","px":"93500.1","sz":"12.5","side":"buy","ts":"1746000000123","count":"3"}"#;
const ORDER: &str = r#"{"accFillSz":"0.03","algoClOrdId":"","algoId":"","amendResult":"","amendSource":"","avgPx":"103698.9","cTime":"1746947317401","cancelSource":"","category":"normal","ccy":"USDT","clOrdId":"hr1e4bTP1","code":"0","execType":"M","fee":"-0.021776769","feeCcy":"USDT","fillFee":"-0.021776769","fillFeeCcy":"USDT","fillPx":"103698.9","fillSz":"0.03","fillTime":"1746947317402","instId":"BTC-USDT-SWAP","instType":"SWAP","lever":"2.0","ordId":"2497956918703120384","ordType":"limit","pnl":"0","posSide":"long","px":"103698.9","rebate":"0","rebateCcy":"USDT","reduceOnly":"false","side":"buy","state":"filled","sz":"0.03","tag":"","tdMode":"isolated","tgtCcy":"","tradeId":"1518905529","uTime":"1746947317402"}"#;
const POSITION: &str = r#"{"adl":"1","availPos":"","avgPx":"93500.5","cTime":"1693151444408","ccy":"USDT","imr":"17.564","instId":"BTC-USDT-SWAP","instType":"SWAP","last":"93520","lever":"3","liqPx":"61000.1","margin":"","markPx":"93519.9","mgnMode":"cross","mgnRatio":"69.00","mmr":"0.26","notionalUsd":"52.6","pos":"12.5","posId":"616057041198907393","posSide":"net","tradeId":"138745402","uTime":"1693151444408","upl":"0.024","uplRatio":"0.00136"}"#;

fn swap() -> Instrument {
    let mut swap = Instrument::linear(InstrumentId::new(VENUE, "BTC-USDT-SWAP"), "BTC", "USDT");
    swap.contract_size = dec!(0.01);
    swap
}

fn order() -> OrderSpec {
    OrderSpec {
        client_id: "hr1e4bEN0".parse().unwrap(),
        leg: PositionSide::Long,
        side: Side::Buy,
        reduce_only: false,
        quantity: Quantity::new(dec!(0.02)),
        kind: OrderKind::Market,
    }
}

/// Body, timestamp and signature: everything that is computed for an order before it is written out.
fn signed(keys: &Keys, instrument: &Instrument, now: Timestamp) -> (String, String) {
    let call =
        request::place_order(instrument, &order(), MarginMode::Cross, Setup::ONE_WAY, Urgency::Opening)
            .unwrap();
    let body = call.body.clone().unwrap();
    let signed = keys.sign(now, Method::Post, &call.target(), &body);
    (body, signed.signature)
}

fn frames(c: &mut Criterion) {
    let known = Known::new(&[Listing { instrument: swap(), state: TradingState::Trading, ends: None }]);
    c.bench_function("parse/candle", |b| {
        b.iter(|| {
            let raw: &RawValue = serde_json::from_str(black_box(CANDLE)).unwrap();
            parse::candle(raw, false).unwrap()
        });
    });
    c.bench_function("parse/trade", |b| {
        b.iter(|| serde_json::from_str::<parse::TradeRow<'_>>(black_box(TRADE)).unwrap().read().unwrap());
    });
    c.bench_function("parse/order", |b| {
        b.iter(|| {
            let row: parse::OrderRow<'_> = serde_json::from_str(black_box(ORDER)).unwrap();
            (row.read(&known).unwrap(), row.fill(&known).unwrap())
        });
    });
    c.bench_function("parse/position", |b| {
        b.iter(|| {
            serde_json::from_str::<parse::PositionRow<'_>>(black_box(POSITION)).unwrap().read(&known).unwrap()
        });
    });
}

fn orders(c: &mut Criterion) {
    let keys = Keys::new("okx-test-key-0001", "okx-test-secret-ABCDEF0123456789", "phrase");
    let now = Timestamp::from_millis(1_746_000_000_123);
    let instrument = swap();
    c.bench_function("sign", |b| {
        b.iter(|| {
            keys.sign(black_box(now), Method::Post, "/api/v5/trade/order", r#"{"instId":"BTC-USDT-SWAP"}"#)
        });
    });
    c.bench_function("order/signed", |b| b.iter(|| signed(&keys, &instrument, black_box(now))));
}

criterion_group!(benches, frames, orders);
criterion_main!(benches);
