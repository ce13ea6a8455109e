use super::IntrabarPolicy;
use crate::model::{Amount, Instrument, InstrumentId, Span, Timeframe, Timestamp};
use crate::risk::Policy;
use crate::series::FundingRates;
use crate::sim::MaintenanceTiers;
use rust_decimal::Decimal;

/// A backtest setting that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BacktestError {
    /// A number is outside its range.
    #[error("{key} must be between {least} and {most}, got {value}")]
    Range {
        /// The setting.
        key: &'static str,
        /// Smallest allowed value.
        least: Decimal,
        /// Largest allowed value.
        most: Decimal,
        /// What was given.
        value: Decimal,
    },
    /// The value of a key cannot be read.
    #[error("{key}: {message}")]
    Key {
        /// The key.
        key: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The range of time holds no candle.
    #[error("no candle lies between {start} and {end}; the file holds {first} to {last}")]
    EmptyRange {
        /// Asked start.
        start: Timestamp,
        /// Asked end.
        end: Timestamp,
        /// First candle there is.
        first: Timestamp,
        /// Last candle there is.
        last: Timestamp,
    },
    /// There are no candles at all.
    #[error("there are no candles; give a file with at least one")]
    NoCandles,
    /// The strategy reads another timeframe than the candles have.
    #[error(
        "the strategy reads {wanted} candles, the file holds {found}; set timeframe to {found} or give {wanted} candles"
    )]
    Timeframe {
        /// What the strategy reads.
        wanted: crate::model::Timeframe,
        /// What there is.
        found: crate::model::Timeframe,
    },
    /// A timeframe the strategy reads cannot be built from the candles.
    #[error(transparent)]
    NotAMultiple(#[from] crate::series::aggregate::NotAMultiple),
    /// The instrument cannot be traded.
    #[error(transparent)]
    Instrument(#[from] crate::model::InstrumentError),
    /// The account refused the trader.
    #[error("the account refused the trader: {0}")]
    Account(#[from] crate::risk::Refused),
    /// Two settings that cannot both be meant.
    #[error("{0}")]
    Contradiction(String),
    /// A setting needs candles that were not given.
    #[error(
        "{key} is {timeframe}, but no {timeframe} candles were given; give them with with_series, or leave {key} out"
    )]
    MissingSeries {
        /// The setting.
        key: &'static str,
        /// What is missing.
        timeframe: Timeframe,
    },
    /// Further candles that do not fit those traded.
    #[error("the {what} candles of {timeframe} cannot be used: {message}")]
    Series {
        /// What they are for.
        what: &'static str,
        /// Their timeframe.
        timeframe: Timeframe,
        /// What is wrong and what to do.
        message: String,
    },
    /// Data was given for an instrument that is not traded.
    #[error(
        "{what} was given for {instrument}, which is not in the portfolio ({known}); add it or correct its name"
    )]
    UnknownInstrument {
        /// What was given.
        what: &'static str,
        /// For which instrument.
        instrument: InstrumentId,
        /// What is traded.
        known: String,
    },
    /// A portfolio without instruments.
    #[error("the portfolio is empty; add at least one instrument")]
    EmptyPortfolio,
    /// The strategy panicked where nothing can be recorded yet.
    #[error("the strategy panicked when asked for its needs: {0}")]
    Needs(String),
    /// A number left the range of a decimal.
    #[error(transparent)]
    Overflow(#[from] crate::model::Overflow),
}

