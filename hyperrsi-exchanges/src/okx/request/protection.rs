use super::{trigger_source, unsupported};
use hyperrsi_core::exchange::ExchangeError;
use hyperrsi_core::model::{OrderKind, OrderSpec, TimeInForce};
use serde::Serialize;

/// At market once triggered.
pub(super) const AT_MARKET: &str = "-1";

/// The fields that say where a stop and a take profit trigger and what each sends then; algo orders and attached ones
/// have the same.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Protection {
    #[serde(skip_serializing_if = "Option::is_none")]
    sl_trigger_px: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sl_ord_px: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sl_trigger_px_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tp_trigger_px: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tp_ord_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tp_ord_px: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tp_trigger_px_type: Option<&'static str>,
}

impl Protection {
    /// Both, as far as they are given.
    ///
    /// # Errors
    /// An order that is no stop-market order in the place of the stop, or one that is neither a resting limit order nor a
    /// take-profit order in the other.
    pub(super) fn of(
        stop: Option<&OrderSpec>,
        take_profit: Option<&OrderSpec>,
    ) -> Result<Self, ExchangeError> {
        let mut fields = Self::default();
        match stop.map(|order| order.kind) {
            None => {}
            Some(OrderKind::StopMarket { trigger, source }) => {
                fields.sl_trigger_px = Some(trigger.to_string());
                fields.sl_ord_px = Some(AT_MARKET);
                fields.sl_trigger_px_type = Some(trigger_source(source));
            }
            Some(_) => return Err(unsupported("that stop")),
        }
        match take_profit.map(|order| order.kind) {
            None => {}
            Some(OrderKind::TakeProfitMarket { trigger, source }) => {
                fields.tp_trigger_px = Some(trigger.to_string());
                fields.tp_ord_px = Some(AT_MARKET.into());
                fields.tp_trigger_px_type = Some(trigger_source(source));
            }
            Some(OrderKind::Limit { price, time_in_force: TimeInForce::GoodTillCancelled }) => {
                fields.tp_ord_kind = Some("limit");
                fields.tp_ord_px = Some(price.to_string());
            }
            Some(_) => return Err(unsupported("that take profit")),
        }
        Ok(fields)
    }
}
