//! Laws of TRADING 19 over random settings of the HYPERRSI strategy and random candles, every feature of 1.4 among them.

use crate::laws_backtest::{adds_up, stop_is_monotone};
use crate::market::{config, series};
use crate::naive_compare::{ohlc, walk};
use crate::support::*;
use hyperrsi_core::backtest::{Backtest, Config, IntrabarPolicy, Run};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Trade, TradeFill, TradeFillKind};
use hyperrsi_core::series::Candles;
use hyperrsi_core::strategy::rsi_trend::settings::{Environment, Settings, Snapshot};
use hyperrsi_core::strategy::rsi_trend::{Hyperrsi, policy};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// Keys and values they are drawn from, the simplest first.
const CHOICES: &[(&str, &[&str])] = &[
    ("leverage", &["10", "1", "3", "25"]),
    ("direction", &["both", "long", "short"]),
    ("btc_investment", &["20", "150", "900"]),
    ("min_entry_notional", &["0", "200"]),
    ("entry_multiplier", &["1", "0.5", "1.7"]),
    ("use_cooldown", &["true", "false"]),
    ("cooldown_time", &["300", "0", "130"]),
    ("rsi_length", &["3", "2", "5", "14"]),
    ("rsi_oversold", &["30", "45"]),
    ("rsi_overbought", &["70", "55"]),
    ("entry_option", &["break_through", "inflection", "inflection_break_through", "beyond"]),
    ("use_trend_logic", &["false", "false", "false", "false", "false", "false", "true"]),
    ("use_trend_close", &["true", "false"]),
    ("tp_option", &["percent", "price_offset", "atr"]),
    ("tp1_value", &["1", "0.4"]),
    ("tp2_value", &["1.5", "2"]),
    ("tp3_value", &["3", "5"]),
    ("tp1_ratio", &["30", "10"]),
    ("tp2_ratio", &["30", "15"]),
    ("tp3_ratio", &["40", "25"]),
    ("use_tp1", &["true", "true", "true", "false"]),
    ("use_tp2", &["true", "true", "true", "false"]),
    ("use_tp3", &["true", "true", "true", "false"]),
    ("use_sl", &["false", "true"]),
    ("use_sl_on_last", &["false", "true"]),
    ("sl_option", &["percent", "price_offset", "atr"]),
    ("sl_value", &["5", "1", "2.5"]),
    ("use_break_even", &["true", "false"]),
    ("use_break_even_tp2", &["true", "false"]),
    ("use_break_even_tp3", &["true", "false"]),
    ("break_even_offset_percent", &["0", "0.1"]),
    ("pyramiding_limit", &["4", "1", "2", "7"]),
    ("pyramiding_entry_type", &["percent", "price_offset", "atr"]),
    ("pyramiding_value", &["1", "0.3", "3"]),
    ("entry_criterion", &["average_price", "last_entry"]),
    ("use_check_DCA_with_price", &["true", "true", "false"]),
    ("use_rsi_with_pyramiding", &["true", "false"]),
    ("trailing_stop_active", &["true", "false"]),
    ("trailing_start_point", &["tp1", "tp2", "tp3"]),
    ("trailing_stop_type", &["percent", "tp_diff", "atr"]),
    ("trailing_stop_offset_value", &["0.5", "2"]),
    ("use_dual_side_entry", &["true", "false"]),
    ("dual_side_entry_trigger", &["1", "2", "3"]),
    ("dual_side_entry_ratio_type", &["percent_of_position", "fixed_amount"]),
    ("dual_side_entry_ratio_value", &["30", "80"]),
    (
        "dual_side_entry_tp_trigger_type",
        &["last_dca_on_position", "existing_position", "percent", "do_not_close"],
    ),
    ("dual_side_entry_tp_value", &["0.3", "2"]),
    ("close_main_on_hedge_tp", &["false", "true"]),
    ("use_dual_sl", &["false", "true"]),
    ("dual_side_entry_sl_trigger_type", &["percent", "existing_position"]),
    ("dual_side_entry_sl_value", &["1", "2", "3"]),
    ("dual_side_pyramiding_limit", &["1", "3"]),
    ("activate_tp_sl_after_all_dca", &["false", "true"]),
    ("dual_side_trend_close", &["false", "true"]),
    ("dual_side_close_on_main_sl", &["false", "true"]),
];

fn record(draws: &[usize]) -> Map<String, Value> {
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let pick = |((key, values), draw): (&(&str, &[&str]), &usize)| {
        ((*key).to_owned(), value(values[draw % values.len()]))
    };
    CHOICES.iter().zip(draws).map(pick).collect()
}

struct Case {
    settings: Settings,
    config: Config,
    strategy: Hyperrsi,
    candles: Candles,
}

