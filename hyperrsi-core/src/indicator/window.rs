use serde::{Deserialize, Serialize};

/// The longest window: 65536 values, far beyond any setting in use.
pub(crate) const MAX_LENGTH: usize = 65_536;

/// The newest `length` values, always readable as one slice, oldest first.
///
/// Every value is written twice, `length` slots apart, so that the newest `length` values are contiguous wherever the
/// cursor stands: no modulo and no wrap in the loops that read them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub(crate) struct Window {
    slots: Box<[f64]>,
    length: usize,
    next: usize,
    filled: usize,
}

impl Window {
    /// An empty window; `length` must have been checked to be in `1..=MAX_LENGTH`.
    pub(crate) fn new(length: usize) -> Self {
        let length = length.clamp(1, MAX_LENGTH);
        Self { slots: vec![0.0; 2 * length].into_boxed_slice(), length, next: 0, filled: 0 }
    }

    /// Appends `value`; answers the one that fell out, if the window was full.
    #[inline]
    pub(crate) fn push(&mut self, value: f64) -> Option<f64> {
        let mut evicted = None;
        if let Some(slot) = self.slots.get_mut(self.next) {
            let old = std::mem::replace(slot, value);
            if self.filled == self.length {
                evicted = Some(old);
            } else {
                self.filled += 1;
            }
        }
        if let Some(slot) = self.slots.get_mut(self.next + self.length) {
            *slot = value;
        }
        self.next += 1;
        if self.next == self.length {
            self.next = 0;
        }
        evicted
    }

    /// The values, oldest first.
    #[inline]
    pub(crate) fn values(&self) -> &[f64] {
        let end = self.next + self.length;
        self.slots.get(end - self.filled..end).unwrap_or_default()
    }

    /// The newest `count` values, oldest first; fewer if there are fewer.
    #[inline]
    pub(crate) fn newest(&self, count: usize) -> &[f64] {
        let end = self.next + self.length;
        self.slots.get(end - count.min(self.filled)..end).unwrap_or_default()
    }

    /// The oldest of the newest `count` values, if there are so many.
    #[inline]
    pub(crate) fn oldest_of(&self, count: usize) -> Option<f64> {
        if count > self.filled {
            return None;
        }
        self.slots.get(self.next + self.length - count).copied()
    }

    /// The oldest value.
    #[inline]
    pub(crate) fn oldest(&self) -> Option<f64> {
        self.values().first().copied()
    }

    /// Whether `length` values are there.
    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.filled == self.length
    }

    /// Whether the cursor has just come round: once per `length` values, the moment to sum afresh.
    #[inline]
    pub(crate) const fn came_round(&self) -> bool {
        self.next == 0
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> usize {
        self.filled
    }

    /// How many values fit.
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// Forgets the values.
    pub(crate) const fn clear(&mut self) {
        self.next = 0;
        self.filled = 0;
    }
}

/// What has fallen out does not count.
impl PartialEq for Window {
    fn eq(&self, other: &Self) -> bool {
        (self.length, self.next, self.values()) == (other.length, other.next, other.values())
    }
}

/// The saved form: the values once, and where the cursor stands.
#[derive(Clone, Serialize, Deserialize)]
struct Saved {
    length: usize,
    next: usize,
    values: Vec<f64>,
}

impl From<Window> for Saved {
    fn from(window: Window) -> Self {
        Self { length: window.length, next: window.next, values: window.values().to_vec() }
    }
}

impl TryFrom<Saved> for Window {
    type Error = String;
    fn try_from(saved: Saved) -> Result<Self, String> {
        let Saved { length, next, values } = saved;
        if !(1..=MAX_LENGTH).contains(&length) || next >= length || values.len() > length {
            return Err(format!("{} values do not fit a window of {length} at {next}", values.len()));
        }
        let mut window = Self::new(length);
        window.next = (next + length - values.len() % length) % length;
        for value in values {
            window.push(value);
        }
        Ok(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_values_are_contiguous_and_oldest_first() {
        let mut window = Window::new(3);
        let mut seen = Vec::new();
        for x in [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0] {
            let evicted = window.push(x);
            seen.push(x);
            let from = seen.len().saturating_sub(3);
            assert_eq!(window.values(), &seen[from..]);
            assert_eq!(evicted, from.checked_sub(1).map(|i| seen[i]));
            assert_eq!(window.oldest_of(2), seen.len().checked_sub(2).map(|i| seen[i]));
            assert_eq!(window.oldest_of(4), None);
        }
    }

    #[test]
    fn a_saved_window_continues_where_it_was() {
        for pushed in 0..9 {
            let mut window = Window::new(4);
            (0..pushed).for_each(|x| {
                window.push(f64::from(x));
            });
            let mut restored = Window::try_from(Saved::from(window.clone())).unwrap();
            assert_eq!(restored.values(), window.values());
            assert_eq!(restored.push(99.0), window.push(99.0));
            assert_eq!(restored.came_round(), window.came_round());
        }
        assert!(Window::try_from(Saved { length: 2, next: 2, values: vec![] }).is_err());
    }
}
