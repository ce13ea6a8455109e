//! Proves of a strategy that it neither looks ahead nor hides state.
//!
//! The strategy is run over the same candles again and again, through the real backtest, and every [`Decision`] it makes
//! is compared with the first run's:
//!
//! | trial | what changes | what a difference shows |
//! |---|---|---|
//! | [`Again`](Trial::Again) | nothing; a new strategy | chance, a clock, or state shared between instances |
//! | [`Truncated`](Trial::Truncated) | later candles do not exist | lookahead |
//! | [`Perturbed`](Trial::Perturbed) | later candles have other prices | lookahead |
//! | [`Resumed`](Trial::Resumed) | after some candle a new strategy takes over | state that neither candles, [`Context`](crate::strategy::Context) nor [`save`](Strategy::save) hold |
//!
//! A strategy that takes over is given what one has after a restart: all candles up to then, with flat legs and its
//! decisions dropped, and then the saved state, if there is one, by way of JSON text.
//!
//! A trial can only prove what it varies. Candles the strategy should not have must come from the argument of `make`: a
//! strategy that captured a series elsewhere sees the same future in every trial.
//!
//! ```
//! use hyperrsi_core::backtest::Config;
//! use hyperrsi_core::conformance::strategy::Verifier;
//! # use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
//! # use hyperrsi_core::series::Candles;
//! use hyperrsi_core::strategy::Threshold;
//! # let mut candles = Candles::new(Timeframe::M1);
//! # for minute in 0..500_i64 {
//! #     let price = 100.0 + 10.0 * (minute as f64 / 9.0).sin();
//! #     let open_time = Timestamp::from_millis(minute * 60_000);
//! #     candles.push(Candle::new(open_time, price, price + 0.5, price - 0.5, price, 1.0))?;
//! # }
//! # let config = Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"));
//! let rule = Threshold::new(Timeframe::M1, 14)?;
//! let verified = Verifier::new(&candles, config).verify(|_candles| rule.clone())?;
//! assert!(verified.actions > 0, "a strategy that never acts proves little");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod difference;
mod future;
mod probe;

pub use difference::{Call, Difference, Perturbation, Trial, Violation};

use crate::backtest::{Backtest, Config};
use crate::model::Timestamp;
use crate::series::Candles;
use crate::strategy::{Decision, Strategy};
use probe::{Handover, Probe};
use std::collections::BTreeSet;

/// What the verifier did, when it found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Candles of the signal timeframe that were decided about.
    pub bars: usize,
    /// Decisions compared per run, fills and longer timeframes included.
    pub decisions: usize,
    /// Those of them that asked for something. With 0 the proof is empty.
    pub actions: usize,
    /// Candles after which the future was changed.
    pub cuts: usize,
    /// Candles after which a new strategy took over.
    pub handovers: usize,
}

/// Runs the trials. The defaults take about a hundred runs over parts of the candles.
#[derive(Clone, Debug)]
pub struct Verifier<'a> {
    candles: &'a Candles,
    config: Config,
    cuts: usize,
    handovers: usize,
    seed: u64,
}

impl<'a> Verifier<'a> {
    /// Trials over these candles, with the assumptions of `config`.
    pub const fn new(candles: &'a Candles, config: Config) -> Self {
        Self { candles, config, cuts: 24, handovers: 8, seed: 1 }
    }

    /// After how many candles the future is changed, 24 unless set: half of them candles on which the strategy acted,
    /// half drawn at random. Each costs four runs up to that candle.
    #[must_use]
    pub const fn cuts(mut self, cuts: usize) -> Self {
        self.cuts = cuts;
        self
    }

    /// After how many candles a new strategy takes over, 8 unless set. Each costs a run over all candles.
    #[must_use]
    pub const fn handovers(mut self, handovers: usize) -> Self {
        self.handovers = handovers;
        self
    }

    /// Another choice of random candles; the same seed chooses the same ones.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs every trial. `make` builds a new strategy that may know `candles`, which end or change in a trial.
    ///
    /// # Errors
    /// [`Violation`]: of all differences of the first kind of trial that found any, the one on the earliest candle.
    pub fn verify<S: Strategy>(&self, make: impl Fn(&Candles) -> S) -> Result<Verified, Violation> {
        let base = self.run(self.candles, Probe::new(make(self.candles)))?;
        let again = self.run(self.candles, Probe::new(make(self.candles)))?;
        if let Some(difference) = Difference::between(Trial::Again, usize::MAX, &base, &again) {
            return Err(difference.into());
        }
        let first = base.first().map_or(0, |call| call.bar);
        let bars = base.last().map_or(0, |call| call.bar + 1);
        let acting = |call: &&Call| call.decision.as_ref().is_some_and(|d| !d.intents.is_empty());
        let actions: Vec<usize> = base.iter().filter(acting).map(|call| call.bar).collect();
        let cuts = self.chosen(self.cuts, &actions, first..bars.saturating_sub(1));
        self.futures(&make, &base, &cuts)?;
        let handovers = self.chosen(self.handovers, &actions, first..bars.saturating_sub(1));
        self.resumed(&make, &base, &handovers)?;
        Ok(Verified {
            bars,
            decisions: base.len(),
            actions: actions.len(),
            cuts: cuts.len(),
            handovers: handovers.len(),
        })
    }

