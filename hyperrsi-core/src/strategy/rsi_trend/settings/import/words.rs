//! Old words and what they are called now (TRADING B.1).

use super::super::field::Kind;
use super::super::keys::key;
use serde_json::Value;

type Words = &'static [(&'static str, &'static str)];

const ENTRY_MODE: Words = &[
    ("돌파", "break_through"),
    ("변곡", "inflection"),
    ("변곡돌파", "inflection_break_through"),
    ("초과", "beyond"),
];
const DIRECTION: Words = &[("롱", "long"), ("숏", "short"), ("롱숏", "both"), ("long-short", "both")];
const UNIT: Words = &[
    ("퍼센트 기준", "percent"),
    ("percentage", "percent"),
    ("금액 기준", "price_offset"),
    ("가격 기준", "price_offset"),
    ("price", "price_offset"),
    ("atr 기준", "atr"),
];
const REFERENCE: Words =
    &[("평균 단가", "average_price"), ("마지막 진입", "last_entry"), ("최근 진입가", "last_entry")];
const TRAIL_KIND: Words =
    &[("트레일링 스탑 고정값", "percent"), ("fixed", "percent"), ("tp2-tp3 차이 기준", "tp_diff")];
const TREND: Words = &[("자동", "auto")];

fn words(name: &str) -> Words {
    match name {
        "entry_option" => ENTRY_MODE,
        "direction" => DIRECTION,
        "tp_option" | "sl_option" | "pyramiding_entry_type" => UNIT,
        "entry_criterion" => REFERENCE,
        "trailing_stop_type" => TRAIL_KIND,
        "trend_timeframe" => TREND,
        _ => &[],
    }
}

/// The value in today's words: texts of choices, switches and numbers without surrounding blanks and in lower case.
/// What is not an old word is left as it is; the reader decides.
pub(super) fn native(name: &str, value: &Value) -> Value {
    match key(name).map(|key| key.kind()) {
        None | Some(Kind::Text | Kind::Secret) => value.clone(),
        Some(Kind::AmountBySymbol | Kind::ModeBySymbol) => match value {
            Value::Object(entries) => {
                entries.iter().map(|(symbol, entry)| (symbol.clone(), lowered(entry))).collect()
            }
            _ => value.clone(),
        },
        Some(_) => match lowered(value) {
            Value::String(text) => translated(name, text),
            other => other,
        },
    }
}

fn lowered(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::String(text.trim().to_ascii_lowercase()))
}

fn translated(name: &str, text: String) -> Value {
    if let Some((_, native)) = words(name).iter().find(|(old, _)| *old == text) {
        return Value::from(*native);
    }
    let timeframe = if name == "trend_timeframe" { korean_timeframe(&text) } else { None };
    Value::String(timeframe.unwrap_or(text))
}

/// `15분`, `4시간`, `1일` as `15m`, `4h`, `1d`; whether such a timeframe exists is for the reader.
fn korean_timeframe(text: &str) -> Option<String> {
    [("분", "m"), ("시간", "h"), ("일", "d")].into_iter().find_map(|(old, unit)| {
        let count = text.strip_suffix(old)?;
        let is_number = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| format!("{count}{unit}"))
    })
}
