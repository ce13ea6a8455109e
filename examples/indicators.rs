//! Writes every indicator of the library, and the trend state if asked, for a file of candles.
//!
//! `cargo run --release --example indicators -- --candles candles.csv --trend --out indicators.csv`

mod shared;

use clap::Parser;
use hyperrsi::indicator::trend::{AggregatingTrend, BandState, TrendState};
use hyperrsi::indicator::{
    Atr, Bollinger, Cross, Crossing, Deviation, Dmi, Ema, Falling, Hma, Indicator, Jma, Kama, Macd,
    PivotHigh, PivotLow, Rising, Rma, Rsi, Sma, T3, TrueRange, Vidya, Wma,
};
use hyperrsi::model::{Candle, Timeframe};
use hyperrsi::series::Candles;
use hyperrsi::series::file::{CandleFileError, Load, Repair};
use shared::{Failure, Progress};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Computes indicators over closed candles and writes one CSV column per indicator and one row per candle.
///
/// An empty cell means that the indicator is not warm yet. Times are open times in UTC milliseconds.
#[derive(Parser)]
#[command(name = "indicators", version)]
struct Args {
    /// Candles: CSV (plain, gzip or zstd) with the columns ts_ms,open,high,low,close,volume or the usual dump layouts.
    #[arg(long, value_name = "FILE")]
    candles: PathBuf,
    /// Also write the trend state: CYCLE_Bull, CYCLE_Bear, their second pair, BB_State, BB_State_MTF, trend_state, ready.
    #[arg(long)]
    trend: bool,
    /// The longer trend state: daily cycle and 4-hour second cycle.
    #[arg(long, requires = "trend")]
    longer: bool,
    /// Candles of a higher timeframe for the trend state, such as 1d=candles_1d.csv; those not given are built from
    /// --candles. May be repeated.
    #[arg(long, value_name = "TF=FILE", value_parser = higher, requires = "trend")]
    htf: Vec<(Timeframe, PathBuf)>,
    /// Timeframe of --candles; found from the candles if not given.
    #[arg(long, value_name = "TF")]
    timeframe: Option<Timeframe>,
    /// Timeframe of the cycle instead of the usual one for --timeframe.
    #[arg(long, value_name = "TF", requires = "trend")]
    cycle: Option<Timeframe>,
    /// The CSV file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn higher(text: &str) -> Result<(Timeframe, PathBuf), String> {
    let (timeframe, file) = text.split_once('=').ok_or("write TF=FILE, such as 1d=candles_1d.csv")?;
    Ok((timeframe.parse::<Timeframe>().map_err(|error| error.to_string())?, file.into()))
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let candles = load(&args.candles, args.timeframe)?;
    let columns = indicators()?;
    let trend = if args.trend { Some(trend(&args, &candles)?) } else { None };
    let count = columns.len();
    shared::save(&args.out, |file| write(file, &candles, columns, trend))?;
    shared::say(format!(
        "{}: {} candles, {count} indicators",
        shared::absolute(&args.out).display(),
        candles.len()
    ));
    Ok(())
}

/// Reads a candle file of any layout the library knows; holes are kept and told.
fn load(path: &Path, timeframe: Option<Timeframe>) -> Result<Candles, CandleFileError> {
    let loaded = Load::new(path).timeframe(timeframe).repair(Repair::keep_gaps()).read()?;
    if !loaded.report.gaps.is_empty() {
        shared::say(&loaded.report);
    }
    Ok(loaded.candles)
}

