//! TRADING 7: prices and quantities of the take-profit ladder.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, Ladder, LadderInput, LevelState};
use proptest::prelude::*;
use rust_decimal::Decimal;

#[derive(Debug)]
struct Build {
    instrument: Instrument,
    plan: ExitPlan,
    side: PositionSide,
    quantity: Decimal,
    average: Decimal,
    reference: Decimal,
    atr: Option<Decimal>,
}

impl Build {
    fn new(plan: ExitPlan, tick: Decimal, lot: Decimal, min: Decimal) -> Self {
        Self {
            instrument: instrument(tick, lot, min),
            plan,
            side: LONG,
            quantity: dec!(1),
            average: dec!(100),
            reference: dec!(100),
            atr: None,
        }
    }
    fn at(mut self, side: PositionSide, average: Decimal) -> Self {
        (self.side, self.average, self.reference) = (side, average, average);
        self
    }
    fn ladder(&self) -> Ladder {
        Ladder::build(LadderInput {
            instrument: &self.instrument,
            plan: &self.plan,
            side: self.side,
            quantity: self.quantity.into(),
            average: self.average,
            reference: self.reference,
            atr: self.atr,
        })
        .unwrap()
    }
    fn prices(&self) -> Vec<Option<Decimal>> {
        let ladder = self.ladder();
        (1..=3).map(|k| ladder.price(k).map(|price| price.get().normalize())).collect()
    }
}

fn some<const N: usize>(prices: [Decimal; N]) -> Vec<Option<Decimal>> {
    prices.into_iter().map(Some).collect()
}

fn by(distances: [Distance; 3]) -> ExitPlan {
    let mut plan = ladder([30, 30, 40]);
    plan.take_profits.iter_mut().zip(distances).for_each(|(level, distance)| level.distance = distance);
    plan
}

#[test]
fn t07_prices() {
    let step = dec!(0.01);
    let percent = || Build::new(ladder([30, 30, 40]), step, step, step);
    assert_eq!(percent().prices(), some([dec!(102), dec!(103), dec!(104)]));
    assert_eq!(percent().at(SHORT, dec!(100)).prices(), some([dec!(98), dec!(97), dec!(96)]));
    let offsets = by([dec!(150), dec!(300), dec!(450)].map(Distance::PriceOffset));
    let offsets = Build::new(offsets, step, step, step).at(LONG, dec!(3_000));
    assert_eq!(offsets.prices(), some([dec!(3_150), dec!(3_300), dec!(3_450)]));
    let atr = by([dec!(1), dec!(2), dec!(3)].map(Distance::Atr));
    let mut atr = Build::new(atr, step, step, step).at(SHORT, dec!(3_000));
    atr.atr = Some(dec!(40));
    assert_eq!(atr.prices(), some([dec!(2_960), dec!(2_920), dec!(2_880)]));
}

#[test]
fn t07_rebuilt_beyond_the_reference_price() {
    let mut rebuilt = Build::new(ladder([30, 30, 40]), dec!(0.01), dec!(0.01), dec!(0.01));
    rebuilt.reference = dec!(105);
    assert_eq!(rebuilt.prices(), some([dec!(105.02); 3]));
    // They keep separate identities.
    assert_eq!(rebuilt.ladder().levels.iter().filter(|l| l.state == LevelState::Resting).count(), 3);
}

#[test]
fn t07_a_disabled_level_has_no_price() {
    let mut plan = ladder([30, 30, 40]);
    plan.take_profits[0].enabled = false;
    let build = Build::new(plan, dec!(0.01), dec!(0.01), dec!(0.01));
    assert_eq!(build.prices(), [None, Some(dec!(103)), Some(dec!(104))]);
}

/// What a level of the table is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum L {
    Q(Decimal),
    Merged,
    Off,
    Inactive,
    NoOrder,
}
use L::{Inactive, Merged, NoOrder, Off, Q};

