//! Exchanges that break the contract, each in one way.

use crate::paper::btc;
use async_trait::async_trait;
use futures_util::StreamExt as _;
use hyperrsi_core::exchange::{
    Accepted, AccountEvent, AccountStream, Answer, Capabilities, ErrorClass, Exchange, ExchangeError, Lookup,
    OrderClass, OrderOutcome, Origin, Refused, Request,
};
use hyperrsi_core::model::{
    AccountId, OrderKind, OrderStatus, PositionMode, Price, Quantity, Reducing, StepRounding, Ticket,
    TimeInForce,
};
use hyperrsi_core::runtime::paper::Paper;
use hyperrsi_core::sim::account::NewOrder;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    RoundsQuantities,
    RoundsPrices,
    ShowsContracts,
    TakesIdsTwice,
    BelievesAbsenceAtOnce,
    CannotFindConditionals,
    TakesLostForRefused,
    AddsWhatShouldReduce,
    LetsPostOnlyTake,
    LeavesImmediateOrders,
    CancelsNothing,
    AmendsNothing,
    EchoesLeverage,
    RemembersTheMode,
    TurnsFillsRound,
    EndsPagesEarly,
    ClaimsForeignOrders,
    ForgetsFees,
    TellsNoFills,
    TellsOneStreamOnly,
    BeginsSilent,
    NamesNoClass,
}

/// The faults and the checks that have to see them, others beside.
pub(crate) const FAULTS: &[(Fault, &[&str])] = &[
    (Fault::RoundsQuantities, &["a_quantity_between_lots_is_refused"]),
    (Fault::RoundsPrices, &["a_price_between_ticks_is_refused"]),
    (Fault::ShowsContracts, &["base_units_go_in_and_come_out", "a_stop_rests_as_it_was_sent"]),
    (Fault::TakesIdsTwice, &["a_used_id_makes_no_second_order"]),
    (Fault::BelievesAbsenceAtOnce, &["an_unused_id_is_absent_after_the_grace"]),
    (Fault::CannotFindConditionals, &["an_order_is_found_by_its_id_in_every_state"]),
    (
        Fault::TakesLostForRefused,
        &[
            "a_lost_answer_is_unknown_and_the_order_is_found",
            "a_lost_request_is_unknown_and_nothing_is_there",
            "an_error_page_is_unknown",
            "a_lost_answer_to_a_cancel_is_unknown",
        ],
    ),
    (
        Fault::AddsWhatShouldReduce,
        &[
            "reducing_never_turns_a_leg",
            "with_nothing_open_nothing_is_reduced",
            "a_stop_without_a_leg_never_opens",
        ],
    ),
    (Fault::LetsPostOnlyTake, &["a_post_only_order_never_takes"]),
    (Fault::LeavesImmediateOrders, &["immediate_orders_never_rest"]),
    (Fault::CancelsNothing, &["a_resting_order_waits_and_is_cancelled", "two_stops_rest_side_by_side"]),
    (Fault::AmendsNothing, &["an_amended_order_is_what_it_became", "a_stop_can_be_moved"]),
    (Fault::EchoesLeverage, &["leverage_is_read_back"]),
    (Fault::RemembersTheMode, &["a_mode_flipped_by_hand_is_refused_until_read"]),
    (Fault::TurnsFillsRound, &["fills_come_oldest_first_in_pages"]),
    (Fault::EndsPagesEarly, &["fills_come_oldest_first_in_pages"]),
    (Fault::ClaimsForeignOrders, &["an_order_of_somebody_else_is_foreign"]),
    (Fault::ForgetsFees, &["the_balance_moves_by_profit_and_fees"]),
    (Fault::TellsNoFills, &["orders_fills_positions_and_balances_are_told"]),
    (Fault::TellsOneStreamOnly, &["a_second_stream_tells_the_same"]),
    (Fault::BeginsSilent, &["a_stream_begins_with_where_it_stands"]),
    (Fault::NamesNoClass, &["an_unknown_instrument_is_named", "too_little_margin_is_named"]),
];

pub(crate) struct Broken {
    inner: Arc<dyn Exchange>,
    paper: Arc<Paper>,
    fault: Fault,
    mode: PositionMode,
    streams: AtomicU32,
}

impl Broken {
    pub(crate) fn new(inner: Arc<dyn Exchange>, paper: Arc<Paper>, fault: Fault) -> Self {
        let mode = paper.look(|account| account.position_mode());
        Self { inner, paper, fault, mode, streams: AtomicU32::new(0) }
    }

    /// What is sent in the place of what was asked.
    fn bent(&self, request: Request) -> Request {
        let Request::Place(ticket) = request else { return request };
        let mut order = *ticket.order();
        match (self.fault, &mut order.kind) {
            (Fault::RoundsQuantities, _) => {
                order.quantity = btc().floor_quantity(order.quantity.get()).unwrap()
            }
            (Fault::RoundsPrices, OrderKind::Limit { price, .. }) => {
                *price = btc().round_price(price.get(), StepRounding::Nearest).unwrap();
            }
            _ => return Request::Place(ticket),
        }
        match Reducing::new(ticket.instrument().clone(), order) {
            Some(reducing) => Request::Place(Ticket::Reducing(reducing)),
            None => Request::Place(ticket),
        }
    }

