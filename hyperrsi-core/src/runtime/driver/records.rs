//! What happens, as records of the journal and events of the desk.

use super::seat::Seat;
use super::{Draft, Driver, SeatId, Work};
use crate::desk::{EntryRole, Event as DeskEvent, EventKind, LastDecision};
use crate::model::{ClientOrderId, Price, Quantity, Ticket, Timestamp, TraderId, decimal_from_f64};
use crate::position::ExitReason;
use crate::risk::Refusal;
use crate::store::{
    Code, Entry, JournaledDecision, RecordKind, Seq, StoreError, Tags, TradeCertainty, TradeRecord,
};
use crate::strategy::LegState;
use crate::trader::{Event, Record};

/// What an order of ours is for, read from its id: the letter behind trader, cycle and side.
pub(crate) fn role_code(id: &ClientOrderId) -> Code {
    let text = id.as_str();
    let number = || text.get(18..22).and_then(|digits| u32::from_str_radix(digits, 36).ok()).unwrap_or(0);
    match text.as_bytes().get(17) {
        Some(b'e') if number() <= 1 => Code::of("entry"),
        Some(b'e') => Code::of("add"),
        Some(b's') => Code::of("stop"),
        Some(b't') => Code::from(format!("tp{}", number() % 16)),
        Some(b'c') => Code::of("close"),
        Some(b'r') => Code::of("resting"),
        Some(b'x') => Code::of("grid"),
        _ => Code::of("foreign"),
    }
}

/// The id of a trade: its trader, side and first fill, and its prices, because lots of a grid may fill in one moment.
fn trade_id(trader: &TraderId, trade: &crate::position::Trade) -> String {
    let (entry, exit) = (trade.entry_price.get().normalize(), trade.exit_price.get().normalize());
    format!("{trader}:{}:{}:{entry}:{exit}", trade.side, trade.entry_time.millis())
}

impl Seat {
    /// Whether a leg has come to rest under its stop, or lost it: a restart measures from there.
    pub(super) fn protection_changed(&mut self) -> bool {
        let now = crate::model::PositionSide::BOTH.map(|side| self.trader.unprotected_since(side).is_some());
        std::mem::replace(&mut self.unprotected, now) != now
    }

    /// How long legs are without a confirmed venue stop, for whoever watches the meters.
    pub(super) fn note_protection(&self, now: Timestamp) {
        let open = |side| self.trader.unprotected_since(side).map_or(0, |since| (now - since).millis());
        let total: i64 = crate::model::PositionSide::BOTH
            .into_iter()
            .map(|side| self.trader.unprotected(side).millis() + open(side))
            .sum();
        if total > 0 {
            metrics::gauge!("hyperrsi_unprotected_seconds", "trader" => self.trader.id().to_string())
                .set(total as f64 / 1_000.0);
        }
    }
}

impl Driver {
    /// A key nobody else writes: of this epoch, counted.
    pub(super) fn key(&mut self, kind: &str) -> String {
        self.entries += 1;
        format!("{kind}:{}:{}", self.epoch.0, self.entries)
    }

    pub(super) fn record(
        &mut self,
        seat: SeatId,
        record: Record,
        now: Timestamp,
    ) -> Result<Draft, StoreError> {
        let counted = self.key("record");
        let Some(entry) = self.seats.get(seat.0) else {
            return Err(StoreError::not_found("the trader of a record"));
        };
        let trader = entry.trader.id().clone();
        let instrument = entry.trader.view().instrument.id.clone();
        let settings_version = entry.settings_version;
        let tags = |side| Tags { instrument: Some(instrument.clone()), side, ..Tags::default() };
        Ok(match record {
            Record::Fill(fill) => {
                let key = format!("fill:{instrument}:{}", fill.trade_id);
                let (at, tags) = (fill.time, tags(Some(fill.leg)));
                Draft::holding(RecordKind::Fill, key, Some(trader), at, tags, fill)
            }
            Record::Decision(record) => {
                let account = self.id.clone();
                Draft::of(RecordKind::Decision, move || {
                    Entry::decision(&JournaledDecision {
                        // Trader, timeframe and candle: a candle that is told twice is recorded once (FAULTS 68).
                        id: match record.at {
                            None => format!("{trader}:{}:{}", record.timeframe, record.candle.millis()),
                            Some(at) => format!("{trader}:{}:{counted}", at.millis()),
                        },
                        account,
                        trader,
                        at: now,
                        settings_version,
                        engine_version: env!("CARGO_PKG_VERSION").into(),
                        record: *record,
                        venue_orders: Vec::new(),
                    })
                })
            }
            Record::Trade(trade) => {
                let (account, strategy) = (self.id.clone(), entry.strategy_id.clone());
                let leverage = entry.trader.policy().leverage;
                Draft::of(RecordKind::Trade, move || {
                    Entry::trade(&TradeRecord {
                        id: trade_id(&trader, &trade),
                        revision: 0,
                        account,
                        trader,
                        instrument,
                        strategy,
                        settings_version,
                        leverage,
                        linked_to: None,
                        certainty: TradeCertainty::Complete,
                        trade: *trade,
                    })
                })
            }
            Record::Intent(spec) => {
                let tags = tags(Some(spec.leg));
                Draft::holding(RecordKind::Intent, counted, Some(trader), now, tags, record)
            }
            other => Draft::holding(RecordKind::Intent, counted, Some(trader), now, tags(None), other),
        })
    }