    fn futures<S: Strategy>(
        &self,
        make: &impl Fn(&Candles) -> S,
        base: &[Call],
        cuts: &BTreeSet<usize>,
    ) -> Result<(), Violation> {
        let mut found: Option<Difference> = None;
        for cut in cuts {
            if found.as_ref().is_some_and(|difference| difference.bar <= *cut / 2) {
                break; // an earlier one is not to be expected
            }
            let Some(after) = self.open_time(*cut) else { continue };
            let mut futures = vec![(Trial::Truncated { after }, future::truncated(self.candles, *cut))];
            futures.extend(Perturbation::ALL.iter().map(|how| {
                (Trial::Perturbed { after, how: *how }, future::perturbed(self.candles, *cut, *how))
            }));
            for (trial, series) in futures {
                let calls = self.run_until(&series, *cut, Probe::new(make(&series)))?;
                let difference = Difference::between(trial, *cut, base, &calls);
                found = earlier(found, difference);
            }
        }
        found.map_or(Ok(()), |difference| Err(difference.into()))
    }

    fn resumed<S: Strategy>(
        &self,
        make: &impl Fn(&Candles) -> S,
        base: &[Call],
        handovers: &BTreeSet<usize>,
    ) -> Result<(), Violation> {
        let mut found = None;
        for bar in handovers {
            let Some(after) = self.open_time(*bar) else { continue };
            let handover = Handover::new(*bar, make(self.candles), make(self.candles));
            let calls = self.run(self.candles, Probe::new(make(self.candles)).handing_over(handover))?;
            found = earlier(found, Difference::between(Trial::Resumed { after }, usize::MAX, base, &calls));
        }
        found.map_or(Ok(()), |difference| Err(difference.into()))
    }

    fn open_time(&self, bar: usize) -> Option<Timestamp> {
        self.candles.get(bar).map(|candle| candle.open_time)
    }

    fn run<S: Strategy>(&self, series: &Candles, probe: Probe<S>) -> Result<Vec<Call>, Violation> {
        drive(series, self.config.clone(), probe)
    }

    /// Decisions up to and including one candle.
    fn run_until<S: Strategy>(
        &self,
        series: &Candles,
        bar: usize,
        probe: Probe<S>,
    ) -> Result<Vec<Call>, Violation> {
        let mut config = self.config.clone();
        if let Some(next) = self.open_time(bar + 1) {
            config.end = Some(config.end.map_or(next, |end| end.min(next)));
        }
        drive(series, config, probe)
    }

    /// Half candles on which something was asked for, the first and the last of them included; half random ones.
    fn chosen(&self, count: usize, actions: &[usize], range: std::ops::Range<usize>) -> BTreeSet<usize> {
        let mut chosen = BTreeSet::new();
        if range.is_empty() || count == 0 {
            return chosen;
        }
        let half = (count / 2).min(actions.len());
        for i in 0..half {
            let at = i * actions.len().saturating_sub(1) / half.saturating_sub(1).max(1);
            chosen.extend(actions.get(at).copied().filter(|bar| range.contains(bar)));
        }
        let mut state = self.seed;
        for _ in 0..4 * count {
            if chosen.len() >= count {
                break;
            }
            let bar = range.start as u64 + next_random(&mut state) % range.len() as u64;
            chosen.insert(bar as usize);
        }
        chosen
    }
}

fn drive<S: Strategy>(series: &Candles, config: Config, mut probe: Probe<S>) -> Result<Vec<Call>, Violation> {
    Backtest::new(series, config)?.run(&mut probe)?;
    probe.into_calls()
}

fn earlier(a: Option<Difference>, b: Option<Difference>) -> Option<Difference> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.bar < a.bar { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed draws the same numbers everywhere.
const fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What a decision asks for, in a few words.
fn brief(decision: &Decision) -> String {
    use crate::strategy::{Intent, Rest};
    let mut words: Vec<String> = decision
        .intents
        .iter()
        .map(|intent| match intent {
            Intent::Enter { side, size, .. } => format!("enter {side} {size:?}"),
            Intent::Add { side, size } => format!("add to {side} {size:?}"),
            Intent::Exit { side, fraction, reason } => format!("exit {fraction} of {side} ({reason})"),
            Intent::Hedge { side, size, .. } => format!("hedge {side} {size:?}"),
            Intent::Withhold { side, withheld: true } => format!("withhold the limit entry of {side}"),
            Intent::Withhold { side, withheld: false } => format!("let the limit entry of {side} rest"),
            Intent::Replan { side, .. } => format!("replan {side}"),
            Intent::Retune { side, .. } => format!("retune {side}"),
        })
        .collect();
    if let Rest::Set(entries) = &decision.rest {
        words.push(format!("rest {} entries", entries.len()));
    }
    if let Some((side, refusal)) = decision.refused {
        words.push(format!("refuse {side} ({refusal})"));
    }
    if words.is_empty() { "hold".into() } else { words.join(", ") }
}
