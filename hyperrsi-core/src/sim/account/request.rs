use super::{Account, Attachment, Callback, NewOrder, Order, Rejection, Terms, Trailing, Trigger};
use crate::exchange::{
    self, Accepted, AccountConfig, Answer, Capabilities, ErrorClass, ExchangeError, Feature, FeeRates,
    Lookup, OrderName, OrderOutcome, OrderRef, Page, Permissions, Request,
};
use crate::model::{
    InstrumentId, InstrumentKind, OrderSpec, Overflow, PositionMode, Price, Quantity, Reducing, Ticket,
    Timestamp, TriggerSource,
};

/// What an amendment changes; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The limit price.
    pub price: Option<Price>,
    /// The trigger of the stop.
    pub stop: Option<Price>,
    /// The trigger of the take profit.
    pub take_profit: Option<Price>,
    /// The whole quantity, what has filled included, base units.
    pub quantity: Option<Quantity>,
}

impl Change {
    /// The terms as they become; `None` if they have no such part.
    pub(super) fn applied(self, terms: Terms) -> Option<Terms> {
        let moved = |trigger: Option<Trigger>, to: Option<Price>| match (trigger, to) {
            (trigger, None) => Some(trigger),
            (Some(trigger), Some(price)) => Some(Some(Trigger { price, ..trigger })),
            (None, Some(_)) => None,
        };
        match terms {
            Terms::Limit { price, time_in_force } if (self.stop, self.take_profit) == (None, None) => {
                Some(Terms::Limit { price: self.price.unwrap_or(price), time_in_force })
            }
            Terms::Trigger { stop, take_profit } if self.price.is_none() => Some(Terms::Trigger {
                stop: moved(stop, self.stop)?,
                take_profit: moved(take_profit, self.take_profit)?,
            }),
            _ => None,
        }
    }
}

