//! The grid on a hand-driven trader (TRADING 16).

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::ExitReason;
use hyperrsi_core::risk::Refusal;
use hyperrsi_core::series::Candles;
use hyperrsi_core::strategy::grid::settings::{AdxPause, Settings, Sides};
use hyperrsi_core::strategy::grid::{Grid, Lattice};
use hyperrsi_core::strategy::{Context, Decision, Strategy};
use hyperrsi_core::trader::Input;
use rust_decimal::Decimal;

/// A grid, its trader and a venue that does what it is asked; one-minute candles.
pub struct Game {
    pub rig: Rig,
    pub grid: Grid,
    candles: Candles,
}

/// Tick and lot fine enough not to matter, unless a test says otherwise.
pub fn fine() -> Instrument {
    instrument(dec!(0.1), dec!(0.00001), dec!(0.00001))
}

/// No maker fee, no trend filter.
pub fn plain(capital: Decimal) -> Settings {
    let mut settings = Settings::with_capital(capital);
    settings.adx_pause = AdxPause::Off;
    settings
}

impl Game {
    pub fn new(settings: Settings, instrument: Instrument) -> Self {
        let grid = Grid::new(settings, Timeframe::M1, &instrument, Decimal::ZERO).unwrap();
        let mut rig = Rig::new(instrument);
        rig.asks_about_fills = true;
        Self { rig, grid, candles: Candles::new(Timeframe::M1) }
    }

    /// The same on a spot market, whose resting orders lock the coins they would sell.
    fn spot(settings: Settings) -> Self {
        let mut market = fine();
        (market.kind, market.max_leverage) = (InstrumentKind::Spot, 1);
        let mut policy = hyperrsi_core::strategy::grid::policy(&settings, &market);
        policy.venue.locks_quantity = true;
        let mut game = Self::new(settings, market.clone());
        game.rig = Rig::with(market, policy);
        game.rig.asks_about_fills = true;
        game
    }

    /// Warmed up at `price` with an ATR of `range`: nothing but candles that close there and are that high.
    pub fn warm(settings: Settings, price: f64, range: f64) -> Self {
        let mut game = Self::new(settings, fine());
        let timeframe = game.grid.settings().grid_timeframe;
        for _ in 0..40 {
            game.higher(timeframe, price, range);
        }
        game
    }

    fn ask(&mut self, timeframe: Timeframe, candle: &Candle) -> Decision {
        let histories = [self.candles.history()];
        let context = Context::new(self.rig.now, timeframe, &histories, self.rig.trader.view(), false);
        self.grid.on_candle(&context, candle)
    }

    /// A candle of a longer timeframe closes at `close`, half of `range` above and below.
    pub fn higher(&mut self, timeframe: Timeframe, close: f64, range: f64) {
        let candle = Candle::new(self.rig.now, close, close + range / 2.0, close - range / 2.0, close, 1.0);
        self.candle_of(timeframe, &candle);
    }

    pub fn candle_of(&mut self, timeframe: Timeframe, candle: &Candle) {
        assert!(self.ask(timeframe, candle).is_hold());
    }

    /// The next minute closes at `close`.
    pub fn close(&mut self, close: f64) {
        let candle = Candle::new(self.rig.now, close, close, close, close, 1.0);
        self.rig.sleep(Span::minutes(1));
        self.candles.push(candle).unwrap();
        let decision = self.ask(Timeframe::M1, &candle);
        self.rig.decide(decision);
    }

    /// The first minute that closes after `minutes` full ones closes at `close`.
    pub fn close_after(&mut self, minutes: i64, close: f64) {
        self.rig.advance(Span::minutes(minutes - 1));
        self.close(close);
    }

    /// The strategy is asked about what filled.
    pub fn tell_fills(&mut self) {
        while !self.rig.asked_about.is_empty() {
            let (request, fill) = self.rig.asked_about.remove(0);
            let histories = [self.candles.history()];
            let view = self.rig.trader.view();
            let context = Context::new(self.rig.now, Timeframe::M1, &histories, view, false);
            let decision = self.grid.on_fill(&context, &fill);
            self.rig.feed(Input::Decision { request, decision });
        }
    }

