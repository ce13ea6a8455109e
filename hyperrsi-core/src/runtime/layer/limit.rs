use crate::exchange::{
    AccountStream, Answer, Capabilities, Exchange, ExchangeError, Request, Retry, Urgency,
};
use crate::model::{AccountId, Span, Timestamp};
use crate::runtime::clock::Clock;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a read waits for its turn before it is shed.
const READ_WAITS: Span = Span::seconds(5);
/// How long to stay away if a venue bans without saying until when.
const BAN: Span = Span::minutes(2);

#[derive(Debug)]
struct State {
    tokens: f64,
    updated: Timestamp,
    quiet_until: Timestamp,
    banned_until: Timestamp,
    waiting: [u32; 5],
}

/// A number of calls per time, shared by whoever uses the same address or key. A part of it is kept for what matters
/// more: reads may use half, openings three quarters, looking for lost orders nine tenths, reductions and protection all
/// of it (FAULTS 33). A ban stops every call of all who share it (FAULTS 34).
#[derive(Debug)]
pub struct Budget {
    capacity: f64,
    per_milli: f64,
    state: Mutex<State>,
}

impl Budget {
    /// `calls` per `per`, all of them available at the start.
    pub fn new(calls: u32, per: Span) -> Arc<Self> {
        let capacity = f64::from(calls.max(1));
        Arc::new(Self {
            capacity,
            per_milli: capacity / per.millis().max(1) as f64,
            state: Mutex::new(State {
                tokens: capacity,
                updated: Timestamp::EPOCH,
                quiet_until: Timestamp::EPOCH,
                banned_until: Timestamp::EPOCH,
                waiting: [0; 5],
            }),
        })
    }

    /// What is kept for more urgent calls.
    fn kept(&self, urgency: Urgency) -> f64 {
        self.capacity
            * match urgency {
                Urgency::Read => 0.5,
                Urgency::Opening => 0.25,
                Urgency::Settling => 0.1,
                Urgency::Reduction | Urgency::Protection => 0.0,
            }
    }

    const fn place(urgency: Urgency) -> usize {
        match urgency {
            Urgency::Read => 0,
            Urgency::Opening => 1,
            Urgency::Settling => 2,
            Urgency::Reduction => 3,
            Urgency::Protection => 4,
        }
    }

    /// Takes one call, or says when to try again.
    fn take(&self, urgency: Urgency, now: Timestamp) -> Result<(), Wait> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.banned_until > now {
            return Err(Wait::Banned(state.banned_until));
        }
        if state.quiet_until > now {
            return Err(Wait::Until(state.quiet_until));
        }
        let passed = (now - state.updated).millis().max(0) as f64;
        state.tokens = (state.tokens + passed * self.per_milli).min(self.capacity);
        state.updated = state.updated.max(now);
        let ahead = state.waiting.iter().skip(Self::place(urgency) + 1).any(|count| *count > 0);
        let missing = 1.0 + self.kept(urgency) - state.tokens;
        if missing <= 0.0 && !ahead {
            state.tokens -= 1.0;
            return Ok(());
        }
        let wait = (missing.max(0.0) / self.per_milli).ceil().max(1.0);
        Err(Wait::Until(now + Span::millis_of(wait as i64)))
    }

    fn queue(&self, urgency: Urgency, by: i32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = state.waiting.get_mut(Self::place(urgency)) {
            *count = count.saturating_add_signed(by);
        }
    }

    /// What the venue said about its limits.
    fn heed(&self, error: &ExchangeError, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (error, error.retry()) {
            (ExchangeError::Banned { until }, _) => {
                state.banned_until = state.banned_until.max(until.unwrap_or(now + BAN));
            }
            (ExchangeError::RateLimited { .. }, Retry::After(span)) => {
                state.quiet_until = state.quiet_until.max(now + span);
            }
            _ => {}
        }
    }
}

enum Wait {
    Until(Timestamp),
    Banned(Timestamp),
}

/// Counts in [`Budget::queue`] while it lives.
struct Queued<'a>(&'a Budget, Urgency);

impl<'a> Queued<'a> {
    fn new(budget: &'a Budget, urgency: Urgency) -> Self {
        budget.queue(urgency, 1);
        Self(budget, urgency)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.queue(self.1, -1);
    }
}

/// Calls within budgets: one of the address, one of the key, as many as a venue counts.
pub struct Limited<E> {
    inner: E,
    budgets: Vec<Arc<Budget>>,
    clock: Arc<dyn Clock>,
}

impl<E> std::fmt::Debug for Limited<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limited").field("budgets", &self.budgets).finish_non_exhaustive()
    }
}

impl<E: Exchange> Limited<E> {
    /// Around `inner`.
    pub fn new(inner: E, budgets: Vec<Arc<Budget>>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, budgets, clock }
    }

    async fn pass(&self, budget: &Budget, urgency: Urgency) -> Result<(), ExchangeError> {
        let begun = self.clock.now();
        let mut queued = None;
        loop {
            let now = self.clock.now();
            drop(queued.take());
            let at = match budget.take(urgency, now) {
                Ok(()) => return Ok(()),
                Err(Wait::Banned(until)) => return Err(ExchangeError::Banned { until: Some(until) }),
                Err(Wait::Until(at)) => at,
            };
            if urgency == Urgency::Read && at - begun > READ_WAITS {
                metrics::counter!("hyperrsi_reads_shed_total").increment(1);
                return Err(ExchangeError::RateLimited { retry_after: Some(at - now) });
            }
            queued = Some(Queued::new(budget, urgency));
            self.clock.sleep_until(at).await;
        }
    }
}

#[async_trait]
impl<E: Exchange> Exchange for Limited<E> {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        let urgency = request.urgency();
        for budget in &self.budgets {
            self.pass(budget, urgency).await?;
        }
        let result = self.inner.call(request).await;
        if let Err(error) = &result {
            for budget in &self.budgets {
                budget.heed(error, self.clock.now());
            }
        }
        result
    }
    fn events(&self) -> AccountStream {
        self.inner.events()
    }
}
