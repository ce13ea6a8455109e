use super::{Invalid, Score, Search, Space, Subject};
use crate::backtest::{Backtest, Resampled, Room, Tally};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

/// What came of one combination.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of the combination in its [`Space`].
    pub combo: u64,
    /// Its numbers, or why it could not be run.
    pub outcome: Result<Score, Invalid>,
}

/// Runs the combinations a search asks for on `threads` threads and hands each row to `each`, on the caller's thread, in
/// the order in which they finish. Combinations in `done` are left out. Rows do not depend on the number of threads.
///
/// Each run is one pass of the whole engine under the configured intrabar policy ([`Backtest::tally`]). Of a finished run
/// only its row is kept. A combination that cannot be run, or whose strategy panics, becomes a row that says why.
///
/// `each` stops everything by breaking; runs under way are finished and dropped.
///
/// ```
/// # use hyperrsi_core::backtest::{Config, Resampled};
/// # use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
/// # use hyperrsi_core::series::Candles;
/// use hyperrsi_core::backtest::sweep::{self, Metric, Ranking, Search, Space, subject};
/// use std::collections::BTreeSet;
/// use std::ops::ControlFlow;
/// # let mut candles = Candles::new(Timeframe::M1);
/// # for minute in 0..500_i64 {
/// #     let price = 100.0 + 10.0 * (minute as f64 / 9.0).sin();
/// #     let open_time = Timestamp::from_millis(minute * 60_000);
/// #     candles.push(Candle::new(open_time, price, price + 0.5, price - 0.5, price, 1.0))?;
/// # }
/// # let config = Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"));
/// let mut space = Space::new(serde_json::Map::new());
/// space.add("rsi_length=5..20:5".parse()?)?;
/// space.add("level=25,30,35".parse()?)?;
/// let subject = subject::Threshold::new(config, Timeframe::M1);
/// let mut best = Ranking::new(Metric::ReturnPercent, 5);
/// let stopped: ControlFlow<()> = sweep::run(
///     &subject,
///     &space,
///     Search::Grid,
///     &Resampled::new(&candles),
///     2,
///     &BTreeSet::new(),
///     &mut |row| {
///         best.offer(&row);
///         ControlFlow::Continue(())
///     },
/// );
/// assert!(stopped.is_continue());
/// assert_eq!(best.finished(), 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run<S: Subject, B>(
    subject: &S,
    space: &Space,
    search: Search,
    candles: &Resampled<'_>,
    threads: usize,
    done: &BTreeSet<u64>,
    each: &mut dyn FnMut(Row) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let score = |_: u64, combo: u64, room: &mut Room| -> Row {
        let outcome = tally(subject, space, candles, combo, room).map(|tally| Score::of(&tally));
        Row { combo, outcome }
    };
    each_combo(space, search, threads, done, &score, each)
}

/// Runs one combination.
///
/// # Errors
/// [`Invalid`] says why it cannot be run; a strategy that panics is one reason.
pub fn tally<S: Subject>(
    subject: &S,
    space: &Space,
    candles: &Resampled<'_>,
    combo: u64,
    room: &mut Room,
) -> Result<Tally, Invalid> {
    let once = AssertUnwindSafe(|| {
        let (config, mut strategy) = subject.build(space.record(combo))?;
        let tally = Backtest::sharing(candles, config)?.tally(&mut strategy, room)?;
        match &tally.failure {
            Some(failure) => Err(Invalid::new("panic", failure.to_string())),
            None => Ok(tally),
        }
    });
    // What a panic leaves behind is `room`, which the next run clears.
    catch_unwind(once).unwrap_or_else(|_| Err(Invalid::new("panic", "the strategy panicked")))
}

/// The scaffold of [`run`]: `work` on many threads, given what number of the search it is and the combination; `each` on
/// this one.
pub(crate) fn each_combo<R: Send, B>(
    space: &Space,
    search: Search,
    threads: usize,
    done: &BTreeSet<u64>,
    work: &(dyn Fn(u64, u64, &mut Room) -> R + Sync),
    each: &mut dyn FnMut(R) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let (size, count) = (space.size(), search.count(space.size()));
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let (sender, receiver) = sync_channel(256);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                let mut room = Room::default();
                while !stop.load(Ordering::Relaxed) {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count {
                        break;
                    }
                    let combo = search.combo(size, nth);
                    if !done.contains(&combo) && sender.send(work(nth, combo, &mut room)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let outcome = receiver.iter().try_for_each(each);
        stop.store(true, Ordering::Relaxed);
        drop(receiver);
        outcome
    })
}

