//! Balance, positions, modes, fees, bills.

use super::codes::{Doing, PARAMETER, rejected};
use super::text::{decimal, field, kind, millis, number};
use super::{failed, holdings, id, requests, rows};
use crate::{Call, Reply, World};
use hyperrsi_core::exchange::CashFlowKind;
use hyperrsi_core::model::{InstrumentId, MarginMode, PositionMode, PositionSide};
use serde_json::{Value, json};

pub(super) fn answer(world: &mut World, call: &Call, path: &str) -> Reply {
    match path {
        "account/balance" => {
            let wanted = call.param("ccy");
            let only: Vec<&str> = wanted.split(',').filter(|asset| !asset.is_empty()).collect();
            rows(json!([holdings::balance(world, &only)]))
        }
        "account/positions" => {
            let (symbols, wanted) = (call.param("instId"), call.param("instType"));
            let open = world.account().positions().unwrap_or_default();
            let fits = |one: &InstrumentId| {
                (symbols.is_empty() || symbols.split(',').any(|symbol| *symbol == *one.symbol))
                    && (wanted.is_empty() || wanted == "SWAP")
            };
            let open = open.iter().filter(|one| fits(&one.instrument));
            rows(open.map(|one| holdings::position(world, one)).collect::<Vec<_>>())
        }
        "account/config" => rows(json!([config(world)])),
        "account/leverage-info" => leverage(world, call),
        "account/set-leverage" => set_leverage(world, &requests(call).pop().unwrap_or_default()),
        "account/set-position-mode" => set_position_mode(world, &requests(call).pop().unwrap_or_default()),
        "account/trade-fee" => {
            let wanted = call.param("instType");
            let setup = world.account().setup();
            let (maker, taker) = match wanted.as_str() {
                "SPOT" => (setup.spot_maker_fee, setup.spot_taker_fee),
                _ => (setup.maker_fee, setup.taker_fee),
            };
            let (maker, taker) = (decimal(-maker), decimal(-taker));
            rows(json!([{ "category": "1", "delivery": "", "exercise": "", "feeGroup": [], "fiat": [],
                "instType": wanted, "isSpecial": false, "level": "Lv1", "maker": maker, "makerU": maker,
                "makerUSDC": maker, "ruleType": "normal", "settle": "", "taker": taker, "takerU": taker,
                "takerUSDC": taker, "ts": millis(world.time()) }]))
        }
        _ => bills(world, call),
    }
}

fn config(world: &World) -> Value {
    let hedged = world.account().position_mode() == PositionMode::Hedge;
    json!({
        "acctLv": "2", "acctStpMode": "cancel_maker", "autoLoan": false, "contractIsoMode": "automatic",
        "ctIsoMode": "automatic", "enableSpotBorrow": false, "greeksType": "PA", "ip": "", "kycLv": "3",
        "label": "practice", "level": "Lv1", "levelTmp": "", "liquidationGear": "-1", "mainUid": "44705892343619584",
        "mgnIsoMode": "automatic", "opAuth": "0", "perm": "read_only,trade",
        "posMode": if hedged { "long_short_mode" } else { "net_mode" }, "roleType": "0", "settleCcy": "USDT",
        "settleCcyList": ["USDT"], "spotBorrowAutoRepay": false, "spotOffsetType": "", "spotRoleType": "0",
        "spotTraderInsts": [], "stgyType": "0", "traderInsts": [], "type": "0", "uid": "44705892343619584",
    })
}

fn mode(text: &str) -> Option<MarginMode> {
    match text {
        "cross" => Some(MarginMode::Cross),
        "isolated" => Some(MarginMode::Isolated),
        _ => None,
    }
}

