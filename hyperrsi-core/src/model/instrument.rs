use super::{Arithmetic, Contracts, InstrumentId, Overflow, PositionSide, Price, Quantity};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// What kind of market an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentKind {
    /// Base is bought and sold outright; no leverage, no short.
    Spot,
    /// A contract margined and settled in the quote currency.
    Linear,
    /// A contract margined in the base currency: refused (`instrument.inverse_unsupported`).
    Inverse,
}

/// Which way to round to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRounding {
    /// To the step below.
    Down,
    /// To the step above.
    Up,
    /// To the nearest step, halves away from zero.
    Nearest,
}

/// An instrument that cannot be traded as described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstrumentError {
    /// Coin-margined contracts are refused.
    #[error(
        "instrument.inverse_unsupported: {0} is coin-margined; choose its USDT- or USDC-margined contract"
    )]
    InverseUnsupported(InstrumentId),
    /// A step or size that must be positive is not.
    #[error("{instrument}: {field} must be above zero, got {value}; reload the venue's instrument list")]
    NotPositive {
        /// The instrument.
        instrument: InstrumentId,
        /// The field.
        field: &'static str,
        /// Its value.
        value: Decimal,
    },
}

/// What the venue says about one market. Steps and sizes are in **base units** (contracts × contract size).
///
/// ```
/// use hyperrsi_core::model::{Contracts, Instrument, InstrumentId, PositionSide, Price};
/// use rust_decimal_macros::dec;
/// let mut btc = Instrument::linear(InstrumentId::new("okx", "BTC-USDT-SWAP"), "BTC", "USDT");
/// btc.contract_size = dec!(0.01);
/// btc.tick = dec!(0.1);
/// assert_eq!(btc.base_units(Contracts::new(dec!(0.4)))?.get(), dec!(0.004));
/// // A stop rounds towards the market, so that it is never looser than its formula (TRADING 0.4).
/// assert_eq!(btc.round_stop(PositionSide::Long, dec!(46639.3564))?, Price::new(dec!(46639.4)));
/// # Ok::<(), hyperrsi_core::model::Overflow>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Venue and symbol.
    pub id: InstrumentId,
    /// Base currency, such as `BTC`.
    pub base: String,
    /// Quote and settlement currency, such as `USDT`.
    pub quote: String,
    /// Spot or derivative.
    pub kind: InstrumentKind,
    /// Price step in quote units.
    pub tick: Decimal,
    /// Quantity step in base units.
    pub lot: Decimal,
    /// Smallest order in base units.
    pub min_size: Decimal,
    /// Largest order in base units, if the venue limits it.
    pub max_size: Option<Decimal>,
    /// Smallest order value in quote units; zero if the venue has none.
    pub min_notional: Decimal,
    /// Base units per contract; `1` on spot.
    pub contract_size: Decimal,
    /// Highest leverage the venue allows; `1` on spot.
    pub max_leverage: u32,
}

impl Instrument {
    /// A linear contract with steps of 1e-8, contract size 1 and leverage up to 125; set the fields that differ.
    pub fn linear(id: InstrumentId, base: impl Into<String>, quote: impl Into<String>) -> Self {
        let step = Decimal::new(1, 8);
        Self {
            id,
            base: base.into(),
            quote: quote.into(),
            kind: InstrumentKind::Linear,
            tick: step,
            lot: step,
            min_size: step,
            max_size: None,
            min_notional: Decimal::ZERO,
            contract_size: Decimal::ONE,
            max_leverage: 125,
        }
    }

    /// Refuses inverse contracts and steps that are not positive.
    pub fn validate(&self) -> Result<(), InstrumentError> {
        if self.kind == InstrumentKind::Inverse {
            return Err(InstrumentError::InverseUnsupported(self.id.clone()));
        }
        let positive = [
            ("tick", self.tick),
            ("lot", self.lot),
            ("min_size", self.min_size),
            ("contract_size", self.contract_size),
        ];
        match positive.into_iter().find(|(_, value)| *value <= Decimal::ZERO) {
            Some((field, value)) => {
                Err(InstrumentError::NotPositive { instrument: self.id.clone(), field, value })
            }
            None => Ok(()),
        }
    }

    /// Whether this is a spot market.
    pub fn is_spot(&self) -> bool {
        self.kind == InstrumentKind::Spot
    }

    /// Contracts in base units.
    pub fn base_units(&self, contracts: Contracts) -> Result<Quantity, Overflow> {
        contracts.get().times(self.contract_size).map(Quantity::new)
    }

    /// Base units in contracts.
    pub fn contracts(&self, quantity: Quantity) -> Result<Contracts, Overflow> {
        quantity.get().over(self.contract_size).map(Contracts::new)
    }

    /// The quantity rounded down to the lot; never up (TRADING 0.4).
    pub fn floor_quantity(&self, raw: Decimal) -> Result<Quantity, Overflow> {
        round_to_step(raw, self.lot, StepRounding::Down).map(Quantity::new)
    }

