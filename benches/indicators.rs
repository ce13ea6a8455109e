//! What one update costs: RSI, and the trend state per base candle, higher timeframes included.
//!
//! `cargo bench -p hyperrsi-benches --bench indicators`; every figure is for a whole year of 1-minute candles (525 600), so
//! divide by that for nanoseconds per candle.
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hyperrsi::indicator::trend::{AggregatingTrend, TrendState};
use hyperrsi::indicator::{Atr, Hma, Indicator, Macd, Rsi, Sma, Wma};
use hyperrsi::model::{Candle, Timeframe, Timestamp};
use std::hint::black_box;

const CANDLES: i64 = 525_600;

/// A random walk in cents, the same on every run.
fn candles() -> Vec<Candle> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut close = 40_000.0_f64;
    (0..CANDLES)
        .map(|minute| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let step = f64::from(u32::try_from(seed >> 40).unwrap_or(0) % 4_001) / 100.0 - 20.0;
            let open = close;
            close = ((close + step).max(1_000.0) * 100.0).round() / 100.0;
            let (high, low) = (open.max(close) + 3.0, open.min(close) - 3.0);
            Candle::new(Timestamp::from_millis(minute * 60_000), open, high, low, close, 1.0)
        })
        .collect()
}

fn of_closes<I: Indicator<Input = f64> + Clone>(
    c: &mut Criterion,
    name: &str,
    closes: &[f64],
    indicator: &I,
) {
    let mut group = c.benchmark_group("indicator");
    group.throughput(Throughput::Elements(closes.len() as u64)).sample_size(20);
    group.bench_function(name, |b| {
        b.iter_batched_ref(
            || indicator.clone(),
            |indicator| {
                for close in closes {
                    black_box(indicator.update(*close));
                }
            },
            BatchSize::SmallInput,
        );
    });
}

fn indicators(c: &mut Criterion) {
    let candles = candles();
    let closes: Vec<f64> = candles.iter().map(|candle| candle.close).collect();
    if let (Ok(rsi), Ok(sma), Ok(wma), Ok(hma), Ok(macd)) =
        (Rsi::new(14), Sma::new(20), Wma::new(20), Hma::new(20), Macd::new(12, 26, 9))
    {
        of_closes(c, "rsi_14", &closes, &rsi);
        of_closes(c, "sma_20", &closes, &sma);
        of_closes(c, "wma_20", &closes, &wma);
        of_closes(c, "hma_20", &closes, &hma);
        of_closes(c, "macd_12_26_9", &closes, &macd);
    }
    let mut group = c.benchmark_group("indicator");
    group.throughput(Throughput::Elements(candles.len() as u64)).sample_size(20);
    if let Ok(atr) = Atr::new(14) {
        group.bench_function("atr_14", |b| {
            b.iter_batched_ref(
                || atr.clone(),
                |atr| {
                    for candle in &candles {
                        black_box(atr.update(*candle));
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    for (name, longer) in [("trend_1m", false), ("trend_1m_longer", true)] {
        let trend = AggregatingTrend::new(TrendState::new(Timeframe::M1, longer, None));
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || trend.clone(),
                |trend| {
                    for candle in &candles {
                        black_box(trend.on_base(candle));
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// The same indicators lent by wickra-core, for comparison: `--features catalogue`.
#[cfg(feature = "catalogue")]
fn catalogue(c: &mut Criterion) {
    use hyperrsi::indicator::catalogue::{OfValues, wickra_core as theirs};
    let closes: Vec<f64> = candles().iter().map(|candle| candle.close).collect();
    if let (Ok(rsi), Ok(sma), Ok(wma), Ok(hma), Ok(macd)) = (
        theirs::Rsi::new(14),
        theirs::Sma::new(20),
        theirs::Wma::new(20),
        theirs::Hma::new(20),
        theirs::MacdIndicator::new(12, 26, 9),
    ) {
        of_closes(c, "catalogue rsi_14", &closes, &OfValues::new(rsi));
        of_closes(c, "catalogue sma_20", &closes, &OfValues::new(sma));
        of_closes(c, "catalogue wma_20", &closes, &OfValues::new(wma));
        of_closes(c, "catalogue hma_20", &closes, &OfValues::new(hma));
        of_closes(c, "catalogue macd_12_26_9", &closes, &OfValues::new(macd));
    }
}

#[cfg(not(feature = "catalogue"))]
fn catalogue(_: &mut Criterion) {}

criterion_group!(benches, indicators, catalogue);
criterion_main!(benches);
