//! The verifier of strategies: it lets honest ones pass and names the bar on which a planted fault shows.

#![cfg(feature = "conformance")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use hyperrsi_core::backtest::Config;
use hyperrsi_core::conformance::strategy::{Difference, Trial, Verified, Verifier, Violation};
use hyperrsi_core::dec;
use hyperrsi_core::indicator::{Cross, Crossing, Ema, Indicator, Rsi};
use hyperrsi_core::model::{Amount, Candle, Instrument, InstrumentId, PositionSide, Timeframe, Timestamp};
use hyperrsi_core::position::{Distance, ExitPlan, ExitReason};
use hyperrsi_core::risk::Size;
use hyperrsi_core::series::Candles;
use hyperrsi_core::series::file::Load;
use hyperrsi_core::strategy::rsi_trend::settings::{Choice, EntryMode, Settings, Snapshot};
use hyperrsi_core::strategy::rsi_trend::{Hyperrsi, policy};
use hyperrsi_core::strategy::{Context, Decision, Needs, RestoreError, Strategy, Threshold};
use std::sync::atomic::{AtomicUsize, Ordering};

fn candles() -> Candles {
    Load::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/btcusdt_1h.csv.gz")).read().unwrap().candles
}

fn btc() -> Instrument {
    Instrument::linear(InstrumentId::new("okx", "BTC-USDT-SWAP"), "BTC", "USDT")
}

fn enter() -> Decision {
    let exits = ExitPlan::new()
        .stop_loss(Distance::percent(dec!(20)))
        .take_profit(Distance::percent(dec!(20)), dec!(100));
    Decision::enter(PositionSide::Long, Size::Margin(Amount::new(dec!(100))), exits)
}

fn verify<S: Strategy>(make: impl Fn(&Candles) -> S) -> Result<Verified, Violation> {
    Verifier::new(&candles(), Config::new(btc())).verify(make)
}

fn difference(result: Result<Verified, Violation>) -> Difference {
    match result {
        Err(Violation::Differs(difference)) => *difference,
        other => panic!("{other:?}"),
    }
}

#[test]
fn hyperrsi_passes_in_every_entry_mode() {
    for mode in EntryMode::ALL.iter().copied() {
        let mut settings = Settings::default();
        settings.market.timeframe = Timeframe::H1;
        settings.sl.enabled = true;
        settings.entry.mode = mode;
        let mut config = Config::new(btc());
        config.trader = policy(&settings, &btc());
        config.trader.journal = false;
        config.record = Some((Timestamp::EPOCH, Timestamp::from_millis(i64::MAX))); // records are compared, too
        let strategy = Hyperrsi::new(Snapshot::new(1, settings), &btc()).unwrap();
        let mut candles = Candles::new(Timeframe::H1);
        self::candles().iter().take(2_000).for_each(|candle| candles.push(candle).unwrap());
        let verifier = Verifier::new(&candles, config).cuts(8).handovers(4);
        let verified = verifier.verify(|_| strategy.clone()).unwrap_or_else(|found| panic!("{found}"));
        assert_eq!((verified.cuts, verified.handovers), (8, 4));
        assert!(verified.bars == candles.len() && verified.actions > 20, "{verified:?}");
    }
}

#[test]
fn threshold_passes() {
    let rule = Threshold::new(Timeframe::H1, 14).unwrap().size(Size::Base(dec!(0.01).into()));
    assert!(verify(|_| rule.clone()).unwrap_or_else(|found| panic!("{found}")).actions > 50);
}

/// The strategy of examples/custom_strategy.rs.
#[derive(Clone)]
struct BuyTheDip {
    rsi: Rsi,
    level: Cross,
    average: Ema,
}

