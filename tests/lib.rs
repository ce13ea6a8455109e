//! Tests across crates, against oracles and real programs.
