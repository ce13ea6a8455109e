use super::Request;
use crate::model::{Span, VenueId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;

macro_rules! features {
    ($($variant:ident $code:literal $doc:literal / $without:literal);+ $(;)?) => {
        /// Something a venue can do natively.
        ///
        /// | feature | what the venue can do | without it |
        /// |---|---|---|
        $(#[doc = concat!("| `", $code, "` | ", $doc, " | ", $without, " |")])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Feature {
            $(#[doc = $doc] #[serde(rename = $code)] $variant),+
        }

        impl Feature {
            /// Every feature.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            /// What the engine does on a venue that lacks it.
            pub const fn without(self) -> &'static str {
                match self { $(Self::$variant => $without),+ }
            }
        }
    };
}

features! {
    StopMarket "stop_market" "holds stop-market orders" / "the engine watches the stop (`allow_engine_stops`)";
    TakeProfitMarket "take_profit_market" "holds trigger take profits" / "levels rest as limit orders";
    TrailingStop "trailing_stop" "moves a stop by itself" / "the engine amends the stop";
    LinkedOrders "linked_orders" "cancels one of two orders when the other fills" / "the engine cancels the other";
    AttachedOrders "attached_orders" "takes stop and take profit with the entry" / "they are placed after the fill";
    AmendLimit "amend_limit" "changes a resting limit order in place" / "cancelled and placed again";
    AmendConditional "amend_conditional" "changes a stop in place" / "the new stop is placed first, then the old cancelled";
    OverlappingStops "overlapping_stops" "holds two stops on one leg during a replacement" / "the engine arms its own stop meanwhile";
    ReduceOnly "reduce_only" "refuses what would add to the leg" / "refused at start, but on spot";
    ReduceBelowMinimum "reduce_below_minimum" "closes a remainder below the smallest order" / "it is booked as dust";
    PostOnly "post_only" "refuses a limit order that would take" / "refused at start where a setting needs it";
    OneWayMode "one_way_mode" "holds one net position per instrument" / "refused at start";
    HedgeMode "hedge_mode" "holds a long and a short leg at once" / "hedge and two-sided grid are refused at start";
    SetPositionMode "set_position_mode" "changes the position mode through the API" / "the user changes it at the venue";
    ShortSelling "short_selling" "lets a leg be short" / "short settings are refused at start";
    Leverage "leverage" "has leverage" / "leverage other than 1 is refused at start";
    IsolatedMargin "isolated_margin" "gives each leg its own margin" / "`margin_mode` isolated is refused at start";
    CrossMargin "cross_margin" "lets legs share margin" / "`margin_mode` cross is refused at start";
    QueryByClientId "query_by_client_id" "finds plain orders by our id" / "found by listing open orders and history";
    QueryConditionalByClientId "query_conditional_by_client_id" "finds conditional orders by our id" / "found by listing";
    CancelByClientId "cancel_by_client_id" "cancels by our id" / "the adapter looks the venue's id up first";
    TriggerMark "trigger_mark" "triggers on the mark price" / "`sl_trigger_price` mark is refused at start";
    TriggerLast "trigger_last" "triggers on the last price" / "`sl_trigger_price` last is refused at start";
    Funding "funding" "charges funding" / "there is none";
    AccountStream "account_stream" "pushes orders, fills and positions" / "the adapter polls, and says Up and Gap";
    MarketStream "market_stream" "pushes market data" / "the adapter polls";
}

/// The venue cannot do what was asked. A start-up error, never silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{venue} has no {what}; {instead}")]
pub struct Unsupported {
    /// The venue.
    pub venue: VenueId,
    /// The feature or request.
    pub what: Cow<'static, str>,
    /// What to do instead.
    pub instead: Cow<'static, str>,
}

impl Unsupported {
    /// A feature the venue lacks.
    pub const fn feature(venue: VenueId, feature: Feature) -> Self {
        Self { venue, what: Cow::Borrowed(feature.code()), instead: Cow::Borrowed(feature.without()) }
    }
    /// A request the adapter does not know: what its last match arm answers.
    pub const fn request(venue: VenueId, request: &Request) -> Self {
        Self::named(venue, request.name())
    }
    /// Something else, by name.
    pub const fn named(venue: VenueId, what: &'static str) -> Self {
        Self {
            venue,
            what: Cow::Borrowed(what),
            instead: Cow::Borrowed("choose another venue, or a newer version of its adapter"),
        }
    }
}

/// The shortest time to wait before "no such order" may be believed (TRADING 13.3).
const SHORTEST_GRACE: Span = Span::seconds(10);

/// What one account can do at its venue: what is native, and how much at once.
///
/// ```
/// use hyperrsi_core::exchange::{Capabilities, Feature};
/// use hyperrsi_core::model::{Span, VenueId};
///
/// let upbit = Capabilities::new(VenueId::new("upbit")).with([Feature::PostOnly, Feature::QueryByClientId]);
/// assert!(upbit.require(Feature::PostOnly).is_ok());
/// let error = upbit.require(Feature::ShortSelling).unwrap_err();
/// assert_eq!(error.to_string(), "upbit has no short_selling; short settings are refused at start");
/// assert_eq!(upbit.not_found_grace(), Span::seconds(10)); // never less
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// The venue.
    pub venue: VenueId,
    /// What is native.
    pub features: BTreeSet<Feature>,
    /// Most orders placed in one request; `1` without batches.
    pub place_batch: u16,
    /// Most orders cancelled in one request; `1` without batches.
    pub cancel_batch: u16,
    /// Longest client order id, 1 to 32.
    pub client_id_len: u8,
    /// Whether resting orders lock what they would sell, as on spot markets: take profits are then watched by the engine
    /// and sent once touched, and what rests is cancelled before a market close (TRADING 5.6, 7.10).
    pub take_profits_lock_quantity: bool,
    /// How long the venue can still find an order that has ended; `None` if it does not say. "No such order" about
    /// an older one proves only that it is not live.
    pub order_memory: Option<Span>,
    not_found_grace: Span,
}

