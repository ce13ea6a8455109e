//! The venue's limits per endpoint, in calls per two seconds. Order limits are counted per instrument and account. The
//! venue's answers do not tell how much of them is used; too much is answered with 429 and a code.

use crate::net::{Cost, Rule};
use hyperrsi_core::model::Instrument;

const fn rule(name: &'static str, budget: u32) -> Rule {
    Rule::new(name, budget, 2_000)
}

pub(super) const PLACE: Rule = rule("place", 60);
pub(super) const AMEND: Rule = rule("amend", 60);
pub(super) const CANCEL: Rule = rule("cancel", 60);
/// Counted in orders.
pub(super) const BATCH: Rule = rule("batch", 300);
/// Counted in orders.
pub(super) const CANCEL_BATCH: Rule = rule("cancel_batch", 300);
pub(super) const PLACE_ALGO: Rule = rule("place_algo", 20);
pub(super) const AMEND_ALGO: Rule = rule("amend_algo", 20);
pub(super) const CANCEL_ALGO: Rule = rule("cancel_algo", 20);
pub(super) const QUERY: Rule = rule("query", 60);
pub(super) const OPEN: Rule = rule("open", 60);
pub(super) const HISTORY: Rule = rule("history", 40);
pub(super) const QUERY_ALGO: Rule = rule("query_algo", 20);
pub(super) const OPEN_ALGO: Rule = rule("open_algo", 20);
pub(super) const HISTORY_ALGO: Rule = rule("history_algo", 20);
pub(super) const FILLS: Rule = rule("fills", 10);
pub(super) const BILLS: Rule = rule("bills", 10);
pub(super) const BALANCE: Rule = rule("balance", 10);
pub(super) const POSITIONS: Rule = rule("positions", 10);
pub(super) const CONFIG: Rule = rule("config", 5);
pub(super) const FEE: Rule = rule("fee", 5);
pub(super) const LEVERAGE: Rule = rule("leverage", 20);
pub(super) const SET_LEVERAGE: Rule = rule("set_leverage", 20);
pub(super) const SET_MODE: Rule = rule("set_mode", 5);
pub(super) const INSTRUMENTS: Rule = rule("instruments", 20);
pub(super) const CANDLES: Rule = rule("candles", 40);
pub(super) const HISTORY_CANDLES: Rule = rule("history_candles", 20);
pub(super) const TICKER: Rule = rule("ticker", 20);
pub(super) const MARK: Rule = rule("mark", 10);
pub(super) const FUNDING: Rule = rule("funding", 10);
pub(super) const TIME: Rule = rule("time", 10);
pub(super) const STATUS: Rule = Rule::new("status", 1, 5_000);

/// One call against a limit that is counted per instrument.
pub(super) fn per_instrument(rule: Rule, instrument: &Instrument, weight: u32) -> Cost {
    Cost { rule, scope: Some(instrument.id.symbol.to_string()), weight }
}
