//! An account whose store does not answer at the start (FAULTS 55): nobody knows what is whose, so that nothing is opened
//! and nothing is moved. Stops at the venue stay; where none rests, one is placed. Once the store is back the account
//! starts as always, and the stops placed here are its traders'.

use super::build::{Kit, assemble};
use super::load::load;
use super::serve::Ask;
use super::{Exit, Listed, Message, StartError, Unprotected, not_ready};
use crate::desk::{AccountState, AccountStatus, Gate, LinkStatus, TraderState, TraderStatus};
use crate::exchange::{Exchange, Request, VenueOrder, VenueOrderKind, VenuePosition};
use crate::model::{
    Arithmetic, InstrumentId, OrderKind, OrderSpec, Percent, PositionSide, Price, Reducing, Span, Ticket,
    Timestamp, TriggerSource,
};
use crate::runtime::calls;
use crate::runtime::clock::duration;
use crate::runtime::driver::Reading;
use crate::runtime::mapping;
use crate::store::{Code, StoreError};
use crate::trader::IdSpace;
use std::sync::Arc;
use tokio::time::timeout;

/// How often the store is asked for.
const STORE_INTERVAL: Span = Span::seconds(2);
/// How often the account is looked at.
const LOOK_INTERVAL: Span = Span::seconds(10);

pub(super) struct Guard {
    kit: Kit,
    started: Timestamp,
    looked: Option<Timestamp>,
    /// Legs that have no stop, by the newest look.
    unprotected: Vec<Unprotected>,
}

impl Guard {
    pub(super) fn new(kit: Kit) -> Self {
        let started = kit.parts.clock.now();
        tracing::error!("the store does not answer: nothing is opened until it does");
        Self { kit, started, looked: None, unprotected: Vec::new() }
    }

    /// Until the store answers, then as any other account.
    pub(super) async fn run(mut self) -> Exit {
        let mut next_look = self.started;
        loop {
            let now = self.kit.parts.clock.now();
            if now >= next_look {
                next_look = now + LOOK_INTERVAL;
                self.look().await;
            }
            let Kit { parts, options, traders, .. } = &self.kit;
            let (store, clock, options) =
                (Arc::clone(&parts.store), Arc::clone(&parts.clock), options.clone());
            let (id, traders) = (parts.exchange.account().clone(), Arc::clone(traders));
            match load(&*store, &id, &options, &*clock, &traders).await {
                Ok(loaded) => {
                    tracing::info!("the store is back");
                    return match assemble(self.kit, loaded).await {
                        Ok((server, writer, seats)) => server.run(writer, seats).await,
                        Err(error) => Exit::Failed(error.to_string()),
                    };
                }
                Err(StartError::Store(StoreError::Unavailable { .. } | StoreError::Full { .. })) => {}
                Err(StartError::Store(error)) if error.lost_ownership() => return Exit::TakenOver,
                Err(error) => return Exit::Failed(error.to_string()),
            }
            if let Some(exit) = self.wait().await {
                return exit;
            }
        }
    }

    /// Answers whoever asks until the store may be asked again; an exit if it is to end.
    async fn wait(&mut self) -> Option<Exit> {
        let until = self.kit.parts.clock.now() + STORE_INTERVAL;
        let clock = Arc::clone(&self.kit.parts.clock);
        loop {
            tokio::select! {
                biased;
                _ = self.kit.stopping.changed() => {
                    self.look().await;
                    let left = std::mem::take(&mut self.unprotected);
                    return Some(if left.is_empty() { Exit::Clean } else { Exit::Unprotected(left) });
                }
                Some(message) = self.kit.messages.recv() => self.answer(message),
                () = clock.sleep_until(until) => return None,
            }
        }
    }

    fn answer(&self, message: Message) {
        let id = self.kit.parts.exchange.account();
        match message {
            Message::Errand { reply, .. } => {
                let _ = reply.send(Err(not_ready(id)));
            }
            Message::May { reply, .. } => {
                let _ = reply.send(Err(not_ready(id)));
            }
            Message::Record(_, reply) => {
                let _ = reply.send(false);
            }
            Message::Ask(Ask::Account(reply)) => {
                let _ = reply.send(self.status());
            }
            Message::Ask(Ask::Trader(seat, reply)) => {
                let _ = reply.send(self.kit.traders.get(seat.0).map(|listed| self.trader(listed)));
            }
            Message::Ask(Ask::Idle(reply)) => {
                let _ = reply.send(());
            }
            Message::NewNeeds(_) | Message::ReadNow => {}
        }
    }

    fn status(&self) -> AccountStatus {
        let exchange = &self.kit.parts.exchange;
        let venue = exchange.capabilities().venue.clone();
        let mut status =
            AccountStatus::stopped(exchange.account().clone(), venue, self.kit.options.environment);
        status.label.clone_from(&self.kit.options.label);
        status.state = AccountState::Starting;
        status.position_mode = Some(self.kit.config.position_mode);
        status.reconciled = self.looked;
        status.links = vec![LinkStatus { link: Code::of("store"), up: false, since: self.started }];
        status.gates = vec![self.gate()];
        status.traders = self.kit.traders.iter().map(|listed| listed.id.clone()).collect();
        status
    }

