//! Walk-forward analysis against plain backtests of its windows, and its laws: the future cannot reach a choice, threads
//! change nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use hyperrsi_core::backtest::statistics::Random;
use hyperrsi_core::backtest::sweep::subject::Threshold;
use hyperrsi_core::backtest::sweep::{Invalid, Metric, Search, Space, Subject};
use hyperrsi_core::backtest::walk_forward::{self, Plan, WalkForward, WalkForwardError, run, run_sharing};
use hyperrsi_core::backtest::{Backtest, Config, Resampled, Room, Run};
use hyperrsi_core::model::{Amount, Candle, Instrument, InstrumentId, Span, Timeframe, Timestamp};
use hyperrsi_core::series::{Candles, FundingRates};
use hyperrsi_core::strategy;
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

const QUARTER: i64 = 900_000;
const DAY: i64 = 86_400_000;
const LENGTHS: [usize; 3] = [5, 9, 14];
const LEVELS: [f64; 2] = [30.0, 40.0];

/// Forty days of 15-minute candles; `from_day` on, another path.
fn candles(other_from_day: i64) -> Candles {
    let mut candles = Candles::new(Timeframe::M15);
    let (mut random, mut other) = (Random::new(3), Random::new(4));
    let mut price = 1_000.0_f64;
    for index in 0..40 * 96_i64 {
        let random = if index >= other_from_day * 96 { &mut other } else { &mut random };
        let mut step = || (random.below(2_001) as f64 - 1_000.0) / 1_000.0;
        let open = price;
        let close = ((open * (1.0 + 0.006 * step())) * 10.0).round() / 10.0;
        let high = open.max(close) + (step().abs() * 20.0).round() / 10.0;
        let low = open.min(close) - (step().abs() * 20.0).round() / 10.0;
        candles
            .push(Candle::new(Timestamp::from_millis(index * QUARTER), open, high, low, close, 1.0))
            .unwrap();
        price = close;
    }
    candles
}

fn config() -> Config {
    Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"))
}

fn space() -> Space {
    let mut space = Space::new(Map::new());
    space.add("rsi_length=5,9,14".parse().unwrap()).unwrap();
    space.add("level=30,40".parse().unwrap()).unwrap();
    space
}

fn plan() -> Plan {
    let mut plan = Plan::new(Span::days(10), Span::days(5));
    plan.metric = Metric::NetPnl;
    plan.warm_up = 100;
    plan.draws = 200;
    plan
}

fn walk(candles: &Candles, plan: &Plan) -> WalkForward {
    run(&Threshold::new(config(), Timeframe::M15), &space(), candles, plan, &mut |_, _| {}).unwrap()
}

/// A plain backtest over candles cut out by hand: 100 candles of warm-up, then `from..to`, in days.
fn by_hand(candles: &Candles, (from, to): (i64, i64), combo: u64, balance: Decimal) -> Run {
    let first = (from * 96 - 100).max(0);
    let mut cut = Candles::new(Timeframe::M15);
    for candle in candles.iter().take((to * 96) as usize).skip(first as usize) {
        cut.push(candle).unwrap();
    }
    let mut config = config();
    config.start = Some(Timestamp::from_millis(from * DAY));
    config.initial_balance = Amount::new(balance);
    let (length, level) = (LENGTHS[combo as usize / 2], LEVELS[combo as usize % 2]);
    let mut rule = strategy::Threshold::new(Timeframe::M15, length).unwrap().level(level);
    Backtest::new(&cut, config).unwrap().run(&mut rule).unwrap()
}

#[test]
fn every_step_is_the_best_of_its_training_followed_by_a_plain_backtest() {
    let candles = candles(99);
    for anchored in [false, true] {
        let mut plan = plan();
        plan.anchored = anchored;
        let walk = walk(&candles, &plan);
        assert_eq!(walk.steps.len(), 6);
        let mut balance = Decimal::from(10_000);
        let (mut trades, mut equity) = (Vec::new(), Vec::new());
        for (number, step) in walk.steps.iter().enumerate() {
            let split = 10 + 5 * number as i64;
            let start = if anchored { 0 } else { split - 10 };
            let net = |combo| -> f64 {
                let run = by_hand(&candles, (start, split), combo, Decimal::from(10_000));
                run.trades.iter().map(|trade| trade.net_pnl.to_f64()).sum()
            };
            let nets: Vec<f64> = (0..6).map(net).collect();
            let best = (0..6).max_by(|a, b| nets[*a].total_cmp(&nets[*b]).then(b.cmp(a))).unwrap();
            assert_eq!(step.chosen, Some(best as u64), "{nets:?}");
            let trained = step.train.as_ref().unwrap().get(Metric::NetPnl).unwrap();
            assert!((trained - nets[best]).abs() < 1e-9);
            let test = by_hand(&candles, (split, split + 5), best as u64, balance);
            let net: Decimal = test.trades.iter().map(|trade| trade.net_pnl.get()).sum();
            balance = (balance + net).round_dp(8);
            trades.extend(test.trades);
            equity.extend(test.equity.equity);
        }
        assert!(trades.len() > 20, "{}", trades.len());
        assert_eq!(walk.trades, trades);
        assert_eq!(walk.equity.equity, equity);
        let times: Vec<i64> = (10 * 96..40 * 96).map(|index| (index + 1) * QUARTER).collect();
        assert_eq!(walk.equity.times, times, "every candle after the first training, once");
        assert!((walk.final_equity - balance.to_string().parse::<f64>().unwrap()).abs() < 1e-6);
        assert_eq!((walk.runs, walk.trials.tried), (6 * 7 + 6, 6));
    }
}

