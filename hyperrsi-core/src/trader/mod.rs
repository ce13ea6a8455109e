//! The part that trades one instrument of one account, as a state machine without I/O.
//!
//! 1. The driver feeds **exactly one** [`Input`] with a time: [`Trader::handle`]. The time is venue-corrected and never
//!    decreases; the driver owns the clock.
//! 2. It then drains every [`Output`] with [`Trader::poll`] and performs them in order. Each request gets exactly one
//!    answer, as a later input.
//! 3. If [`Trader::deadline`] is set, the driver feeds [`Input::Wake`] at that time.
//!
//! Backtest, paper and live drivers differ only in who answers the outputs.
//!
//! ```
//! use hyperrsi_core::model::{AccountId, Instrument, InstrumentId, Timestamp, TraderId};
//! use hyperrsi_core::trader::{AccountRead, Command, Input, Output, Policy, Trader};
//! let instrument = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
//! let mut trader = Trader::new(TraderId::new("alice:BTCUSDT"), instrument, Policy::default());
//! let now = Timestamp::EPOCH;
//! trader.handle(now, Input::Command(Command::Start))?;
//! let mut requests = Vec::new();
//! while let Some(output) = trader.poll() {
//!     requests.push(output); // a driver performs it
//! }
//! assert!(requests.iter().any(|output| matches!(output, Output::ReadAccount { .. })));
//! # Ok::<(), hyperrsi_core::model::Overflow>(())
//! ```

mod action;
mod answers;
mod applied;
mod by_hand;
mod claim;
mod close;
mod commands;
mod decide;
mod dust;
mod entry;
mod extra;
mod fills;
mod gates;
mod hedge;
mod id;
mod inherit;
mod input;
#[cfg(debug_assertions)]
mod invariants;
mod late;
mod leg;
mod locked;
mod lots;
mod orders;
mod output;
mod prices;
mod reconcile;
mod rest;
mod snapshot;
mod status;
mod trade;
mod wake;

pub use crate::risk::{OnUnprotected, Policy, VenueTraits};
pub use by_hand::ManualEntry;
pub use id::{IdSpace, PREFIX, Role};
pub use input::{AccountRead, Answer, Command, Input, Link, Lookup, PriceSource, RejectClass};
pub use output::{Configure, Event, Output, PersistClass, Record, Reserve};
pub use snapshot::TraderSnapshot;
pub use status::{Armed, LiveOrder};

use crate::model::{
    ClientOrderId, Instrument, Overflow, PositionSide, RequestId, Timeframe, Timestamp, TraderId,
    TriggerSource,
};
use crate::strategy::{LotView, View};
use applied::Applied;
use entry::PendingEntry;
use gates::Gates;
use leg::Leg;
use orders::Orders;
use std::collections::VecDeque;
use std::sync::Arc;

/// A price and when it was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    price: f64,
    at: Timestamp,
}

/// What the driver asked the strategy.
#[derive(Clone, Copy, Debug)]
struct Evaluation {
    request: RequestId,
    candle: Timestamp,
    close: Timestamp,
}

/// Trades one instrument of one account. See the [module](self) for the contract.
#[derive(Debug)]
pub struct Trader {
    id: TraderId,
    ids: IdSpace,
    policy: Policy,
    view: View,
    long: Leg,
    short: Leg,
    orders: Orders,
    entries: Vec<PendingEntry>,
    outputs: VecDeque<Output>,
    gates: Gates,
    now: Timestamp,
    next_request: u64,
    evaluation: Option<Evaluation>,
    fill_evaluations: Vec<Evaluation>,
    mark: Option<Seen>,
    last: Option<Seen>,
    /// They lie absurdly far apart, and that was told.
    prices_apart: bool,
    /// ATR of the newest closed candle; becomes a decimal when an entry needs it.
    atr: Option<f64>,
    applied: Arc<Applied>,
    /// The limit entries a strategy wants to rest.
    rest: Vec<rest::Wanted>,
    /// A leg waits for a candle to close before its limit entry may rest.
    rest_waits: bool,
    /// The shortest timeframe whose candles come.
    base: Option<Timeframe>,
    /// An evaluate output that comes before everything in the queue: one is made per candle.
    asked: Option<(RequestId, crate::model::Timeframe)>,
    trace_protection: bool,
    /// In whose name actions are recorded, and whether they are without a journal.
    author: action::Author,
    recording: bool,
    /// A decision with a record of its own is being carried out.
    deciding: bool,
    /// What a process before left at the venue is taken over.
    inherited: inherit::Inherited,
}

