use super::*;
use crate::exchange::CashFlowKind;
use crate::model::{FillKind, Liquidity, MarginMode, PositionMode};

#[test]
fn a_contract_is_opened_added_to_reduced_and_turned() {
    let mut account = account(setup());
    let id = swap();
    // Buy 2 at 100 as taker: fee 2 × 100 × 0.0005 = 0.1. Margin 200 / 10 = 20.
    account.place(NOW, buy(dec!(2))).unwrap();
    assert_eq!(total(&account, "USDT"), dec!(9999.9));
    assert_eq!(free(&account, "USDT"), dec!(9979.9));
    // Buy 1 at 97 as maker: fee 97 × 0.0002 = 0.0194. Before it fills it ties up 97 / 10 + 97 × 0.0005 = 9.7485.
    account.place(NOW, order(id.clone(), Side::Buy, dec!(1), resting(dec!(97)))).unwrap();
    assert_eq!(free(&account, "USDT"), dec!(9970.1515));
    account.trade(at(1), &id, price(dec!(96))).unwrap();
    assert_eq!(total(&account, "USDT"), dec!(9999.8806));
    // Average (200 + 97) / 3 = 99. Unrealised at 96: 3 × 96 − 297 = −9.
    let [position] = &account.positions().unwrap()[..] else { panic!("one position") };
    assert_eq!((position.average.get(), position.unrealised.get()), (dec!(99), dec!(-9)));
    assert_eq!(position.margin.get(), dec!(29.7));
    // Sell 5 at 105: closes 3, profit 3 × (105 − 99) = 18, fee 3 × 105 × 0.0005 = 0.1575; opens 2 short, fee 0.105.
    account.trade(at(2), &id, price(dec!(105))).unwrap();
    account.place(at(2), sell(dec!(5))).unwrap();
    assert_eq!(total(&account, "USDT"), dec!(10017.6181)); // 9999.8806 + 18 − 0.1575 − 0.105
    assert_eq!(net(&account), dec!(-2));
    let kinds: Vec<_> =
        account.executions().iter().map(|one| (one.fill.fill.leg, one.realised.get())).collect();
    use PositionSide::{Long, Short};
    assert_eq!(kinds, [(Long, dec!(0)), (Long, dec!(0)), (Long, dec!(18)), (Short, dec!(0))]);
    // Equity at 100: 10017.6181 + 2 × (105 − 100) = 10027.6181.
    account.trade(at(3), &id, price(dec!(100))).unwrap();
    assert_eq!(account.equity("USDT").unwrap().get(), dec!(10027.6181));
}

#[test]
fn spot_pays_its_fee_in_what_it_receives() {
    let mut account = account(setup());
    let id = spot();
    // Buy 2 at 100: pays 200, receives 2 less 0.1 % = 1.998.
    account.place(NOW, order(id.clone(), Side::Buy, dec!(2), Terms::Market)).unwrap();
    assert_eq!((total(&account, "USDT"), total(&account, "BTC")), (dec!(9800), dec!(1.998)));
    let fill = &account.executions()[0].fill;
    assert_eq!(
        (fill.fee_asset.as_str(), fill.fee_paid.get(), fill.fill.fee.get()),
        ("BTC", dec!(0.002), dec!(0.2))
    );
    // A resting sale ties up base, not quote.
    account.place(NOW, order(id.clone(), Side::Sell, dec!(1.99), resting(dec!(110)))).unwrap();
    assert_eq!((free(&account, "BTC"), free(&account, "USDT")), (dec!(0.008), dec!(9800)));
    // Sold at 110 as maker: 218.9 less 0.08 % = 218.9 − 0.17512.
    account.trade(at(1), &id, price(dec!(111))).unwrap();
    assert_eq!((total(&account, "USDT"), total(&account, "BTC")), (dec!(10018.72488), dec!(0.008)));
    assert_eq!(account.positions().unwrap(), []);
}

#[test]
fn a_spot_buy_may_be_for_an_amount_of_quote() {
    let mut account = account(setup());
    let mut sent = order(spot(), Side::Buy, dec!(1), Terms::Market);
    sent.size = Size::Quote(amount(dec!(50.5))); // 50.5 / 100 = 0.505, in lots of 0.01: 0.5
    let number = account.place(NOW, sent).unwrap();
    assert_eq!(account.order(number).unwrap().filled.get(), dec!(0.50));
    assert_eq!(total(&account, "USDT"), dec!(9950));
}

#[test]
fn hedge_mode_keeps_two_legs_apart() {
    let mut setup = setup();
    setup.position_mode = PositionMode::Hedge;
    let mut account = account(setup);
    account.place(NOW, of_leg(PositionSide::Long, buy(dec!(3)))).unwrap();
    account.place(NOW, of_leg(PositionSide::Short, sell(dec!(2)))).unwrap();
    account.trade(at(1), &swap(), price(dec!(108))).unwrap();
    // Long +24, short −16; the short is bought back: −16 − fee 2 × 108 × 0.0005 = 0.108.
    let unrealised: Vec<_> = account.positions().unwrap().iter().map(|one| one.unrealised.get()).collect();
    assert_eq!(unrealised, [dec!(24), dec!(-16)]);
    account.place(at(1), of_leg(PositionSide::Short, buy(dec!(2)))).unwrap();
    assert_eq!(net(&account), dec!(3));
    // 10000 − 0.15 − 0.1 − 16 − 0.108
    assert_eq!(total(&account, "USDT"), dec!(9983.642));
}

