use super::{Known, position_side, senseless, side};
use crate::common::{Millis, Num, Text};
use hyperrsi_core::exchange::{
    ExchangeError, OrderClass, Origin, VenueFill, VenueOrder, VenueOrderId, VenueOrderKind,
};
use hyperrsi_core::model::{
    Amount, Arithmetic, Fill, FillKind, Instrument, Liquidity, OrderKind, OrderStatus, PositionSide, Price,
    Quantity, Side, TimeInForce, TradeId,
};
use serde::Deserialize;

/// A plain order: `trade/order`, `orders-pending`, `orders-history` and the channel `orders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRow<'a> {
    /// The venue's symbol.
    #[serde(borrow)]
    pub inst_id: Text<'a>,
    /// The venue's id.
    #[serde(borrow)]
    pub ord_id: Text<'a>,
    #[serde(borrow, default)]
    cl_ord_id: Text<'a>,
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
    category: Text<'a>,
    #[serde(borrow, default)]
    exec_type: Text<'a>,
    #[serde(default)]
    px: Num,
    #[serde(default)]
    sz: Num,
    #[serde(default)]
    acc_fill_sz: Num,
    #[serde(default)]
    avg_px: Num,
    #[serde(borrow, default)]
    trade_id: Text<'a>,
    #[serde(default)]
    fill_px: Num,
    #[serde(default)]
    fill_sz: Num,
    #[serde(default)]
    fill_fee: Num,
    #[serde(borrow, default)]
    fill_fee_ccy: Text<'a>,
    #[serde(default)]
    fill_time: Millis,
    #[serde(default)]
    c_time: Millis,
    #[serde(default)]
    u_time: Millis,
}

impl OrderRow<'_> {
    /// Our id, or that of the algo order that fired this one.
    fn client_id(&self) -> Option<&str> {
        self.cl_ord_id
            .some()
            .filter(|id| id.starts_with(hyperrsi_core::exchange::OWN_PREFIX))
            .or_else(|| self.algo_cl_ord_id.some())
            .or_else(|| self.cl_ord_id.some())
    }

    /// The order; `None` for instruments the library does not trade.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`]: a side or a size is missing or out of range.
    pub fn read(&self, known: &Known) -> Result<Option<VenueOrder>, ExchangeError> {
        let Some(instrument) = known.instrument(&self.inst_id) else { return Ok(None) };
        let what = "an order of okx";
        let side = side(&self.side).ok_or_else(|| senseless(what, "no side"))?;
        let price = self.px.positive().map(Price::new);
        let limit = |time_in_force| match price {
            Some(price) => VenueOrderKind::Known(OrderKind::Limit { price, time_in_force }),
            None => VenueOrderKind::Other(self.ord_type.to_string()),
        };
        let kind = match &*self.ord_type {
            "market" => VenueOrderKind::Known(OrderKind::Market),
            "limit" => limit(TimeInForce::GoodTillCancelled),
            "ioc" => limit(TimeInForce::ImmediateOrCancel),
            "fok" => limit(TimeInForce::FillOrKill),
            "post_only" => limit(TimeInForce::PostOnly),
            other => VenueOrderKind::Other(other.to_owned()),
        };
        // A size in quote units is no quantity; only foreign orders are worded that way.
        let quantity = match &*self.tgt_ccy {
            "quote_ccy" => None,
            _ => base(&instrument, self.sz, what)?,
        };
        Ok(Some(VenueOrder {
            instrument: instrument.id.clone(),
            id: VenueOrderId::new(&*self.ord_id),
            origin: Origin::of(self.client_id()),
            class: OrderClass::Plain,
            leg: leg(&instrument, &self.pos_side, side, self.reduce_only(&instrument, side)),
            side,
            reduce_only: self.reduce_only(&instrument, side),
            quantity,
            kind,
            status: status(&self.state),
            filled: base(&instrument, self.acc_fill_sz, what)?.unwrap_or_default(),
            average: self.avg_px.positive().map(Price::new),
            created: self.c_time.or_epoch(),
            updated: self.u_time.0.unwrap_or_else(|| self.c_time.or_epoch()),
            triggered: None,
            spawned: None,
        }))
    }

    fn reduce_only(&self, instrument: &Instrument, side: Side) -> bool {
        reduces(instrument, &self.pos_side, side, &self.reduce_only)
    }

    /// The execution this update of the channel carries, if it carries one.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`]: a price or a size is missing or out of range.
    pub fn fill(&self, known: &Known) -> Result<Option<VenueFill>, ExchangeError> {
        let Some(instrument) = known.instrument(&self.inst_id) else { return Ok(None) };
        if self.trade_id.some().is_none_or(|id| id == "0") || self.fill_sz.positive().is_none() {
            return Ok(None);
        }
        let fill = FillParts {
            trade_id: &self.trade_id,
            order: &self.ord_id,
            client_id: self.client_id(),
            side: &self.side,
            pos_side: &self.pos_side,
            reduces: &*self.reduce_only == "true",
            price: self.fill_px,
            size: self.fill_sz,
            fee: self.fill_fee,
            fee_asset: &self.fill_fee_ccy,
            exec_type: &self.exec_type,
            kind: fill_kind(&self.category),
            time: self.fill_time.0.or(self.u_time.0).unwrap_or_default(),
        };
        fill.read(&instrument).map(Some)
    }
}

