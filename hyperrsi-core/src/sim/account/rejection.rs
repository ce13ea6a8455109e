use crate::exchange::{ErrorClass, Refused};
use crate::model::Overflow;

macro_rules! rejections {
    ($($variant:ident $class:ident $text:literal);+ $(;)?) => {
        /// Why the account did not do it. Finer than [`ErrorClass`], so that a wire format can choose its code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
        #[non_exhaustive]
        pub enum Rejection {
            $(#[doc = $text] #[error($text)] $variant),+
        }

        impl Rejection {
            /// Every rejection.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The class it belongs to.
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$variant => ErrorClass::$class),+ }
            }
        }
    };
}

rejections! {
    UnknownInstrument InstrumentUnknown "the venue has no such instrument";
    Halted InstrumentHalted "the instrument does not take this order now";
    NoPrice InstrumentHalted "the instrument has no price yet";
    DuplicateClientId DuplicateClientId "the client order id was used before";
    NoQuantity InvalidRequest "the quantity must be above zero";
    NoTrigger InvalidRequest "a conditional order needs a trigger";
    OffTick PriceBand "the price is not on a tick";
    PriceOutOfBand PriceBand "the price is outside the band around the last price";
    OffLot FilterChanged "the quantity is not a whole number of lots";
    TooSmall MinNotional "the quantity is below the smallest order";
    TooLittleValue MinNotional "the order's value is below the smallest order value";
    TooLarge PositionLimit "the quantity is above the largest order";
    InsufficientMargin InsufficientMargin "not enough free margin";
    InsufficientBalance InsufficientMargin "not enough free balance";
    LegMissing ModeMismatch "the account is in hedge mode: the order must name its leg";
    LegNamed ModeMismatch "the account is in one-way mode: the order must not name a leg";
    MarginModeDiffers ModeMismatch "the order's margin mode is not the instrument's";
    ModeChanged ModeMismatch "the position mode is not what the sender was last told";
    NothingToReduce ReduceOnlyRejected "there is no position for the order to reduce";
    WouldAdd ReduceOnlyRejected "the order would add to the position it may only reduce";
    ExceedsPosition ReduceOnlyRejected "the order is larger than the position it closes";
    AlreadyThrough AlreadyThrough "the trigger would fire at once";
    WouldTake WouldTake "the post-only order would take";
    TooManyOrders TooManyOrders "too many live orders of this kind";
    UnknownOrder OrderNotLive "there is no such order";
    AlreadyFilled OrderNotLive "the order is filled";
    AlreadyCancelled OrderNotLive "the order is cancelled";
    CannotAmend InvalidRequest "the order cannot be changed in this way";
    LeverageTooHigh PositionLimit "the leverage is above the instrument's highest";
    LeverageTooLow InvalidRequest "the leverage must be at least 1";
    NoLeverage Unsupported "spot has neither leverage nor margin mode";
    OpenThings ModeMismatch "modes cannot be changed while positions or orders are open";
    OutOfRange InvalidRequest "a number is out of range";
}

impl Rejection {
    /// As the exchange contract says it, without a venue's code.
    pub fn refused(self) -> Refused {
        Refused::new(self.class(), None, self.to_string())
    }
}

impl From<Overflow> for Rejection {
    fn from(_: Overflow) -> Self {
        Self::OutOfRange
    }
}
