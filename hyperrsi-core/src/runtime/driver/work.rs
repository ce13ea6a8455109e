//! What a driver wants done, and what it is told when it is done.

use super::Draft;
use crate::exchange::{
    AccountConfig, Answer, ExchangeError, Listing, Request, VenueFill, VenueOrder, VenueOrderId,
    VenuePosition,
};
use crate::model::{
    Balance, Candle, ClientOrderId, Fill, InstrumentId, MarginMode, PositionMode, RequestId, Timeframe,
    Timestamp,
};
use crate::risk::Refusal;
use crate::runtime::mapping::Asked;
use crate::runtime::series::{Closed, Shelf};
use crate::strategy::{Context, Decision, Strategy, View};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One trader of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatId(pub(crate) usize);

/// What a call was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Order(Asked, ClientOrderId),
    Query(ClientOrderId),
    /// An order that should rest and is not among what a read shows.
    Missing(ClientOrderId),
    /// An order of somebody else that a claim said to cancel.
    Withdraw(VenueOrderId),
}

impl Purpose {
    /// The order it is about: by our id, or the venue's of an order that is not ours.
    pub(crate) fn order(&self) -> String {
        match self {
            Self::Order(_, id) | Self::Query(id) | Self::Missing(id) => id.to_string(),
            Self::Withdraw(id) => id.to_string(),
        }
    }
}

/// What has to be done outside of the driver, in order: what is written among what is written, the rest among the rest. Each
/// is answered by one [`Done`], but for `Store` without an acknowledgement.
#[expect(clippy::large_enum_variant, reason = "one lives for a moment; nothing keeps many")]
#[derive(Debug)]
pub(crate) enum Work {
    /// An order request or an order query.
    Call { seat: SeatId, request: RequestId, purpose: Purpose, call: Request },
    /// Read positions, orders and fills of the whole account.
    Read { since: Timestamp },
    /// Make the venue's leverage and margin mode ours.
    Configure {
        seat: SeatId,
        request: RequestId,
        instrument: InstrumentId,
        leverage: u32,
        margin_mode: MarginMode,
    },
    /// Read the instrument's steps and minimums, and whether it trades.
    Reload { seat: SeatId, instrument: InstrumentId },
    /// Write to the journal, in one append. With acknowledgements somebody waits for it.
    Store { entries: Vec<Draft>, acknowledge: Vec<(SeatId, RequestId)> },
    /// Ask the strategy.
    Ask(Box<Job>),
    /// Fetch missing candles.
    Backfill { seat: SeatId },
}

/// What the venue's list of instruments says about one.
#[derive(Debug)]
pub(crate) enum Listed {
    /// It could not be read.
    Unread,
    /// It is not on the list.
    Gone,
    There(Box<Listing>),
}

/// How something went.
#[derive(Debug)]
pub(crate) enum Done {
    Called {
        seat: SeatId,
        request: RequestId,
        purpose: Purpose,
        result: Result<Answer, ExchangeError>,
    },
    Read(Result<Box<Reading>, ExchangeError>),
    Configured {
        seat: SeatId,
        request: RequestId,
        outcome: Result<(), Refusal>,
    },
    Reloaded {
        seat: SeatId,
        listed: Listed,
    },
    Stored {
        seat: SeatId,
        request: RequestId,
        durable: bool,
    },
    /// Whether the journal can be written at all.
    Journal(bool),
    Decided(Box<Verdict>),
}

/// An account as read: positions first, then orders, then fills, so that a fill between two of them is never missed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) positions: Vec<VenuePosition>,
    pub(crate) orders: Vec<VenueOrder>,
    pub(crate) fills: Vec<VenueFill>,
    pub(crate) balances: Vec<Balance>,
    pub(crate) config: Option<AccountConfig>,
}

impl Reading {
    pub(crate) fn position_mode(&self) -> Option<PositionMode> {
        self.config.as_ref().map(|config| config.position_mode)
    }
}

/// What a strategy is asked.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// A candle closed.
    Candle(Timeframe, Candle),
    /// One of its legs filled.
    Fill(Timeframe, Box<Fill>),
    /// Everything that opened in `from..until`, for a start; nothing is decided.
    History { shelf: Shelf, from: Timestamp, until: Timestamp },
}

/// A strategy with a question, ready to be taken elsewhere.
pub(crate) struct Job {
    pub(crate) seat: SeatId,
    pub(crate) request: RequestId,
    pub(crate) strategy: Box<dyn Strategy>,
    pub(crate) question: Question,
    pub(crate) closed: Closed,
    pub(crate) view: View,
    pub(crate) now: Timestamp,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("seat", &self.seat)
            .field("question", &self.question)
            .finish_non_exhaustive()
    }
}

/// The strategy's answer, and the strategy back unless it failed.
pub(crate) struct Verdict {
    pub(crate) seat: SeatId,
    pub(crate) request: RequestId,
    pub(crate) strategy: Option<Box<dyn Strategy>>,
    pub(crate) outcome: Result<Decision, String>,
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verdict")
            .field("seat", &self.seat)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl Job {
    /// Asks the strategy. A panic is an answer, too (FAULTS 77).
    pub(crate) fn run(self) -> Verdict {
        let Self { seat, request, mut strategy, question, closed, view, now } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let histories = closed.histories();
            match &question {
                Question::Candle(timeframe, candle) => {
                    let context = Context::new(now, *timeframe, &histories, &view, true);
                    strategy.on_candle(&context, candle)
                }
                Question::Fill(timeframe, fill) => {
                    let context = Context::new(now, *timeframe, &histories, &view, true);
                    strategy.on_fill(&context, fill)
                }
                Question::History { shelf, from, until } => {
                    for index in shelf.base().index_at(*from)..shelf.base().index_at(*until) {
                        for (timeframe, candle) in shelf.closing_with(index) {
                            let close = candle.close_time(timeframe.span());
                            let then = shelf.at(close);
                            let histories = then.histories();
                            let context = Context::new(close, timeframe, &histories, &view, false);
                            let _ = strategy.on_candle(&context, &candle);
                        }
                    }
                    Decision::hold()
                }
            }
        }));
        match outcome {
            Ok(decision) => Verdict { seat, request, strategy: Some(strategy), outcome: Ok(decision) },
            Err(panic) => Verdict { seat, request, strategy: None, outcome: Err(said(panic.as_ref())) },
        }
    }
}

/// What a panic said, short enough for a record.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the strategy panicked: {}", text.unwrap_or("no message").chars().take(200).collect::<String>())
}
