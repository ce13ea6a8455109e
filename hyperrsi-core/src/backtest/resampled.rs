use super::{Backtest, BacktestError, Config};
use crate::model::{Span, Timeframe};
use crate::series::aggregate::{NotAMultiple, resample};
use crate::series::{Candles, FundingRates};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Candles and the longer timeframes built from them, each once however many backtests read it; funding rates beside
/// them, if there are any.
///
/// ```
/// # use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// # use hyperrsi_core::series::Candles;
/// use hyperrsi_core::backtest::Resampled;
/// # let mut candles = Candles::new(Timeframe::M1);
/// # for minute in 0..10_i64 {
/// #     candles.push(Candle::new(Timestamp::from_millis(minute * 60_000), 1.0, 1.0, 1.0, 1.0, 1.0))?;
/// # }
/// let shared = Resampled::new(&candles);
/// assert_eq!(shared.get(Timeframe::M5)?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Resampled<'a> {
    base: &'a Candles,
    funding: Option<&'a FundingRates>,
    made: Mutex<BTreeMap<Timeframe, Arc<Candles>>>,
}

impl<'a> Resampled<'a> {
    /// Nothing is built before it is asked for.
    pub const fn new(base: &'a Candles) -> Self {
        Self { base, funding: None, made: Mutex::new(BTreeMap::new()) }
    }

    /// The same with funding rates, for every backtest that reads it.
    #[must_use]
    pub const fn with_funding(mut self, rates: &'a FundingRates) -> Self {
        self.funding = Some(rates);
        self
    }

    /// The funding rates, if there are any.
    pub const fn funding(&self) -> Option<&'a FundingRates> {
        self.funding
    }

    /// The candles themselves.
    pub const fn base(&self) -> &'a Candles {
        self.base
    }

    /// The candles of a longer timeframe.
    ///
    /// # Errors
    /// [`NotAMultiple`] if it cannot be built from the base.
    pub fn get(&self, timeframe: Timeframe) -> Result<Arc<Candles>, NotAMultiple> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(candles) = made.get(&timeframe) {
            return Ok(Arc::clone(candles));
        }
        let candles = Arc::new(resample(self.base, timeframe)?);
        made.insert(timeframe, Arc::clone(&candles));
        Ok(candles)
    }
}

impl<'a> Backtest<'a> {
    /// Over candles whose longer timeframes are built once for many backtests.
    ///
    /// # Errors
    /// As [`Backtest::new`].
    pub fn sharing(shared: &'a Resampled<'a>, config: Config) -> Result<Self, BacktestError> {
        let mut test = Self::new(shared.base(), config)?;
        test.data.shared = Some(shared);
        test.data.funding = shared.funding;
        Ok(test)
    }

    pub(super) const fn span(&self) -> Span {
        self.candles.timeframe().span()
    }

    /// Open times of the traded candles, UTC milliseconds.
    pub(super) fn open_times(&self) -> &'a [i64] {
        self.candles.open_times().get(self.traded.clone()).unwrap_or_default()
    }
}
