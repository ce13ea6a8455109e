//! What the checks are written with.

use super::{Act, Bench, Failure, Stand};
use crate::account::Account as Books;
use crate::conformance::failure::shown;
use crate::exchange::{
    Capabilities, ErrorClass, Exchange, ExchangeError, ExchangeExt, Feature, Lookup, OrderClass, OrderName,
    OrderOutcome, OrderRef, VenueOrder, VenuePosition,
};
use crate::model::{
    Amount, Approved, Arithmetic, ClientOrderId, Instrument, MarginMode, Opening, OrderKind, OrderSpec,
    Overflow, PositionMode, PositionSide, Price, Quantity, Reducing, RequestId, Span, StepRounding, Ticket,
    TimeInForce, Timestamp, TriggerSource,
};
use crate::risk::Size;
use crate::trader::Reserve;
use rust_decimal::Decimal;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a check ended early.
#[derive(Debug)]
pub(super) enum Stop {
    Failed(Failure),
    Skipped(String),
}

pub(super) type Outcome<T = ()> = Result<T, Stop>;

/// How long news may take.
pub(super) const PATIENCE: Span = Span::seconds(10);
/// How long is waited between two looks.
const LOOK: Span = Span::millis_of(50);
/// More money than any venue gives: the venue is to say what is too much, not the books the openings come from.
const PLENTY: Decimal = Decimal::from_parts(0xffff_ffff, 0xffff, 0, false, 0);

/// A check at work.
pub(super) struct Probe {
    check: &'static str,
    stand: Box<dyn Stand>,
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) instrument: Instrument,
    pub(super) mode: PositionMode,
    /// The price at the start.
    pub(super) price: Price,
    /// A quantity of which a quarter can still be traded.
    pub(super) quantity: Quantity,
    /// The venue's time at the start.
    pub(super) began: Timestamp,
    /// The leverage it has.
    pub(super) leverage: u32,
    margin_mode: MarginMode,
    ids: AtomicU64,
}

impl Probe {
    pub(super) async fn open(
        check: &'static str,
        bench: &dyn Bench,
        mode: PositionMode,
    ) -> Result<Self, Stop> {
        let failed = |what: &str, error: &dyn Debug| {
            let (what, expected, got) = (what.into(), "an answer".into(), format!("{error:?}"));
            Stop::Failed(Failure { check, what, expected, got })
        };
        let opened = bench.open(check, mode).await.map_err(|error| failed("open", &error))?;
        let stand = opened.ok_or_else(|| Stop::Skipped("the account cannot be in this mode".into()))?;
        let (exchange, instrument) = (stand.exchange(), stand.instrument());
        let price = stand.price().await.map_err(|error| failed("price", &error))?;
        let began = exchange.server_time().await.map_err(|error| failed("server_time", &error))?;
        let (leverage, margin_mode) =
            if exchange.capabilities().has(Feature::Leverage) && !instrument.is_spot() {
                let set = exchange.leverage(instrument.id.clone()).await;
                let set = set.map_err(|error| failed("leverage", &error))?;
                (set.long, set.margin_mode)
            } else {
                (1, MarginMode::Cross)
            };
        let quantity = smallest(&instrument, price).map_err(|error| failed("the smallest order", &error))?;
        Ok(Self {
            check,
            stand,
            exchange,
            instrument,
            mode,
            price,
            quantity,
            began,
            leverage,
            margin_mode,
            ids: AtomicU64::new(0),
        })
    }

    pub(super) const fn stand(&self) -> &dyn Stand {
        &*self.stand
    }
    pub(super) fn can(&self) -> &Capabilities {
        self.exchange.capabilities()
    }

    // What may be missing.

    /// Ends the check unless the venue has the feature.
    pub(super) fn needs(&self, feature: Feature) -> Outcome {
        if self.can().has(feature) {
            Ok(())
        } else {
            Self::skip(format!("the venue has no {}", feature.code()))
        }
    }
    /// Lets something happen; ends the check if the stand cannot.
    pub(super) async fn act(&self, act: Act) -> Outcome {
        if self.stand.act(act).await { Ok(()) } else { Self::skip(format!("the stand cannot {act}")) }
    }
    pub(super) fn skip<T>(why: impl Into<String>) -> Outcome<T> {
        Err(Stop::Skipped(why.into()))
    }

    // What must be so.

