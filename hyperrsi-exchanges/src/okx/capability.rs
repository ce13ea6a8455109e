use super::VENUE;
use hyperrsi_core::exchange::{Capabilities, Feature};
use hyperrsi_core::model::{Span, VenueId};

/// What OKX does natively.
///
/// Linked and attached pairs are one order with one client id at the venue, that of the stop; [`Account`](super::Account)
/// says what follows from that. A second stop on a leg is allowed beside the first. Ended orders can be found for two
/// hours at least (a cancelled one without fills), so that is what the venue remembers.
pub fn capabilities() -> Capabilities {
    let mut can = Capabilities::new(VenueId::new(VENUE)).with([
        Feature::StopMarket,
        Feature::TakeProfitMarket,
        Feature::TrailingStop,
        Feature::LinkedOrders,
        Feature::AttachedOrders,
        Feature::AmendLimit,
        Feature::AmendConditional,
        Feature::OverlappingStops,
        Feature::ReduceOnly,
        Feature::PostOnly,
        Feature::OneWayMode,
        Feature::HedgeMode,
        Feature::SetPositionMode,
        Feature::ShortSelling,
        Feature::Leverage,
        Feature::IsolatedMargin,
        Feature::CrossMargin,
        Feature::QueryByClientId,
        Feature::QueryConditionalByClientId,
        Feature::CancelByClientId,
        Feature::TriggerMark,
        Feature::TriggerLast,
        Feature::Funding,
        Feature::AccountStream,
        Feature::MarketStream,
    ]);
    can.place_batch = 20;
    can.cancel_batch = 10;
    can.client_id_len = 32;
    can.order_memory = Some(Span::hours(2));
    can
}
