//! The account's task: one input at a time.

use super::feeds::{Fed, Feeds};
use super::{Exit, Message, Unprotected};
use crate::desk::{AccountStatus, EventKind, TraderStatus};
use crate::exchange::{AccountEvent, AccountStream, Exchange, ExchangeError, ExchangeExt};
use crate::model::{InstrumentId, PositionSide, Span, Timestamp};
use crate::runtime::clock::{Clock, duration};
use crate::runtime::driver::{Done, Driver, SeatId, Work};
use crate::runtime::hub::{Backoff, Hub, Prices};
use crate::runtime::options::Options;
use crate::runtime::writer::{Acknowledge, Intake, Note, Writer};
use crate::store::{Lease, Store};
use crate::trader::PriceSource;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// A question about how things are.
#[derive(Debug)]
pub(crate) enum Ask {
    Account(oneshot::Sender<AccountStatus>),
    Trader(SeatId, oneshot::Sender<Option<TraderStatus>>),
    Idle(oneshot::Sender<()>),
}

/// How long a stream has to last to count as steady.
const STEADY: Span = Span::seconds(30);
/// How often the venue's clock is looked at.
const CLOCK_INTERVAL: Span = Span::minutes(1);

pub(super) struct Server {
    pub(super) driver: Driver,
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) hub: Hub,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) options: Options,
    pub(super) lease: Lease,
    pub(super) intake: Option<Intake>,
    pub(super) notes: mpsc::UnboundedReceiver<Note>,
    pub(super) messages: mpsc::Receiver<Message>,
    pub(super) stopping: watch::Receiver<bool>,
    /// The gauge of requests without an answer.
    pub(super) under_way: metrics::Gauge,
    /// Who waits for nothing to be under way.
    pub(super) waiting: Vec<oneshot::Sender<()>>,
    /// Market data of its traders.
    pub(super) feeds: Feeds,
    /// What came back at once.
    pub(super) back: VecDeque<Back>,
}

/// What the task waits for.
enum Happened {
    Stop,
    Back(Back),
    Note(Note),
    Event(Option<AccountEvent>),
    Fed(Fed),
    Message(Message),
    Tick,
}

/// What comes back from outside.
pub(super) enum Back {
    Done(Done),
    Lease(Result<Lease, crate::store::StoreError>),
    Clock(Result<Timestamp, ExchangeError>),
}

/// The prices each trader was last told.
type Told = std::collections::BTreeMap<SeatId, Prices>;
type Calls = FuturesUnordered<BoxFuture<'static, Back>>;

/// What is done now and then, beside the driver's own times.
struct Upkeep {
    renew: Option<Timestamp>,
    clock: Option<Timestamp>,
    /// When the account's stream is begun anew.
    stream: Option<Timestamp>,
}

impl Upkeep {
    fn next(&self) -> Option<Timestamp> {
        [self.renew, self.clock, self.stream].into_iter().flatten().min()
    }
}

impl Server {
    pub(super) async fn run(mut self, writer: Writer, seats: Vec<(SeatId, InstrumentId)>) -> Exit {
        let writing = tokio::spawn(writer.run());
        let mut stream = self.exchange.events();
        let mut calls = Calls::new();
        for (seat, instrument) in seats {
            self.follow(seat, &instrument);
            let now = self.clock.now();
            self.driver.start(seat, now);
        }
        let exit = self.serve(&mut calls, &mut stream).await;
        let exit = match exit {
            Some(exit) => exit,
            None => self.wind_down(&mut calls, &mut stream).await,
        };
        let lost = matches!(exit, Exit::TakenOver);
        let waiting = self.intake.as_ref().map_or(0, Intake::waiting);
        self.intake = None; // the writer ends once everything is written
        let written = timeout(duration(Span::seconds(10)), writing).await.is_ok() || waiting == 0;
        if !lost {
            let _ = self.store.release(&self.lease).await;
        }
        match exit {
            Exit::Clean if !written => Exit::Unwritten(waiting),
            exit => exit,
        }
    }

