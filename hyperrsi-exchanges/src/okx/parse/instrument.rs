use super::senseless;
use crate::common::{Millis, Num, Text};
use crate::okx::VENUE;
use hyperrsi_core::exchange::{ExchangeError, Listing, TradingState};
use hyperrsi_core::model::{Arithmetic, Instrument, InstrumentId, InstrumentKind, Overflow};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

/// One row of `public/instruments`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row<'a> {
    #[serde(borrow)]
    inst_id: Text<'a>,
    #[serde(borrow)]
    inst_type: Text<'a>,
    #[serde(borrow, default)]
    base_ccy: Text<'a>,
    #[serde(borrow, default)]
    quote_ccy: Text<'a>,
    #[serde(borrow, default)]
    settle_ccy: Text<'a>,
    #[serde(borrow, default)]
    ct_type: Text<'a>,
    #[serde(borrow, default)]
    ct_val_ccy: Text<'a>,
    #[serde(default)]
    ct_val: Num,
    #[serde(default)]
    ct_mult: Num,
    tick_sz: Num,
    lot_sz: Num,
    min_sz: Num,
    #[serde(default)]
    max_lmt_sz: Num,
    #[serde(default)]
    max_mkt_sz: Num,
    #[serde(default)]
    lever: Num,
    #[serde(borrow, default)]
    state: Text<'a>,
    #[serde(default)]
    exp_time: Millis,
}

/// The instruments of a list that the library can trade: spot and linear swaps. The others, and single rows that make
/// no sense, are left out; a bad row must not take the venue down (FAULTS 38).
pub fn listings(rows: &[Row<'_>]) -> Vec<Listing> {
    rows.iter().filter_map(|row| listing(row).ok().flatten()).collect()
}

/// One instrument; `None` for kinds the library does not trade.
///
/// # Errors
/// [`ExchangeError::Malformed`] for steps or sizes that are missing, not positive or out of range.
pub fn listing(row: &Row<'_>) -> Result<Option<Listing>, ExchangeError> {
    let what = "an instrument of okx";
    let Some(instrument) = instrument(row).map_err(|error| senseless(what, error.to_string()))? else {
        return Ok(None);
    };
    instrument.validate().map_err(|error| senseless(what, error.to_string()))?;
    let state = match &*row.state {
        "live" => TradingState::Trading,
        "suspend" | "rebase" => TradingState::Halted,
        "preopen" => TradingState::Upcoming,
        "expired" => TradingState::Delisted,
        "post_only" => TradingState::PostOnly,
        _ => TradingState::Unknown,
    };
    Ok(Some(Listing { instrument, state, ends: row.exp_time.0 }))
}

fn instrument(row: &Row<'_>) -> Result<Option<Instrument>, Overflow> {
    let id = InstrumentId::new(VENUE, &*row.inst_id);
    match (&*row.inst_type, &*row.ct_type) {
        ("SPOT", _) => Ok(Some(Instrument {
            kind: InstrumentKind::Spot,
            tick: row.tick_sz.or_zero(),
            lot: row.lot_sz.or_zero(),
            min_size: row.min_sz.or_zero(),
            // The limit of market orders is stated in quote units; only the limit orders' is a quantity.
            max_size: row.max_lmt_sz.positive(),
            contract_size: Decimal::ONE,
            max_leverage: 1,
            ..Instrument::linear(id, &*row.base_ccy, &*row.quote_ccy)
        })),
        ("SWAP", "linear") => {
            let contract_size = row.ct_val.or_zero().times(row.ct_mult.0.unwrap_or(Decimal::ONE))?;
            let base_units = |contracts: Num| contracts.or_zero().times(contract_size);
            // One size fits limit and market orders: the smaller limit holds.
            let largest = [row.max_lmt_sz, row.max_mkt_sz].into_iter().filter_map(Num::positive).min();
            Ok(Some(Instrument {
                kind: InstrumentKind::Linear,
                tick: row.tick_sz.or_zero(),
                lot: base_units(row.lot_sz)?,
                min_size: base_units(row.min_sz)?,
                max_size: largest.map(|contracts| contracts.times(contract_size)).transpose()?,
                contract_size,
                max_leverage: row.lever.or_zero().to_u32().unwrap_or(1).max(1),
                ..Instrument::linear(id, &*row.ct_val_ccy, &*row.settle_ccy)
            }))
        }
        _ => Ok(None),
    }
}