    pub(super) fn fail<T>(&self, what: &str, expected: &str, got: &impl Debug) -> Outcome<T> {
        let (what, expected, got) = (what.into(), expected.into(), shown(got));
        Err(Stop::Failed(Failure { check: self.check, what, expected, got }))
    }
    /// What must be equal.
    pub(super) fn same<T: PartialEq + Debug>(&self, what: &str, got: &T, expected: &T) -> Outcome {
        if got == expected { Ok(()) } else { self.fail(what, &shown(expected), got) }
    }
    /// What must hold of a value.
    pub(super) fn holds(&self, what: &str, expected: &str, so: bool, of: &impl Debug) -> Outcome {
        if so { Ok(()) } else { self.fail(what, expected, of) }
    }
    /// What must have worked.
    pub(super) fn ok<T>(&self, what: &str, answer: Result<T, ExchangeError>) -> Outcome<T> {
        answer.or_else(|error| self.fail(what, "an answer", &error))
    }
    /// Arithmetic of the check itself.
    pub(super) fn sum<T>(&self, result: Result<T, Overflow>) -> Outcome<T> {
        result.or_else(|error| self.fail("arithmetic", "a value in range", &error))
    }
    /// Asks again, for a while, until the answer is as it must be.
    pub(super) async fn becomes<T, F>(
        &self,
        what: &str,
        expected: &str,
        mut ask: impl FnMut() -> F + Send,
        is: impl Fn(&T) -> bool + Send,
    ) -> Outcome<T>
    where
        T: Debug + Send,
        F: Future<Output = Result<T, ExchangeError>> + Send,
    {
        let mut waited = Span::ZERO;
        loop {
            let answer = self.ok(what, ask().await)?;
            if is(&answer) {
                return Ok(answer);
            }
            if waited >= PATIENCE {
                return self.fail(what, expected, &answer);
            }
            self.stand.pause(LOOK).await;
            waited = waited + LOOK;
        }
    }

    // Orders.

    /// An id that no run has used.
    pub(super) fn id(&self) -> Outcome<ClientOrderId> {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        let mut id = ClientOrderId::builder(crate::exchange::OWN_PREFIX);
        id.digits(u64::try_from(self.began.millis()).unwrap_or_default(), 9);
        id.digits(number, 2);
        Ok(id.finish())
    }
    /// An order of a leg.
    pub(super) fn spec(
        &self,
        leg: PositionSide,
        opens: bool,
        quantity: Quantity,
        kind: OrderKind,
    ) -> Outcome<OrderSpec> {
        let side = if opens { leg.opening() } else { leg.closing() };
        Ok(OrderSpec { client_id: self.id()?, leg, side, reduce_only: !opens, quantity, kind })
    }
    /// An opening that was approved.
    pub(super) fn approved(&self, order: OrderSpec) -> Outcome<Approved<Opening>> {
        let mut books = Books::new("conformance".into(), Amount::new(PLENTY), Decimal::ZERO);
        let slot = books.register(self.instrument.clone(), self.leverage, self.margin_mode);
        let slot = slot.or_else(|error| self.fail("register", "a slot", &error))?;
        let (request, size) = (RequestId(1), Size::Base(order.quantity));
        let ask = Reserve {
            request,
            size,
            order,
            price: self.price,
            min_entry_notional: None,
            at_most: None,
            by_hand: false,
        };
        let approved = books.review(self.began, slot, &ask);
        let approved = approved.or_else(|error| self.fail("review", "an approval", &error))?;
        self.same("the approved quantity", &approved.get().order.quantity, &order.quantity)?;
        Ok(*approved)
    }
    pub(super) fn opening(&self, order: OrderSpec) -> Outcome<Ticket> {
        self.approved(order).map(Ticket::Opening)
    }
    pub(super) fn reducing(&self, order: OrderSpec) -> Outcome<Reducing> {
        match Reducing::new(self.instrument.id.clone(), order) {
            Some(reducing) => Ok(reducing),
            None => self.fail("an order of the check", "one that reduces", &order),
        }
    }
    /// Places what opens or reduces.
    pub(super) async fn place(&self, order: OrderSpec) -> Outcome<OrderOutcome> {
        let ticket =
            if order.reduce_only { Ticket::Reducing(self.reducing(order)?) } else { self.opening(order)? };
        Ok(self.exchange.place(ticket).await)
    }
    /// Places what must be taken.
    pub(super) async fn placed(&self, what: &str, order: OrderSpec) -> Outcome {
        match self.place(order).await? {
            OrderOutcome::Done(done) => self.same(what, &done.client_id, &Some(order.client_id)),
            other => self.fail(what, "Done", &other),
        }
    }
    /// Opens a leg at the market, and waits until it is there.
    pub(super) async fn enter(&self, leg: PositionSide, quantity: Quantity) -> Outcome<ClientOrderId> {
        let order = self.spec(leg, true, quantity, OrderKind::Market)?;
        self.placed("an entry at the market", order).await?;
        self.has_leg(leg, quantity).await?;
        Ok(order.client_id)
    }
    /// What must have been refused as one of these.
    pub(super) fn refused(&self, what: &str, outcome: &OrderOutcome, classes: &[ErrorClass]) -> Outcome {
        match outcome {
            OrderOutcome::Refused(no) if classes.is_empty() || classes.contains(&no.class) => Ok(()),
            other => self.fail(what, &format!("Refused as one of {classes:?}"), other),
        }
    }
    /// What nobody knows the outcome of.
    pub(super) fn unknown(&self, what: &str, outcome: &OrderOutcome) -> Outcome {
        match outcome {
            OrderOutcome::Unknown { .. } => Ok(()),
            other => self.fail(what, "Unknown", other),
        }
    }
    pub(super) fn reference(&self, id: ClientOrderId, class: OrderClass) -> OrderRef {
        OrderRef { instrument: self.instrument.id.clone(), name: OrderName::Client(id), class }
    }
    /// Finds an order in a certain state.
    pub(super) async fn found(
        &self,
        what: &str,
        expected: &str,
        order: &OrderRef,
        is: impl Fn(&VenueOrder) -> bool + Send + Sync,
    ) -> Outcome<VenueOrder> {
        let ask = || async { Ok(self.exchange.order(order.clone(), self.began).await) };
        let is = |lookup: &Lookup| matches!(lookup, Lookup::Found(found) if is(found));
        match self.becomes(what, expected, ask, is).await? {
            Lookup::Found(found) => Ok(*found),
            other => self.fail(what, expected, &other),
        }
    }
    pub(super) async fn open_orders(&self) -> Outcome<Vec<VenueOrder>> {
        self.ok("open_orders", self.exchange.open_orders(Some(self.instrument.id.clone())).await)
    }
    /// Waits until exactly these orders of ours are live.
    pub(super) async fn rests(&self, what: &str, ids: &[ClientOrderId]) -> Outcome<Vec<VenueOrder>> {
        let mut expected = ids.to_vec();
        expected.sort_unstable();
        let ask = || self.exchange.open_orders(Some(self.instrument.id.clone()));
        let is = |orders: &Vec<VenueOrder>| {
            let mut live: Vec<_> = orders.iter().filter_map(VenueOrder::client_id).collect();
            live.sort_unstable();
            live == expected
        };
        self.becomes(what, &format!("exactly {expected:?} live"), ask, is).await
    }
    /// Waits until a leg has a quantity; zero means that it is not listed.
    pub(super) async fn has_leg(
        &self,
        side: PositionSide,
        quantity: Quantity,
    ) -> Outcome<Vec<VenuePosition>> {
        let ask = || self.exchange.positions(Some(self.instrument.id.clone()));
        let is = |open: &Vec<VenuePosition>| self.leg_of(open, side) == quantity;
        self.becomes("positions", &format!("{quantity} on the {side} leg"), ask, is).await
    }
    /// What is open on a leg.
    pub(super) fn leg_of(&self, open: &[VenuePosition], side: PositionSide) -> Quantity {
        let of = |one: &&VenuePosition| {
            one.position.key.instrument == self.instrument.id && one.position.key.side == side
        };
        open.iter().find(of).map(|one| one.position.quantity).unwrap_or_default()
    }
    /// Waits until nothing is open.
    pub(super) async fn flat(&self, what: &str) -> Outcome {
        let ask = || self.exchange.positions(Some(self.instrument.id.clone()));
        self.becomes(what, "nothing open", ask, Vec::is_empty).await.map(|_| ())
    }

