//! What happened, for bots, dashboards and logs. Facts only: sentences are made at the edges.

use super::{CommandKey, Reconciliation};
use crate::model::{
    AccountId, Amount, ClientOrderId, InstrumentId, PositionSide, Price, Quantity, Span, Timestamp, TraderId,
};
use crate::position::{EffectiveStop, ExitReason};
use crate::store::{Code, Seq};
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// Events of one account, in order.
pub type EventStream = Pin<Box<dyn Stream<Item = Update> + Send>>;

/// One item of an event stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "update", rename_all = "snake_case")]
pub enum Update {
    /// Something happened.
    Event(Event),
    /// Events after `after` and up to `until` cannot be shown: they are not kept, or the reader was too slow. Read the
    /// status.
    Gap {
        /// The last place shown.
        after: Seq,
        /// The place shown next is behind this one.
        until: Seq,
    },
}

/// Something that happened, as it is in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the account's journal; what a reader resumes after.
    pub seq: Seq,
    /// The account.
    pub account: AccountId,
    /// The trader, if it is about one.
    pub trader: Option<TraderId>,
    /// The instrument, if it is about one.
    pub instrument: Option<InstrumentId>,
    /// Venue time.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the log.
    Info,
    /// What a trader wants to hear of.
    Notice,
    /// Something is off and is dealt with.
    Warning,
    /// Somebody should look now.
    Critical,
}

/// How an entry came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntryRole {
    /// The first of a leg.
    First,
    /// An extra one.
    Extra,
    /// A hedge.
    Hedge,
    /// A grid level.
    Grid,
    /// By hand.
    Manual,
}