fn leverage(world: &World, call: &Call) -> Reply {
    let Some(margin_mode) = mode(&call.param("mgnMode")) else {
        return failed((PARAMETER, "Parameter mgnMode error"));
    };
    let hedged = world.account().position_mode() == PositionMode::Hedge;
    let mut data = Vec::new();
    for symbol in call.param("instId").split(',') {
        let Ok(setting) = world.account().leverage_in(&id(symbol), margin_mode) else {
            return failed(super::codes::NO_INSTRUMENT);
        };
        let row = |side: &str, leverage: u32| {
            json!({ "ccy": "", "instId": symbol, "lever": leverage.to_string(),
                "mgnMode": super::rows::margin_mode(margin_mode), "posSide": side })
        };
        if hedged {
            data.extend([row("long", setting.long), row("short", setting.short)]);
        } else {
            data.push(row("net", setting.long));
        }
    }
    rows(data)
}

fn set_leverage(world: &mut World, request: &Value) -> Reply {
    let symbol = field(request, "instId");
    let (Some(margin_mode), Some(leverage)) =
        (mode(&field(request, "mgnMode")), number(request, "lever").and_then(|one| u32::try_from(one).ok()))
    else {
        return failed((PARAMETER, "Parameter lever or mgnMode error"));
    };
    let named = field(request, "posSide");
    let hedged = world.account().position_mode() == PositionMode::Hedge;
    let side = match named.as_str() {
        "long" => Some(PositionSide::Long),
        "short" => Some(PositionSide::Short),
        _ => None,
    };
    if hedged && margin_mode == MarginMode::Isolated && side.is_none() || !hedged && side.is_some() {
        return failed((PARAMETER, "Parameter posSide error"));
    }
    match world.account_mut().set_leverage(&id(&symbol), margin_mode, side, leverage) {
        Ok(_) => rows(json!([{ "instId": symbol, "lever": leverage.to_string(),
            "mgnMode": super::rows::margin_mode(margin_mode), "posSide": named }])),
        Err(hyperrsi_core::sim::account::Rejection::InsufficientMargin) => {
            failed(("59103", "Leverage is too low. There isn't enough margin in your account."))
        }
        Err(no) => failed(rejected(no, Doing::Place)),
    }
}

fn set_position_mode(world: &mut World, request: &Value) -> Reply {
    let name = field(request, "posMode");
    let mode = match name.as_str() {
        "long_short_mode" => PositionMode::Hedge,
        "net_mode" => PositionMode::OneWay,
        _ => return failed((PARAMETER, "Parameter posMode error")),
    };
    match world.account_mut().set_position_mode(mode) {
        Ok(()) => rows(json!([{ "posMode": name }])),
        Err(no) => failed(rejected(no, Doing::Place)),
    }
}

/// Funding and transfers, newest first.
fn bills(world: &World, call: &Call) -> Reply {
    let wanted = call.param("type");
    let begin = call.param("begin").parse::<i64>().unwrap_or(i64::MIN);
    let limit = call.param("limit").parse::<usize>().unwrap_or(100).min(100);
    let flows = world.account().flows().iter().rev().filter(|flow| flow.time.millis() >= begin);
    let data = flows.filter_map(|flow| {
        let (kind_of, sub) = match flow.kind {
            CashFlowKind::Funding if flow.amount.is_positive() => ("8", "174"),
            CashFlowKind::Funding => ("8", "173"),
            _ => ("1", "11"),
        };
        let instrument = flow.instrument.as_ref().and_then(|id| world.account().instrument(id));
        (wanted.is_empty() || wanted == kind_of).then(|| {
            json!({ "bal": decimal(world.account().total(&flow.asset).get()), "balChg": decimal(flow.amount.get()),
                "billId": flow.id, "ccy": flow.asset, "clOrdId": "", "execType": "", "fee": "0", "from": "",
                "instId": instrument.map(|one| one.id.symbol.to_string()).unwrap_or_default(),
                "instType": instrument.map_or("", kind), "interest": "0", "mgnMode": "", "notes": "", "ordId": "",
                "pnl": decimal(flow.amount.get()), "posBal": "0", "posBalChg": "0", "px": "", "subType": sub,
                "sz": "0", "tag": "", "to": "", "tradeId": "", "ts": millis(flow.time), "type": kind_of })
        })
    });
    rows(data.take(limit).collect::<Vec<_>>())
}