fn fill_kind(category: &str) -> FillKind {
    match category {
        "full_liquidation" | "partial_liquidation" => FillKind::Liquidation,
        "adl" => FillKind::Adl,
        _ => FillKind::Trade,
    }
}

/// An execution: `trade/fills-history`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FillRow<'a> {
    /// The venue's symbol.
    #[serde(borrow)]
    pub inst_id: Text<'a>,
    /// By which the list is paged.
    #[serde(borrow, default)]
    pub bill_id: Text<'a>,
    #[serde(borrow)]
    trade_id: Text<'a>,
    #[serde(borrow)]
    ord_id: Text<'a>,
    #[serde(borrow, default)]
    cl_ord_id: Text<'a>,
    #[serde(borrow)]
    side: Text<'a>,
    #[serde(borrow, default)]
    pos_side: Text<'a>,
    #[serde(borrow, default)]
    exec_type: Text<'a>,
    #[serde(borrow, default)]
    sub_type: Text<'a>,
    fill_px: Num,
    fill_sz: Num,
    #[serde(default)]
    fill_pnl: Num,
    #[serde(default)]
    fee: Num,
    #[serde(borrow, default)]
    fee_ccy: Text<'a>,
    #[serde(default)]
    fill_time: Millis,
    ts: Millis,
}

impl FillRow<'_> {
    /// Whether the row leaves open which leg it is of: in one-way mode, where it says neither what kind of bill it is nor
    /// that it realised anything. The order tells.
    pub fn leg_is_unsaid(&self, known: &Known) -> bool {
        let contract = known.instrument(&self.inst_id).is_some_and(|instrument| !instrument.is_spot());
        let named = position_side(&self.pos_side).is_some() || !matches!(&*self.sub_type, "" | "1" | "2");
        contract && !named && self.fill_pnl.or_zero().is_zero()
    }

    /// In one-way mode the kind of bill tells, where it is more than "buy" and "sell": 5 closes a long, 6 a short. What
    /// realised something has closed something.
    fn reduces(&self) -> bool {
        match &*self.sub_type {
            "5" | "6" | "100" | "101" | "104" | "105" | "125" | "126" => true,
            "" | "1" | "2" => !self.fill_pnl.or_zero().is_zero(),
            _ => false,
        }
    }

    /// The fill; `None` for instruments the library does not trade.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`]: a price or a size is missing or out of range.
    pub fn read(&self, known: &Known) -> Result<Option<VenueFill>, ExchangeError> {
        let Some(instrument) = known.instrument(&self.inst_id) else { return Ok(None) };
        let fill = FillParts {
            trade_id: &self.trade_id,
            order: &self.ord_id,
            client_id: self.cl_ord_id.some(),
            side: &self.side,
            pos_side: &self.pos_side,
            reduces: self.reduces(),
            price: self.fill_px,
            size: self.fill_sz,
            fee: self.fee,
            fee_asset: &self.fee_ccy,
            exec_type: &self.exec_type,
            kind: match &*self.sub_type {
                "100" | "101" | "102" | "103" | "104" | "105" | "106" | "107" | "108" | "109" => {
                    FillKind::Liquidation
                }
                "125" | "126" | "127" | "128" => FillKind::Adl,
                _ => FillKind::Trade,
            },
            time: self.fill_time.0.or(self.ts.0).unwrap_or_default(),
        };
        fill.read(&instrument).map(Some)
    }
}