#[test]
fn what_comes_later_reaches_no_choice_and_no_test_before_it() {
    let (one, other) = (walk(&candles(99), &plan()), walk(&candles(25), &plan()));
    // Tests end on days 15, 20, 25, 30, 35, 40; the series part on day 25.
    assert_eq!(one.steps[..3], other.steps[..3]);
    assert_eq!(one.steps[3].chosen, other.steps[3].chosen, "trained on days 15 to 25");
    assert_eq!(one.equity.equity[..15 * 96], other.equity.equity[..15 * 96]);
    assert_ne!(one.equity.equity[15 * 96..], other.equity.equity[15 * 96..]);
}

#[test]
fn threads_and_repetition_change_nothing() {
    let candles = candles(99);
    let mut plan = plan();
    let one = walk(&candles, &plan);
    plan.threads = 3;
    assert_eq!(walk(&candles, &plan), one);
    plan.search = Search::Random { samples: 6, seed: 9 };
    let random = walk(&candles, &plan);
    assert_eq!((random.steps, random.trades), (one.steps, one.trades), "all six, in another order");
}

/// The plain rule, whose first combination waits until the others have gone as far as they may.
struct FirstIsSlow {
    rule: Threshold,
    caller: ThreadId,
    begun: AtomicUsize,
    most: AtomicUsize,
}

impl Subject for FirstIsSlow {
    type Strategy = strategy::Threshold;
    fn name(&self) -> &str {
        "first_is_slow"
    }
    fn keys(&self) -> Vec<&str> {
        self.rule.keys()
    }
    fn build(&self, record: Map<String, Value>) -> Result<(Config, Self::Strategy), Invalid> {
        // What is asked on the caller's thread is what a combination needs, not a run.
        if thread::current().id() != self.caller {
            let round = self.begun.fetch_add(1, Ordering::SeqCst) / 600 * 600; // of the whole time, of the training
            let first = record["level"].as_str().is_some_and(|level| level.parse() == Ok(20.0));
            let mut after = 0;
            while first && after < 20_000 {
                let begun = self.begun.load(Ordering::SeqCst) - round;
                self.most.fetch_max(begun, Ordering::SeqCst);
                after += u32::from(begun >= 256);
                thread::yield_now();
            }
        }
        self.rule.build(record)
    }
}

#[test]
fn results_that_wait_for_a_slow_run_are_few() {
    let mut few = Candles::new(Timeframe::M15);
    candles(99).iter().take(96).for_each(|candle| few.push(candle).unwrap());
    let mut space = Space::new(Map::new());
    space.add("level=20..79.9:0.1".parse().unwrap()).unwrap();
    assert_eq!(space.size(), 600);
    let (rule, caller) = (Threshold::new(config(), Timeframe::M15), thread::current().id());
    let subject = FirstIsSlow { rule, caller, begun: AtomicUsize::new(0), most: AtomicUsize::new(0) };
    let mut plan = Plan::new(Span::hours(12), Span::hours(12));
    (plan.threads, plan.draws, plan.warm_up) = (2, 1, 1);
    let mut told = 0;
    run(&subject, &space, &few, &plan, &mut |_, _| told += 1).unwrap();
    assert_eq!(subject.most.load(Ordering::SeqCst), 256, "of 600 that were begun while the first ran");
    assert_eq!(told, 1_200, "and every one was run in the end");
}

