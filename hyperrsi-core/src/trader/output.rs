use crate::model::{
    Amount, ClientOrderId, MarginMode, OrderSpec, PositionSide, Price, Quantity, RequestId, Ticket,
    Timeframe, Timestamp,
};
use crate::position::{EffectiveStop, ExitReason, Trade};
use crate::risk::{Refusal, Refused, Size};
use crate::strategy::DecisionRecord;
use serde::{Deserialize, Serialize};

/// Ask the account to size, review and reserve an opening.
#[derive(Clone, Debug, PartialEq)]
pub struct Reserve {
    /// Answered by a reservation input of the same id.
    pub request: RequestId,
    /// The order without its final quantity.
    pub order: OrderSpec,
    /// How large it should be.
    pub size: Size,
    /// The price it is sized at.
    pub price: Price,
    /// Least planned notional, for first entries.
    pub min_entry_notional: Option<Amount>,
    /// Base units that are asked for at most, whatever `size` comes to.
    pub at_most: Option<Quantity>,
    /// An operator asked for it.
    pub by_hand: bool,
}

/// Whether something waits for a record to be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersistClass {
    /// Precedes an output that adds risk, which waits for it.
    Before,
    /// Protection, reductions, facts: kept in order, never waited for.
    Spool,
}

/// What a journal record holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// An order is about to be sent.
    Intent(OrderSpec),
    /// A cancel is about to be sent.
    Cancel(ClientOrderId),
    /// A fill was applied.
    Fill(Box<crate::model::Fill>),
    /// A decision and its reasons.
    Decision(Box<DecisionRecord>),
    /// A leg went flat.
    Trade(Box<Trade>),
}

/// A setting of the venue that has to be as configured before the first order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Configure {
    /// Leverage and margin mode of the instrument.
    Leverage(u32, MarginMode),
}

/// Something a person or another part may want to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// An opening was decided but not made.
    Refused {
        /// The leg.
        side: PositionSide,
        /// Why.
        refused: Refused,
    },
    /// An entry filled.
    Entered {
        /// The leg.
        side: PositionSide,
        /// Entries so far.
        entries: u32,
        /// Average entry price.
        average: Price,
        /// Open quantity.
        quantity: Quantity,
    },
    /// A fill closed a part of a leg, or the rest of it.
    Exited {
        /// The leg.
        side: PositionSide,
        /// Why (TRADING 13.5).
        reason: ExitReason,
        /// What filled, base units.
        quantity: Quantity,
        /// At which price.
        price: Price,
        /// Profit before fees, quote units.
        gross: Amount,
        /// What is left of the leg.
        left: Quantity,
    },
    /// A take-profit level filled whole or was touched.
    LevelReached {
        /// The leg.
        side: PositionSide,
        /// From 1.
        level: u8,
    },
    /// The effective stop changed.
    StopMoved {
        /// The leg.
        side: PositionSide,
        /// The stop now.
        stop: Option<EffectiveStop>,
    },
    /// A close at market was started.
    Closing {
        /// The leg.
        side: PositionSide,
        /// Why.
        reason: ExitReason,
    },
    /// A leg went flat.
    Closed(Box<Trade>),
    /// An evaluated candle and what came of it.
    Decided(Box<DecisionRecord>),
    /// Something was done between candles.
    Acted(Box<DecisionRecord>),
    /// A gate closed or opened.
    Gate(Refusal, bool),
    /// The venue rejected an order.
    Rejected {
        /// The order.
        client_id: ClientOrderId,
        /// What the venue said.
        message: String,
    },
    /// A leg has had no confirmed venue stop since then.
    Unprotected {
        /// The leg.
        side: PositionSide,
        /// Since when.
        since: Timestamp,
    },
    /// The venue's quantity differs from what fills explain and was adopted.
    Adopted {
        /// The leg.
        side: PositionSide,
        /// The quantity now.
        quantity: Quantity,
        /// The average entry price now.
        average: Price,
    },
    /// What is left of a leg is below the smallest order and cannot be closed; the leg counts as flat.
    Dust {
        /// The leg.
        side: PositionSide,
        /// What stays at the venue, base units.
        quantity: Quantity,
    },
    /// The last trade lies absurdly far from the mark price.
    PricesApart {
        /// The mark price.
        mark: f64,
        /// The last trade.
        last: f64,
    },
    /// A position that was not opened by us.
    Foreign {
        /// The leg.
        side: PositionSide,
    },
    /// An order with our prefix that we do not know: somebody else writes on this account.
    SecondWriter {
        /// Its id.
        client_id: ClientOrderId,
    },
}

/// Everything a trader can ask for. Perform in order; every request gets exactly one answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Ask the strategy; answer with a decision input.
    Evaluate {
        /// The request.
        request: RequestId,
        /// Which timeframe closed.
        timeframe: Timeframe,
    },
    /// Ask the strategy about a fill; answer with a decision input.
    EvaluateFill {
        /// The request.
        request: RequestId,
        /// The fill.
        fill: Box<crate::model::Fill>,
    },
    /// Ask the account for an approved opening.
    Reserve(Box<Reserve>),
    /// Give a reservation back: its order will not be sent or has ended.
    Release(ClientOrderId),
    /// Write to the journal.
    Persist {
        /// The request; `Before` is answered by stored or store-failed, `Spool` only if it failed.
        request: RequestId,
        /// Whether something waits for it.
        class: PersistClass,
        /// What.
        record: Box<Record>,
    },
    /// Send an order.
    Place {
        /// The request.
        request: RequestId,
        /// The order.
        ticket: Box<Ticket>,
    },
    /// Change price, trigger or quantity of a resting order in place.
    Amend {
        /// The request.
        request: RequestId,
        /// The order as it should be.
        order: Box<OrderSpec>,
    },
    /// Cancel an order.
    Cancel {
        /// The request.
        request: RequestId,
        /// The order.
        client_id: ClientOrderId,
    },
    /// Set and verify.
    Configure {
        /// The request.
        request: RequestId,
        /// What.
        setting: Configure,
    },
    /// Look an order up by our id, wherever it could be.
    QueryOrder {
        /// The request.
        request: RequestId,
        /// The order.
        client_id: ClientOrderId,
    },
    /// Read positions, orders and fills of the instrument.
    ReadAccount {
        /// The request.
        request: RequestId,
    },
    /// Fetch missing candles; answered by a data-restored input.
    Backfill {
        /// The timeframe.
        timeframe: Timeframe,
    },
    /// Tell whoever listens.
    Event(Box<Event>),
}
