//! Is everything as it must be before an account is started?

use super::clock::Clock;
use super::plan::Plan;
use super::{calls, hub::Hub};
use crate::exchange::{Exchange, ExchangeError, ExchangeExt, MarketDataExt, TradingState, VenueOrder};
use crate::model::{PositionMode, Span, Timeframe};
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
    /// What was found.
    pub found: String,
    /// What to do about it; `None` if there is nothing to do.
    pub fix: Option<String>,
}

impl Checked {
    /// What was found, and what to do about it.
    pub fn told(&self) -> String {
        match &self.fix {
            Some(fix) => format!("{}; {fix}", self.found),
            None => self.found.clone(),
        }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
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
    all.extend(key(exchange, clock, plans).await);
    all.push(money(exchange).await);
    all.extend(open(exchange, plans).await);
    for plan in plans {
        all.extend(market(exchange, hub, clock, plan).await);
    }
    all.extend(journal(exchange, store).await);
    all
}

fn line(what: &'static str, health: Health, found: impl Into<String>) -> Checked {
    Checked { what, health, found: found.into(), fix: None }
}

fn failed(what: &'static str, error: &ExchangeError) -> Checked {
    line(what, Health::Bad, error.to_string()).fix(error.class().next_step())
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
            let checked = line("clock", health, text);
            match health {
                Health::Good => checked,
                _ => checked.fix("synchronise the system clock (NTP)"),
            }
        }
        Err(error) => failed("clock", &error),
    }
}

async fn key(exchange: &dyn Exchange, clock: &dyn Clock, plans: &[Plan]) -> Vec<Checked> {
    let config = match exchange.account_config().await {
        Ok(config) => config,
        Err(error) => return vec![failed("key", &error)],
    };
    let may = &config.permissions;
    let mut all = vec![match (may.trade, may.withdraw) {
        (false, _) => {
            line("key", Health::Bad, "it may only read").fix("allow trading for it, never withdrawals")
        }
        (true, Some(true)) => {
            line("key", Health::Poor, "it may withdraw").fix("make one that may trade and not withdraw")
        }
        (true, None) => {
            line("key", Health::Good, "it may read and trade; the venue does not tell of withdrawals")
                .fix("see at the venue that it may not withdraw")
        }
        (true, _) => line("key", Health::Good, "it may read and trade"),
    }];
    if let Some(expires) = config.key_expires {
        let soon = expires - clock.now() < Span::days(14);
        let text = format!("it ends {expires}");
        all.push(match soon {
            true => line("key", Health::Poor, text).fix("make a new one before, and put it in its place"),
            false => line("key", Health::Good, text),
        });
    }
    all.push(position_mode(exchange, config.position_mode, plans).await);
    all
}

/// Both modes trade; a hedge needs the one, and nothing may be open when it is changed.
async fn position_mode(exchange: &dyn Exchange, mode: PositionMode, plans: &[Plan]) -> Checked {
    let hedges = plans.iter().any(|plan| {
        let entries = plan.terms.as_ref().and_then(|terms| terms.entries.as_ref());
        entries.is_some_and(|entries| entries.hedge.is_some())
    });
    if mode == PositionMode::Hedge || !hedges {
        return line("position mode", Health::Good, format!("{mode:?}, as the venue has it"));
    }
    let open = exchange
        .positions(None)
        .await
        .is_ok_and(|held| held.iter().any(|one| one.position.quantity.is_positive()));
    let first = if open { "close what is open, then " } else { "" };
    line("position mode", Health::Poor, "OneWay; hedges of the settings would not be opened")
        .fix(format!("{first}set the account to hedge mode at the venue, or switch use_dual_side_entry off"))
}

async fn money(exchange: &dyn Exchange) -> Checked {
    match exchange.balances().await {
        Ok(held) if held.iter().all(|balance| !balance.free.is_positive()) => {
            line("balance", Health::Poor, "nothing is free: entries will lack margin")
                .fix("move money to the account's trading balance, or free some")
        }
        Ok(held) => {
            let text: Vec<String> =
                held.iter().map(|one| format!("{} {} free", one.free.get().normalize(), one.asset)).collect();
            line("balance", Health::Good, text.join(", "))
        }
        Err(error) => failed("balance", &error),
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
                all.push(match planned {
                    true => line("position", Health::Poor, format!("{text} is open")).fix(
                        "nothing if the journal knows it; else it is left alone until it is claimed or closed",
                    ),
                    false => line("position", Health::Good, format!("{text}: no trader is on it; it is left alone")),
                });
            }
        }
        Err(error) => all.push(failed("positions", &error)),
    }
    match exchange.open_orders(None).await {
        Ok(orders) => all.push(foreign(&orders, plans)),
        Err(error) => all.push(failed("orders", &error)),
    }
    all
}