    /// Fills the entry at a price, whole.
    pub fn fill_at(&mut self, side: PositionSide, price: Decimal) {
        let of_side = |order: &&OrderSpec| order.leg == side && order.kind.price() == Some(price.into());
        let order = *self.rig.live.iter().find(of_side).expect("an order at that price");
        self.rig.fill_whole(&order, price);
        self.tell_fills();
    }

    /// Prices of the entries of a side that rest, highest first.
    pub fn entries(&self, side: PositionSide) -> Vec<Decimal> {
        let entries = self.rig.live.iter().filter(|order| order.leg == side && !order.reduce_only);
        let mut prices: Vec<_> = entries.map(|o| o.kind.price().unwrap().get().normalize()).collect();
        prices.sort();
        prices.reverse();
        prices
    }

    /// Prices of the exits of a side, nearest first.
    pub fn exits(&self, side: PositionSide) -> Vec<Decimal> {
        prices(&self.rig.take_profits(side)).into_iter().map(|(price, _)| price).collect()
    }
}

#[test]
fn t23_the_lattice() {
    let lattice =
        |atr: Decimal, count| Lattice::new(&fine(), dec!(50000), atr, dec!(1), count).unwrap().unwrap();
    for (atr, count, step, lowest, highest) in [
        (dec!(300), 20, dec!(300), dec!(47000), dec!(52700)),
        (dec!(100), 20, dec!(200), dec!(48000), dec!(51800)), // 0.4 % of 50 000; ± 10 and 9 steps
        (dec!(5000), 20, dec!(2500), dec!(25000), dec!(72500)), // 5 %, as 50 % / 10
        (dec!(5000), 40, dec!(1250), dec!(25000), dec!(73750)), // 50 % / 20
    ] {
        let lattice = lattice(atr, count);
        assert_eq!((lattice.step, lattice.levels.len()), (step, count as usize));
        assert_eq!(lattice.levels.first().unwrap().get(), lowest);
        assert_eq!(lattice.levels.last().unwrap().get(), highest);
        assert!(lattice.levels.windows(2).all(|two| two[1].get() - two[0].get() == step));
    }
    assert_eq!(lattice(dec!(300), 1).levels, [Price::new(dec!(50000))]);
}

#[test]
fn t24_entries_exits_and_a_recompute_around_a_held_lot() {
    let mut game = Game::warm(plain(dec!(1000)), 50_000.0, 300.0);
    game.close(49_950.0);
    assert_eq!(game.grid.step(), Some(dec!(300)));
    assert_eq!(game.entries(LONG), [dec!(49700), dec!(49400), dec!(49100), dec!(48800)]);
    game.fill_at(LONG, dec!(49700));
    assert_eq!(game.exits(LONG), [dec!(50300)]);
    // Held levels use no slot: the next one takes the place.
    assert_eq!(game.entries(LONG), [dec!(49400), dec!(49100), dec!(48800), dec!(48500)]);

    // The average goes from 50 000 to 50 400 in three candles. The price only rises, so ER = 1 and alpha = (2/3)² = 4/9:
    // what is left of a distance after a candle is 5/9 of it. x1 = 50 300: C = 50 133.33. Then x2 twice, with
    // x2 - 50 400 = (5/9)² (x2 - 50 133.33), so x2 = (81 · 50 400 - 25 · 50 133.33) / 56 = 50 519.047619.
    // Each candle spans 300 and holds the close before it, so the ATR stays 300.
    let x2 = (81.0 * 50_400.0 - 25.0 * (50_000.0 + 300.0 * 4.0 / 9.0)) / 56.0;
    for (before, close) in [(50_000.0, 50_300.0), (50_300.0, x2), (x2, x2)] {
        let candle = Candle::new(game.rig.now, before, close, close - 300.0, close, 1.0);
        game.candle_of(Timeframe::M15, &candle);
    }
    game.close_after(14, 49_950.0);
    assert_eq!(game.grid.step().unwrap().round_dp(6), dec!(300));
    let levels: Vec<_> = game.grid.levels(LONG).iter().map(|level| level.get()).collect();
    assert_eq!(levels[10], dec!(50400), "the level at the average");
    assert_eq!(levels[9], dec!(49700), "held: not 50 100");
    assert_eq!(game.exits(LONG), [dec!(50300)]);
    assert_eq!(game.entries(LONG), [dec!(49800), dec!(49500), dec!(49200), dec!(48900)]);

    // When its lot has gone the level is flat, and at the next recompute it moves with the others.
    game.fill_at(LONG, dec!(50300));
    assert_eq!(game.rig.trades.last().unwrap().reason, ExitReason::GridExit);
    assert_eq!(game.entries(LONG)[1], dec!(49700), "until then it rests where it was");
    game.close_after(15, 50_150.0);
    assert_eq!(game.entries(LONG), [dec!(50100), dec!(49800), dec!(49500), dec!(49200)]);
}

