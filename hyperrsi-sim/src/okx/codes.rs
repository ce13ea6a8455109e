//! Which code OKX gives for what.

use crate::Turned;
use hyperrsi_core::exchange::ErrorClass;
use hyperrsi_core::sim::account::Rejection;

/// A code and its words.
pub(super) type Code = (&'static str, &'static str);

/// The parameter is missing or makes no sense.
pub(super) const PARAMETER: &str = "51000";
pub(super) const NO_INSTRUMENT: Code =
    ("51001", "Instrument ID, Instrument ID code or Spread ID does not exist.");
pub(super) const NO_CHANNEL: &str = "60018";
pub(super) const NO_ORDER: Code = ("51603", "Order does not exist");

/// What an order was to do when it was refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Place,
    Cancel,
    Amend,
}

/// The code of a rejection.
pub(super) fn rejected(rejection: Rejection, doing: Doing) -> Code {
    use Rejection::*;
    match (rejection, doing) {
        (UnknownInstrument, _) => NO_INSTRUMENT,
        (Halted | NoPrice, _) => ("51022", "Contract suspended"),
        (DuplicateClientId, _) => ("51016", "Duplicated client order ID"),
        (NoQuantity, _) => (PARAMETER, "Parameter sz error"),
        (NoTrigger, _) => (PARAMETER, "Parameter slTriggerPx/tpTriggerPx error"),
        (OffTick, _) => (PARAMETER, "Parameter px error"),
        (PriceOutOfBand, _) => ("51006", "Order price is not within the price limit"),
        (OffLot, _) => ("51121", "Order quantity must be a multiple of the lot size."),
        (TooSmall | TooLittleValue, _) => {
            ("51020", "Order quantity must be greater than or equal to the minimum")
        }
        (TooLarge, _) => ("51202", "Market order amount exceeds the maximum amount"),
        (InsufficientMargin | InsufficientBalance, _) => {
            ("51008", "Order failed. Insufficient account balance or margin.")
        }
        (LegMissing | LegNamed | ModeChanged, _) => (PARAMETER, "Parameter posSide error"),
        (MarginModeDiffers, _) => (PARAMETER, "Parameter tdMode error"),
        (NothingToReduce, _) => (
            "51169",
            "Order failed because you don't have any positions in this direction to reduce or close.",
        ),
        (WouldAdd, _) => (
            "51170",
            "Failed to place order. A reduce-only order can't be the same direction as your position.",
        ),
        (ExceedsPosition, _) => ("51112", "Close order size exceeds your available size."),
        (AlreadyThrough, _) => ("51280", "SL trigger price cannot be higher than the last price"),
        (WouldTake, _) => (PARAMETER, "Parameter ordType error"),
        (TooManyOrders, _) => ("51103", "Number of orders exceeds the maximum pending order count"),
        (UnknownOrder, Doing::Cancel) => ("51400", "Cancellation failed as the order does not exist."),
        (AlreadyCancelled, Doing::Cancel) => {
            ("51401", "Cancellation failed as the order is already canceled.")
        }
        (AlreadyFilled, Doing::Cancel) => ("51402", "Cancellation failed as the order is already completed."),
        (UnknownOrder, Doing::Amend) => ("51503", "Order modification failed as the order does not exist."),
        (AlreadyCancelled, Doing::Amend) => ("51509", "Modification failed as the order has been canceled"),
        (AlreadyFilled, Doing::Amend) => ("51510", "Modification failed as the order has been completed"),
        (UnknownOrder | AlreadyCancelled | AlreadyFilled, _) => NO_ORDER,
        (CannotAmend | OutOfRange, _) => (PARAMETER, "Parameter newSz or newPx error"),
        (LeverageTooHigh, _) => ("59102", "Leverage exceeds the maximum limit. Please lower the leverage."),
        (LeverageTooLow | NoLeverage, _) => (PARAMETER, "Parameter lever error"),
        (OpenThings, _) => {
            ("59000", "Setting failed. Cancel any open orders, close positions, and stop trading bots first.")
        }
        _ => (PARAMETER, "Parameter error"),
    }
}

/// HTTP status and code of a call that is turned away before the account sees it.
pub(super) fn turned(why: &Turned) -> (u16, String, &'static str) {
    use ErrorClass::*;
    let (status, code, message) = match why.class {
        RateLimited => (429, "50011", "Too Many Requests"),
        Banned => (418, "50011", "Too Many Requests. The address is blocked for a time."),
        Maintenance => (503, "50001", "Service temporarily unavailable. Please try again later."),
        Timeout => (400, "50004", "API endpoint request timeout"),
        VenueFault => (500, "50026", "System error. Try again later."),
        Auth => (401, "50111", "Invalid OK-ACCESS-KEY"),
        Permission => (401, "50120", "This API key doesn't have permission to use this function"),
        ClockSkew => (401, "50102", "Timestamp request expired"),
        InstrumentUnknown => (200, NO_INSTRUMENT.0, NO_INSTRUMENT.1),
        InstrumentHalted => (200, "51022", "Contract suspended"),
        OrderNotLive => (200, NO_ORDER.0, NO_ORDER.1),
        InsufficientMargin => (200, "51008", "Order failed. Insufficient account balance or margin."),
        PositionLimit => (200, "51004", "Order amount exceeds current tier limit"),
        DuplicateClientId => (200, "51016", "Duplicated client order ID"),
        PriceBand => (200, "51006", "Order price is not within the price limit"),
        MinNotional => (200, "51020", "Order quantity must be greater than or equal to the minimum"),
        FilterChanged => (200, "51121", "Order quantity must be a multiple of the lot size."),
        TooManyOrders => (200, "51103", "Number of orders exceeds the maximum pending order count"),
        ReduceOnlyRejected => (
            200,
            "51169",
            "Order failed because you don't have any positions in this direction to reduce or close.",
        ),
        AlreadyThrough => (200, "51280", "SL trigger price cannot be higher than the last price"),
        _ => (200, PARAMETER, "Parameter error"),
    };
    (status, why.code.clone().unwrap_or_else(|| code.to_owned()), message)
}
