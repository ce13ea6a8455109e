//! The trend state against the numbers of two other implementations, every bar and every column.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod support;

use hyperrsi_core::indicator::trend::{
    AggregatingTrend, BandState, Cycle, SecondCycle, TrendState, band_timeframe, cycle_timeframe,
};
use hyperrsi_core::model::{Candle, Timeframe};
use hyperrsi_core::series::aggregate::resample;
use hyperrsi_core::series::file::{Load, Repair};
use std::collections::BTreeMap;
use std::path::Path;
use support::{Report, Table, Tolerance, candles, files, oracles, timeframe};

fn flag(value: bool) -> Option<f64> {
    Some(f64::from(u8::from(value)))
}

/// `name` of `trend/<name>.csv`, taken apart.
struct Case {
    name: String,
    series: String,
    base: Timeframe,
    longer: bool,
}

impl Case {
    fn of(name: &str) -> Self {
        let name = name.to_owned();
        let (series, longer) = match name.split_once('.') {
            None => (name.clone(), false),
            Some((series, "longer")) => (series.to_owned(), true),
            Some((_, other)) => panic!("{name}: what is {other}?"),
        };
        Self { base: timeframe(&series), name, series, longer }
    }

    /// The higher candles that are given instead of built from the base: those the oracle lists, where they reach
    /// further back than the base, and for series with a history of their own the candle file of that timeframe.
    fn given(
        &self,
        folder: &Path,
        manifest: &serde_json::Value,
        base: &[Candle],
    ) -> BTreeMap<Timeframe, Vec<Candle>> {
        let mut given = BTreeMap::new();
        let own_history =
            manifest[&self.series]["note"].as_str().is_some_and(|note| note.contains("own deeper"));
        let prefix = self.series.rsplit_once('_').unwrap().0;
        for tf in TrendState::full(self.base, self.longer, None).needs() {
            let listed = folder.join(format!("trend_htf/{}.tf{}.csv", self.name, tf.minutes()));
            let own = folder.join(format!("candles/{prefix}_{tf}.csv"));
            if listed.exists() {
                let listed = Table::read(&listed).candles();
                if tf < self.base || listed[0].open_time < tf.bucket(base[0].open_time) {
                    given.insert(tf, listed);
                }
            } else if own.exists() && (own_history || tf < self.base) {
                given.insert(tf, candles(folder, &format!("{prefix}_{tf}")));
            }
        }
        given
    }
}

#[test]
fn trend_states_match_on_every_bar() {
    let Some(folder) = oracles() else { return };
    let manifest: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
    let mut report = Report::default();
    for path in files(&folder.join("trend")) {
        let case = Case::of(&path.file_stem().unwrap().to_string_lossy());
        let base = candles(&folder, &case.series);
        let expected = Table::read(&path);
        let given = case.given(&folder, &manifest, &base);
        report.files += 1;
        compare(&case, &base, &given, &expected, &mut report);
    }
    report.finish("trend");
}

fn compare(
    case: &Case,
    base: &[Candle],
    given: &BTreeMap<Timeframe, Vec<Candle>>,
    expected: &Table,
    report: &mut Report,
) {
    assert_eq!(expected.times(), base.iter().map(|c| c.open_time).collect::<Vec<_>>(), "{}", case.name);
    let supplied: Vec<Timeframe> = given.keys().copied().collect();
    let mut trend =
        AggregatingTrend::with_supplied(TrendState::full(case.base, case.longer, None), &supplied);
    assert_eq!(trend.needs(), supplied, "{}: higher candles that cannot be had", case.name);
    for (tf, higher) in given {
        for candle in higher {
            trend.on_higher(*tf, candle);
        }
    }
    let mut bands = BandState::new();
    let mut rows: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
    let mut lean = AggregatingTrend::with_supplied(TrendState::new(case.base, case.longer, None), &supplied);
    for (tf, higher) in given {
        higher.iter().for_each(|candle| {
            lean.on_higher(*tf, candle);
        });
    }
    for candle in base {
        let reading = trend.on_base(candle);
        let traded = lean.on_base(candle);
        assert_eq!((traded.state, traded.ready), (reading.state, reading.ready), "{}", case.name);
        bands.update(candle.close);
        let band = bands.reading();
        for (column, value) in [
            ("CYCLE_Bull", flag(reading.cycle.bull)),
            ("CYCLE_Bear", flag(reading.cycle.bear)),
            ("CYCLE_Bull_2nd", flag(reading.second.bull)),
            ("CYCLE_Bear_2nd", flag(reading.second.bear)),
            ("BB_State", Some(f64::from(bands.state().as_i8()))),
            ("BB_State_MTF", reading.band.map(|band| f64::from(band.as_i8()))),
            ("trend_state", Some(f64::from(reading.state.as_i8()))),
            ("ready", flag(reading.ready)),
            ("bbw", band.width),
            ("bbr", band.position),
            ("bbw_ma", band.width_mean),
            ("bbw_2nd", band.long_width),
            ("buzz", band.wide),
            ("squeeze", band.tight),
            ("squeeze_2nd", band.long_tight),
            ("ph", band.high),
            ("pl", band.low),
            ("pl_2nd", band.long_low),
            ("bbw_2nd_squeeze", flag(bands.is_long_squeezed())),
            ("bbw_falling", flag(band.falling)),
            ("bbw_rising", flag(band.rising)),
        ] {
            rows.entry(column).or_default().push(value);
        }
    }
    for (column, wanted) in &expected.columns {
        if column == "ts_ms" {
            continue;
        }
        let got =
            rows.get(column.as_str()).unwrap_or_else(|| panic!("{}: unknown column {column}", case.name));
        let tolerance = match column.as_str() {
            "bbw" | "bbr" | "bbw_ma" | "bbw_2nd" | "buzz" | "squeeze" | "squeeze_2nd" | "ph" | "pl"
            | "pl_2nd" => Tolerance::relative(1e-9),
            _ => Tolerance::EXACT,
        };
        report.columns += 1;
        for (row, (&got, &wanted)) in got.iter().zip(wanted).enumerate() {
            report.values += 1;
            // A position of 0 is a difference of two prices: its rounding is relative to the price, not to itself.
            let near_zero = column == "bbr" && Tolerance::absolute(1e-7).accepts(got, wanted);
            if !tolerance.accepts(got, wanted) && !near_zero {
                report
                    .differ(|| format!("{} row {row} {column}: got {got:?}, expected {wanted:?}", case.name));
            }
        }
    }
}

