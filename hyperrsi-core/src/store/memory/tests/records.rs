use super::{account, at, btc, ready};
use crate::model::{Amount, OrderKind, PositionSide, Price, Quantity, Side, Timeframe};
use crate::position::{ExitReason, Trade};
use crate::store::*;
use crate::strategy::{Check, DecisionOutcome, DecisionRecord, Inputs, RecordedOrder, Stage};
use rust_decimal_macros::dec;

fn decision(id: &str) -> JournaledDecision {
    let record = DecisionRecord {
        strategy: "hyperrsi".into(),
        symbol: btc(),
        timeframe: Timeframe::M5,
        candle: at(1_700_000_100),
        at: None,
        settings_hash: "abc".into(),
        inputs: Inputs { p: Some("31.4".into()), c: Some("29.2".into()), ..Inputs::default() },
        leg: None,
        checks: vec![Check {
            stage: Stage::FirstEntryShort,
            gate: "trend".into(),
            ok: false,
            left: "-2".into(),
            op: "!=".into(),
            right: "-2".into(),
        }],
        outcome: DecisionOutcome::None,
        reason: "trend_blocked".into(),
        orders: vec![],
    };
    JournaledDecision {
        id: id.into(),
        account: account(),
        trader: "t1".into(),
        at: at(1_700_000_400),
        settings_version: 3,
        engine_version: "0.1.0".into(),
        record,
        venue_orders: vec![],
    }
}

fn entered(id: &str, side: Side) -> JournaledDecision {
    let order = RecordedOrder {
        client_id: "hr1".parse().unwrap(),
        side,
        kind: OrderKind::Market,
        quantity: Quantity::new(dec!(0.5)),
    };
    let decided = decision(id);
    let record = DecisionRecord {
        outcome: DecisionOutcome::Enter,
        reason: "signal".into(),
        orders: vec![order],
        ..decided.record
    };
    JournaledDecision { record, ..decided }
}

fn trade(revision: u32, net: i64, certainty: TradeCertainty) -> TradeRecord {
    TradeRecord {
        id: "x".into(),
        revision,
        account: account(),
        trader: "t1".into(),
        instrument: btc(),
        strategy: "hyperrsi".into(),
        settings_version: 3,
        leverage: 10,
        linked_to: None,
        certainty,
        trade: Trade {
            side: PositionSide::Long,
            hedge: false,
            entry_time: at(1),
            entry_price: Price::new(dec!(100)),
            exit_time: at(2),
            exit_price: Price::new(dec!(101)),
            quantity: Quantity::new(dec!(1)),
            entries: 1,
            margin: Amount::new(dec!(10)),
            gross_pnl: Amount::new(net.into()),
            fees: Amount::ZERO,
            funding: Amount::ZERO,
            net_pnl: Amount::new(net.into()),
            planned_risk: None,
            reason: ExitReason::TakeProfit1,
            fills: vec![],
            protection: vec![],
        },
    }
}

#[test]
fn a_decision_is_written_as_one_flat_object() {
    let value = serde_json::to_value(decision("1")).unwrap();
    assert_eq!(value["candle"], 1_700_000_100_000_i64);
    assert_eq!(value["symbol"]["symbol"], "BTCUSDT");
    assert_eq!(value["outcome"], "none");
    assert_eq!(value["reason"], "trend_blocked");
    assert_eq!(value["inputs"]["p"], "31.4");
    assert_eq!(value["checks"][0]["stage"], "first_entry.short");
    for required in ["id", "account", "timeframe", "settings_version", "settings_hash", "strategy"] {
        assert!(!value[required].is_null(), "{required} (TRADING 17.3)");
    }
    assert_eq!(value["engine_version"], "0.1.0");
    assert_eq!(serde_json::from_value::<JournaledDecision>(value).unwrap(), decision("1"));
}

#[test]
fn venue_ids_and_ageing_inputs_do_not_make_decisions_differ() {
    let mut live = decision("live");
    live.venue_orders = vec![VenueOrder { client_id: "hr1".parse().unwrap(), venue_id: "77".into() }];
    live.record.inputs.available = Some("100".into());
    assert!(live.decides_like(&decision("backtest")));
    live.record.reason = "cooldown".into();
    assert!(!live.decides_like(&decision("backtest")));
}

#[test]
fn a_decision_is_tagged_with_the_side_it_is_about() {
    let side = |decision: &JournaledDecision| Entry::decision(decision).unwrap().tags.side;
    assert_eq!(side(&decision("the check that decided")), Some(PositionSide::Short));
    assert_eq!(side(&entered("a buy", Side::Buy)), Some(PositionSide::Long));
    assert_eq!(side(&entered("a sale", Side::Sell)), Some(PositionSide::Short));
}

#[test]
fn decisions_and_trades_are_found_by_outcome_and_reason() {
    let store = MemoryStore::new();
    let fence = Fence { account: account(), epoch: Epoch(1) };
    let (first, second) = (trade(0, 0, TradeCertainty::Pending), trade(1, 5, TradeCertainty::Complete));
    let batch = vec![
        Entry::decision(&decision("1")).unwrap(),
        Entry::trade(&first).unwrap(),
        Entry::trade(&second).unwrap(),
    ];
    ready(store.append(&fence, batch, Persist::Spool)).unwrap();
    let all = RecordQuery::of(account(), []);
    assert_eq!(ready(store.decisions(&all)), Ok(vec![decision("1")]));
    assert_eq!(ready(store.trades(&all)), Ok(vec![second.clone()]), "the newest revision counts");
    let wins = RecordQuery { outcome: Some("win".into()), reason: Some("tp1".into()), ..all.clone() };
    assert_eq!(ready(store.trades(&wins)), Ok(vec![second]));
    let losses = RecordQuery { outcome: Some("loss".into()), ..all };
    assert_eq!(ready(store.trades(&losses)), Ok(vec![]));
}

#[test]
fn records_survive_json() {
    let store = MemoryStore::new();
    let fence = Fence { account: account(), epoch: Epoch(1) };
    ready(store.append(&fence, vec![Entry::decision(&decision("1")).unwrap()], Persist::Before)).unwrap();
    let record = ready(store.record(&account(), "decision:1")).unwrap().unwrap();
    let text = serde_json::to_string(&record).unwrap();
    let back: Record = serde_json::from_str(&text).unwrap();
    assert_eq!(back, record);
    assert_eq!(back.entry.body.parse::<JournaledDecision>(), Ok(decision("1")));
    for kind in RecordKind::ALL {
        assert_eq!(RecordKind::from_code(kind.code()), Some(*kind));
    }
}