    /// Writes an event; who listens hears of it once it is in the journal.
    pub(super) fn tell(&mut self, seat: Option<SeatId>, at: Timestamp, kind: EventKind) {
        let key = self.key("event");
        let entry = seat.and_then(|seat| self.seats.get(seat.0));
        let trader = entry.map(|entry| entry.trader.id().clone());
        let instrument = entry.map(|entry| entry.trader.view().instrument.id.clone());
        tracing::info!(
            account = %self.id, trader = trader.as_ref().map(TraderId::as_str), event = kind.code(), "event"
        );
        let tags =
            Tags { instrument: instrument.clone(), outcome: Some(Code::of(kind.code())), ..Tags::default() };
        let event = DeskEvent {
            seq: Seq::START,
            account: self.id.clone(),
            trader: trader.clone(),
            instrument,
            at,
            kind,
        };
        let draft = Draft::holding(RecordKind::Event, key, trader, at, tags, event);
        self.work.push_back(Work::Store { entries: vec![draft], acknowledge: Vec::new() });
    }

    pub(super) fn tell_entry_sent(&mut self, seat: SeatId, ticket: &Ticket, now: Timestamp) {
        let Ticket::Opening(approved) = ticket else { return };
        let opening = approved.get();
        let role = self.entry_role(seat, &opening.order.client_id, opening.order.leg);
        let kind = EventKind::EntrySent {
            order: opening.order.client_id,
            side: opening.order.leg,
            role,
            quantity: opening.order.quantity,
            price: opening.price,
        };
        self.tell(Some(seat), now, kind);
    }

    fn entry_role(&self, seat: SeatId, id: &ClientOrderId, side: crate::model::PositionSide) -> EntryRole {
        let entry = self.seats.get(seat.0);
        if entry.is_some_and(|entry| entry.by_hand.contains(id)) {
            return EntryRole::Manual;
        }
        let hedge = entry.is_some_and(|entry| entry.trader.view().leg(side).hedge);
        match role_code(id).as_str() {
            "resting" | "grid" => EntryRole::Grid,
            "add" => EntryRole::Extra,
            _ if hedge => EntryRole::Hedge,
            _ => EntryRole::First,
        }
    }