#[cfg(test)]
mod tests {
    use super::super::subject::Threshold;
    use super::*;
    use crate::backtest::Config;
    use crate::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
    use crate::series::Candles;
    use crate::strategy::{Context, Decision, Needs, Strategy};
    use serde_json::{Map, Value};

    fn candles() -> Candles {
        let mut candles = Candles::new(Timeframe::M15);
        for index in 0..2_000_i64 {
            let close = 100.0 + 8.0 * (index as f64 / 13.0).sin() + (index as f64 / 3.0).cos();
            let time = Timestamp::from_millis(index * 900_000);
            candles.push(Candle::new(time, close, close + 0.6, close - 0.6, close, 1.0)).unwrap();
        }
        candles
    }

    fn config() -> Config {
        Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"))
    }

    fn space(axes: &[&str]) -> Space {
        let mut space = Space::new(Map::new());
        axes.iter().for_each(|axis| space.add(axis.parse().unwrap()).unwrap());
        space
    }

    fn rows<S: Subject>(
        subject: &S,
        space: &Space,
        search: Search,
        threads: usize,
        done: &[u64],
    ) -> Vec<Row> {
        let candles = candles();
        let mut rows = Vec::new();
        let stopped = run::<_, ()>(
            subject,
            space,
            search,
            &Resampled::new(&candles),
            threads,
            &done.iter().copied().collect(),
            &mut |row| {
                rows.push(row);
                ControlFlow::Continue(())
            },
        );
        assert!(stopped.is_continue());
        rows.sort_by_key(|row| row.combo);
        rows
    }

    #[test]
    fn a_row_is_what_a_run_with_those_settings_makes_on_any_number_of_threads() {
        let subject = Threshold::new(config(), Timeframe::M15);
        let space = space(&["rsi_length=5,14", "level=30,40"]);
        let one = rows(&subject, &space, Search::Grid, 1, &[]);
        assert_eq!(one, rows(&subject, &space, Search::Grid, 3, &[]));
        let combos: Vec<u64> = one.iter().map(|row| row.combo).collect();
        assert_eq!(combos, [0, 1, 2, 3]);
        let candles = candles();
        let test = Backtest::new(&candles, config()).unwrap();
        for (row, (length, level)) in one.iter().zip([(5, 30.0), (5, 40.0), (14, 30.0), (14, 40.0)]) {
            let mut rule = crate::strategy::Threshold::new(Timeframe::M15, length).unwrap().level(level);
            let run = test.run(&mut rule).unwrap();
            let score = row.outcome.as_ref().unwrap();
            assert!(!run.trades.is_empty());
            assert_eq!(score.get(super::super::Metric::Trades), Some(run.trades.len() as f64));
            assert_eq!(score.get(super::super::Metric::FinalEquity), Some(run.final_equity));
        }
    }

    #[test]
    fn finished_ones_are_left_out_and_invalid_ones_say_why() {
        let subject = Threshold::new(config(), Timeframe::M15);
        let space = space(&["level=20,30,200"]);
        let rows = rows(&subject, &space, Search::Random { samples: 9, seed: 1 }, 2, &[1]);
        assert_eq!(rows.iter().map(|row| row.combo).collect::<Vec<_>>(), [0, 2]);
        assert!(rows[0].outcome.is_ok());
        assert_eq!(rows[1].outcome.as_ref().unwrap_err().code, "level");
    }

    #[test]
    fn breaking_stops_the_rest() {
        let subject = Threshold::new(config(), Timeframe::M15);
        let candles = candles();
        let mut seen = 0;
        let stopped = run(
            &subject,
            &space(&["level=1..90:1"]),
            Search::Grid,
            &Resampled::new(&candles),
            2,
            &BTreeSet::new(),
            &mut |_| {
                seen += 1;
                if seen == 3 { ControlFlow::Break("enough") } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!((stopped, seen), (ControlFlow::Break("enough"), 3));
    }

    struct Fragile;
    impl Strategy for Fragile {
        fn needs(&self) -> Needs {
            Needs::candles(Timeframe::M15, 1)
        }
        fn on_candle(&mut self, _: &Context<'_>, _: &Candle) -> Decision {
            panic!("a fault of the strategy")
        }
    }
    impl Subject for Fragile {
        type Strategy = Self;
        fn name(&self) -> &str {
            "fragile"
        }
        fn keys(&self) -> Vec<&str> {
            Vec::new()
        }
        fn build(&self, _: Map<String, Value>) -> Result<(Config, Self), Invalid> {
            Ok((config(), Self))
        }
    }

    #[test]
    fn a_strategy_that_panics_loses_its_row_and_nothing_else() {
        let rows = rows(&Fragile, &space(&[]), Search::Grid, 1, &[]);
        assert_eq!(rows[0].outcome.as_ref().unwrap_err().code, "panic");
    }
}
