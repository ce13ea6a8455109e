use crate::model::{
    Amount, Approved, Candle, ClientOrderId, Fill, Instrument, MarginMode, Opening, OrderReport, OrderSpec,
    Percent, PositionMode, PositionSide, PositionSnapshot, Price, RequestId, Timeframe,
};
use crate::position::{EntryPlan, ExitPlan};
use crate::risk::{Refusal, Refused};
use crate::strategy::Decision;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which prices an observation stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The venue's mark price.
    Mark,
    /// The last trade.
    Last,
    /// A trade, where no mark price is supplied: it stands for both.
    Both,
    /// For stops, touch levels and trails only, whichever source they watch: where a simulated market is between two
    /// prices at which entries may be made.
    Trigger,
}

/// Why a venue refused an order, as far as a trader decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectClass {
    /// Not enough margin.
    InsufficientMargin,
    /// The trigger lies beyond the market already.
    AlreadyThrough,
    /// Nothing left to reduce, or the order would increase the leg.
    ReduceOnly,
    /// The id was used before: the first order stands.
    DuplicateId,
    /// Steps or minimums of the instrument changed.
    FilterChanged,
    /// Position or margin mode differs.
    ModeMismatch,
    /// No such order.
    NotFound,
    /// Anything else.
    Other,
}

/// The answer to place, amend and cancel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The venue did it.
    Done,
    /// The venue refused; nothing happened.
    Refused(RejectClass, String),
    /// Not known. Nothing new is risked on the leg until it is.
    Unknown,
}

/// The answer to an order query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// The order as the venue has it.
    Found(OrderReport),
    /// Every place it could be says it is not there, after the grace period.
    Absent,
    /// Not known.
    Unknown,
}

/// What a read of the account showed about the trader's instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRead {
    /// Positions of the instrument.
    pub positions: Vec<PositionSnapshot>,
    /// Live orders of the instrument that carry our ids.
    pub orders: Vec<OrderReport>,
    /// The same orders as they rest: with price and quantity.
    #[serde(default)]
    pub resting: Vec<OrderSpec>,
    /// Live orders of the instrument that are not ours.
    pub foreign_orders: usize,
    /// Fills the venue knows since the newest one we applied.
    pub fills: Vec<Fill>,
}

/// The connection to the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Streams are live.
    Up,
    /// Streams are down.
    Down,
    /// Streams are live again after a hole.
    Gap,
}

/// What an operator may ask of a trader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// Open and manage.
    Start,
    /// Only manage what is open.
    Stop,
    /// No new entries for now; manage as usual.
    Pause,
    /// Entries again; lifts pauses after failures too.
    Resume,
    /// Close a part of a leg at market.
    Close {
        /// The leg.
        side: PositionSide,
        /// Above 0 up to 1.
        fraction: Decimal,
    },
    /// Close everything at market and stop.
    Panic,
    /// Set the stop of a leg; may loosen it.
    SetStop {
        /// The leg.
        side: PositionSide,
        /// Trigger price.
        price: Price,
    },
    /// Back to the stop of the plan, where an operator had set another.
    ResetStop {
        /// The leg.
        side: PositionSide,
    },
    /// Set the take-profit levels of a leg until its next entry.
    SetLadder {
        /// The leg.
        side: PositionSide,
        /// Price and share of the open quantity, nearest first; none goes back to the plan's.
        levels: Vec<(Price, Percent)>,
    },
    /// Enter by hand, without a signal.
    Enter(super::ManualEntry),
    /// Cancel one of this trader's orders; what the plan wants of it is placed again.
    CancelOrder(ClientOrderId),
    /// End a margin block before its time.
    LiftMarginBlock,
    /// Plans of new settings for open legs.
    Replan {
        /// How a leg is left.
        exits: Arc<ExitPlan>,
        /// What may follow its first entry.
        entries: Option<Arc<EntryPlan>>,
        /// Move what rests at once; else from the next entry on.
        now: bool,
    },
    /// Treat an order that somebody placed by hand as this leg's own. Comes before the claim of its position.
    AdoptOrder {
        /// The order under an id of this trader.
        order: OrderSpec,
        /// What it is for.
        role: super::Role,
    },
    /// Replace the exits of a leg.
    SetExits {
        /// The leg.
        side: PositionSide,
        /// The new plan.
        exits: crate::position::ExitPlan,
    },
    /// Take over a position that was not opened by us (TRADING 13.4).
    Claim {
        /// The leg.
        side: PositionSide,
        /// How it is protected from now on.
        exits: crate::position::ExitPlan,
    },
    /// Leave a foreign position alone for good.
    Ignore {
        /// The leg.
        side: PositionSide,
    },
}

