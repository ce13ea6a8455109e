//! The library against the naive carrying out of the same text, over random rules and candles.

use crate::market::*;
use crate::naive::{Extra, Naive, Rules, State};
use crate::support::*;
use hyperrsi_core::backtest::IntrabarPolicy;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{
    Distance, EntryPlan, ExitPlan, ExtraEntries, Ladder, LadderInput, LevelState, TradeFillKind,
};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::Decision;
use proptest::prelude::*;
use rust_decimal::Decimal;

pub fn plan_of(rules: &Rules) -> ExitPlan {
    let all: Vec<_> = rules.levels.iter().map(|l| (l.0, l.1, l.2)).collect();
    let mut plan = levels(&all);
    for (level, rule) in plan.take_profits.iter_mut().zip(rules.levels) {
        level.break_even = rule.3;
    }
    plan.break_even_offset = Percent::new(rules.offset);
    if let Some(stop) = rules.stop {
        plan = plan.stop_loss(Distance::percent(stop));
    }
    if let Some((start, percent)) = rules.trail {
        plan = plan.trail_after(u8::try_from(start).unwrap(), percent);
    }
    plan
}

prop_compose! {
    pub fn any_rules()(
        long in any::<bool>(), lot in 1i64..30, min in 1i64..6, units in 1i64..40,
        values in (5i64..60, 5i64..60, 5i64..60), ratios in (1i64..99, 1i64..99, 1i64..99), whole in any::<bool>(),
        on in proptest::array::uniform3(proptest::bool::weighted(0.85)),
        even in proptest::array::uniform3(any::<bool>()),
        stop in proptest::option::weighted(0.8, 5i64..60), offset in prop_oneof![Just(0i64), 1i64..300],
        trail in proptest::option::of((0usize..3, 1i64..40)), tick in prop_oneof![Just(1i64), Just(5), Just(7)],
    ) -> Rules {
        let tenth = |n: i64| Decimal::new(n, 1);
        // Make the ratios sum to exactly 100, or to less.
        let sum = ratios.0 + ratios.1 + ratios.2;
        let (r1, r2) = ((ratios.0 * 100 / sum).max(1), (ratios.1 * 100 / sum).max(1));
        let r3 = if whole { 100 - r1 - r2 } else { (ratios.2 * 90 / sum).max(1).min(100 - r1 - r2) };
        let on = if on == [false; 3] && even[0] { [true; 3] } else { on };
        let (v1, v2, v3) = (values.0, values.0 + values.1, values.0 + values.1 + values.2);
        let lot = Decimal::new(lot, 2);
        Rules {
            long,
            tick: Decimal::new(tick, 2),
            lot,
            min: lot * Decimal::from(min),
            quantity: lot * Decimal::from(units),
            levels: [
                (tenth(v1), r1.into(), on[0], even[0]),
                (tenth(v2), r2.into(), on[1], even[1]),
                (tenth(v3), r3.into(), on[2], even[2]),
            ],
            stop: stop.map(tenth),
            offset: Decimal::new(offset, 2),
            trail: trail.map(|(k, p)| (k + 1, tenth(p))).filter(|(k, _)| on[*k - 1]),
            extra: None,
        }
    }
}

prop_compose! {
    /// Rules with two to six entries, the further ones resting as limits.
    fn rules_with_entries()(
        rules in any_rules(), limit in 2u32..7, percent in 3i64..60, from_last in any::<bool>(),
        multiplier in prop_oneof![Just(dec!(1)), Just(dec!(1.5)), Just(dec!(2))],
    ) -> Rules {
        let extra = Extra { limit, percent: Decimal::new(percent, 1), from_last, multiplier };
        Rules { extra: Some(extra), ..rules }
    }
}

pub fn entries_of(rules: &Rules) -> EntryPlan {
    rules.extra.map_or_else(EntryPlan::default, |extra| {
        let plan = ExtraEntries::new(extra.limit, Distance::percent(extra.percent));
        let plan = plan.multiplied_by(extra.multiplier).resting();
        EntryPlan::extra(if extra.from_last { plan.from_last_entry() } else { plan })
    })
}

/// A random walk in hundredths: gap, body, wicks.
pub fn walk(moves: &[(i64, i64, i64, i64)]) -> Vec<[i64; 4]> {
    let mut price = 10_000_i64;
    let mut out = vec![[price; 4]];
    for (gap, body, up, down) in moves {
        let gap = if gap.abs() < 250 { 0 } else { *gap };
        let open = (price + gap).clamp(5_500, 14_500);
        let close = (open + body).clamp(5_500, 14_500);
        out.push([open, open.max(close) + up, open.min(close) - down, close]);
        price = close;
    }
    out
}

pub fn any_moves(most: usize) -> impl Strategy<Value = Vec<(i64, i64, i64, i64)>> {
    proptest::collection::vec((-400i64..400, -300i64..300, 0i64..250, 0i64..250), 1..most)
}

#[expect(clippy::cast_precision_loss, reason = "prices are small")]
pub fn ohlc(candles: &[[i64; 4]]) -> Vec<Ohlc> {
    candles.iter().map(|c| c.map(|cents| cents as f64 / 100.0)).collect()
}

