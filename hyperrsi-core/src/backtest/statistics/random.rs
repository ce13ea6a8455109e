/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014), with the
/// constants of Vigna's `splitmix64.c`. The same seed gives the same numbers on every machine and in every version.
///
/// ```
/// use hyperrsi_core::backtest::statistics::Random;
/// let (mut a, mut b) = (Random::new(7), Random::new(7));
/// assert_eq!(a.next_u64(), b.next_u64());
/// assert!(a.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A sequence named by its seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.state)
    }

    /// A number from 0 to `end - 1`, each equally likely; 0 if `end` is 0. Numbers that would favour some are drawn
    /// again (Lemire, "Fast random integer generation in an interval", 2019).
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 {
            return 0;
        }
        let spare = end.wrapping_neg() % end;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(end);
            if wide as u64 >= spare {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Puts `values` into a random order, each equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(last);
            values.swap(last, other);
        }
    }
}

/// The finalizer of SplitMix64: every bit of the input changes about half of the output's.
pub(crate) const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_reference() {
        // splitmix64.c with state 1234567, as listed on Rosetta Code ("Pseudo-random numbers/Splitmix64").
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..5).map(|_| random.next_u64()).collect();
        let listed = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(first, listed);
    }

    #[test]
    fn every_number_below_an_end_is_equally_likely() {
        let mut random = Random::new(1);
        let mut counts = [0_i32; 7];
        for _ in 0..70_000 {
            counts[random.below(7) as usize] += 1;
        }
        // Deviation of a count: sqrt(70,000 * 1/7 * 6/7) = 93; five of them.
        assert!(counts.iter().all(|count| (count - 10_000).abs() < 465), "{counts:?}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn a_shuffle_keeps_every_value() {
        let mut values: Vec<u32> = (0..100).collect();
        Random::new(3).shuffle(&mut values);
        assert_ne!(values, (0..100).collect::<Vec<_>>());
        values.sort_unstable();
        assert_eq!(values, (0..100).collect::<Vec<_>>());
    }
}
