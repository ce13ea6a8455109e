//! The same candles and fills through the backtest and through the runtime: the decisions must be the same, byte for byte.

use super::driver::{Done, Driver, Listed, Purpose, Reading, SeatId, Work};
use super::plan::Plan;
use super::series::Shelf;
use crate::account::Account;
use crate::backtest::{Backtest, BacktestError, Config, Fact};
use crate::exchange::{
    self, Accepted, AccountEvent, Capabilities, ErrorClass, ExchangeError, Feature, OrderClass, OrderOutcome,
    Origin, Refused, VenueFill, VenueOrder, VenueOrderId, VenueOrderKind, VenuePosition,
};
use crate::model::{
    AccountId, Amount, ClientOrderId, OrderReport, OrderSpec, PositionKey, PositionMode, PositionSide,
    PositionSnapshot, Timestamp, TraderId,
};
use crate::series::Candles;
use crate::store::Epoch;
use crate::strategy::{DecisionRecord, Strategy};
use crate::trader::{Answer, RejectClass};
use std::collections::{BTreeMap, VecDeque};

/// What came of replaying a backtest through the runtime.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Replay {
    /// Candles that were decided in both.
    pub candles: usize,
    /// Decision records of the backtest.
    pub decisions: usize,
    /// Trades of the backtest.
    pub trades: usize,
    /// The first decision that differs, if one does: the backtest's record and the runtime's, as JSON.
    pub difference: Option<(Option<String>, Option<String>)>,
    /// Orders the runtime sent that the backtest did not.
    pub strangers: usize,
}

impl Replay {
    /// Whether every decision was the same.
    pub const fn is_identical(&self) -> bool {
        self.difference.is_none() && self.strangers == 0
    }
}

impl std::fmt::Display for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.difference {
            None if self.strangers == 0 => write!(
                f,
                "{} candles through the paper runtime: all {} decisions are identical",
                self.candles, self.decisions
            ),
            None => write!(f, "the paper runtime sent {} orders that the backtest did not", self.strangers),
            Some((ours, theirs)) => write!(
                f,
                "the decisions differ; backtest: {}; paper runtime: {}",
                ours.as_deref().unwrap_or("none"),
                theirs.as_deref().unwrap_or("none")
            ),
        }
    }
}

/// Runs the candles from `config.start` on through the backtest, then the same closed candles and fills through the
/// driver that paper and live accounts run on, and compares every decision record as text (I7).
///
/// `make` builds the strategy, once for each. A strategy that acts on fills is asked about them at once by the runtime and
/// at the candle's close by the backtest; such a strategy may differ here.
///
/// ```
/// use hyperrsi_core::backtest::Config;
/// use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
/// use hyperrsi_core::runtime::replay_identical;
/// use hyperrsi_core::series::Candles;
/// use hyperrsi_core::strategy::Threshold;
/// let mut candles = Candles::new(Timeframe::M1);
/// for minute in 0..300_i64 {
///     let price = 100.0 + 10.0 * (minute as f64 / 9.0).sin();
///     let open_time = Timestamp::from_millis(minute * 60_000);
///     candles.push(Candle::new(open_time, price, price + 0.5, price - 0.5, price, 1.0))?;
/// }
/// let mut config = Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"));
/// config.start = candles.get(100).map(|candle| candle.open_time);
/// let rule = Threshold::new(Timeframe::M1, 14)?;
/// let replay = replay_identical(&candles, &config, || rule.clone())?;
/// assert!(replay.is_identical(), "{replay}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Backtest::run`].
pub fn replay_identical<S: Strategy + 'static>(
    candles: &Candles,
    config: &Config,
    make: impl Fn() -> S,
) -> Result<Replay, BacktestError> {
    let mut config = config.clone();
    let (Some(oldest), Some(newest)) = (candles.first_open_time(), candles.last_open_time()) else {
        return Err(BacktestError::NoCandles);
    };
    let start = config.start.unwrap_or(oldest);
    config.record = Some((start, newest + candles.timeframe().span()));
    config.close_at_end = false;
    let backtest = Backtest::new(candles, config.clone())?;
    let policy = config.policy;
    let (run, tape) = backtest.run_taped(&mut make(), policy, &|_| {}, Vec::new(), true)?;

    let mut runner = Runner::new(&config, make(), start)?;
    let range = backtest.traded();
    runner.play(candles, range.clone(), tape);
    let (strangers, theirs) = (runner.strangers, runner.driver.take_decisions());
    let mut difference = None;
    for index in 0..run.records.len().max(theirs.len()) {
        let (ours, theirs) = (run.records.get(index).map(text), theirs.get(index).map(text));
        if ours != theirs {
            difference = Some((ours, theirs));
            break;
        }
    }
    Ok(Replay {
        candles: range.len(),
        decisions: run.records.len(),
        trades: run.trades.len(),
        difference,
        strangers,
    })
}

