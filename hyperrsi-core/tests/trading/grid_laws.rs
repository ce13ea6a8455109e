//! Laws of the grid over random settings and candles (TRADING 16.9, 19).

use crate::grid::{Game, fine};
use crate::market;
use crate::support::*;
use hyperrsi_core::backtest::{Backtest, Run};
use hyperrsi_core::model::*;
use hyperrsi_core::risk::Refusal;
use hyperrsi_core::series::Candles;
use hyperrsi_core::strategy::grid::settings::{AdxPause, Settings, Sides};
use hyperrsi_core::strategy::grid::{Grid, policy};
use hyperrsi_core::strategy::{Context, Decision, LegView, Needs, Strategy};
use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

fn settings() -> impl Generator<Value = Settings> {
    let shape = (1_u32..=40, 1_u32..=10, 1_u32..=40, 0_usize..3, any::<bool>());
    let rules = (5_u32..40, 0_usize..3, 1_u32..=20, 0_u32..4, 0_u32..900);
    (shape, rules, proptest::collection::vec(1_u32..200, 40)).prop_map(|(shape, rules, amounts)| {
        let mut settings = Settings::with_capital(dec!(1000));
        (settings.grid_num, settings.exit_levels, settings.max_resting_levels) = (shape.0, shape.1, shape.2);
        settings.enter_strategy = [Sides::Long, Sides::Short, Sides::Both][shape.3];
        if shape.4 {
            let amounts = amounts.into_iter().take(shape.0 as usize);
            settings.enter_symbol_amount_list = Some(amounts.map(Decimal::from).collect());
        }
        settings.recompute_minutes = rules.0;
        settings.adx_pause = [AdxPause::Off, AdxPause::AgainstTrend, AdxPause::BothSides][rules.1];
        settings.exposure_cap_ratio = Decimal::new(i64::from(rules.2) * 5, 2);
        settings.stop_loss = Decimal::from(rules.3);
        settings.cooldown_time = rules.4;
        settings
    })
}

/// Side, role and key that an order's id tells.
fn named(order: &OrderSpec) -> (PositionSide, char, u16) {
    let id = order.client_id.as_str().to_owned();
    let role = id.chars().nth(17).unwrap();
    (order.leg, role, u16::from_str_radix(&id[18..22], 36).unwrap())
}

/// V15, by what the venue holds and what the trader shows.
fn check(game: &Game) {
    let rig = &game.rig;
    let mut exposure = Decimal::ZERO;
    let mut held = BTreeSet::new();
    for side in PositionSide::BOTH {
        let leg = rig.trader.view().leg(side);
        let lots: Decimal = leg.lots.iter().map(|lot| lot.quantity.get()).sum();
        assert_eq!(lots, rig.open(side), "the lots are the leg");
        for lot in &leg.lots {
            assert!(held.insert((side, lot.key)), "two lots of a level");
            exposure += lot.entry.get() * lot.quantity.get();
        }
    }
    let mut seen = BTreeMap::new();
    for order in &rig.live {
        let (side, role, key) = named(order);
        match role {
            'r' => {
                let filled = rig.filled(order.client_id).get();
                assert!(filled > Decimal::ZERO || !held.contains(&(side, key)), "an order beside a lot");
                exposure += order.kind.price().unwrap().get() * (order.quantity.get() - filled);
            }
            'x' => assert!(held.contains(&(side, key)), "an exit without a lot"),
            _ => continue,
        }
        assert!(seen.insert((side, role, key), ()).is_none(), "two orders of a level");
    }
    let cap = game.grid.settings().exposure_cap(false);
    assert!(exposure <= cap, "{exposure} is more than {cap}");
}

