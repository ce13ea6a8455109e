//! What trades: a rule that enters again and again, with everything that moves its exits; and HYPERRSI.

use hyperrsi::model::*;
use hyperrsi::prelude::*;
use hyperrsi::runtime::{Hyperrsi, Plan};
use std::sync::Arc;

/// Enters one side every few minutes while flat. Stop, two levels, break-even after the first, trailing from there.
pub struct Rule {
    side: PositionSide,
    every: i64,
    exits: Arc<ExitPlan>,
}

impl Rule {
    fn new(index: usize) -> Self {
        let exits = ExitPlan::new()
            .stop_loss(Distance::percent(dec!(0.5)))
            .take_profit(Distance::percent(dec!(0.2)), dec!(50))
            .take_profit(Distance::percent(dec!(0.9)), dec!(50))
            .break_even_after(1)
            .trail_after(1, dec!(0.25));
        let side = PositionSide::BOTH[index % 2];
        Self { side, every: 3 + index as i64 % 5, exits: Arc::new(exits) }
    }
}

impl Strategy for Rule {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 5)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let minute = candle.open_time.millis() / 60_000;
        match ctx.main_leg() {
            None if minute % self.every == 0 => {
                Decision::enter(self.side, Size::Base(dec!(0.5).into()), Arc::clone(&self.exits))
            }
            // Now and then the strategy has had enough.
            Some(leg) if minute % 97 == 0 => {
                Decision::exit(leg.side, hyperrsi::position::ExitReason::Strategy)
            }
            _ => Decision::hold(),
        }
    }
}

/// Whether the trader on this instrument runs HYPERRSI.
pub fn is_hyperrsi(instrument: &InstrumentId) -> bool {
    instrument.symbol.starts_with("BTC") || instrument.symbol.starts_with("ETH")
}

/// The plan of one trader.
pub fn plan(account: &str, index: usize, instrument: &Instrument) -> Plan {
    let id = format!("{account}:{}", instrument.id.symbol);
    if !is_hyperrsi(&instrument.id) {
        return Plan::new(
            id.as_str(),
            instrument.clone(),
            hyperrsi::risk::Policy::default(),
            Rule::new(index),
        );
    }
    let settings = serde_json::json!({
        "symbol": &*instrument.id.symbol, "timeframe": "1m", "leverage": 1, "investment": 500,
        "btc_investment": 500, "eth_investment": 500, "use_sl": true, "sl_value": 0.8, "rsi_length": 5,
        "tp1_value": 0.2, "tp2_value": 0.4, "tp3_value": 0.8, "use_break_even": true, "use_trend_logic": false,
        "use_cooldown": false
    });
    let settings = settings.as_object().unwrap().clone();
    Plan::of_settings(id.as_str(), instrument.clone(), Hyperrsi, settings).unwrap()
}