impl Strategy for BuyTheDip {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::H1, 200)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let crossing = self.rsi.update(candle.close).and_then(|rsi| self.level.update((rsi, 35.0)));
        let uptrend = self.average.update(candle.close).is_some_and(|average| candle.close > average);
        if crossing != Some(Crossing::Over) || !uptrend || !ctx.is_flat() {
            return Decision::hold();
        }
        let exits = ExitPlan::new()
            .stop_loss(Distance::percent(dec!(2)))
            .take_profit(Distance::percent(dec!(1.5)), dec!(40))
            .take_profit(Distance::percent(dec!(3)), dec!(30))
            .break_even_after(1)
            .trail_after(2, dec!(1));
        Decision::enter(PositionSide::Long, Size::Margin(dec!(2000).into()), exits)
    }
}

#[test]
fn the_custom_example_passes() {
    let strategy =
        BuyTheDip { rsi: Rsi::new(14).unwrap(), level: Cross::new(), average: Ema::new(200).unwrap() };
    assert!(verify(|_| strategy.clone()).unwrap_or_else(|found| panic!("{found}")).actions > 5);
}

/// Buys an hour of a rising day, from closed history of both timeframes.
struct TwoTimeframes(bool);

impl Strategy for TwoTimeframes {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::H1, 50).and(Timeframe::D1, 3)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let days = ctx.history(Timeframe::D1);
        if ctx.timeframe() == Timeframe::D1 {
            self.0 = days.and_then(|days| days.close(1)).is_some_and(|before| candle.close > before);
            return Decision::hold();
        }
        let dip = ctx.closes().iter().rev().nth(1).is_some_and(|before| candle.close < before * 0.99);
        match (ctx.is_flat(), dip && self.0) {
            (true, true) => enter(),
            (false, false) if !self.0 => Decision::exit(PositionSide::Long, ExitReason::Strategy),
            _ => Decision::hold(),
        }
    }
}

#[test]
fn two_timeframes_pass() {
    assert!(verify(|_| TwoTimeframes(false)).unwrap_or_else(|found| panic!("{found}")).actions > 10);
}

/// Was given the whole series, and on one bar looks at the next close.
struct Peek {
    closes: Vec<f64>,
    index: usize,
    on: usize,
}

impl Strategy for Peek {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::H1, 1)
    }
    fn on_candle(&mut self, _: &Context<'_>, candle: &Candle) -> Decision {
        let next = self.closes.get(self.index + 1).copied();
        let peeks = self.index == self.on;
        self.index += 1;
        if peeks && next.is_some_and(|next| next > candle.close) { enter() } else { Decision::hold() }
    }
}

#[test]
fn lookahead_is_found_on_the_bar_that_peeks() {
    let all = candles();
    let closes = all.closes();
    for from in [10, 777, 8_000] {
        let on = (from..closes.len()).find(|i| closes[i + 1] > closes[*i]).unwrap();
        let found = difference(verify(|series| Peek { closes: series.closes().to_vec(), index: 0, on }));
        assert_eq!(found.bar, on, "{found}");
        assert_eq!(found.expected.candle, all.get(on).unwrap().open_time);
        assert_eq!(found.expected.decision.as_ref().unwrap().intents.len(), 1, "{found}");
        assert!(found.found.decision.as_ref().unwrap().is_hold(), "{found}");
        assert!(matches!(found.trial, Trial::Truncated { .. }), "{found}");
        let text = Violation::from(found).to_string();
        assert!(text.contains("it looks ahead") && text.contains(&format!("bar {on} ")), "{text}");
        assert!(text.contains("enter long") && text.contains("became hold"), "{text}");
    }
}

/// The series has ended for it where the future was cut, so it does as if nothing were there; only other prices tell.
struct Hindsight {
    closes: Vec<f64>,
    index: usize,
}

impl Strategy for Hindsight {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::H1, 1)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let next = self.closes.get(self.index + 1).copied();
        self.index += 1;
        // Enters every hundredth bar, unless it knows that the price will fall.
        let enters = self.index.is_multiple_of(100) && next.is_none_or(|next| next > candle.close);
        if enters && ctx.is_flat() { enter() } else { Decision::hold() }
    }
}

