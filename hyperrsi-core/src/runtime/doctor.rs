//! Is everything as it must be before an account is started?

use super::clock::Clock;
use super::plan::Plan;
use super::{calls, hub::Hub};
use crate::exchange::{Exchange, ExchangeExt, MarketDataExt, TradingState};
use crate::model::{Span, Timeframe};
use crate::store::Store;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// It will run; somebody should look.
    Poor,
    /// It will not run, or must not.
    Bad,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What was looked at.
    pub what: &'static str,
    /// How it came out.
    pub health: Health,
    /// What was found, and what to do about it.
    pub found: String,
}

/// Looks at everything an account needs, without sending an order or changing a setting: clock, key, modes, balances,
/// markets, history, store. One line per check; see [`Checked::health`].
pub async fn examine(
    exchange: &dyn Exchange,
    hub: &Hub,
    store: &dyn Store,
    clock: &dyn Clock,
    plans: &[Plan],
) -> Vec<Checked> {
    let mut all = vec![time(exchange, clock).await];
    all.extend(key(exchange, clock).await);
    all.push(money(exchange).await);
    all.extend(open(exchange, plans).await);
    for plan in plans {
        all.extend(market(exchange, hub, clock, plan).await);
    }
    all.extend(journal(exchange, store).await);
    all
}

fn line(what: &'static str, health: Health, found: impl Into<String>) -> Checked {
    Checked { what, health, found: found.into() }
}

fn failed(what: &'static str, error: impl std::fmt::Display) -> Checked {
    line(what, Health::Bad, error.to_string())
}

async fn time(exchange: &dyn Exchange, clock: &dyn Clock) -> Checked {
    let before = clock.now();
    match exchange.server_time().await {
        Ok(venue) => {
            let trip = clock.now() - before;
            let offset = venue - (before + Span::millis_of(trip.millis() / 2));
            let health = match offset.millis().abs() {
                0..=1_000 => Health::Good,
                1_001..=30_000 => Health::Poor,
                _ => Health::Bad,
            };
            let text =
                format!("the venue is {} ms ahead, a round trip takes {} ms", offset.millis(), trip.millis());
            line("clock", health, text)
        }
        Err(error) => failed("clock", error),
    }
}

async fn key(exchange: &dyn Exchange, clock: &dyn Clock) -> Vec<Checked> {
    let config = match exchange.account_config().await {
        Ok(config) => config,
        Err(error) => return vec![failed("key", error)],
    };
    let may = &config.permissions;
    let mut all = vec![match (may.trade, may.withdraw) {
        (false, _) => line("key", Health::Bad, "it may only read; allow trading, never withdrawals"),
        (true, Some(true)) => line("key", Health::Poor, "it may withdraw; make one that may not"),
        (true, _) => line("key", Health::Good, "it may read and trade"),
    }];
    if let Some(expires) = config.key_expires {
        let soon = expires - clock.now() < Span::days(14);
        all.push(line("key", if soon { Health::Poor } else { Health::Good }, format!("it ends {expires}")));
    }
    all.push(line("position mode", Health::Good, format!("{:?}, as the venue has it", config.position_mode)));
    all
}

async fn money(exchange: &dyn Exchange) -> Checked {
    match exchange.balances().await {
        Ok(held) if held.iter().all(|balance| !balance.free.is_positive()) => {
            line("balance", Health::Poor, "nothing is free; entries will lack margin")
        }
        Ok(held) => {
            let text: Vec<String> =
                held.iter().map(|one| format!("{} {} free", one.free.get().normalize(), one.asset)).collect();
            line("balance", Health::Good, text.join(", "))
        }
        Err(error) => failed("balance", error),
    }
}

