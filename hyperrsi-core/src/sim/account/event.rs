use super::order::Order;
use crate::exchange::{AccountEvent, CashFlow, LeverageSetting, VenueFill, VenuePosition};
use crate::model::{
    Amount, Balance, InstrumentId, MarginMode, PositionMode, PositionSide, Price, Quantity, Timestamp,
};

/// An execution with what a wire format needs beside the exchange's view of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The fill.
    pub fill: VenueFill,
    /// The account's number of the order that filled; `0` for a liquidation.
    pub order: u64,
    /// The number in the trade id.
    pub trade: u64,
    /// Profit it realised, quote units, before fees.
    pub realised: Amount,
    /// The mark price when it happened.
    pub mark: Price,
}

/// One leg with what a wire format needs beside the exchange's view of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// A number of its own from flat to flat.
    pub number: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Long or short.
    pub side: PositionSide,
    /// Open quantity, base units.
    pub quantity: Quantity,
    /// Average entry price; zero when flat.
    pub average: Price,
    /// Σ entry price × quantity of what is open.
    pub cost: Amount,
    /// Last price.
    pub last: Price,
    /// Mark price.
    pub mark: Price,
    /// Profit at the mark price, quote units.
    pub unrealised: Amount,
    /// Margin it holds, quote units.
    pub margin: Amount,
    /// Maintenance margin, quote units.
    pub maintenance: Amount,
    /// Leverage.
    pub leverage: u32,
    /// Margin mode.
    pub margin_mode: MarginMode,
    /// Where the venue closes it; `None` when flat or if never.
    pub liquidation: Option<Price>,
    /// Profit realised since it was opened, before fees.
    pub realised: Amount,
    /// Fees since it was opened; positive is a cost.
    pub fees: Amount,
    /// Funding since it was opened; positive came in.
    pub funding: Amount,
    /// When it was opened.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl Position {
    /// As the exchange contract shows it.
    pub fn view(&self) -> VenuePosition {
        VenuePosition {
            position: crate::model::PositionSnapshot {
                key: crate::model::PositionKey { instrument: self.instrument.clone(), side: self.side },
                quantity: self.quantity,
                average: self.average,
                liquidation: self.liquidation,
                updated: self.updated,
            },
            leverage: Some(self.leverage),
            margin_mode: Some(self.margin_mode),
            margin: Some(self.margin),
            mark: Some(self.mark),
            unrealised: Some(self.unrealised),
        }
    }
}

/// What happened to the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An order changed.
    Order(Box<Order>),
    /// An order filled.
    Fill(Box<Execution>),
    /// A position changed.
    Position(Box<Position>),
    /// A balance changed.
    Balance(Balance),
    /// Money moved without a fill.
    CashFlow(CashFlow),
    /// Leverage or margin mode changed.
    Leverage(LeverageSetting),
    /// The position mode changed.
    Mode(PositionMode),
}

impl Event {
    /// As the exchange contract shows it. `None` for a position mode, which venues do not push, and for the plain
    /// order of a fired trigger, for which the conditional one speaks.
    pub fn view(self) -> Option<AccountEvent> {
        Some(match self {
            Self::Order(order) if order.parent.is_some() => return None,
            Self::Order(order) => AccountEvent::Order(Box::new(order.view())),
            Self::Fill(execution) => AccountEvent::Fill(Box::new(execution.fill)),
            Self::Position(position) => AccountEvent::Position(Box::new(position.view())),
            Self::Balance(balance) => AccountEvent::Balance(balance),
            Self::CashFlow(flow) => AccountEvent::CashFlow(flow),
            Self::Leverage(setting) => AccountEvent::Leverage(setting),
            Self::Mode(_) => return None,
        })
    }
}
