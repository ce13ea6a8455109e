//! Validation: ranges from the key table, then the rules. All at once.

use super::{KEYS, Settings, Sides};
use crate::model::{Instrument, PositionSide, Timeframe};
use crate::strategy::rsi_trend::settings::{Bounds, Issue, Report, plain};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

/// What settings are validated against.
///
/// ```
/// use hyperrsi_core::strategy::grid::settings::{Environment, Settings, Sides};
/// use rust_decimal_macros::dec;
/// let mut settings = Settings::with_capital(dec!(1000));
/// settings.enter_strategy = Sides::Both;
/// assert!(settings.validate(&Environment::default()).is_valid());
/// let netted = Environment { hedge_mode: false, ..Environment::default() };
/// assert_eq!(settings.validate(&netted).errors[0].code, "grid.hedge_mode_required");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// What is traded, if that is known: spot or not, steps, smallest orders, highest leverage.
    pub instrument: Option<Instrument>,
    /// Whether the account holds a leg for each side.
    pub hedge_mode: bool,
    /// A recent price, quote units: with it the smallest step and the smallest order are checked.
    pub price: Option<Decimal>,
    /// What trades the instrument on this account already: a side, and the name of its strategy.
    pub taken: Option<(PositionSide, String)>,
}

impl Default for Environment {
    /// For storing a record: any instrument, an account that can hold both sides.
    fn default() -> Self {
        Self { instrument: None, hedge_mode: true, price: None, taken: None }
    }
}

impl Environment {
    /// An instrument on an account that can hold both sides.
    pub fn of(instrument: &Instrument) -> Self {
        Self { instrument: Some(instrument.clone()), ..Self::default() }
    }
    /// The same where another strategy trades a side of the instrument already.
    #[must_use]
    pub fn taken_by(mut self, side: PositionSide, strategy: impl Into<String>) -> Self {
        self.taken = Some((side, strategy.into()));
        self
    }
    /// The same at a price.
    #[must_use]
    pub const fn at(mut self, price: Decimal) -> Self {
        self.price = Some(price);
        self
    }
}

/// Timeframes of the average, shortest first.
const TIMEFRAMES: [Timeframe; 6] =
    [Timeframe::M5, Timeframe::M15, Timeframe::M30, Timeframe::H1, Timeframe::H2, Timeframe::H4];

/// Everything found, in table order. Rules that look at a key of `faulty` are left out: its value is only a stand-in.
pub(super) fn report(settings: &Settings, environment: &Environment, faulty: &[String]) -> Report {
    let is_faulty = |key: &str| faulty.iter().any(|other| other == key);
    let mut report = Report::default();
    for key in KEYS.iter().filter(|key| !is_faulty(key.name())) {
        for (_, number) in key.field(settings).numbers() {
            report.errors.extend(bounds(key.name(), key.bounds(), environment).check(key.name(), number));
        }
    }
    for rule in RULES.iter().filter(|rule| !rule.reads.iter().any(|key| is_faulty(key))) {
        (rule.check)(settings, environment, &mut report.errors);
    }
    report.errors.sort_by_key(|issue| KEYS.iter().position(|key| key.name() == issue.root()));
    report.warnings.extend(settings.unknown.keys().map(|name| {
        let message = format!("{name} is not a known setting; it is kept but has no effect");
        Issue::new("unknown_key", name.clone(), message)
    }));
    report
}

/// The leverage an instrument allows may be lower than that of the table.
fn bounds(key: &str, bounds: Bounds, environment: &Environment) -> Bounds {
    match (key, bounds, &environment.instrument) {
        ("leverage", Bounds::Between(min, max), Some(instrument)) if !instrument.is_spot() => {
            Bounds::Between(min, max.min(instrument.max_leverage.max(1).into()))
        }
        _ => bounds,
    }
}

struct Rule {
    reads: &'static [&'static str],
    check: fn(&Settings, &Environment, &mut Vec<Issue>),
}

const RULES: &[Rule] = &[
    Rule { reads: &["enter_strategy"], check: sides },
    Rule { reads: &[], check: alone },
    Rule { reads: &["capital"], check: capital },
    Rule { reads: &["enter_symbol_amount_list", "grid_num"], check: amounts },
    Rule { reads: &["grid_timeframe"], check: timeframe },
    Rule { reads: &["average_fast", "average_slow"], check: lengths },
    Rule { reads: &["adx_on", "adx_off"], check: hysteresis },
    Rule { reads: &["stop_loss"], check: stop },
    Rule { reads: &[], check: step },
    Rule {
        reads: &["capital", "enter_symbol_amount_list", "grid_num", "leverage", "exposure_cap_ratio"],
        check: level_size,
    },
];

fn sides(settings: &Settings, environment: &Environment, errors: &mut Vec<Issue>) {
    let spot = environment.instrument.as_ref().is_some_and(Instrument::is_spot);
    if spot && settings.enter_strategy != Sides::Long {
        let message = "a grid on a spot venue must be long";
        errors.push(Issue::new("grid.spot_long_only", "enter_strategy", message));
    } else if !environment.hedge_mode && settings.enter_strategy == Sides::Both {
        let message = "enter_strategy both needs a hedge-mode account";
        errors.push(Issue::new("grid.hedge_mode_required", "enter_strategy", message));
    }
}