    /// The price rounded to the tick in the stated direction.
    pub fn round_price(&self, raw: Decimal, rounding: StepRounding) -> Result<Price, Overflow> {
        round_to_step(raw, self.tick, rounding).map(Price::new)
    }

    /// A stop of a leg on `side`: towards the market, long up, short down (TRADING 0.4).
    pub fn round_stop(&self, side: PositionSide, raw: Decimal) -> Result<Price, Overflow> {
        let rounding = match side {
            PositionSide::Long => StepRounding::Up,
            PositionSide::Short => StepRounding::Down,
        };
        self.round_price(raw, rounding)
    }

    /// A resting entry of a leg on `side`: away from the market, long down, short up (TRADING 0.4).
    pub fn round_resting_entry(&self, side: PositionSide, raw: Decimal) -> Result<Price, Overflow> {
        self.round_stop(side.opposite(), raw)
    }

    /// A simulated market fill: against the trader, buy up, sell down (TRADING 0.4).
    pub fn round_fill(&self, side: super::Side, raw: Decimal) -> Result<Price, Overflow> {
        let rounding = match side {
            super::Side::Buy => StepRounding::Up,
            super::Side::Sell => StepRounding::Down,
        };
        self.round_price(raw, rounding)
    }

    /// Whether an order of that quantity at that price is large enough for the venue.
    pub fn is_placeable(&self, quantity: Quantity, price: Price) -> Result<bool, Overflow> {
        Ok(quantity.is_positive()
            && quantity.get() >= self.min_size
            && price.value(quantity)?.get() >= self.min_notional)
    }
}

fn round_to_step(raw: Decimal, step: Decimal, rounding: StepRounding) -> Result<Decimal, Overflow> {
    if step.is_zero() {
        return Err(Overflow("a step of zero"));
    }
    // Steps of 1, 0.1, 0.01 … need no division.
    if step.mantissa() == 1 {
        let strategy = match rounding {
            StepRounding::Down => RoundingStrategy::ToNegativeInfinity,
            StepRounding::Up => RoundingStrategy::ToPositiveInfinity,
            StepRounding::Nearest => RoundingStrategy::MidpointAwayFromZero,
        };
        return Ok(raw.round_dp_with_strategy(step.scale(), strategy));
    }
    let steps = raw.over(step)?;
    let whole = match rounding {
        StepRounding::Down => steps.floor(),
        StepRounding::Up => steps.ceil(),
        StepRounding::Nearest => steps.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero),
    };
    whole.times(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal_macros::dec;

    fn instrument(tick: Decimal, lot: Decimal) -> Instrument {
        Instrument { tick, lot, ..Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT") }
    }

    #[test]
    fn rounding_follows_the_table_of_trading_0_4() {
        let i = instrument(dec!(0.5), dec!(0.01));
        assert_eq!(i.floor_quantity(dec!(0.3999)).unwrap().get(), dec!(0.39));
        assert_eq!(i.round_price(dec!(100.25), StepRounding::Nearest).unwrap().get(), dec!(100.5));
        assert_eq!(i.round_stop(PositionSide::Long, dec!(100.1)).unwrap().get(), dec!(100.5));
        assert_eq!(i.round_stop(PositionSide::Short, dec!(100.4)).unwrap().get(), dec!(100));
        assert_eq!(i.round_resting_entry(PositionSide::Long, dec!(100.4)).unwrap().get(), dec!(100));
        assert_eq!(i.round_resting_entry(PositionSide::Short, dec!(100.1)).unwrap().get(), dec!(100.5));
        assert_eq!(i.round_fill(crate::model::Side::Buy, dec!(100.1)).unwrap().get(), dec!(100.5));
        assert_eq!(i.round_fill(crate::model::Side::Sell, dec!(100.4)).unwrap().get(), dec!(100));
    }

    #[test]
    fn inverse_contracts_are_refused_by_name() {
        let inverse = Instrument { kind: InstrumentKind::Inverse, ..instrument(Decimal::ONE, Decimal::ONE) };
        let message = inverse.validate().unwrap_err().to_string();
        assert!(message.starts_with("instrument.inverse_unsupported"), "{message}");
    }

    proptest! {
        #[test]
        fn contracts_survive_the_trip_through_base_units(units in 1i64..10_000_000, size in 1i64..10_000, scale in 0u32..6) {
            let i = Instrument { contract_size: Decimal::new(size, scale), ..instrument(dec!(0.1), dec!(0.01)) };
            let contracts = Contracts::new(Decimal::new(units, 2));
            let there = i.base_units(contracts).unwrap();
            prop_assert_eq!(i.contracts(there).unwrap().get(), contracts.get());
        }

        #[test]
        fn both_ways_of_rounding_agree(raw in 1i64..1_000_000_000_000, scale in 1u32..9) {
            let raw = Decimal::new(raw, 6);
            for rounding in [StepRounding::Down, StepRounding::Up, StepRounding::Nearest] {
                let fast = round_to_step(raw, Decimal::new(1, scale), rounding).unwrap();
                let slow = round_to_step(raw, Decimal::new(10, scale + 1), rounding).unwrap();
                prop_assert_eq!(fast, slow);
            }
        }
    }
}
