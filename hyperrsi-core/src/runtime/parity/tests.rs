//! Each cause alone, planted in trades and decisions that are small enough to compute by hand.

use super::{Cause, Explained, Side, explain};
use crate::model::{
    Amount, Liquidity, OrderKind, Price, Quantity, Side as Way, Span, Timeframe, Timestamp, TraderId,
};
use crate::position::{ExitReason, Trade, TradeFill, TradeFillKind};
use crate::store::Code;
use crate::strategy::{Check, DecisionOutcome, DecisionRecord, Inputs, RecordedOrder, Stage};
use crate::trader::{IdSpace, Role};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

const MINUTE: i64 = 60_000;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * MINUTE)
}

/// A long of 2 from the open of minute 1 at 100 to minute 5 at 110, fee 0.1 each: net 19.8.
fn trade() -> Trade {
    let fill = |time, kind, price, liquidity| TradeFill {
        time,
        kind,
        price: Price::new(price),
        quantity: Quantity::new(dec!(2)),
        fee: Amount::new(dec!(0.1)),
        liquidity,
    };
    let exit = TradeFillKind::Exit(ExitReason::StopLoss);
    booked(Trade {
        side: crate::model::PositionSide::Long,
        hedge: false,
        entry_time: at(1),
        entry_price: Price::new(dec!(100)),
        exit_time: at(5),
        exit_price: Price::new(dec!(110)),
        quantity: Quantity::new(dec!(2)),
        entries: 1,
        margin: Amount::ZERO,
        gross_pnl: Amount::ZERO,
        fees: Amount::new(dec!(0.2)),
        funding: Amount::ZERO,
        net_pnl: Amount::ZERO,
        planned_risk: None,
        reason: ExitReason::StopLoss,
        fills: vec![
            fill(at(1), TradeFillKind::Entry, dec!(100), Liquidity::Taker),
            fill(at(5), exit, dec!(110), Liquidity::Taker),
        ],
        protection: Vec::new(),
    })
}

/// The same with its profits computed.
fn booked(mut trade: Trade) -> Trade {
    let gross = (trade.exit_price.get() - trade.entry_price.get()) * trade.quantity.get();
    trade.gross_pnl = Amount::new(gross);
    trade.net_pnl = Amount::new(gross - trade.fees.get() + trade.funding.get());
    trade
}

/// The decisions of minutes 0 to 5: the first enters at a reference of 100.
fn decisions() -> Vec<DecisionRecord> {
    (0..6).map(decision).collect()
}

fn decision(minute: i64) -> DecisionRecord {
    let enters = minute == 0;
    let check = Check {
        stage: Stage::FirstEntryLong,
        gate: "rsi_oversold".into(),
        ok: enters,
        left: "29".into(),
        op: "<=".into(),
        right: "30".into(),
    };
    let client_id = IdSpace::new(&TraderId::new("t")).order(at(1), trade().side, Role::Entry(1), 0);
    let order = RecordedOrder {
        client_id,
        side: Way::Buy,
        kind: OrderKind::Market,
        quantity: Quantity::new(dec!(2)),
    };
    DecisionRecord {
        strategy: "s".into(),
        symbol: crate::model::InstrumentId::new("sim", "BTC"),
        timeframe: Timeframe::M1,
        candle: at(minute),
        at: None,
        settings_hash: "h".into(),
        inputs: Inputs { reference: enters.then(|| "100".into()), ..Inputs::default() },
        leg: None,
        checks: vec![check],
        outcome: if enters { DecisionOutcome::Enter } else { DecisionOutcome::None },
        reason: if enters { "enter" } else { "rsi_oversold" }.into(),
        orders: if enters { vec![order] } else { Vec::new() },
    }
}

struct Planted {
    trades: Vec<Trade>,
    decisions: Vec<DecisionRecord>,
    refused: Vec<(Timestamp, Code)>,
}

