//! A stop and a take profit that belong together are one order at the venue, under one client id: the stop's. The take
//! profit's goes along in the order's tag, from which it is read again after a restart.
//!
//! A tag has sixteen characters and an id has up to thirty-two, but ids of one leg begin alike: the tag is the length of
//! what both have in common, as one digit in base 36, and the rest of the take profit's id.

use hyperrsi_core::exchange::{ErrorClass, ExchangeError, Refused};
use hyperrsi_core::model::ClientOrderId;

/// Longest tag of the venue.
const LONGEST: usize = 16;

/// The tag of a pair.
///
/// # Errors
/// The ids have too little in common for a tag.
pub(super) fn tag(stop: ClientOrderId, take_profit: ClientOrderId) -> Result<String, ExchangeError> {
    let (stop, goal) = (stop.as_str(), take_profit.as_str());
    let common = stop.bytes().zip(goal.bytes()).take_while(|(a, b)| a == b).count();
    let length = u32::try_from(common).ok().and_then(|length| char::from_digit(length, 36));
    match length.zip(goal.get(common..)) {
        Some((length, rest)) if rest.len() < LONGEST => Ok(format!("{length}{rest}")),
        _ => {
            let why = "linked orders need ids that differ in their last fifteen characters only; place them one by one";
            Err(Refused::new(ErrorClass::InvalidRequest, None, why).into())
        }
    }
}

/// The id of a pair's take profit, by the pair's own id and tag.
pub(super) fn take_profit(stop: &str, tag: &str) -> Option<ClientOrderId> {
    let mut letters = tag.chars();
    let common = usize::try_from(letters.next()?.to_digit(36)?).ok()?;
    format!("{}{}", stop.get(..common)?, letters.as_str())
        .parse()
        .ok()
        .filter(|id: &ClientOrderId| id.as_str() != stop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyperrsi_core::model::{PositionSide, Timestamp, TraderId};
    use hyperrsi_core::trader::{IdSpace, Role};
    use proptest::prelude::*;

    #[test]
    fn a_take_profits_id_is_written_as_what_differs() {
        let id = |text: &str| text.parse::<ClientOrderId>().unwrap();
        assert_eq!(tag(id("hr12s7"), id("hr12t9")).unwrap(), "4t9");
        assert_eq!(tag(id("hr1"), id("hr1x")).unwrap(), "3x");
        assert_eq!(take_profit("hr12s7", "4t9"), Some(id("hr12t9")));
        assert!(tag(id("hr0123456789012345"), id("hrx123456789012345")).is_err(), "sixteen differ");
        for (stop, tag) in [("hr1", ""), ("hr1", "9x"), ("hr1", "-x"), ("hr1", "3"), ("hr1", "3-")] {
            assert_eq!(take_profit(stop, tag), None, "{stop} {tag}");
        }
    }

    #[test]
    fn the_ids_of_a_trader_fit() {
        let ids = IdSpace::new(&TraderId::new("alice:BTC-USDT-SWAP"));
        let cycle = Timestamp::from_millis(1_700_000_000_000);
        let of = |role, attempt| ids.order(cycle, PositionSide::Short, role, attempt);
        let (stop, goal) = (of(Role::Stop(9_999), 99), of(Role::TakeProfit(3, 9_999), 99));
        assert_eq!(take_profit(stop.as_str(), &tag(stop, goal).unwrap()), Some(goal));
    }

    proptest! {
        #[test]
        fn ids_that_fit_survive(common in "hr[a-z0-9]{0,15}", a in "[a-z0-9]{1,14}", b in "[a-z0-9]{1,14}") {
            let (stop, goal): (ClientOrderId, ClientOrderId) =
                (format!("{common}{a}").parse().unwrap(), format!("{common}{b}").parse().unwrap());
            prop_assume!(stop != goal);
            prop_assert_eq!(take_profit(stop.as_str(), &tag(stop, goal).unwrap()), Some(goal));
        }
    }
}
