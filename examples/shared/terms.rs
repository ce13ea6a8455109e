//! Under which terms an example's backtest trades: span, money, fees and steps, from the command line and the settings.

use super::{Failure, settings};
use clap::Args;
use hyperrsi::model::Timestamp;
use hyperrsi::prelude::*;
use serde_json::{Map, Value};

#[derive(Args)]
pub(crate) struct Terms {
    /// First candle that may trade: 2024-01-31, 2024-01-31T12:00:00Z or milliseconds. Earlier ones warm up.
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Candles from then on are left out.
    #[arg(long)]
    pub(crate) to: Option<Timestamp>,
    /// Money at the start, quote units [default: 10000; threshold: 10000000].
    #[arg(long)]
    balance: Option<Decimal>,
    /// Fee of both makers and takers, a fraction: 0.0005 is 0.05 % [default: taker 0.0005, maker 0.0002].
    #[arg(long)]
    fee: Option<Decimal>,
    /// Slippage of market and triggered fills, percent [default: 0.05; threshold: 0].
    #[arg(long)]
    slippage: Option<Decimal>,
    /// Order of events inside a candle: pessimistic, optimistic or ohlc_path [default: pessimistic].
    #[arg(long)]
    policy: Option<IntrabarPolicy>,
    /// Price step of the instrument.
    #[arg(long, default_value = "0.00000001")]
    tick: Decimal,
    /// Quantity step and smallest order of the instrument, base units.
    #[arg(long, default_value = "0.00000001")]
    lot: Decimal,
}

impl Terms {
    /// The backtest of these terms; the record's keys about the backtest are taken out of it. The `plain` rule has the
    /// defaults of the engines it is compared with.
    pub(crate) fn config(&self, record: &mut Map<String, Value>, plain: bool) -> Result<Config, Failure> {
        let symbol = record.get("symbol").and_then(Value::as_str).unwrap_or("BTC-USDT-SWAP").to_owned();
        let (base, quote) = settings::currencies(&symbol);
        let mut config = Config::new(Instrument {
            tick: self.tick,
            lot: self.lot,
            min_size: self.lot,
            ..Instrument::linear(InstrumentId::new("backtest", &symbol), base, quote)
        });
        if plain {
            config.initial_balance = dec!(10_000_000).into();
            config.slippage_percent = Decimal::ZERO;
            config.close_at_end = false;
        }
        config.take_keys(record)?;
        (config.start, config.end) = (self.from, self.to);
        if let Some(fee) = self.fee {
            (config.taker_fee, config.maker_fee) = (fee, fee);
        }
        config.initial_balance = self.balance.map_or(config.initial_balance, Into::into);
        config.slippage_percent = self.slippage.unwrap_or(config.slippage_percent);
        config.policy = self.policy.unwrap_or(config.policy);
        Ok(config)
    }
}