fn text(record: &DecisionRecord) -> String {
    serde_json::to_string(record).unwrap_or_default()
}

/// Performs a driver's work at once, out of a tape.
struct Runner {
    driver: Driver,
    seat: SeatId,
    answers: BTreeMap<ClientOrderId, VecDeque<Answer>>,
    specs: BTreeMap<ClientOrderId, OrderSpec>,
    instrument: crate::model::InstrumentId,
    strangers: usize,
}

impl Runner {
    fn new<S: Strategy + 'static>(
        config: &Config,
        strategy: S,
        start: Timestamp,
    ) -> Result<Self, BacktestError> {
        let venue = config.instrument.id.venue.clone();
        let can = Capabilities::new(venue).with(Feature::ALL.iter().copied());
        let account = Account::new(AccountId::new("backtest"), config.initial_balance, config.taker_fee);
        let mode = if config.trader.venue.hedge_mode { PositionMode::Hedge } else { PositionMode::OneWay };
        let mut driver = Driver::new(account, can, Epoch(1), Some(mode), start);
        driver.keep_decisions();
        let id = TraderId::new(format!("backtest:{}", config.instrument.id.symbol));
        let plan = Plan::new(id.as_str(), config.instrument.clone(), config.trader.clone(), strategy);
        let seat = driver.add(plan, None, start)?;
        let instrument = config.instrument.id.clone();
        let (answers, specs) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { driver, seat, answers, specs, instrument, strangers: 0 })
    }

    fn play(&mut self, candles: &Candles, range: std::ops::Range<usize>, tape: Vec<(Timestamp, Fact)>) {
        let span = candles.timeframe().span();
        for (_, fact) in &tape {
            if let Fact::Answered(id, answer) = fact {
                self.answers.entry(*id).or_default().push_back(answer.clone());
            }
        }
        let mut tape = tape.into_iter().peekable();
        let mut shelf = Shelf::new(candles.timeframe());
        for candle in candles.iter().take(range.start) {
            shelf.push_over_hole(candle);
        }
        if let Some(needs) = self.driver.needs(self.seat).cloned() {
            shelf.keep(&needs);
        }
        let start = candles.get(range.start).map_or(Timestamp::EPOCH, |candle| candle.open_time);
        while tape.next_if(|(at, _)| *at < start).is_some() {}
        if !shelf.base().is_empty() {
            self.driver.shelf(self.seat, shelf.clone(), false, start);
            self.settle(start);
        }
        self.driver.start(self.seat, start);
        self.settle(start);
        for index in range {
            let Some(candle) = candles.get(index) else { return };
            let close = candle.close_time(span);
            while let Some((at, fact)) = tape.next_if(|(at, _)| *at < close) {
                self.take(at, fact);
            }
            while self.driver.deadline().is_some_and(|deadline| deadline <= close) {
                self.driver.tick(close);
                self.settle(close);
            }
            shelf.push_over_hole(candle);
            self.driver.shelf(self.seat, shelf.clone(), false, close);
            self.settle(close);
        }
    }

    fn take(&mut self, now: Timestamp, fact: Fact) {
        match fact {
            Fact::Answered(..) => return, // given when it is asked for
            Fact::Price(source, price) => self.driver.price(&self.instrument, source, price, now, now),
            Fact::Order(report) => {
                if let Some(order) = self.order(&report) {
                    self.driver.event(AccountEvent::Order(Box::new(order)), now);
                }
            }
            Fact::Fill(fill) => {
                let order = VenueOrderId::new(fill.client_id.map_or_else(String::new, |id| id.to_string()));
                let fill = VenueFill {
                    instrument: self.instrument.clone(),
                    fee_paid: fill.fee,
                    fee_asset: String::new(),
                    fill,
                    order,
                };
                self.driver.event(AccountEvent::Fill(Box::new(fill)), now);
            }
        }
        self.settle(now);
    }

    fn order(&self, report: &OrderReport) -> Option<VenueOrder> {
        let spec = self.specs.get(&report.client_id)?;
        Some(VenueOrder {
            instrument: self.instrument.clone(),
            id: VenueOrderId::new(report.client_id.as_str()),
            origin: Origin::Own(report.client_id),
            class: OrderClass::from(&spec.kind),
            leg: Some(spec.leg),
            side: spec.side,
            reduce_only: spec.reduce_only,
            quantity: Some(spec.quantity),
            kind: VenueOrderKind::Known(spec.kind),
            status: report.status,
            filled: report.filled,
            average: None,
            created: report.time,
            updated: report.time,
            triggered: None,
            spawned: None,
        })
    }

    /// Does everything the driver asks for, until it asks for nothing.
    fn settle(&mut self, now: Timestamp) {
        while let Some(work) = self.driver.work() {
            let done = match work {
                Work::Store { acknowledge, .. } => {
                    for (seat, request) in acknowledge {
                        self.driver.done(Done::Stored { seat, request, durable: true }, now);
                    }
                    continue;
                }
                Work::Call { seat, request, purpose, call } => {
                    let result = self.call(&purpose, &call, now);
                    Done::Called { seat, request, purpose, result }
                }
                Work::Read { .. } => Done::Read(Ok(Box::new(self.read(now)))),
                Work::Configure { seat, request, .. } => Done::Configured { seat, request, outcome: Ok(()) },
                Work::Ask(job) => Done::Decided(Box::new(job.run())),
                Work::Reload { seat, .. } | Work::Backfill { seat } => {
                    Done::Reloaded { seat, listed: Listed::Unread }
                }
            };
            self.driver.done(done, now);
        }
    }

    fn call(
        &mut self,
        purpose: &Purpose,
        call: &exchange::Request,
        now: Timestamp,
    ) -> Result<exchange::Answer, ExchangeError> {
        if matches!(purpose, Purpose::Missing(_)) {
            // Its reads show no orders: what the tape tells of them is all there is.
            return Ok(exchange::Answer::Lookup(exchange::Lookup::Unknown { class: None }));
        }
        let Purpose::Order(_, id) = *purpose else {
            return Ok(exchange::Answer::Lookup(exchange::Lookup::Absent));
        };
        match call {
            exchange::Request::Place(ticket) => {
                self.specs.insert(id, *ticket.order());
            }
            exchange::Request::Amend(amendment) => {
                self.specs.insert(id, *amendment.ticket().order());
            }
            _ => {}
        }
        let taped = self.answers.get_mut(&id).and_then(VecDeque::pop_front);
        let status = match call {
            exchange::Request::Cancel(_) => crate::model::OrderStatus::Cancelled,
            _ => crate::model::OrderStatus::Open,
        };
        Ok(exchange::Answer::Order(match taped {
            Some(Answer::Done) => {
                OrderOutcome::Done(Accepted { client_id: Some(id), venue_id: None, status, time: now })
            }
            Some(Answer::Refused(class, message)) => {
                OrderOutcome::Refused(Refused::new(error_class(class), None, message))
            }
            Some(Answer::Unknown) => {
                OrderOutcome::Unknown { class: ErrorClass::Other, message: String::new() }
            }
            None => {
                self.strangers += 1;
                OrderOutcome::Refused(Refused::new(
                    ErrorClass::Other,
                    None,
                    "the backtest sent no such order",
                ))
            }
        }))
    }

    /// The account as its books have it: the venue of a backtest never disagrees.
    fn read(&self, now: Timestamp) -> Reading {
        let mut positions = Vec::new();
        for (_, trader) in self.driver.traders() {
            for side in PositionSide::BOTH {
                let book = trader.book(side);
                let Some(average) = book.average() else { continue };
                let key = PositionKey { instrument: self.instrument.clone(), side };
                let quantity = book.quantity();
                let position = PositionSnapshot { key, quantity, average, liquidation: None, updated: now };
                positions.push(VenuePosition {
                    position,
                    leverage: None,
                    margin_mode: None,
                    margin: None::<Amount>,
                    mark: None,
                    unrealised: None,
                });
            }
        }
        Reading { positions, ..Reading::default() }
    }
}

/// The class that becomes this one again: see `mapping`.
const fn error_class(class: RejectClass) -> ErrorClass {
    match class {
        RejectClass::InsufficientMargin => ErrorClass::InsufficientMargin,
        RejectClass::AlreadyThrough => ErrorClass::AlreadyThrough,
        RejectClass::ReduceOnly => ErrorClass::ReduceOnlyRejected,
        RejectClass::DuplicateId => ErrorClass::DuplicateClientId,
        RejectClass::FilterChanged => ErrorClass::FilterChanged,
        RejectClass::ModeMismatch => ErrorClass::ModeMismatch,
        RejectClass::NotFound => ErrorClass::OrderNotLive,
        RejectClass::Other => ErrorClass::InvalidRequest,
    }
}
