use super::{Inner, lock};
use crate::net::Call;
use crate::okx::parse::{self, AlgoRow, Envelope, Known, OrderRow};
use crate::okx::request::{self, ALGO_KINDS, ALGO_STATES};
use hyperrsi_core::exchange::{
    ErrorClass, ExchangeError, Lookup, OrderClass, OrderName, OrderRef, Origin, VenueOrder, VenueOrderKind,
};
use hyperrsi_core::model::{ClientOrderId, Instrument, InstrumentId, Span, Timestamp};

/// Rows in one page of a list.
const PAGE: u16 = 100;
/// Most pages read of one list; an account cannot have as many live orders.
const PAGES: usize = 20;

/// A page of orders: the orders, the venue's id of the last row, how many rows there were, and whether a pair of ours is
/// among them.
struct Rows {
    orders: Vec<VenueOrder>,
    last: Option<String>,
    count: usize,
    pair: bool,
}

fn read(body: &[u8], class: OrderClass, known: &Known) -> Result<Rows, ExchangeError> {
    let envelope = Envelope::read(body)?;
    let mut page = Rows { orders: Vec::new(), last: None, count: 0, pair: false };
    match class {
        OrderClass::Plain => {
            let rows: Vec<OrderRow<'_>> = envelope.rows("the orders of okx")?;
            page.count = rows.len();
            page.last = rows.last().map(|row| row.ord_id.to_string());
            for row in &rows {
                page.orders.extend(row.read(known)?);
            }
        }
        OrderClass::Conditional => {
            let rows: Vec<AlgoRow<'_>> = envelope.rows("the conditional orders of okx")?;
            page.count = rows.len();
            page.last = rows.last().map(|row| row.algo_id.to_string());
            for row in &rows {
                let order = row.read(known)?;
                page.pair |= row.is_pair() && order.as_ref().is_some_and(|order| order.client_id().is_some());
                page.orders.extend(order);
            }
        }
    }
    Ok(page)
}

impl Inner {
    /// Every page of a list.
    async fn list(
        &self,
        class: OrderClass,
        call: impl Fn(Option<&str>) -> Call + Send + Sync,
    ) -> Result<Rows, ExchangeError> {
        let known = self.rest.known().await?;
        let mut all = Rows { orders: Vec::new(), last: None, count: 0, pair: false };
        for _ in 0..PAGES {
            let body = self.rest.send(&call(all.last.as_deref())).await?;
            let page = read(&body, class, &known)?;
            all.orders.extend(page.orders);
            all.pair |= page.pair;
            all.last = page.last;
            if page.count < usize::from(PAGE) {
                return Ok(all);
            }
        }
        Err(parse::senseless("the orders of okx", "the list does not end"))
    }

    pub(super) async fn open_orders(
        &self,
        instrument: Option<&InstrumentId>,
    ) -> Result<Vec<VenueOrder>, ExchangeError> {
        let instrument = match instrument {
            Some(id) => Some(self.rest.instrument(id).await?),
            None => None,
        };
        let instrument = instrument.as_deref();
        let plain = |older: Option<&str>| request::open_orders(instrument, PAGE, older);
        let mut orders = self.list(OrderClass::Plain, plain).await?.orders;
        for kind in ALGO_KINDS {
            let algos = |older: Option<&str>| request::open_algos(instrument, kind, PAGE, older);
            orders.extend(self.list(OrderClass::Conditional, algos).await?.orders);
        }
        Ok(orders)
    }

    /// Looks everywhere the order could be; absent only if every place says so and the grace is over.
    pub(super) async fn find(&self, order: &OrderRef, submitted: Timestamp) -> Lookup {
        match self.look(order, submitted).await {
            Ok(Some(found)) => Lookup::Found(Box::new(found)),
            Ok(None) => Lookup::nowhere(submitted, self.rest.clock.now(), self.can.not_found_grace()),
            Err(Looked::Error(error)) => Lookup::from(error),
            Err(Looked::Hidden) => Lookup::Unknown { class: None },
        }
    }