#[test]
fn t25_the_cap_leaves_out_the_farthest_level() {
    let mut settings = plain(dec!(1000));
    settings.max_resting_levels = 20;
    assert_eq!(settings.exposure_cap(false), dec!(9500));
    // Level notional 0.95 × 1000 × 10 / 20 = 475: all 20 fit.
    let mut game = Game::warm(settings.clone(), 50_000.0, 300.0);
    game.close(53_000.0);
    assert_eq!(game.entries(LONG).len(), 20);
    assert_eq!(game.rig.refusals(), []);
    // Notional 500: 19 are 9 500, the 20th is one too many.
    settings.enter_symbol_amount_list = Some(vec![dec!(50); 20]);
    let mut game = Game::warm(settings, 50_000.0, 300.0);
    game.close(53_000.0);
    assert_eq!(game.rig.refusals(), [Refusal::ExposureCap]);
    assert_eq!(game.entries(LONG).len(), 19);
    assert_eq!(game.entries(LONG).last(), Some(&dec!(47300)), "47 000 is the farthest");
    // Lots count like entries.
    game.fill_at(LONG, dec!(52700));
    assert_eq!(game.entries(LONG).len(), 18);
    game.close(53_000.0);
    assert_eq!(game.entries(LONG).len(), 18);
}

#[test]
fn s16_5_shorts_are_the_mirror_image_and_both_sides_go_together() {
    let mut settings = plain(dec!(1000));
    settings.enter_strategy = Sides::Both;
    let mut game = Game::warm(settings, 50_000.0, 300.0);
    game.close(50_000.0);
    // Strictly on the passive side: 50 000 itself carries nothing.
    assert_eq!(game.entries(LONG), [dec!(49700), dec!(49400), dec!(49100), dec!(48800)]);
    assert_eq!(game.entries(SHORT), [dec!(51200), dec!(50900), dec!(50600), dec!(50300)]);
    game.fill_at(SHORT, dec!(50300));
    game.fill_at(LONG, dec!(49700));
    assert_eq!(game.exits(SHORT), [dec!(49700)]);
    assert_eq!(game.exits(LONG), [dec!(50300)]);
    game.fill_at(SHORT, dec!(49700));
    assert_eq!(game.rig.open(SHORT), Decimal::ZERO);
    assert!(game.rig.open(LONG).is_sign_positive(), "the other side goes on");
    assert_eq!(game.exits(LONG), [dec!(50300)]);
}

