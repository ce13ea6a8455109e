use super::*;
use crate::exchange::TradingState;
use crate::model::{MarginMode, PositionMode};

#[test]
fn each_wrong_order_is_refused_for_its_own_reason() {
    use Rejection::*;
    let of = |terms| order(swap(), Side::Buy, dec!(1), terms);
    let mut wrong_mode = buy(dec!(1));
    wrong_mode.margin_mode = Some(MarginMode::Cross);
    let cases = [
        (
            "instrument",
            order(InstrumentId::new("sim", "X"), Side::Buy, dec!(1), Terms::Market),
            UnknownInstrument,
        ),
        ("tick", of(resting(dec!(99.05))), OffTick),
        ("price of zero", of(resting(dec!(0))), OffTick),
        ("lot", buy(dec!(1.005)), OffLot),
        ("zero", buy(dec!(0)), NoQuantity),
        ("minimum value", order(spot(), Side::Buy, dec!(0.04), Terms::Market), TooLittleValue),
        ("largest", buy(dec!(1000.01)), TooLarge),
        // 1000 × 100 / 10 = 10 000 and the fee is too much.
        ("margin", buy(dec!(1000)), InsufficientMargin),
        ("balance", order(spot(), Side::Sell, dec!(1), Terms::Market), InsufficientBalance),
        ("leg in one-way mode", of_leg(PositionSide::Long, buy(dec!(1))), LegNamed),
        ("margin mode", wrong_mode, MarginModeDiffers),
        ("nothing to reduce", reducing(sell(dec!(1))), NothingToReduce),
        ("through", order(swap(), Side::Sell, dec!(1), stop(dec!(100))), AlreadyThrough),
        ("no trigger", of(Terms::Trigger { stop: None, take_profit: None }), NoTrigger),
        ("takes", of(limit(dec!(100), TimeInForce::PostOnly)), WouldTake),
        ("band", of(resting(dec!(103))), PriceOutOfBand),
    ];
    let mut setup = setup();
    setup.price_band_percent = Some(dec!(2));
    let mut account = account(setup);
    let before = account.balances().unwrap();
    while account.poll().is_some() {}
    for (name, order, expected) in cases {
        assert_eq!(account.place(NOW, order), Err(expected), "{name}");
    }
    assert_eq!(account.balances().unwrap(), before);
    assert!(account.poll().is_none() && account.orders().next().is_none());
}

#[test]
fn a_client_id_is_good_once_even_after_the_order_is_over() {
    let mut account = account(setup());
    let number =
        account.place(NOW, named("a", order(swap(), Side::Buy, dec!(1), resting(dec!(90))))).unwrap();
    account.cancel(at(1), number).unwrap();
    assert_eq!(account.place(at(2), named("a", buy(dec!(1)))), Err(Rejection::DuplicateClientId));
    // Conditional orders have their own ids.
    assert!(account.place(at(2), named("a", order(swap(), Side::Sell, dec!(1), stop(dec!(90))))).is_ok());
}

#[test]
fn hedge_mode_wants_a_leg_and_refuses_to_close_more_than_is_open() {
    let mut setup = setup();
    (setup.position_mode, setup.excess) = (PositionMode::Hedge, ExcessRule::Refuse);
    let mut account = account(setup);
    assert_eq!(account.place(NOW, buy(dec!(1))), Err(Rejection::LegMissing));
    let close = |size| of_leg(PositionSide::Long, sell(size));
    assert_eq!(account.place(NOW, close(dec!(1))), Err(Rejection::NothingToReduce));
    account.place(NOW, of_leg(PositionSide::Long, buy(dec!(1)))).unwrap();
    assert_eq!(account.place(NOW, close(dec!(1.01))), Err(Rejection::ExceedsPosition));
    let adds = reducing(of_leg(PositionSide::Long, buy(dec!(1))));
    assert_eq!(account.place(NOW, adds), Err(Rejection::WouldAdd));
    assert!(account.place(NOW, close(dec!(1))).is_ok());
}

#[test]
fn modes_stand_while_anything_is_open() {
    let mut account = account(setup());
    let number = account.place(NOW, order(swap(), Side::Buy, dec!(1), resting(dec!(90)))).unwrap();
    assert_eq!(account.set_position_mode(PositionMode::Hedge), Err(Rejection::OpenThings));
    assert_eq!(account.set_margin_mode(&swap(), MarginMode::Cross), Err(Rejection::OpenThings));
    account.cancel(NOW, number).unwrap();
    // Spot orders do not stand in the way.
    account.place(NOW, order(spot(), Side::Buy, dec!(1), resting(dec!(90)))).unwrap();
    account.set_position_mode(PositionMode::Hedge).unwrap();
    let setting = account.set_margin_mode(&swap(), MarginMode::Cross).unwrap();
    assert_eq!(setting.margin_mode, MarginMode::Cross);
}