impl Planted {
    fn nothing() -> Self {
        Self { trades: vec![trade()], decisions: decisions(), refused: Vec::new() }
    }
    fn trade(change: impl FnOnce(&mut Trade)) -> Self {
        let mut planted = Self::nothing();
        change(&mut planted.trades[0]);
        planted.trades = vec![booked(planted.trades.remove(0))];
        planted
    }
    /// Laid beside the backtest that has the trade; the parts add up.
    fn explained(&self) -> Explained {
        let (ours, at_close) = (Self::nothing(), Span::seconds(5));
        let side = |one: &Self| (one.trades.clone(), one.decisions.clone(), one.refused.clone());
        let ((a, b, c), (x, y, z)) = (side(&ours), side(self));
        let backtest = Side { trades: &a, decisions: &b, refused: &c };
        let journal = Side { trades: &x, decisions: &y, refused: &z };
        let found = explain(backtest, journal, Timeframe::M1, Span::minutes(2), at_close).unwrap();
        let net = |trades: &[Trade]| trades.iter().map(|one| one.net_pnl.get()).sum::<Decimal>();
        assert_eq!(found.total().unwrap(), net(&x) - net(&a), "explained to the last decimal");
        found
    }
    /// The one cause and its amount.
    fn only(&self) -> (Cause, Decimal) {
        let found = self.explained();
        assert_eq!(found.trades.len(), 1, "{found:?}");
        assert_eq!(found.trades[0].parts.len(), 1, "{found:?}");
        found.trades[0].parts[0].clone()
    }
}

#[test]
fn the_same_is_the_same() {
    let found = Planted::nothing().explained();
    assert_eq!((found.same, found.trades.len(), found.decisions), (1, 0, (6, 6)));
    assert!((found.score - 100.0).abs() < f64::EPSILON);
}

#[test]
fn another_fee() {
    let planted = Planted::trade(|trade| trade.fees = Amount::new(dec!(0.5)));
    assert_eq!(planted.only(), (Cause::Fee, dec!(-0.3)));
    assert!((planted.explained().score - 100.0).abs() < f64::EPSILON, "it traded as it should");
}

#[test]
fn funding_that_was_paid() {
    let planted = Planted::trade(|trade| trade.funding = Amount::new(dec!(-0.7)));
    assert_eq!(planted.only(), (Cause::Funding, dec!(-0.7)));
}

#[test]
fn an_entry_filled_worse_than_it_was_sized_at() {
    // 0.25 above its reference of 100, for 2 units; the exit is a level of the entry: 110 × 100.25 / 100 is expected, and
    // the fill was at that.
    let planted = Planted::trade(|trade| {
        trade.entry_price = Price::new(dec!(100.25));
        trade.fills[0].price = Price::new(dec!(100.25));
        trade.exit_price = Price::new(dec!(110.275));
    });
    let found = planted.explained();
    assert_eq!(found.trades[0].parts, [(Cause::Slippage, dec!(-0.5)), (Cause::Price, dec!(0.55))]);
}

#[test]
fn an_exit_filled_worse_than_its_trigger() {
    let planted = Planted::trade(|trade| trade.exit_price = Price::new(dec!(109.6)));
    assert_eq!(planted.only(), (Cause::Slippage, dec!(-0.8)));
}

#[test]
fn an_exit_that_rested_elsewhere_is_price_and_not_slippage() {
    let planted = Planted::trade(|trade| {
        trade.exit_price = Price::new(dec!(109.6));
        trade.fills[1].liquidity = Liquidity::Maker;
    });
    assert_eq!(planted.only(), (Cause::Price, dec!(-0.8)));
}

#[test]
fn another_price_at_the_same_moment() {
    let mut planted = Planted::trade(|trade| {
        trade.entry_price = Price::new(dec!(101));
        trade.fills[0].price = Price::new(dec!(101));
        trade.exit_price = Price::new(dec!(111.1));
    });
    planted.decisions[0].inputs.reference = Some("101".into());
    // 2 × (100 − 101) + 2 × (111.1 − 110)
    assert_eq!(planted.only(), (Cause::Price, dec!(0.2)));
}

#[test]
fn an_entry_that_came_late() {
    let mut planted = Planted::trade(|trade| {
        trade.entry_time = at(1) + Span::seconds(40);
        trade.fills[0].time = trade.entry_time;
        trade.entry_price = Price::new(dec!(102));
        trade.fills[0].price = Price::new(dec!(102));
        trade.exit_price = Price::new(dec!(112.2));
    });
    planted.decisions[0].inputs.reference = Some("102".into());
    let found = planted.explained();
    let by = Span::seconds(40);
    assert_eq!(found.trades[0].parts, [(Cause::Timing { by }, dec!(-4)), (Cause::Price, dec!(4.4))]);
}

#[test]
fn an_exit_that_came_late() {
    let planted = Planted::trade(|trade| {
        trade.exit_time = at(8);
        trade.exit_price = Price::new(dec!(108));
    });
    assert_eq!(planted.only(), (Cause::Timing { by: Span::minutes(3) }, dec!(-4)));
}

#[test]
fn another_size() {
    let planted = Planted::trade(|trade| trade.quantity = Quantity::new(dec!(1.5)));
    assert_eq!(planted.only(), (Cause::Size, dec!(-5)), "half a unit less from 100 to 110");
}