#[test]
fn s16_1_on_spot_a_long_grid_buys_with_its_own_money_and_sells_what_it_bought() {
    for stop in [dec!(0), dec!(5)] {
        let mut settings = plain(dec!(1000)); // leverage 10 is for derivatives
        settings.stop_loss = stop;
        let mut game = Game::spot(settings);
        for _ in 0..40 {
            game.higher(Timeframe::M15, 50_000.0, 300.0);
        }
        game.close(49_950.0);
        assert_eq!(game.entries(LONG), [dec!(49700), dec!(49400), dec!(49100), dec!(48800)]);
        assert!(game.entries(SHORT).is_empty());
        // 0.95 · 1000 / 20 = 47.5 a level: 47.5 / 49,700 = 0.00095573…, and 47.5 / 49,400 = 0.00096153….
        game.fill_at(LONG, dec!(49700));
        game.fill_at(LONG, dec!(49400));
        assert_eq!(game.rig.open(LONG), dec!(0.00191));
        let stops = prices(&game.rig.stop_orders(LONG));
        if stop.is_zero() {
            assert_eq!((game.exits(LONG), stops.len()), (vec![dec!(50000), dec!(50300)], 0));
        } else {
            // The stop has the coins; an exit takes its share of them when its price is touched (7.10).
            assert_eq!((game.exits(LONG), stops[0].1), (vec![], dec!(0.00191)));
            game.rig.price(50_000.0);
            assert_eq!(prices(&game.rig.take_profits(LONG)), [(dec!(50000), dec!(0.00096))]);
            assert_eq!(prices(&game.rig.stop_orders(LONG))[0].1, dec!(0.00095));
        }
        game.fill_at(LONG, dec!(50000));
        let trade = game.rig.trades.last().unwrap();
        assert_eq!((trade.reason, trade.quantity.get()), (ExitReason::GridExit, dec!(0.00096)));
        assert_eq!(trade.gross_pnl.get(), dec!(0.576), "0.00096 · 600: nothing is multiplied");
        assert_eq!(game.rig.open(LONG), dec!(0.00095));
    }
}

#[test]
fn s16_4_a_resting_entry_moves_only_if_it_is_worth_it() {
    let mut settings = plain(dec!(1000));
    settings.average_er = 2;
    let mut game = Game::warm(settings, 50_000.0, 400.0);
    game.close(50_000.0);
    assert_eq!(game.entries(LONG), [dec!(49600), dec!(49200), dec!(48800), dec!(48400)]);
    let before = game.rig.live.clone();
    // ER = 1: C moves by 4/9 of 90 to 50 040: 49 640 is 0.08 % away.
    let step = |game: &mut Game, before: f64, close: f64| {
        let candle = Candle::new(game.rig.now, before, close, close - 400.0, close, 1.0);
        game.candle_of(Timeframe::M15, &candle);
    };
    step(&mut game, 50_000.0, 50_090.0);
    game.close_after(14, 50_000.0);
    assert_eq!(game.grid.levels(LONG)[10].get(), dec!(50040), "nothing rests there");
    assert_eq!(game.rig.live, before);
    // 90 more: C = 50 040 + 4/9 · 140 = 50 102.22, level -1 at 49 702.2 is 0.2 % away.
    step(&mut game, 50_090.0, 50_180.0);
    game.close_after(15, 50_000.0);
    assert_eq!(game.entries(LONG)[0], dec!(49702.2));
}

#[test]
fn s16_8_after_its_stop_a_side_rests_until_a_recompute() {
    let mut settings = plain(dec!(1000));
    settings.stop_loss = dec!(2);
    settings.cooldown_time = 1200;
    let mut game = Game::warm(settings, 50_000.0, 300.0);
    game.close(49_950.0);
    game.fill_at(LONG, dec!(49700));
    game.fill_at(LONG, dec!(49400));
    // Equal values, so slightly more of the lower one; 2 % below their average.
    let average = game.rig.trader.view().long.average.unwrap().get();
    let stop = game.rig.stop_order(LONG).unwrap();
    assert_eq!(stop.quantity.get(), game.rig.open(LONG));
    let OrderKind::StopMarket { trigger, .. } = stop.kind else { panic!("{stop:?}") };
    assert!((trigger.get() - average * dec!(0.98)).abs() <= dec!(0.1));
    game.rig.fill_whole(&stop, trigger.get());
    game.tell_fills();
    assert!(game.rig.live.is_empty(), "entries and exits are cancelled: {:?}", game.rig.live);
    assert_eq!(game.rig.trades.iter().map(|t| t.reason).collect::<Vec<_>>(), [ExitReason::StopLoss; 2]);
    // Stopped at 12:01; 20 minutes later is 12:21, the next recompute 12:30.
    for _ in 0..28 {
        game.close(49_950.0);
        assert!(game.rig.live.is_empty(), "{}", game.rig.now);
    }
    game.close(49_950.0);
    assert_eq!(game.rig.now.to_string(), "2024-01-02T12:30:00Z");
    assert_eq!(game.entries(LONG), [dec!(49700), dec!(49400), dec!(49100), dec!(48800)]);
}

