use super::Inner;
use crate::net::Call;
use crate::okx::parse::{self, AlgoRow, Envelope, Known, OrderRow};
use crate::okx::request::{self, ALGO_KINDS, ALGO_STATES, PAIRS};
use hyperrsi_core::exchange::{
    ErrorClass, ExchangeError, Lookup, OrderClass, OrderName, OrderRef, Origin, VenueOrder, VenueOrderKind,
};
use hyperrsi_core::model::{ClientOrderId, Instrument, InstrumentId, Span, Timestamp};

/// Rows in one page of a list.
const PAGE: u16 = 100;
/// Most pages read of one list; an account cannot have as many live orders.
const PAGES: usize = 20;

/// Rows of a list: the orders, the take profits of ours that are part of one of them, the venue's id of the last row, and
/// how many rows there were.
#[derive(Default)]
struct Rows {
    orders: Vec<VenueOrder>,
    take_profits: Vec<(ClientOrderId, VenueOrder)>,
    /// A pair of ours is among them whose take profit cannot be told.
    nameless: bool,
    last: Option<String>,
    count: usize,
}

fn read(body: &[u8], class: OrderClass, known: &Known) -> Result<Rows, ExchangeError> {
    let envelope = Envelope::read(body)?;
    let mut page = Rows::default();
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
                let Some(order) = row.read(known)? else { continue };
                if row.is_pair() && order.client_id().is_some() {
                    match row.take_profit() {
                        Some(id) => page.take_profits.push((id, order.clone())),
                        None => page.nameless = true,
                    }
                }
                page.orders.push(order);
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
        let mut all = Rows::default();
        for _ in 0..PAGES {
            let body = self.rest.send(&call(all.last.as_deref())).await?;
            let page = read(&body, class, &known)?;
            all.orders.extend(page.orders);
            all.take_profits.extend(page.take_profits);
            all.nameless |= page.nameless;
            all.last = page.last;
            if page.count < usize::from(PAGE) {
                return Ok(all);
            }
        }
        Err(parse::senseless("the orders of okx", "the list does not end"))
    }

    /// Every page of a list of ended orders, wherever the venue files those of the instrument.
    async fn ended(
        &self,
        class: OrderClass,
        instrument: &Instrument,
        call: impl Fn(Option<&str>) -> Call + Send + Sync,
    ) -> Result<Rows, ExchangeError> {
        let mut rows = self.list(class, &call).await?;
        if instrument.is_spot() && self.setup().await?.spot_on_margin {
            let margin = self.list(class, |older: Option<&str>| request::on_margin(call(older))).await?;
            rows.orders.extend(margin.orders);
            rows.take_profits.extend(margin.take_profits);
        }
        Ok(rows)
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
        match order.class {
            OrderClass::Plain => self.look_plain(&instrument, &order.name, submitted).await,
            OrderClass::Conditional => self.look_conditional(&instrument, &order.name).await,
        }
    }

    /// One order by its own endpoint; `None` if it says that there is none.
    pub(super) async fn single(
        &self,
        call: &Call,
        class: OrderClass,
    ) -> Result<Option<VenueOrder>, ExchangeError> {
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
        Ok(pick(self.ended(OrderClass::Plain, instrument, ended).await?, name))
    }

    async fn look_conditional(
        &self,
        instrument: &Instrument,
        name: &OrderName,
    ) -> Result<Option<VenueOrder>, Looked> {
        let call = request::query_algo(name);
        if let Some(found) = self.single(&call, OrderClass::Conditional).await? {
            return Ok(Some(found));
        }
        let mut nameless = false;
        for kind in ALGO_KINDS {
            let live = |older: Option<&str>| request::open_algos(Some(instrument), kind, PAGE, older);
            let rows = self.list(OrderClass::Conditional, live).await?;
            nameless |= rows.nameless;
            if let Some(found) = pick(rows, name) {
                return Ok(Some(found));
            }
            for state in ALGO_STATES {
                let ended = |older: Option<&str>| request::algo_history(instrument, kind, state, older);
                let rows = self.ended(OrderClass::Conditional, instrument, ended).await?;
                if let Some(found) = pick(rows, name) {
                    return Ok(Some(found));
                }
            }
        }
        // A live pair without a readable tag may hold this take profit.
        if nameless { Err(Looked::Hidden) } else { Ok(None) }
    }

    /// The stop of the live pair whose take profit goes by this id.
    pub(super) async fn pair_of(
        &self,
        instrument: &Instrument,
        take_profit: ClientOrderId,
    ) -> Result<Option<ClientOrderId>, ExchangeError> {
        let live = |older: Option<&str>| request::open_algos(Some(instrument), PAIRS, PAGE, older);
        let rows = self.list(OrderClass::Conditional, live).await?;
        let of = |(id, _): &&(ClientOrderId, VenueOrder)| *id == take_profit;
        Ok(rows.take_profits.iter().find(of).and_then(|(_, pair)| pair.client_id()))
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
    let own = rows.orders.into_iter().find(|order| match name {
        OrderName::Client(id) => order.client_id() == Some(*id),
        OrderName::Venue(id) => order.id == *id,
    });
    own.or_else(|| {
        let OrderName::Client(wanted) = name else { return None };
        let inside = rows.take_profits.into_iter().find(|(id, _)| id == wanted);
        inside.map(|(id, pair)| as_take_profit(pair, id))
    })
}

fn as_take_profit(mut order: VenueOrder, id: ClientOrderId) -> VenueOrder {
    order.origin = Origin::Own(id);
    order.kind = VenueOrderKind::Other("take profit of a pair".into());
    order
}
