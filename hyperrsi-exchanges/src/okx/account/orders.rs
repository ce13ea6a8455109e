use super::Inner;
use crate::net::Call;
use crate::okx::{error, parse, request};
use hyperrsi_core::exchange::{
    Accepted, Amendment, Attached, ErrorClass, ExchangeError, Linked, OrderClass, OrderName, OrderOutcome,
    OrderRef, Refused, Request, Trailing, VenueOrderId,
};
use hyperrsi_core::model::{ClientOrderId, Instrument, OrderSpec, OrderStatus, Ticket};
use std::sync::Arc;

impl Inner {
    pub(super) async fn place(&self, ticket: &Ticket) -> Result<OrderOutcome, ExchangeError> {
        let instrument = self.rest.instrument(ticket.instrument()).await?;
        let (setup, margin) = (self.setup().await?, self.margin_of(ticket, &instrument).await?);
        let order = ticket.order();
        let urgency = Request::Place(ticket.clone()).urgency();
        let call = match OrderClass::from(&order.kind) {
            OrderClass::Plain => request::place_order(&instrument, order, margin, setup, urgency),
            OrderClass::Conditional => request::place_algo(&instrument, order, margin, setup, urgency),
        }?;
        self.one(&call, Some(order.client_id)).await
    }

    pub(super) async fn place_batch(&self, tickets: &[Ticket]) -> Result<Vec<OrderOutcome>, ExchangeError> {
        let setup = self.setup().await?;
        let mut rows: Vec<(Arc<Instrument>, OrderSpec, _)> = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            let instrument = self.rest.instrument(ticket.instrument()).await?;
            let margin = self.margin_of(ticket, &instrument).await?;
            rows.push((instrument, *ticket.order(), margin));
        }
        let urgency = Request::PlaceBatch(tickets.to_vec()).urgency();
        let orders = rows.iter().map(|(instrument, order, margin)| (&**instrument, order, *margin));
        let call = request::place_batch(orders, setup, urgency)?;
        let ids = rows.iter().map(|(_, order, _)| Some(order.client_id));
        self.several(&call, &ids.collect::<Vec<_>>()).await
    }

    pub(super) async fn place_attached(&self, order: &Attached) -> Result<OrderOutcome, ExchangeError> {
        let entry = order.entry();
        let instrument = self.rest.instrument(&entry.instrument).await?;
        let setup = self.setup().await?;
        self.remember_margin(&instrument, entry.margin_mode);
        let stop = order.stop().map(|stop| stop.order());
        let take_profit = order.take_profit().map(|take_profit| take_profit.order());
        let call = request::attached(&instrument, &entry.order, stop, take_profit, entry.margin_mode, setup)?;
        self.one(&call, Some(entry.order.client_id)).await
    }

    pub(super) async fn place_linked(&self, pair: &Linked) -> Result<Vec<OrderOutcome>, ExchangeError> {
        let (stop, take_profit) = (pair.stop(), pair.take_profit().order());
        let instrument = self.rest.instrument(stop.instrument()).await?;
        let (setup, margin) = (self.setup().await?, self.margin(&instrument).await?);
        let call = request::linked(&instrument, stop.order(), take_profit, margin, setup)?;
        let outcome = self.one(&call, Some(stop.order().client_id)).await?;
        let other = match outcome.clone() {
            OrderOutcome::Done(done) => {
                OrderOutcome::Done(Accepted { client_id: Some(take_profit.client_id), ..done })
            }
            other => other,
        };
        Ok(vec![outcome, other])
    }

    pub(super) async fn place_trailing(&self, order: &Trailing) -> Result<OrderOutcome, ExchangeError> {
        let instrument = self.rest.instrument(&order.instrument).await?;
        let (setup, margin) = (self.setup().await?, self.margin(&instrument).await?);
        self.one(&request::trailing(&instrument, order, margin, setup)?, Some(order.client_id)).await
    }

    pub(super) async fn amend(&self, amendment: &Amendment) -> Result<OrderOutcome, ExchangeError> {
        let ticket = amendment.ticket();
        let instrument = self.rest.instrument(ticket.instrument()).await?;
        let id = amendment.client_id();
        let name = OrderName::Client(id);
        let (price, quantity) = (amendment.price(), amendment.quantity());
        let urgency = Request::Amend(amendment.clone()).urgency();
        let call = match amendment.class() {
            OrderClass::Plain => request::amend_order(&instrument, &name, price, quantity, urgency),
            OrderClass::Conditional => {
                request::amend_algo(&instrument, &name, ticket.order(), price, quantity, urgency)
            }
        }?;
        let mut outcomes = vec![self.one(&call, Some(id)).await?];
        self.explain(&mut outcomes, amendment.class(), &[(instrument, Some(id))]).await;
        outcomes.pop().ok_or_else(|| parse::senseless("an amendment at okx", "no row"))
    }

    pub(super) async fn cancel(&self, order: &OrderRef) -> Result<OrderOutcome, ExchangeError> {
        let outcomes = self.cancel_batch(std::slice::from_ref(order)).await?;
        outcomes.into_iter().next().ok_or_else(|| parse::senseless("a cancel at okx", "no row"))
    }

    pub(super) async fn cancel_batch(&self, orders: &[OrderRef]) -> Result<Vec<OrderOutcome>, ExchangeError> {
        let mut rows: Vec<(Arc<Instrument>, &OrderName)> = Vec::with_capacity(orders.len());
        let Some(class) = orders.first().map(|order| order.class) else { return Ok(Vec::new()) };
        if orders.iter().any(|order| order.class != class) {
            let why = "plain and conditional orders are cancelled apart";
            return Err(Refused::new(ErrorClass::InvalidRequest, None, why).into());
        }
        for order in orders {
            rows.push((self.rest.instrument(&order.instrument).await?, &order.name));
        }
        let named: Vec<_> = rows.iter().map(|(instrument, name)| (&**instrument, *name)).collect();
        let call = match class {
            OrderClass::Plain => request::cancel_orders(&named),
            OrderClass::Conditional => request::cancel_algos(&named),
        }?;
        let own = |name: &OrderName| match name {
            OrderName::Client(id) => Some(*id),
            OrderName::Venue(_) => None,
        };
        let ids: Vec<_> = rows.iter().map(|(_, name)| own(name)).collect();
        let mut outcomes = self.several(&call, &ids).await?;
        let named: Vec<_> = rows.into_iter().map(|(instrument, name)| (instrument, own(name))).collect();
        self.explain(&mut outcomes, class, &named).await;
        Ok(outcomes)
    }

    /// To the venue a take profit inside a pair is no order: what is done to it would be done to the stop as well. Where
    /// it says "no such order" of one, the refusal is put right.
    async fn explain(
        &self,
        outcomes: &mut [OrderOutcome],
        class: OrderClass,
        orders: &[(Arc<Instrument>, Option<ClientOrderId>)],
    ) {
        if class != OrderClass::Conditional {
            return;
        }
        for (outcome, (instrument, id)) in outcomes.iter_mut().zip(orders) {
            let OrderOutcome::Refused(no) = outcome else { continue };
            let Some(id) = id.filter(|_| no.class == ErrorClass::OrderNotLive) else { continue };
            if let Ok(Some(stop)) = self.pair_of(instrument, id).await {
                let why = format!("{id} is one order with the stop {stop} at okx; name the stop");
                *no = Refused::new(ErrorClass::InvalidRequest, no.code.take(), why);
            }
        }
    }

    /// The class of a plain error tells what has to be read again before the next order.
    fn learn(&self, class: ErrorClass) {
        match class {
            ErrorClass::ModeMismatch => self.forget_setup(),
            ErrorClass::FilterChanged => self.rest.forget_known(),
            _ => {}
        }
    }

    async fn one(&self, call: &Call, id: Option<ClientOrderId>) -> Result<OrderOutcome, ExchangeError> {
        let outcomes = self.several(call, &[id]).await?;
        outcomes.into_iter().next().ok_or_else(|| parse::senseless("an answer of okx", "no row"))
    }

    /// Sends an order call; one outcome for each id, in order.
    async fn several(
        &self,
        call: &Call,
        ids: &[Option<ClientOrderId>],
    ) -> Result<Vec<OrderOutcome>, ExchangeError> {
        let body = self.rest.send(call).await.inspect_err(|error| self.learn(error.class()))?;
        let what = "the answer to an order at okx";
        let rows: Vec<parse::AckRow<'_>> = parse::Envelope::read(&body)?.rows(what)?;
        let outcomes = ids.iter().enumerate().map(|(index, id)| {
            let Some(row) = rows.get(index) else {
                return OrderOutcome::from(parse::senseless(what, "an order has no row"));
            };
            // Rows come in the order asked; one that names another order of ours proves nothing about this one.
            let named = row.client_id().filter(|_| row.done());
            if let Some((named, id)) = named.zip(*id)
                && named != id.as_str()
            {
                return OrderOutcome::from(parse::senseless(what, "a row names another order"));
            }
            if !row.done() {
                let error = error(&row.s_code, &row.s_msg);
                self.learn(error.class());
                return OrderOutcome::from(error);
            }
            OrderOutcome::Done(Accepted {
                client_id: *id,
                venue_id: row.venue_id().map(VenueOrderId::new),
                status: OrderStatus::Open,
                time: row.ts.0.unwrap_or_else(|| self.rest.clock.now()),
            })
        });
        Ok(outcomes.collect())
    }
}