/// Fills and protection of two strategies would mix in one leg (TRADING 16.10).
fn alone(_: &Settings, environment: &Environment, errors: &mut Vec<Issue>) {
    let Some((side, strategy)) = &environment.taken else { return };
    let symbol = environment.instrument.as_ref().map_or("the symbol", |instrument| &*instrument.id.symbol);
    let message = format!("{symbol} {side} is already traded by {strategy}");
    errors.push(Issue::new("grid.symbol_side_in_use", "enter_strategy", message));
}

fn capital(settings: &Settings, _: &Environment, errors: &mut Vec<Issue>) {
    if settings.capital.is_none() {
        let message = "capital is missing: set the margin of the whole grid, greater than 0, in quote units";
        errors.push(Issue::new("positive", "capital", message));
    }
}

fn amounts(settings: &Settings, _: &Environment, errors: &mut Vec<Issue>) {
    let Some(amounts) = &settings.enter_symbol_amount_list else { return };
    let key = "enter_symbol_amount_list";
    let wanted = settings.grid_num;
    if amounts.len() != wanted as usize {
        let message = format!("{key} must have {wanted} entries, got {}", amounts.len());
        errors.push(Issue::new("grid.amount_list_length", key, message));
    }
    let entries = (1..).zip(amounts);
    errors.extend(entries.filter_map(|(n, amount)| Bounds::Positive.check(&format!("{key}.{n}"), *amount)));
}

fn timeframe(settings: &Settings, _: &Environment, errors: &mut Vec<Issue>) {
    let given = settings.grid_timeframe;
    if !TIMEFRAMES.contains(&given) {
        let words = TIMEFRAMES.map(Timeframe::as_str).join(", ");
        let message = format!("grid_timeframe must be one of {words}, got \"{given}\"");
        errors.push(Issue::new("enum", "grid_timeframe", message));
    }
}

/// Whether a key has been found faulty already: one finding each is enough.
fn is_found(errors: &[Issue], keys: [&str; 2]) -> bool {
    errors.iter().any(|issue| keys.contains(&issue.key.as_str()))
}

fn lengths(settings: &Settings, _: &Environment, errors: &mut Vec<Issue>) {
    let (fast, slow) = (settings.average_fast, settings.average_slow);
    if fast >= slow && !is_found(errors, ["average_fast", "average_slow"]) {
        let bounds = Bounds::Between(dec!(2), slow.saturating_sub(1).into());
        errors.extend(bounds.check("average_fast", fast.into()));
    }
}

fn hysteresis(settings: &Settings, _: &Environment, errors: &mut Vec<Issue>) {
    if settings.adx_off > settings.adx_on && !is_found(errors, ["adx_on", "adx_off"]) {
        errors.extend(Bounds::Between(Decimal::ZERO, settings.adx_on).check("adx_off", settings.adx_off));
    }
}

fn stop(settings: &Settings, _: &Environment, errors: &mut Vec<Issue>) {
    if !settings.stop_loss.is_zero() {
        errors.extend(Bounds::Between(dec!(0.1), dec!(50)).check("stop_loss", settings.stop_loss));
    }
}

/// The smallest step there can be at the price (TRADING 16.3).
fn step(_: &Settings, environment: &Environment, errors: &mut Vec<Issue>) {
    let (Some(instrument), Some(price)) = (&environment.instrument, environment.price) else { return };
    let step = price.checked_mul(dec!(0.004)).unwrap_or(Decimal::MAX);
    if step < instrument.tick {
        errors.push(step_below_tick(step, instrument.tick));
    }
}

fn step_below_tick(step: Decimal, tick: Decimal) -> Issue {
    let message = format!("grid step {} is smaller than the tick {}", plain(step), plain(tick));
    Issue::new("grid.step_below_tick", "grid_atr_multiple", message)
}

fn level_size(settings: &Settings, environment: &Environment, errors: &mut Vec<Issue>) {
    let Some(instrument) = &environment.instrument else { return };
    if settings.capital.is_none() {
        return;
    }
    let by_size = environment.price.and_then(|price| price.checked_mul(instrument.min_size));
    let least = instrument.min_notional.max(by_size.unwrap_or_default());
    let leverage = Decimal::from(settings.leverage(instrument.is_spot()));
    let key = match settings.enter_symbol_amount_list {
        Some(_) => "enter_symbol_amount_list",
        None => "capital",
    };
    let margins = settings.margins();
    let small = margins.iter().filter(|margin| {
        margin.is_sign_positive() && margin.checked_mul(leverage).is_some_and(|value| value < least)
    });
    if let Some(amount) = small.min() {
        let (amount, least) = (plain(*amount), plain(least));
        let message = format!("level amount {amount} × leverage is below the smallest order {least}");
        errors.push(Issue::new("grid.level_below_min", key, message));
    }
}
