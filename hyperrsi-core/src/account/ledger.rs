use crate::model::{Amount, Timestamp};
use serde::{Deserialize, Serialize};

/// What a ledger row books (TRADING 14.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LedgerKind {
    /// Gross profit of an exit fill.
    Fill,
    /// A fee; negative unless it was a rebate.
    Fee,
    /// Funding received or paid.
    Funding,
    /// Money moved in or out.
    Transfer,
    /// One asset changed into another.
    Conversion,
    /// A difference the venue's word made necessary.
    Adjustment,
}

/// One change of the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: LedgerKind,
    /// By how much, quote units.
    pub amount: Amount,
}
