/// What to do where candles are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapPolicy {
    /// A hole is an error.
    #[default]
    Refuse,
    /// Keep the hole and report it; nothing is ever filled in.
    Keep,
}

/// What to do with a second candle at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DuplicatePolicy {
    /// A duplicate is an error.
    #[default]
    Refuse,
    /// The first one in the file counts.
    KeepFirst,
    /// The last one in the file counts.
    KeepLast,
}

/// What to do with rows that are not oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrderPolicy {
    /// Disorder is an error.
    #[default]
    Refuse,
    /// Sort by time. Holds all rows in memory a second time while loading.
    Sort,
}

/// What to do with a row that makes no candle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadRowPolicy {
    /// A bad row is an error.
    #[default]
    Refuse,
    /// Leave it out and report it.
    Drop,
}

/// What loading may mend. Everything it does is counted in the [`LoadReport`](super::LoadReport).
///
/// ```
/// use hyperrsi_core::series::file::{DuplicatePolicy, GapPolicy, OrderPolicy, Repair};
/// assert_eq!(Repair::none(), Repair::default()); // strict: anything odd is an error
/// let lenient = Repair::keep_gaps().order(OrderPolicy::Sort).duplicates(DuplicatePolicy::KeepLast);
/// assert_eq!(lenient.gaps, GapPolicy::Keep);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// Missing candles.
    pub gaps: GapPolicy,
    /// Two candles at one time.
    pub duplicates: DuplicatePolicy,
    /// Rows that are not oldest first.
    pub order: OrderPolicy,
    /// Rows that make no candle.
    pub bad_rows: BadRowPolicy,
}

impl Repair {
    /// Mend nothing: every oddity is an error.
    pub fn none() -> Self {
        Self::default()
    }
    /// Accept and report holes, as recorded exchange data has them; everything else is an error.
    pub fn keep_gaps() -> Self {
        Self::none().gaps(GapPolicy::Keep)
    }
    /// Sets what to do where candles are missing.
    #[must_use]
    pub const fn gaps(self, gaps: GapPolicy) -> Self {
        Self { gaps, ..self }
    }
    /// Sets what to do with a second candle at the same time.
    #[must_use]
    pub const fn duplicates(self, duplicates: DuplicatePolicy) -> Self {
        Self { duplicates, ..self }
    }
    /// Sets what to do with rows that are not oldest first.
    #[must_use]
    pub const fn order(self, order: OrderPolicy) -> Self {
        Self { order, ..self }
    }
    /// Sets what to do with a row that makes no candle.
    #[must_use]
    pub const fn bad_rows(self, bad_rows: BadRowPolicy) -> Self {
        Self { bad_rows, ..self }
    }
}