#[test]
fn funding_moves_money_and_is_told() {
    let mut account = account(setup());
    account.place(NOW, buy(dec!(2))).unwrap();
    account.mark(at(1), &swap(), price(dec!(101))).unwrap();
    // Long pays 2 × 101 × 0.0001 = 0.0202.
    account.fund(at(2), &swap(), dec!(0.0001)).unwrap();
    assert_eq!(total(&account, "USDT"), dec!(9999.8798));
    let [flow] = account.flows() else { panic!("one flow") };
    assert_eq!((flow.kind, flow.amount.get()), (CashFlowKind::Funding, dec!(-0.0202)));
    // A short receives it: sell 4 turns to 2 short, mark still 101.
    account.place(at(3), sell(dec!(4))).unwrap();
    account.fund(at(4), &swap(), dec!(0.0001)).unwrap();
    assert_eq!(account.flows()[1].amount.get(), dec!(0.0202));
}

#[test]
fn an_isolated_leg_is_liquidated_for_its_margin_at_most() {
    let mut account = account(setup());
    account.place(NOW, buy(dec!(10))).unwrap();
    account.place(NOW, reducing(order(swap(), Side::Sell, dec!(10), stop(dec!(50))))).unwrap();
    // Cost 1000, margin 100, maintenance 0.4 %: (1000 − 100) / (10 × 0.996) = 90.36…
    let level = account.positions().unwrap()[0].liquidation.unwrap().get();
    assert_eq!(level.round_dp(6), dec!(90.361446));
    account.glide(at(1), &swap(), price(dec!(80))).unwrap();
    assert_eq!(net(&account), dec!(0));
    assert_eq!(account.executions()[1].fill.fill.kind, FillKind::Liquidation);
    // 10000 − opening fee 0.5 − loss 96.39 − closing fee; together with the fee no more than the margin of 100.
    let left = total(&account, "USDT");
    assert!(left >= dec!(9899.5) && left < dec!(9903.2), "{left}");
    assert_eq!(account.live_orders().count(), 0);
}

#[test]
fn a_cross_account_lives_on_its_whole_equity() {
    let mut setup = setup();
    (setup.margin_mode, setup.leverage) = (MarginMode::Cross, 10);
    let mut account = account(setup);
    account.place(NOW, buy(dec!(500))).unwrap(); // 50 000 of value on 10 000
    // Isolated it would have gone at about 90.4; equity at 85: 9975 − 7500 = 2475 > 500 × 85 × 0.004 = 170.
    account.glide(at(1), &swap(), price(dec!(85))).unwrap();
    assert_eq!(net(&account), dec!(500));
    // At 80.3: 9975 − 9850 = 125 < 160.6.
    account.glide(at(2), &swap(), price(dec!(80.3))).unwrap();
    assert_eq!(net(&account), dec!(0));
}

#[test]
fn slippage_goes_against_the_trader_and_only_for_takers() {
    let mut setup = setup();
    setup.slippage_percent = dec!(0.05);
    let mut account = account(setup);
    account.place(NOW, buy(dec!(1))).unwrap(); // 100.05, to the tick above: 100.1
    account.place(NOW, sell(dec!(1))).unwrap(); // 99.95 → 99.9
    account.place(NOW, order(swap(), Side::Buy, dec!(1), resting(dec!(99)))).unwrap();
    account.trade(at(1), &swap(), price(dec!(98))).unwrap();
    assert_eq!(fill_prices(&account), [dec!(100.1), dec!(99.9), dec!(99)]);
    assert_eq!(account.executions()[2].fill.fill.liquidity, Liquidity::Maker);
}

#[test]
fn a_limit_that_crosses_takes_and_never_beyond_its_price() {
    let mut setup = setup();
    setup.slippage_percent = dec!(1);
    let mut account = account(setup);
    account.place(NOW, order(swap(), Side::Buy, dec!(1), resting(dec!(100.5)))).unwrap();
    assert_eq!(fill_prices(&account), [dec!(100.5)]); // 101 would be beyond the limit
    assert_eq!(account.executions()[0].fill.fill.liquidity, Liquidity::Taker);
}

#[test]
fn depth_fills_in_parts_and_time_in_force_decides_about_the_rest() {
    let mut setup = setup();
    setup.depth = Some(quantity(dec!(1)));
    let mut account = account(setup);
    let of = |force| order(swap(), Side::Buy, dec!(2.5), limit(dec!(100), force));
    let now_or_never = account.place(NOW, of(TimeInForce::ImmediateOrCancel)).unwrap();
    let all_or_none = account.place(NOW, of(TimeInForce::FillOrKill)).unwrap();
    let stays = account.place(NOW, of(TimeInForce::GoodTillCancelled)).unwrap();
    let filled = |account: &Account, number| account.order(number).unwrap().filled.get();
    assert_eq!(
        (filled(&account, now_or_never), status(&account, now_or_never)),
        (dec!(1), OrderStatus::Cancelled)
    );
    assert_eq!(
        (filled(&account, all_or_none), status(&account, all_or_none)),
        (dec!(0), OrderStatus::Cancelled)
    );
    assert_eq!((filled(&account, stays), status(&account, stays)), (dec!(1), OrderStatus::PartiallyFilled));
    account.trade(at(1), &swap(), price(dec!(99.9))).unwrap();
    account.trade(at(2), &swap(), price(dec!(99.9))).unwrap();
    assert_eq!((filled(&account, stays), status(&account, stays)), (dec!(2.5), OrderStatus::Filled));
}
