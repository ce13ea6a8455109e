//! Laws of TRADING 19 and of the architecture over random plans, decisions and candles, under every intrabar policy.

use crate::market::*;
use crate::naive_compare::{any_moves, any_rules, ohlc, plan_of, walk};
use crate::support::*;
use hyperrsi_core::backtest::{Backtest, Config, IntrabarPolicy, Run};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{ExitReason, Trade, TradeFillKind};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::{Context, Decision, Intent, LegState, Needs, Strategy as Idea};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Enters, adds, leaves in part and whole, by a list of choices, one a candle.
#[derive(Clone, Debug)]
struct Chance {
    choices: Vec<u8>,
    rules: crate::naive::Rules,
    seen: usize,
}

impl Idea for Chance {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 1)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
        self.seen += 1;
        let size = Size::Base(self.rules.quantity.into());
        let choice = self.choices.get(self.seen - 1).copied().unwrap_or(9);
        let Some(leg) = ctx.main_leg().filter(|leg| leg.state == LegState::Open) else {
            let side = if self.rules.long == (choice % 2 == 0) { LONG } else { SHORT };
            return if choice < 5 {
                Decision::enter(side, size, plan_of(&self.rules))
            } else {
                Decision::hold()
            };
        };
        let side = leg.side;
        match choice {
            0 => Decision::of(Intent::Add { side, size }),
            1 => Decision::of(Intent::Exit { side, fraction: dec!(0.37), reason: ExitReason::Strategy }),
            2 => Decision::exit(side, ExitReason::TrendReversal),
            3 => Decision::of(Intent::Retune { side, exits: plan_of(&self.rules).into() }),
            _ => Decision::hold(),
        }
    }
}

fn settings(rules: &crate::naive::Rules, cooldown: bool) -> Config {
    let mut config = config();
    config.instrument = instrument(rules.tick, rules.lot, rules.min.max(rules.lot));
    (config.taker_fee, config.maker_fee) = (dec!(0.0005), dec!(-0.0001));
    config.slippage_percent = dec!(0.03);
    config.trader.leverage = 3;
    config.trader.cooldown = cooldown.then(|| Span::seconds(130));
    config.trace_protection = true;
    config
}

fn play(config: &Config, policy: IntrabarPolicy, chance: &Chance, candles: &[Ohlc]) -> Run {
    let series = series(candles);
    Backtest::new(&series, config.clone()).unwrap().run_policy(&mut chance.clone(), policy, &|_| {}).unwrap()
}

/// I5 and I3 for one trade, from its fills alone, to the last decimal.
pub fn adds_up(trade: &Trade) -> Result<(), TestCaseError> {
    let (mut cash, mut open, mut fees) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for fill in &trade.fills {
        let (p, q) = (fill.price.get(), fill.quantity.get());
        prop_assert!(q > Decimal::ZERO);
        fees += fill.fee.get();
        match fill.kind {
            TradeFillKind::Entry => (cash, open) = (cash - p * q, open + q),
            TradeFillKind::Exit(_) => (cash, open) = (cash + p * q, open - q),
        }
        prop_assert!(open >= Decimal::ZERO, "never sold more than was open");
    }
    prop_assert_eq!(open, Decimal::ZERO);
    prop_assert_eq!(cash * trade.side.sign(), trade.gross_pnl.get());
    prop_assert_eq!(fees, trade.fees.get());
    prop_assert_eq!(trade.gross_pnl.get() - fees + trade.funding.get(), trade.net_pnl.get());
    let last = trade.fills.last().map(|fill| fill.kind);
    prop_assert_eq!(last, Some(TradeFillKind::Exit(trade.reason)));
    Ok(())
}

