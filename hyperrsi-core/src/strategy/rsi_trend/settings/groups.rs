//! The groups of the record. The text of a field says its key; ranges are in [`KEYS`](super::KEYS).

use super::choices::{
    AmountUnit, CountUnit, Direction, EntryMode, ExecutionMode, OnUnprotected, SpacingReference,
    TrendTimeframe, Unit,
};
use super::secret::Secret;
use crate::model::{MarginMode, Span, Timeframe, TriggerSource};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use std::collections::BTreeMap;

/// What is traded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Market {
    /// `symbol`: the venue's symbol.
    pub symbol: String,
    /// `timeframe`: the signal timeframe.
    pub timeframe: Timeframe,
    /// `leverage`; spot trades with 1 whatever is set.
    pub leverage: u32,
    /// `margin_mode`: of every order of the symbol.
    pub margin_mode: MarginMode,
}

impl Default for Market {
    fn default() -> Self {
        Self {
            symbol: "BTC-USDT-SWAP".into(),
            timeframe: Timeframe::M1,
            leverage: 10,
            margin_mode: MarginMode::Isolated,
        }
    }
}

/// When a first entry is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// `direction`: restricts first entries only.
    pub direction: Direction,
    /// `entry_option`: the RSI movement that is a signal.
    pub mode: EntryMode,
    /// The RSI and its lines.
    pub rsi: Rsi,
}

impl Default for Entry {
    fn default() -> Self {
        Self { direction: Direction::Both, mode: EntryMode::BreakThrough, rsi: Rsi::default() }
    }
}

/// The RSI and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rsi {
    /// `rsi_length`: the period in candles.
    pub length: u32,
    /// `rsi_oversold`: the line of longs.
    pub oversold: Decimal,
    /// `rsi_overbought`: the line of shorts.
    pub overbought: Decimal,
}

impl Default for Rsi {
    fn default() -> Self {
        Self { length: 14, oversold: dec!(30), overbought: dec!(70) }
    }
}

/// Where orders go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// `execution_mode`.
    pub mode: ExecutionMode,
    /// `symbol_execution_modes`: symbols that differ.
    pub by_symbol: BTreeMap<String, ExecutionMode>,
    /// The signal bot's address.
    pub signal_bot: SignalBot,
}

impl Default for Execution {
    fn default() -> Self {
        Self { mode: ExecutionMode::ApiDirect, by_symbol: BTreeMap::new(), signal_bot: SignalBot::default() }
    }
}

impl Execution {
    /// The mode of a symbol.
    pub fn mode_for(&self, symbol: &str) -> ExecutionMode {
        self.by_symbol.get(symbol).copied().unwrap_or(self.mode)
    }
}

/// The signal bot's address. Both are needed in signal-bot mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignalBot {
    /// `signal_bot_token`.
    pub token: Option<Secret>,
    /// `signal_bot_webhook_url`; hidden too, because such addresses often carry a key.
    pub webhook_url: Option<Secret>,
}

impl SignalBot {
    /// Whether both are given and not empty.
    pub fn is_complete(&self) -> bool {
        [&self.token, &self.webhook_url]
            .into_iter()
            .all(|part| part.as_ref().is_some_and(|text| !text.expose().is_empty()))
    }
}

/// How large a first entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sizing {
    /// `btc_investment`.
    pub btc: Decimal,
    /// `eth_investment`.
    pub eth: Decimal,
    /// `sol_investment`.
    pub sol: Decimal,
    /// `investment`: for any other symbol; without one, such a symbol does not start.
    pub default: Option<Decimal>,
    /// `symbol_investments`: comes before all others.
    pub by_symbol: BTreeMap<String, Decimal>,
    /// `entry_amount_option`: the unit of all amounts.
    pub unit: AmountUnit,
    /// `count_unit`: what a count counts; spot counts base units whatever is set.
    pub count_unit: CountUnit,
    /// `min_entry_notional`; nothing means not set. See [`Sizing::min_notional_in`].
    pub min_notional: Option<Decimal>,
}

