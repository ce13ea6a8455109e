//! TRADING 4 and 0: amounts become quantities, never raised to reach a minimum.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::risk::{Refusal, Refused, Size, Sized, SizingInput, size_entry};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Steps are given in contracts, as in the table, and converted once.
fn okx(cs: Decimal, lot: Decimal, min: Decimal) -> Instrument {
    let mut instrument = instrument(dec!(0.1), lot * cs, min * cs);
    instrument.contract_size = cs;
    instrument
}

fn size(
    i: &Instrument,
    size: Size,
    price: Decimal,
    leverage: u32,
    available: Decimal,
) -> Result<Sized, Refused> {
    size_entry(SizingInput {
        instrument: i,
        size,
        price: price.into(),
        leverage,
        taker_fee: dec!(0.0005),
        available: available.into(),
        min_entry_notional: Some(dec!(200).into()),
    })
}

fn margin(v: Decimal) -> Size {
    Size::Margin(v.into())
}

#[test]
fn t05_margin_times_leverage_floored_to_the_lot() {
    let rows = [
        (dec!(20), dec!(0.01), dec!(50_000), dec!(0.40), dec!(200)),
        (dec!(20), dec!(0.01), dec!(50_123), dec!(0.39), dec!(195.4797)),
        (dec!(20), dec!(0.1), dec!(3_000), dec!(0.66), dec!(198)),
        (dec!(20), dec!(1), dec!(150), dec!(1.33), dec!(199.5)),
    ];
    for (amount, cs, price, contracts, notional) in rows {
        let i = okx(cs, dec!(0.01), dec!(0.01));
        let sized = size(&i, margin(amount), price, 10, dec!(10_000)).unwrap();
        assert_eq!(i.contracts(sized.quantity).unwrap().get(), contracts, "{price}");
        assert_eq!(Price::new(price).value(sized.quantity).unwrap().get(), notional, "{price}");
    }
}

#[test]
fn t05_planned_value_below_the_floor_is_skipped() {
    let i = okx(dec!(0.01), dec!(0.01), dec!(0.01));
    let refused = size(&i, margin(dec!(19)), dec!(50_000), 10, dec!(10_000)).unwrap_err();
    assert_eq!(refused.code, Refusal::BelowMinEntryNotional);
    assert!(refused.detail.contains("190"), "{refused}");
    assert!(refused.detail.contains("smallest sufficient amount is 20 "), "{refused}");
}

#[test]
fn t05_below_the_minimum_size_names_the_smallest_amount() {
    let i = okx(dec!(0.01), dec!(1), dec!(1));
    let refused = size(&i, margin(dec!(20)), dec!(50_000), 10, dec!(10_000)).unwrap_err();
    assert_eq!(refused.code, Refusal::BelowMinSize);
    assert!(refused.detail.contains("smallest sufficient amount is 50 "), "{refused}");
}

#[test]
fn t05_contracts_stay_exact() {
    let i = okx(dec!(0.01), dec!(0.1), dec!(0.1));
    let sized = size(&i, Size::Contracts(Contracts::new(dec!(0.3))), dec!(70_000), 10, dec!(10_000)).unwrap();
    assert_eq!(i.contracts(sized.quantity).unwrap().get(), dec!(0.3));
    assert_eq!(Price::new(dec!(70_000)).value(sized.quantity).unwrap().get(), dec!(210));
}

#[test]
fn t05_percent_of_the_available_balance() {
    let i = okx(dec!(0.01), dec!(0.01), dec!(0.01));
    let ten = Size::PercentOfAvailable(Percent::new(dec!(10)));
    let sized = size(&i, ten, dec!(50_000), 5, dec!(500)).unwrap();
    assert_eq!(i.contracts(sized.quantity).unwrap().get(), dec!(0.50));
    assert_eq!(sized.margin.get(), dec!(50));
}

#[test]
fn s4_3_checks_come_in_order_and_all_percent_works() {
    let mut i = okx(dec!(0.01), dec!(0.01), dec!(0.01));
    i.min_notional = dec!(300);
    assert_eq!(
        size(&i, margin(dec!(25)), dec!(50_000), 10, dec!(1)).unwrap_err().code,
        Refusal::BelowMinNotional
    );
    i.min_notional = Decimal::ZERO;
    i.max_size = Some(dec!(0.004));
    assert_eq!(
        size(&i, margin(dec!(25)), dec!(50_000), 10, dec!(1)).unwrap_err().code,
        Refusal::AboveMaxSize
    );
    i.max_size = None;
    assert_eq!(
        size(&i, margin(dec!(25)), dec!(50_000), 10, dec!(25)).unwrap_err().code,
        Refusal::InsufficientMargin
    );
    // 250 notional: 25 margin and 0.125 fee.
    assert!(size(&i, margin(dec!(25)), dec!(50_000), 10, dec!(25.125)).is_ok());
    let all = Size::PercentOfAvailable(Percent::new(dec!(100)));
    assert!(size(&i, all, dec!(50_000), 10, dec!(1_000)).is_ok());
}

proptest! {
    #[test]
    fn v10_a_size_never_exceeds_its_amount_or_the_money(
        amount in 1i64..100_000_000, price in 1i64..10_000_000_000, lot in 1i64..1_000, scale in 0u32..6,
        leverage in 1u32..126, available in 1i64..100_000_000, kind in 0..4,
    ) {
        let (price, amount) = (Decimal::new(price, 4), Decimal::new(amount, 2));
        let mut i = instrument(dec!(0.01), Decimal::new(lot, scale), Decimal::new(lot, scale));
        i.contract_size = dec!(0.01);
        let available = Decimal::new(available, 2);
        let leverage_d = Decimal::from(leverage);
        let size = match kind {
            0 => Size::Margin(amount.into()),
            1 => Size::PercentOfAvailable(Percent::new(amount.min(dec!(100)))),
            2 => Size::Contracts(Contracts::new(amount)),
            _ => Size::Base(amount.into()),
        };
        let input = SizingInput {
            instrument: &i, size, price: price.into(), leverage, taker_fee: dec!(0.0005),
            available: available.into(), min_entry_notional: None,
        };
        if let Ok(sized) = size_entry(input) {
            let q = sized.quantity.get();
            let raw_times_price = match kind {
                0 => amount * leverage_d,
                1 => available * amount.min(dec!(100)) / dec!(100) * leverage_d,
                2 => amount * dec!(0.01) * price,
                _ => amount * price,
            };
            prop_assert!(q * price <= raw_times_price);
            prop_assert!((q / i.lot).fract().is_zero());
            prop_assert!(q >= i.min_size);
            prop_assert!(sized.margin.get() + sized.fee.get() <= available);
        }
    }
}
