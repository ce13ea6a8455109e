//! A trader as data: written with its records, read back after a restart.

use super::gates::Gates;
use super::leg::Leg;
use super::orders::Orders;
use super::{Applied, IdSpace, Policy, Trader};
use crate::model::{PositionSide, Timeframe, Timestamp, TraderId};
use crate::risk::Refusal;
use crate::strategy::{LegState, View};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Everything of a [`Trader`] that outlives its process.
///
/// A driver stores the newest one in the same append as the records of one input. What was under way then is in it as
/// such: [`Trader::restore`] makes every order of which an answer was outstanding one of unknown outcome, which is looked
/// up before anything else happens on its leg. Openings that were decided and not sent are gone: their candle is over.
///
/// ```
/// use hyperrsi_core::model::{Instrument, InstrumentId, TraderId};
/// use hyperrsi_core::trader::{Policy, Trader, TraderSnapshot};
/// let btc = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
/// let trader = Trader::new(TraderId::new("alice:BTCUSDT"), btc, Policy::default());
/// let stored = serde_json::to_string(&trader.snapshot())?;
/// let restored = Trader::restore(serde_json::from_str::<TraderSnapshot>(&stored)?);
/// assert_eq!(restored.id(), trader.id());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TraderSnapshot {
    /// Format of the fields below; a newer one is refused by the store, not guessed at.
    pub version: u32,
    id: TraderId,
    policy: Policy,
    view: View,
    long: Leg,
    short: Leg,
    orders: Orders,
    gates: Gates,
    now: Timestamp,
    next_request: u64,
    atr: Option<f64>,
    rest: Vec<super::rest::Wanted>,
    base: Option<Timeframe>,
    applied: Arc<Applied>,
    #[serde(default)]
    author: super::action::Author,
}

/// The format this version writes.
pub(super) const VERSION: u32 = 1;

/// Gates that a restart does not open: somebody or something has to.
const KEPT: [Refusal; 4] =
    [Refusal::Paused, Refusal::MarginBlocked, Refusal::Unprotected, Refusal::StrategyFailed];

impl TraderSnapshot {
    /// The trader it is of.
    pub const fn id(&self) -> &TraderId {
        &self.id
    }
    /// When it was taken, as the trader knew the time.
    pub const fn taken(&self) -> Timestamp {
        self.now
    }
}

impl Trader {
    /// Everything that outlives the process, as it is now. Drain the outputs first.
    pub fn snapshot(&self) -> TraderSnapshot {
        TraderSnapshot {
            version: VERSION,
            id: self.id.clone(),
            policy: self.policy.clone(),
            view: self.view.clone(),
            long: self.long.clone(),
            short: self.short.clone(),
            orders: self.orders.clone(),
            gates: self.gates.clone(),
            now: self.now,
            next_request: self.next_request,
            atr: self.atr,
            rest: self.rest.clone(),
            base: self.base,
            applied: Arc::clone(&self.applied),
            author: self.author.clone(),
        }
    }

    /// The trader of a snapshot. It has to be started like a new one; it then looks up what was under way and reads the
    /// account, and opens nothing before both are answered.
    pub fn restore(snapshot: TraderSnapshot) -> Self {
        let mut trader = Self::new(snapshot.id.clone(), snapshot.view.instrument.clone(), snapshot.policy);
        trader.ids = IdSpace::new(&snapshot.id);
        trader.view = snapshot.view;
        (trader.long, trader.short) = (snapshot.long, snapshot.short);
        trader.orders = snapshot.orders;
        trader.orders.lose_answers();
        trader.gates = snapshot.gates;
        trader.rest_waits = !snapshot.rest.is_empty();
        trader.rest = snapshot.rest;
        trader.gates.restart(&KEPT);
        trader.inherited = super::inherit::Inherited::Unread;
        (trader.now, trader.next_request) = (snapshot.now, snapshot.next_request);
        (trader.atr, trader.base, trader.applied) = (snapshot.atr, snapshot.base, snapshot.applied);
        trader.author = snapshot.author;
        for side in PositionSide::BOTH {
            let opening = trader.orders.has_opening(side);
            let leg = trader.leg_mut(side);
            if leg.state == LegState::Entering && leg.book.is_flat() && !opening {
                let hedge = std::mem::take(&mut leg.hedge);
                leg.state = LegState::Flat;
                // A hedge follows its main leg, not a candle: it is decided anew.
                trader.leg_mut(side.opposite()).hedge_due |= hedge;
            }
            let leg = trader.leg_mut(side);
            trader.rest_waits |= leg.rest_waits;
            trader.sync(side);
        }
        trader.refresh_gates();
        trader
    }
}