impl Default for Sizing {
    fn default() -> Self {
        Self {
            btc: dec!(20),
            eth: dec!(20),
            sol: dec!(20),
            default: None,
            by_symbol: BTreeMap::new(),
            unit: AmountUnit::Usdt,
            count_unit: CountUnit::Contracts,
            min_notional: None,
        }
    }
}

impl Sizing {
    /// `min_entry_notional` while it is not set, for USD stablecoin quotes.
    pub const DEFAULT_MIN_NOTIONAL: Decimal = dec!(200);

    /// The amount of a symbol (TRADING 1.5): its own, else that of its base asset, else the common one.
    ///
    /// ```
    /// use hyperrsi_core::strategy::rsi_trend::settings::Settings;
    /// use rust_decimal_macros::dec;
    /// let mut sizing = Settings::default().sizing;
    /// assert_eq!(sizing.amount_for("ETH-USDT-SWAP", "ETH"), Some(dec!(20)));
    /// assert_eq!(sizing.amount_for("XRP-USDT-SWAP", "XRP"), None);
    /// sizing.by_symbol.insert("XRP-USDT-SWAP".into(), dec!(35));
    /// assert_eq!(sizing.amount_for("XRP-USDT-SWAP", "XRP"), Some(dec!(35)));
    /// ```
    pub fn amount_for(&self, symbol: &str, base: &str) -> Option<Decimal> {
        if let Some(own) = self.by_symbol.get(symbol) {
            return Some(*own);
        }
        match base.to_ascii_uppercase().as_str() {
            "BTC" => Some(self.btc),
            "ETH" => Some(self.eth),
            "SOL" => Some(self.sol),
            _ => self.default,
        }
    }

    /// The planned notional floor in quote units (TRADING 4.5): unset is 200, or 0 where the quote currency is no
    /// USD stablecoin.
    pub fn min_notional_in(&self, usd_quote: bool) -> Decimal {
        let unset = if usd_quote { Self::DEFAULT_MIN_NOTIONAL } else { Decimal::ZERO };
        self.min_notional.unwrap_or(unset)
    }
}

/// Extra entries into an open leg (DCA).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extra {
    /// `entry_multiplier`: entry `n + 1` is the base amount × multiplierⁿ.
    pub multiplier: Decimal,
    /// `pyramiding_limit`: total entries, the first included.
    pub limit: u32,
    /// `pyramiding_entry_type`: unit of the spacing.
    pub spacing_unit: Unit,
    /// `pyramiding_value`: the spacing.
    pub spacing: Decimal,
    /// `entry_criterion`: what the spacing is measured from.
    pub reference: SpacingReference,
    /// `use_check_DCA_with_price`: the price must reach the level.
    pub require_price: bool,
    /// `use_rsi_with_pyramiding`: the RSI must signal as for a first entry.
    pub require_rsi: bool,
}

impl Default for Extra {
    fn default() -> Self {
        Self {
            multiplier: dec!(1),
            limit: 4,
            spacing_unit: Unit::Percent,
            spacing: dec!(3),
            reference: SpacingReference::AveragePrice,
            require_price: true,
            require_rsi: true,
        }
    }
}

/// The pause of a side after its leg was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cooldown {
    /// `use_cooldown`.
    pub enabled: bool,
    /// `cooldown_time`, seconds.
    pub seconds: u32,
}

impl Default for Cooldown {
    fn default() -> Self {
        Self { enabled: true, seconds: 300 }
    }
}

/// The use of the trend state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trend {
    /// `use_trend_logic`: blocks entries against an extreme trend.
    pub filter: bool,
    /// `trend_timeframe`: the cycle timeframe.
    pub timeframe: TrendTimeframe,
    /// `use_longer_trend`: the long-term variant.
    pub longer: bool,
    /// `use_trend_close`: an extreme trend against the leg closes it.
    pub close: bool,
}

impl Default for Trend {
    fn default() -> Self {
        Self { filter: true, timeframe: TrendTimeframe::Auto, longer: false, close: true }
    }
}