    fn gate(&self) -> Gate {
        let code = Code::of(crate::risk::Refusal::Journal.code());
        Gate { code, side: None, since: self.started, until: None }
    }

    fn trader(&self, listed: &Listed) -> TraderStatus {
        let (account, instrument) = (self.kit.parts.exchange.account().clone(), listed.instrument.id.clone());
        let mut status =
            TraderStatus::stopped(listed.id.clone(), account, instrument, listed.strategy.clone());
        (status.state, status.since) = (TraderState::Starting, self.started);
        status.gates = vec![self.gate()];
        status
    }

    /// Reads the account and places a stop for every position on a planned instrument that has none.
    async fn look(&mut self) {
        let exchange = Arc::clone(&self.kit.parts.exchange);
        let takes = duration(self.kit.options.call_takes) * 3;
        let read = timeout(takes, calls::read_account(&*exchange, self.started)).await;
        let reading = match read {
            Ok(Ok(reading)) => reading,
            Ok(Err(error)) => return tracing::warn!(%error, "the account could not be read"),
            Err(_) => return tracing::warn!("the account could not be read in time"),
        };
        self.looked = Some(self.kit.parts.clock.now());
        self.unprotected.clear();
        for held in &reading.positions {
            if held.position.quantity.is_positive() && !has_stop(&reading, held) {
                self.protect(held).await;
            }
        }
    }

    async fn protect(&mut self, held: &VenuePosition) {
        let position = &held.position;
        let (instrument, side) = (position.key.instrument.clone(), position.key.side);
        if let Some(order) = self.stop_for(held) {
            let (exchange, takes) = (Arc::clone(&self.kit.parts.exchange), self.kit.options.call_takes);
            let sent = timeout(duration(takes), exchange.call(Request::Place(order))).await;
            let outcome = sent.ok().map(mapping::outcome);
            match outcome.as_ref().map(mapping::failure) {
                Some(None) => {
                    return tracing::error!(%instrument, %side, "an emergency stop was placed");
                }
                Some(Some(class)) => {
                    tracing::error!(%instrument, %side, class = class.code(), "an emergency stop was refused");
                }
                None => tracing::error!(%instrument, %side, "an emergency stop was not answered"),
            }
        }
        self.unprotected.push(Unprotected { instrument, side, quantity: position.quantity });
    }

    /// An emergency stop for a position of a planned instrument.
    fn stop_for(&self, held: &VenuePosition) -> Option<Ticket> {
        let percent = self.kit.options.emergency_stop?;
        let position = &held.position;
        let plan = self.kit.traders.iter().find(|plan| plan.instrument.id == position.key.instrument)?;
        let side = position.key.side;
        let mut trigger = level(&plan.instrument, side, position.average, percent)?;
        if let Some(mark) = held.mark.filter(|mark| is_through(side, trigger, *mark)) {
            trigger = level(&plan.instrument, side, mark, percent)?;
        }
        let order = OrderSpec {
            client_id: IdSpace::new(&plan.id).emergency_stop(self.kit.parts.clock.now(), side),
            leg: side,
            side: side.closing(),
            reduce_only: true,
            quantity: position.quantity,
            kind: OrderKind::StopMarket { trigger, source: TriggerSource::Mark },
        };
        Reducing::new(plan.instrument.id.clone(), order).map(Ticket::Reducing)
    }
}

/// Whether any stop rests for a position, whoever placed it.
fn has_stop(reading: &Reading, held: &VenuePosition) -> bool {
    let (instrument, side): (&InstrumentId, PositionSide) =
        (&held.position.key.instrument, held.position.key.side);
    let stops = |order: &&VenueOrder| {
        order.instrument == *instrument
            && order.side == side.closing()
            && order.leg.is_none_or(|leg| leg == side)
            && order.status.is_live()
            && matches!(
                order.kind,
                VenueOrderKind::Known(OrderKind::StopMarket { .. }) | VenueOrderKind::Other(_)
            )
    };
    reading.orders.iter().any(|order| stops(&order))
}

fn level(
    instrument: &crate::model::Instrument,
    side: PositionSide,
    from: Price,
    percent: Percent,
) -> Option<Price> {
    let away = from.get().percent(percent.get()).ok()?.times(side.sign()).ok()?;
    let price = instrument.round_stop(side, from.get().minus(away).ok()?).ok()?;
    price.is_positive().then_some(price)
}

fn is_through(side: PositionSide, trigger: Price, mark: Price) -> bool {
    match side {
        PositionSide::Long => mark <= trigger,
        PositionSide::Short => mark >= trigger,
    }
}
