//! How things are, for the desk.

use super::seat::Seat;
use super::{Driver, SeatId, role_code};
use crate::desk::{
    AccountState, AccountStatus, EventKind, ForeignPosition, Gate, LegState, LegStatus, LevelStatus,
    LinkStatus, OrderLine, StopHolder, StopStatus, TraderState, TraderStatus,
};
use crate::model::{
    Amount, Arithmetic, InstrumentId, OrderKind, OrderStatus, PositionSide, Price, Timestamp,
    decimal_from_f64,
};
use crate::position::LevelState;
use crate::risk::Refusal;
use crate::runtime::options::Options;
use crate::store::Code;
use crate::strategy;
use crate::trader::Trader;
use rust_decimal::Decimal;

impl Driver {
    /// An event that is not about one trader.
    pub(crate) fn notice(&mut self, now: Timestamp, kind: EventKind) {
        self.tell(None, now, kind);
    }
    pub(crate) fn seats(&self) -> Vec<SeatId> {
        (0..self.seats.len()).map(SeatId).collect()
    }
    pub(crate) fn trader_of(&self, seat: SeatId) -> Option<&crate::model::TraderId> {
        self.seats.get(seat.0).map(|entry| entry.trader.id())
    }
    pub(crate) fn instrument_of(&self, seat: SeatId) -> Option<&InstrumentId> {
        self.seats.get(seat.0).map(|entry| &entry.trader.view().instrument.id)
    }
    /// How many reads have come back, those that began before now included.
    pub(crate) const fn reads_done(&self) -> u64 {
        self.reads.done
    }
    pub(crate) const fn is_reading(&self) -> bool {
        self.reads.running
    }

    /// Orders whose outcome nobody knows, or of which an answer is still to come.
    pub(crate) fn unsettled(&self) -> usize {
        let unknown = |seat: &Seat| seat.trader.orders().filter(|order| order.busy).count();
        self.cancels.len() + self.held.len() + self.seats.iter().map(unknown).sum::<usize>()
    }

    /// Whether the leg's stop rests at the venue, whole, by the venue's last word.
    pub(crate) fn is_protected(trader: &Trader, side: PositionSide) -> bool {
        let Some(stop) = trader.armed(side).stop else { return true };
        trader.orders().any(|order| {
            order.spec.leg == side
                && matches!(order.spec.kind, OrderKind::StopMarket { .. })
                && order.spec.kind.price() == Some(stop.price)
                && matches!(order.status, OrderStatus::Open | OrderStatus::PartiallyFilled)
                && !order.busy
                && order
                    .spec
                    .quantity
                    .minus(order.filled)
                    .is_ok_and(|left| left >= trader.book(side).quantity())
        })
    }

    pub(crate) fn status(&self, options: &Options, now: Timestamp) -> AccountStatus {
        let mut status = AccountStatus::stopped(self.id.clone(), self.can.venue.clone(), options.environment);
        status.label.clone_from(&options.label);
        status.state = match (self.locked, self.reads.last) {
            (Some(_), _) => AccountState::Locked,
            (None, None) => AccountState::Starting,
            (None, Some(_)) => AccountState::Running,
        };
        status.position_mode = self.mode;
        status.epoch = self.epoch;
        status.balances.clone_from(&self.balances);
        status.quote.clone_from(&options.quote);
        if let Ok(view) = self.account.view(now) {
            status.equity = view.equity;
            status.available = view.available;
            status.unrealised = view.equity.minus(self.account.balance()).unwrap_or(Amount::ZERO);
            status.day_pnl = view.day_pnl;
            status.equity_peak = view.equity_peak;
            let exposure = view.exposures.iter().try_fold(Decimal::ZERO, |sum, exposure| {
                sum.plus(exposure.cost.get())?.plus(exposure.in_flight.get())
            });
            status.exposure = exposure.map(Amount::new).unwrap_or(Amount::ZERO);
        }
        if let Some(held) = self.balances.iter().find(|balance| balance.asset == options.quote) {
            status.drift = held.total.minus(self.account.balance()).unwrap_or(Amount::ZERO);
        }
        let link = |link, up, since| LinkStatus { link: Code::of(link), up, since };
        status.links = vec![
            link("account", self.link_down.is_none(), self.link_down.unwrap_or(self.started)),
            link("store", !self.journal_down, self.started),
        ];
        status.foreign = self
            .foreign
            .values()
            .map(|held| ForeignPosition {
                key: held.key.clone(),
                quantity: held.quantity,
                average: held.average,
                orders: Self::foreign_lines(
                    self.strangers.iter().filter(|order| order.instrument == held.key.instrument),
                ),
                ignored: false,
            })
            .collect();
        status.reconciled = self.reads.last;
        status.traders = self.seats.iter().map(|seat| seat.trader.id().clone()).collect();
        status
    }

