//! Events in words.

use hyperrsi::desk::{EntryRole, EventKind};
use hyperrsi::model::{Span, Timestamp};
use hyperrsi::position::{EffectiveStop, StopKind};

/// What happened, as a line of a log says it.
pub(crate) fn of(kind: &EventKind) -> String {
    use EventKind as Kind;
    match kind {
        Kind::EntrySent { side, role, quantity, price, .. } => {
            format!("{} {side} sent: {quantity} at {price}", role_of(*role))
        }
        Kind::Entered { side, role, entries, quantity, price, .. } => {
            format!("{} {side}, the leg's {}: {quantity} at {price}", role_of(*role), ordinal(*entries))
        }
        Kind::Exited { side, reason, quantity, price, gross, .. } => {
            let gross = gross.get().round_dp(2);
            format!("exit {side} by {}: {quantity} at {price}, {gross} before fees", plain(reason.code()))
        }
        Kind::TradeClosed { side, net, reason, .. } => {
            format!("trade {side} closed by {}: net {}", plain(reason.code()), net.get().round_dp(2))
        }
        Kind::LadderPlaced { side, levels } => {
            let levels: Vec<String> = levels.iter().map(ToString::to_string).collect();
            format!("take profits {side} rest at {}", levels.join(", "))
        }
        Kind::StopPlaced { side, stop, quantity, unprotected } => {
            format!("{} {side} placed for {quantity}, after {}", stop_of(stop), span(*unprotected))
        }
        Kind::StopMoved { side, from, to } => {
            let from = from.map_or_else(String::new, |from| format!(" from {}", from.price));
            format!("stop {side} moved{from} to {} ({})", to.price, name_of(to.kind))
        }
        Kind::TrailingActivated { side, from, stop } => {
            format!("trailing stop {side} active from {from}, first at {stop}")
        }
        Kind::Reconciled { found, dry_run, .. } => {
            format!("account read: {found}{}", if *dry_run { " (dry run: not sent)" } else { "" })
        }
        Kind::Funding { amount } => format!("funding {}", amount.get().round_dp(4)),
        Kind::LinkUp { link, down } => format!("{link} connected again after {}", span(*down)),
        Kind::LinkDown { link, class } => {
            format!("{link} connection lost ({class}); entries wait, exits go on")
        }
        Kind::DataGap { .. } => "candles or account news are missing; entries wait".to_owned(),
        Kind::DataRestored => "nothing is missing any more".to_owned(),
        Kind::EntrySkipped { side, reason } => format!("no {side}: {}", plain(reason.as_str())),
        Kind::OrderRefused { role, class, code, message, .. } => {
            let code = code.as_ref().map_or_else(String::new, |code| format!(" {code}"));
            format!("{} order refused ({class}{code}): {message}", plain(role.as_str()))
        }
        Kind::OrderUnknown { order } => format!("no answer about order {order}; the venue is asked"),
        Kind::OrderSettled { order, found } => {
            format!("order {order} {}", if *found { "is at the venue" } else { "never reached the venue" })
        }
        Kind::LadderDegraded { side, class } => {
            format!("a take profit {side} could not be placed ({class}); the stop stands")
        }
        Kind::MarginBlocked { until } => {
            format!("not enough margin, several times: nothing is opened until {}", at(*until))
        }
        Kind::FailurePaused { side, failures } => {
            format!("entries {side} were refused {failures} times: paused until resumed")
        }
        Kind::ForeignPosition { side, quantity } => {
            format!(
                "a position {side} of {quantity} that was not opened here; it is left alone until claimed"
            )
        }
        Kind::Adopted { side, from, to } => {
            format!("{side} was changed by hand from {from} to {to}; taken over")
        }
        Kind::Dust { side, quantity } => {
            format!("{quantity} {side} is below the smallest order and stays; the leg counts as flat")
        }
        Kind::Unprotected { side, elapsed, engine_stop } => {
            let meanwhile = if *engine_stop { "the engine watches the price" } else { "nothing watches it" };
            format!("{side} has had no stop at the venue for {}; {meanwhile}", span(*elapsed))
        }
        Kind::ProtectionRestored { side, unprotected } => {
            format!("{side} has its stop at the venue again, after {}", span(*unprotected))
        }
        Kind::ProtectionRemoved { side } => format!("the stop {side} was cancelled by hand; placed again"),
        Kind::Liquidated { side, reason, quantity, price } => {
            format!("{side} closed by the venue ({}): {quantity} at {price}", plain(reason.code()))
        }
        Kind::StopBeyondLiquidation { side, liquidation } => {
            format!("liquidation of {side} at {liquidation} comes before its stop")
        }
        Kind::TrendBlocked { side } => format!("a signal {side} against the trend was not followed"),
        Kind::ModeMismatch { what, found, wanted } => {
            format!("{} at the venue is {found}, wanted is {wanted}; entries wait", plain(what.as_str()))
        }
        Kind::Maintenance { until } => format!("the venue is in maintenance{}", until_of(*until)),
        Kind::Banned { until } => format!("the venue bans this address or key{}", until_of(*until)),
        Kind::StoreDown { detail } => format!("the store does not answer ({detail}); openings wait"),
        Kind::StrategyFailed { detail } => format!("the strategy failed ({detail}); exits go on"),
        Kind::SecondWriter { order } => {
            format!("order {order} is another program's on this account; entries stop")
        }
        Kind::LeaseLost => "another process took the account over; this one stopped".to_owned(),
        Kind::KeyRejected { class } => {
            format!("the key does not work any more ({class}); stops at the venue stay")
        }
        other => plain(other.code()),
    }
}

const fn role_of(role: EntryRole) -> &'static str {
    match role {
        EntryRole::Extra => "extra entry",
        EntryRole::Hedge => "hedge",
        EntryRole::Grid => "grid entry",
        EntryRole::Manual => "entry by hand",
        _ => "entry",
    }
}

fn stop_of(stop: &EffectiveStop) -> String {
    format!("{} at {}", name_of(stop.kind), stop.price)
}

const fn name_of(kind: StopKind) -> &'static str {
    match kind {
        StopKind::Fixed => "stop loss",
        StopKind::BreakEven => "break-even stop",
        StopKind::Trailing => "trailing stop",
        StopKind::Command => "stop set by hand",
    }
}

fn ordinal(entries: u32) -> String {
    match entries {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        more => format!("{more}th"),
    }
}

fn plain(code: &str) -> String {
    code.replace('_', " ")
}

fn span(span: Span) -> String {
    match span.millis() {
        ms @ ..10_000 => format!("{ms} ms"),
        ms @ ..600_000 => format!("{} s", ms / 1_000),
        ms => format!("{} min", ms / 60_000),
    }
}

fn at(at: Timestamp) -> String {
    super::status::time(at)
}

fn until_of(until: Option<Timestamp>) -> String {
    until.map_or_else(String::new, |until| format!(" until {}", at(until)))
}
