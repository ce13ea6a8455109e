//! Each rule over tables computed by hand.

use super::*;
use crate::model::{
    Amount, InstrumentId, MarginMode, Opening, OrderKind, OrderSpec, Percent, PositionSide, Price, Quantity,
    Timestamp,
};
use crate::risk::{AccountView, Exposure, Refusal, RiskManager, Verdict};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

const LONG: PositionSide = PositionSide::Long;
const SHORT: PositionSide = PositionSide::Short;

fn view(balance: Decimal) -> AccountView {
    AccountView::flat(Timestamp::EPOCH, Amount::new(balance))
}

fn id(symbol: &str) -> InstrumentId {
    InstrumentId::new("sim", symbol)
}

/// An order of `quantity` at 100.
fn opening(symbol: &str, side: PositionSide, quantity: Decimal) -> Opening {
    Opening {
        instrument: id(symbol),
        order: OrderSpec {
            client_id: "h1".parse().unwrap(),
            leg: side,
            side: side.opening(),
            reduce_only: false,
            quantity: Quantity::new(quantity),
            kind: OrderKind::Market,
        },
        price: Price::new(dec!(100)),
        leverage: 10,
        margin_mode: MarginMode::Cross,
        planned_margin: Amount::new(quantity * dec!(10)),
        margin: Amount::new(quantity * dec!(10)),
        fee: Amount::ZERO,
    }
}

fn leg(symbol: &str, side: PositionSide, cost: Decimal, in_flight: Decimal) -> Exposure {
    Exposure {
        instrument: id(symbol),
        side,
        quantity: Quantity::new(cost / dec!(100)),
        cost: Amount::new(cost),
        in_flight: Amount::new(in_flight),
    }
}

fn code(verdict: Verdict) -> Option<Refusal> {
    match verdict {
        Verdict::Refuse(refused) => Some(refused.code),
        _ => None,
    }
}

fn text(verdict: Verdict) -> String {
    match verdict {
        Verdict::Allow => "allow".into(),
        Verdict::Shrink(quantity, why) => format!("shrink to {}: {why}", quantity.get().normalize()),
        Verdict::Refuse(refused) => refused.to_string(),
    }
}

#[test]
fn a_daily_loss_reaches_its_limit() {
    let rule = DailyLossLimit::amount(Amount::new(dec!(250)));
    // Balance now 9 700 after losing 300 today: the day began with 10 000, 3 % of it is 300.
    let share = DailyLossLimit::percent(Percent::new(dec!(3)));
    for (day_pnl, fixed_refuses, share_refuses) in [
        (dec!(100), false, false),
        (dec!(0), false, false),
        (dec!(-249.99), false, false),
        (dec!(-250), true, false),
        (dec!(-299.99), true, false),
        (dec!(-300), true, true),
    ] {
        let mut seen = view(dec!(10_000) + day_pnl);
        seen.day_pnl = Amount::new(day_pnl);
        let order = opening("A", LONG, dec!(1));
        let expected = |refuses: bool| refuses.then_some(Refusal::DailyLossLimit);
        assert_eq!(code(rule.review(&seen, &order)), expected(fixed_refuses), "{day_pnl}");
        assert_eq!(code(share.review(&seen, &order)), expected(share_refuses), "{day_pnl}");
    }
    let mut seen = view(dec!(9_700));
    seen.day_pnl = Amount::new(dec!(-300));
    assert_eq!(
        text(rule.review(&seen, &opening("A", LONG, dec!(1)))),
        "daily_loss_limit: 300 lost today, the limit is 250; openings resume at 00:00 UTC"
    );
}

#[test]
fn a_drawdown_is_measured_from_the_peak_of_equity() {
    let rule = MaxDrawdown(Percent::new(dec!(10)));
    // Peak 12 000: 10 % below it is 10 800.
    for (equity, refuses) in [(dec!(12_000), false), (dec!(10_800.01), false), (dec!(10_800), true)] {
        let mut seen = view(equity);
        seen.equity_peak = Amount::new(dec!(12_000));
        let verdict = rule.review(&seen, &opening("A", LONG, dec!(1)));
        assert_eq!(code(verdict), refuses.then_some(Refusal::MaxDrawdown), "{equity}");
    }
    let mut seen = view(dec!(9_000));
    seen.equity_peak = Amount::new(dec!(12_000));
    assert_eq!(
        text(rule.review(&seen, &opening("A", LONG, dec!(1)))),
        "max_drawdown: equity 9000 is 25 % below its peak 12000, the limit is 10 %"
    );
}

#[test]
fn losses_in_a_row_are_counted_over_the_account() {
    for (streak, refuses) in [(0, false), (2, false), (3, true), (4, true)] {
        let mut seen = view(dec!(1_000));
        seen.losing_streak = streak;
        let verdict = LosingStreakLimit(3).review(&seen, &opening("A", LONG, dec!(1)));
        assert_eq!(code(verdict), refuses.then_some(Refusal::LosingStreak), "{streak}");
    }
}