/// The exchange contract.
impl Account {
    /// What it can do natively: everything there is a name for.
    pub fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::new(self.setup.venue.clone())
            .with(Feature::ALL.iter().copied())
            .with_not_found_grace(self.setup.not_found_grace);
        (can.place_batch, can.cancel_batch) = (20, 20);
        can
    }

    /// Carries out one request at venue time `now`, as an [`Exchange`](crate::exchange::Exchange) would.
    ///
    /// In this contract an order names its leg in both position modes. An order of a caller who was last told
    /// another position mode than the account has, because somebody changed it by hand, is refused with
    /// [`ErrorClass::ModeMismatch`] until the caller reads the account's configuration.
    ///
    /// # Errors
    /// [`ExchangeError::Refused`] for settings.
    pub fn call(&mut self, now: Timestamp, request: &Request) -> Result<Answer, ExchangeError> {
        Ok(match request {
            Request::Place(ticket) => Answer::Order(self.place_ticket(now, ticket)),
            Request::PlaceAttached(attached) => {
                let protection = [attached.stop(), attached.take_profit()];
                let attachments = protection.into_iter().flatten().map(|one| Attachment {
                    client_id: Some(one.order().client_id.to_string()),
                    terms: one.order().kind.into(),
                });
                let entry = attached.entry();
                let sent = self.assumed().map(|()| NewOrder {
                    margin_mode: self.contract(&entry.instrument).then_some(entry.margin_mode),
                    attached: attachments.collect(),
                    ..self.sent(&entry.instrument, &entry.order)
                });
                let placed = sent.and_then(|sent| self.place(now, sent));
                Answer::Order(self.outcome(now, placed))
            }
            Request::PlaceLinked(pair) => {
                Answer::Orders(self.place_pair(now, [pair.stop(), pair.take_profit()]))
            }
            Request::PlaceTrailing(order) => Answer::Order(self.place_trailing(now, order)),
            Request::PlaceBatch(tickets) => {
                Answer::Orders(tickets.iter().map(|ticket| self.place_ticket(now, ticket)).collect())
            }
            Request::Amend(amendment) => {
                let order = OrderRef::own(amendment.ticket().instrument().clone(), amendment.was());
                let is_stop = matches!(amendment.was().kind, crate::model::OrderKind::StopMarket { .. });
                let plain = amendment.class() == crate::exchange::OrderClass::Plain;
                let price = amendment.price();
                let change = Change {
                    price: price.filter(|_| plain),
                    stop: price.filter(|_| !plain && is_stop),
                    take_profit: price.filter(|_| !plain && !is_stop),
                    quantity: amendment.quantity(),
                };
                let done = self.named(&order).and_then(|number| {
                    self.amend(now, number, change)?;
                    Ok(number)
                });
                Answer::Order(self.outcome(now, done))
            }
            Request::Cancel(order) => Answer::Order(self.cancel_ref(now, order)),
            Request::CancelBatch(orders) => {
                Answer::Orders(orders.iter().map(|order| self.cancel_ref(now, order)).collect())
            }
            Request::QueryOrder { order, submitted } => Answer::Lookup(match self.named(order) {
                Ok(number) => self
                    .orders
                    .get(&number)
                    .map_or(Lookup::Absent, |order| Lookup::Found(Box::new(order.view()))),
                Err(_) => Lookup::nowhere(*submitted, now, self.setup.not_found_grace),
            }),
            Request::OpenOrders { instrument } => Answer::OpenOrders(
                self.live_orders()
                    .filter(|order| order.parent.is_none() && wanted(instrument, &order.sent.instrument))
                    .map(Order::view)
                    .collect(),
            ),
            Request::Fills { instrument, since, limit } => {
                let fills = self.executions.iter().map(|execution| &execution.fill);
                let fills =
                    fills.filter(|fill| fill.fill.time >= *since && wanted(instrument, &fill.instrument));
                Answer::Fills(page(fills.cloned(), *limit))
            }
            Request::CashFlows { since, limit } => {
                let flows = self.flows.iter().filter(|flow| flow.time >= *since);
                Answer::CashFlows(page(flows.cloned(), *limit))
            }
            Request::Positions { instrument } => {
                let all = self.positions().map_err(out_of_range)?;
                let all = all.iter().filter(|one| wanted(instrument, &one.instrument));
                Answer::Positions(all.map(super::Position::view).collect())
            }
            Request::Balances => Answer::Balances(self.balances().map_err(out_of_range)?),
            Request::AccountConfig => {
                self.told = self.mode;
                Answer::AccountConfig(self.config())
            }
            Request::Leverage { instrument } => {
                Answer::Leverage(self.leverage(instrument).map_err(|no| no.refused())?)
            }
            Request::SetLeverage { instrument, margin_mode, leverage } => Answer::Leverage(
                self.set_leverage(instrument, *margin_mode, None, *leverage).map_err(|no| no.refused())?,
            ),
            Request::SetMarginMode { instrument, margin_mode } => {
                Answer::Leverage(self.set_margin_mode(instrument, *margin_mode).map_err(|no| no.refused())?)
            }
            Request::SetPositionMode { mode } => {
                self.set_position_mode(*mode).map_err(|no| no.refused())?;
                self.told = self.mode;
                Answer::PositionMode(self.mode)
            }
            Request::ServerTime => Answer::ServerTime(now),
        })
    }

    /// Modes, permissions and fees.
    pub fn config(&self) -> AccountConfig {
        let rates = |kind, maker, taker| FeeRates { kind, maker, taker };
        AccountConfig {
            position_mode: self.mode,
            permissions: Permissions { read: true, trade: true, withdraw: Some(false) },
            fees: vec![
                rates(InstrumentKind::Linear, self.setup.maker_fee, self.setup.taker_fee),
                rates(InstrumentKind::Spot, self.setup.spot_maker_fee, self.setup.spot_taker_fee),
            ],
            uid: None,
            demo: true,
            address_bound: Some(false),
            key_expires: None,
        }
    }

    fn place_ticket(&mut self, now: Timestamp, ticket: &Ticket) -> OrderOutcome {
        let order = *ticket.order();
        let margin_mode = match ticket {
            Ticket::Opening(opening) => Some(opening.get().margin_mode),
            Ticket::Reducing(_) => None,
        };
        let placed = self.assumed().and_then(|()| {
            let margin_mode = margin_mode.filter(|_| self.contract(ticket.instrument()));
            let sent = NewOrder { margin_mode, ..self.sent(ticket.instrument(), &order) };
            self.place(now, sent)
        });
        self.outcome(now, placed)
    }

    fn place_pair(&mut self, now: Timestamp, pair: [&Reducing; 2]) -> Vec<OrderOutcome> {
        let orders: Vec<NewOrder> = pair.iter().map(|one| self.sent(one.instrument(), one.order())).collect();
        let placed = match self.assumed() {
            Ok(()) => self.place_linked(now, orders),
            Err(no) => vec![Err(no); 2],
        };
        placed.into_iter().map(|placed| self.outcome(now, placed)).collect()
    }

    /// Watches the last price, as venues do whose trailing orders name no other.
    fn place_trailing(&mut self, now: Timestamp, order: &exchange::Trailing) -> OrderOutcome {
        let terms = Terms::Trailing(Trailing {
            callback: Callback::Ratio(order.callback),
            activation: order.activation,
            source: TriggerSource::Last,
            best: None,
        });
        let placed = self.assumed().and_then(|()| {
            let sent = NewOrder { terms, ..self.sent(&order.instrument, &order.spec()) };
            self.place(now, sent)
        });
        self.outcome(now, placed)
    }

    /// Whether the caller knows the account's position mode.
    fn assumed(&self) -> Result<(), Rejection> {
        if self.told == self.mode { Ok(()) } else { Err(Rejection::ModeChanged) }
    }

    fn contract(&self, id: &InstrumentId) -> bool {
        self.markets.get(id).is_some_and(|market| !market.instrument.is_spot())
    }

    fn sent(&self, id: &InstrumentId, order: &OrderSpec) -> NewOrder {
        let hedge = self.mode == PositionMode::Hedge && self.contract(id);
        NewOrder {
            client_id: Some(order.client_id.to_string()),
            leg: hedge.then_some(order.leg),
            reduce_only: order.reduce_only,
            ..NewOrder::new(id.clone(), order.side, order.quantity, order.kind.into())
        }
    }

    fn named(&self, order: &OrderRef) -> Result<u64, Rejection> {
        let found = match &order.name {
            OrderName::Client(id) => self.order_of(order.class, id.as_str()),
            OrderName::Venue(id) => id.as_str().parse().ok().and_then(|number| self.order(number)),
        };
        let fits = |one: &&Order| one.class() == order.class && one.sent.instrument == order.instrument;
        found.filter(fits).map(|one| one.number).ok_or(Rejection::UnknownOrder)
    }

    fn cancel_ref(&mut self, now: Timestamp, order: &OrderRef) -> OrderOutcome {
        let done = self.named(order).and_then(|number| self.cancel(now, number).map(|()| number));
        match done {
            Ok(number) => self.accepted(now, number),
            Err(no) => OrderOutcome::Refused(no.refused()),
        }
    }

    fn outcome(&self, now: Timestamp, placed: Result<u64, Rejection>) -> OrderOutcome {
        match placed {
            Ok(number) => self.accepted(now, number),
            // An earlier sending has arrived: the venue proves nothing about this one (FAULTS 5).
            Err(no) if no.class() == ErrorClass::DuplicateClientId => {
                OrderOutcome::Unknown { class: no.class(), message: no.to_string() }
            }
            Err(no) => OrderOutcome::Refused(no.refused()),
        }
    }

    fn accepted(&self, now: Timestamp, number: u64) -> OrderOutcome {
        let Some(order) = self.orders.get(&number) else {
            return OrderOutcome::Refused(Rejection::UnknownOrder.refused());
        };
        OrderOutcome::Done(Accepted {
            client_id: order.view().client_id(),
            venue_id: Some(order.id()),
            status: order.status,
            time: now,
        })
    }
}

fn wanted(filter: &Option<InstrumentId>, id: &InstrumentId) -> bool {
    filter.as_ref().is_none_or(|wanted| wanted == id)
}

fn page<T>(items: impl Iterator<Item = T>, limit: u16) -> Page<T> {
    let limit = usize::from(limit.max(1));
    let mut items: Vec<T> = items.take(limit + 1).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    Page { items, more }
}

fn out_of_range(_: Overflow) -> ExchangeError {
    ExchangeError::Refused(Rejection::OutOfRange.refused())
}

/// What a user does by hand at the venue's own site.
impl Account {
    /// Flips the position mode (FAULTS 51); refused while anything is open.
    ///
    /// # Errors
    /// As [`Account::set_position_mode`].
    pub fn flip_position_mode(&mut self) -> Result<PositionMode, Rejection> {
        let other = match self.mode {
            PositionMode::OneWay => PositionMode::Hedge,
            PositionMode::Hedge => PositionMode::OneWay,
        };
        self.set_position_mode(other)?;
        Ok(other)
    }
}
