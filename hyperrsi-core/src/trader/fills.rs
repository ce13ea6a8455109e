//! Fills: booked once, then their consequences (TRADING 5.2, 13.5, 13.7).

use super::action::Action;
use super::{Evaluation, Event, Output, Record, Role, Trader, lots};
use crate::model::{
    Amount, Fill, FillKind, OrderKind, OrderStatus, Overflow, PositionSide, Price, Quantity, Timestamp,
};
use crate::position::{EpochStart, ExitPlan, ExitReason, Exits, ProtectionPoint, StopKind};
use crate::risk::Refusal;
use crate::strategy::LegState;
use std::sync::Arc;

/// What a fill was for.
#[derive(Clone, Copy, Debug)]
struct Booked {
    role: Role,
    complete: bool,
    average: Option<Price>,
    epoch: u32,
    reason: Option<ExitReason>,
    /// Trigger or limit of the order.
    price: Option<Price>,
    limit: bool,
    /// The first fill of its order.
    first: bool,
    /// Of a resting entry: the exit of its lot, if it has one.
    lot: Option<Price>,
    /// The leg it was for is over.
    late: bool,
}

impl Trader {
    pub(super) fn on_fill(&mut self, fill: &Fill) -> Result<(), Overflow> {
        if let Some(id) = fill.client_id
            && self.orders.for_fill(&id).is_none()
            && self.may_inherit_order(&id)
        {
            self.read_account(); // of an order nothing was written about: the read says what it was
            return Ok(());
        }
        if !Arc::make_mut(&mut self.applied).insert(&fill.trade_id, fill.time) {
            return Ok(());
        }
        let leg = self.leg_mut(fill.leg);
        leg.last_fill = leg.last_fill.max(fill.time);
        leg.unexplained = None;
        self.take_back(fill)?;
        self.spool(|| Record::Fill(Box::new(fill.clone())));
        let booked = fill.client_id.and_then(|id| self.book_order_fill(&id, fill).transpose()).transpose()?;
        if fill.opens() { self.on_entry_fill(fill, booked) } else { self.on_exit_fill(fill, booked) }?;
        let request = self.request();
        let evaluation = Evaluation { request, candle: fill.time, close: self.now };
        self.fill_evaluations.push(evaluation);
        self.outputs.push_back(Output::EvaluateFill { request, fill: Box::new(fill.clone()) });
        Ok(())
    }

