//! A decision record as one sentence for people, in English and Korean (TRADING 17.4).
//!
//! ```text
//! DecisionRecord ─▶ facts (whom it is about, the check that decided) ─▶ en / ko ─▶ one sentence
//! ```
//!
//! Every code of the rules has its text in both languages, each in one exhaustive match: a new code without a text does
//! not compile. Numbers are rounded for reading, but never so far that they say the opposite of what was compared.

mod en;
mod facts;
mod ko;
mod number;

use super::{Check, DecisionRecord, Stage};
use crate::position::ExitReason;
use crate::risk::Refusal;
use facts::Facts;
use serde::{Deserialize, Serialize};

/// The language of a sentence.
///
/// ```
/// use hyperrsi_core::strategy::explain::Language;
/// assert_eq!("ko".parse(), Ok(Language::Korean));
/// assert_eq!(Language::English.to_string(), "en");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Language {
    /// `en`
    #[default]
    #[serde(rename = "en")]
    English,
    /// `ko`
    #[serde(rename = "ko")]
    Korean,
}

impl Language {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::English, Self::Korean];

    /// The two-letter code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.code())
    }
}

impl std::str::FromStr for Language {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|language| language.code() == text)
            .ok_or_else(|| format!("\"{text}\" is not a language; use en or ko"))
    }
}

crate::coded! {
    /// What acted, where it was neither a refusal nor an exit.
    Rule {
        Signal "signal" "The entry signal of the strategy.",
        ExtraEntry "extra_entry" "All conditions of the next entry hold.",
        RestingEntry "resting_entry" "A limit entry rests, was moved, withdrawn or filled.",
        Hedge "hedge" "The main leg has as many entries as the hedge waits for.",
        GridEntry "grid_entry" "A level of the grid.",
        GridRecompute "grid_recompute" "The grid was drawn anew around its average.",
        AdxPause "adx_pause" "The trend is too strong for the grid.",
        Retune "retune" "The exits of the leg were replaced.",
        Repair "repair" "What rests on the venue was brought in line with what should rest there.",
        SlBeyondLiquidation "sl_beyond_liquidation" "Liquidation would come before the stop.",
        ModeUnsupported "mode_unsupported" "This is not available in signal-bot mode.",
    }
}

/// The reason of a record, by what kind of code it is.
///
/// ```
/// use hyperrsi_core::position::ExitReason;
/// use hyperrsi_core::risk::Refusal;
/// use hyperrsi_core::strategy::explain::Reason;
/// assert_eq!(Reason::of("trend_blocked"), Reason::Refused(Refusal::TrendBlocked));
/// assert_eq!(Reason::of("trailing_stop"), Reason::Exit(ExitReason::TrailingStop));
/// assert_eq!(Reason::of("full_moon"), Reason::Other("full_moon")); // a strategy's own
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason<'a> {
    /// Why something was not done.
    Refused(Refusal),
    /// Why a leg was reduced, or which stop moved.
    Exit(ExitReason),
    /// What else acted.
    Rule(Rule),
    /// A code of a strategy's own.
    Other(&'a str),
}

impl<'a> Reason<'a> {
    /// The kind of a code.
    pub fn of(code: &'a str) -> Self {
        if let Some(found) = Refusal::ALL.iter().find(|refusal| refusal.code() == code) {
            return Self::Refused(*found);
        }
        if let Some(found) = ExitReason::ALL.iter().find(|reason| reason.code() == code) {
            return Self::Exit(*found);
        }
        Rule::ALL.iter().find(|rule| rule.code() == code).map_or(Self::Other(code), |rule| Self::Rule(*rule))
    }

    /// The code.
    pub const fn code(self) -> &'a str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Exit(reason) => reason.code(),
            Self::Rule(rule) => rule.code(),
            Self::Other(code) => code,
        }
    }

    /// What it means, a clause without numbers; the code itself where a strategy has its own.
    pub const fn meaning(self, language: Language) -> &'a str {
        match (self, language) {
            (Self::Refused(refusal), Language::English) => en::refusal(refusal),
            (Self::Refused(refusal), Language::Korean) => ko::refusal(refusal),
            (Self::Exit(reason), Language::English) => en::exit(reason),
            (Self::Exit(reason), Language::Korean) => ko::exit(reason),
            (Self::Rule(rule), Language::English) => en::rule(rule),
            (Self::Rule(rule), Language::Korean) => ko::rule(rule),
            (Self::Other(code), _) => code,
        }
    }
}

/// A record as one sentence.
///
/// ```
/// use hyperrsi_core::strategy::DecisionRecord;
/// use hyperrsi_core::strategy::explain::{Language, sentence};
/// let record: DecisionRecord = serde_json::from_str(
///     r#"{"strategy":"hyperrsi","symbol":{"venue":"okx","symbol":"BTC-USDT-SWAP"},"timeframe":"5m",
///         "candle":1700000100000,"settings_hash":"","leg":null,"outcome":"none","reason":"no_signal","orders":[],
///         "inputs":{"close":"50000","p":"41.2174","c":"38.9031","mode":"break_through"},
///         "checks":[{"stage":"first_entry.long","gate":"signal","ok":false,"left":"38.9031","op":"<=","right":"30"}]}"#,
/// )?;
/// assert_eq!(
///     sentence(&record, Language::English),
///     "no long on BTC-USDT-SWAP 2023-11-14 22:15: RSI 41.2 → 38.9 did not cross 30 (break_through)"
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn sentence(record: &DecisionRecord, language: Language) -> String {
    told(&Facts::of(record), language)
}

/// What a record says of one step: of the short side, say, where the record's own reason is that of the long side.
/// `None` if the step was not checked, or stopped nothing.
pub fn sentence_about(record: &DecisionRecord, stage: Stage, language: Language) -> Option<String> {
    Facts::about(record, stage).map(|facts| told(&facts, language))
}

/// A number written out, rounded for reading as in sentences; other text as it is.
///
/// ```
/// use hyperrsi_core::strategy::explain::readable;
/// assert_eq!(readable("50123.449999999997"), "50123.45");
/// assert_eq!(readable("0.00012345678"), "0.000123457");
/// ```
pub fn readable(text: &str) -> String {
    number::tidy(text)
}

/// The failed check that gave a record its reason.
pub(super) fn deciding_check(record: &DecisionRecord) -> Option<&Check> {
    let facts = Facts::of(record);
    facts.check.filter(|check| !facts.done && !check.ok)
}

fn told(facts: &Facts<'_>, language: Language) -> String {
    match language {
        Language::English => en::sentence(facts),
        Language::Korean => ko::sentence(facts),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_support {
    use super::Language;

    /// One line, nothing unfilled, and no English words in Korean beyond names and codes.
    pub(super) fn assert_readable(text: &str, language: Language) {
        assert!(!text.contains(['\n', '{', '}', '"']) && !text.contains("  "), "{text}");
        if language == Language::Korean {
            let text = text.replace("BTC-USDT-SWAP", "").replace("RSI", "");
            let mut inside = false;
            let rest: String = text
                .chars()
                .filter(|c| {
                    inside = (inside || *c == '(') && *c != ')';
                    !inside
                })
                .collect();
            assert!(!rest.chars().any(|c| c.is_ascii_alphabetic()), "{text}");
        }
    }
}