impl Trader {
    /// A trader that has not started: feed [`Command::Start`].
    pub fn new(id: TraderId, instrument: Instrument, policy: Policy) -> Self {
        let mut view = View::new(instrument);
        view.cooldown = policy.cooldown;
        let mut trader = Self {
            ids: IdSpace::new(&id),
            id,
            policy,
            view,
            long: Leg::new(PositionSide::Long),
            short: Leg::new(PositionSide::Short),
            orders: Orders::default(),
            entries: Vec::new(),
            outputs: VecDeque::new(),
            gates: Gates::default(),
            now: Timestamp::EPOCH,
            next_request: 0,
            evaluation: None,
            fill_evaluations: Vec::new(),
            mark: None,
            last: None,
            prices_apart: false,
            atr: None,
            applied: Arc::default(),
            rest: Vec::new(),
            rest_waits: false,
            base: None,
            asked: None,
            trace_protection: false,
            author: action::Author::default(),
            recording: false,
            deciding: false,
            inherited: inherit::Inherited::Nothing,
        };
        trader.refresh_gates();
        trader
    }

    /// Takes over when a side last exited, from where it was stored: a cooldown outlives a restart (TRADING 12.6).
    #[must_use]
    pub const fn with_last_exit(mut self, side: PositionSide, exit: Timestamp) -> Self {
        self.view.leg_mut(side).last_exit = Some(exit);
        self
    }

    /// Takes over when a side last exited, if that is later than what is known.
    pub fn note_last_exit(&mut self, side: PositionSide, exit: Timestamp) {
        let view = self.view.leg_mut(side);
        view.last_exit = view.last_exit.max(Some(exit));
    }

    /// Whether an order of that id was this trader's, as far back as it remembers.
    pub fn knows(&self, id: &ClientOrderId) -> bool {
        self.orders.get(id).is_some() || self.orders.has_finished(id)
    }

    /// Keeps how stop and levels moved in each [`Trade`](crate::position::Trade), for charts.
    #[must_use]
    pub const fn tracing_protection(mut self) -> Self {
        self.trace_protection = true;
        self
    }

