//! A trader's state in lines.

use hyperrsi::desk::{StopHolder, TraderStatus};
use hyperrsi::model::Timestamp;

/// What is open, what rests, and what keeps entries away.
pub(crate) fn lines(status: &TraderStatus) -> Vec<String> {
    let legs = status.legs.iter().map(|leg| {
        let average = leg.average.map_or_else(String::new, |price| price.get().round_dp(2).to_string());
        let stop = leg.stop.map_or_else(
            || "no stop".to_owned(),
            |stop| {
                let held = if stop.holder == StopHolder::Venue { "" } else { " held by the engine" };
                format!("stop {}{held}", stop.stop.price.get().normalize())
            },
        );
        format!("open: {} {} at {average}, {stop}", leg.side, leg.quantity.get().normalize())
    });
    let orders = status.orders.iter().map(|order| {
        let quantity = order.quantity.map_or_else(String::new, |some| some.get().normalize().to_string());
        let price = order.kind.and_then(|kind| kind.price());
        let price = price.map_or_else(|| "market".to_owned(), |price| price.get().normalize().to_string());
        format!("order: {} {:?} {quantity} at {price}", order.role, order.side)
    });
    let gates: Vec<&str> = status.gates.iter().map(|gate| gate.code.as_str()).collect();
    let gates = (!gates.is_empty()).then(|| format!("no entries: {}", gates.join(", ")));
    legs.chain(orders).chain(gates).collect()
}

/// A time as a log shows it.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', "")
}