fn quantities(
    quantity: Decimal,
    ratios: [(i64, bool); 3],
    lot: Decimal,
    min: Decimal,
    trail: Option<u8>,
) -> ([L; 3], Decimal) {
    let values = [dec!(2), dec!(3), dec!(4)];
    let all: Vec<_> = values.iter().zip(ratios).map(|(v, (r, on))| (*v, Decimal::from(r), on)).collect();
    let mut plan = levels(&all);
    if let Some(start) = trail {
        plan = plan.trail_after(start, dec!(0.5));
    }
    let mut build = Build::new(plan, dec!(0.01), lot, min);
    build.quantity = quantity;
    let ladder = build.ladder();
    let shown = [0, 1, 2].map(|k| {
        let level = ladder.levels[k];
        match level.state {
            LevelState::Resting => Q(level.quantity.get().normalize()),
            LevelState::Merged => Merged,
            LevelState::Disabled => Off,
            LevelState::Inactive => Inactive,
            LevelState::Touch => NoOrder,
            LevelState::Filled => panic!("nothing has filled"),
        }
    });
    (shown, ladder.rest.get().normalize())
}

const ALL: [(i64, bool); 3] = [(30, true), (30, true), (40, true)];
const RUNNER: [(i64, bool); 3] = [(30, true), (30, true), (30, true)];

#[test]
fn t08_quantities() {
    let (c, d, one) = (dec!(0.01), dec!(0.1), dec!(1));
    let zero = Decimal::ZERO;
    assert_eq!(quantities(dec!(1.00), ALL, c, c, None), ([Q(dec!(0.3)), Q(dec!(0.3)), Q(dec!(0.4))], zero));
    assert_eq!(
        quantities(dec!(0.40), ALL, c, c, None),
        ([Q(dec!(0.12)), Q(dec!(0.12)), Q(dec!(0.16))], zero)
    );
    assert_eq!(
        quantities(dec!(0.05), ALL, c, c, None),
        ([Q(dec!(0.01)), Q(dec!(0.01)), Q(dec!(0.03))], zero)
    );
    assert_eq!(quantities(dec!(7), ALL, one, one, None), ([Q(dec!(2)), Q(dec!(2)), Q(dec!(3))], zero));
    assert_eq!(quantities(dec!(0.02), ALL, c, c, None), ([Merged, Merged, Q(dec!(0.02))], zero));
    assert_eq!(quantities(dec!(0.25), ALL, c, d, None), ([Merged, Q(dec!(0.14)), Q(dec!(0.11))], zero));
    let two = [(30, true), (30, true), (40, false)];
    assert_eq!(quantities(dec!(1.00), two, c, c, None), ([Q(dec!(0.5)), Q(dec!(0.5)), Off], zero));
    let upper = [(30, false), (30, true), (40, true)];
    assert_eq!(quantities(dec!(1.00), upper, c, c, None), ([Off, Q(dec!(0.42)), Q(dec!(0.58))], zero));
    assert_eq!(quantities(dec!(1.00), RUNNER, c, c, None), ([Q(dec!(0.3)); 3], dec!(0.1)));
    let small = [Q(dec!(0.01)), Q(dec!(0.01)), Q(dec!(0.02))];
    assert_eq!(quantities(dec!(0.05), RUNNER, c, c, None), (small, dec!(0.01)));
}

#[test]
fn t08_quantities_with_trailing() {
    let c = dec!(0.01);
    let first = [Q(dec!(0.3)), Inactive, Inactive];
    assert_eq!(quantities(dec!(1.00), ALL, c, c, Some(1)), (first, dec!(0.7)));
    let second = [Q(dec!(0.3)), Q(dec!(0.3)), Inactive];
    assert_eq!(quantities(dec!(1.00), ALL, c, c, Some(2)), (second, dec!(0.4)));
    let third = [Q(dec!(0.3)), Q(dec!(0.3)), NoOrder];
    assert_eq!(quantities(dec!(1.00), ALL, c, c, Some(3)), (third, dec!(0.4)));
    let (shown, trails) = quantities(dec!(0.02), ALL, c, c, Some(1));
    // Merged into the trailing part: activated by the touch of its price, not by an order.
    assert_eq!((shown[0], trails), (NoOrder, dec!(0.02)));
}

#[test]
fn s7_4_multiplies_before_dividing() {
    let (shown, _) = quantities(dec!(0.9), RUNNER, dec!(0.01), dec!(0.01), None);
    // G = 0.81; 0.81 × 30/90 = 0.27 exactly.
    assert_eq!(shown, [Q(dec!(0.27)); 3]);
}

#[test]
fn s7_3_without_enabled_levels_everything_runs() {
    let off = [(30, false), (30, false), (40, false)];
    assert_eq!(quantities(dec!(1), off, dec!(0.01), dec!(0.01), None), ([Off; 3], dec!(1)));
}