#[test]
fn higher_values_match_before_alignment() {
    let Some(folder) = oracles() else { return };
    let mut report = Report::default();
    for path in files(&folder.join("trend_htf")) {
        let table = Table::read(&path);
        let stem = table.name.trim_end_matches(".csv").to_owned();
        let (name, minutes) = stem.rsplit_once(".tf").unwrap_or_else(|| panic!("{stem}: no .tf<minutes>"));
        let tf = Timeframe::from_minutes(minutes.parse().unwrap()).expect("a known timeframe");
        let case = Case::of(name);
        let cycle_tf = if case.longer { Timeframe::D1 } else { cycle_timeframe(case.base) };
        assert!(
            [cycle_tf, Timeframe::H4, band_timeframe(case.base)].contains(&tf),
            "{stem}: unused timeframe"
        );
        // The oracle gives every machine's values on every timeframe; the averages of the longer cycle only where it
        // is used.
        let (mut cycle, mut second, mut bands) = (
            if case.longer && tf == Timeframe::D1 { Cycle::longer() } else { Cycle::new() },
            SecondCycle::new(),
            BandState::new(),
        );
        report.files += 1;
        report.columns += table.columns.len() - 6;
        for (row, candle) in table.candles().iter().enumerate() {
            let phase = cycle.update(candle.close);
            let phase2 = second.update(candle.close);
            let band = bands.update(candle.close);
            let ([fast, medium, slow], [v3, v9, v21]) = (cycle.lines(), second.lines());
            for (column, values) in &table.columns {
                let exact = Tolerance::EXACT;
                let near = Tolerance::relative(1e-10);
                let (got, tolerance) = match column.as_str() {
                    "ts_ms" | "open" | "high" | "low" | "close" | "volume" => continue,
                    "MA1" => (fast, near),
                    "MA2" => (medium, near),
                    "MA3" => (slow, near),
                    "cycle_bull_og" => (flag(phase.bull), exact),
                    "cycle_bear_og" => (flag(phase.bear), exact),
                    "vidya3" => (v3, near),
                    "vidya9" => (v9, near),
                    "vidya21" => (v21, near),
                    "cycle2_bull_og" => (flag(phase2.bull), exact),
                    "cycle2_bear_og" => (flag(phase2.bear), exact),
                    "BB_State" => (Some(f64::from(band.as_i8())), exact),
                    other => panic!("{stem}: unknown column {other}"),
                };
                report.values += 1;
                if !tolerance.accepts(got, values[row]) {
                    report.differ(|| {
                        format!("{stem} row {row} {column}: got {got:?}, expected {:?}", values[row])
                    });
                }
            }
        }
    }
    report.finish("trend, higher timeframes");
}

#[test]
fn recorded_candles_aggregate_as_the_oracle_did() {
    let Some(folder) = oracles() else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(folder.join("trend_htf")).unwrap() {
        let path = entry.unwrap().path();
        // btcperp_1m.tf15.csv: candles/btcperp_1m.csv in buckets of 15 minutes.
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let parts: Vec<_> = name.split('.').collect();
        let (Some(base), Some(minutes)) =
            (parts.first(), parts.iter().find_map(|part| part.strip_prefix("tf")?.parse().ok()))
        else {
            continue;
        };
        let to = Timeframe::from_minutes(minutes).unwrap();
        let base = folder.join("candles").join(format!("{base}.csv"));
        if parts.len() != 3 || !base.exists() {
            continue; // built from another, longer recording
        }
        let base = Load::new(&base).repair(Repair::keep_gaps()).read().unwrap().candles;
        let Ok(ours) = resample(&base, to) else {
            continue; // three minutes into five: the oracle had the exchange's own candles
        };
        let theirs = Load::new(&path).timeframe(to).repair(Repair::keep_gaps()).read().unwrap();
        // The oracle keeps an unfinished last bucket.
        assert!((0..=1).contains(&(theirs.candles.len() - ours.len())), "{name}");
        for (our, their) in ours.iter().zip(theirs.candles.iter()) {
            let volume = (our.volume - their.volume).abs() <= 1e-9 * their.volume.abs();
            assert!(volume, "{name}: {our:?} {their:?}");
            assert_eq!(Candle { volume: their.volume, ..our }, their, "{name}");
        }
        compared += 1;
    }
    println!("compared {compared} recordings");
    assert!(compared > 0, "the oracle folder holds no recording that can be compared");
}