    /// Takes one input. Outputs must have been drained before.
    ///
    /// # Errors
    /// [`Overflow`] when a number of the input makes a formula leave the range of a decimal. The input has then not been
    /// applied in full; exits that rest at the venue stay.
    #[inline]
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>) -> Result<(), Overflow> {
        match input {
            // The two inputs of every candle take the short way; everything else happens seldom.
            Input::Candle { timeframe, candle } => {
                self.candle_closed(now, timeframe, candle);
                Ok(())
            }
            Input::Decision { request, decision } => self.decided(now, request, decision),
            input => {
                self.now = self.now.max(now);
                self.handle_other(input)
            }
        }
    }

    /// [`Input::Candle`].
    #[inline]
    pub(crate) fn candle_closed(
        &mut self,
        now: Timestamp,
        timeframe: crate::model::Timeframe,
        candle: &crate::model::Candle,
    ) {
        self.now = self.now.max(now);
        self.on_candle(timeframe, candle);
    }

    /// [`Input::Decision`].
    #[inline]
    pub(crate) fn decided(
        &mut self,
        now: Timestamp,
        request: RequestId,
        decision: crate::strategy::Decision,
    ) -> Result<(), Overflow> {
        self.now = self.now.max(now);
        self.on_decision(request, decision)
    }

    /// The evaluate output alone, if nothing else waits: what [`Trader::poll`] would give first.
    #[inline]
    pub(crate) fn poll_evaluate(&mut self) -> Option<(RequestId, crate::model::Timeframe)> {
        if self.outputs.is_empty() { self.asked.take() } else { None }
    }

    #[inline(never)]
    fn handle_other(&mut self, input: Input<'_>) -> Result<(), Overflow> {
        match input {
            Input::Candle { .. } | Input::Decision { .. } => {} // see `handle`
            Input::Price { source, price } => self.on_price(source, price)?,
            Input::StrategyFailed { request } => self.on_strategy_failed(request),
            Input::Reservation { request, outcome } => self.on_reservation(request, outcome)?,
            Input::Stored { request } => self.on_stored(request)?,
            Input::StoreFailed { request } => self.on_store_failed(request)?,
            Input::Answer { request, answer } => self.on_answer(request, answer)?,
            Input::Queried { request, lookup } => self.on_queried(request, lookup)?,
            Input::Configured { request: _, outcome } => {
                self.on_configured(outcome);
                self.hedge_after_restart()?;
            }
            Input::AccountRead { request: _, read } => self.on_account_read(read)?,
            Input::Order(report) => self.on_order(report)?,
            Input::Fill(fill) => self.on_fill(fill)?,
            Input::Position(position) => self.on_position(position)?,
            Input::PositionMode(mode) => self.on_position_mode(mode),
            Input::Leverage(leverage, mode) => self.on_leverage(leverage, mode),
            Input::Funding { side, amount } => self.on_funding(side, amount)?,
            Input::Warm => {
                self.set_gate(crate::risk::Refusal::WarmingUp, false);
                self.hedge_after_restart()?;
            }
            Input::DataGap => self.set_gate(crate::risk::Refusal::DataGap, true),
            Input::DataRestored => self.set_gate(crate::risk::Refusal::DataGap, false),
            Input::Instrument(instrument) => self.view.instrument = *instrument,
            Input::Policy(policy) => self.on_policy(*policy),
            Input::CloseFor { side, reason } => self.close_for(side, reason)?,
            Input::Command(command) => self.on_command(command)?,
            Input::Gate { gate, closed } => self.on_gate(gate, closed),
            Input::Link(link) => self.on_link(link),
            Input::Wake => self.on_wake()?,
        }
        #[cfg(debug_assertions)]
        self.assert_invariants();
        Ok(())
    }

    /// The next output; `None` once drained.
    #[inline]
    pub fn poll(&mut self) -> Option<Output> {
        if let Some((request, timeframe)) = self.asked.take() {
            return Some(Output::Evaluate { request, timeframe });
        }
        self.outputs.pop_front()
    }

    /// Whether outputs wait to be drained.
    #[inline]
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty() || self.asked.is_some()
    }

    /// When the trader wants to be woken, if at all.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.next_deadline()
    }

    pub(crate) const fn leg(&self, side: PositionSide) -> &Leg {
        match side {
            PositionSide::Long => &self.long,
            PositionSide::Short => &self.short,
        }
    }
    pub(crate) const fn leg_mut(&mut self, side: PositionSide) -> &mut Leg {
        match side {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        }
    }

    fn request(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(Box::new(event)));
    }

    /// Writes a record nobody waits for.
    fn spool(&mut self, record: impl FnOnce() -> Record) {
        if self.policy.journal {
            let request = self.request();
            self.outputs.push_back(Output::Persist {
                request,
                class: PersistClass::Spool,
                record: Box::new(record()),
            });
        }
    }

    fn cancel(&mut self, client_id: ClientOrderId) {
        let (request, now) = (self.request(), self.now);
        if let Some(order) = self.orders.get_mut(&client_id)
            && !order.cancelling
            && order.status.is_live()
            && order.cancel_retry.is_none_or(|(at, _)| at <= now)
            // The answer to these says whether there is anything to cancel; `reconcile` asks again then.
            && !matches!(order.pending, Some(orders::Pending::Query(_) | orders::Pending::Place(_)))
        {
            order.cancelling = true;
            order.pending = Some(orders::Pending::Cancel(request));
            self.spool(|| Record::Cancel(client_id));
            self.outputs.push_back(Output::Cancel { request, client_id });
        }
    }

    /// The newest price of a source, if it is recent enough.
    fn price(&self, source: TriggerSource) -> Option<f64> {
        let seen = match source {
            TriggerSource::Mark => self.mark,
            TriggerSource::Last => self.last,
        }?;
        (self.now - seen.at <= self.policy.max_price_age).then_some(seen.price)
    }

    /// Brings what strategies see in line with a leg.
    fn sync(&mut self, side: PositionSide) {
        let leg = match side {
            PositionSide::Long => &self.long,
            PositionSide::Short => &self.short,
        };
        let view = self.view.leg_mut(side);
        view.state = leg.state;
        view.hedge = leg.hedge;
        view.quantity = leg.book.quantity();
        view.average = leg.book.average();
        view.entries = leg.entries;
        view.stop = leg.stop();
        (view.next_entry, view.withheld) = (leg.next, leg.withheld);
        view.levels.clear();
        if !leg.lots.is_empty() || !view.lots.is_empty() {
            view.lots.clear();
            view.lots.extend(leg.lots.iter().filter_map(|lot| {
                let (key, quantity, exit) = (lot.key, lot.book.quantity(), lot.exit);
                Some(LotView { key, quantity, entry: lot.book.average()?, exit })
            }));
        }
        if let Some(exits) = &leg.exits {
            view.levels.extend(exits.ladder.levels.iter().map(|level| level.state));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn outputs_stay_small_because_one_is_made_per_candle() {
        assert!(size_of::<Output>() <= 48, "{} bytes", size_of::<Output>());
    }
}