#[test]
fn adding_to_a_leg_opens_no_new_position() {
    let mut seen = view(dec!(1_000));
    seen.exposures = vec![leg("A", LONG, dec!(500), dec!(0)), leg("B", SHORT, dec!(0), dec!(100))];
    let rows = [
        (2, "A", LONG, false),  // the leg itself does not count against it
        (2, "B", SHORT, false), // nor does one that is on its way
        (2, "A", SHORT, true),  // the other side is another leg
        (2, "C", LONG, true),
        (3, "C", LONG, false),
        (0, "A", LONG, true),
    ];
    for (limit, symbol, side, refuses) in rows {
        let verdict = MaxOpenPositions(limit).review(&seen, &opening(symbol, side, dec!(1)));
        assert_eq!(code(verdict), refuses.then_some(Refusal::MaxPositions), "{limit} {symbol} {side}");
    }
}

#[test]
fn caps_add_up_their_scope() {
    let mut seen = view(dec!(2_000));
    seen.exposures = vec![
        leg("A", LONG, dec!(1_000), dec!(200)),
        leg("A", SHORT, dec!(300), dec!(0)),
        leg("B", LONG, dec!(400), dec!(0)),
    ];
    // Open: A 1 500, long 1 600, total 1 900. The order adds quantity × 100.
    let rows = [
        (Scope::Symbol, Cap::Value(Amount::new(dec!(1_700))), dec!(2), None),
        (Scope::Symbol, Cap::Value(Amount::new(dec!(1_700))), dec!(2.01), Some(dec!(2))),
        (Scope::Side, Cap::Value(Amount::new(dec!(1_700))), dec!(1), None),
        (Scope::Side, Cap::Value(Amount::new(dec!(1_700))), dec!(1.5), Some(dec!(1))),
        (Scope::Total, Cap::TimesEquity(dec!(1.25)), dec!(6), None), // 2 500
        (Scope::Total, Cap::TimesEquity(dec!(1.25)), dec!(7), Some(dec!(6))),
        (Scope::Total, Cap::TimesEquity(dec!(0.9)), dec!(1), Some(dec!(0))), // 1 800: no room at all
    ];
    for (scope, cap, quantity, fits) in rows {
        let order = opening("A", LONG, quantity);
        let refusing = ExposureCap::new(scope, cap).review(&seen, &order);
        assert_eq!(code(refusing), fits.map(|_| Refusal::ExposureCap), "{scope:?} {quantity}");
        let shrinking = ExposureCap::new(scope, cap).shrinking().review(&seen, &order);
        match fits {
            None => assert_eq!(shrinking, Verdict::Allow),
            Some(room) if room.is_zero() => assert_eq!(code(shrinking), Some(Refusal::ExposureCap)),
            Some(room) => {
                assert!(
                    matches!(shrinking, Verdict::Shrink(q, _) if q.get() == room),
                    "{scope:?} {quantity}"
                );
            }
        }
    }
    assert_eq!(
        text(
            ExposureCap::new(Scope::Side, Cap::Value(Amount::new(dec!(1_700))))
                .review(&seen, &opening("A", LONG, dec!(1.5)))
        ),
        "exposure_cap: exposure of all long legs would be 1750 with this order of 150, the cap is 1700"
    );
}

#[test]
fn all_asks_in_order_and_passes_on_what_is_left() {
    let mut seen = view(dec!(2_000));
    seen.exposures = vec![leg("A", LONG, dec!(1_000), dec!(0))];
    let symbol = ExposureCap::new(Scope::Symbol, Cap::Value(Amount::new(dec!(1_400)))).shrinking();
    let total = ExposureCap::new(Scope::Total, Cap::Value(Amount::new(dec!(1_250))));
    let order = opening("A", LONG, dec!(8));
    // 8 fit into neither; 1 400 leaves 4, which the second cap of 1 250 still refuses.
    assert_eq!(
        code(All(vec![Box::new(symbol), Box::new(total)]).review(&seen, &order)),
        Some(Refusal::ExposureCap)
    );
    let verdict = All(vec![Box::new(symbol), Box::new(total.shrinking())]).review(&seen, &order);
    assert!(matches!(&verdict, Verdict::Shrink(q, why) if q.get() == dec!(2.5) && why.contains("; ")));
    assert_eq!(All::default().review(&seen, &order), Verdict::Allow);
}

#[test]
fn a_pulled_switch_stops_every_copy() {
    let switch = KillSwitch::new();
    let rules = All(vec![Box::new(switch.clone())]);
    let order = opening("A", LONG, dec!(1));
    assert_eq!(rules.review(&view(dec!(1)), &order), Verdict::Allow);
    switch.pull();
    assert_eq!(code(rules.review(&view(dec!(1)), &order)), Some(Refusal::KillSwitch));
}