fn compare(rules: &Rules, candles: &[[i64; 4]], policy: IntrabarPolicy) -> Result<(), TestCaseError> {
    let mut config = config();
    config.instrument = instrument(rules.tick, rules.lot, rules.min.max(rules.lot));
    config.close_at_end = true;
    let side = if rules.long { LONG } else { SHORT };
    let enter = Decision::enter(side, Size::Base(rules.quantity.into()), plan_of(rules));
    let script = Script::default().then(0, enter.followed_by(entries_of(rules)));
    let run = run(&config, policy, &script, &ohlc(candles));
    if rules.quantity < rules.min {
        prop_assert!(run.trades.is_empty());
        return Ok(());
    }
    let dec = |cents: i64| Decimal::new(cents, 2);
    let mut naive = Naive::enter(rules.clone(), dec(candles[1][0]));
    for (index, candle) in candles.iter().enumerate().skip(1) {
        if naive.open.is_zero() {
            break;
        }
        naive.candle(policy, candle.map(dec), index == 1);
    }
    if !naive.open.is_zero() {
        let last = dec(candles[candles.len() - 1][3]).normalize();
        naive.exits.push(("backtest_end", last, naive.open.normalize()));
    }
    prop_assert_eq!(run.trades.len(), 1);
    let entered: Vec<_> = run.trades[0]
        .fills
        .iter()
        .filter(|fill| fill.kind == TradeFillKind::Entry)
        .map(|fill| (fill.price.get().normalize(), fill.quantity.get().normalize()))
        .collect();
    prop_assert_eq!(entered, naive.entries, "{} {:?}", policy, run.trades[0]);
    prop_assert_eq!(exits(&run.trades[0]), naive.exits, "{} {:?}", policy, run.trades[0]);
    Ok(())
}

/// The open 92.53 lies beyond the limit 93.87 and exactly at the stop: 96.88 × 0.955 = 92.5204, up to the tick. Stops come
/// first at an open (15.2), and an open at the stop has reached it (15.3).
#[test]
fn naive_extra_entries_agree_where_the_open_is_the_stop() {
    let cent = dec!(0.01);
    let rules = Rules {
        long: true,
        tick: cent,
        lot: cent,
        min: cent,
        quantity: cent,
        levels: [
            (dec!(1.2), dec!(33), true, false),
            (dec!(1.7), dec!(33), true, false),
            (dec!(2.2), dec!(30), true, false),
        ],
        stop: Some(dec!(4.5)),
        offset: Decimal::ZERO,
        trail: None,
        extra: Some(Extra { limit: 2, percent: dec!(3.1), from_last: false, multiplier: dec!(1) }),
    };
    let candles = walk(&[(-312, -89, 0, 0), (-346, 0, 0, 0)]);
    assert_eq!(candles[2][0], 9_253);
    for policy in [IntrabarPolicy::Pessimistic, IntrabarPolicy::Optimistic, IntrabarPolicy::OhlcPath] {
        compare(&rules, &candles, policy).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn naive_pessimistic_agrees(rules in any_rules(), moves in any_moves(40)) {
        compare(&rules, &walk(&moves), IntrabarPolicy::Pessimistic)?;
    }

    #[test]
    fn naive_optimistic_agrees(rules in any_rules(), moves in any_moves(40)) {
        compare(&rules, &walk(&moves), IntrabarPolicy::Optimistic)?;
    }

    #[test]
    fn naive_ohlc_path_agrees(rules in any_rules(), moves in any_moves(40)) {
        compare(&rules, &walk(&moves), IntrabarPolicy::OhlcPath)?;
    }

    #[test]
    fn naive_extra_entries_agree_pessimistic(rules in rules_with_entries(), moves in any_moves(40)) {
        compare(&rules, &walk(&moves), IntrabarPolicy::Pessimistic)?;
    }

    #[test]
    fn naive_extra_entries_agree_optimistic(rules in rules_with_entries(), moves in any_moves(40)) {
        compare(&rules, &walk(&moves), IntrabarPolicy::Optimistic)?;
    }

    #[test]
    fn naive_extra_entries_agree_ohlc_path(rules in rules_with_entries(), moves in any_moves(40)) {
        compare(&rules, &walk(&moves), IntrabarPolicy::OhlcPath)?;
    }

    #[test]
    fn naive_ladder_agrees(rules in any_rules()) {
        let naive = Naive::enter(rules.clone(), dec!(100));
        let plan = plan_of(&rules);
        let ladder = Ladder::build(LadderInput {
            instrument: &instrument(rules.tick, rules.lot, rules.min),
            plan: &plan,
            side: if rules.long { LONG } else { SHORT },
            quantity: rules.quantity.into(),
            average: dec!(100),
            reference: dec!(100),
            atr: None,
        }).unwrap();
        let got: Vec<_> = ladder.levels.iter().map(|level| match level.state {
            LevelState::Disabled => None,
            LevelState::Resting => Some((level.price.get(), State::Order(level.quantity.get()))),
            LevelState::Touch => Some((level.price.get(), State::Touch)),
            _ => Some((level.price.get(), State::Nothing)),
        }).collect();
        prop_assert_eq!(got, naive.levels.to_vec());
    }
}