#[test]
fn s7_6_a_runner_below_the_minimum_joins_the_last_level() {
    // G = floor(0.45) = 0.4, runner 0.1 below 0.2.
    let (shown, rest) = quantities(dec!(0.5), RUNNER, dec!(0.1), dec!(0.2), None);
    assert_eq!((shown, rest), ([Merged, Q(dec!(0.2)), Q(dec!(0.3))], Decimal::ZERO));
}

#[test]
fn s7_6_a_trailing_part_below_the_minimum_takes_the_start_levels_quantity() {
    // Q 0.5, 40/40/20, trailing from tp2: 0.2 / 0.2 / inactive, trails 0.1 < 0.2 → level 2 gives its 0.2.
    let ratios = [(40, true), (40, true), (20, true)];
    let (shown, rest) = quantities(dec!(0.5), ratios, dec!(0.1), dec!(0.2), Some(2));
    assert_eq!((shown, rest), ([Q(dec!(0.2)), NoOrder, Inactive], dec!(0.3)));
}

prop_compose! {
    fn any_build()(
        units in 1i64..5_000, lot in 1i64..50, min in 1i64..20, min_notional in 0i64..5_000,
        ratios in proptest::array::uniform3(1i64..=100), enabled in proptest::array::uniform3(proptest::bool::weighted(0.8)),
        trail in 0u8..4, side in 0..2, average in 100i64..10_000_000, reference in 90i64..110,
    ) -> Build {
        let sum: i64 = ratios.iter().sum::<i64>().max(100);
        let values = [dec!(2), dec!(3), dec!(4)];
        let whole = ratios.map(|r| r * 100 / sum);
        // Half the time the ratios make exactly 100.
        let last = if whole[0] % 2 == 0 { 100 - whole[0] - whole[1] } else { whole[2] };
        let all: Vec<_> = [whole[0], whole[1], last].iter().zip(values).zip(enabled)
            .map(|((r, v), on)| (v, Decimal::from((*r).max(1)), on)).collect();
        let mut plan = levels(&all);
        if trail > 0 && enabled[usize::from(trail) - 1] {
            plan = plan.trail_after(trail, dec!(0.5));
        }
        let lot = Decimal::new(lot, 2);
        let mut build = Build::new(plan, dec!(0.01), lot, lot * Decimal::from(min));
        build.instrument.min_notional = Decimal::from(min_notional);
        build.side = if side == 0 { LONG } else { SHORT };
        build.quantity = lot * Decimal::from(units);
        build.average = Decimal::new(average, 2);
        build.reference = build.average * Decimal::new(reference, 2);
        build
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn v3_v4_every_ladder_adds_up_and_every_order_can_be_placed(build in any_build()) {
        let ladder = build.ladder();
        let placed: Decimal = ladder.levels.iter().map(|l| l.quantity.get()).sum();
        prop_assert_eq!(placed + ladder.rest.get(), build.quantity, "{:?}", ladder);
        for level in &ladder.levels {
            let q = level.quantity.get();
            prop_assert_eq!(level.state == LevelState::Resting, !q.is_zero(), "{:?}", ladder);
            if level.state == LevelState::Resting && q != build.quantity {
                prop_assert!((q / build.instrument.lot).fract().is_zero());
                prop_assert!(build.instrument.is_placeable(level.quantity, level.price).unwrap(), "{:?}", ladder);
            }
        }
        let start = build.plan.trailing.map(|t| t.start_level);
        for (k, level) in (1u8..).zip(&ladder.levels) {
            let above = start.is_some_and(|start| k > start);
            prop_assert_eq!(level.state == LevelState::Inactive, above && level.state != LevelState::Disabled);
            if level.state == LevelState::Touch {
                prop_assert_eq!(Some(k), start);
            }
        }
        // With trailing on something always trails, unless a lower level had to take it (7.6).
        if let Some(start) = start && ladder.rest.is_zero() {
            prop_assert!(ladder.levels[..usize::from(start)].iter().any(|l| l.state == LevelState::Resting));
        }
    }

    #[test]
    fn s7_2_prices_never_lie_inside_the_clamp(build in any_build()) {
        let ladder = build.ladder();
        let s = build.side.sign();
        for level in ladder.levels.iter().filter(|l| l.state != LevelState::Disabled) {
            for base in [build.average, build.reference] {
                let limit = base * (Decimal::ONE + s * dec!(0.0001));
                prop_assert!((level.price.get() - limit) * s >= Decimal::ZERO);
            }
            prop_assert!((level.price.get() / build.instrument.tick).fract().is_zero());
        }
    }
}
