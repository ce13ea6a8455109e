use super::order::{base, leg, reduces};
use super::{Known, senseless, side};
use crate::common::{Millis, Num, Text};
use crate::okx::pair;
use hyperrsi_core::exchange::{ExchangeError, OrderClass, Origin, VenueOrder, VenueOrderId, VenueOrderKind};
use hyperrsi_core::model::{ClientOrderId, OrderKind, OrderStatus, Price, Quantity, TriggerSource};
use serde::Deserialize;

/// A conditional order: `trade/order-algo`, `orders-algo-pending`, `orders-algo-history`, channel `orders-algo`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlgoRow<'a> {
    /// The venue's symbol.
    #[serde(borrow)]
    pub inst_id: Text<'a>,
    /// The venue's id.
    #[serde(borrow)]
    pub algo_id: Text<'a>,
    #[serde(borrow, default)]
    algo_cl_ord_id: Text<'a>,
    #[serde(borrow)]
    ord_type: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    #[serde(borrow)]
    side: Text<'a>,
    #[serde(borrow, default)]
    pos_side: Text<'a>,
    #[serde(borrow, default)]
    reduce_only: Text<'a>,
    #[serde(borrow, default)]
    tgt_ccy: Text<'a>,
    #[serde(borrow, default)]
    ord_id: Text<'a>,
    #[serde(borrow, default)]
    tag: Text<'a>,
    #[serde(default)]
    sz: Num,
    #[serde(default)]
    actual_sz: Num,
    #[serde(default)]
    actual_px: Num,
    #[serde(default)]
    sl_trigger_px: Num,
    #[serde(borrow, default)]
    sl_ord_px: Text<'a>,
    #[serde(borrow, default)]
    sl_trigger_px_type: Text<'a>,
    #[serde(default)]
    tp_trigger_px: Num,
    #[serde(borrow, default)]
    tp_ord_px: Text<'a>,
    #[serde(borrow, default)]
    tp_trigger_px_type: Text<'a>,
    #[serde(default)]
    trigger_px: Num,
    #[serde(borrow, default)]
    ord_px: Text<'a>,
    #[serde(borrow, default)]
    trigger_px_type: Text<'a>,
    #[serde(default)]
    trigger_time: Millis,
    #[serde(default)]
    c_time: Millis,
    #[serde(default)]
    u_time: Millis,
}

impl AlgoRow<'_> {
    /// The order; `None` for instruments the library does not trade.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`]: a side is missing or a size out of range.
    pub fn read(&self, known: &Known) -> Result<Option<VenueOrder>, ExchangeError> {
        let Some(instrument) = known.instrument(&self.inst_id) else { return Ok(None) };
        let what = "a conditional order of okx";
        let side = side(&self.side).ok_or_else(|| senseless(what, "no side"))?;
        let reduce_only = reduces(&instrument, &self.pos_side, side, &self.reduce_only);
        let quantity = match &*self.tgt_ccy {
            "quote_ccy" => None,
            _ => base(&instrument, self.sz, what)?,
        };
        let filled = base(&instrument, self.actual_sz, what)?.unwrap_or_default();
        Ok(Some(VenueOrder {
            instrument: instrument.id.clone(),
            id: VenueOrderId::new(&*self.algo_id),
            origin: Origin::of(self.algo_cl_ord_id.some()),
            class: OrderClass::Conditional,
            leg: leg(&instrument, &self.pos_side, side, reduce_only),
            side,
            reduce_only,
            quantity,
            kind: self.kind(),
            status: self.status(quantity, filled),
            filled,
            average: self.actual_px.positive().map(Price::new),
            created: self.c_time.or_epoch(),
            updated: self.u_time.0.or(self.trigger_time.0).unwrap_or_else(|| self.c_time.or_epoch()),
            triggered: self.trigger_time.0,
            spawned: self.ord_id.some().map(VenueOrderId::new),
        }))
    }

    /// Whether it is a stop and a take profit in one.
    pub fn is_pair(&self) -> bool {
        &*self.ord_type == "oco"
    }

    /// Of a pair of ours, the take profit's id, which is in the tag.
    pub fn take_profit(&self) -> Option<ClientOrderId> {
        self.algo_cl_ord_id
            .some()
            .filter(|_| self.is_pair())
            .and_then(|stop| pair::take_profit(stop, &self.tag))
    }

    /// Of a pair, the stop: it carries the client id.
    fn kind(&self) -> VenueOrderKind {
        let market = |price: &str| price == "-1";
        let known = match (self.sl_trigger_px.positive(), self.tp_trigger_px.positive()) {
            (Some(trigger), _) if market(&self.sl_ord_px) => source(&self.sl_trigger_px_type)
                .map(|source| OrderKind::StopMarket { trigger: Price::new(trigger), source }),
            (None, Some(trigger)) if market(&self.tp_ord_px) => source(&self.tp_trigger_px_type)
                .map(|source| OrderKind::TakeProfitMarket { trigger: Price::new(trigger), source }),
            (None, None) if market(&self.ord_px) && &*self.ord_type == "trigger" => {
                let trigger = self.trigger_px.positive().map(Price::new);
                trigger
                    .zip(source(&self.trigger_px_type))
                    .map(|(trigger, source)| OrderKind::StopMarket { trigger, source })
            }
            _ => None,
        };
        known.map_or_else(|| VenueOrderKind::Other(self.ord_type.to_string()), VenueOrderKind::Known)
    }

    /// A trigger that fired is not a fill: until what it sent has filled, the order is open and has a trigger time.
    fn status(&self, quantity: Option<Quantity>, filled: Quantity) -> OrderStatus {
        match &*self.state {
            "live" | "pause" => OrderStatus::Open,
            "effective" | "partially_effective" | "order_placed" | "filled" => match quantity {
                _ if filled.is_zero() => OrderStatus::Open,
                Some(quantity) if filled < quantity => OrderStatus::PartiallyFilled,
                _ => OrderStatus::Filled,
            },
            "canceled" => OrderStatus::Cancelled,
            "order_failed" => OrderStatus::Rejected,
            _ => OrderStatus::Unknown,
        }
    }
}

/// Last if nothing is said; the index price is none of ours.
fn source(text: &str) -> Option<TriggerSource> {
    match text {
        "last" | "" => Some(TriggerSource::Last),
        "mark" => Some(TriggerSource::Mark),
        _ => None,
    }
}
