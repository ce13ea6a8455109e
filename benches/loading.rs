//! How fast a candle file is read: one million rows of one minute, from memory, against split and parse.
//!
//! `cargo bench -p hyperrsi-benches --bench loading`

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a bench ends when its input is wrong; criterion adds a main"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
use hyperrsi_core::series::Candles;
use hyperrsi_core::series::aggregate::{Aggregator, resample};
use hyperrsi_core::series::file::{Load, write_csv};
use std::hint::black_box;

const ROWS: u32 = 1_000_000;

/// A walk with the digits of a real market: prices to one decimal, volumes to three.
fn market() -> Candles {
    let mut candles = Candles::with_capacity(Timeframe::M1, ROWS as usize);
    let (mut price, mut seed) = (461_970_i64, 1_u64);
    let mut random = |below: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as i64 % below
    };
    for i in 0..i64::from(ROWS) {
        let open = price;
        price = (price + random(401) - 200).max(1_000);
        let (high, low) = (open.max(price) + random(100), open.min(price) - random(100));
        let tenths = |n: i64| n as f64 / 10.0;
        let volume = random(90_000_000) as f64 / 1000.0;
        let time = Timestamp::from_millis(1_577_836_800_000 + i * 60_000);
        let candle = Candle::new(time, tenths(open), tenths(high), tenths(low), tenths(price), volume);
        candles.push(candle).expect("a candle of the walk is valid");
    }
    candles
}

/// What a first version would do: a string per line, split, parse.
fn naive(text: &str) -> Candles {
    let mut candles = Candles::new(Timeframe::M1);
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |i: usize| cells.get(i).and_then(|cell| cell.parse::<f64>().ok()).expect("a number");
        let time = Timestamp::from_millis(cells.first().and_then(|cell| cell.parse().ok()).expect("a time"));
        let candle = Candle::new(time, number(1), number(2), number(3), number(4), number(5));
        candles.push(candle).expect("a candle in order");
    }
    candles
}

fn loading(c: &mut Criterion) {
    let candles = market();
    let mut plain = Vec::new();
    write_csv(&candles, &mut plain).expect("memory takes any bytes");
    let text = std::str::from_utf8(&plain).expect("digits are text");
    let dated = with_dates(&candles);
    let binance = like_binance(&candles);
    let folder = tempfile::tempdir().expect("a folder for the bench");
    let path = folder.path().join("candles.csv");
    std::fs::write(&path, &plain).expect("the file is written");

    let mut group = c.benchmark_group("loading");
    group.throughput(Throughput::Elements(u64::from(ROWS))).sample_size(10);
    group.bench_function("csv_file", |b| b.iter(|| Load::new(&path).read().expect("a good file")));
    let from = |bytes: &[u8]| Load::new("bench").read_from(bytes).expect("a good file");
    group.bench_function("csv_memory", |b| b.iter(|| from(black_box(&plain))));
    group.bench_function("csv_iso_dates", |b| b.iter(|| from(black_box(dated.as_bytes()))));
    group.bench_function("csv_binance_12_columns", |b| b.iter(|| from(black_box(binance.as_bytes()))));
    group.bench_function("naive_split_and_parse", |b| b.iter(|| naive(black_box(text))));
    group.finish();

    let mut group = c.benchmark_group("aggregate");
    group.throughput(Throughput::Elements(u64::from(ROWS))).sample_size(20);
    group.bench_function("update_1m_to_15m", |b| {
        b.iter(|| {
            let mut aggregator =
                Aggregator::new(Timeframe::M1, Timeframe::M15).expect("15 is a multiple of 1");
            candles.iter().map(|candle| aggregator.update(&candle).into_iter().count()).sum::<usize>()
        });
    });
    group.bench_function("resample_1m_to_15m", |b| {
        b.iter(|| resample(black_box(&candles), Timeframe::M15).expect("15 is a multiple of 1"));
    });
    group.finish();
}

fn with_dates(candles: &Candles) -> String {
    let rows = candles
        .iter()
        .map(|c| format!("{},{},{},{},{},{}\n", c.open_time, c.open, c.high, c.low, c.close, c.volume));
    std::iter::once("date,open,high,low,close,volume\n".to_owned()).chain(rows).collect()
}

fn like_binance(candles: &Candles) -> String {
    let row = |c: Candle| {
        let time = c.open_time.millis();
        format!(
            "{time},{:.8},{:.8},{:.8},{:.8},{:.8},{},16900000.12345678,1200,18.12345678,840000.12345678,0\n",
            c.open,
            c.high,
            c.low,
            c.close,
            c.volume,
            time + 59_999
        )
    };
    candles.iter().map(row).collect()
}

criterion_group!(benches, loading);
criterion_main!(benches);
