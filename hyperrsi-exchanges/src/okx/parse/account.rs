use super::order::base;
use super::{Known, margin_mode, position_side, senseless};
use crate::common::{Millis, Num, Text};
use crate::okx::VENUE;
use hyperrsi_core::exchange::{
    CashFlow, CashFlowKind, ExchangeError, FeeRates, LeverageSetting, Permissions, VenuePosition,
};
use hyperrsi_core::model::{
    Amount, Arithmetic, Balance, InstrumentId, InstrumentKind, MarginMode, PositionKey, PositionMode,
    PositionSide, PositionSnapshot, Price, Quantity,
};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

/// One row of `account/positions` and of the channel `positions`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PositionRow<'a> {
    /// The venue's symbol.
    #[serde(borrow)]
    pub inst_id: Text<'a>,
    #[serde(borrow, default)]
    pos_side: Text<'a>,
    #[serde(borrow, default)]
    mgn_mode: Text<'a>,
    #[serde(default)]
    pos: Num,
    #[serde(default)]
    avg_px: Num,
    #[serde(default)]
    liq_px: Num,
    #[serde(default)]
    mark_px: Num,
    #[serde(default)]
    lever: Num,
    #[serde(default)]
    margin: Num,
    #[serde(default)]
    imr: Num,
    #[serde(default)]
    upl: Num,
    #[serde(default)]
    u_time: Millis,
}

impl PositionRow<'_> {
    /// The legs the row speaks of: one in hedge mode; in one-way mode both, of which one is flat at least.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`]: no quantity, one out of range, or a leg without average.
    pub fn read(&self, known: &Known) -> Result<Vec<VenuePosition>, ExchangeError> {
        let Some(instrument) = known.instrument(&self.inst_id) else { return Ok(Vec::new()) };
        if instrument.is_spot() {
            return Ok(Vec::new());
        }
        let what = "a position of okx";
        let signed = base(&instrument, self.pos, what)?.unwrap_or_default().get();
        let leg = |side, quantity| self.leg(&instrument.id, side, Quantity::new(quantity));
        match position_side(&self.pos_side) {
            Some(side) => Ok(vec![leg(side, signed.abs())?]),
            None => Ok(vec![
                leg(PositionSide::Long, signed.max(Decimal::ZERO))?,
                leg(PositionSide::Short, (-signed).max(Decimal::ZERO))?,
            ]),
        }
    }

    fn leg(
        &self,
        instrument: &InstrumentId,
        side: PositionSide,
        quantity: Quantity,
    ) -> Result<VenuePosition, ExchangeError> {
        let open = !quantity.is_zero();
        let average = match self.avg_px.positive() {
            Some(average) if open => Price::new(average),
            None if open => return Err(senseless("a position of okx", "it has no average price")),
            _ => Price::ZERO,
        };
        let amount = |number: Num| number.0.filter(|_| open).map(Amount::new);
        Ok(VenuePosition {
            position: PositionSnapshot {
                key: PositionKey { instrument: instrument.clone(), side },
                quantity,
                average,
                liquidation: self.liq_px.positive().filter(|_| open).map(Price::new),
                updated: self.u_time.or_epoch(),
            },
            leverage: self.lever.0.and_then(|n| n.to_u32()),
            margin_mode: margin_mode(&self.mgn_mode),
            margin: amount(self.margin).or_else(|| amount(self.imr)),
            mark: self.mark_px.positive().map(Price::new),
            unrealised: amount(self.upl),
        })
    }
}

/// The one row of `account/balance` and of the channel `account`.
#[derive(Debug, Deserialize)]
pub struct BalanceRow<'a> {
    #[serde(borrow, default)]
    details: Vec<AssetRow<'a>>,
}

/// One asset.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssetRow<'a> {
    #[serde(borrow)]
    ccy: Text<'a>,
    #[serde(default)]
    eq: Num,
    #[serde(default)]
    cash_bal: Num,
    #[serde(default)]
    upl: Num,
    #[serde(default)]
    stgy_eq: Num,
    #[serde(default)]
    avail_eq: Num,
    #[serde(default)]
    avail_bal: Num,
}

impl BalanceRow<'_> {
    /// The assets. The total is equity without unrealised profit and without what the venue's own bots hold; it
    /// contains the margin of isolated positions, which the cash balance does not.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] for sums out of range.
    pub fn read(&self) -> Result<Vec<Balance>, ExchangeError> {
        self.details
            .iter()
            .map(|row| {
                let total = match row.eq.0 {
                    Some(equity) => equity
                        .minus(row.upl.or_zero())
                        .and_then(|rest| rest.minus(row.stgy_eq.or_zero()))
                        .map_err(|error| senseless("a balance of okx", error.to_string()))?,
                    None => row.cash_bal.or_zero(),
                };
                let free = row.avail_eq.0.or(row.avail_bal.0).unwrap_or(total);
                Ok(Balance { asset: row.ccy.to_string(), total: Amount::new(total), free: Amount::new(free) })
            })
            .collect()
    }
}

/// The one row of `account/config`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRow<'a> {
    #[serde(borrow)]
    pos_mode: Text<'a>,
    #[serde(borrow, default)]
    acct_lv: Text<'a>,
    #[serde(borrow, default)]
    perm: Text<'a>,
    #[serde(borrow, default)]
    ip: Text<'a>,
    #[serde(borrow, default)]
    uid: Text<'a>,
}

