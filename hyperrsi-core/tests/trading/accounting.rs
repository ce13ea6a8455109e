//! TRADING 14: profit, fees, the ledger; through fills of the trader and the account.

use crate::support::*;
use hyperrsi_core::account::LedgerKind;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, TradeFillKind};
use hyperrsi_core::trader::{Command, Input};
use rust_decimal::Decimal;

#[test]
fn t16_partial_exits_fees_and_return_on_margin() {
    let (taker, maker) = (dec!(0.0005), dec!(0.0002));
    // cs 0.01: 0.40 contracts are 0.004 base units.
    let cs = dec!(0.01);
    let mut i = instrument(dec!(0.1), dec!(0.0001), dec!(0.0001));
    i.contract_size = cs;
    let mut rig = Rig::new(i);
    let mut plan = levels(&[(dec!(2), dec!(30), true), (dec!(3), dec!(30), true), (dec!(4), dec!(40), true)]);
    plan = break_even(plan).stop_loss(Distance::percent(dec!(5)));
    rig.decide(hyperrsi_core::strategy::Decision::enter(
        LONG,
        hyperrsi_core::risk::Size::Margin(dec!(20).into()),
        plan,
    ));
    rig.price(50_000.0);
    let steps = [
        (dec!(50_000), dec!(0.40), taker, Liquidity::Taker),
        (dec!(51_000), dec!(0.12), maker, Liquidity::Maker),
        (dec!(51_500), dec!(0.12), maker, Liquidity::Maker),
        (dec!(51_000), dec!(0.16), taker, Liquidity::Taker),
    ];
    for (k, (price, contracts, rate, liquidity)) in steps.into_iter().enumerate() {
        let spec = match k {
            0 => rig.opening().unwrap(),
            1 | 2 => rig.take_profits(LONG)[0],
            _ => rig.stop_order(LONG).unwrap(),
        };
        let quantity = contracts * cs;
        assert_eq!(spec.quantity.get(), quantity, "step {k}");
        let fill = rig.make_fill_as(&spec, price, quantity, liquidity, price * quantity * rate);
        rig.price(Price::new(price).to_f64() + 1.0);
        rig.feed(Input::Fill(&fill));
    }
    let trade = &rig.trades[0];
    assert_eq!(trade.gross_pnl.get(), dec!(4.60));
    assert_eq!(trade.fees.get(), dec!(0.1654));
    assert_eq!(trade.net_pnl.get(), dec!(4.4346));
    assert_eq!(trade.exit_price.get(), dec!(51_150));
    assert_eq!(trade.margin.get(), dec!(20));
    assert!((trade.percent() - 2.30).abs() < 1e-12);
    assert!((trade.return_on_margin() - 22.173).abs() < 1e-12);
    assert_eq!(trade.reason.code(), "break_even");
    let reasons: Vec<_> = trade
        .fills
        .iter()
        .filter_map(|fill| match fill.kind {
            TradeFillKind::Exit(reason) => Some(reason.code()),
            TradeFillKind::Entry => None,
        })
        .collect();
    assert_eq!(reasons, ["tp1", "tp2", "break_even"]);
    // 14.5: equity is deposits plus the ledger, to the last decimal.
    let ledger: Decimal = rig.account.ledger().iter().map(|row| row.amount.get()).sum();
    assert_eq!(ledger, dec!(4.4346));
    assert_eq!(rig.account.balance().get(), rig.account.deposits().get() + ledger);
    let count = |kind| rig.account.ledger().iter().filter(|row| row.kind == kind).count();
    assert_eq!((count(LedgerKind::Fill), count(LedgerKind::Fee)), (3, 4));
}

fn short_trade(entry: Decimal, exit: Decimal) -> hyperrsi_core::position::Trade {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(SHORT, dec!(1), entry, ExitPlan::new());
    rig.feed(Input::Command(Command::Close { side: SHORT, fraction: dec!(1) }));
    let close = rig.close_order().unwrap();
    assert_eq!((close.side, close.leg), (Side::Buy, SHORT));
    rig.fill_whole(&close, exit);
    rig.trades[0].clone()
}

#[test]
fn t17_percent_is_symmetric() {
    let won = short_trade(dec!(100), dec!(90));
    assert!((won.percent() - 10.0).abs() < 1e-12);
    assert_eq!((won.gross_pnl.get(), won.reason.code()), (dec!(10), "user_command"));
    let lost = short_trade(dec!(100), dec!(110));
    assert!((lost.percent() + 10.0).abs() < 1e-12);
    assert_eq!(lost.gross_pnl.get(), dec!(-10));
}

#[test]
fn s14_1_leverage_never_multiplies_profit() {
    let mut rig = Rig::with(instrument(dec!(0.01), dec!(0.01), dec!(0.01)), leverage(50));
    rig.enter(LONG, dec!(2), dec!(100), ExitPlan::new());
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(1) }));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(101));
    assert_eq!(rig.trades[0].gross_pnl.get(), dec!(2));
    assert_eq!(rig.trades[0].margin.get(), dec!(4));
}

#[test]
fn s14_4_funding_counts_while_open() {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), ExitPlan::new());
    rig.feed(Input::Funding { side: LONG, amount: dec!(-0.01).into() });
    rig.feed(Input::Funding { side: SHORT, amount: dec!(5).into() });
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(1) }));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(101));
    assert_eq!((rig.trades[0].funding.get(), rig.trades[0].net_pnl.get()), (dec!(-0.01), dec!(0.99)));
}

#[test]
fn s0_6_a_third_of_a_cost_is_rounded_once_and_the_rest_stays() {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(3), dec!(100), ladder([33, 33, 34]));
    rig.add(LONG, dec!(4), dec!(101));
    // cost 704 over 7
    let specs = rig.take_profits(LONG);
    rig.price(110.0);
    for spec in &specs {
        rig.fill_whole(spec, dec!(110));
    }
    assert_eq!(rig.trades[0].gross_pnl.get(), dec!(770) - dec!(704));
    for fill in &rig.trades[0].fills {
        assert!(fill.quantity.is_positive());
    }
}
