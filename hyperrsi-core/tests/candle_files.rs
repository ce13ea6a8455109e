//! What candle files are accepted, what they are refused for, and what a repair does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, helpers outside #[test] included"
)]

#[cfg(feature = "parquet")]
#[path = "candle_files/columnar.rs"]
mod columnar;
#[path = "candle_files/refused.rs"]
mod refused;

use flate2::{Compression, write::GzEncoder};
use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
use hyperrsi_core::series::Candles;
use hyperrsi_core::series::file::{
    BadRowPolicy, CandleFileError, Column, DuplicatePolicy, Load, Loaded, OrderPolicy, Place, Problem,
    Repair, load, write_csv,
};
use proptest::prelude::*;
use std::io::Write;

/// Three candles of five minutes from 2022-01-01.
const PLAIN: &str = "ts_ms,open,high,low,close,volume\n\
    1640995200000,46197,46390,46195,46336,36.5\n\
    1640995500000,46336,46542,46287,46402,20.25\n\
    1640995800000,46402,46500,46300,46350,18\n";

/// `PLAIN`, packed by `zstd -19 --check`.
const PLAIN_ZST: &[u8] = &[
    0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68, 0x35, 0x03, 0x00, 0x92, 0xc5, 0x11, 0x11, 0x90, 0x7d, 0x40, 0x42,
    0x38, 0xb5, 0x31, 0x33, 0x89, 0x5d, 0xf2, 0x14, 0x79, 0xfe, 0xe9, 0x5c, 0x02, 0x00, 0x89, 0xf6, 0xf2,
    0x4e, 0xd0, 0x07, 0xff, 0x7e, 0x27, 0x07, 0xfd, 0x93, 0x62, 0xc6, 0x28, 0x25, 0x98, 0xd1, 0x66, 0x94,
    0x34, 0x0c, 0xe9, 0x93, 0x84, 0x21, 0xed, 0x5f, 0x52, 0x72, 0x62, 0x04, 0x60, 0xf1, 0xc2, 0x89, 0x9b,
    0xd5, 0x09, 0x57, 0xe7, 0x09, 0xdb, 0xb5, 0xe7, 0x5a, 0x32, 0x3a, 0xbb, 0x46, 0x55, 0x6d, 0x0d, 0x20,
    0x60, 0x13, 0x85, 0x07, 0x79, 0xc0, 0x1e, 0x30, 0x8c, 0xe4, 0xbe, 0x82, 0x03, 0x46, 0x60, 0x80, 0x81,
    0x5c, 0x87, 0x4c, 0xe1, 0xde, 0x78, 0x05, 0xac, 0x0c, 0x66, 0x73, 0x19, 0x42,
];

fn plain() -> Candles {
    let mut candles = Candles::new(Timeframe::M5);
    for (time, open, high, low, close, volume) in [
        (1_640_995_200_000, 46197.0, 46390.0, 46195.0, 46336.0, 36.5),
        (1_640_995_500_000, 46336.0, 46542.0, 46287.0, 46402.0, 20.25),
        (1_640_995_800_000, 46402.0, 46500.0, 46300.0, 46350.0, 18.0),
    ] {
        candles.push(Candle::new(Timestamp::from_millis(time), open, high, low, close, volume)).unwrap();
    }
    candles
}

