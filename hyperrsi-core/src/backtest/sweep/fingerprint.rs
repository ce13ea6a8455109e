use super::{Space, Subject};
use crate::backtest::Config;
use crate::series::{Candles, FundingRates};
use std::fmt;

/// What results belong to: the candles, and everything else that is the same for all of them. Two runs with the same
/// fingerprint give the same row for the same combination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Names every number of every candle.
    pub candles: Mark,
    /// Names the strategy, its fixed settings, the keys and values tried, the assumptions and the version of this
    /// library. Not which combinations were searched: a search may be extended.
    pub plan: Mark,
}

impl Fingerprint {
    /// Of a sweep; `config` is what combinations start from.
    pub fn new<S: Subject>(subject: &S, config: &Config, space: &Space, candles: &Candles) -> Self {
        let mut plan = Fnv::default();
        plan.text(env!("CARGO_PKG_VERSION"));
        plan.text(subject.name());
        plan.text(&format!("{config:?}"));
        for (key, value) in space.base() {
            plan.text(key);
            plan.text(&value.to_string());
        }
        for axis in space.axes() {
            plan.text(axis.key());
            for value in axis.values() {
                plan.text(value);
            }
            plan.word(u64::MAX);
        }
        Self { candles: mark(candles), plan: Mark(plan.0) }
    }

    /// The same with funding: results with other rates are other results.
    #[must_use]
    pub fn with_funding(self, rates: &FundingRates) -> Self {
        let mut plan = Fnv(self.plan.0);
        for row in rates.rows() {
            plan.word(row.time.millis() as u64);
            plan.text(&format!("{} {:?}", row.rate, row.mark));
        }
        Self { plan: Mark(plan.0), ..self }
    }
}

/// A hash, written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(u64);

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

fn mark(candles: &Candles) -> Mark {
    let mut hash = Fnv::default();
    hash.text(candles.timeframe().as_str());
    for time in candles.open_times() {
        hash.word(*time as u64);
    }
    let columns = [candles.opens(), candles.highs(), candles.lows(), candles.closes(), candles.volumes()];
    for value in columns.into_iter().flatten() {
        hash.word(value.to_bits());
    }
    Mark(hash.0)
}

/// FNV-1a over words of 64 bits instead of bytes, with a final mix: it only has to notice a change.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn word(&mut self, word: u64) {
        let word = crate::backtest::statistics::mixed(word);
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
    }

    fn text(&mut self, text: &str) {
        self.word(text.len() as u64);
        for byte in text.bytes() {
            self.word(u64::from(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::subject::Threshold;
    use super::*;
    use crate::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};

    fn candles(close: f64) -> Candles {
        let mut candles = Candles::new(Timeframe::M1);
        for minute in 0..3 {
            let time = Timestamp::from_millis(minute * 60_000);
            candles.push(Candle::new(time, 100.0, 110.0, 90.0, close, 1.0)).unwrap();
        }
        candles
    }

    #[test]
    fn each_thing_that_changes_a_result_changes_the_fingerprint() {
        let mut config = Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"));
        let mut space = Space::new(serde_json::Map::new());
        space.add("level=20,30".parse().unwrap()).unwrap();
        let of = |config: &Config, space: &Space, close| {
            let subject = Threshold::new(config.clone(), Timeframe::M1);
            Fingerprint::new(&subject, config, space, &candles(close))
        };
        let first = of(&config, &space, 100.0);
        assert_eq!(first, of(&config, &space, 100.0));
        let other = of(&config, &space, 100.5);
        assert!(other.candles != first.candles && other.plan == first.plan);
        let funded = |rate: i64| {
            let mut rates = FundingRates::default();
            rates.push(Timestamp::EPOCH, rust_decimal::Decimal::new(rate, 4), None).unwrap();
            first.with_funding(&rates)
        };
        assert!(funded(1).plan != first.plan && funded(1).plan != funded(2).plan);
        assert_eq!((funded(1), funded(1).candles), (funded(1), first.candles));
        let mut wider = Space::new(serde_json::Map::new());
        wider.add("level=20,30,40".parse().unwrap()).unwrap();
        assert_ne!(of(&config, &wider, 100.0).plan, first.plan);
        config.close_at_end = false;
        let other = of(&config, &space, 100.0);
        assert!(other.plan != first.plan && other.candles == first.candles);
    }
}