#[test]
fn lookahead_that_only_other_prices_show_is_found() {
    let make = |series: &Candles| Hindsight { closes: series.closes().to_vec(), index: 0 };
    let found = difference(verify(make));
    assert!(matches!(found.trial, Trial::Perturbed { .. }), "{found}");
    assert_eq!((found.bar + 1) % 100, 0, "{found}");
}

/// Holds for five candles and counts them itself. `keeps` says whether it saves the count.
struct Counts {
    bar: usize,
    held: usize,
    keeps: bool,
    restores: bool,
}

impl Counts {
    fn new(keeps: bool, restores: bool) -> Self {
        Self { bar: 0, held: 0, keeps, restores }
    }
}

impl Strategy for Counts {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::H1, 1)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
        let bar = self.bar;
        self.bar += 1;
        if ctx.is_flat() {
            self.held = 0;
            return if bar.is_multiple_of(20) && bar > 0 { enter() } else { Decision::hold() };
        }
        self.held += 1;
        if self.held == 15 {
            Decision::exit(PositionSide::Long, ExitReason::Strategy)
        } else {
            Decision::hold()
        }
    }
    fn save(&self) -> Option<serde_json::Value> {
        self.keeps.then(|| serde_json::json!({ "held": self.held }))
    }
    fn restore(&mut self, state: &serde_json::Value) -> Result<(), RestoreError> {
        if self.restores {
            let held = state.get("held").and_then(serde_json::Value::as_u64);
            self.held = held.ok_or_else(|| RestoreError("no count".into()))? as usize;
        }
        Ok(())
    }
}

#[test]
fn hidden_state_is_found_on_the_bar_it_decides_about() {
    let found = difference(verify(|_| Counts::new(false, false)));
    // It enters on multiples of 20 and leaves 15 bars later; a new instance has not counted all of them.
    assert_eq!(found.bar % 20, 15, "{found}");
    let Trial::Resumed { after } = found.trial else { panic!("{found}") };
    let bars = (found.expected.candle - after).millis() / 3_600_000;
    assert!((1..15).contains(&bars), "{found}");
    assert!(found.to_string().contains("it hides state"), "{found}");
    assert!(found.to_string().contains("exit 1 of long (strategy) became hold"), "{found}");
}

#[test]
fn saved_state_is_no_hidden_state() {
    let verified = verify(|_| Counts::new(true, true)).unwrap_or_else(|found| panic!("{found}"));
    assert!(verified.actions > 500, "{verified:?}");
}

#[test]
fn a_restore_that_forgets_is_found() {
    let Err(Violation::NotKept { saved, restored, .. }) = verify(|_| Counts::new(true, false)) else {
        panic!("not found")
    };
    assert_ne!(saved, restored);
    assert!(saved.starts_with("{\"held\":"), "{saved}");
}

#[test]
fn a_save_without_restore_is_found() {
    struct Saves(Threshold);
    impl Strategy for Saves {
        fn needs(&self) -> Needs {
            self.0.needs()
        }
        fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
            self.0.on_candle(ctx, candle)
        }
        fn save(&self) -> Option<serde_json::Value> {
            Some(1.into())
        }
    }
    let rule = Threshold::new(Timeframe::H1, 14).unwrap();
    let result = verify(|_| Saves(rule.clone()));
    assert!(matches!(result, Err(Violation::NotRestored { .. })), "{result:?}");
}

#[test]
fn state_shared_between_instances_is_found() {
    static ENTRIES: AtomicUsize = AtomicUsize::new(0);
    struct Shares(usize);
    impl Strategy for Shares {
        fn needs(&self) -> Needs {
            Needs::candles(Timeframe::H1, 1)
        }
        fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
            self.0 += 1;
            let due = self.0 == 42 && ctx.is_flat();
            if due && ENTRIES.fetch_add(1, Ordering::Relaxed) == 0 { enter() } else { Decision::hold() }
        }
    }
    let found = difference(verify(|_| Shares(0)));
    assert_eq!((found.trial, found.bar), (Trial::Again, 41), "{found}");
}