    // Prices and quantities.

    /// The first price moved by so many percent, on a tick.
    pub(super) fn away(&self, percent: i64) -> Outcome<Price> {
        let factor = Decimal::new(100 + percent, 2);
        let raw = self.sum(self.price.get().times(factor))?;
        self.sum(self.instrument.round_price(raw, StepRounding::Nearest))
    }
    /// So many quarters of the check's quantity.
    pub(super) fn quarters(&self, count: u32) -> Outcome<Quantity> {
        let raw = self.sum(self.quantity.get().times(Decimal::new(25 * i64::from(count), 2)))?;
        self.sum(self.instrument.floor_quantity(raw))
    }
    pub(super) const fn limit(price: Price, time_in_force: TimeInForce) -> OrderKind {
        OrderKind::Limit { price, time_in_force }
    }
    /// The price a trigger watches here.
    pub(super) fn source(&self) -> TriggerSource {
        if self.can().has(Feature::TriggerLast) { TriggerSource::Last } else { TriggerSource::Mark }
    }
    pub(super) fn stop(&self, trigger: Price) -> OrderKind {
        OrderKind::StopMarket { trigger, source: self.source() }
    }
}

/// Four times the smallest order at four fifths of the price, in whole quarters of lots.
fn smallest(instrument: &Instrument, price: Price) -> Result<Quantity, Overflow> {
    let low = price.get().times(Decimal::new(8, 1))?;
    let by_value =
        if instrument.min_notional.is_zero() { Decimal::ZERO } else { instrument.min_notional.over(low)? };
    let lots = instrument.min_size.max(by_value).max(instrument.lot).over(instrument.lot)?.ceil();
    Ok(Quantity::new(lots.times(Decimal::from(4))?.times(instrument.lot)?.normalize()))
}