    /// Books a fill with its order; what the order was for and whether it is complete now.
    fn book_order_fill(
        &mut self,
        id: &crate::model::ClientOrderId,
        fill: &Fill,
    ) -> Result<Option<Booked>, Overflow> {
        let Some(order) = self.orders.for_fill(id) else { return Ok(None) };
        let first = order.filled.is_zero();
        order.book(fill.price, fill.quantity)?;
        let complete = order.is_complete();
        let next = if complete { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        if let Ok(status) = order.status.transition(next) {
            order.status = status;
        }
        let ended = !order.status.is_live() && !complete;
        let released = ended && !order.spec.reduce_only && !order.awaits_fills();
        let booked = Booked {
            role: order.role,
            complete,
            average: order.average(),
            epoch: order.epoch,
            reason: order.reason,
            price: order.spec.kind.price(),
            limit: matches!(order.spec.kind, OrderKind::Limit { .. }),
            first,
            lot: order.resting.as_ref().and_then(|(_, lot)| *lot),
            late: order.late,
        };
        if released {
            self.outputs.push_back(Output::Release(*id));
        }
        Ok(Some(booked))
    }

    fn on_entry_fill(&mut self, fill: &Fill, booked: Option<Booked>) -> Result<(), Overflow> {
        let side = fill.leg;
        let leverage = self.policy.leverage;
        let ours = booked.is_some_and(|b| matches!(b.role, Role::Entry(_) | Role::Resting(_)));
        let key = match booked.map(|b| b.role) {
            Some(Role::Resting(key)) => Some(key),
            _ => None,
        };
        if key.is_some() && booked.is_some_and(|b| !b.late) {
            self.take_plan_of(fill);
        }
        if let Some(key) = key {
            self.refuse_resting(side, key); // done: once its lot is gone the strategy asks for it anew
        }
        let leg = self.leg_mut(side);
        if !ours && leg.book.is_flat() {
            // Somebody else opened it: not ours to trade until claimed.
            leg.foreign = true;
            leg.book.enter(fill.price, fill.quantity)?;
            self.emit(Event::Foreign { side });
            self.sync(side);
            return Ok(());
        }
        let late = ours && leg.book.is_flat() && leg.plan.is_none();
        let lot = key.and_then(|key| Some((key, booked?.lot?)));
        leg.enter(fill, leverage, lot)?;
        leg.epoch += 1;
        let entry_is_new = booked.is_some_and(|b| b.first) && ours;
        leg.entries += u32::from(entry_is_new);
        let (closing, entries, hedge) = (leg.closing, leg.entries, leg.hedge);
        if entry_is_new {
            if let Some(planned) = leg.planned.take() {
                leg.plan = Some(planned); // what an operator set was for the entries before
            }
            if let Some((exits, entry_plan)) = leg.replan.take() {
                (leg.plan, leg.entry_plan) = (Some(exits), entry_plan);
            }
        }
        self.view.leg_mut(side).last_entry = booked.and_then(|b| b.average).or(Some(fill.price));
        if let Some(booked) = booked.filter(|b| b.limit) {
            self.limit_entry_filled(fill, booked.complete);
        }
        if late {
            return self.close(side, rust_decimal::Decimal::ONE, ExitReason::LateFill);
        }
        self.gates.entry_succeeded(side);
        if closing.is_some() {
            return self.reconcile(side);
        }
        let epoch = self.leg(side).epoch;
        if let Some(order) = fill.client_id.and_then(|id| self.orders.get_mut(&id)) {
            order.epoch = epoch;
        }
        let leg = self.leg_mut(side);
        leg.state = LegState::Open;
        leg.hedge_due = !hedge;
        self.start_epoch(side, fill.price)?;
        self.plan_next_entry(side)?;
        let leg = self.leg(side);
        let (average, quantity) = (leg.book.average().unwrap_or(fill.price), leg.book.quantity());
        self.emit(Event::Entered { side, entries, average, quantity });
        if hedge {
            self.hedge_filled(side, entry_is_new)?;
            self.price_hedge(side.opposite())?;
        }
        self.reconcile(side)
    }

    /// A resting entry brings the plan of the leg it opens or adds to.
    fn take_plan_of(&mut self, fill: &Fill) {
        let order = fill.client_id.and_then(|id| self.orders.for_fill(&id));
        if let Some((exits, _)) = order.and_then(|order| order.resting.clone()) {
            self.leg_mut(fill.leg).plan = Some(exits);
        }
    }

    /// Builds ladder and stop anew from the leg's average and the newest ATR.
    pub(super) fn start_epoch(&mut self, side: PositionSide, fallback: Price) -> Result<(), Overflow> {
        let Some(plan) = self.leg(side).plan.clone() else { return Ok(()) };
        let start = self.epoch_start(side, &plan, fallback);
        let exits = Exits::build(Arc::clone(&plan), &self.view.instrument, side, start)?;
        let unplaceable = exits.stop_unplaceable();
        let leg = self.leg_mut(side);
        leg.exits = Some(exits);
        leg.last_stop = None;
        leg.note_planned_risk()?;
        if unplaceable {
            self.emit(Event::Refused {
                side,
                refused: crate::risk::Refused::new(
                    Refusal::LevelNotPositive,
                    "the stop would lie at or below zero, so the leg has none; lower sl_value",
                ),
            });
        }
        Ok(())
    }

    /// What exits of a leg are built from now.
    pub(super) fn epoch_start(&self, side: PositionSide, plan: &ExitPlan, fallback: Price) -> EpochStart {
        let leg = self.leg(side);
        // A fill from before a restart had its ladder then: levels that have filled since are where they were.
        let seen = self.price(plan.trigger).filter(|_| !self.is_unread());
        let reference = seen.and_then(crate::model::decimal_from_f64);
        EpochStart {
            entries: leg.entries,
            quantity: leg.book.quantity(),
            average: leg.book.average().unwrap_or(fallback),
            reference: reference.map_or(fallback, Price::new),
            atr: self.atr.and_then(crate::model::decimal_from_f64),
        }
    }

    fn on_exit_fill(&mut self, fill: &Fill, booked: Option<Booked>) -> Result<(), Overflow> {
        let side = fill.leg;
        if self.leg(side).book.is_flat() {
            self.read_account(); // what it closed is not known here: the position tells
            return Ok(());
        }
        let reason = self.classify(fill, booked);
        let now = self.now;
        let leg = self.leg_mut(side);
        let lot = match booked.map(|b| b.role) {
            Some(Role::LotExit(key)) => Some(key),
            _ => None,
        };
        let gross = leg.exit(fill, reason, lot)?;
        let (left, epoch, closing) = (leg.book.quantity(), leg.epoch, leg.closing.is_some());
        let (quantity, price) = (fill.quantity, fill.price);
        self.emit(Event::Exited { side, reason, quantity, price, gross, left });
        let leg = self.leg_mut(side);
        match booked {
            Some(Booked { role: Role::TakeProfit(level, _), complete, average, epoch: own, .. })
                if own == epoch =>
            {
                if complete {
                    let price = average.unwrap_or(fill.price);
                    self.level_reached(side, level, price)?;
                } else if let Some(exits) = &mut leg.exits {
                    exits.on_level_partly_filled(level, fill.quantity)?;
                }
            }
            _ if left.is_zero() || closing => {}
            // The leg is smaller than its ladder: what an older epoch, a partial close, a stop or a hand took (7.9, 13.4).
            other => {
                if other.is_some_and(|b| matches!(b.role, Role::Stop(_))) {
                    leg.triggered = true;
                    leg.breached.get_or_insert(now);
                }
                self.divide_anew(side)?;
            }
        }
        if left.is_zero() {
            return self.leg_flat(side, fill.time, reason);
        }
        self.finish_lots(side, fill.time, false)?;
        // An order that filled before it could be made smaller took from the other levels (V3).
        let placed = match &self.leg(side).exits {
            Some(exits) => exits.ladder.placed()?,
            None => Quantity::ZERO,
        };
        if placed > left && !closing {
            self.divide_anew(side)?;
        }
        self.sweep_dust(side, reason)?;
        self.reconcile(side)
    }

    /// TRADING 13.5: the venue's word first, then what the order was for.
    fn classify(&self, fill: &Fill, booked: Option<Booked>) -> ExitReason {
        let own = booked.and_then(|b| b.reason);
        match (fill.kind, booked.map(|b| b.role)) {
            (FillKind::Liquidation, _) => ExitReason::Liquidation,
            (FillKind::Adl, _) => ExitReason::Adl,
            (FillKind::Trade, Some(Role::TakeProfit(..))) if self.leg(fill.leg).hedge => {
                ExitReason::HedgeTakeProfit
            }
            (FillKind::Trade, Some(Role::TakeProfit(level, _))) => ExitReason::take_profit(level),
            (FillKind::Trade, Some(Role::Stop(_))) if self.leg(fill.leg).hedge => ExitReason::HedgeStopLoss,
            (FillKind::Trade, Some(Role::Stop(_))) => {
                // At the price of the effective stop the kind that ranks highest names it (6.5).
                let stop = self.leg(fill.leg).stop();
                let same = stop.filter(|stop| booked.and_then(|b| b.price) == Some(stop.price));
                same.map(|stop| stop.kind.reason()).or(own).unwrap_or(ExitReason::StopLoss)
            }
            (FillKind::Trade, Some(Role::Close(_))) => {
                own.or(self.leg(fill.leg).closing).unwrap_or(ExitReason::UserCommand)
            }
            (FillKind::Trade, Some(Role::LotExit(_))) => ExitReason::GridExit,
            (FillKind::Trade, _) => ExitReason::Manual,
        }
    }

    /// Divides what is open among the levels that have not filled; prices and stops stay (TRADING 13.4).
    pub(super) fn divide_anew(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let trigger = self.leg(side).plan.as_ref().map(|plan| plan.trigger).unwrap_or_default();
        let reference = self.price(trigger).and_then(crate::model::decimal_from_f64).map(Price::new);
        let leg = match side {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        };
        let quantity = leg.book.quantity();
        match &mut leg.exits {
            Some(exits) => {
                let reference = reference.unwrap_or(exits.average());
                exits.on_size_adopted(&self.view.instrument, quantity, reference)
            }
            None => Ok(()),
        }
    }

    /// A level filled whole or was touched: break-even and trailing.
    pub(super) fn level_reached(
        &mut self,
        side: PositionSide,
        level: u8,
        price: Price,
    ) -> Result<(), Overflow> {
        let atr = self.atr.and_then(crate::model::decimal_from_f64);
        let leg = match side {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        };
        let left = leg.book.quantity();
        if let Some(exits) = &mut leg.exits {
            let was_trailing = exits.trail().is_some();
            exits.on_level_filled(&self.view.instrument, level, price, left, atr)?;
            if !was_trailing && exits.trail().is_some() {
                leg.amended_price = None;
            }
        }
        self.emit(Event::LevelReached { side, level });
        self.main_level_reached(side, level)
    }

    /// The full exit of a leg: siblings are withdrawn, the trade is told, the cooldown starts.
    pub(super) fn leg_flat(
        &mut self,
        side: PositionSide,
        time: Timestamp,
        reason: ExitReason,
    ) -> Result<(), Overflow> {
        // Where the last lot of a grid went, its other entries go on.
        let goes_on = reason == ExitReason::GridExit && self.leg(side).closing.is_none();
        let siblings: Vec<_> = self
            .orders
            .of(side)
            .filter(|order| !goes_on || !matches!(order.role, Role::Resting(_)))
            .map(|order| order.spec.client_id)
            .collect();
        for id in siblings {
            self.cancel(id);
        }
        if !goes_on {
            self.wipe_rest(side);
            self.drop_entries(side, Refusal::LegClosed);
        }
        self.finish_lots(side, time, true)?;
        self.settle_unprotected(side);
        let leg = self.leg_mut(side);
        let reason = leg.closing.filter(|_| reason == ExitReason::Manual).unwrap_or(reason);
        let hedge = leg.hedge;
        let hedge_plan = leg.entry_plan.as_ref().and_then(|plan| plan.hedge);
        let trade = leg.finish(time, reason)?;
        if let Some(trade) = trade {
            self.tell_trade(trade);
        }
        if !hedge {
            let view = self.view.leg_mut(side);
            (view.last_exit, view.last_reason) = (Some(time), Some(reason));
        }
        self.orders.sweep();
        self.reconcile_rest(side);
        self.sync(side);
        if hedge { self.hedge_flat(side, reason) } else { self.main_flat(side, hedge_plan, reason) }
    }

    pub(super) fn on_funding(&mut self, side: PositionSide, amount: Amount) -> Result<(), Overflow> {
        let leg = self.leg_mut(side);
        match &mut leg.trade {
            Some(trade) => trade.add_funding(amount),
            None => lots::fund(&mut leg.lots, amount),
        }
    }

    /// Tells about a stop that moved and keeps it for charts.
    pub(super) fn note_protection(&mut self, side: PositionSide) {
        if self.trace_protection {
            self.trace(side);
        }
        let leg = self.leg_mut(side);
        let stop = leg.stop();
        if stop != leg.last_stop {
            leg.last_stop = stop;
            if stop.is_none_or(|stop| stop.kind != StopKind::Trailing) {
                self.emit(Event::StopMoved { side, stop });
            }
            match stop.map(|stop| stop.kind) {
                Some(StopKind::BreakEven) => self.acted(Some(side), Action::StopMoved(ExitReason::BreakEven)),
                Some(StopKind::Command) => self.acted(Some(side), Action::Commanded),
                _ => {}
            }
        }
    }

    /// Keeps stop and open levels of a trade whenever one of them changed.
    fn trace(&mut self, side: PositionSide) {
        use crate::position::LevelState::{Resting, Touch};
        let now = self.now;
        let leg = self.leg_mut(side);
        let levels = leg.exits.iter().flat_map(|exits| &exits.ladder.levels);
        let point = ProtectionPoint {
            time: now,
            stop: leg.stop().map(|stop| (stop.price, stop.kind)),
            take_profits: levels
                .filter(|level| matches!(level.state, Resting | Touch))
                .map(|level| level.price)
                .collect(),
        };
        if let Some(trade) = &mut leg.trade {
            trade.protect(point);
        }
    }
}