impl ConfigRow<'_> {
    /// One-way or hedge.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] for a mode the adapter does not know.
    pub fn position_mode(&self) -> Result<PositionMode, ExchangeError> {
        position_mode(&self.pos_mode)
    }
    /// Whether spot orders share margin (account levels 3 and 4).
    pub fn spot_on_margin(&self) -> bool {
        matches!(&*self.acct_lv, "3" | "4")
    }
    /// What the key may do.
    pub fn permissions(&self) -> Permissions {
        let may = |what: &str| self.perm.split(',').any(|part| part.trim() == what);
        Permissions {
            read: may("read_only") || may("trade"),
            trade: may("trade"),
            withdraw: self.perm.some().map(|_| may("withdraw")),
        }
    }
    /// Whether the key works from listed addresses only.
    pub fn address_bound(&self) -> bool {
        self.ip.some().is_some()
    }
    /// The venue's id of the account.
    pub fn uid(&self) -> Option<&str> {
        self.uid.some()
    }
}

fn position_mode(text: &str) -> Result<PositionMode, ExchangeError> {
    match text {
        "net_mode" => Ok(PositionMode::OneWay),
        "long_short_mode" => Ok(PositionMode::Hedge),
        other => Err(senseless("the account's setup at okx", format!("no position mode {other}"))),
    }
}

/// The answer of `account/set-position-mode`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModeRow<'a> {
    #[serde(borrow)]
    pos_mode: Text<'a>,
}

impl ModeRow<'_> {
    /// One-way or hedge.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] for a mode the adapter does not know.
    pub fn read(&self) -> Result<PositionMode, ExchangeError> {
        position_mode(&self.pos_mode)
    }
}

/// One row of `account/trade-fee`. The venue states a cost as negative.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeeRow {
    #[serde(default)]
    maker: Num,
    #[serde(default)]
    taker: Num,
    #[serde(default, rename = "makerU")]
    maker_u: Num,
    #[serde(default, rename = "takerU")]
    taker_u: Num,
}

impl FeeRow {
    /// The rates, a cost positive.
    pub fn read(&self, kind: InstrumentKind) -> FeeRates {
        let (maker, taker) = match kind {
            InstrumentKind::Spot => (self.maker, self.taker),
            _ => (Num(self.maker_u.0.or(self.maker.0)), Num(self.taker_u.0.or(self.taker.0))),
        };
        FeeRates { kind, maker: -maker.or_zero(), taker: -taker.or_zero() }
    }
}

/// One row of `account/leverage-info` and `account/set-leverage`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeverageRow<'a> {
    #[serde(borrow, default)]
    pos_side: Text<'a>,
    lever: Num,
}

/// Leverage of both legs of an instrument.
///
/// # Errors
/// [`ExchangeError::Malformed`] if a leg is missing or its leverage no whole number from 1 on.
pub fn leverage(
    instrument: &InstrumentId,
    margin_mode: MarginMode,
    rows: &[LeverageRow<'_>],
) -> Result<LeverageSetting, ExchangeError> {
    let of = |side: PositionSide| {
        rows.iter()
            .find(|row| position_side(&row.pos_side).is_none_or(|leg| leg == side))
            .and_then(|row| row.lever.0)
            .and_then(|n| n.normalize().to_u32().filter(|whole| Decimal::from(*whole) == n && *whole >= 1))
            .ok_or_else(|| senseless("the leverage at okx", format!("no whole number for the {side} leg")))
    };
    Ok(LeverageSetting {
        instrument: instrument.clone(),
        margin_mode,
        long: of(PositionSide::Long)?,
        short: of(PositionSide::Short)?,
    })
}

/// One row of `account/bills`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillRow<'a> {
    /// By which the list is paged.
    #[serde(borrow)]
    pub bill_id: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    ccy: Text<'a>,
    #[serde(borrow, default)]
    inst_id: Text<'a>,
    #[serde(default)]
    bal_chg: Num,
    #[serde(default)]
    pos_bal_chg: Num,
    ts: Millis,
}

impl BillRow<'_> {
    /// The flow; `None` for bills of fills, which are read as fills.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] for sums out of range.
    pub fn read(&self) -> Result<Option<CashFlow>, ExchangeError> {
        let kind = match &*self.kind {
            // Trade, delivery, liquidation, auto-deleveraging, and margin moved between a position and the account.
            "2" | "3" | "5" | "6" | "9" => return Ok(None),
            "1" => CashFlowKind::Transfer,
            "4" | "12" => CashFlowKind::Conversion,
            "7" => CashFlowKind::Interest,
            "8" => CashFlowKind::Funding,
            "10" => CashFlowKind::Fee,
            _ => CashFlowKind::Other,
        };
        let amount = self
            .bal_chg
            .or_zero()
            .plus(self.pos_bal_chg.or_zero())
            .map_err(|error| senseless("a bill of okx", error.to_string()))?;
        Ok(Some(CashFlow {
            id: self.bill_id.to_string(),
            kind,
            instrument: self.inst_id.some().map(|symbol| InstrumentId::new(VENUE, symbol)),
            asset: self.ccy.to_string(),
            amount: Amount::new(amount),
            time: self.ts.or_epoch(),
        }))
    }
}