struct FillParts<'a> {
    trade_id: &'a str,
    order: &'a str,
    client_id: Option<&'a str>,
    side: &'a str,
    pos_side: &'a str,
    reduces: bool,
    price: Num,
    size: Num,
    fee: Num,
    fee_asset: &'a str,
    exec_type: &'a str,
    kind: FillKind,
    time: hyperrsi_core::model::Timestamp,
}

impl FillParts<'_> {
    fn read(&self, instrument: &Instrument) -> Result<VenueFill, ExchangeError> {
        let what = "a fill of okx";
        let side = side(self.side).ok_or_else(|| senseless(what, "no side"))?;
        let price = self.price.positive().ok_or_else(|| senseless(what, "no price"))?;
        let quantity = base(instrument, self.size, what)?.ok_or_else(|| senseless(what, "no size"))?;
        // The venue books a cost as negative; here it is positive.
        let paid = -self.fee.or_zero();
        let fee = if self.fee_asset == instrument.base {
            paid.times(price).map_err(|error| senseless(what, error.to_string()))?
        } else if self.fee_asset == instrument.quote || paid.is_zero() {
            paid
        } else {
            return Err(senseless(
                what,
                format!("its fee is in {}, which has no price here", self.fee_asset),
            ));
        };
        let client_id = match Origin::of(self.client_id) {
            Origin::Own(id) => Some(id),
            Origin::Foreign(_) => None,
        };
        Ok(VenueFill {
            instrument: instrument.id.clone(),
            fill: Fill {
                trade_id: TradeId::new(self.trade_id),
                client_id,
                leg: leg(instrument, self.pos_side, side, self.reduces).unwrap_or(opening_leg(side)),
                side,
                price: Price::new(price),
                quantity,
                fee: Amount::new(fee),
                liquidity: if self.exec_type == "M" { Liquidity::Maker } else { Liquidity::Taker },
                kind: self.kind,
                time: self.time,
            },
            order: VenueOrderId::new(self.order),
            fee_asset: self.fee_asset.to_owned(),
            fee_paid: Amount::new(paid),
        })
    }
}

/// Contracts of a payload in base units; `None` if the field is empty.
pub(super) fn base(
    instrument: &Instrument,
    contracts: Num,
    what: &str,
) -> Result<Option<Quantity>, ExchangeError> {
    contracts
        .0
        .map(|n| n.times(instrument.contract_size).map(Quantity::new))
        .transpose()
        .map_err(|error| senseless(what, error.to_string()))
}

const fn opening_leg(side: Side) -> PositionSide {
    match side {
        Side::Buy => PositionSide::Long,
        Side::Sell => PositionSide::Short,
    }
}

/// The leg: named in hedge mode, long on spot; in one-way mode it follows from side and reduce-only.
pub(super) fn leg(
    instrument: &Instrument,
    pos_side: &str,
    side: Side,
    reduces: bool,
) -> Option<PositionSide> {
    if instrument.is_spot() {
        return Some(PositionSide::Long);
    }
    position_side(pos_side).or({
        let opening = opening_leg(side);
        Some(if reduces { opening.opposite() } else { opening })
    })
}

/// Whether an order can only reduce: told in one-way mode, by the sides in hedge mode, every sale on spot.
pub(super) fn reduces(instrument: &Instrument, pos_side: &str, side: Side, told: &str) -> bool {
    if instrument.is_spot() {
        return side == Side::Sell;
    }
    position_side(pos_side).map_or(told == "true", |leg| side == leg.closing())
}

fn status(state: &str) -> OrderStatus {
    match state {
        "live" => OrderStatus::Open,
        "partially_filled" => OrderStatus::PartiallyFilled,
        "filled" => OrderStatus::Filled,
        "canceled" | "mmp_canceled" => OrderStatus::Cancelled,
        _ => OrderStatus::Unknown,
    }
}
