//! I7: for the same closed candles and fills, the backtest and the runtime decide alike, byte for byte.

use crate::rig::dec;
use hyperrsi_core::backtest::{Config, IntrabarPolicy};
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::replay_identical;
use hyperrsi_core::series::Candles;
use hyperrsi_core::series::file::Load;
use hyperrsi_core::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi_core::strategy::rsi_trend::{self, Hyperrsi};
use hyperrsi_core::strategy::{Context, Decision, Needs, Strategy};
use std::path::Path;

fn hours() -> Candles {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/btcusdt_1h.csv.gz");
    Load::new(&path).read().unwrap().candles
}

fn btc() -> Instrument {
    let mut btc = Instrument::linear(InstrumentId::new("binance", "BTCUSDT"), "BTC", "USDT");
    (btc.tick, btc.lot, btc.min_size, btc.min_notional) = (dec!(0.1), dec!(0.001), dec!(0.001), dec!(100));
    btc
}

fn setup(candles: &Candles, last: usize) -> (Config, Hyperrsi) {
    let mut settings = Settings::default();
    settings.market.symbol = "BTCUSDT".into();
    settings.market.timeframe = Timeframe::H1;
    settings.market.leverage = 3;
    settings.sizing.btc = dec!(1000);
    settings.sl.enabled = true;
    let mut config = Config::new(btc());
    config.trader = rsi_trend::policy(&settings, &btc());
    config.trader.journal = false;
    config.start = candles.get(candles.len() - last).map(|candle| candle.open_time);
    (config, Hyperrsi::new(Snapshot::new(1, settings), &btc()).unwrap())
}

#[test]
fn hyperrsi_decides_in_the_runtime_as_in_the_backtest_under_every_policy() {
    let candles = hours();
    for policy in [IntrabarPolicy::Pessimistic, IntrabarPolicy::Optimistic, IntrabarPolicy::OhlcPath] {
        let (mut config, strategy) = setup(&candles, 24 * 60);
        config.policy = policy;
        let replay = replay_identical(&candles, &config, || strategy.clone()).unwrap();
        assert!(replay.is_identical(), "{policy}: {replay}");
        assert!(replay.trades >= 5, "{policy}: {} trades show little", replay.trades);
        assert!(replay.decisions >= 24 * 60, "{policy}: {} decisions", replay.decisions);
    }
}

/// Decides by what no driver may show: how often it was made.
struct Odd {
    inner: Hyperrsi,
    odd: bool,
    candles: u32,
}

impl Strategy for Odd {
    fn needs(&self) -> Needs {
        self.inner.needs()
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        self.candles += 1;
        let mut decision = self.inner.on_candle(ctx, candle);
        if self.odd
            && self.candles.is_multiple_of(1_000)
            && let Some(record) = &mut decision.record
        {
            record.reason.push_str("_oddly");
        }
        decision
    }
}

#[test]
fn a_strategy_with_hidden_state_is_found_out() {
    let candles = hours();
    let (config, strategy) = setup(&candles, 24 * 60);
    let made = std::cell::Cell::new(0);
    let make = || {
        made.set(made.get() + 1);
        Odd { inner: strategy.clone(), odd: made.get() == 2, candles: 0 }
    };
    let replay = replay_identical(&candles, &config, make).unwrap();
    assert!(!replay.is_identical());
    assert!(replay.to_string().contains("_oddly"), "{replay}");
}
