use super::{json, kind_name, margin_mode, position_side, rules};
use crate::net::{Call, Cost, Rule};
use hyperrsi_core::exchange::{ExchangeError, Urgency};
use hyperrsi_core::model::{Instrument, MarginMode, PositionMode, PositionSide, Timestamp};
use serde::Serialize;

fn read(path: &'static str, rule: Rule) -> Call {
    Call::read(path, Cost::one(rule)).signed()
}

/// Everything the account holds.
pub fn balances() -> Call {
    read("/api/v5/account/balance", rules::BALANCE)
}

/// Modes and permissions.
pub fn account_config() -> Call {
    read("/api/v5/account/config", rules::CONFIG)
}

/// Fee rates of the kind of market an instrument is of, as they hold for this instrument.
pub fn trade_fee(instrument: &Instrument) -> Call {
    let call = read("/api/v5/account/trade-fee", rules::FEE).with("instType", kind_name(instrument));
    if instrument.is_spot() {
        call.with("instId", instrument.id.symbol.to_string())
    } else {
        call.with("uly", format!("{}-{}", instrument.base, instrument.quote))
    }
}

/// Open positions.
pub fn positions(instrument: Option<&Instrument>) -> Call {
    read("/api/v5/account/positions", rules::POSITIONS)
        .maybe("instId", instrument.map(|instrument| instrument.id.symbol.to_string()))
}

/// Leverage of one instrument in one margin mode.
pub fn leverage_info(instrument: &Instrument, margin: MarginMode) -> Call {
    read("/api/v5/account/leverage-info", rules::LEVERAGE)
        .with("instId", instrument.id.symbol.to_string())
        .with("mgnMode", margin_mode(margin))
}

/// Sets leverage. `leg`: in isolated margin the venue keeps one value per leg in hedge mode, and one for `net`
/// otherwise; in cross margin it keeps one in all.
///
/// # Errors
/// Only if the body cannot be written.
pub fn set_leverage(
    instrument: &Instrument,
    margin: MarginMode,
    leverage: u32,
    leg: Option<PositionSide>,
) -> Result<Call, ExchangeError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        inst_id: &'a str,
        lever: String,
        mgn_mode: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pos_side: Option<&'static str>,
    }
    let pos_side = match (margin, leg) {
        (MarginMode::Cross, _) => None,
        (MarginMode::Isolated, None) => Some("net"),
        (MarginMode::Isolated, Some(leg)) => Some(position_side(leg)),
    };
    let body = Body {
        inst_id: &instrument.id.symbol,
        lever: leverage.to_string(),
        mgn_mode: margin_mode(margin),
        pos_side,
    };
    let cost = Cost::one(rules::SET_LEVERAGE);
    Ok(Call::post("/api/v5/account/set-leverage", json(&body)?, cost, Urgency::Opening))
}

/// Sets the position mode.
///
/// # Errors
/// Only if the body cannot be written.
pub fn set_position_mode(mode: PositionMode) -> Result<Call, ExchangeError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        pos_mode: &'static str,
    }
    let pos_mode = match mode {
        PositionMode::OneWay => "net_mode",
        PositionMode::Hedge => "long_short_mode",
    };
    let cost = Cost::one(rules::SET_MODE);
    Ok(Call::post("/api/v5/account/set-position-mode", json(&Body { pos_mode })?, cost, Urgency::Opening))
}

/// Fills from `begin` to `end`, newest first, older than the bill `older_than`: of an instrument, or, if not `named`, of
/// its whole kind of market. `order`: of one order only.
pub fn fills(
    instrument: &Instrument,
    named: bool,
    order: Option<&str>,
    begin: Option<Timestamp>,
    end: Option<Timestamp>,
    limit: Option<u16>,
    older_than: Option<&str>,
) -> Call {
    read("/api/v5/trade/fills-history", rules::FILLS)
        .with("instType", kind_name(instrument))
        .maybe("instId", named.then(|| instrument.id.symbol.to_string()))
        .maybe("ordId", order.map(str::to_owned))
        .maybe("begin", begin.map(|time| time.millis().to_string()))
        .maybe("end", end.map(|time| time.millis().to_string()))
        .maybe("limit", limit.map(|limit| limit.to_string()))
        .maybe("after", older_than.map(str::to_owned))
}

/// Money that moved from `begin` to `end`, newest first, older than the bill `older_than`. The venue keeps the last week
/// in one place and three months in another, the `archive`.
pub fn bills(archive: bool, begin: Timestamp, end: Timestamp, older_than: Option<&str>) -> Call {
    let path = if archive { "/api/v5/account/bills-archive" } else { "/api/v5/account/bills" };
    read(path, rules::BILLS)
        .with("begin", begin.millis().to_string())
        .with("end", end.millis().to_string())
        .with("limit", "100")
        .maybe("after", older_than.map(str::to_owned))
}