#[test]
fn a_test_that_ends_with_the_candles_says_how_long_it_was_meant_to_be() {
    let candles = candles(99);
    let mut plan = plan();
    for (test, said) in [
        (5, None),
        (7, Some("the last test has 2 of 7 days: the candles end there")),
        (400, Some("the only test has 30 of 400 days: the candles end there")),
    ] {
        plan.test = Span::days(test);
        let walk = walk(&candles, &plan);
        let text = walk_forward::text(&walk, &space(), plan.metric);
        let page = walk_forward::page(&walk, &space(), plan.metric, &[]);
        match said {
            Some(said) => assert!(text.contains(said) && page.contains(said), "{text}"),
            None => {
                assert!(!text.contains("the candles end there") && !page.contains("the candles end there"))
            }
        }
    }
}

#[test]
fn a_training_without_enough_trades_chooses_nothing_and_its_test_stays_out() {
    let mut plan = plan();
    plan.least_trades = 10_000;
    let walk = walk(&candles(99), &plan);
    assert!(walk.steps.iter().all(|step| step.chosen.is_none() && step.test.is_none()));
    assert_eq!((walk.trades.len(), walk.final_equity.to_bits()), (0, 10_000_f64.to_bits()));
    assert_eq!(walk.equity.equity, vec![10_000.0; 30 * 96]);
    assert!(walk.trials.best.is_none() && walk.trials.deflated.is_none());
}

#[test]
fn what_cannot_be_walked_says_why() {
    let subject = Threshold::new(config(), Timeframe::M15);
    let candles = candles(99);
    let fail = |space: &Space, plan: &Plan| run(&subject, space, &candles, plan, &mut |_, _| {}).unwrap_err();
    let long = Plan::new(Span::days(40), Span::days(5));
    let error = fail(&space(), &long).to_string();
    assert!(
        error.ends_with("too few for a training of 40 days and a test after it; use shorter ones"),
        "{error}"
    );
    assert_eq!(
        fail(&space(), &Plan::new(Span::ZERO, Span::days(5))),
        WalkForwardError::Length("the training")
    );
    let mut wrong = Space::new(Map::new());
    wrong.add("level=200,300".parse().unwrap()).unwrap();
    assert!(fail(&wrong, &plan()).to_string().contains("level must be between 0 and 100, got 200"));
}

/// A rate of 1 % every eight hours.
fn dear() -> FundingRates {
    let mut rates = FundingRates::default();
    for n in 0..40 * 3_i64 {
        rates.push(Timestamp::from_millis(n * DAY / 3), Decimal::new(1, 2), None).unwrap();
    }
    rates
}

#[test]
fn every_test_pays_the_funding_that_a_backtest_of_its_window_pays() {
    let (candles, rates, plan) = (candles(99), dear(), plan());
    let shared = Resampled::new(&candles).with_funding(&rates);
    let subject = Threshold::new(config(), Timeframe::M15);
    let found = run_sharing(&subject, &space(), &shared, &plan, &mut |_, _| {}).unwrap();
    let step = found.steps.iter().find(|step| step.chosen.is_some()).expect("a combination was chosen");
    let record = space().record(step.chosen.unwrap());
    let (mut config, mut strategy) = subject.build(record).unwrap();
    (config.start, config.end) = (Some(step.window.test.start), Some(step.window.test.end));
    config.close_at_end = true;
    let plain = Backtest::new(&candles, config).unwrap().with_funding(&rates).run(&mut strategy).unwrap();
    assert!(plain.trades.iter().any(|trade| trade.funding < Amount::ZERO), "something is paid");
    let paid = |trades: &[hyperrsi_core::position::Trade]| -> Vec<Amount> {
        let inside = |t: &&hyperrsi_core::position::Trade| step.window.test.contains(&t.entry_time);
        trades.iter().filter(inside).map(|trade| trade.funding).collect()
    };
    assert_eq!(paid(&found.trades), paid(&plain.trades));
    let without = walk(&candles, &plan);
    assert!(without.trades.iter().all(|trade| trade.funding == Amount::ZERO));
}

#[test]
fn a_sweep_scores_what_is_left_after_funding() {
    use hyperrsi_core::backtest::sweep::tally;
    let (candles, rates) = (candles(99), dear());
    let shared = Resampled::new(&candles).with_funding(&rates);
    let subject = Threshold::new(config(), Timeframe::M15);
    let swept = tally(&subject, &space(), &shared, 0, &mut Room::default()).unwrap();
    let (config, mut strategy) = subject.build(space().record(0)).unwrap();
    let plain = Backtest::new(&candles, config).unwrap().with_funding(&rates).run(&mut strategy).unwrap();
    assert!(plain.trades.iter().any(|trade| trade.funding < Amount::ZERO));
    assert_eq!(swept.trades, plain.trades);
}
