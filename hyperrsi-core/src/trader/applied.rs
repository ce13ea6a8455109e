//! Which fills were applied: each counts once, across streams, reads and restarts (I3, TRADING 13.7).

use crate::model::{Timestamp, TradeId};
use std::collections::{BTreeSet, VecDeque};

/// Fills remembered for deduplication (I3).
const APPLIED_FILLS: usize = 1_024;

/// The newest fills, each applied once; older ones count as applied by their venue time.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Applied {
    known: BTreeSet<TradeId>,
    order: VecDeque<(TradeId, Timestamp)>,
    /// Fills up to this time are no longer remembered one by one.
    before: Timestamp,
}

impl Default for Applied {
    fn default() -> Self {
        Self { known: BTreeSet::new(), order: VecDeque::new(), before: Timestamp::from_millis(i64::MIN) }
    }
}

impl Applied {
    /// Whether a fill was applied before.
    pub(super) fn has(&self, id: &TradeId, time: Timestamp) -> bool {
        time <= self.before || self.known.contains(id)
    }

    /// Remembers a fill; false if it was applied before.
    pub(super) fn insert(&mut self, id: &TradeId, time: Timestamp) -> bool {
        if self.has(id, time) || !self.known.insert(id.clone()) {
            return false;
        }
        self.order.push_back((id.clone(), time));
        if self.order.len() > APPLIED_FILLS
            && let Some((oldest, time)) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            self.before = self.before.max(time);
        }
        true
    }
}