#[test]
fn leverage_has_bounds_and_needs_margin() {
    let mut account = account(setup());
    let id = swap();
    let mut set = |leverage| account.set_leverage(&id, MarginMode::Isolated, None, leverage);
    assert_eq!(set(0), Err(Rejection::LeverageTooLow));
    assert_eq!(set(126), Err(Rejection::LeverageTooHigh));
    assert_eq!(set(100).map(|one| (one.long, one.short)), Ok((100, 100)));
    assert_eq!(account.set_leverage(&spot(), MarginMode::Cross, None, 2), Err(Rejection::NoLeverage));
    // 900 × 100 at 100: margin 900. At 5 it would be 18 000 of 10 000.
    account.place(NOW, buy(dec!(900))).unwrap();
    assert_eq!(account.set_leverage(&id, MarginMode::Isolated, None, 5), Err(Rejection::InsufficientMargin));
    assert_eq!(account.leverage(&id).unwrap().long, 100);
}

#[test]
fn a_halted_market_takes_nothing_and_a_reduce_only_one_only_that() {
    let mut account = account(setup());
    account.place(NOW, buy(dec!(2))).unwrap();
    account.set_state(&swap(), TradingState::ReduceOnly);
    assert_eq!(account.place(NOW, buy(dec!(1))), Err(Rejection::Halted));
    assert!(account.place(NOW, reducing(sell(dec!(1)))).is_ok());
    account.set_state(&swap(), TradingState::Halted);
    assert_eq!(account.place(NOW, reducing(sell(dec!(1)))), Err(Rejection::Halted));
}

#[test]
fn cancelling_and_amending_need_a_live_order() {
    let mut account = account(setup());
    let rests = account.place(NOW, order(swap(), Side::Buy, dec!(1), resting(dec!(90)))).unwrap();
    let done = account.place(NOW, buy(dec!(1))).unwrap();
    assert_eq!(account.cancel(NOW, 999), Err(Rejection::UnknownOrder));
    assert_eq!(account.cancel(NOW, done), Err(Rejection::AlreadyFilled));
    let dearer = Change { price: Some(price(dec!(91))), ..Change::default() };
    account.amend(NOW, rests, dearer).unwrap();
    let stops = Change { stop: Some(price(dec!(91))), ..Change::default() };
    assert_eq!(account.amend(NOW, rests, stops), Err(Rejection::CannotAmend));
    // 1000 × 99.9 × (1/10 + 0.0005) is more than there is; the old price and size stand.
    let larger =
        Change { quantity: Some(quantity(dec!(1000))), price: Some(price(dec!(99.9))), ..Change::default() };
    assert_eq!(account.amend(NOW, rests, larger), Err(Rejection::InsufficientMargin));
    assert_eq!(account.order(rests).unwrap().sent.terms, resting(dec!(91)));
    // Amended across the market it takes.
    account.amend(NOW, rests, Change { price: Some(price(dec!(100))), ..Change::default() }).unwrap();
    assert_eq!(status(&account, rests), OrderStatus::Filled);
    account.cancel(NOW, rests).unwrap_err();
}

#[test]
fn too_many_live_orders_of_a_kind_are_refused() {
    let mut setup = setup();
    (setup.max_plain, setup.max_conditional) = (1, 0);
    let mut account = account(setup);
    account.place(NOW, order(swap(), Side::Buy, dec!(1), resting(dec!(90)))).unwrap();
    assert_eq!(account.place(NOW, buy(dec!(1))), Err(Rejection::TooManyOrders));
    let sl = order(swap(), Side::Sell, dec!(1), stop(dec!(90)));
    assert_eq!(account.place(NOW, sl), Err(Rejection::TooManyOrders));
}

#[test]
fn post_only_may_be_cancelled_instead_of_refused() {
    let mut setup = setup();
    setup.post_only = PostOnlyRule::Cancel;
    let mut account = account(setup);
    let sent = order(swap(), Side::Buy, dec!(1), limit(dec!(100), TimeInForce::PostOnly));
    let number = account.place(NOW, sent).unwrap();
    let order = account.order(number).unwrap();
    assert_eq!((order.status, order.ended), (OrderStatus::Cancelled, Some(Ended::WouldTake)));
}