fn read(bytes: impl AsRef<[u8]>) -> Result<Loaded, CandleFileError> {
    Load::new("btc.csv").read_from(bytes.as_ref())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The three candles with `head` above them, each row between what `row` puts around it.
fn table(head: &str, row: impl Fn(&str, [&str; 5]) -> String) -> String {
    let rows = [
        ("1640995200000", ["46197", "46390", "46195", "46336", "36.5"]),
        ("1640995500000", ["46336", "46542", "46287", "46402", "20.25"]),
        ("1640995800000", ["46402", "46500", "46300", "46350", "18"]),
    ];
    let rows = rows.iter().map(|(time, numbers)| row(time, *numbers) + "\n");
    std::iter::once(head.to_owned()).chain(rows).collect()
}

#[test]
fn every_layout_gives_the_same_candles() {
    let iso = |time: &str, hour: u8| {
        let minute = (time.parse::<i64>().unwrap() / 60_000) % 60;
        format!("2022-01-01 {hour:02}:{minute:02}:00")
    };
    let binance = |t: &str, [o, h, l, c, v]: [&str; 5]| {
        format!("{t},{o},{h},{l},{c},{v},1640995499999,1690000.1,120,18.1,840000.2,0")
    };
    let layouts: &[(&str, String)] = &[
        ("plain", PLAIN.into()),
        ("no line feed at the end", PLAIN.trim_end().into()),
        ("CRLF", PLAIN.replace('\n', "\r\n")),
        ("byte order mark", format!("\u{feff}{PLAIN}")),
        ("semicolons", PLAIN.replace(',', ";")),
        ("tabs", PLAIN.replace(',', "\t")),
        ("blanks after commas", PLAIN.replace(',', ", ")),
        ("blank lines", PLAIN.replace('\n', "\n\n")),
        ("remarks above", format!("# exported\nhttps://www.example.com\n{PLAIN}")),
        ("quoted", PLAIN.lines().map(|l| format!("\"{}\"\n", l.replace(',', "\",\""))).collect()),
        ("upper case", PLAIN.to_uppercase().replace("TS_MS", "Open Time")),
        ("short names", PLAIN.replace("ts_ms,open,high,low,close,volume", "t,o,h,l,c,v")),
        ("seconds", PLAIN.replace("000,", ",").replace("ts_ms", "unix")),
        ("seconds as floats", PLAIN.replace("000,", ".0,").replace("ts_ms", "time")),
        ("microseconds", PLAIN.replace("000,", "000000,").replace("ts_ms", "timestamp")),
        ("nanoseconds", PLAIN.replace("000,", "000000000,").replace("ts_ms", "ts")),
        (
            "ISO dates as pandas writes them, further column",
            table("date,open,high,low,close,volume,rsi\n", |t, [o, h, l, c, v]| {
                format!("{}+00:00,{o}.0,{h}.0,{l}.0,{c}.0,{v},", iso(t, 0))
            }),
        ),
        (
            "ISO dates in an index without a name",
            table(",open,high,low,close,volume\n", |t, n| format!("{},{}", iso(t, 0), n.join(","))),
        ),
        (
            "ISO dates with an offset",
            table("datetime,open,high,low,close,volume\n", |t, n| {
                format!("{}+09:00,{}", iso(t, 9), n.join(","))
            }),
        ),
        (
            "columns in another order",
            table("volume,close,low,high,open,symbol,open_time\n", |t, [o, h, l, c, v]| {
                let symbol = if v == "18" { "\"BTC,USDT\"" } else { "BTC/USDT" };
                format!("{v},{c},{l},{h},{o},{symbol},{t}")
            }),
        ),
        ("Binance without header", table("", binance)),
        (
            "Binance with header",
            table(
                "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,\
                 taker_buy_quote_volume,ignore\n",
                binance,
            ),
        ),
        (
            "Kraken with header",
            table("time,open,high,low,close,vwap,volume,count\n", |t, [o, h, l, c, v]| {
                format!("{},{o},{h},{l},{c},46300.1,{v},12", &t[..10])
            }),
        ),
        ("Kraken without header", table("", |t, n| format!("{},{},12", &t[..10], n.join(",")))),
        (
            "Bybit",
            table("startTime,openPrice,highPrice,lowPrice,closePrice,volume,turnover\n", |t, n| {
                format!("{t},{},1690000", n.join(","))
            }),
        ),
        (
            "OKX swap: vol in contracts, vol_ccy in base units",
            table(
                "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm\n",
                |t, [o, h, l, c, v]| format!("BTC-USDT-SWAP,{o},{h},{l},{c},3650,{v},1690000,{t},1"),
            ),
        ),
        (
            "OKX spot: vol in base units, volCcy in quote units",
            table("ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm\n", |t, n| {
                format!("{t},{},1690000,1690000,1", n.join(","))
            }),
        ),
        (
            "OKX swap without header",
            table("", |t, [o, h, l, c, v]| format!("{t},{o},{h},{l},{c},3650,{v},1690000,1")),
        ),
    ];
    for (name, text) in layouts {
        let loaded = read(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(loaded.candles, plain(), "{name}");
        assert_eq!(loaded.report.rows, 3, "{name}");
    }
}

#[test]
fn cryptodatadownload_is_newest_first_and_has_two_volumes() {
    let text = "https://www.CryptoDataDownload.com\n\
        unix,date,symbol,open,high,low,close,Volume USDT,Volume BTC\n\
        1640995800000,2022-01-01 00:10:00,BTC/USDT,46402,46500,46300,46350,830000,18\n\
        1640995500000,2022-01-01 00:05:00,BTC/USDT,46336,46542,46287,46402,940000,20.25\n\
        1640995200000,2022-01-01 00:00:00,BTC/USDT,46197,46390,46195,46336,1690000,36.5\n";
    let error = read(text).unwrap_err();
    assert!(matches!(error.problem(), Problem::Descending), "{error}");
    assert_eq!(error.place(), Place::Line(4));
    assert!(error.to_string().contains("order(Sort)"), "{error}");
    let sort = Load::new("btc.csv").repair(Repair::none().order(OrderPolicy::Sort));
    let loaded = sort.read_from(text.as_bytes()).unwrap();
    assert_eq!(loaded.candles, plain());
    assert!(loaded.report.sorted);
}

#[test]
fn the_right_timeframe_is_needed() {
    let minutes = |n: i64, step: i64| -> String {
        let rows = (0..n).map(|i| format!("{},1,1,1,1,1\n", 1_640_995_200_000 + i * step * 60_000));
        std::iter::once("ts,open,high,low,close,volume\n".to_owned()).chain(rows).collect()
    };
    for (rows, asked) in [(minutes(20, 1), Timeframe::M5), (minutes(20, 5), Timeframe::M1)] {
        let error = Load::new("btc.csv").timeframe(asked).read_from(rows.as_bytes()).unwrap_err();
        assert!(matches!(error.problem(), Problem::WrongTimeframe { .. }), "{error}");
    }
    // Two minutes that are five apart may be minutes with a hole; one candle is enough once the timeframe is told.
    let sparse = Load::new("btc.csv").timeframe(Timeframe::M1).repair(Repair::keep_gaps());
    assert_eq!(sparse.read_from(minutes(2, 5).as_bytes()).unwrap().report.missing(), 4);
    assert_eq!(sparse.read_from(minutes(1, 1).as_bytes()).unwrap().candles.len(), 1);
}

#[test]
fn every_repair_is_counted() {
    let text = "ts_ms,open,high,low,close,volume\n\
        1640995260000,10,12,9,11,5\n\
        1640995200000,10,12,9,11,5\n\
        1640995320000,10,12,9,oops,5\n\
        1640995260000,10,12,9,11,6\n\
        1640995440000,10,12,9,11,5\n\
        1640995500000,10,12,9,11,5\n\
        1640995501000,10,12,9,11,5\n\
        \n\
        1640995560000,10,12,9,11\n";
    let all = Repair::keep_gaps()
        .order(OrderPolicy::Sort)
        .duplicates(DuplicatePolicy::KeepLast)
        .bad_rows(BadRowPolicy::Drop);
    let lenient = Load::new("btc.csv").timeframe(Timeframe::M1).repair(all);
    let Loaded { candles, report, .. } = lenient.read_from(text.as_bytes()).unwrap();
    assert_eq!(candles.volumes(), [5.0, 6.0, 5.0, 5.0]);
    assert_eq!(report.gaps, [(Timestamp::from_millis(1_640_995_320_000), 2)]);
    assert_eq!((report.rows, report.duplicates_dropped, report.sorted), (4, 1, true));
    let places: Vec<_> = report.bad_rows.iter().map(|bad| bad.place).collect();
    assert_eq!(report.bad_rows_dropped, 3);
    assert_eq!(places, [Place::Line(4), Place::Line(10), Place::Line(8)]);
    assert_eq!(
        report.to_string(),
        "btc.csv: 4 candles of 1m, 2022-01-01T00:00:00Z to 2022-01-01T00:05:00Z\n\
         candles missing: 2 in 1 gap, the longest 2 from 2022-01-01T00:02:00Z\n\
         duplicates dropped: 1\n\
         rows out of order: sorted by time\n\
         bad rows dropped: 3: close is \"oops\", which is not a number (line 4); the row has 5 fields and needs 6 \
         (line 10); the candle at 2022-01-01T00:05:01Z does not open on a 1m boundary (UTC) (line 8)"
    );
    let first = lenient.repair(all.duplicates(DuplicatePolicy::KeepFirst));
    assert_eq!(first.read_from(text.as_bytes()).unwrap().candles.volumes(), [5.0, 5.0, 5.0, 5.0]);
}

#[test]
fn dropping_every_row_is_an_error() {
    let drop = Load::new("btc.csv").repair(Repair::none().bad_rows(BadRowPolicy::Drop));
    let error = drop.read_from(&b"ts,open,high,low,close,volume\nx,x,x,x,x,x\n"[..]).unwrap_err();
    assert!(matches!(error.problem(), Problem::NothingUsable { dropped: 1, .. }), "{error}");
}

#[test]
fn a_column_can_be_named() {
    let text = table("when,open,high,low,close,volume eth,volume btc\n", |t, [o, h, l, c, v]| {
        format!("{t},{o},{h},{l},{c},1,{v}")
    });
    let named = Load::new("btc.csv").column(Column::Time, "When").column(Column::Volume, "Volume BTC");
    assert_eq!(named.read_from(text.as_bytes()).unwrap().candles, plain());
}

#[test]
fn compressed_files_are_told_by_content() {
    let (a, b) = PLAIN.split_at(70);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], PLAIN_ZST].concat();
    for (name, bytes) in [
        ("gzip", gzip(PLAIN.as_bytes())),
        ("gzip of two members", [gzip(a.as_bytes()), gzip(b.as_bytes())].concat()),
        ("zstd", PLAIN_ZST.into()),
        ("zstd after a skippable frame", skippable),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("candles.csv");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(load(&path).unwrap_or_else(|e| panic!("{name}: {e}")).candles, plain(), "{name}");
    }
    let error = read([PLAIN_ZST, PLAIN_ZST].concat()).unwrap_err();
    assert_eq!(error.place(), Place::Line(5), "the second frame begins with a second header: {error}");
}

