use super::{Gate, LegRef, OrderLine, TraderStatus};
use crate::model::{
    AccountId, Amount, Balance, PositionKey, PositionMode, Price, Quantity, Timestamp, TraderId, VenueId,
};
use crate::store::{Code, Environment, Epoch};
use serde::{Deserialize, Serialize};

/// What an account does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountState {
    /// Reading its state at the venue.
    Starting,
    /// Running.
    Running,
    /// Keys do not work: nothing can be done until they are renewed; stops at the venue rest (FAULTS 72).
    Locked,
    /// Another process runs it.
    Elsewhere,
    /// Not run.
    Stopped,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// Which: `account`, `market`, `store`.
    pub link: Code,
    /// Whether it is up.
    pub up: bool,
    /// Since when.
    pub since: Timestamp,
}

/// Margin that is promised to an opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// To which leg.
    pub leg: LegRef,
    /// How much, quote units.
    pub amount: Amount,
    /// Since when.
    pub since: Timestamp,
}

/// A position that nobody here opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignPosition {
    /// Instrument and side.
    pub key: PositionKey,
    /// Quantity, base units.
    pub quantity: Quantity,
    /// Average entry price.
    pub average: Price,
    /// Foreign orders on its instrument, which a claim may name.
    pub orders: Vec<OrderLine>,
    /// Whether an operator said to leave it alone.
    pub ignored: bool,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountStatus {
    /// The account.
    pub account: AccountId,
    /// Its venue.
    pub venue: VenueId,
    /// Live, demo or paper.
    pub environment: Environment,
    /// The name shown.
    pub label: String,
    /// What it does.
    pub state: AccountState,
    /// One-way or hedge, once read.
    pub position_mode: Option<PositionMode>,
    /// The number of its owner.
    pub epoch: Epoch,
    /// What it holds.
    pub balances: Vec<Balance>,
    /// The currency of the amounts below.
    pub quote: String,
    /// Everything, open legs at market included.
    pub equity: Amount,
    /// What new openings may use: free at the venue less reservations.
    pub available: Amount,
    /// Profit that is not realised.
    pub unrealised: Amount,
    /// Realised profit of the UTC day, fees and funding included.
    pub day_pnl: Amount,
    /// The highest equity so far.
    pub equity_peak: Amount,
    /// Value of all legs and of what could still fill.
    pub exposure: Amount,
    /// Margin that is promised.
    pub reservations: Vec<Reservation>,
    /// What keeps openings away on the whole account.
    pub gates: Vec<Gate>,
    /// Its connections.
    pub links: Vec<LinkStatus>,
    /// Positions that nobody here opened.
    pub foreign: Vec<ForeignPosition>,
    /// When it was last reconciled.
    pub reconciled: Option<Timestamp>,
    /// Equity at the venue less equity in the books; reported, never booked (TRADING 14.5).
    pub drift: Amount,
    /// Its traders.
    pub traders: Vec<TraderId>,
}

impl AccountStatus {
    /// An account that is not run, with nothing in it.
    pub const fn stopped(account: AccountId, venue: VenueId, environment: Environment) -> Self {
        Self {
            account,
            venue,
            environment,
            label: String::new(),
            state: AccountState::Stopped,
            position_mode: None,
            epoch: Epoch(0),
            balances: Vec::new(),
            quote: String::new(),
            equity: Amount::ZERO,
            available: Amount::ZERO,
            unrealised: Amount::ZERO,
            day_pnl: Amount::ZERO,
            equity_peak: Amount::ZERO,
            exposure: Amount::ZERO,
            reservations: Vec::new(),
            gates: Vec::new(),
            links: Vec::new(),
            foreign: Vec::new(),
            reconciled: None,
            drift: Amount::ZERO,
            traders: Vec::new(),
        }
    }
}

/// Everything an actor may see, at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The time of the answer.
    pub at: Timestamp,
    /// The accounts.
    pub accounts: Vec<AccountStatus>,
    /// The traders.
    pub traders: Vec<TraderStatus>,
}
