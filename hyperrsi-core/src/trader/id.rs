//! Client order ids: a pure function of trader, cycle, role and attempt, so that a lost store cannot make ids collide and
//! nothing is ever sent twice under two ids.

use crate::model::{ClientOrderId, PositionSide, Timestamp, TraderId};
use serde::{Deserialize, Serialize};

/// Marks an order as ours.
pub const PREFIX: &str = "hr";

/// What an order is for within its leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// The first or a further entry at market; numbered from 1.
    Entry(u16),
    /// The protective stop, and which revision of it.
    Stop(u16),
    /// A take-profit level from 1, and which revision of it.
    TakeProfit(u8, u16),
    /// A close at market, and which one.
    Close(u16),
    /// A resting entry, by its key.
    Resting(u16),
    /// The exit of a grid lot, by its key.
    LotExit(u16),
}

impl Role {
    /// What the order of an id of ours is for.
    pub(crate) fn of(id: &ClientOrderId) -> Option<Self> {
        let number = u32::from_str_radix(id.as_str().get(18..22)?, 36).ok()?;
        let whole = u16::try_from(number).ok();
        Some(match id.as_str().as_bytes().get(17)? {
            b'e' => Self::Entry(whole?),
            b's' => Self::Stop(whole?),
            b't' => Self::TakeProfit(u8::try_from(number % 16).ok()?, u16::try_from(number / 16).ok()?),
            b'c' => Self::Close(whole?),
            b'r' => Self::Resting(whole?),
            b'x' => Self::LotExit(whole?),
            _ => return None,
        })
    }

    /// The number within its leg's cycle; of a take profit without its level.
    pub(crate) const fn revision(self) -> u16 {
        match self {
            Self::Entry(n) | Self::Resting(n) | Self::LotExit(n) | Self::Stop(n) | Self::Close(n) => n,
            Self::TakeProfit(_, n) => n,
        }
    }

    const fn parts(self) -> (u8, u32) {
        match self {
            Self::Entry(n) => (b'e', n as u32),
            Self::Stop(n) => (b's', n as u32),
            Self::TakeProfit(level, n) => (b't', n as u32 * 16 + level as u32),
            Self::Close(n) => (b'c', n as u32),
            Self::Resting(n) => (b'r', n as u32),
            Self::LotExit(n) => (b'x', n as u32),
        }
    }
}

/// The stable part of a trader's ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdSpace {
    trader: u32,
}

impl IdSpace {
    /// From the trader's id (FNV-1a).
    pub fn new(trader: &TraderId) -> Self {
        let hash = trader
            .as_str()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self { trader: hash }
    }

    /// The id of an order. `cycle` is the close of the deciding candle, or the time of the fill that triggered it;
    /// `attempt` rises only after a refusal or a proven absence.
    ///
    /// ```
    /// use hyperrsi_core::model::{PositionSide, Timestamp, TraderId};
    /// use hyperrsi_core::trader::{IdSpace, Role};
    /// let ids = IdSpace::new(&TraderId::new("alice:BTC-USDT-SWAP"));
    /// let cycle = Timestamp::from_millis(1_700_000_000_000);
    /// let id = ids.order(cycle, PositionSide::Long, Role::Stop(1), 0);
    /// assert_eq!(id, ids.order(cycle, PositionSide::Long, Role::Stop(1), 0));
    /// assert_ne!(id, ids.order(cycle, PositionSide::Long, Role::Stop(2), 0));
    /// assert!(id.as_str().starts_with("hr") && id.as_str().len() <= 32);
    /// ```
    pub fn order(&self, cycle: Timestamp, leg: PositionSide, role: Role, attempt: u16) -> ClientOrderId {
        let mut id = ClientOrderId::builder(PREFIX);
        let (letter, number) = role.parts();
        let side = match leg {
            PositionSide::Long => b'l',
            PositionSide::Short => b'k',
        };
        id.digits(u64::from(self.trader), 7);
        id.digits(cycle.seconds().unsigned_abs(), 7);
        id.letter(side);
        id.letter(letter);
        id.digits(u64::from(number), 4);
        id.digits(u64::from(attempt), 2);
        id.finish()
    }

    /// The id of a stop that is placed while there is no journal to say what the leg's own one was (FAULTS 55).
    pub fn emergency_stop(&self, now: Timestamp, leg: PositionSide) -> ClientOrderId {
        self.order(now, leg, Role::Stop(u16::MAX), 0)
    }

    /// Whether an id is that of an emergency stop of this trader.
    pub fn is_emergency(&self, id: &ClientOrderId) -> bool {
        let role = |id: &ClientOrderId| id.as_str().get(17..22).map(str::to_owned);
        self.owns(id) && role(id) == role(&self.emergency_stop(Timestamp::EPOCH, PositionSide::Long))
    }

    /// Whether an id was made by this trader.
    pub fn owns(&self, id: &ClientOrderId) -> bool {
        let mut own = ClientOrderId::builder(PREFIX);
        own.digits(u64::from(self.trader), 7);
        id.as_str().starts_with(own.finish().as_str())
    }
}
