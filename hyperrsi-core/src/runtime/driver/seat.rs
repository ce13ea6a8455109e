//! What a driver keeps around each trader, and of each order.

use super::memory::Memory;
use super::{Question, SeatId};
use crate::account::SlotId;
use crate::exchange::{TradingState, VenueOrder, VenueOrderId};
use crate::model::{
    Candle, ClientOrderId, Fill, OrderSpec, Quantity, RequestId, StrategyId, Timeframe, Timestamp,
};
use crate::runtime::series::Shelf;
use crate::runtime::terms::Terms;
use crate::strategy::{Needs, Strategy};
use crate::trader::Trader;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One trader with what is kept around it.
pub(super) struct Seat {
    pub(super) trader: Trader,
    pub(super) slot: SlotId,
    pub(super) strategy_id: StrategyId,
    pub(super) needs: Needs,
    pub(super) settings_version: u64,
    /// The record of the settings in force, without secrets, if there is one.
    pub(super) record: Option<Map<String, Value>>,
    pub(super) terms: Option<Terms>,
    /// The settings its open legs were opened with, if those are others.
    pub(super) opened_with: Option<u64>,
    /// At home while nobody asks it; gone for good after it failed.
    pub(super) strategy: Option<Box<dyn Strategy>>,
    /// Takes over as soon as the one before is back.
    pub(super) successor: Option<Box<dyn Strategy>>,
    /// Where the strategy's history began, how far it was told, and its state of then.
    pub(super) memory: Memory,
    pub(super) failed: Option<String>,
    /// The base candle it is being asked about.
    pub(super) asking: Option<Timestamp>,
    pub(super) asked: bool,
    pub(super) questions: VecDeque<(RequestId, Question, Timestamp)>,
    pub(super) shelf: Option<Shelf>,
    /// Open time of the next base candle, once the history has been told.
    pub(super) cursor: Option<Timestamp>,
    pub(super) due: VecDeque<(Timeframe, Candle)>,
    /// The candle the trader is being told of, and when it closed.
    pub(super) candle: Option<(Candle, Timestamp)>,
    pub(super) pumping: bool,
    pub(super) warm: bool,
    /// The earliest time it asked to be woken.
    pub(super) wake: Option<Timestamp>,
    pub(super) market_gap: bool,
    pub(super) price: Option<(f64, Timestamp)>,
    pub(super) last_fill: Option<Fill>,
    pub(super) stop: [Option<crate::position::EffectiveStop>; 2],
    pub(super) last_decision: Option<crate::desk::LastDecision>,
    pub(super) gates: BTreeMap<crate::risk::Refusal, Timestamp>,
    pub(super) started: Timestamp,
    pub(super) running: bool,
    /// Whether a stop that is wanted does not rest, by leg, as it was last written.
    pub(super) unprotected: [bool; 2],
    /// An operator stopped it: a restart does not start it again.
    pub(super) stopped: bool,
    /// Orders of others on its instrument.
    pub(super) foreign: Vec<VenueOrder>,
    /// Orders of others that a claim said to cancel, until they are gone.
    pub(super) withdraw: BTreeSet<VenueOrderId>,
    /// Keys of commands that were carried out, newest last.
    pub(super) done: VecDeque<String>,
    /// Entries that an operator asked for, the newest ones.
    pub(super) by_hand: VecDeque<ClientOrderId>,
    pub(super) reloaded: Timestamp,
    /// When the venue's list was last asked about the instrument, and what it said against opening.
    pub(super) listed: Option<Timestamp>,
    pub(super) restricted: Option<TradingState>,
    /// Something changed that a restart has to know.
    pub(super) changed: bool,
    /// It is written that nothing is open or on its way.
    pub(super) at_rest: bool,
}

/// What is known of an order that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) spec: OrderSpec,
    /// What it becomes once a change under way is confirmed.
    pub(super) next: Option<OrderSpec>,
    pub(super) submitted: Timestamp,
    /// Venue time of the newest word about it.
    pub(super) known: Timestamp,
    /// Whether it rests at the venue, by the venue's last word.
    pub(super) resting: bool,
    pub(super) filled: Quantity,
    /// The venue's id of an order that was placed by hand and claimed: it has no other there.
    pub(super) claimed: Option<VenueOrderId>,
}

impl Sent {
    pub(super) const fn new(spec: OrderSpec, submitted: Timestamp) -> Self {
        Self {
            spec,
            next: None,
            submitted,
            known: submitted,
            resting: false,
            filled: Quantity::ZERO,
            claimed: None,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Reads {
    pub(super) running: bool,
    /// Who waits for a read that begins from now on.
    pub(super) waiting: Vec<(SeatId, RequestId)>,
    /// Who waits for the one under way.
    pub(super) answering: Vec<(SeatId, RequestId)>,
    pub(super) due: Option<Timestamp>,
    /// Another one follows the one under way.
    pub(super) again: bool,
    pub(super) last: Option<Timestamp>,
    pub(super) newest_fill: Option<Timestamp>,
    /// What the read that is being taken in leads to.
    pub(super) found: Option<crate::desk::Reconciliation>,
    /// The next read is told only if it leads to something.
    pub(super) quiet: bool,
    /// Reads that came back whole.
    pub(super) done: u64,
}