/// Indicators shared by several features.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Indicators {
    /// `atr_length`: the period of every ATR, in candles.
    pub atr_length: u32,
}

impl Default for Indicators {
    fn default() -> Self {
        Self { atr_length: 14 }
    }
}

/// The fixed stop loss.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sl {
    /// `use_sl`: from the first entry on.
    pub enabled: bool,
    /// `use_sl_on_last`: only once the last entry was made.
    pub on_last: bool,
    /// `sl_option`: unit of the distance.
    pub unit: Unit,
    /// `sl_value`: the distance from the average entry fill price.
    pub value: Decimal,
    /// `accept_no_stop`: a live start without a stop is meant.
    pub waived: bool,
    /// `sl_trigger_price`: which price triggers every stop.
    pub trigger: TriggerSource,
}

impl Default for Sl {
    fn default() -> Self {
        Self {
            enabled: false,
            on_last: false,
            unit: Unit::Percent,
            value: dec!(5),
            waived: false,
            trigger: TriggerSource::Mark,
        }
    }
}

impl Sl {
    /// Whether a fixed stop is wanted at any number of entries (TRADING 6.1).
    pub fn is_used(&self) -> bool {
        self.enabled || self.on_last
    }
    /// Whether a fixed stop is wanted once the leg has `entries` of `limit` entries (TRADING 6.1).
    pub fn wanted_at(&self, entries: u32, limit: u32) -> bool {
        if self.on_last { entries >= limit } else { self.enabled }
    }
}

/// Operational limits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Risk {
    /// `max_signal_age`. See [`SignalAge::span`].
    pub max_signal_age: SignalAge,
    /// `max_price_age`, seconds: the oldest usable reference price.
    pub max_price_age: u32,
    /// `unprotected_deadline`, seconds: after that, an unconfirmed stop is acted on.
    pub unprotected_deadline: u32,
    /// `on_unprotected`: what is done then.
    pub on_unprotected: OnUnprotected,
    /// `allow_engine_stops`: the engine may watch a stop that the venue cannot keep.
    pub allow_engine_stops: bool,
    /// `entry_failure_limit`: entries rejected in a row until a side is paused.
    pub entry_failure_limit: u32,
    /// What happens when margin is missing.
    pub margin_block: MarginBlock,
}

impl Default for Risk {
    fn default() -> Self {
        Self {
            max_signal_age: SignalAge::Auto,
            max_price_age: 5,
            unprotected_deadline: 30,
            on_unprotected: OnUnprotected::EngineStop,
            allow_engine_stops: false,
            entry_failure_limit: 3,
            margin_block: MarginBlock::default(),
        }
    }
}

/// The block of a symbol's openings after its margin was insufficient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarginBlock {
    /// `margin_block_after`: that many times in a row.
    pub after: u32,
    /// `margin_block_seconds`: for that long.
    pub seconds: u32,
}

impl Default for MarginBlock {
    fn default() -> Self {
        Self { after: 3, seconds: 600 }
    }
}

/// How old a decision may be when its order is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalAge {
    /// A tenth of the timeframe, at least 5 and at most 60 seconds.
    Auto,
    /// That many seconds.
    Seconds(u32),
}

impl SignalAge {
    /// The age for decisions of a timeframe.
    ///
    /// ```
    /// use hyperrsi_core::model::{Span, Timeframe};
    /// use hyperrsi_core::strategy::rsi_trend::settings::SignalAge;
    /// assert_eq!(SignalAge::Auto.span(Timeframe::M1), Span::seconds(6));
    /// assert_eq!(SignalAge::Auto.span(Timeframe::H4), Span::seconds(60));
    /// assert_eq!(SignalAge::Seconds(20).span(Timeframe::H4), Span::seconds(20));
    /// ```
    pub fn span(self, timeframe: Timeframe) -> Span {
        match self {
            Self::Auto => Span::millis_of((timeframe.millis() / 10).clamp(5_000, 60_000)),
            Self::Seconds(seconds) => Span::seconds(i64::from(seconds)),
        }
    }
}
