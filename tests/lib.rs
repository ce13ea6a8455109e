//! Tests across crates, against oracles and real programs. Here: the code in the book's chapters, compiled and run with
//! the tests of the documentation.

/// The chapters.
#[cfg(doctest)]
pub mod book {
    #[doc = include_str!("../docs/src/quickstart.md")]
    pub mod quickstart {}
    #[doc = include_str!("../docs/src/writing-a-strategy.md")]
    pub mod writing_a_strategy {}
    #[doc = include_str!("../docs/src/candles.md")]
    pub mod candles {}
    #[doc = include_str!("../docs/src/backtest.md")]
    pub mod backtest {}
    #[doc = include_str!("../docs/src/research.md")]
    pub mod research {}
    #[doc = include_str!("../docs/src/grid.md")]
    pub mod grid {}
    #[doc = include_str!("../docs/src/migration.md")]
    pub mod migration {}
}