    pub(crate) fn trader_status(&self, seat: SeatId, now: Timestamp) -> Option<TraderStatus> {
        let seat = self.seats.get(seat.0)?;
        let view = seat.trader.view();
        let mut status = TraderStatus::stopped(
            seat.trader.id().clone(),
            self.id.clone(),
            view.instrument.id.clone(),
            seat.strategy_id.clone(),
        );
        let reconciled = !seat.trader.gates().any(|gate| gate == Refusal::NotReconciled);
        status.state = if seat.failed.is_some() {
            TraderState::Failed
        } else if !seat.running {
            if seat.trader.is_idle() { TraderState::Stopped } else { TraderState::ManageOnly }
        } else if !seat.warm || !reconciled {
            TraderState::Starting
        } else {
            TraderState::Running
        };
        status.since = seat.started;
        status.gates = seat
            .trader
            .gates()
            .map(|gate| Gate {
                code: Code::of(gate.code()),
                side: None,
                since: seat.gates.get(&gate).copied().unwrap_or(seat.started),
                until: seat.trader.margin_blocked_until().filter(|_| gate == Refusal::MarginBlocked),
            })
            .collect();
        for side in PositionSide::BOTH {
            if let Some(leg) = self.leg(seat, side, now) {
                status.legs.push(leg);
            }
        }
        status.orders = seat
            .trader
            .orders()
            .map(|order| OrderLine {
                client_id: Some(order.spec.client_id),
                venue_id: self
                    .names
                    .iter()
                    .find(|(_, id)| **id == order.spec.client_id)
                    .map(|(id, _)| id.to_string()),
                leg: Some(order.spec.leg),
                side: order.spec.side,
                reduce_only: order.spec.reduce_only,
                kind: Some(order.spec.kind),
                quantity: Some(order.spec.quantity),
                filled: order.filled,
                status: order.status,
                role: role_code(&order.spec.client_id),
                since: self.sent.get(&order.spec.client_id).map_or(seat.started, |sent| sent.submitted),
            })
            .collect();
        status.orders.extend(Self::foreign_lines(&seat.foreign));
        status.dry_run = self.dry_run;
        status.engine_stops = !seat.trader.policy().venue.rests_stops();
        let wanted = seat.needs.series.first().map_or(0, |need| need.depth);
        let have = seat.shelf.as_ref().map_or(0, |shelf| shelf.base().len());
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        status.warm_up = (count(have.min(wanted)), count(wanted));
        (status.settings_version, status.opened_with) = (seat.settings_version, seat.opened_with);
        status.last_decision.clone_from(&seat.last_decision);
        status.price = seat.price.and_then(|(price, at)| Some((Price::new(decimal_from_f64(price)?), at)));
        Some(status)
    }

    fn leg(&self, seat: &Seat, side: PositionSide, now: Timestamp) -> Option<LegStatus> {
        let (view, book) = (seat.trader.view().leg(side), seat.trader.book(side));
        if book.is_flat() && view.state == strategy::LegState::Flat {
            return None;
        }
        let mut leg = LegStatus::flat(side);
        leg.state = match view.state {
            strategy::LegState::Flat => LegState::Flat,
            strategy::LegState::Entering => LegState::Entering,
            strategy::LegState::Open => LegState::Open,
            strategy::LegState::Closing => LegState::Closing,
        };
        leg.hedge = view.hedge;
        leg.entries = view.entries;
        leg.quantity = book.quantity();
        leg.average = book.average();
        leg.leverage = seat.trader.policy().leverage;
        leg.mark = seat.price.and_then(|(price, _)| decimal_from_f64(price)).map(Price::new);
        if let Some(mark) = leg.mark {
            leg.unrealised = book.unrealised(side, mark).unwrap_or(Amount::ZERO);
        }
        let margin = book.cost().get().over(Decimal::from(leg.leverage.max(1)));
        leg.margin = margin.map(Amount::new).unwrap_or(Amount::ZERO);
        let protected = Self::is_protected(&seat.trader, side);
        leg.stop = seat.trader.armed(side).stop.map(|stop| StopStatus {
            stop,
            holder: if protected { StopHolder::Venue } else { StopHolder::Engine },
            quantity: book.quantity(),
        });
        leg.unprotected_total = seat.trader.unprotected(side);
        for (index, state) in view.levels.iter().enumerate() {
            let name = format!("tp{}", index + 1);
            let mut own = seat.trader.orders().filter(|order| order.spec.leg == side);
            let Some(order) = own.find(|order| role_code(&order.spec.client_id).as_str() == name) else {
                continue;
            };
            leg.levels.push(LevelStatus {
                level: u8::try_from(index + 1).unwrap_or(u8::MAX),
                price: order.spec.kind.price().unwrap_or_default(),
                quantity: order.spec.quantity,
                filled: order.filled,
                resting: *state == LevelState::Resting,
            });
        }
        if let Some(since) = seat.trader.unprotected_since(side) {
            leg.unprotected = now - since;
        }
        let trail = seat.trader.armed(side).trail_extreme.and_then(decimal_from_f64);
        leg.trailing_from = trail.map(Price::new);
        Some(leg)
    }
}