    /// Other settings may need more history: the hub reads it, and who follows is told.
    fn want(&self, seat: SeatId) {
        let needs = self.driver.history(seat, self.clock.now());
        if let (Some(needs), Some(instrument)) = (needs, self.driver.instrument_of(seat)) {
            let _ = self.hub.candles(instrument, &needs);
        }
    }

    fn follow(&mut self, seat: SeatId, instrument: &InstrumentId) {
        let Some(needs) = self.driver.history(seat, self.clock.now()) else { return };
        self.feeds.add(seat, self.hub.candles(instrument, &needs), self.hub.prices(instrument));
    }

    /// Runs until told to stop (`None`) or something ends it.
    async fn serve(&mut self, calls: &mut Calls, stream: &mut AccountStream) -> Option<Exit> {
        let mut told = Told::new();
        let third = Span::millis_of(self.options.lease.millis() / 3);
        let now = self.clock.now();
        let mut upkeep = Upkeep { renew: Some(now + third), clock: Some(now + CLOCK_INTERVAL), stream: None };
        let mut backoff = Backoff::new(Span::seconds(60), self.driver.id().as_str());
        let mut up = now;
        loop {
            self.begin(calls);
            if calls.is_empty()
                && self.back.is_empty()
                && self.messages.is_empty()
                && self.notes.is_empty()
                && !self.driver.is_waiting()
            {
                for reply in self.waiting.drain(..) {
                    let _ = reply.send(());
                }
            }
            match self.next(calls, stream, upkeep.next()).await {
                Happened::Stop => return None,
                Happened::Back(Back::Done(done)) => self.done(done),
                Happened::Back(Back::Lease(result)) => {
                    upkeep.renew = Some(self.clock.now() + third);
                    match result {
                        Ok(lease) => self.lease = lease,
                        Err(error) if error.lost_ownership() => {
                            let now = self.clock.now();
                            self.driver.notice(now, EventKind::LeaseLost);
                            return Some(Exit::TakenOver);
                        }
                        Err(error) => tracing::warn!(%error, "the lease was not renewed"),
                    }
                }
                Happened::Back(Back::Clock(result)) => {
                    upkeep.clock = Some(self.clock.now() + CLOCK_INTERVAL);
                    if let Ok(venue) = result {
                        self.clock.correct(venue);
                    }
                }
                Happened::Note(note) => {
                    if self.note(note) {
                        return Some(Exit::TakenOver);
                    }
                }
                Happened::Event(Some(event)) => {
                    let now = self.clock.now();
                    if matches!(event, AccountEvent::Up) {
                        up = now;
                    }
                    self.driver.event(event, now);
                }
                Happened::Event(None) => {
                    // The adapter gave its stream up: it is begun anew after a while, and the account is read.
                    let now = self.clock.now();
                    if now - up >= STEADY {
                        backoff.reset(); // a link that flaps waits longer each time (FAULTS 26)
                    }
                    let error = ExchangeError::Connectivity { sent: true, detail: "the stream ended".into() };
                    self.driver.event(AccountEvent::Down { error }, now);
                    upkeep.stream = Some(now + backoff.pause());
                    *stream = Box::pin(futures_util::stream::pending());
                }
                Happened::Fed(fed) => self.fed(fed, &mut told),
                Happened::Message(message) => self.message(message, calls),
                Happened::Tick => self.tick(&mut upkeep, calls, stream),
            }
        }
    }

    fn tick(&mut self, upkeep: &mut Upkeep, calls: &mut Calls, stream: &mut AccountStream) {
        let now = self.clock.now();
        let due = |at: &mut Option<Timestamp>| at.take_if(|at| *at <= now).is_some();
        if due(&mut upkeep.renew) {
            let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
            let (lease, options) = (self.lease.clone(), self.options.clone());
            calls.push(Box::pin(async move {
                Back::Lease(store.renew(&lease, options.lease, clock.now()).await)
            }));
        }
        if due(&mut upkeep.clock) {
            let exchange = Arc::clone(&self.exchange);
            calls.push(Box::pin(async move { Back::Clock(exchange.server_time().await) }));
        }
        if due(&mut upkeep.stream) {
            *stream = self.exchange.events();
        }
        self.driver.tick(now);
    }

