//! Market data of one venue: one subscription per instrument and channel, shared by every trader on it.

mod growing;
mod prices;
mod series;

pub use prices::Prices;
pub use series::Board;

use super::clock::Clock;
use crate::exchange::MarketData;
use crate::model::{InstrumentId, Span, Timeframe, VenueId};
use crate::strategy::Needs;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long things may take before they count as missing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HubOptions {
    /// How long after its close a candle may arrive before it is asked for.
    pub candle_grace: Span,
    /// How long after its close a candle that nobody has closes the gate of entries.
    pub candle_stale: Span,
    /// How long a price feed may be silent before it is subscribed anew.
    pub price_silence: Span,
    /// The longest pause between attempts.
    pub longest_pause: Span,
}

impl Default for HubOptions {
    /// 2 s, 10 s, 30 s, 60 s.
    fn default() -> Self {
        Self {
            candle_grace: Span::seconds(2),
            candle_stale: Span::seconds(10),
            price_silence: Span::seconds(30),
            longest_pause: Span::seconds(60),
        }
    }
}

type Key = (InstrumentId, Timeframe);

#[derive(Default)]
struct Shared {
    series: BTreeMap<Key, (mpsc::UnboundedSender<Needs>, watch::Receiver<Board>)>,
    prices: BTreeMap<InstrumentId, watch::Receiver<Prices>>,
    tasks: JoinSet<()>,
}

/// Market data of one venue. Copies share everything; when the last one is gone, its subscriptions end.
#[derive(Clone)]
pub struct Hub {
    market: Arc<dyn MarketData>,
    clock: Arc<dyn Clock>,
    options: HubOptions,
    shared: Arc<Mutex<Shared>>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("venue", &self.venue()).finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub over a venue's market data.
    pub fn new(market: Arc<dyn MarketData>, clock: Arc<dyn Clock>) -> Self {
        Self::with(market, clock, HubOptions::default())
    }

    /// The same with other patience.
    pub fn with(market: Arc<dyn MarketData>, clock: Arc<dyn Clock>, options: HubOptions) -> Self {
        Self { market, clock, options, shared: Arc::default() }
    }

    /// The venue.
    pub fn venue(&self) -> VenueId {
        self.market.venue()
    }
    /// The market data itself, for requests.
    pub fn market(&self) -> &Arc<dyn MarketData> {
        &self.market
    }

    /// The candles a strategy needs of an instrument: history first, then as they close. Call within a tokio runtime.
    pub fn candles(&self, instrument: &InstrumentId, needs: &Needs) -> watch::Receiver<Board> {
        let timeframe = needs.series.first().map_or(Timeframe::M1, |need| need.timeframe);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (instrument.clone(), timeframe);
        if let Some((wants, board)) = shared.series.get(&key) {
            let _ = wants.send(needs.clone());
            return board.clone();
        }
        let (wants, wanted) = mpsc::unbounded_channel();
        let (sender, board) = watch::channel(Board::default());
        let _ = wants.send(needs.clone());
        let task = series::Task::new(self, key.clone(), sender, wanted);
        shared.tasks.spawn(task.run());
        shared.series.insert(key, (wants, board.clone()));
        board
    }

    /// Last and mark price of an instrument, the newest ones. Call within a tokio runtime.
    pub fn prices(&self, instrument: &InstrumentId) -> watch::Receiver<Prices> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prices) = shared.prices.get(instrument) {
            return prices.clone();
        }
        let (sender, prices) = watch::channel(Prices::default());
        let task = prices::Task::new(self, instrument.clone(), sender);
        shared.tasks.spawn(task.run());
        shared.prices.insert(instrument.clone(), prices.clone());
        prices
    }

    /// How many subscriptions there are.
    pub fn subscriptions(&self) -> usize {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.series.len() + shared.prices.len()
    }
}

/// Pauses between attempts: 1, 2, 4, … seconds, each a little off, so that a thousand clients do not come back at once
/// (FAULTS 26).
pub(crate) struct Backoff {
    tries: u32,
    longest: Span,
    salt: u64,
}

impl Backoff {
    pub(crate) fn new(longest: Span, name: &str) -> Self {
        let salt = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { tries: 0, longest, salt }
    }
    pub(crate) const fn reset(&mut self) {
        self.tries = 0;
    }
    /// The next pause: between a half and the whole of what is due.
    pub(crate) fn pause(&mut self) -> Span {
        let whole =
            Span::seconds(1_i64.checked_shl(self.tries.min(16)).unwrap_or(1)).min(self.longest).millis();
        self.tries += 1;
        self.salt = self.salt.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = i64::try_from(self.salt >> 33).unwrap_or(0) % (whole / 2 + 1);
        Span::millis_of(whole / 2 + part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ_from_name_to_name() {
        let pauses = |name| -> Vec<i64> {
            let mut backoff = Backoff::new(Span::seconds(60), name);
            (0..10).map(|_| backoff.pause().millis()).collect()
        };
        let first = pauses("a");
        for (n, pause) in first.iter().enumerate() {
            let whole = (1_000_i64 << n).min(60_000);
            assert!((whole / 2..=whole).contains(pause), "{n}: {pause}");
        }
        assert_ne!(first, pauses("b"));
    }
}