/// Orders that others have placed: on an instrument of ours they may fill into our legs.
fn foreign(orders: &[VenueOrder], plans: &[Plan]) -> Checked {
    let of_others = orders.iter().filter(|order| order.client_id().is_none() && order.status.is_live());
    let planned = |order: &&VenueOrder| plans.iter().any(|plan| plan.instrument.id == order.instrument);
    let (near, far): (Vec<_>, Vec<_>) = of_others.partition(planned);
    if near.is_empty() {
        let text = format!("none of others on these instruments, {} elsewhere", far.len());
        return line("orders", Health::Good, text);
    }
    let names: Vec<String> =
        near.iter().map(|order| format!("{} on {}", order.id, order.instrument)).collect();
    line("orders", Health::Poor, format!("{} of others: {}", near.len(), names.join(", "))).fix(
        "cancel them at the venue if they are forgotten; they are left alone, and what they fill is foreign",
    )
}

async fn market(exchange: &dyn Exchange, hub: &Hub, clock: &dyn Clock, plan: &Plan) -> Vec<Checked> {
    let mut all = Vec::new();
    let id = &plan.instrument.id;
    match hub.market().instruments().await {
        Ok(listed) => all.push(match listed.iter().find(|listing| listing.instrument.id == *id) {
            None => line("instrument", Health::Bad, format!("{id} is not listed"))
                .fix("choose one of the venue's list, written as it does"),
            Some(listing) if listing.state != TradingState::Trading => {
                line("instrument", Health::Poor, format!("{id} is {:?}", listing.state))
                    .fix("wait until the venue trades it again, or choose another; nothing is opened before")
            }
            Some(listing) if listing.instrument != plan.instrument => line(
                "instrument",
                Health::Poor,
                format!("{id}: the venue's {} the plan's", filters(&listing.instrument, &plan.instrument)),
            )
            .fix("read the instrument from the venue's list when the plan is made"),
            Some(_) => line("instrument", Health::Good, format!("{id} trades")),
        }),
        Err(error) => all.push(failed("instrument", &error)),
    }
    match exchange.leverage(id.clone()).await {
        Ok(found) => {
            let ours = (plan.policy.leverage, plan.policy.margin_mode);
            let same = found.long == ours.0 && found.short == ours.0;
            let text = format!("{} / {}, the plan wants {}", found.long, found.short, ours.0);
            let set = "nothing: it is set at the start, unless a position or an order keeps it";
            let checked = line("leverage", Health::Good, text);
            all.push(if same { checked } else { checked.fix(set) });
            let text = format!("{:?}, the plan wants {:?}", found.margin_mode, ours.1);
            let checked = line("margin mode", Health::Good, text);
            all.push(if found.margin_mode == ours.1 { checked } else { checked.fix(set) });
        }
        Err(error) => all.push(failed("leverage", &error)),
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
            let checked = line("history", health, text);
            all.push(match health {
                Health::Good => checked,
                _ => checked.fix(
                    "wait until the venue has more, or begin with shorter lengths; nothing is opened before",
                ),
            });
        }
        Err(error) => all.push(failed("history", &error)),
    }
    all
}

async fn journal(exchange: &dyn Exchange, store: &dyn Store) -> Vec<Checked> {
    let mut all = Vec::new();
    match store.health().await {
        Ok(found) if !found.writable => all.push(
            line("store", Health::Bad, "it cannot be written: nothing would be opened")
                .fix("see the disk's room and the file's permissions, and that no other process holds it"),
        ),
        Ok(found) => all.push(line("store", Health::Good, format!("schema {}, writable", found.schema))),
        Err(error) => all.push(broken("store", &error)),
    }
    match store.last_seq(exchange.account()).await {
        Ok(last) => all.push(line("journal", Health::Good, format!("{} records of this account", last.0))),
        Err(error) => all.push(broken("journal", &error)),
    }
    all
}

fn broken(what: &'static str, error: &crate::store::StoreError) -> Checked {
    line(what, Health::Bad, error.to_string())
        .fix("see that the file is there, whole, on a local disk and written by this version or an older one")
}

/// In which steps and limits two descriptions of an instrument differ.
fn filters(venue: &crate::model::Instrument, plan: &crate::model::Instrument) -> String {
    let all = [
        ("tick", venue.tick, plan.tick),
        ("lot", venue.lot, plan.lot),
        ("smallest size", venue.min_size, plan.min_size),
        ("smallest value", venue.min_notional, plan.min_notional),
        ("contract", venue.contract_size, plan.contract_size),
    ];
    let differ = all.into_iter().filter(|(_, one, two)| one != two);
    let texts: Vec<String> = differ
        .map(|(name, one, two)| format!("{name} is {}, not {}", one.normalize(), two.normalize()))
        .collect();
    if texts.is_empty() { "description is not".into() } else { format!("{}, as in", texts.join(", ")) }
}