impl Case {
    fn new(draws: &[usize], moves: &[(i64, i64, i64, i64)]) -> Option<Self> {
        let (settings, _) = Settings::check(&record(draws), &Environment::backtest()).ok()?;
        let mut config = config();
        config.trader = policy(&settings, &config.instrument);
        (config.trader.journal, config.trace_protection, config.close_at_end) = (false, true, true);
        (config.taker_fee, config.maker_fee) = (dec!(0.0005), dec!(-0.0001));
        config.initial_balance = dec!(10_000).into();
        let strategy = Hyperrsi::new(Snapshot::new(1, settings.clone()), &config.instrument).unwrap();
        Some(Self { settings, config, strategy, candles: series(&ohlc(&walk(moves))) })
    }

    fn run(&self, policy: IntrabarPolicy, candles: &Candles) -> Run {
        let backtest = Backtest::new(candles, self.config.clone()).unwrap();
        backtest.run_policy(&mut self.strategy.clone(), policy, &|_| {}).unwrap()
    }

    /// V2, V5, V6, V8, V10, V11; V3 and V4 are asserted by the trader itself after every input.
    fn check(&self, run: &Run) -> Result<(), TestCaseError> {
        let mut net = Decimal::ZERO;
        for trade in &run.trades {
            adds_up(trade)?;
            net += trade.net_pnl.get();
        }
        let equity = Amount::new(self.config.initial_balance.get() + net).to_f64();
        prop_assert!((run.final_equity - equity).abs() < 1e-6, "V11: {} {}", run.final_equity, equity);
        let mains: Vec<&Trade> = run.trades.iter().filter(|trade| !trade.hedge).collect();
        for pair in mains.windows(2) {
            prop_assert!(pair[0].exit_time <= pair[1].entry_time, "V8: one main leg at a time");
        }
        for main in mains {
            self.check_main(main)?;
            let of_it = |trade: &&Trade| {
                trade.hedge
                    && trade.side != main.side
                    && (main.entry_time..=main.exit_time).contains(&trade.entry_time)
            };
            let hedges = run.trades.iter().filter(of_it).map(|trade| trade.entries).sum::<u32>();
            prop_assert!(hedges <= self.settings.dual.limit, "V5: {hedges} hedge entries");
        }
        Ok(())
    }

    fn check_main(&self, main: &Trade) -> Result<(), TestCaseError> {
        stop_is_monotone(main, false)?;
        let entries: Vec<&TradeFill> = main.fills.iter().filter(|f| f.kind == TradeFillKind::Entry).collect();
        prop_assert!(main.entries <= self.settings.extra.limit, "V5: {} entries", main.entries);
        prop_assert_eq!(entries.len(), main.entries as usize);
        for pair in entries.windows(2) {
            prop_assert!(pair[0].time < pair[1].time, "V6: {:?}", main);
        }
        let mut most = self.settings.sizing.btc * Decimal::from(self.settings.market.leverage);
        for entry in entries {
            let value = entry.price.get() * entry.quantity.get();
            prop_assert!(value <= most, "V10: {value} for {most}");
            most *= self.settings.extra.multiplier;
        }
        Ok(())
    }
}

fn any_draws() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0usize..28, CHOICES.len())
}

fn any_moves() -> impl Strategy<Value = Vec<(i64, i64, i64, i64)>> {
    proptest::collection::vec((-400i64..400, -200i64..200, 0i64..150, 0i64..150), 300..420)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn v2_v3_v4_v5_v6_v8_v10_v11_hold_for_random_settings(draws in any_draws(), moves in any_moves()) {
        let Some(case) = Case::new(&draws, &moves) else { return Err(TestCaseError::reject("not valid")) };
        for policy in IntrabarPolicy::ALL {
            case.check(&case.run(policy, &case.candles))?;
        }
    }

    #[test]
    fn v9_later_candles_change_nothing_for_random_settings(
        draws in any_draws(), moves in any_moves(), cut in 220usize..300,
    ) {
        let Some(mut case) = Case::new(&draws, &moves) else { return Err(TestCaseError::reject("not valid")) };
        case.config.close_at_end = false;
        let mut early = Candles::new(Timeframe::M1);
        case.candles.iter().take(cut).for_each(|candle| early.push(candle).unwrap());
        let (whole, part) = (case.run(IntrabarPolicy::Pessimistic, &case.candles), case.run(IntrabarPolicy::Pessimistic, &early));
        prop_assert_eq!(&whole.trades[..part.trades.len()], &part.trades[..]);
        prop_assert_eq!(&whole.equity.equity[..cut], &part.equity.equity[..]);
    }
}

#[cfg(feature = "runtime")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_global_rejects: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn v14_the_runtime_decides_as_the_backtest_for_random_settings(draws in any_draws(), moves in any_moves()) {
        let Some(mut case) = Case::new(&draws, &moves) else { return Err(TestCaseError::reject("not valid")) };
        // The runtime begins with a history; its strategy is told it, and decides from then on.
        case.config.start = case.candles.get(20).map(|candle| candle.open_time);
        case.config.trace_protection = false;
        let replay =
            hyperrsi_core::runtime::replay_identical(&case.candles, &case.config, || case.strategy.clone()).unwrap();
        prop_assert!(replay.is_identical(), "{replay}");
        prop_assert!(replay.decisions > 250, "{} decisions show little", replay.decisions);
    }
}
