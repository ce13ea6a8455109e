use super::{Finding, SettingChange};
use crate::model::{
    AccountId, Amount, ClientOrderId, InstrumentId, OrderKind, OrderStatus, PositionSide, Price, Quantity,
    Side, Span, StrategyId, Timestamp, TraderId,
};
use crate::position::EffectiveStop;
use crate::store::{Code, SettingsVersion};
use serde::{Deserialize, Serialize};

/// What a trader does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TraderState {
    /// Warming up or reconciling.
    Starting,
    /// Trading.
    Running,
    /// Managing open legs, opening nothing.
    ManageOnly,
    /// Nothing.
    Stopped,
    /// Its strategy was switched off after a panic or a hang; exits go on (FAULTS 77).
    Failed,
}

/// What keeps openings away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Which, such as `cooldown` or `data_gap`.
    pub code: Code,
    /// The side it closes; `None` for both.
    pub side: Option<PositionSide>,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if it opens by time.
    pub until: Option<Timestamp>,
}

/// Who holds a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopHolder {
    /// It rests at the venue, confirmed.
    Venue,
    /// The engine watches the price; it ends with the process.
    Engine,
}

/// A leg's effective stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopStatus {
    /// Price and the rule it comes from.
    pub stop: EffectiveStop,
    /// Who holds it.
    pub holder: StopHolder,
    /// The quantity it covers, base units.
    pub quantity: Quantity,
}

/// A take-profit level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelStatus {
    /// Counted from 1.
    pub level: u8,
    /// Its price.
    pub price: Price,
    /// Its quantity, base units.
    pub quantity: Quantity,
    /// What of it has filled.
    pub filled: Quantity,
    /// Whether the rest of it rests at the venue.
    pub resting: bool,
}

/// An order as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Our id; `None` for a foreign order.
    pub client_id: Option<ClientOrderId>,
    /// The venue's id, once known.
    pub venue_id: Option<String>,
    /// The side of its leg, if known.
    pub leg: Option<PositionSide>,
    /// Buy or sell.
    pub side: Side,
    /// Only reduces.
    pub reduce_only: bool,
    /// What it does; `None` for a kind the library does not know.
    pub kind: Option<OrderKind>,
    /// Base units; `None` for "whatever is open".
    pub quantity: Option<Quantity>,
    /// What of it has filled.
    pub filled: Quantity,
    /// Where it is.
    pub status: OrderStatus,
    /// What it is for: `entry`, `add`, `hedge`, `stop`, `tp1`, `grid`, `close`; `foreign`.
    pub role: Code,
    /// Since when.
    pub since: Timestamp,
}

/// Where a leg is in its life (TRADING 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// Nothing is open.
    Flat,
    /// An entry is on its way.
    Entering,
    /// Open.
    Open,
    /// Being closed.
    Closing,
}

/// One leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LegStatus {
    /// Long or short.
    pub side: PositionSide,
    /// Where it is.
    pub state: LegState,
    /// Whether it hedges the other.
    pub hedge: bool,
    /// Entries so far, the first included.
    pub entries: u32,
    /// Open quantity, base units.
    pub quantity: Quantity,
    /// Average entry price.
    pub average: Option<Price>,
    /// The price it is valued at.
    pub mark: Option<Price>,
    /// Profit that is not realised, quote units.
    pub unrealised: Amount,
    /// Margin it holds, quote units.
    pub margin: Amount,
    /// Leverage.
    pub leverage: u32,
    /// The venue's liquidation price.
    pub liquidation: Option<Price>,
    /// First entry.
    pub opened: Option<Timestamp>,
    /// The effective stop.
    pub stop: Option<StopStatus>,
    /// How long it has now been without a confirmed venue stop that it wants; zero if it has one or wants none.
    pub unprotected: Span,
    /// How long it was without one in all.
    pub unprotected_total: Span,
    /// The take-profit levels, nearest first.
    pub levels: Vec<LevelStatus>,
    /// The price of the next extra entry.
    pub next_entry: Option<Price>,
    /// The trailing stop's best price so far, once it is active.
    pub trailing_from: Option<Price>,
}

impl LegStatus {
    /// A flat leg.
    pub const fn flat(side: PositionSide) -> Self {
        Self {
            side,
            state: LegState::Flat,
            hedge: false,
            entries: 0,
            quantity: Quantity::ZERO,
            average: None,
            mark: None,
            unrealised: Amount::ZERO,
            margin: Amount::ZERO,
            leverage: 1,
            liquidation: None,
            opened: None,
            stop: None,
            unprotected: Span::ZERO,
            unprotected_total: Span::ZERO,
            levels: Vec::new(),
            next_entry: None,
            trailing_from: None,
        }
    }
}

/// The last decision, in short; the whole record has the gates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDecision {
    /// The record's id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// `none`, `enter`, ...
    pub outcome: Code,
    /// Why.
    pub reason: Code,
}

/// One trader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TraderStatus {
    /// The trader.
    pub trader: TraderId,
    /// Its account.
    pub account: AccountId,
    /// Its instrument.
    pub instrument: InstrumentId,
    /// Its strategy.
    pub strategy: StrategyId,
    /// What it does.
    pub state: TraderState,
    /// Decides and records, sends nothing.
    pub dry_run: bool,
    /// In which state since.
    pub since: Timestamp,
    /// What keeps openings away; empty if nothing does.
    pub gates: Vec<Gate>,
    /// Its legs that are not flat.
    pub legs: Vec<LegStatus>,
    /// Its live orders, and foreign ones on its instrument.
    pub orders: Vec<OrderLine>,
    /// Whether stops are held by the engine because the venue has none (TRADING 6.8).
    pub engine_stops: bool,
    /// Whether fills are assumed because nobody reports them (TRADING 18.2).
    pub assumed: bool,
    /// Closed candles seen of those wanted for warm-up.
    pub warm_up: (u32, u32),
    /// The settings in use.
    pub settings_version: u64,
    /// The settings its open legs were opened with, if those are others.
    pub opened_with: Option<u64>,
    /// The last decision.
    pub last_decision: Option<LastDecision>,
    /// The last price seen and its time.
    pub price: Option<(Price, Timestamp)>,
}

impl TraderStatus {
    /// A stopped trader without legs.
    pub const fn stopped(
        trader: TraderId,
        account: AccountId,
        instrument: InstrumentId,
        strategy: StrategyId,
    ) -> Self {
        Self {
            trader,
            account,
            instrument,
            strategy,
            state: TraderState::Stopped,
            dry_run: false,
            since: Timestamp::EPOCH,
            gates: Vec::new(),
            legs: Vec::new(),
            orders: Vec::new(),
            engine_stops: false,
            assumed: false,
            warm_up: (0, 0),
            settings_version: 0,
            opened_with: None,
            last_decision: None,
            price: None,
        }
    }

    /// The leg of a side, if it is not flat.
    pub fn leg(&self, side: PositionSide) -> Option<&LegStatus> {
        self.legs.iter().find(|leg| leg.side == side)
    }
}

/// The settings of a trader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    /// What applies to its next decision: every key, merged.
    pub effective: serde_json::Value,
    /// The version of that.
    pub version: u64,
    /// The layers it comes from, weakest first; defaults are not among them.
    pub layers: Vec<SettingsVersion>,
    /// What differs from the settings its open legs were opened with; applied only by command.
    pub pending: Vec<SettingChange>,
    /// Errors and warnings.
    pub findings: Vec<Finding>,
}
