//! Several instruments and strategies against one account, in one pass in time order.

mod pass;
mod report;

pub use report::{PortfolioReport, write_portfolio_json};

use super::{Backtest, BacktestError, Config, IntrabarPolicy};
use crate::model::{Amount, Instrument, InstrumentId, Span, Timeframe, Timestamp};
use crate::risk::{Policy, RiskManager};
use crate::series::{Candles, FundingRates};
use crate::sim::MaintenanceTiers;
use crate::strategy::Strategy;
use rust_decimal::Decimal;
use std::sync::Arc;

/// What a portfolio run assumes, for all instruments alike. Fees are fractions: `0.0005` is 0.05 %.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PortfolioConfig {
    /// Money at the start, quote units, shared by all instruments.
    pub initial_balance: Amount,
    /// Fee of fills that take liquidity.
    pub taker_fee: Decimal,
    /// Fee of fills that rested.
    pub maker_fee: Decimal,
    /// Slippage of market and triggered fills, percent.
    pub slippage_percent: Decimal,
    /// Order of events inside a candle.
    pub policy: IntrabarPolicy,
    /// Maintenance margin as a fraction of the entry value, where an instrument has no tiers.
    pub maintenance_margin_rate: Decimal,
    /// How often funding is due, counted from 00:00 UTC.
    pub funding_interval: Span,
    /// Shorter candles that replace those traded while something can happen inside one; each instrument needs them.
    pub detail_timeframe: Option<Timeframe>,
    /// Whether open legs are closed at the last close of their instrument.
    pub close_at_end: bool,
    /// First candle that may trade; earlier ones warm indicators up.
    pub start: Option<Timestamp>,
    /// Candles that open at or after this are left out.
    pub end: Option<Timestamp>,
}

impl Default for PortfolioConfig {
    /// The defaults of TRADING 15.1.
    fn default() -> Self {
        Self {
            initial_balance: Amount::new(Decimal::from(10_000)),
            taker_fee: Decimal::new(5, 4),
            maker_fee: Decimal::new(2, 4),
            slippage_percent: Decimal::new(5, 2),
            policy: IntrabarPolicy::Pessimistic,
            maintenance_margin_rate: Decimal::new(5, 3),
            funding_interval: FundingRates::INTERVAL,
            detail_timeframe: None,
            close_at_end: true,
            start: None,
            end: None,
        }
    }
}

/// Makes a strategy for each run.
type Make<'a> = Box<dyn Fn() -> Box<dyn Strategy> + 'a>;

/// One instrument of a portfolio.
struct Leg<'a> {
    instrument: Instrument,
    candles: &'a Candles,
    make: Make<'a>,
    policy: Policy,
    tiers: Option<MaintenanceTiers>,
    series: Vec<&'a Candles>,
    mark: Option<&'a Candles>,
    funding: Option<&'a FundingRates>,
}

/// Further data of an instrument, kept until the run so that its name can be checked.
enum Extra<'a> {
    Series(&'a Candles),
    Mark(&'a Candles),
    Funding(&'a FundingRates),
    Tiers(MaintenanceTiers),
}

impl Extra<'_> {
    const fn what(&self) -> &'static str {
        match self {
            Self::Series(_) => "a further series",
            Self::Mark(_) => "a series of mark prices",
            Self::Funding(_) => "funding data",
            Self::Tiers(_) => "a maintenance table",
        }
    }
}

/// Several instruments, each with its candles and its strategy, that share one account's balance and margin.
///
/// Candles are merged by time. At each time all candles that end then are finished first, decisions included, then those
/// that begin then are opened; among equals the order of adding counts. An entry is sized by what the account has left at
/// that moment.
///
/// ```
/// use hyperrsi_core::backtest::{Portfolio, PortfolioConfig};
/// use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
/// use hyperrsi_core::risk::Policy;
/// use hyperrsi_core::series::Candles;
/// use hyperrsi_core::strategy::Threshold;
/// let wave = |speed: f64| -> Result<Candles, hyperrsi_core::series::PushError> {
///     let mut candles = Candles::new(Timeframe::M1);
///     for minute in 0..500_i64 {
///         let price = 100.0 + 10.0 * (minute as f64 / speed).sin();
///         let open_time = Timestamp::from_millis(minute * 60_000);
///         candles.push(Candle::new(open_time, price, price + 0.5, price - 0.5, price, 1.0))?;
///     }
///     Ok(candles)
/// };
/// let (btc, eth) = (wave(9.0)?, wave(13.0)?);
/// let linear = |symbol, base| Instrument::linear(InstrumentId::new("sim", symbol), base, "USDT");
/// let rule = Threshold::new(Timeframe::M1, 14)?;
/// let report = Portfolio::new()
///     .add(linear("BTCUSDT", "BTC"), &btc, rule.clone(), Policy::default())
///     .add(linear("ETHUSDT", "ETH"), &eth, rule, Policy::default())
///     .run(&PortfolioConfig::default())?;
/// assert_eq!(report.legs.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Portfolio<'a> {
    legs: Vec<Leg<'a>>,
    extras: Vec<(InstrumentId, Extra<'a>)>,
    rules: Vec<Arc<dyn RiskManager>>,
}

