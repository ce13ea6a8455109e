//! What a position and the account's balances look like.

use super::rows::{leg, margin_mode};
use super::text::{contracts, decimal, kind, millis, or_empty};
use crate::World;
use hyperrsi_core::Decimal;
use hyperrsi_core::model::{MarginMode, PositionMode, PositionSide, Quantity};
use hyperrsi_core::sim::account::Position;
use serde_json::{Value, json};

/// A position.
pub(super) fn position(world: &World, one: &Position) -> Value {
    let account = world.account();
    let Some(instrument) = account.instrument(&one.instrument) else { return Value::Null };
    let net = account.position_mode() == PositionMode::OneWay;
    let held = |quantity: Quantity| contracts(instrument, quantity);
    let size = held(one.quantity);
    let signed = if net && one.side == PositionSide::Short && one.quantity.is_positive() {
        format!("-{size}")
    } else {
        size
    };
    let closing: Decimal = account
        .live_orders()
        .filter(|order| order.class() == hyperrsi_core::exchange::OrderClass::Plain)
        .filter(|order| order.sent.instrument == one.instrument && order.sent.side == one.side.closing())
        .filter(|order| order.sent.leg.is_none_or(|leg| leg == one.side))
        .map(|order| order.remaining().get())
        .sum();
    let available = Quantity::new((one.quantity.get() - closing).max(Decimal::ZERO));
    let isolated = one.margin_mode == MarginMode::Isolated;
    let margin = one.margin.get();
    let ratio = if margin.is_zero() {
        Decimal::ZERO
    } else {
        one.unrealised.get().checked_div(margin).unwrap_or_default()
    };
    let coverage = (margin + one.unrealised.get()).checked_div(one.maintenance.get()).unwrap_or_default();
    let trade = account.executions().iter().rev().find(|fill| fill.fill.instrument == one.instrument);
    let realised = one.realised.get() - one.fees.get() + one.funding.get();
    let worth = one.mark.value(one.quantity).map(|value| decimal(value.get())).unwrap_or_default();
    let flat = !one.quantity.is_positive();
    json!({
        "adl": "1", "availPos": held(available), "avgPx": if flat { String::new() } else { decimal(one.average.get()) },
        "baseBal": "", "baseBorrowed": "", "baseInterest": "", "bePx": decimal(one.average.get()),
        "bizRefId": "", "bizRefType": "", "cTime": millis(one.created), "ccy": &instrument.quote,
        "clSpotInUseAmt": "", "closeOrderAlgo": [], "deltaBS": "", "deltaPA": "", "fee": decimal(-one.fees.get()),
        "fundingFee": decimal(one.funding.get()), "gammaBS": "", "gammaPA": "",
        "idxPx": decimal(one.mark.get()), "imr": if isolated { String::new() } else { decimal(margin) },
        "instId": &*instrument.id.symbol, "instType": kind(instrument), "interest": "", "last": decimal(one.last.get()),
        "lever": one.leverage.to_string(), "liab": "", "liabCcy": "", "liqPenalty": "0",
        "liqPx": or_empty(one.liquidation, |price| decimal(price.get())), "margin": if isolated { decimal(margin) } else { String::new() },
        "markPx": decimal(one.mark.get()), "maxSpotInUseAmt": "", "mgnMode": margin_mode(one.margin_mode),
        "mgnRatio": decimal(coverage), "mmr": decimal(one.maintenance.get()), "notionalUsd": worth,
        "optVal": "", "pTime": millis(world.time()), "pendingCloseOrdLiabVal": "", "pnl": decimal(one.realised.get()),
        "pos": signed, "posCcy": "", "posId": one.number.to_string(), "posSide": if net { "net" } else { leg(one.side) },
        "quoteBal": "", "quoteBorrowed": "", "quoteInterest": "", "realizedPnl": decimal(realised),
        "spotInUseAmt": "", "spotInUseCcy": "", "thetaBS": "", "thetaPA": "",
        "tradeId": or_empty(trade, |fill| fill.trade.to_string()), "uTime": millis(one.updated),
        "upl": decimal(one.unrealised.get()), "uplLastPx": decimal(one.unrealised.get()), "uplRatio": decimal(ratio),
        "uplRatioLastPx": decimal(ratio), "usdPx": "", "vegaBS": "", "vegaPA": "",
    })
}

/// The whole account; `only` names the assets to show, all if it is empty.
pub(super) fn balance(world: &World, only: &[&str]) -> Value {
    let account = world.account();
    let now = millis(world.time());
    let worth = |asset: &str, amount: Decimal| -> Decimal {
        let spot = world.feeds().find(|feed| {
            let one = feed.instrument();
            one.is_spot() && one.base == asset
        });
        let price = spot.and_then(|feed| account.last_price(&feed.instrument().id));
        price.map_or(amount, |price| amount.checked_mul(price.get()).unwrap_or_default())
    };
    let positions = account.positions().unwrap_or_default();
    let mut total = Decimal::ZERO;
    let mut details = Vec::new();
    for row in account.balances().unwrap_or_default() {
        let asset = row.asset.as_str();
        let unrealised = account.unrealised(asset).unwrap_or_default().get();
        let equity = row.total.get() + unrealised;
        let isolated: Decimal = positions
            .iter()
            .filter(|one| one.margin_mode == MarginMode::Isolated)
            .filter(|one| account.instrument(&one.instrument).is_some_and(|one| one.quote == asset))
            .map(|one| one.margin.get() + one.unrealised.get())
            .sum();
        let value = worth(asset, equity);
        total += value;
        if !only.is_empty() && !only.contains(&asset) {
            continue;
        }
        let free = decimal(row.free.get());
        details.push(json!({
            "accAvgPx": "", "availBal": free, "availEq": free, "borrowFroz": "", "cashBal": decimal(row.total.get()),
            "ccy": asset, "clSpotInUseAmt": "", "coinUsdPrice": decimal(worth(asset, Decimal::ONE)),
            "colBorrAutoConversion": "0", "collateralEnabled": false, "collateralRestrict": false, "crossLiab": "",
            "disEq": decimal(value), "eq": decimal(equity), "eqUsd": decimal(value), "fixedBal": "0",
            "frozenBal": decimal((row.total.get() - row.free.get()).max(Decimal::ZERO)), "imr": "0", "interest": "",
            "isoEq": decimal(isolated), "isoLiab": "", "isoUpl": "0", "liab": "", "maxLoan": "", "maxSpotInUseAmt": "",
            "mgnRatio": "", "mmr": "0", "notionalLever": "0", "openAvgPx": "", "ordFrozen": "0", "rewardBal": "0",
            "smtSyncEq": "0", "spotBal": "", "spotCopyTradingEq": "0", "spotInUseAmt": "", "spotIsoBal": "0",
            "spotUpl": "", "spotUplRatio": "", "stgyEq": "0", "totalPnl": "", "totalPnlRatio": "", "twap": "0",
            "uTime": now, "upl": decimal(unrealised), "uplLiab": "",
        }));
    }
    json!({
        "adjEq": "", "availEq": "", "borrowFroz": "", "details": details, "imr": "", "isoEq": "0", "mgnRatio": "",
        "mmr": "", "notionalUsd": "", "notionalUsdForBorrow": "", "notionalUsdForFutures": "",
        "notionalUsdForOption": "", "notionalUsdForSwap": "", "ordFroz": "", "totalEq": decimal(total), "uTime": now,
        "upl": "",
    })
}