async fn open(exchange: &dyn Exchange, plans: &[Plan]) -> Vec<Checked> {
    let mut all = Vec::new();
    match exchange.positions(None).await {
        Ok(held) => {
            for position in held.iter().map(|held| &held.position).filter(|held| held.quantity.is_positive())
            {
                let planned = plans.iter().any(|plan| plan.instrument.id == position.key.instrument);
                let text =
                    format!("{} {} {}", position.key.instrument, position.key.side, position.quantity.get());
                let (health, note) = match planned {
                    true => (Health::Poor, "it is taken over if the journal knows it, else left alone"),
                    false => (Health::Good, "no trader is on it; it is left alone"),
                };
                all.push(line("position", health, format!("{text}: {note}")));
            }
        }
        Err(error) => all.push(failed("positions", error)),
    }
    if let Err(error) = exchange.open_orders(None).await {
        all.push(failed("orders", error));
    }
    all
}

async fn market(exchange: &dyn Exchange, hub: &Hub, clock: &dyn Clock, plan: &Plan) -> Vec<Checked> {
    let mut all = Vec::new();
    let id = &plan.instrument.id;
    match hub.market().instruments().await {
        Ok(listed) => all.push(match listed.iter().find(|listing| listing.instrument.id == *id) {
            None => {
                line("instrument", Health::Bad, format!("{id} is not listed; choose one of the venue's list"))
            }
            Some(listing) if listing.state != TradingState::Trading => {
                line("instrument", Health::Poor, format!("{id} is {:?}", listing.state))
            }
            Some(listing) if listing.instrument != plan.instrument => line(
                "instrument",
                Health::Poor,
                format!("{id}: the venue's steps differ from the plan's; reload it"),
            ),
            Some(_) => line("instrument", Health::Good, format!("{id} trades")),
        }),
        Err(error) => all.push(failed("instrument", error)),
    }
    match exchange.leverage(id.clone()).await {
        Ok(found) => {
            let ours = (plan.policy.leverage, plan.policy.margin_mode);
            let same = found.long == ours.0 && found.short == ours.0 && found.margin_mode == ours.1;
            let text = format!(
                "{} / {} {:?}, the plan wants {} {:?}",
                found.long, found.short, found.margin_mode, ours.0, ours.1
            );
            let note = if same { "" } else { "; it is set at the start" };
            all.push(line("leverage", Health::Good, format!("{text}{note}")));
        }
        Err(error) => all.push(failed("leverage", error)),
    }
    let needs = plan.strategy.needs();
    let timeframe = needs.series.first().map_or(Timeframe::M1, |need| need.timeframe);
    let depth = needs
        .series
        .iter()
        .map(|need| need.timeframe.millis().saturating_mul(i64::try_from(need.depth).unwrap_or(1)));
    let now = clock.now();
    let from = now - Span::millis_of(depth.max().unwrap_or(0)) - timeframe.span();
    let wanted = usize::try_from((now - from).millis() / timeframe.millis()).unwrap_or(0).saturating_sub(1);
    match calls::candles(hub.market().as_ref(), id, timeframe, from, now).await {
        Ok(found) => {
            let health = if found.len() >= wanted { Health::Good } else { Health::Poor };
            let text =
                format!("{} {timeframe} candles of the {wanted} the strategy begins with", found.len());
            all.push(line("history", health, text));
        }
        Err(error) => all.push(failed("history", error)),
    }
    all
}

async fn journal(exchange: &dyn Exchange, store: &dyn Store) -> Vec<Checked> {
    let mut all = Vec::new();
    match store.health().await {
        Ok(found) if !found.writable => {
            all.push(line("store", Health::Bad, "it cannot be written; nothing would be opened"))
        }
        Ok(found) => all.push(line("store", Health::Good, format!("schema {}, writable", found.schema))),
        Err(error) => all.push(failed("store", error)),
    }
    match store.last_seq(exchange.account()).await {
        Ok(last) => all.push(line("journal", Health::Good, format!("{} records of this account", last.0))),
        Err(error) => all.push(failed("journal", error)),
    }
    all
}