impl Capabilities {
    /// No feature, no batches, client ids of 32 characters, the shortest grace.
    pub const fn new(venue: VenueId) -> Self {
        Self {
            venue,
            features: BTreeSet::new(),
            place_batch: 1,
            cancel_batch: 1,
            client_id_len: 32,
            take_profits_lock_quantity: false,
            order_memory: None,
            not_found_grace: SHORTEST_GRACE,
        }
    }

    /// The same with these features.
    #[must_use]
    pub fn with(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.features.extend(features);
        self
    }

    /// The same with a longer grace; shorter ones than ten seconds count as ten.
    #[must_use]
    pub fn with_not_found_grace(mut self, grace: Span) -> Self {
        self.not_found_grace = grace;
        self
    }

    /// How long after sending "no such order" means nothing; at least ten seconds.
    pub fn not_found_grace(&self) -> Span {
        self.not_found_grace.max(SHORTEST_GRACE)
    }

    /// Whether the feature is native.
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Refuses by name what the venue lacks.
    ///
    /// # Errors
    /// [`Unsupported`] with the venue, the feature and what happens without it.
    pub fn require(&self, feature: Feature) -> Result<(), Unsupported> {
        if self.has(feature) { Ok(()) } else { Err(Unsupported::feature(self.venue.clone(), feature)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_is_never_shorter_than_ten_seconds() {
        let venue = || Capabilities::new(VenueId::new("sim"));
        assert_eq!(venue().with_not_found_grace(Span::seconds(3)).not_found_grace(), Span::seconds(10));
        assert_eq!(venue().with_not_found_grace(Span::seconds(60)).not_found_grace(), Span::seconds(60));
    }

    #[test]
    fn a_missing_feature_is_named_with_its_venue() {
        let spot = Capabilities::new(VenueId::new("upbit"));
        for feature in Feature::ALL {
            let message = spot.require(*feature).unwrap_err().to_string();
            assert!(message.starts_with("upbit has no ") && message.contains(feature.code()), "{message}");
            assert_eq!(spot.clone().with([*feature]).require(*feature), Ok(()));
        }
    }
}