#[test]
fn files_longer_than_a_block_keep_every_row_and_the_line_numbers() {
    let mut candles = Candles::with_capacity(Timeframe::M1, 30_000);
    for i in 0..30_000_i64 {
        let base = 40_000.0 + (i % 977) as f64 * 0.37;
        let time = Timestamp::from_millis(1_577_836_800_000 + i * 60_000);
        candles.push(Candle::new(time, base, base + 3.25, base - 1.125, base + 0.1, i as f64 / 7.0)).unwrap();
    }
    let mut text = Vec::new();
    write_csv(&candles, &mut text).unwrap();
    assert_eq!(read(&text).unwrap().candles, candles);
    assert_eq!(read(gzip(&text)).unwrap().candles, candles);
    text.extend_from_slice(b"1,2\n");
    assert_eq!(read(&text).unwrap_err().place(), Place::Line(30_002));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn arbitrary_content_of_every_kind_never_panics(
        mark in prop_oneof![
            Just(&b"\x1f\x8b\x08\0"[..]), Just(&b"\x28\xb5\x2f\xfd"[..]), Just(&b"PAR1"[..]),
            Just(&b"\x50\x2a\x4d\x18"[..]), Just(&b"ts_ms,open,high,low,close,volume\n"[..]),
        ],
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let _ = read([mark, &bytes].concat());
    }

    #[test]
    fn a_lenient_load_accounts_for_every_row(
        text in "([0-9]{0,14}[,;.eE+\"\\-\n :TZ]{0,2}){0,40}",
    ) {
        let text = format!("{PLAIN}{text}");
        let all = Repair::keep_gaps()
            .order(OrderPolicy::Sort)
            .duplicates(DuplicatePolicy::KeepFirst)
            .bad_rows(BadRowPolicy::Drop);
        let lenient = Load::new("btc.csv").timeframe(Timeframe::M5).repair(all);
        if let Ok(Loaded { report, .. }) = lenient.read_from(text.as_bytes()) {
            let filled = text.lines().filter(|line| !line.trim().is_empty()).count() - 1;
            prop_assert_eq!(report.rows + report.duplicates_dropped + report.bad_rows_dropped, filled);
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        prices in proptest::collection::vec((1e-9_f64..1e9, 0.0_f64..1e12), 2..50),
    ) {
        let mut candles = Candles::new(Timeframe::M1);
        for (i, (price, volume)) in (0..).zip(prices) {
            let time = Timestamp::from_millis(i * 60_000);
            candles.push(Candle::new(time, price, price * 1.5, price / 3.0, price, volume)).unwrap();
        }
        let mut text = Vec::new();
        write_csv(&candles, &mut text).unwrap();
        prop_assert_eq!(read(&text).unwrap().candles, candles);
    }
}