impl std::fmt::Debug for Portfolio<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.legs.iter().map(|leg| &leg.instrument.id)).finish()
    }
}

impl<'a> Portfolio<'a> {
    /// Without instruments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an instrument: its candles, what trades it, and how. The strategy is copied for each run.
    #[must_use]
    pub fn add<S: Strategy + Clone + 'static>(
        mut self,
        instrument: Instrument,
        candles: &'a Candles,
        strategy: S,
        policy: Policy,
    ) -> Self {
        let policy = Policy { journal: false, ..policy };
        let make: Make<'a> = Box::new(move || Box::new(strategy.clone()));
        self.legs.push(Leg {
            instrument,
            candles,
            make,
            policy,
            tiers: None,
            series: Vec::new(),
            mark: None,
            funding: None,
        });
        self
    }

    /// Gives candles of a further timeframe for an instrument; see [`Backtest::with_series`].
    #[must_use]
    pub fn with_series(mut self, instrument: &InstrumentId, candles: &'a Candles) -> Self {
        self.extras.push((instrument.clone(), Extra::Series(candles)));
        self
    }
    /// Gives mark-price candles for an instrument; see [`Backtest::with_mark`].
    #[must_use]
    pub fn with_mark(mut self, instrument: &InstrumentId, candles: &'a Candles) -> Self {
        self.extras.push((instrument.clone(), Extra::Mark(candles)));
        self
    }
    /// Gives funding rates for an instrument; see [`Backtest::with_funding`].
    #[must_use]
    pub fn with_funding(mut self, instrument: &InstrumentId, rates: &'a FundingRates) -> Self {
        self.extras.push((instrument.clone(), Extra::Funding(rates)));
        self
    }
    /// Gives an instrument's table of maintenance margins.
    #[must_use]
    pub fn with_tiers(mut self, instrument: &InstrumentId, tiers: MaintenanceTiers) -> Self {
        self.extras.push((instrument.clone(), Extra::Tiers(tiers)));
        self
    }
    /// Adds a rule that every opening of the account has to pass.
    #[must_use]
    pub fn with_risk(mut self, rule: impl RiskManager + 'static) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// Runs the configured policy and both bounds, and puts the report together.
    ///
    /// # Errors
    /// [`BacktestError`] names the first setting, series or instrument that makes no sense.
    pub fn run(mut self, config: &PortfolioConfig) -> Result<PortfolioReport, BacktestError> {
        self.place_extras()?;
        let tests = self.backtests(config)?;
        report::of(&self, &tests, config)
    }

    fn place_extras(&mut self) -> Result<(), BacktestError> {
        for (id, extra) in std::mem::take(&mut self.extras) {
            let Some(leg) = self.legs.iter_mut().find(|leg| leg.instrument.id == id) else {
                let known: Vec<String> = self.legs.iter().map(|leg| leg.instrument.id.to_string()).collect();
                return Err(BacktestError::UnknownInstrument {
                    what: extra.what(),
                    instrument: id,
                    known: known.join(", "),
                });
            };
            match extra {
                Extra::Series(candles) => leg.series.push(candles),
                Extra::Mark(candles) => leg.mark = Some(candles),
                Extra::Funding(rates) => leg.funding = Some(rates),
                Extra::Tiers(tiers) => leg.tiers = Some(tiers),
            }
        }
        Ok(())
    }

    /// Every instrument as a backtest of its own: what it reads and assumes.
    fn backtests(&self, config: &PortfolioConfig) -> Result<Vec<Backtest<'a>>, BacktestError> {
        let Some(first) = self.legs.first() else { return Err(BacktestError::EmptyPortfolio) };
        let mut tests = Vec::with_capacity(self.legs.len());
        for leg in &self.legs {
            if leg.instrument.quote != first.instrument.quote {
                return Err(BacktestError::Contradiction(format!(
                    "{} is settled in {}, {} in {}; an account has one quote currency",
                    first.instrument.id, first.instrument.quote, leg.instrument.id, leg.instrument.quote
                )));
            }
            let mut own = Config::new(leg.instrument.clone());
            own.initial_balance = config.initial_balance;
            (own.taker_fee, own.maker_fee) = (config.taker_fee, config.maker_fee);
            own.slippage_percent = config.slippage_percent;
            own.policy = config.policy;
            own.maintenance_margin_rate = config.maintenance_margin_rate;
            own.maintenance_tiers = leg.tiers.clone();
            own.funding_interval = config.funding_interval;
            own.detail_timeframe = config.detail_timeframe;
            own.close_at_end = config.close_at_end;
            (own.start, own.end) = (config.start, config.end);
            own.trader = leg.policy.clone();
            let mut test = Backtest::new(leg.candles, own)?;
            for series in &leg.series {
                test = test.with_series(series);
            }
            if let Some(mark) = leg.mark {
                test = test.with_mark(mark);
            }
            if let Some(funding) = leg.funding {
                test = test.with_funding(funding);
            }
            test.check()?;
            tests.push(test);
        }
        Ok(tests)
    }
}