macro_rules! events {
    ($($severity:ident { $(#[doc = $doc:literal] $variant:ident $code:literal $({ $(#[doc = $fdoc:literal] $field:ident: $type:ty),+ $(,)? })?),+ $(,)? })+) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "type")]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[doc = $doc] #[serde(rename = $code)] $variant $({ $(#[doc = $fdoc] $field: $type),+ })?),+),+
        }

        impl EventKind {
            /// The stable code, as in JSON.
            pub const fn code(&self) -> &'static str {
                match self { $($(Self::$variant { .. } => $code),+),+ }
            }
            /// How much it matters.
            pub const fn severity(&self) -> Severity {
                match self { $($(Self::$variant { .. } => Severity::$severity),+),+ }
            }
        }
    };
}

events! {
    Info {
        #[doc = "An entry was sent."]
        EntrySent "entry_sent" {
            #[doc = "The order."] order: ClientOrderId,
            #[doc = "The leg."] side: PositionSide,
            #[doc = "How it came about."] role: EntryRole,
            #[doc = "Base units."] quantity: Quantity,
            #[doc = "The limit, or the price it was sized at."] price: Price,
        },
        #[doc = "The take-profit levels rest as planned."]
        LadderPlaced "ladder_placed" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "Prices, nearest first."] levels: Vec<Price>,
        },
        #[doc = "The venue confirmed a stop."]
        StopPlaced "stop_placed" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "Price and rule."] stop: EffectiveStop,
            #[doc = "What it covers, base units."] quantity: Quantity,
            #[doc = "How long the leg was without."] unprotected: Span,
        },
        #[doc = "The account was read and agrees with the books, or was brought to."]
        Reconciled "reconciled" {
            #[doc = "How much had to be repaired."] repairs: u32,
            #[doc = "What was found, by kind."] found: Reconciliation,
            #[doc = "The repairs were not sent."] dry_run: bool,
        },
        #[doc = "Funding was charged or paid."]
        Funding "funding" { #[doc = "Quote units; positive came in."] amount: Amount },
        #[doc = "A connection works again."]
        LinkUp "link_up" { #[doc = "Which."] link: Code, #[doc = "How long it did not."] down: Span },
        #[doc = "Missing candles were filled in."]
        DataRestored "data_restored",
        #[doc = "An entry was decided and then not made."]
        EntrySkipped "entry_skipped" { #[doc = "The leg."] side: PositionSide, #[doc = "Why."] reason: Code },
    }
    Notice {
        #[doc = "A trader started."]
        Started "started" { #[doc = "The settings in use."] settings_version: u64, #[doc = "Sends nothing."] dry_run: bool },
        #[doc = "A trader stopped."]
        Stopped "stopped" { #[doc = "Open legs are still managed."] manage_only: bool },
        #[doc = "An operator holds entries back."]
        EntriesPaused "entries_paused",
        #[doc = "Entries are made again."]
        EntriesResumed "entries_resumed",
        #[doc = "An entry filled."]
        Entered "entered" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "How it came about."] role: EntryRole,
            #[doc = "Entries so far, this one included."] entries: u32,
            #[doc = "Filled, base units."] quantity: Quantity,
            #[doc = "Average price of the fill."] price: Price,
            #[doc = "Average price of the leg."] average: Price,
            #[doc = "Quantity of the leg."] open: Quantity,
        },
        #[doc = "A part of a leg, or the rest of it, was closed."]
        Exited "exited" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "Why."] reason: ExitReason,
            #[doc = "Filled, base units."] quantity: Quantity,
            #[doc = "Average price of the fill."] price: Price,
            #[doc = "Profit before fees, quote units."] gross: Amount,
            #[doc = "What is left of the leg."] open: Quantity,
        },
        #[doc = "A leg is flat; its trade is in the journal."]
        TradeClosed "trade_closed" {
            #[doc = "The trade's id."] trade: String,
            #[doc = "The leg."] side: PositionSide,
            #[doc = "Why, by its last exit."] reason: ExitReason,
            #[doc = "Net profit, quote units."] net: Amount,
        },
        #[doc = "The effective stop moved."]
        StopMoved "stop_moved" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "From."] from: Option<EffectiveStop>,
            #[doc = "To."] to: EffectiveStop,
        },
        #[doc = "The trailing stop is active."]
        TrailingActivated "trailing_activated" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "The price it trails from."] from: Price,
            #[doc = "The first stop."] stop: Price,
        },
        #[doc = "An entry signal was held back by the trend; at most every two hours per side."]
        TrendBlocked "trend_blocked" { #[doc = "The leg."] side: PositionSide },
        #[doc = "Settings changed."]
        SettingsChanged "settings_changed" { #[doc = "Now."] version: u64 },
        #[doc = "A command was carried out."]
        CommandDone "command_done" { #[doc = "Its key."] key: CommandKey, #[doc = "Its name."] command: Code },
        #[doc = "A margin block ended."]
        MarginUnblocked "margin_unblocked",
        #[doc = "A leg has its venue stop again."]
        ProtectionRestored "protection_restored" {
            #[doc = "The leg."] side: PositionSide, #[doc = "How long it was without."] unprotected: Span,
        },
    }
    Warning {
        #[doc = "An order was refused."]
        OrderRefused "order_refused" {
            #[doc = "The order."] order: ClientOrderId,
            #[doc = "What it was for."] role: Code,
            #[doc = "Why, as in `exchange::ErrorClass`."] class: Code,
            #[doc = "The venue's code."] code: Option<String>,
            #[doc = "The venue's words."] message: String,
        },
        #[doc = "Nobody knows what became of an order; it is queried, and the leg takes no new risk."]
        OrderUnknown "order_unknown" { #[doc = "The order."] order: ClientOrderId },
        #[doc = "An order whose outcome was unknown is settled."]
        OrderSettled "order_settled" { #[doc = "The order."] order: ClientOrderId, #[doc = "Whether it is there."] found: bool },
        #[doc = "A take profit could not be placed; the stop stands."]
        LadderDegraded "ladder_degraded" { #[doc = "The leg."] side: PositionSide, #[doc = "Why."] class: Code },
        #[doc = "Not enough margin, several times: openings are blocked."]
        MarginBlocked "margin_blocked" { #[doc = "Until when at the latest."] until: Timestamp },
        #[doc = "Entries were refused several times: openings are paused until resumed."]
        FailurePaused "failure_paused" { #[doc = "The leg."] side: PositionSide, #[doc = "How often."] failures: u32 },
        #[doc = "A position nobody here opened."]
        ForeignPosition "foreign_position" { #[doc = "The leg."] side: PositionSide, #[doc = "Base units."] quantity: Quantity },
        #[doc = "A leg was changed by hand; what the venue has is taken over."]
        Adopted "adopted" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "What the books had."] from: Quantity,
            #[doc = "What the venue has."] to: Quantity,
        },
        #[doc = "What is left of a leg is below the venue's smallest order and stays there; the leg counts as flat."]
        Dust "dust" { #[doc = "The leg."] side: PositionSide, #[doc = "Base units."] quantity: Quantity },
        #[doc = "The operator cancelled protection by hand; it is placed again."]
        ProtectionRemoved "protection_removed" { #[doc = "The leg."] side: PositionSide },
        #[doc = "The venue's liquidation price lies between market and stop."]
        StopBeyondLiquidation "sl_beyond_liquidation" { #[doc = "The leg."] side: PositionSide, #[doc = "Where."] liquidation: Price },
        #[doc = "A connection broke or is silent; entries wait, exits go on."]
        LinkDown "link_down" { #[doc = "Which."] link: Code, #[doc = "Why, as in `exchange::ErrorClass`."] class: Code },
        #[doc = "Candles are missing; entries wait."]
        DataGap "data_gap" { #[doc = "From when."] from: Timestamp, #[doc = "Until when."] until: Timestamp },
        #[doc = "The last trade lies absurdly far from the mark price; stops go by the price they are set to."]
        PricesApart "prices_apart" { #[doc = "The mark price."] mark: Price, #[doc = "The last trade."] last: Price },
        #[doc = "A price is of another unit than those before it, or wrong: it is no signal, and entries wait until the strategy has its history anew. Exits go on."]
        PriceRejected "price_rejected" { #[doc = "The price."] price: Price },
        #[doc = "A closed candle was corrected by the venue; nothing is decided again."]
        CandleRevised "candle_revised" { #[doc = "Its open time."] open_time: Timestamp },
        #[doc = "Leverage, margin mode or position mode at the venue is not what is configured; entries wait."]
        ModeMismatch "mode_mismatch" { #[doc = "Which."] what: Code, #[doc = "What the venue has."] found: String, #[doc = "What is wanted."] wanted: String },
        #[doc = "The venue is in maintenance."]
        Maintenance "maintenance" { #[doc = "Until when, if announced."] until: Option<Timestamp> },
        #[doc = "The instrument's trading is restricted, or will end."]
        InstrumentRestricted "instrument_restricted" { #[doc = "How."] state: Code, #[doc = "When it ends."] ends: Option<Timestamp> },
        #[doc = "The venue bans this address or key; no call is made until then."]
        Banned "banned" { #[doc = "Until when, if stated."] until: Option<Timestamp> },
        #[doc = "The key may withdraw, or is about to end."]
        KeyWarning "key_warning" { #[doc = "What."] what: Code, #[doc = "When it ends."] expires: Option<Timestamp> },
        #[doc = "Equity at the venue and in the books differ by more than the tolerance."]
        EquityDrift "equity_drift" { #[doc = "Venue less books, quote units."] drift: Amount },
        #[doc = "The store does not answer; openings wait, exits go on."]
        StoreDown "store_down" { #[doc = "Why, in short."] detail: String },
    }
    Critical {
        #[doc = "A leg that wants a stop has no confirmed venue stop; repeated while it lasts."]
        Unprotected "unprotected" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "For how long."] elapsed: Span,
            #[doc = "Whether the engine watches the price meanwhile."] engine_stop: bool,
        },
        #[doc = "The venue liquidated or deleveraged a leg."]
        Liquidated "liquidated" {
            #[doc = "The leg."] side: PositionSide,
            #[doc = "`liquidation` or `adl`."] reason: ExitReason,
            #[doc = "Base units."] quantity: Quantity,
            #[doc = "Average price."] price: Price,
        },
        #[doc = "The key does not work any more; the last state of each leg's protection stands at the venue."]
        KeyRejected "key_rejected" { #[doc = "Why, as in `exchange::ErrorClass`."] class: Code },
        #[doc = "An order carries our prefix and is not ours: another program trades the account. Entries stop."]
        SecondWriter "second_writer" { #[doc = "The order."] order: String },
        #[doc = "Another process took the account over; this one stopped."]
        LeaseLost "lease_lost",
        #[doc = "The strategy panicked or hung; it gets no more candles, exits go on."]
        StrategyFailed "strategy_failed" { #[doc = "What it said."] detail: String },
        #[doc = "An endpoint was retired by the venue: entries are off until the library is updated."]
        EndpointRetired "endpoint_retired" { #[doc = "Which request."] request: Code },
        #[doc = "One leg of a hedge could not be opened or closed in time."]
        HedgeIncomplete "hedge_incomplete" { #[doc = "The leg that is missing."] side: PositionSide },
    }
}