#[test]
fn left_for_another_reason() {
    let planted = Planted::trade(|trade| {
        trade.reason = ExitReason::Manual;
        trade.exit_price = Price::new(dec!(105));
    });
    let cause = Cause::Left { backtest: ExitReason::StopLoss, journal: ExitReason::Manual };
    assert_eq!(planted.only(), (cause, dec!(-10)));
    assert!(planted.explained().score < 1.0, "the only trade was left otherwise");
}

#[test]
fn a_candle_that_never_came() {
    let mut planted = Planted { trades: Vec::new(), ..Planted::nothing() };
    planted.decisions.remove(0);
    assert_eq!(planted.only(), (Cause::MissingCandle { candle: at(0) }, dec!(-19.8)));
    let mut planted = Planted::nothing();
    planted.decisions.remove(3);
    let found = planted.explained();
    assert_eq!((found.missing.as_slice(), found.same), ([at(3)].as_slice(), 1));
    assert!(found.score < 90.0, "a sixth of the candles is missing: {}", found.score);
}

#[test]
fn gates_that_come_out_alike_are_alike_whatever_they_compared() {
    let mut planted = Planted::nothing();
    planted.decisions.iter_mut().for_each(|record| record.checks[0].left = "28.5".into());
    let found = planted.explained();
    assert_eq!((found.decisions.0, found.same), (found.decisions.1, 1));
    planted.decisions[3].checks[0].ok ^= true;
    assert_eq!(planted.explained().decisions.1, found.decisions.1 - 1);
}

#[test]
fn a_signal_only_one_of_them_saw() {
    let mut planted = Planted { trades: Vec::new(), ..Planted::nothing() };
    let record = &mut planted.decisions[0];
    (record.outcome, record.reason) = (DecisionOutcome::None, "rsi_oversold".into());
    record.orders.clear();
    (record.checks[0].ok, record.checks[0].left) = (false, "31".into());
    let (cause, amount) = planted.only();
    let detail = "rsi_oversold passed (29 <= 30); in the journal rsi_oversold failed (31 <= 30)".into();
    assert_eq!((cause, amount), (Cause::Signal { candle: at(0), detail }, dec!(-19.8)));
}

#[test]
fn an_entry_that_a_filter_refused() {
    // Sized below the venue's minimum: the same gates, another reason.
    let mut planted = Planted { trades: Vec::new(), ..Planted::nothing() };
    let record = &mut planted.decisions[0];
    (record.outcome, record.reason) = (DecisionOutcome::None, "below_minimum".into());
    record.orders.clear();
    assert_eq!(planted.only(), (Cause::Filter { code: "below_minimum".into() }, dec!(-19.8)));
    // Held back by a gate of the engine: both saw the signal.
    let mut planted = Planted { trades: Vec::new(), ..Planted::nothing() };
    planted.decisions[0].outcome = DecisionOutcome::None;
    planted.decisions[0].orders.clear();
    (planted.decisions[0].checks[0].ok, planted.decisions[0].checks[0].gate) = (false, "cooldown".into());
    assert_eq!(planted.only(), (Cause::Filter { code: "cooldown".into() }, dec!(-19.8)));
    // Refused by the venue: the decision stands, an event tells.
    let mut planted = Planted { trades: Vec::new(), ..Planted::nothing() };
    planted.refused.push((at(1) + Span::seconds(1), Code::of("price_band")));
    assert_eq!(planted.only(), (Cause::Filter { code: "price_band".into() }, dec!(-19.8)));
}

#[test]
fn a_trade_that_could_not_begin_because_another_had_not_ended() {
    let second = |from: i64, to: i64| {
        let mut trade = trade();
        (trade.entry_time, trade.exit_time) = (at(from), at(to));
        trade.fills[0].time = at(from);
        trade
    };
    let planted = Planted { trades: vec![trade(), second(10, 12)], ..Planted::nothing() };
    // Seen from the journal: the backtest has one trade, the journal a further one nobody else decided.
    let found = planted.explained();
    assert_eq!(found.trades[0].both, (false, true));
    assert_eq!(found.trades[0].parts[0].1, dec!(19.8));
    let mut long = Planted::trade(|trade| trade.exit_time = at(5));
    long.trades[0].entry_time = at(-5);
    long.trades[0].fills[0].time = at(-5);
    let found = long.explained();
    let missed = found.trades.iter().find(|one| one.both == (true, false)).unwrap();
    assert_eq!(missed.parts[0].0, Cause::InPosition { until: at(5) });
}
