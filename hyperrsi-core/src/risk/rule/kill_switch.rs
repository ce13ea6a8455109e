use crate::model::Opening;
use crate::risk::{AccountView, Refusal, Refused, RiskManager, Verdict};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stops every opening while it is pulled. Copies are the same switch: keep one, give one to the account. Exits, stops and
/// take profits go on as ever.
///
/// Whether it is pulled is an operator's word and the one thing a rule here reads besides the view; the verdict is
/// journaled with the opening it refused.
///
/// ```
/// use hyperrsi_core::risk::KillSwitch;
/// let switch = KillSwitch::new();
/// let kept = switch.clone();
/// kept.pull();
/// assert!(switch.is_pulled());
/// kept.reset();
/// assert!(!switch.is_pulled());
/// ```
#[derive(Clone, Debug, Default)]
pub struct KillSwitch(Arc<AtomicBool>);

impl KillSwitch {
    /// A switch that is not pulled.
    pub fn new() -> Self {
        Self::default()
    }
    /// Stops openings until [`KillSwitch::reset`].
    pub fn pull(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
    /// Lets openings pass again.
    pub fn reset(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
    /// Whether it is pulled.
    pub fn is_pulled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl RiskManager for KillSwitch {
    fn review(&self, _: &AccountView, _: &Opening) -> Verdict {
        if self.is_pulled() {
            return Verdict::Refuse(Refused::new(
                Refusal::KillSwitch,
                "the kill switch is pulled; reset it to open again",
            ));
        }
        Verdict::Allow
    }
}