    /// Places an order with one word of it changed, past the contract.
    fn place(&self, ticket: &Ticket, change: impl FnOnce(&mut NewOrder)) -> Answer {
        let order = *ticket.order();
        let placed = self.paper.change(|account, now| {
            let hedge = account.position_mode() == PositionMode::Hedge;
            let mut sent = NewOrder {
                client_id: Some(order.client_id.to_string()),
                leg: hedge.then_some(order.leg),
                reduce_only: order.reduce_only,
                ..NewOrder::new(ticket.instrument().clone(), order.side, order.quantity, order.kind.into())
            };
            change(&mut sent);
            account.place(now, sent).map(|number| (now, number))
        });
        Answer::Order(match placed {
            Ok((time, _)) => OrderOutcome::Done(Accepted {
                client_id: Some(order.client_id),
                venue_id: None,
                status: OrderStatus::Open,
                time,
            }),
            Err(no) => OrderOutcome::Refused(no.refused()),
        })
    }

    fn instead(&self, request: &Request) -> Option<Answer> {
        let done = |id| {
            let time =
                self.paper.look(|account| account.orders().next().map(|one| one.created)).unwrap_or_default();
            let status = OrderStatus::Open;
            Answer::Order(OrderOutcome::Done(Accepted { client_id: id, venue_id: None, status, time }))
        };
        let Request::Place(ticket) = request else {
            return match (self.fault, request) {
                (Fault::CancelsNothing, Request::Cancel(_)) => Some(done(None)),
                (Fault::AmendsNothing, Request::Amend(to)) => Some(done(Some(to.client_id()))),
                _ => None,
            };
        };
        let order = ticket.order();
        let force = match order.kind {
            OrderKind::Limit { price, time_in_force } => Some((price, time_in_force)),
            _ => None,
        };
        let resting =
            |price: Price| OrderKind::Limit { price, time_in_force: TimeInForce::GoodTillCancelled };
        match (self.fault, force) {
            (Fault::AddsWhatShouldReduce, _) if order.reduce_only => Some(self.place(ticket, |sent| {
                sent.reduce_only = false;
                // In hedge mode the sides alone say what reduces: the leg is turned as well.
                sent.leg = sent.leg.map(|leg| leg.opposite());
            })),
            (Fault::LetsPostOnlyTake, Some((price, TimeInForce::PostOnly)))
            | (Fault::LeavesImmediateOrders, Some((price, TimeInForce::ImmediateOrCancel))) => {
                Some(self.place(ticket, |sent| sent.terms = resting(price).into()))
            }
            _ => None,
        }
    }

    fn spoilt(&self, mut answer: Answer) -> Answer {
        match (self.fault, &mut answer) {
            (Fault::ShowsContracts, Answer::OpenOrders(orders)) => {
                for order in orders {
                    order.quantity = order.quantity.map(|q| Quantity::new(q.get() / btc().contract_size));
                }
            }
            (Fault::TakesIdsTwice, Answer::Order(outcome @ OrderOutcome::Unknown { .. })) => {
                let class = ErrorClass::DuplicateClientId;
                if matches!(outcome, OrderOutcome::Unknown { class: of, .. } if *of == class) {
                    *outcome = OrderOutcome::Refused(Refused::new(class, None, "used before"));
                }
            }
            (Fault::BelievesAbsenceAtOnce, Answer::Lookup(lookup @ Lookup::Unknown { .. })) => {
                *lookup = Lookup::Absent;
            }
            (Fault::CannotFindConditionals, Answer::Lookup(lookup)) => {
                if matches!(lookup, Lookup::Found(found) if found.class == OrderClass::Conditional) {
                    *lookup = Lookup::Absent;
                }
            }
            (Fault::RemembersTheMode, Answer::AccountConfig(config)) => config.position_mode = self.mode,
            (Fault::TurnsFillsRound, Answer::Fills(page)) => page.items.reverse(),
            (Fault::EndsPagesEarly, Answer::Fills(page)) => page.more = false,
            (Fault::ForgetsFees, Answer::Fills(page)) => {
                page.items.iter_mut().for_each(|one| one.fee_paid = Default::default());
            }
            (Fault::ClaimsForeignOrders, Answer::OpenOrders(orders)) => {
                for order in orders.iter_mut().filter(|one| one.client_id().is_none()) {
                    order.origin = Origin::Own("hrclaimed".parse().unwrap());
                }
            }
            (Fault::NamesNoClass, Answer::Order(OrderOutcome::Refused(no))) => no.class = ErrorClass::Other,
            _ => {}
        }
        answer
    }
}

#[async_trait]
impl Exchange for Broken {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        if let Some(answer) = self.instead(&request) {
            return Ok(answer);
        }
        if let (Fault::EchoesLeverage, Request::SetLeverage { instrument, margin_mode, leverage }) =
            (self.fault, &request)
        {
            let (instrument, margin_mode) = (instrument.clone(), *margin_mode);
            let (long, short) = (*leverage, *leverage);
            let echo = hyperrsi_core::exchange::LeverageSetting { instrument, margin_mode, long, short };
            return Ok(Answer::Leverage(echo));
        }
        match self.inner.call(self.bent(request)).await {
            Err(error) if self.fault == Fault::TakesLostForRefused && !error.outcome_known() => {
                Ok(Answer::Order(OrderOutcome::Refused(Refused::new(error.class(), None, error.to_string()))))
            }
            answer => answer.map(|answer| self.spoilt(answer)),
        }
    }
    fn events(&self) -> AccountStream {
        let first = self.streams.fetch_add(1, Ordering::Relaxed) == 0;
        let fault = self.fault;
        let stream = self.inner.events().filter(move |event| {
            let told = match fault {
                Fault::TellsNoFills => !matches!(event, AccountEvent::Fill(_)),
                Fault::TellsOneStreamOnly => first || matches!(event, AccountEvent::Up),
                Fault::BeginsSilent => !matches!(event, AccountEvent::Up),
                _ => true,
            };
            std::future::ready(told)
        });
        Box::pin(stream)
    }
}
