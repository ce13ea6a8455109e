use crate::model::Instrument;

/// What the settings are about to be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Run {
    /// Nothing is started; the record is stored.
    #[default]
    Save,
    /// A simulation over history.
    Backtest,
    /// A simulation over live prices.
    Paper,
    /// Real orders.
    Live,
}

/// What settings are validated against: the purpose, the venue and the instrument.
///
/// ```
/// use hyperrsi_core::strategy::rsi_trend::settings::{Environment, Settings};
/// let settings = Settings::default();
/// assert!(settings.validate(&Environment::saving()).is_valid());
/// let report = settings.validate(&Environment::live());
/// assert_eq!(report.errors[0].code, "sl.none_live");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Environment {
    /// The purpose.
    pub run: Run,
    /// The venue, as messages name it.
    pub venue: String,
    /// Whether the market is spot: long only, leverage 1.
    pub spot: bool,
    /// Whether the venue keeps stop orders.
    pub stop_orders: bool,
    /// The highest leverage of the instrument, where it is known.
    pub max_leverage: Option<u32>,
    /// Whether the quote currency is a USD stablecoin; otherwise an unset `min_entry_notional` is 0.
    pub usd_quote: bool,
    /// The base currency of the instrument; without it, it is taken from the symbol.
    pub base: Option<String>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            run: Run::Save,
            venue: "the venue".into(),
            spot: false,
            stop_orders: true,
            max_leverage: None,
            usd_quote: true,
            base: None,
        }
    }
}

impl Environment {
    /// For storing a record: any venue, a USD stablecoin contract.
    pub fn saving() -> Self {
        Self::default()
    }
    /// For a backtest.
    pub fn backtest() -> Self {
        Self { run: Run::Backtest, ..Self::default() }
    }
    /// For paper trading.
    pub fn paper() -> Self {
        Self { run: Run::Paper, ..Self::default() }
    }
    /// For a live start.
    pub fn live() -> Self {
        Self { run: Run::Live, ..Self::default() }
    }

    /// With what the venue says about the instrument.
    ///
    /// ```
    /// use hyperrsi_core::model::{Instrument, InstrumentId};
    /// use hyperrsi_core::strategy::rsi_trend::settings::Environment;
    /// let btc = Instrument::linear(InstrumentId::new("okx", "BTC-USDT-SWAP"), "BTC", "USDT");
    /// let env = Environment::live().with_instrument(&btc);
    /// assert_eq!((env.venue.as_str(), env.max_leverage, env.usd_quote), ("okx", Some(125), true));
    /// ```
    #[must_use]
    pub fn with_instrument(mut self, instrument: &Instrument) -> Self {
        self.venue = instrument.id.venue.as_str().into();
        self.spot = instrument.is_spot();
        self.max_leverage = Some(instrument.max_leverage);
        self.usd_quote = is_usd_stablecoin(&instrument.quote);
        self.base = Some(instrument.base.clone());
        self
    }
}

const USD_STABLECOINS: [&str; 10] =
    ["USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDP", "DAI", "USDE", "USDS", "PYUSD"];

/// Whether a currency is a USD stablecoin, or the dollar itself as some venues name it.
fn is_usd_stablecoin(currency: &str) -> bool {
    currency.eq_ignore_ascii_case("USD")
        || USD_STABLECOINS.iter().any(|known| known.eq_ignore_ascii_case(currency))
}
