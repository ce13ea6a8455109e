//! What every venue's payloads have in common: numbers that arrive as strings or as numbers, ids, times.

mod number;

pub use number::{Millis, Num, NumberError, Text, parse_decimal};
