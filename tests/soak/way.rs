//! The way from a process to its account: orders are looked at where they arrive, the stream breaks, doubles and loses.

use async_trait::async_trait;
use fastrand::Rng;
use futures_util::{StreamExt, stream};
use hyperrsi::exchange::*;
use hyperrsi::model::*;
use hyperrsi::prelude::*;
use hyperrsi::runtime::layer::{Chaos, Mishap};
use hyperrsi::runtime::paper::{Paper, SteppedClock};
use hyperrsi::sim::account::{Account, Order, Terms};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// What an account may have open, entry value in quote units. The price may move between sizing and fill, and a lost answer
/// is known at the price it was sized at: hence the room of 1 % (I2 is about the price used).
pub const CAP: Decimal = dec!(3000);
const ROOM: Decimal = dec!(1.01);

pub struct Way {
    paper: Arc<Paper>,
    cut: watch::Receiver<u32>,
    wrong: Arc<Mutex<Vec<String>>>,
    /// Whether events are lost and doubled.
    faults: bool,
}

impl Way {
    /// To an account, for one process: with a script of mishaps that is its own.
    pub fn of_process(
        paper: Arc<Paper>,
        cut: watch::Receiver<u32>,
        wrong: Arc<Mutex<Vec<String>>>,
        clock: Arc<SteppedClock>,
        random: Option<&mut Rng>,
    ) -> Arc<dyn Exchange> {
        let way = Self { paper, cut, wrong, faults: random.is_some() };
        let mut chaos = Chaos::new(way, clock);
        let Some(random) = random else { return Arc::new(chaos) };
        for (name, apart, order) in CALLS {
            let mut nth = 0;
            for _ in 0..40 {
                nth += random.u32(1..=2 * apart);
                chaos = chaos.at(name, nth, mishap(random, order));
            }
        }
        Arc::new(chaos)
    }

    /// I2: what is open and what could still open, at entry value, this order included.
    fn review(&self, ticket: &Ticket) {
        let Ticket::Opening(approved) = ticket else { return };
        let order = approved.get();
        let asked = order.price.get() * order.order.quantity.get();
        let known =
            |account: &Account| account.order_of(OrderClass::Plain, order.order.client_id.as_str()).is_some();
        if self.paper.look(known) {
            return; // it arrives a second time, and the venue refuses it
        }
        let open = self.paper.look(|account| {
            let held: Decimal = account.positions().unwrap().iter().map(|one| one.cost.get()).sum();
            let opening = account.live_orders().filter(|order| !order.sent.reduce_only);
            let value = |order: &Order| match order.sent.terms {
                Terms::Limit { price, .. } => price.get() * order.remaining().get(),
                _ => Decimal::ZERO,
            };
            held + opening.map(value).sum::<Decimal>()
        });
        if open + asked > CAP * ROOM {
            self.wrong.lock().unwrap().push(format!("I2: {open} are open, and {asked} are asked for"));
        }
    }
}

/// Calls that go wrong, every how many on average, and whether they are about orders.
const CALLS: [(&str, u32, bool); 9] = [
    ("place", 40, true),
    ("amend", 40, true),
    ("cancel", 40, true),
    ("query_order", 10, false),
    ("positions", 60, false),
    ("open_orders", 60, false),
    ("fills", 60, false),
    ("balances", 60, false),
    ("leverage", 30, false),
];

fn mishap(random: &mut Rng, order: bool) -> Mishap {
    let kinds = if order { 8 } else { 4 };
    match random.u32(0..kinds) {
        0 => Mishap::LoseRequest,
        1 => Mishap::Say(ExchangeError::RateLimited { retry_after: Some(Span::seconds(1)) }),
        2 => Mishap::Say(ExchangeError::VenueFault { status: 502, detail: "bad gateway".into() }),
        3 => Mishap::Say(ExchangeError::Connectivity { sent: false, detail: "no route".into() }),
        4 | 5 => Mishap::LoseAnswer,
        6 => Mishap::Twice,
        _ => Mishap::Delay(Span::seconds(random.i64(1..12))),
    }
}

#[async_trait]
impl Exchange for Way {
    fn account(&self) -> &AccountId {
        self.paper.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.paper.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        if let Request::Place(ticket) = &request {
            self.review(ticket);
        }
        Exchange::call(&*self.paper, request).await
    }
    fn events(&self) -> AccountStream {
        let mut cut = self.cut.clone();
        cut.mark_unchanged(); // earlier cuts were of earlier streams
        let random = Rng::with_seed(u64::from(*cut.borrow()));
        let state = (self.paper.events(), cut, VecDeque::new(), random, self.faults);
        Box::pin(stream::unfold(state, |(mut inner, mut cut, mut again, mut random, faults)| async move {
            loop {
                if let Some(event) = again.pop_front() {
                    return Some((event, (inner, cut, again, random, faults)));
                }
                let event: AccountEvent = tokio::select! {
                    biased;
                    _ = cut.changed() => return None,
                    event = inner.next() => event?,
                };
                let told = match random.u32(..) % 300 {
                    0 if faults && !matches!(event, AccountEvent::Up) => 0,
                    1 if faults => 2,
                    _ => 1,
                };
                (0..told).for_each(|_| again.push_back(event.clone()));
            }
        }))
    }
}
