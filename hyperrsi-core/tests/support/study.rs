//! From the name of an oracle column to the indicator that should produce it.
#![allow(unreachable_pub, dead_code, reason = "each test file uses its part")]

use hyperrsi_core::indicator::{
    Atr, Bollinger, Cross, Crossing, Deviation, Dmi, Ema, Falling, Hma, Indicator, Jma, Kama, Macd,
    PivotHigh, PivotLow, Rising, Rma, Rsi, Sma, T3, TrueRange, Vidya, Wma,
};
use hyperrsi_core::model::Candle;

/// One column, candle by candle.
pub type Study = Box<dyn FnMut(&Candle) -> Option<f64>>;

fn price(name: &str) -> Option<fn(&Candle) -> f64> {
    Some(match name {
        "open" => |c| c.open,
        "high" => |c| c.high,
        "low" => |c| c.low,
        "close" => |c| c.close,
        _ => return None,
    })
}

fn of_close<I: Indicator<Input = f64, Output = f64> + 'static>(mut indicator: I) -> Study {
    Box::new(move |candle| indicator.update(candle.close))
}

fn flag(value: bool) -> Option<f64> {
    Some(f64::from(u8::from(value)))
}

/// `ema20` or `close`, as the crossing columns name their lines.
fn line(name: &str) -> Option<Study> {
    if let Some(price) = price(name) {
        return Some(Box::new(move |candle| Some(price(candle))));
    }
    let split = name.find(|c: char| c.is_ascii_digit())?;
    study(&format!("{}_{}", &name[..split], &name[split..]), 0.0)
}

/// What decides a crossing: both lines now and before.
pub struct Pair {
    pub now: (f64, f64),
    pub before: (f64, f64),
}

/// The pairs of a crossing, candle by candle.
pub type Pairs = Box<dyn FnMut(&Candle) -> Option<Pair>>;

/// The lines of a crossing column, pair by pair.
pub fn pairs(column: &str) -> Option<Pairs> {
    let (a, b) = column.strip_prefix("crossover_").or(column.strip_prefix("crossunder_"))?.split_once('_')?;
    let (mut a, mut b) = (line(a)?, line(b)?);
    let mut before = None;
    Some(Box::new(move |candle| {
        let (a, b) = (a(candle), b(candle));
        let now = a.zip(b)?;
        Some(Pair { now, before: before.replace(now)? })
    }))
}

/// The study `column` names; `tie` is the relative tolerance for equal directional movements.
pub fn study(column: &str, tie: f64) -> Option<Study> {
    let words: Vec<&str> = column.split('_').collect();
    let n = |i: usize| words.get(i).and_then(|word| word.parse::<usize>().ok());
    let zero = words.last() == Some(&"zeroseed");
    let first = *words.first()?;
    Some(match (first, words.len()) {
        ("close", 1) => Box::new(|candle| Some(candle.close)),
        ("tr", 1) => {
            let mut range = TrueRange::new();
            Box::new(move |candle| range.update(*candle))
        }
        ("atr", 2) => {
            let mut atr = Atr::new(n(1)?).ok()?;
            Box::new(move |candle| atr.update(*candle))
        }
        ("rsi", 2) => of_close(Rsi::new(n(1)?).ok()?),
        ("sma", 2) => of_close(Sma::new(n(1)?).ok()?),
        ("ema", 2) => of_close(Ema::new(n(1)?).ok()?),
        ("rma", 2) => of_close(Rma::new(n(1)?).ok()?),
        ("wma", 2) => of_close(Wma::new(n(1)?).ok()?),
        ("hma", 2) => of_close(Hma::new(n(1)?).ok()?),
        ("t3", 2) => of_close(T3::new(n(1)?).ok()?),
        ("jma", 2) => of_close(Jma::new(n(1)?).ok()?),
        ("jma", 3) if zero => of_close(Jma::with_seed(n(1)?, 0.0).ok()?),
        ("vidya", 2) => of_close(Vidya::new(n(1)?).ok()?),
        ("vidya", 3) if zero => of_close(Vidya::with_seed(n(1)?, 0.0).ok()?),
        ("kama", 4) => of_close(Kama::new(n(1)?, n(2)?, n(3)?).ok()?),
        ("stdev", 2) => of_close(Deviation::new(n(1)?).ok()?),
        ("stdev", 3) if words[2] == "twopass" => of_close(Deviation::new(n(1)?).ok()?),
        ("bb", 4) => {
            let mut bands = Bollinger::new(n(2)?, words[3].parse().ok()?).ok()?;
            let which = words[1].to_owned();
            if !["mid", "up", "low"].contains(&which.as_str()) {
                return None;
            }
            Box::new(move |candle| {
                let bands = bands.update(candle.close)?;
                Some(match which.as_str() {
                    "mid" => bands.middle,
                    "up" => bands.upper,
                    _ => bands.lower,
                })
            })
        }
        ("plus" | "minus", 3) if words[1] == "di" => {
            let mut dmi = Dmi::with_tie(n(2)?, n(2)?, tie).ok()?;
            let plus = first == "plus";
            Box::new(move |candle| dmi.update(*candle).map(|v| if plus { v.plus } else { v.minus }))
        }
        ("adx", 3) => {
            let mut dmi = Dmi::with_tie(n(1)?, n(2)?, tie).ok()?;
            Box::new(move |candle| dmi.update(*candle).and_then(|v| v.adx))
        }
        ("macd", _) => {
            let part = words.get(1).copied().filter(|word| word.parse::<usize>().is_err()).unwrap_or("line");
            let lengths: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
            let mut macd = match lengths[..] {
                [] => Macd::new(12, 26, 9),
                [fast, slow, signal] => Macd::new(fast, slow, signal),
                _ => return None,
            }
            .ok()?;
            let part: fn(hyperrsi_core::indicator::MacdValue) -> Option<f64> = match part {
                "line" => |v| Some(v.line),
                "signal" => |v| v.signal,
                "hist" => |v| v.histogram,
                _ => return None,
            };
            Box::new(move |candle| macd.update(candle.close).and_then(part))
        }
        ("pivothigh", 4) => {
            let (price, mut pivot) = (price(words[1])?, PivotHigh::new(n(2)?, n(3)?).ok()?);
            Box::new(move |candle| pivot.update(price(candle)))
        }
        ("pivotlow", 4) => {
            let (price, mut pivot) = (price(words[1])?, PivotLow::new(n(2)?, n(3)?).ok()?);
            Box::new(move |candle| pivot.update(price(candle)))
        }
        ("rising", 3) => {
            let (price, mut steps) = (price(words[1])?, Rising::new(n(2)?).ok()?);
            Box::new(move |candle| flag(steps.update(price(candle)).unwrap_or(false)))
        }
        ("falling", 3) => {
            let (price, mut steps) = (price(words[1])?, Falling::new(n(2)?).ok()?);
            Box::new(move |candle| flag(steps.update(price(candle)).unwrap_or(false)))
        }
        ("crossover" | "crossunder", 3) => {
            let (mut a, mut b, mut cross) = (line(words[1])?, line(words[2])?, Cross::new());
            let wanted = if first == "crossover" { Crossing::Over } else { Crossing::Under };
            Box::new(move |candle| {
                let (a, b) = (a(candle), b(candle));
                flag(a.zip(b).and_then(|pair| cross.update(pair)) == Some(wanted))
            })
        }
        _ => return None,
    })
}
