use super::engine::money;
use crate::model::{Price, TriggerSource};

/// The straight way a price is on, and that of the mark price beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) at: f64,
    pub(super) to: f64,
    pub(super) mark: Option<(f64, f64)>,
}

impl Way {
    /// From where to where the price of a trigger goes.
    pub(super) fn of(&self, source: TriggerSource) -> (f64, f64) {
        match (source, self.mark) {
            (TriggerSource::Mark, Some(mark)) => mark,
            _ => (self.at, self.to),
        }
    }

    /// How far away on the traded way the price of a trigger is reached.
    pub(super) fn distance(&self, source: TriggerSource, price: f64) -> f64 {
        let (from, to) = self.of(source);
        if self.mark.is_none() || from.total_cmp(&to).is_eq() {
            return (price - from).abs();
        }
        (price - from).abs() / (to - from).abs() * (self.to - self.at).abs()
    }

    /// Where trades are when a trigger is reached.
    pub(super) fn trade_at(&self, source: TriggerSource, price: Price) -> Price {
        if self.mark.is_none() || source == TriggerSource::Last {
            return price;
        }
        let way = self.distance(source, price.to_f64());
        money(if self.to > self.at { self.at + way } else { self.at - way })
    }

    /// Moves on to a traded price, the mark price in proportion.
    pub(super) fn go_to(&mut self, price: f64) {
        if let Some((mark, to)) = &mut self.mark {
            let whole = (self.to - self.at).abs();
            let share = if whole > 0.0 { ((price - self.at).abs() / whole).min(1.0) } else { 1.0 };
            *mark += (*to - *mark) * share;
        }
        self.at = price;
    }
}
