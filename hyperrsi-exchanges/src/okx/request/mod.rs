//! Requests to OKX as data: nothing here sends. One function per endpoint and intent, so that what goes over the wire
//! can be compared with what other software sends.

mod account;
mod algo;
mod market;
mod order;
mod protection;
mod rules;

pub use account::{
    account_config, balances, bills, fills, leverage_info, positions, set_leverage, set_position_mode,
    trade_fee,
};
pub use algo::{
    ALGO_KINDS, ALGO_STATES, PAIRS, algo_history, amend_algo, cancel_algos, linked, open_algos, place_algo,
    query_algo, trailing,
};
pub use market::{
    CandleSource, bar, candles, funding_history, funding_rate, instruments, mark_price, server_time, status,
    ticker,
};
pub use order::{
    amend_order, attached, cancel_orders, open_orders, order_history, place_batch, place_order, query_order,
};

use super::VENUE;
use crate::net::Call;
use hyperrsi_core::exchange::{ErrorClass, ExchangeError, OrderName, Refused, Unsupported};
use hyperrsi_core::model::{
    Instrument, MarginMode, OrderSpec, Overflow, PositionMode, PositionSide, Quantity, Side, TriggerSource,
    VenueId,
};
use serde::Serialize;

/// What the adapter has to know of an account before it can word an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// One-way (`net_mode`) or hedge (`long_short_mode`).
    pub position_mode: PositionMode,
    /// Whether spot orders share margin: multi-currency and portfolio accounts (`acctLv` 3 and 4).
    pub spot_on_margin: bool,
}

impl Setup {
    /// A one-way account in spot or futures mode.
    pub const ONE_WAY: Self = Self { position_mode: PositionMode::OneWay, spot_on_margin: false };
    /// A hedge account in futures mode.
    pub const HEDGE: Self = Self { position_mode: PositionMode::Hedge, spot_on_margin: false };
}

/// The same list of the margin side: where spot orders share margin, the venue may file them there.
pub fn on_margin(mut call: Call) -> Call {
    for (name, value) in &mut call.query {
        if *name == "instType" {
            *value = "MARGIN".into();
        }
    }
    call
}

/// The fields every order has, however it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Common<'a> {
    inst_id: &'a str,
    td_mode: &'static str,
    side: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pos_side: Option<&'static str>,
    sz: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reduce_only: Option<bool>,
}

impl<'a> Common<'a> {
    fn new(
        instrument: &'a Instrument,
        order: &OrderSpec,
        margin: MarginMode,
        setup: Setup,
        algo: bool,
    ) -> Result<Self, ExchangeError> {
        let hedge = setup.position_mode == PositionMode::Hedge;
        let spot = instrument.is_spot();
        if spot && order.leg == PositionSide::Short {
            return Err(unsupported("short_selling"));
        }
        Ok(Self {
            inst_id: &instrument.id.symbol,
            td_mode: match (spot, setup.spot_on_margin) {
                (true, false) => "cash",
                (true, true) => "cross",
                (false, _) => margin_mode(margin),
            },
            side: side(order.side),
            pos_side: (hedge && !spot).then_some(position_side(order.leg)),
            sz: size(instrument, order.quantity)?,
            // On spot a sale cannot do else than reduce. In hedge mode side and position side say it all, and the
            // venue ignores the flag on plain orders.
            reduce_only: (!spot && (algo || !hedge))
                .then_some(order.reduce_only)
                .filter(|only| *only || !algo),
        })
    }
}

/// Which id names an order in a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderIds<'a> {
    inst_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ord_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<&'a str>,
}

/// The same for algo orders.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlgoIds<'a> {
    inst_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    algo_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algo_cl_ord_id: Option<&'a str>,
}

/// The venue's id and ours, whichever it is.
fn ids(name: &OrderName) -> (Option<&str>, Option<&str>) {
    match name {
        OrderName::Venue(id) => (Some(id.as_str()), None),
        OrderName::Client(id) => (None, Some(id.as_str())),
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

const fn position_side(side: PositionSide) -> &'static str {
    match side {
        PositionSide::Long => "long",
        PositionSide::Short => "short",
    }
}

const fn margin_mode(mode: MarginMode) -> &'static str {
    match mode {
        MarginMode::Cross => "cross",
        MarginMode::Isolated => "isolated",
    }
}

const fn trigger_source(source: TriggerSource) -> &'static str {
    match source {
        TriggerSource::Mark => "mark",
        TriggerSource::Last => "last",
    }
}

const fn kind_name(instrument: &Instrument) -> &'static str {
    match instrument.kind {
        hyperrsi_core::model::InstrumentKind::Spot => "SPOT",
        _ => "SWAP",
    }
}

/// Contracts on swaps, base units on spot.
fn size(instrument: &Instrument, quantity: Quantity) -> Result<String, ExchangeError> {
    instrument.contracts(quantity).map(|contracts| contracts.to_string()).map_err(invalid)
}

fn invalid(error: Overflow) -> ExchangeError {
    Refused::new(ErrorClass::InvalidRequest, None, error.to_string()).into()
}

fn unsupported(what: &'static str) -> ExchangeError {
    Unsupported::named(VenueId::new(VENUE), what).into()
}

fn json<T: Serialize + ?Sized>(body: &T) -> Result<String, ExchangeError> {
    serde_json::to_string(body)
        .map_err(|error| Refused::new(ErrorClass::InvalidRequest, None, error.to_string()).into())
}