/// V2: the stop never moves away from the market between two entries.
pub fn stop_is_monotone(trade: &Trade, retuned: bool) -> Result<(), TestCaseError> {
    if retuned {
        return Ok(()); // new exits by decision are a new epoch
    }
    let entries: Vec<Timestamp> =
        trade.fills.iter().filter(|f| f.kind == TradeFillKind::Entry).map(|f| f.time).collect();
    for pair in trade.protection.windows(2) {
        let (from, to) = (&pair[0], &pair[1]);
        if entries.iter().any(|at| (from.time..=to.time).contains(at)) {
            continue;
        }
        if let Some((old, _)) = from.stop {
            let (new, _) = to.stop.ok_or_else(|| TestCaseError::fail("the stop is gone"))?;
            prop_assert!((new.get() - old.get()) * trade.side.sign() >= Decimal::ZERO, "{:?}", trade);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn v2_v11_i3_i5_every_trade_adds_up_and_no_stop_loosens(
        rules in any_rules(), moves in any_moves(60), choices in proptest::collection::vec(0u8..10, 60), cooldown in any::<bool>(),
    ) {
        let candles = ohlc(&walk(&moves));
        let chance = Chance { choices, rules, seen: 0 };
        let mut config = settings(&chance.rules, cooldown);
        config.close_at_end = true;
        for policy in IntrabarPolicy::ALL {
            let run = play(&config, policy, &chance, &candles);
            let mut net = Decimal::ZERO;
            for trade in &run.trades {
                adds_up(trade)?;
                stop_is_monotone(trade, chance.choices.contains(&3))?;
                net += trade.net_pnl.get();
            }
            // Equity is deposits plus everything realised; nothing is open at the end.
            let equity = Amount::new(config.initial_balance.get() + net).to_f64();
            prop_assert!((run.final_equity - equity).abs() < 1e-6, "{} {}", run.final_equity, equity);
            // One leg at a time, one entry per candle and side, in order.
            for pair in run.trades.windows(2) {
                prop_assert!(pair[0].exit_time <= pair[1].entry_time);
                if cooldown && pair[0].side == pair[1].side {
                    // The entry was decided at the close before its fill, which is the open of the next candle.
                    prop_assert!(pair[1].entry_time >= pair[0].exit_time + Span::seconds(130));
                }
            }
            for trade in &run.trades {
                let entries: Vec<_> = trade.fills.iter().filter(|f| f.kind == TradeFillKind::Entry).collect();
                prop_assert_eq!(entries.len(), trade.entries as usize);
                for pair in entries.windows(2) {
                    prop_assert!(pair[0].time < pair[1].time, "V6");
                }
                for entry in entries {
                    prop_assert!(entry.quantity.get() <= chance.rules.quantity, "V10");
                }
            }
        }
    }

    #[test]
    fn v9_later_candles_change_nothing_before_them(
        rules in any_rules(), moves in any_moves(60), choices in proptest::collection::vec(0u8..10, 60), cut in 2usize..60,
    ) {
        let candles = ohlc(&walk(&moves));
        let cut = cut.min(candles.len());
        let chance = Chance { choices, rules, seen: 0 };
        let config = settings(&chance.rules, false);
        for policy in IntrabarPolicy::ALL {
            let (whole, part) =
                (play(&config, policy, &chance, &candles), play(&config, policy, &chance, &candles[..cut]));
            prop_assert!(whole.trades.len() >= part.trades.len());
            prop_assert_eq!(&whole.trades[..part.trades.len()], &part.trades[..]);
            prop_assert_eq!(&whole.equity.equity[..cut], &part.equity.equity[..]);
        }
    }

    #[test]
    fn s15_9_the_same_run_twice_gives_the_same_bytes(
        rules in any_rules(), moves in any_moves(40), choices in proptest::collection::vec(0u8..10, 40),
    ) {
        let candles = series(&ohlc(&walk(&moves)));
        let chance = Chance { choices, rules, seen: 0 };
        let bytes = || {
            let backtest = Backtest::new(&candles, settings(&chance.rules, true)).unwrap();
            let report = backtest.report(|| chance.clone(), &|_, _| {}).unwrap();
            serde_json::to_vec(&report).unwrap()
        };
        prop_assert_eq!(bytes(), bytes());
    }
}