    /// What a trader tells, in the words of the desk.
    pub(super) fn on_trader_event(&mut self, seat: SeatId, event: Event, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let last = entry.last_fill.clone();
        entry.changed |= match &event {
            Event::Refused { refused, .. } => refused.code == Refusal::InsufficientMargin,
            Event::Gate(gate, _) => *gate != Refusal::DataGap,
            Event::Rejected { .. } | Event::Unprotected { .. } | Event::Adopted { .. } => true,
            _ => false,
        };
        if matches!(event, Event::Entered { .. }) {
            entry.opened_with = None; // every entry is made by the settings in force
        }
        let kind = match event {
            Event::Refused { side, refused } => {
                EventKind::EntrySkipped { side, reason: Code::of(refused.code.code()) }
            }
            Event::Entered { side, entries, average, quantity } => {
                let (filled, price) =
                    last.as_ref().map_or((quantity, average), |fill| (fill.quantity, fill.price));
                let id = last.and_then(|fill| fill.client_id);
                let role = id.map_or(EntryRole::Manual, |id| self.entry_role(seat, &id, side));
                EventKind::Entered { side, role, entries, quantity: filled, price, average, open: quantity }
            }
            Event::Exited { side, reason, quantity, price, gross, left } => {
                if matches!(reason, ExitReason::Liquidation | ExitReason::Adl) {
                    let kind = EventKind::Liquidated { side, reason, quantity, price };
                    self.tell(Some(seat), now, kind);
                }
                EventKind::Exited { side, reason, quantity, price, gross, open: left }
            }
            Event::StopMoved { side, stop } => {
                let Some(slot) = entry.stop.get_mut(super::slot(side)) else { return };
                let from = std::mem::replace(slot, stop);
                match stop {
                    Some(to) => EventKind::StopMoved { side, from, to },
                    None => return,
                }
            }
            Event::Closed(trade) => {
                self.account.note_trade(trade.net_pnl.get() < rust_decimal::Decimal::ZERO);
                let (side, reason, net) = (trade.side, trade.reason, trade.net_pnl);
                EventKind::TradeClosed { trade: trade_id(entry.trader.id(), &trade), side, reason, net }
            }
            Event::Decided(record) => {
                if let Some(kept) = &mut self.decisions {
                    kept.push((*record).clone());
                }
                entry.last_decision = Some(LastDecision {
                    id: format!("{}:{}:{}", entry.trader.id(), record.timeframe, record.candle.millis()),
                    at: now,
                    outcome: Code::from(format!("{:?}", record.outcome).to_lowercase()),
                    reason: Code::from(record.reason.clone()),
                });
                return;
            }
            Event::Gate(gate, closed) => return self.on_gate(seat, gate, closed, now),
            Event::Rejected { client_id, message } => {
                let spec = self.sent.get(&client_id).map(|sent| sent.spec);
                if let Some(spec) = spec.filter(|spec| !spec.reduce_only) {
                    let main = entry.trader.view().leg(spec.leg.opposite());
                    if main.state == LegState::Open && !main.hedge {
                        // The main leg stays as it is, with its stop (FAULTS 81).
                        self.tell(Some(seat), now, EventKind::HedgeIncomplete { side: spec.leg });
                    }
                }
                EventKind::OrderRefused {
                    order: client_id,
                    role: role_code(&client_id),
                    class: Code::from(message.split(':').next().unwrap_or("other").to_owned()),
                    code: None,
                    message,
                }
            }
            Event::Unprotected { side, since } => {
                metrics::counter!("hyperrsi_unprotected_alerts_total").increment(1);
                EventKind::Unprotected { side, elapsed: now - since, engine_stop: true }
            }
            Event::Adopted { side, quantity, average } => {
                let slot = entry.slot;
                let books = self.account.book(slot, side).map_or(Quantity::ZERO, |book| book.quantity());
                if let Err(overflow) = self.account.adopt(now, slot, side, quantity, average) {
                    tracing::error!(%overflow, "an adjustment was not booked");
                }
                EventKind::Adopted { side, from: books, to: quantity }
            }
            Event::Foreign { side } => {
                let quantity = entry.trader.book(side).quantity();
                EventKind::ForeignPosition { side, quantity }
            }
            Event::PricesApart { mark, last } => {
                let money = |price| Price::new(decimal_from_f64(price).unwrap_or_default());
                EventKind::PricesApart { mark: money(mark), last: money(last) }
            }
            Event::Dust { side, quantity } => EventKind::Dust { side, quantity },
            Event::SecondWriter { client_id } => EventKind::SecondWriter { order: client_id.to_string() },
            Event::Closing { .. } | Event::LevelReached { .. } | Event::Acted(_) => return,
        };
        self.tell(Some(seat), now, kind);
    }

    fn on_gate(&mut self, seat: SeatId, gate: Refusal, closed: bool, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        if closed {
            entry.gates.entry(gate).or_insert(now);
        } else {
            entry.gates.remove(&gate);
        }
        let unprotected = crate::model::PositionSide::BOTH
            .into_iter()
            .map(|side| entry.trader.unprotected(side))
            .fold(crate::model::Span::ZERO, |sum, span| sum + span);
        let kind = match (gate, closed) {
            (Refusal::Paused, true) => EventKind::EntriesPaused,
            (Refusal::Paused, false) => EventKind::EntriesResumed,
            (Refusal::MarginBlocked, true) => {
                EventKind::MarginBlocked { until: now + entry.trader.policy().margin_block.1 }
            }
            (Refusal::MarginBlocked, false) => EventKind::MarginUnblocked,
            (Refusal::FailurePaused, true) => EventKind::FailurePaused {
                side: entry.last_fill.as_ref().map_or(crate::model::PositionSide::Long, |fill| fill.leg),
                failures: entry.trader.policy().entry_failure_limit,
            },
            (Refusal::NotRunning, true) => EventKind::Stopped { manage_only: !entry.trader.is_idle() },
            (Refusal::Unprotected, false) => EventKind::ProtectionRestored {
                side: entry.last_fill.as_ref().map_or(crate::model::PositionSide::Long, |fill| fill.leg),
                unprotected,
            },
            (Refusal::DataGap, true) => EventKind::DataGap { from: now, until: now },
            _ => return,
        };
        self.tell(Some(seat), now, kind);
    }
}