#[test]
fn s16_6_a_strong_trend_withdraws_entries_and_leaves_exits() {
    let trend = |game: &mut Game, from: f64, by: f64, candles: u32| {
        for n in 0..candles {
            let close = from + by * f64::from(n);
            let candle = Candle::new(game.rig.now, close, close + 100.0, close - 100.0, close, 1.0);
            game.candle_of(Timeframe::H4, &candle);
        }
    };
    let paused = |pause, by: f64| {
        let mut settings = plain(dec!(1000));
        (settings.adx_pause, settings.enter_strategy) = (pause, Sides::Both);
        let mut game = Game::warm(settings, 50_000.0, 300.0);
        game.close(50_000.0);
        assert!(game.rig.live.is_empty(), "an unknown ADX pauses all");
        // The same move to and fro: neither direction prevails, ADX is low.
        for n in 0..60 {
            trend(&mut game, 50_000.0 + 50.0 * f64::from(n % 2), 0.0, 1);
        }
        game.close(50_000.0);
        assert_eq!((game.entries(LONG).len(), game.entries(SHORT).len()), (4, 4));
        game.fill_at(LONG, dec!(49700));
        trend(&mut game, 50_000.0, by, 40);
        game.close(50_000.0);
        assert_eq!(game.exits(LONG), [dec!(50300)]);
        (game.entries(LONG).len(), game.entries(SHORT).len())
    };
    assert_eq!(paused(AdxPause::AgainstTrend, -100.0), (0, 4));
    assert_eq!(paused(AdxPause::AgainstTrend, 100.0), (4, 0));
    assert_eq!(paused(AdxPause::BothSides, -100.0), (0, 0));
    assert_eq!(paused(AdxPause::BothSides, 100.0), (0, 0));
}

#[test]
fn s16_1_custom_stop_ends_a_grid_that_nothing_fills() {
    let mut settings = plain(dec!(1000));
    settings.custom_stop = Some(30);
    let mut game = Game::warm(settings, 50_000.0, 300.0);
    game.close(49_950.0);
    game.close_after(20, 49_950.0);
    game.fill_at(LONG, dec!(49700));
    game.close_after(29, 49_950.0);
    assert!(!game.grid.is_over(), "29 minutes after the fill");
    game.close(49_950.0);
    assert!(game.grid.is_over());
    assert!(game.entries(LONG).is_empty());
    assert_eq!(game.exits(LONG), [dec!(50300)]);
    game.fill_at(LONG, dec!(50300));
    game.close_after(60, 49_950.0);
    assert!(game.rig.live.is_empty());
}

#[test]
fn s16_5_the_exit_follows_the_step_at_fill_time() {
    let mut game = Game::warm(plain(dec!(1000)), 50_000.0, 300.0);
    game.close(49_950.0);
    // ATR (13 · 300 + 314) / 14 = 301: level -1 at 49 699 moves too little for its order, the exit is 602 away.
    game.higher(Timeframe::M15, 50_000.0, 314.0);
    game.close_after(14, 49_950.0);
    assert_eq!(game.grid.step().unwrap().round_dp(6), dec!(301));
    assert_eq!(game.entries(LONG)[0], dec!(49700));
    game.fill_at(LONG, dec!(49700));
    assert_eq!(game.exits(LONG), [dec!(50302)]);
}

#[test]
fn a_partly_filled_entry_is_left_to_grow() {
    let mut game = Game::warm(plain(dec!(1000)), 50_000.0, 300.0);
    game.close(49_950.0);
    let order = *game.rig.live.iter().find(|o| o.kind.price() == Some(dec!(49700).into())).unwrap();
    game.rig.fill(&order, dec!(49700), dec!(0.001));
    game.tell_fills();
    assert!(game.entries(LONG).contains(&dec!(49700)), "not withdrawn");
    game.rig.sleep(Span::seconds(5));
    assert!(!game.entries(LONG).contains(&dec!(49700)), "settled");
    assert_eq!(prices(&game.rig.take_profits(LONG)), [(dec!(50300), dec!(0.001))]);
}