    async fn next(
        &mut self,
        calls: &mut Calls,
        stream: &mut AccountStream,
        upkeep: Option<Timestamp>,
    ) -> Happened {
        if let Some(back) = self.back.pop_front() {
            return Happened::Back(back);
        }
        if self.feeds.turn_is_over()
            && let Ok(message) = self.messages.try_recv()
        {
            return Happened::Message(message);
        }
        let deadline = self.driver.deadline().into_iter().chain(upkeep).min();
        let clock = &self.clock;
        let tick = async {
            match deadline {
                Some(at) => clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // A session that is dropped ends without a word: only a wish that was spoken counts.
            Ok(()) = self.stopping.changed() => Happened::Stop,
            Some(note) = self.notes.recv() => Happened::Note(note),
            Some(back) = calls.next(), if !calls.is_empty() => Happened::Back(back),
            event = stream.next() => Happened::Event(event),
            () = tick => Happened::Tick,
            Some(fed) = self.feeds.next() => Happened::Fed(fed),
            Some(message) = self.messages.recv() => Happened::Message(message),
        }
    }

    fn done(&mut self, done: Done) {
        let now = self.clock.now();
        self.driver.done(done, now);
    }

    /// True if the account is lost.
    fn note(&mut self, note: Note) -> bool {
        match note {
            Note::Stored { seat, request, durable } => self.done(Done::Stored { seat, request, durable }),
            Note::Journal(writable) => self.done(Done::Journal(writable)),
            Note::Lost => return true,
        }
        false
    }

    fn fed(&mut self, fed: Fed, told: &mut Told) {
        let now = self.clock.now();
        match fed {
            Fed::Board(seat, board) => {
                if let Some(shelf) = board.shelf {
                    self.driver.shelf(seat, shelf, board.gap, now);
                }
            }
            Fed::Prices(seat, prices) => {
                let before = told.insert(seat, prices).unwrap_or_default();
                let Some(instrument) = self.driver.instrument_of(seat).cloned() else { return };
                let mut tell = |source, point: Option<crate::exchange::PricePoint>, old| {
                    if let Some(point) = point.filter(|point| Some(*point) != old) {
                        self.driver.price(&instrument, source, point.price.to_f64(), point.time, now);
                    }
                };
                tell(PriceSource::Mark, prices.mark, before.mark);
                let last = if prices.mark.is_none() { PriceSource::Both } else { PriceSource::Last };
                tell(last, prices.last, before.last);
            }
        }
    }

    fn message(&mut self, message: Message, calls: &mut Calls) {
        let now = self.clock.now();
        match message {
            Message::Errand { seat, key, errand, reply } => {
                let result = self.driver.run_errand(seat, key.as_deref(), *errand, now);
                self.begin(calls); // its records come before the receipt
                let (stored, durable) = tokio::sync::oneshot::channel();
                if let Some(intake) = &self.intake {
                    intake.push(Vec::new(), vec![Acknowledge::Reply(stored)]);
                }
                let _ = reply.send(result.map(|()| durable));
            }
            Message::NewNeeds(seat) => self.want(seat),
            Message::May { seat, key, errand, reply } => {
                let done = self.driver.did(seat, &key);
                let _ = reply.send(if done { Ok(()) } else { self.driver.may(seat, &errand) });
            }
            Message::Ask(Ask::Account(reply)) => {
                let status = self.driver.status(&self.options, now);
                let _ = reply.send(status);
            }
            Message::Ask(Ask::Trader(seat, reply)) => {
                let _ = reply.send(self.driver.trader_status(seat, now));
            }
            Message::Record(entry, reply) => {
                if let Some(intake) = &self.intake {
                    intake.push(vec![(*entry).into()], vec![Acknowledge::Reply(reply)]);
                }
            }
            Message::Ask(Ask::Idle(reply)) => self.waiting.push(reply),
            Message::ReadNow => {
                self.driver.tell_next_read();
                self.driver.read_within(Span::ZERO, now);
            }
        }
    }

    /// Starts everything the driver asks for. What goes to the venue is begun before anything is written: what must be
    /// durable first is not asked for before it is, and nothing else waits for the journal.
    fn begin(&mut self, calls: &mut Calls) {
        let mut records = Vec::new();
        while let Some(work) = self.driver.work() {
            match work {
                Work::Store { entries, acknowledge } => records.push((entries, acknowledge)),
                work => calls.push(Box::pin(self.perform(work).map(Back::Done))),
            }
        }
        while let Some(Some(back)) = calls.next().now_or_never() {
            self.back.push_back(back);
        }
        for (entries, acknowledge) in records {
            if let Some(intake) = &self.intake {
                let waiting = acknowledge.into_iter();
                let waiting = waiting.map(|(seat, request)| Acknowledge::Seat(seat, request));
                intake.push(entries, waiting.collect());
            }
        }
        self.under_way.set(calls.len() as f64);
    }

    /// Nothing is opened any more; what is under way may end, and protection is looked at once more (FAULTS 78).
    async fn wind_down(&mut self, calls: &mut Calls, stream: &mut AccountStream) -> Exit {
        // By this machine's time: an end must come also where the venue's time stands still.
        let until = tokio::time::Instant::now() + duration(self.options.shutdown_takes);
        let now = self.clock.now();
        self.driver.retire(now);
        let begun = self.driver.reads_done() + u64::from(self.driver.is_reading());
        self.driver.read_within(Span::ZERO, now);
        self.driver.tick(now);
        let mut read_again = false;
        loop {
            self.begin(calls);
            let read = self.driver.reads_done() > begun;
            let under_way = !calls.is_empty() || !self.back.is_empty();
            let settled = read && self.driver.unsettled() == 0 && !under_way;
            if settled && self.unprotected().is_empty() || tokio::time::Instant::now() >= until {
                break;
            }
            if settled && !std::mem::replace(&mut read_again, true) {
                self.driver.read_within(Span::seconds(2), self.clock.now());
            }
            if let Some(back) = self.back.pop_front() {
                if let Back::Done(done) = back {
                    self.done(done);
                }
                continue;
            }
            let clock = &self.clock;
            let deadline = self.driver.deadline();
            let tick = async {
                match deadline {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(note) = self.notes.recv() => if self.note(note) { return Exit::TakenOver },
                Some(back) = calls.next(), if !calls.is_empty() => {
                    if let Back::Done(done) = back { self.done(done) }
                }
                Some(event) = stream.next() => { let now = self.clock.now(); self.driver.event(event, now); }
                () = tokio::time::sleep_until(until) => {}
                () = tick => { let now = self.clock.now(); self.driver.tick(now); }
            }
        }
        let unprotected = self.unprotected();
        let unsettled = self.driver.unsettled();
        self.begin(calls);
        if !unprotected.is_empty() {
            Exit::Unprotected(unprotected)
        } else if unsettled > 0 {
            Exit::Unsettled(unsettled)
        } else {
            Exit::Clean
        }
    }

    fn unprotected(&self) -> Vec<Unprotected> {
        let mut legs = Vec::new();
        for (_, trader) in self.driver.traders() {
            for side in PositionSide::BOTH {
                let (book, wanted) = (trader.book(side), trader.armed(side).stop);
                if !book.is_flat() && wanted.is_some() && !Driver::is_protected(trader, side) {
                    legs.push(Unprotected {
                        instrument: trader.view().instrument.id.clone(),
                        side,
                        quantity: book.quantity(),
                    });
                }
            }
        }
        legs
    }
}
