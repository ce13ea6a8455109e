use super::{Call, Cost, Endpoint, Limiter, Secret};
use hyperrsi_core::exchange::ExchangeError;
use hyperrsi_core::model::Timestamp;
use reqwest::header::HeaderMap;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// The budgets a client draws on: that of this machine's address at a venue, and that of one key. Whoever in this process
/// speaks to the same venue, or uses the same key, draws on the same budget, because the venue counts them together.
#[derive(Clone, Debug)]
pub struct Limits {
    address: Arc<Limiter>,
    account: Arc<Limiter>,
    times: u32,
}

/// The budgets in use, by venue and key; they end with their last user.
static BUDGETS: Mutex<BTreeMap<String, Weak<Limiter>>> = Mutex::new(BTreeMap::new());

fn shared(name: String) -> Arc<Limiter> {
    let mut budgets = BUDGETS.lock().unwrap_or_else(PoisonError::into_inner);
    budgets.retain(|_, budget| budget.strong_count() > 0);
    if let Some(budget) = budgets.get(&name).and_then(Weak::upgrade) {
        return budget;
    }
    let budget = Arc::new(Limiter::default());
    budgets.insert(name, Arc::downgrade(&budget));
    budget
}

impl Limits {
    /// The budgets at a venue, for one key or for nobody.
    pub fn at(venue: &Endpoint, key: Option<&Secret>) -> Self {
        let address = shared(venue.as_str().to_owned());
        let account = match key {
            // The key itself is kept out of a list that lives as long as the process.
            Some(key) => {
                let mut name = format!("{} ", venue.as_str());
                for byte in Sha256::digest(key.expose().as_bytes()) {
                    let _ = write!(name, "{byte:02x}");
                }
                shared(name)
            }
            None => Arc::clone(&address),
        };
        Self { address, account, times: 1 }
    }

    /// The same with budgets that are so many times wider, for a venue whose time runs faster.
    #[must_use]
    pub const fn wider(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    fn cost(&self, call: &Call) -> Cost {
        call.cost.clone().under_wider(self.times)
    }

    /// The venue counts signed calls for their key and the others for the address they come from.
    fn of(&self, call: &Call) -> &Limiter {
        if call.signed { &self.account } else { &self.address }
    }

    /// Waits for the call's turn and takes its cost.
    ///
    /// # Errors
    /// [`ExchangeError::RateLimited`] if the turn would come too late, [`ExchangeError::Banned`] while the address or the
    /// key is banned; nothing was sent then.
    pub async fn acquire(&self, call: &Call) -> Result<(), ExchangeError> {
        self.address.allowed()?;
        self.of(call).acquire(&self.cost(call), call.urgency).await
    }

    /// The venue refused a call: its rule is closed for a time.
    pub fn refused(&self, call: &Call, wait: Duration) {
        self.of(call).refused(&self.cost(call), wait);
    }

    /// A call was answered: what the venue says of its own count is fed back, where it says anything. OKX does not.
    pub fn answered(&self, call: &Call, headers: &HeaderMap) {
        let cost = self.cost(call);
        if let Some(used) = cost.rule.used(headers) {
            self.of(call).reported(&cost, used);
        }
    }

    /// The venue banned this address: nobody sends anything until then.
    pub fn banned(&self, until: Timestamp) {
        self.address.banned(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Clock, Rule};
    use hyperrsi_core::exchange::{ErrorClass, Urgency};
    use hyperrsi_core::model::Span;

    const RULE: Rule = Rule::new("orders", 10, 60_000);

    fn call(signed: bool) -> Call {
        let call = Call::read("/", Cost::one(RULE)).urgency(Urgency::Protection);
        if signed { call.signed() } else { call }
    }

    async fn spend(limits: &Limits, call: &Call) -> usize {
        let mut sent = 0;
        while limits.acquire(call).await.is_ok() {
            sent += 1;
        }
        sent
    }

    #[tokio::test(start_paused = true)]
    async fn clients_of_one_key_share_its_budget_and_clients_of_one_address_share_another() {
        let venue = Endpoint::new("https://shared.test").unwrap();
        let of = |key: &str| Limits::at(&venue, Some(&Secret::new(key)));
        let (first, again, other) = (of("key-a"), of("key-a"), of("key-b"));
        assert_eq!(spend(&first, &call(true)).await, 10);
        assert_eq!(spend(&again, &call(true)).await, 0, "the same key has spent it");
        assert_eq!(spend(&other, &call(true)).await, 10, "another key has its own");
        assert_eq!(spend(&first, &call(false)).await, 10, "calls without a key are counted for the address");
        assert_eq!(spend(&Limits::at(&venue, None), &call(false)).await, 0, "which is everybody's");
        let elsewhere = Limits::at(&Endpoint::new("https://elsewhere.test").unwrap(), None);
        assert_eq!(spend(&elsewhere, &call(false)).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn f34_wire_a_ban_of_one_client_stops_all_at_the_address() {
        let venue = Endpoint::new("https://banned.test").unwrap();
        let (one, other) =
            (Limits::at(&venue, Some(&Secret::new("a"))), Limits::at(&venue, Some(&Secret::new("b"))));
        one.banned(Clock::local() + Span::minutes(5));
        for (limits, signed) in [(&one, true), (&other, true), (&other, false)] {
            let error = limits.acquire(&call(signed)).await.unwrap_err();
            assert_eq!((error.class(), error.outcome_known()), (ErrorClass::Banned, true));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_header_says_is_used_or_left_counts() {
        use crate::net::Usage;
        for (index, (usage, header, value)) in [
            (Usage::Used("x-used"), "x-used", "7"),
            (Usage::Left("x-left"), "x-left", "3"),
            (Usage::Untold, "x-used", "7"),
            (Usage::Used("x-used"), "x-used", "many"),
        ]
        .into_iter()
        .enumerate()
        {
            let limits = Limits::at(&Endpoint::new(&format!("https://told{index}.test")).unwrap(), None);
            let rule = Rule { usage, ..RULE };
            let call = Call::read("/", Cost::one(rule)).urgency(Urgency::Protection);
            let mut headers = HeaderMap::new();
            headers.insert(header, value.parse().unwrap());
            limits.answered(&call, &headers);
            let left = if index < 2 { 3 } else { 10 };
            assert_eq!(spend(&limits, &call).await, left, "{usage:?} {value}");
        }
    }

    #[test]
    fn no_key_is_kept() {
        let limits = Limits::at(&Endpoint::new("https://kept.test").unwrap(), Some(&Secret::new("the-key")));
        let names = format!("{:?}", BUDGETS.lock().unwrap().keys().collect::<Vec<_>>());
        assert!(names.contains("https://kept.test") && !names.contains("the-key"), "{names}");
        drop(limits);
    }
}
