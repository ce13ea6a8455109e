use super::{Axis, SpaceError};
use crate::backtest::statistics::mixed;
use serde_json::{Map, Value};

/// Every combination of the values of some settings keys, over settings that stay the same.
///
/// Combinations are numbered from 0; the last axis changes fastest. The number names a combination in results files,
/// however it was found.
///
/// ```
/// use hyperrsi_core::backtest::sweep::Space;
/// let mut space = Space::new(serde_json::Map::new());
/// space.add("rsi_length=7..21:7".parse()?)?;
/// space.add("level=25,30".parse()?)?;
/// assert_eq!(space.size(), 6);
/// assert_eq!(space.values(3), ["14", "30"]);
/// # Ok::<(), hyperrsi_core::backtest::sweep::SpaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    base: Map<String, Value>,
    axes: Vec<Axis>,
    size: u64,
}

/// Keeps every number below what the permutation and sums can hold.
const MOST: u64 = 1 << 62;

impl Space {
    /// One combination: the settings record as it is.
    pub const fn new(base: Map<String, Value>) -> Self {
        Self { base, axes: Vec::new(), size: 1 }
    }

    /// Adds a key with its values.
    ///
    /// # Errors
    /// [`SpaceError`] if the key is already there or the combinations become too many to count.
    pub fn add(&mut self, axis: Axis) -> Result<(), SpaceError> {
        if self.axis(axis.key()).is_some() {
            return Err(SpaceError::KeyTwice { key: axis.key().to_owned() });
        }
        let size = self.size.checked_mul(axis.values().len() as u64).filter(|size| *size <= MOST);
        self.size = size.ok_or(SpaceError::TooLarge)?;
        self.axes.push(axis);
        Ok(())
    }

    /// The settings that stay the same.
    pub const fn base(&self) -> &Map<String, Value> {
        &self.base
    }
    /// The keys and their values.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }
    /// The axis of a key.
    pub fn axis(&self, key: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.key() == key)
    }
    /// Number of combinations.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Position on each axis of a combination.
    pub fn positions(&self, combo: u64) -> Vec<usize> {
        let mut rest = combo;
        let mut positions: Vec<usize> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let count = axis.values().len() as u64;
                let position = rest % count;
                rest /= count;
                usize::try_from(position).unwrap_or_default()
            })
            .collect();
        positions.reverse();
        positions
    }

    /// The value of each axis in a combination.
    pub fn values(&self, combo: u64) -> Vec<&str> {
        let positions = self.positions(combo);
        let values = self.axes.iter().zip(positions);
        values.filter_map(|(axis, at)| axis.values().get(at).map(String::as_str)).collect()
    }

    /// The settings record of a combination.
    pub fn record(&self, combo: u64) -> Map<String, Value> {
        let mut record = self.base.clone();
        for (axis, value) in self.axes.iter().zip(self.values(combo)) {
            record.insert(axis.key().to_owned(), Value::from(value));
        }
        record
    }
}

/// Which combinations are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Search {
    /// All of them, in order.
    #[default]
    Grid,
    /// Some of them, each at most once, in an order that the seed names.
    Random {
        /// How many; all if there are no more.
        samples: u64,
        /// The same seed finds the same ones.
        seed: u64,
    },
}

impl Search {
    /// How many combinations of `size` are tried.
    pub fn count(&self, size: u64) -> u64 {
        match self {
            Self::Grid => size,
            Self::Random { samples, .. } => size.min(*samples),
        }
    }

    /// The combination that is tried as number `nth`.
    pub fn combo(&self, size: u64, nth: u64) -> u64 {
        match self {
            Self::Grid => nth,
            Self::Random { seed, .. } => permuted(nth, size, *seed),
        }
    }
}

/// A permutation of `0..size` by number, without a table: a Feistel network over the next even number of bits, walked
/// until it falls inside (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
fn permuted(nth: u64, size: u64, seed: u64) -> u64 {
    let half = (u64::BITS - size.saturating_sub(1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1_u64 << half) - 1;
    let mut at = nth;
    loop {
        let (mut left, mut right) = (at >> half, at & mask);
        for round in 0..6_u64 {
            let key = mixed(seed.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            (left, right) = (right, left ^ (mixed(right ^ key) & mask));
        }
        at = left << half | right;
        if at < size {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn combinations_count_like_digits() {
        let mut space = Space::new(Map::new());
        for axis in ["a=1,2", "b=x,y,z", "c=true,false"] {
            space.add(axis.parse().unwrap()).unwrap();
        }
        assert_eq!(space.size(), 12);
        let all: Vec<String> = (0..12).map(|combo| space.values(combo).join(" ")).collect();
        assert_eq!(all[0], "1 x true");
        assert_eq!(all[1], "1 x false");
        assert_eq!(all[2], "1 y true");
        assert_eq!(all[11], "2 z false");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 12);
        assert!(matches!(space.add("a=5".parse().unwrap()), Err(SpaceError::KeyTwice { .. })));
        let mut large = Space::new(Map::new());
        for key in ["a", "b", "c"] {
            large.add(format!("{key}=1..90000:1").parse().unwrap()).unwrap();
        }
        assert_eq!(large.add("d=1..90000:1".parse().unwrap()), Err(SpaceError::TooLarge));
    }

    #[test]
    fn a_random_search_meets_every_combination_once() {
        for size in [1, 2, 3, 10, 97, 256, 1_000] {
            let search = Search::Random { samples: size, seed: 5 };
            let met: BTreeSet<u64> = (0..size).map(|nth| search.combo(size, nth)).collect();
            assert_eq!(met, (0..size).collect(), "{size}");
        }
        let order = |seed| -> Vec<u64> {
            let search = Search::Random { samples: 20, seed };
            (0..search.count(1_000)).map(|nth| search.combo(1_000, nth)).collect()
        };
        assert_eq!(order(1).len(), 20);
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn a_random_sample_is_spread_over_the_grid() {
        let search = Search::Random { samples: 10_000, seed: 11 };
        let size = 1 << 40;
        let mut counts = [0_i32; 10];
        for nth in 0..10_000 {
            counts[(search.combo(size, nth) * 10 / size) as usize] += 1;
        }
        // Deviation of a count: sqrt(10,000 * 0.1 * 0.9) = 30; five of them.
        assert!(counts.iter().all(|count| (count - 1_000).abs() < 150), "{counts:?}");
    }
}
