use crate::model::{Percent, Span};
use crate::store::Environment;
use rust_decimal::Decimal;

/// How an account is run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The name of this process, for leases.
    pub owner: String,
    /// What the account is shown as.
    pub label: String,
    /// Live, demo or paper: a key of the other kind is refused at the start (FAULTS 86).
    pub environment: Environment,
    /// The currency equity is counted in.
    pub quote: String,
    /// How long a lease runs without being renewed.
    pub lease: Span,
    /// How long one call to the venue may take before its outcome counts as unknown.
    pub call_takes: Span,
    /// How long a strategy may think about one candle (FAULTS 77).
    pub strategy_takes: Span,
    /// How far the venue's clock may be from ours (FAULTS 31).
    pub clock_bound: Span,
    /// How long an orderly end may take.
    pub shutdown_takes: Span,
    /// How far from its entry price a position gets a stop that has none at the venue while the store does not answer at
    /// the start, so that nobody knows what stop it had (FAULTS 55); `None` for no such stop.
    pub emergency_stop: Option<Percent>,
    /// Nothing is sent: a [`DryRun`](super::layer::DryRun) is around the venue. Status, events and the report of a
    /// reconciliation say so.
    pub dry_run: bool,
    /// The fee an opening is sized with if the venue does not tell, a fraction.
    pub taker_fee: Decimal,
}

impl Options {
    /// Paper, USDT, leases of 30 s, calls of 10 s, strategies of 2 s, clocks within 30 s, an end within 20 s, 0.05 %, emergency
    /// stops at 5 %.
    pub fn new(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            label: String::new(),
            environment: Environment::Paper,
            quote: "USDT".into(),
            lease: Span::seconds(30),
            call_takes: Span::seconds(10),
            strategy_takes: Span::seconds(2),
            clock_bound: Span::seconds(30),
            shutdown_takes: Span::seconds(20),
            emergency_stop: Some(Percent::new(Decimal::from(5))),
            dry_run: false,
            taker_fee: Decimal::new(5, 4),
        }
    }
}
