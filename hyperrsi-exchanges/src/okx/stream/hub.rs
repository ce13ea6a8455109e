use crate::net::Backoff;
use crate::okx::parse::Known;
use crate::okx::rest::Rest;
use hyperrsi_core::exchange::{AccountEvent, ExchangeError, Retry};
use hyperrsi_core::model::{Timestamp, TradeId};
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// The two private connections of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wing {
    /// Orders, positions, balances.
    Private,
    /// Conditional orders.
    Business,
}

/// Where both connections of an account come together: up only when both are, and every execution once.
#[derive(Debug)]
pub(crate) struct Hub {
    sender: broadcast::Sender<AccountEvent>,
    state: Mutex<State>,
    unreadable: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    private: bool,
    business: bool,
    /// Whether it was up before: then what came meanwhile is a gap.
    was_up: bool,
    heard: Option<Timestamp>,
    seen: BTreeSet<(Arc<str>, TradeId)>,
    order: VecDeque<(Arc<str>, TradeId)>,
    why: Option<ExchangeError>,
}

impl State {
    const fn is_up(&self) -> bool {
        self.private && self.business
    }
    const fn wing(&mut self, wing: Wing) -> &mut bool {
        match wing {
            Wing::Private => &mut self.private,
            Wing::Business => &mut self.business,
        }
    }
}

/// Events a slow reader may be behind before it is told of a gap.
const DEPTH: usize = 4096;
/// Executions remembered to tell repeated ones.
const REMEMBERED: usize = 4096;

impl Hub {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(DEPTH).0, state: Mutex::default(), unreadable: AtomicU64::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A receiver, and what its stream begins with. Nothing falls between the two.
    pub(crate) fn subscribe(&self) -> (broadcast::Receiver<AccountEvent>, AccountEvent) {
        let state = self.state();
        let receiver = self.sender.subscribe();
        let first = if state.is_up() {
            AccountEvent::Up
        } else {
            let connecting = ExchangeError::Connectivity { sent: false, detail: "connecting".into() };
            AccountEvent::Down { error: state.why.clone().unwrap_or(connecting) }
        };
        (receiver, first)
    }

    pub(crate) fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// The instruments, tried until they are there: without them no size can be read.
    pub(in crate::okx) async fn instruments(
        rest: &Rest,
        hub: &Self,
        cancel: &CancellationToken,
    ) -> Option<Arc<Known>> {
        let mut backoff = Backoff::default();
        loop {
            let error = tokio::select! {
                () = cancel.cancelled() => return None,
                known = rest.known() => match known {
                    Ok(known) => return Some(known),
                    Err(error) => error,
                },
            };
            let hopeless = error.retry() == Retry::Never;
            hub.down(error);
            if hopeless {
                return None;
            }
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }

    pub(crate) fn ready(&self, wing: Wing) {
        let mut state = self.state();
        if std::mem::replace(state.wing(wing), true) || !state.is_up() {
            return;
        }
        self.send(AccountEvent::Up);
        if std::mem::replace(&mut state.was_up, true) {
            self.send(AccountEvent::Gap { since: state.heard });
        }
        state.why = None;
    }

    pub(crate) fn lost(&self, wing: Wing, error: ExchangeError) {
        let mut state = self.state();
        let was_up = state.is_up();
        *state.wing(wing) = false;
        let told = state.why.replace(error.clone()).is_some();
        // The second connection that falls is no news.
        if was_up || !told {
            self.send(AccountEvent::Down { error });
        }
    }

    pub(crate) fn down(&self, error: ExchangeError) {
        let mut state = self.state();
        (state.private, state.business) = (false, false);
        state.why = Some(error.clone());
        self.send(AccountEvent::Down { error });
    }

    /// A message came at this time: until then nothing was missed.
    pub(crate) fn heard(&self, now: Timestamp) {
        let mut state = self.state();
        if state.is_up() {
            state.heard = Some(now);
        }
    }

    pub(crate) fn tell(&self, event: AccountEvent) {
        if let AccountEvent::Fill(fill) = &event {
            let mut state = self.state();
            let id = (Arc::clone(&fill.instrument.symbol), fill.fill.trade_id.clone());
            if !state.seen.insert(id.clone()) {
                return;
            }
            state.order.push_back(id);
            if state.order.len() > REMEMBERED
                && let Some(oldest) = state.order.pop_front()
            {
                state.seen.remove(&oldest);
            }
        }
        self.send(event);
    }

    /// A message that could not be read: it is counted, and what it said is read back.
    pub(crate) fn missed(&self, error: &ExchangeError, since: Timestamp) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(%error, "a message of the account was left out");
        self.send(AccountEvent::Gap { since: Some(since) });
    }

    fn send(&self, event: AccountEvent) {
        // Nobody listens: then nobody misses anything.
        let _ = self.sender.send(event);
    }
}