/// The next order that a way from `low` to `high` fills, and where.
fn reached(game: &Game, low: f64, high: f64, close: f64) -> Option<(OrderSpec, Decimal)> {
    let (low, high) = (decimal_from_f64(low).unwrap(), decimal_from_f64(high).unwrap());
    game.rig.live.iter().find_map(|order| {
        let price = match order.kind {
            OrderKind::Limit { price, .. } => match order.side {
                Side::Buy => price.get() >= low,
                Side::Sell => price.get() <= high,
            }
            .then_some(price.get()),
            OrderKind::StopMarket { trigger, .. } => match order.side {
                Side::Buy => trigger.get() <= high,
                Side::Sell => trigger.get() >= low,
            }
            .then_some(trigger.get()),
            _ => decimal_from_f64(close),
        };
        price.map(|price| (*order, price))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn v15_lots_are_the_leg_one_order_a_level_and_never_above_the_cap(
        settings in settings(),
        range in 50.0_f64..1500.0,
        minutes in proptest::collection::vec((-0.012_f64..0.012, 0.0_f64..0.006, 0_u8..8), 20..160),
    ) {
        let mut game = Game::new(settings, fine());
        let timeframe = game.grid.settings().grid_timeframe;
        for _ in 0..30 {
            game.higher(timeframe, 50_000.0, range);
        }
        for n in 0..40 {
            game.higher(Timeframe::H4, 50_000.0 + f64::from(n % 2), 100.0);
        }
        let mut price = 50_000.0;
        game.close(price);
        check(&game);
        for (n, (change, wick, whim)) in minutes.into_iter().enumerate() {
            let close = (price * (1.0 + change) * 10.0).round() / 10.0;
            let (low, high) = (price.min(close) * (1.0 - wick), price.max(close) * (1.0 + wick));
            for turn in 0..25_u8 {
                let Some((order, at)) = reached(&game, low, high, close) else { break };
                let whole = order.quantity.get() - game.rig.filled(order.client_id).get();
                let half = (whole / dec!(2)).round_dp(5);
                let partly = !order.reduce_only && turn == whim && half > Decimal::ZERO;
                game.rig.fill(&order, at, if partly { half } else { whole });
                check(&game);
                game.tell_fills();
                check(&game);
            }
            if n % 5 == 4 {
                game.higher(timeframe, close, range);
            }
            if whim == 7 {
                game.higher(Timeframe::H4, close, 400.0);
            }
            game.rig.price(close);
            game.close(close);
            check(&game);
            let most = game.grid.settings().max_resting_levels as usize;
            for side in PositionSide::BOTH {
                prop_assert!(game.entries(side).len() <= most);
            }
            price = close;
        }
        prop_assert!(!game.rig.refusals().contains(&Refusal::InvalidIntent));
    }
}

/// A price that wanders, from a linear congruential generator (Knuth's constants).
fn wandering(candles: usize, mut seed: u64) -> Candles {
    let mut draw = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    };
    let mut series = Candles::new(Timeframe::M15);
    let mut close = 50_000.0_f64;
    for minute in (0..).step_by(15).take(candles) {
        let open = close;
        close = (open * (1.0 + 0.008 * draw()) + (50_000.0 - open) * 0.01).round();
        let (high, low) = (open.max(close) + (60.0 * draw().abs()).round(), open.min(close) - 40.0);
        let at = Timestamp::from_millis(i64::from(minute) * 60_000);
        series.push(Candle::new(at, open, high, low, close, 1.0)).unwrap();
    }
    series
}

/// A grid that is saved and started again before certain candles, and looks at what it is shown.
#[derive(Clone)]
struct Restarted {
    grid: Grid,
    fresh: Grid,
    every: usize,
    seen: usize,
}

impl Restarted {
    fn new(settings: Settings, every: usize) -> Self {
        let grid = Grid::new(settings, Timeframe::M15, &fine(), dec!(0.0002)).unwrap();
        Self { fresh: grid.clone(), grid, every, seen: 0 }
    }
    fn look(leg: &LegView) {
        assert_eq!(leg.lots.iter().map(|lot| lot.quantity.get()).sum::<Decimal>(), leg.quantity.get());
    }
}

impl Strategy for Restarted {
    fn needs(&self) -> Needs {
        self.grid.needs()
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        PositionSide::BOTH.into_iter().for_each(|side| Self::look(ctx.leg(side)));
        self.seen += 1;
        if self.seen.is_multiple_of(self.every) {
            let text = self.grid.save().unwrap().to_string();
            self.grid = self.fresh.clone();
            self.grid.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        }
        self.grid.on_candle(ctx, candle)
    }
    fn on_fill(&mut self, ctx: &Context<'_>, fill: &Fill) -> Decision {
        self.grid.on_fill(ctx, fill)
    }
}

fn run(settings: &Settings, every: usize, seed: u64) -> Run {
    let candles = wandering(2_400, seed);
    let mut config = market::config();
    config.instrument = fine();
    (config.maker_fee, config.taker_fee) = (dec!(0.0002), dec!(0.0005));
    config.trader = policy(settings, &fine());
    config.trader.journal = false;
    config.close_at_end = true;
    Backtest::new(&candles, config).unwrap().run(&mut Restarted::new(settings.clone(), every)).unwrap()
}

fn both_sides() -> Settings {
    let mut settings = Settings::with_capital(dec!(10000));
    settings.enter_strategy = Sides::Both;
    settings.stop_loss = dec!(3);
    settings.leverage = 5;
    settings
}

#[test]
fn s15_9_a_grid_gives_the_same_run_again_and_after_restarts() {
    for seed in 1..4 {
        let whole = run(&both_sides(), usize::MAX, seed);
        assert!(whole.trades.len() > 50, "{} trades", whole.trades.len());
        assert_eq!(whole, run(&both_sides(), usize::MAX, seed));
        assert_eq!(whole, run(&both_sides(), 7, seed));
    }
}

#[test]
fn s16_9_the_trades_of_a_grid_are_its_result() {
    let run = run(&both_sides(), usize::MAX, 9);
    let net: Decimal = run.trades.iter().map(|trade| trade.net_pnl.get()).sum();
    let expected = Price::new(dec!(1000000) + net).to_f64();
    assert!((run.final_equity - expected).abs() < 1e-4, "{} {expected}", run.final_equity);
    let reasons: BTreeSet<_> = run.trades.iter().map(|trade| trade.reason.code()).collect();
    assert!(reasons.contains("grid_exit"), "{reasons:?}");
    // An exit pays for both fees: no lot that its own exit closed has lost.
    let mut left = run.trades.iter().filter(|trade| trade.reason.code() == "grid_exit");
    assert!(left.all(|trade| trade.net_pnl.get() > Decimal::ZERO));
}

#[test]
fn a_state_of_something_else_is_refused() {
    let mut grid = Restarted::new(both_sides(), 1).grid;
    assert!(grid.restore(&serde_json::json!({"rsi": 3})).is_err());
}