/// Everything a trader can be told. Exactly one at a time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// A candle of a needed timeframe closed.
    Candle {
        /// Its timeframe.
        timeframe: Timeframe,
        /// The candle, borrowed from the shared series.
        candle: &'a Candle,
    },
    /// A price was seen, now.
    Price {
        /// What it stands for.
        source: PriceSource,
        /// The price.
        price: f64,
    },
    /// The strategy's needs are met: enough candles of every timeframe have closed.
    Warm,
    /// Candles are missing.
    DataGap,
    /// The missing candles are there.
    DataRestored,
    /// The strategy's answer to an evaluate output.
    Decision {
        /// Of which request.
        request: RequestId,
        /// What it decided.
        decision: Decision,
    },
    /// The strategy panicked, hung or answered nonsense.
    StrategyFailed {
        /// At which request.
        request: RequestId,
    },
    /// The account's answer to a reserve output.
    Reservation {
        /// Of which request.
        request: RequestId,
        /// Approval or refusal.
        outcome: Result<Box<Approved<Opening>>, Refused>,
    },
    /// Answer to place, amend or cancel.
    Answer {
        /// Of which request.
        request: RequestId,
        /// What the venue said.
        answer: Answer,
    },
    /// Answer to an order query.
    Queried {
        /// Of which request.
        request: RequestId,
        /// What was found.
        lookup: Lookup,
    },
    /// Answer to a configure output; `Err` if the venue's value could not be made ours.
    Configured {
        /// Of which request.
        request: RequestId,
        /// What is wrong, if anything.
        outcome: Result<(), Refusal>,
    },
    /// Answer to a read-account output; `None` if the read failed or was partial.
    AccountRead {
        /// Of which request.
        request: RequestId,
        /// What was read.
        read: Option<Box<AccountRead>>,
    },
    /// A `Before` record is durable.
    Stored {
        /// Of which request.
        request: RequestId,
    },
    /// The store failed.
    StoreFailed {
        /// Of which request.
        request: RequestId,
    },
    /// The venue reported an order.
    Order(OrderReport),
    /// The venue reported a fill.
    Fill(&'a Fill),
    /// The venue reported a position.
    Position(&'a PositionSnapshot),
    /// The venue reported the position mode.
    PositionMode(PositionMode),
    /// The venue reported leverage and margin mode.
    Leverage(u32, MarginMode),
    /// Funding was received (positive) or paid (negative) on a leg.
    Funding {
        /// The leg.
        side: PositionSide,
        /// Quote units.
        amount: Amount,
    },
    /// Steps or minimums of the instrument changed.
    Instrument(Box<Instrument>),
    /// A new version of the policy; applies from the next evaluated candle on.
    Policy(Box<super::Policy>),
    /// Close a whole leg at market for a stated reason: the end of a backtest, a rule outside the strategy.
    CloseFor {
        /// The leg.
        side: PositionSide,
        /// Why.
        reason: crate::position::ExitReason,
    },
    /// An operator asks for something.
    Command(Command),
    /// Something that concerns more than this trader forbids openings, or no longer does: a rejected key, maintenance,
    /// margin that is there again.
    Gate {
        /// The reason openings are refused with.
        gate: Refusal,
        /// Whether it forbids them from now on.
        closed: bool,
    },
    /// The connection changed.
    Link(Link),
    /// The time of [`deadline`](super::Trader::deadline) has come.
    Wake,
}