    async fn look(&self, order: &OrderRef, submitted: Timestamp) -> Result<Option<VenueOrder>, Looked> {
        let instrument = self.rest.instrument(&order.instrument).await?;
        let pair = match order.name {
            OrderName::Client(id) => lock(&self.pairs).get(&id).copied().map(|stop| (id, stop)),
            OrderName::Venue(_) => None,
        };
        let name = pair.map_or_else(|| order.name.clone(), |(_, stop)| OrderName::Client(stop));
        let found = match order.class {
            OrderClass::Plain => self.look_plain(&instrument, &name, submitted).await?,
            OrderClass::Conditional => self.look_conditional(&instrument, &name, pair.is_some()).await?,
        };
        Ok(found.map(|found| match pair {
            None => found,
            Some((take_profit, _)) => as_take_profit(found, take_profit),
        }))
    }

    /// One order by its own endpoint; `None` if it says that there is none.
    async fn single(&self, call: &Call, class: OrderClass) -> Result<Option<VenueOrder>, ExchangeError> {
        let known = self.rest.known().await?;
        match self.rest.send(call).await {
            Ok(body) => Ok(read(&body, class, &known)?.orders.into_iter().next()),
            Err(error) if error.class() == ErrorClass::OrderNotLive => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn look_plain(
        &self,
        instrument: &Instrument,
        name: &OrderName,
        submitted: Timestamp,
    ) -> Result<Option<VenueOrder>, Looked> {
        let call = request::query_order(instrument, name);
        if let Some(found) = self.single(&call, OrderClass::Plain).await? {
            return Ok(Some(found));
        }
        let live = |older: Option<&str>| request::open_orders(Some(instrument), PAGE, older);
        if let Some(found) = pick(self.list(OrderClass::Plain, live).await?, name) {
            return Ok(Some(found));
        }
        let begin = submitted - Span::minutes(1);
        let ended = |older: Option<&str>| request::order_history(instrument, None, Some(begin), PAGE, older);
        Ok(pick(self.list(OrderClass::Plain, ended).await?, name))
    }

    async fn look_conditional(
        &self,
        instrument: &Instrument,
        name: &OrderName,
        inside_pair: bool,
    ) -> Result<Option<VenueOrder>, Looked> {
        let call = request::query_algo(name);
        if let Some(found) = self.single(&call, OrderClass::Conditional).await? {
            return Ok(Some(found));
        }
        let mut pair = false;
        for kind in ALGO_KINDS {
            let live = |older: Option<&str>| request::open_algos(Some(instrument), kind, PAGE, older);
            let rows = self.list(OrderClass::Conditional, live).await?;
            pair |= rows.pair;
            if let Some(found) = pick(rows, name) {
                return Ok(Some(found));
            }
            for state in ALGO_STATES {
                let ended = |older: Option<&str>| request::algo_history(instrument, kind, state, older);
                if let Some(found) = pick(self.list(OrderClass::Conditional, ended).await?, name) {
                    return Ok(Some(found));
                }
            }
        }
        // A take profit of a pair placed before a restart goes by its stop's id: it may be this one.
        if pair && !inside_pair { Err(Looked::Hidden) } else { Ok(None) }
    }
}

/// Why a search ended without a result.
enum Looked {
    Error(ExchangeError),
    /// It may be part of a pair that goes by another id.
    Hidden,
}

impl From<ExchangeError> for Looked {
    fn from(error: ExchangeError) -> Self {
        Self::Error(error)
    }
}

fn pick(rows: Rows, name: &OrderName) -> Option<VenueOrder> {
    rows.orders.into_iter().find(|order| match name {
        OrderName::Client(id) => order.client_id() == Some(*id),
        OrderName::Venue(id) => order.id == *id,
    })
}

fn as_take_profit(mut order: VenueOrder, id: ClientOrderId) -> VenueOrder {
    order.origin = Origin::Own(id);
    order.kind = VenueOrderKind::Other("take profit of a pair".into());
    order
}