/// The header, then a row for each candle.
fn write(
    file: &mut impl Write,
    candles: &Candles,
    mut columns: Vec<Column>,
    mut trend: Option<(AggregatingTrend, BandState)>,
) -> std::io::Result<()> {
    write!(file, "ts_ms")?;
    for (name, _) in &columns {
        write!(file, ",{name}")?;
    }
    writeln!(file, "{}", if trend.is_some() { TREND_COLUMNS } else { "" })?;
    let bar = Progress::new("indicators");
    for (row, candle) in candles.iter().enumerate() {
        if row % 4_096 == 0 {
            bar.at(row, candles.len());
        }
        write!(file, "{}", candle.open_time.millis())?;
        for (_, column) in &mut columns {
            match column(&candle) {
                Some(value) => write!(file, ",{value}")?,
                None => write!(file, ",")?,
            }
        }
        if let Some((trend, bands)) = &mut trend {
            let reading = trend.on_base(&candle);
            let band = bands.update(candle.close).as_i8();
            let higher_band = reading.band.map(|band| band.as_i8().to_string()).unwrap_or_default();
            for flag in [reading.cycle.bull, reading.cycle.bear, reading.second.bull, reading.second.bear] {
                write!(file, ",{}", u8::from(flag))?;
            }
            let (state, ready) = (reading.state.as_i8(), u8::from(reading.ready));
            write!(file, ",{band},{higher_band},{state},{ready}")?;
        }
        writeln!(file)?;
    }
    bar.finish();
    Ok(())
}

const TREND_COLUMNS: &str =
    ",CYCLE_Bull,CYCLE_Bear,CYCLE_Bull_2nd,CYCLE_Bear_2nd,BB_State,BB_State_MTF,trend_state,ready";

/// The trend state with the higher candles that were given, and the bands of the base.
fn trend(args: &Args, candles: &Candles) -> Result<(AggregatingTrend, BandState), Failure> {
    let base = candles.timeframe();
    let state = TrendState::full(base, args.longer, args.cycle);
    let given: Vec<Timeframe> = args.htf.iter().map(|(timeframe, _)| *timeframe).collect();
    let mut trend = AggregatingTrend::with_supplied(state, &given);
    for (timeframe, file) in &args.htf {
        for candle in load(file, Some(*timeframe))?.iter() {
            trend.on_higher(*timeframe, &candle);
        }
    }
    for missing in trend.needs().iter().filter(|timeframe| !given.contains(timeframe)) {
        shared::say(format!(
            "{missing} candles cannot be built from {base}: the trend state stays unknown without --htf {missing}=FILE"
        ));
    }
    Ok((trend, BandState::new()))
}

/// One column: its value for the next candle.
type Column = (String, Box<dyn FnMut(&Candle) -> Option<f64>>);

fn column(name: impl Into<String>, next: impl FnMut(&Candle) -> Option<f64> + 'static) -> Column {
    (name.into(), Box::new(next))
}

/// A column of an indicator of closes.
fn of_close<I>(name: String, mut indicator: I) -> Column
where
    I: Indicator<Input = f64, Output = f64> + 'static,
{
    column(name, move |candle| indicator.update(candle.close))
}

fn flag(value: bool) -> Option<f64> {
    Some(f64::from(u8::from(value)))
}

/// The columns, in the order they are written.
fn indicators() -> Result<Vec<Column>, Failure> {
    let mut columns = vec![column("close", |candle| Some(candle.close))];
    for n in [2, 7, 14, 21, 28] {
        columns.push(of_close(format!("rsi_{n}"), Rsi::new(n)?));
    }
    let mut range = TrueRange::new();
    columns.push(column("tr", move |candle| range.update(*candle)));
    let mut atr = Atr::new(14)?;
    columns.push(column("atr_14", move |candle| atr.update(*candle)));
    averages(&mut columns)?;
    for n in [15, 20, 60] {
        columns.push(of_close(format!("stdev_{n}"), Deviation::new(n)?));
        columns.push(of_close(format!("stdev_{n}_twopass"), Deviation::new(n)?));
    }
    for (part, pick) in [
        ("mid", (|bands| bands.middle) as fn(hyperrsi::indicator::Bands) -> f64),
        ("up", |bands| bands.upper),
        ("low", |bands| bands.lower),
    ] {
        let mut bands = Bollinger::new(20, 2.0)?;
        columns.push(column(format!("bb_{part}_20_2"), move |candle| bands.update(candle.close).map(pick)));
    }
    for (name, pick) in [
        ("plus_di_14", (|v| Some(v.plus)) as fn(hyperrsi::indicator::DmiValue) -> Option<f64>),
        ("minus_di_14", |v| Some(v.minus)),
        ("adx_14_14", |v| v.adx),
    ] {
        let mut dmi = Dmi::new(14, 14)?;
        columns.push(column(name, move |candle| dmi.update(*candle).and_then(pick)));
    }
    for (name, pick) in [
        ("macd", (|v| Some(v.line)) as fn(hyperrsi::indicator::MacdValue) -> Option<f64>),
        ("macd_signal", |v| v.signal),
        ("macd_hist", |v| v.histogram),
    ] {
        let mut macd = Macd::new(12, 26, 9)?;
        columns.push(column(name, move |candle| macd.update(candle.close).and_then(pick)));
    }
    shapes(&mut columns)?;
    Ok(columns)
}

