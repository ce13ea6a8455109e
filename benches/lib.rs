//! Benchmarks that compare whole runs of hyperrsi with bare loops, and what they share: a seeded series and the loop.

#[path = "../examples/shared/bare_loop.rs"]
mod yardstick;

pub use yardstick::bare_loop;

use hyperrsi::model::Timestamp;
use hyperrsi::prelude::*;

/// A seeded random walk of one-minute candles around 30,000 on a grid of 0.1: the same on every machine.
pub fn walk(count: usize) -> Candles {
    let mut candles = Candles::with_capacity(Timeframe::M1, count);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    // xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" (2016)
    let mut random = move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let grid = |price: f64| (price * 10.0).round() / 10.0;
    let mut price = 30_000.0_f64;
    for minute in 0..count {
        let open = grid(price);
        // A pull to the middle keeps the walk positive for any length.
        let drift = (30_000.0 - price) * 1e-6;
        let close = grid(open * (1.0 + (random() + random() + random() - 1.5) * 0.0012) + drift);
        let high = grid(open.max(close) * (1.0 + random() * 0.0004));
        let low = grid(open.min(close) * (1.0 - random() * 0.0004));
        let time = Timestamp::from_millis(1_577_836_800_000 + minute as i64 * 60_000);
        let pushed = candles.push(Candle::new(
            time,
            open,
            high.max(open).max(close),
            low.min(open).min(close),
            close,
            1.0,
        ));
        debug_assert!(pushed.is_ok());
        price = close;
    }
    candles
}
