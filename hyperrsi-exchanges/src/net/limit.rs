use super::Clock;
use super::Cost;
use hyperrsi_core::exchange::{ExchangeError, Urgency};
use hyperrsi_core::model::{Span, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Keeps within a venue's limits: a sliding window per rule and scope, exact to the call.
///
/// Each urgency may use a larger part of a budget than the one below, so that reads are shed first and protection goes
/// last (FAULTS 33). What the venue reports of its own count is fed back, and a ban stops everything (FAULTS 34).
#[derive(Debug, Default)]
pub struct Limiter {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    windows: BTreeMap<(&'static str, Option<String>), Window>,
    banned: Option<Timestamp>,
}

impl State {
    fn allowed(&mut self) -> Result<(), ExchangeError> {
        if let Some(until) = self.banned {
            if Clock::local() < until {
                return Err(ExchangeError::Banned { until: Some(until) });
            }
            self.banned = None;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Window {
    spent: VecDeque<(Instant, u32)>,
    closed_until: Option<Instant>,
}

/// The venue's window does not begin when ours does.
const MARGIN: Duration = Duration::from_millis(50);

/// What an urgency may use of a budget, in tenths.
const fn share(urgency: Urgency) -> u32 {
    match urgency {
        Urgency::Read => 6,
        Urgency::Opening => 7,
        Urgency::Settling => 8,
        Urgency::Reduction => 9,
        Urgency::Protection => 10,
    }
}

/// How long a call waits for its turn before it is refused.
const fn patience(urgency: Urgency) -> Duration {
    match urgency {
        Urgency::Read | Urgency::Settling => Duration::from_secs(5),
        _ => Duration::from_secs(2),
    }
}

impl Limiter {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the call's turn and takes its cost. No lock is held while it waits.
    ///
    /// # Errors
    /// [`ExchangeError::RateLimited`] if the turn would come too late, [`ExchangeError::Banned`] during a ban; nothing
    /// was sent then.
    pub async fn acquire(&self, cost: &Cost, urgency: Urgency) -> Result<(), ExchangeError> {
        let mut left = patience(urgency);
        loop {
            let wait = self.take(cost, urgency, Instant::now())?;
            if wait.is_zero() {
                return Ok(());
            }
            if wait > left {
                let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
                return Err(ExchangeError::RateLimited { retry_after: Some(Span::millis_of(millis)) });
            }
            left -= wait;
            tokio::time::sleep(wait).await;
        }
    }

    /// Whether anything may be sent.
    ///
    /// # Errors
    /// [`ExchangeError::Banned`] during a ban.
    pub fn allowed(&self) -> Result<(), ExchangeError> {
        self.state().allowed()
    }

    fn take(&self, cost: &Cost, urgency: Urgency, now: Instant) -> Result<Duration, ExchangeError> {
        let mut state = self.state();
        state.allowed()?;
        let window = state.windows.entry((cost.rule.name, cost.scope.clone())).or_default();
        if let Some(until) = window.closed_until.filter(|until| *until > now) {
            return Ok(until - now);
        }
        let span = Duration::from_millis(u64::from(cost.rule.window_ms)) + MARGIN;
        while window.spent.front().is_some_and(|(at, _)| now.duration_since(*at) >= span) {
            window.spent.pop_front();
        }
        let allowed = cost.rule.budget.saturating_mul(share(urgency)).div_ceil(10).max(1);
        let weight = cost.weight.min(allowed);
        let mut used: u32 = window.spent.iter().map(|(_, weight)| weight).sum();
        for (at, spent) in &window.spent {
            if used + weight <= allowed {
                break;
            }
            used -= spent;
            if used + weight <= allowed {
                return Ok(span.saturating_sub(now.duration_since(*at)));
            }
        }
        window.spent.push_back((now, weight));
        Ok(Duration::ZERO)
    }

    /// The venue refused a call of this cost: the rule is closed for a time.
    pub fn refused(&self, cost: &Cost, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        let window = state.windows.entry((cost.rule.name, cost.scope.clone())).or_default();
        window.closed_until = window.closed_until.max(Some(until));
    }

    /// The venue says that so much of a rule's budget is used: what we do not know of was used by others.
    pub fn reported(&self, cost: &Cost, used: u32) {
        let now = Instant::now();
        let mut state = self.state();
        let window = state.windows.entry((cost.rule.name, cost.scope.clone())).or_default();
        let ours: u32 = window.spent.iter().map(|(_, weight)| weight).sum();
        if let Some(others) = used.checked_sub(ours).filter(|others| *others > 0) {
            window.spent.push_back((now, others));
        }
    }

    /// The venue banned us: nothing is sent until then.
    pub fn banned(&self, until: Timestamp) {
        let mut state = self.state();
        state.banned = state.banned.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Rule;

    const RULE: Rule = Rule::new("r", 10, 1_000);

    #[tokio::test(start_paused = true)]
    async fn f33_wire_reads_are_shed_first_and_protection_goes_last() {
        let limiter = Limiter::default();
        let cost = Cost::one(RULE);
        let now = Instant::now();
        for _ in 0..6 {
            assert!(limiter.take(&cost, Urgency::Read, now).unwrap().is_zero());
        }
        assert!(!limiter.take(&cost, Urgency::Read, now).unwrap().is_zero(), "reads keep to six tenths");
        for _ in 0..4 {
            assert!(limiter.take(&cost, Urgency::Protection, now).unwrap().is_zero());
        }
        assert!(!limiter.take(&cost, Urgency::Protection, now).unwrap().is_zero(), "the budget is spent");
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_ever_holds_more_than_the_budget() {
        let limiter = Limiter::default();
        let start = Instant::now();
        let mut sent = Vec::new();
        for _ in 0..35 {
            limiter.acquire(&Cost::one(RULE), Urgency::Protection).await.unwrap();
            sent.push(start.elapsed());
        }
        for (index, at) in sent.iter().enumerate() {
            let inside = sent.iter().skip(index).take_while(|t| **t < *at + Duration::from_secs(1)).count();
            assert!(inside <= 10, "{inside} calls within a second of {at:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_venue_counts_counts() {
        let limiter = Limiter::default();
        limiter.reported(&Cost::one(RULE), 10);
        let now = Instant::now();
        assert!(!limiter.take(&Cost::one(RULE), Urgency::Protection, now).unwrap().is_zero());
        limiter.refused(&Cost::one(RULE), Duration::from_secs(30));
        let error = limiter.acquire(&Cost::one(RULE), Urgency::Read).await.unwrap_err();
        assert!(
            matches!(error, ExchangeError::RateLimited { retry_after: Some(span) } if span > Span::seconds(20))
        );
        assert!(error.outcome_known());
    }

    #[tokio::test(start_paused = true)]
    async fn f34_wire_a_ban_stops_every_call() {
        let limiter = Limiter::default();
        let until = Clock::local() + Span::minutes(2);
        limiter.banned(until);
        let error = limiter.acquire(&Cost::one(RULE), Urgency::Protection).await.unwrap_err();
        assert_eq!(error, ExchangeError::Banned { until: Some(until) });
    }
}