fn averages(columns: &mut Vec<Column>) -> Result<(), Failure> {
    for n in [9, 20, 50, 200] {
        columns.push(of_close(format!("ema_{n}"), Ema::new(n)?));
    }
    for n in [9, 21, 50, 100, 200] {
        columns.push(of_close(format!("sma_{n}"), Sma::new(n)?));
    }
    for n in [9, 20] {
        columns.push(of_close(format!("wma_{n}"), Wma::new(n)?));
        columns.push(of_close(format!("hma_{n}"), Hma::new(n)?));
    }
    columns.push(of_close("rma_14".into(), Rma::new(14)?));
    columns.push(of_close("kama_10_2_30".into(), Kama::new(10, 2, 30)?));
    for n in [5, 20] {
        columns.push(of_close(format!("t3_{n}"), T3::new(n)?));
    }
    for n in [5, 10, 20] {
        columns.push(of_close(format!("jma_{n}"), Jma::new(n)?));
        columns.push(of_close(format!("jma_{n}_zeroseed"), Jma::with_seed(n, 0.0)?));
    }
    for n in [3, 9, 21] {
        columns.push(of_close(format!("vidya_{n}"), Vidya::new(n)?));
        columns.push(of_close(format!("vidya_{n}_zeroseed"), Vidya::with_seed(n, 0.0)?));
    }
    Ok(())
}

fn shapes(columns: &mut Vec<Column>) -> Result<(), Failure> {
    let (mut on_high, mut on_close) = (PivotHigh::new(20, 10)?, PivotHigh::new(20, 10)?);
    columns.push(column("pivothigh_high_20_10", move |candle| on_high.update(candle.high)));
    columns.push(column("pivothigh_close_20_10", move |candle| on_close.update(candle.close)));
    let (mut on_low, mut on_close) = (PivotLow::new(20, 10)?, PivotLow::new(20, 10)?);
    columns.push(column("pivotlow_low_20_10", move |candle| on_low.update(candle.low)));
    columns.push(column("pivotlow_close_20_10", move |candle| on_close.update(candle.close)));
    for (word, wanted) in [("crossover", Crossing::Over), ("crossunder", Crossing::Under)] {
        let (mut fast, mut slow, mut cross) = (Ema::new(9)?, Ema::new(20)?, Cross::new());
        columns.push(column(format!("{word}_ema9_ema20"), move |candle| {
            let (fast, slow) = (fast.update(candle.close), slow.update(candle.close));
            flag(fast.zip(slow).and_then(|pair| cross.update(pair)) == Some(wanted))
        }));
        let (mut average, mut cross) = (Sma::new(21)?, Cross::new());
        columns.push(column(format!("{word}_close_sma21"), move |candle| {
            let average = average.update(candle.close);
            flag(average.and_then(|average| cross.update((candle.close, average))) == Some(wanted))
        }));
    }
    for n in [1, 3] {
        let (mut rising, mut falling) = (Rising::new(n)?, Falling::new(n)?);
        columns.push(column(format!("rising_close_{n}"), move |candle| {
            flag(rising.update(candle.close).unwrap_or(false))
        }));
        columns.push(column(format!("falling_close_{n}"), move |candle| {
            flag(falling.update(candle.close).unwrap_or(false))
        }));
    }
    Ok(())
}