/// What a backtest assumes. Fees are fractions: `0.0005` is 0.05 %.
///
/// ```
/// use hyperrsi_core::backtest::Config;
/// use hyperrsi_core::model::{Instrument, InstrumentId};
/// use rust_decimal_macros::dec;
/// let btc = Instrument::linear(InstrumentId::new("binance", "BTCUSDT"), "BTC", "USDT");
/// let mut config = Config::new(btc);
/// config.slippage_percent = dec!(0.02);
/// assert!(config.validate().is_ok());
/// config.taker_fee = dec!(0.5);
/// assert_eq!(
///     config.validate().unwrap_err().to_string(),
///     "taker_fee must be between -0.001 and 0.01, got 0.5"
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The instrument.
    pub instrument: Instrument,
    /// Money at the start, quote units.
    pub initial_balance: Amount,
    /// Fee of fills that take liquidity.
    pub taker_fee: Decimal,
    /// Fee of fills that rested.
    pub maker_fee: Decimal,
    /// Slippage of market and triggered fills, percent.
    pub slippage_percent: Decimal,
    /// Order of events inside a candle.
    pub policy: IntrabarPolicy,
    /// Maintenance margin as a fraction of the entry value.
    pub maintenance_margin_rate: Decimal,
    /// The venue's table of maintenance margins, in place of the one rate.
    pub maintenance_tiers: Option<MaintenanceTiers>,
    /// How often funding is due, counted from 00:00 UTC: what coverage is measured against.
    pub funding_interval: Span,
    /// Candles of this timeframe, given with [`Backtest::with_series`](super::Backtest::with_series), replace those traded
    /// while something can happen inside one.
    pub detail_timeframe: Option<Timeframe>,
    /// Whether open legs are closed at the last close.
    pub close_at_end: bool,
    /// First candle that may trade; earlier ones warm indicators up.
    pub start: Option<Timestamp>,
    /// Candles that open at or after this are left out.
    pub end: Option<Timestamp>,
    /// How the trader trades.
    pub trader: Policy,
    /// Keep how stops and levels moved in each trade, for charts.
    pub trace_protection: bool,
    /// Keep a decision record of every evaluated candle in this range of open times.
    pub record: Option<(Timestamp, Timestamp)>,
}

impl Config {
    /// The defaults of TRADING 15.1, and a journal that is off: nothing of a backtest has to survive.
    pub fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            initial_balance: Amount::new(Decimal::from(10_000)),
            taker_fee: Decimal::new(5, 4),
            maker_fee: Decimal::new(2, 4),
            slippage_percent: Decimal::new(5, 2),
            policy: IntrabarPolicy::Pessimistic,
            maintenance_margin_rate: Decimal::new(5, 3),
            maintenance_tiers: None,
            funding_interval: FundingRates::INTERVAL,
            detail_timeframe: None,
            close_at_end: true,
            start: None,
            end: None,
            trader: Policy { journal: false, ..Policy::default() },
            trace_protection: false,
            record: None,
        }
    }

    /// Checks ranges (TRADING 15.1) and the instrument.
    ///
    /// # Errors
    /// The first setting that is out of range, with what is allowed.
    pub fn validate(&self) -> Result<(), BacktestError> {
        self.instrument.validate()?;
        let fees = (Decimal::new(-1, 3), Decimal::new(1, 2));
        let checks = [
            ("initial_balance", self.initial_balance.get(), (Decimal::new(1, 8), Decimal::MAX)),
            ("taker_fee", self.taker_fee, fees),
            ("maker_fee", self.maker_fee, fees),
            ("slippage_percent", self.slippage_percent, (Decimal::ZERO, Decimal::ONE)),
            ("maintenance_margin_rate", self.maintenance_margin_rate, (Decimal::ZERO, Decimal::new(5, 1))),
        ];
        for (key, value, (least, most)) in checks {
            if value < least || value > most {
                return Err(BacktestError::Range { key, least, most, value });
            }
        }
        self.validate_together()
    }

    /// What is in range but makes no sense together.
    fn validate_together(&self) -> Result<(), BacktestError> {
        let contradiction = |text: String| Err(BacktestError::Contradiction(text));
        let (leverage, most) = (self.trader.leverage, self.instrument.max_leverage);
        if leverage == 0 {
            return contradiction("leverage is 0; the least is 1".into());
        }
        if self.instrument.is_spot() && leverage > 1 {
            return contradiction(format!(
                "{} is a spot market and leverage is {leverage}; set it to 1",
                self.instrument.id
            ));
        }
        if leverage > most {
            return contradiction(format!(
                "leverage is {leverage}, but {} allows {most} at most",
                self.instrument.id
            ));
        }
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start >= end
        {
            return contradiction(format!("start {start} is not before end {end}"));
        }
        if self.funding_interval < Span::minutes(1) {
            return contradiction("funding_interval is below one minute; venues use 1 to 8 hours".into());
        }
        Ok(())
    }
}
