//! Paper trading: a simulated account behind the exchange's trait, over live market data or over a recording.

mod stepped;
mod tape;

pub use stepped::SteppedClock;
pub use tape::Tape;

use super::clock::Clock;
use super::hub::Hub;
use crate::exchange::{AccountEvent, AccountStream, Answer, Capabilities, Exchange, ExchangeError, Request};
use crate::model::{AccountId, Instrument, InstrumentId, Overflow, Price, Span, Timestamp};
use crate::sim::account::{Account, Setup};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// How often what is over is looked through.
const FORGET_INTERVAL: Span = Span::minutes(10);

struct State {
    account: Account,
    /// When what is over was last looked through.
    forgot: Timestamp,
    listeners: Vec<mpsc::UnboundedSender<AccountEvent>>,
}

/// A simulated account that trades at the prices it is told. What is over for longer than [`Setup::history`] is let go, so
/// that it can run for months.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use hyperrsi_core::exchange::{Exchange, ExchangeExt};
/// use hyperrsi_core::model::{Instrument, InstrumentId, Timestamp};
/// use hyperrsi_core::runtime::paper::{Paper, SteppedClock};
/// use hyperrsi_core::sim::account::Setup;
/// let clock = SteppedClock::starting_at(Timestamp::EPOCH);
/// let btc = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
/// let setup = Setup::new("sim").deposit("USDT", hyperrsi_core::dec!(1_000));
/// let paper = Paper::new("demo", setup, [btc], clock);
/// assert_eq!(paper.balances().await?[0].total.get(), hyperrsi_core::dec!(1_000));
/// # Ok::<(), hyperrsi_core::exchange::ExchangeError>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Paper {
    id: AccountId,
    can: Capabilities,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl std::fmt::Debug for Paper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paper").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Paper {
    /// An account in these instruments.
    pub fn new(
        id: impl Into<AccountId>,
        setup: Setup,
        instruments: impl IntoIterator<Item = Instrument>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let account = Account::new(setup, instruments);
        let can = account.capabilities();
        Arc::new(Self {
            id: id.into(),
            can,
            clock,
            state: Mutex::new(State { account, forgot: Timestamp::EPOCH, listeners: Vec::new() }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look at the account.
    pub fn look<T>(&self, at: impl FnOnce(&Account) -> T) -> T {
        at(&self.lock().account)
    }

    /// The market traded at a price: what it reached fills there.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn trade(&self, instrument: &InstrumentId, price: Price) -> Result<(), Overflow> {
        self.change(|account, now| account.trade(now, instrument, price))
    }

    /// The market moved to a price and traded at everything between: stops fill at their triggers.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn glide(&self, instrument: &InstrumentId, price: Price) -> Result<(), Overflow> {
        self.change(|account, now| account.glide(now, instrument, price))
    }

    /// Changes the account from outside, as its owner could by hand; who listens is told.
    pub fn change<T>(&self, change: impl FnOnce(&mut Account, Timestamp) -> T) -> T {
        let (mut state, now) = (self.lock(), self.clock.now());
        let result = change(&mut state.account, now);
        if now - state.forgot >= FORGET_INTERVAL {
            state.forgot = now;
            let history = state.account.setup().history;
            state.account.forget(now - history);
        }
        Self::tell(&mut state);
        result
    }

    fn tell(state: &mut State) {
        while let Some(event) = state.account.poll() {
            let Some(event) = event.view() else { continue };
            state.listeners.retain(|listener| listener.send(event.clone()).is_ok());
        }
    }

    /// Trades at the prices of a hub for as long as the future is polled: paper trading over live data. The two prices come
    /// one after the other: where no trade is newer than the mark price, what it sets off fills at it.
    pub async fn follow(&self, hub: &Hub, instrument: &InstrumentId) {
        let mut prices = hub.prices(instrument);
        while prices.changed().await.is_ok() {
            let newest = *prices.borrow_and_update();
            let moved = self.change(|account, now| {
                if let Some(last) = newest.last {
                    account.trade(now, instrument, last.price)?;
                }
                match newest.mark {
                    Some(mark) if newest.last.is_none_or(|last| last.time <= mark.time) => {
                        account.mark_ahead(now, instrument, mark.price)
                    }
                    Some(mark) => account.mark(now, instrument, mark.price),
                    None => Ok(()),
                }
            });
            if let Err(overflow) = moved {
                tracing::error!(%overflow, "a price was not traded at");
            }
        }
    }
}

#[async_trait]
impl Exchange for Paper {
    fn account(&self) -> &AccountId {
        &self.id
    }
    fn capabilities(&self) -> &Capabilities {
        &self.can
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        self.change(|account, now| account.call(now, &request))
    }
    fn events(&self) -> AccountStream {
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ = sender.send(AccountEvent::Up);
        self.lock().listeners.push(sender);
        Box::pin(futures_util::stream::unfold(receiver, |mut receiver| async move {
            let event = receiver.recv().await?;
            Some((event, receiver))
        }))
    }
}
