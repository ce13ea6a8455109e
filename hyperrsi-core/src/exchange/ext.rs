//! Typed calls over the one `call`. Layers implement `call`; users call these.

use super::{
    AccountConfig, Amendment, Answer, Attached, CashFlow, Exchange, ExchangeError, FundingRate,
    LeverageSetting, Linked, Listing, Lookup, MarketAnswer, MarketData, MarketRequest, OrderOutcome,
    OrderRef, Page, PricePoint, Request, Ticker, Trailing, VenueFill, VenueOrder, VenuePosition, VenueStatus,
};
use crate::model::{Balance, Candle, InstrumentId, MarginMode, PositionMode, Ticket, Timeframe, Timestamp};
use async_trait::async_trait;

macro_rules! expect {
    ($self:ident, $request:expr, $answer:ident :: $variant:ident) => {{
        let request = $request;
        let asked = request.name();
        match $self.call(request).await {
            Ok($answer::$variant(value)) => Ok(value),
            Ok(other) => Err(wrong(asked, other.name())),
            Err(error) => Err(error),
        }
    }};
}

fn wrong(asked: &str, got: &str) -> ExchangeError {
    ExchangeError::WrongAnswer { asked: asked.into(), got: got.into() }
}

/// Typed calls on any [`Exchange`].
///
/// Order requests have no error case: an error becomes `Refused` where it proves that nothing happened, and `Unknown`
/// where it does not. Reads return the [`ExchangeError`].
#[async_trait]
pub trait ExchangeExt: Exchange {
    /// Places one order, plain or conditional.
    async fn place(&self, ticket: Ticket) -> OrderOutcome {
        settle(expect!(self, Request::Place(ticket), Answer::Order))
    }
    /// Places an entry with its stop and take profit.
    async fn place_attached(&self, order: Attached) -> OrderOutcome {
        settle(expect!(self, Request::PlaceAttached(order), Answer::Order))
    }
    /// Places a stop and a take profit that cancel each other; outcomes in that order.
    async fn place_linked(&self, pair: Linked) -> Vec<OrderOutcome> {
        settle_all(2, expect!(self, Request::PlaceLinked(pair), Answer::Orders))
    }
    /// Places a stop that follows the price.
    async fn place_trailing(&self, order: Trailing) -> OrderOutcome {
        settle(expect!(self, Request::PlaceTrailing(order), Answer::Order))
    }
    /// Places several plain orders; one outcome each, in order.
    async fn place_batch(&self, tickets: Vec<Ticket>) -> Vec<OrderOutcome> {
        settle_all(tickets.len(), expect!(self, Request::PlaceBatch(tickets), Answer::Orders))
    }
    /// Changes a live order.
    async fn amend(&self, amendment: Amendment) -> OrderOutcome {
        settle(expect!(self, Request::Amend(amendment), Answer::Order))
    }
    /// Cancels an order.
    async fn cancel(&self, order: OrderRef) -> OrderOutcome {
        settle(expect!(self, Request::Cancel(order), Answer::Order))
    }
    /// Cancels several orders of one class; one outcome each, in order.
    async fn cancel_batch(&self, orders: Vec<OrderRef>) -> Vec<OrderOutcome> {
        settle_all(orders.len(), expect!(self, Request::CancelBatch(orders), Answer::Orders))
    }
    /// Finds an order that was sent at `submitted`. A failed query is `Unknown`.
    async fn order(&self, order: OrderRef, submitted: Timestamp) -> Lookup {
        expect!(self, Request::QueryOrder { order, submitted }, Answer::Lookup).unwrap_or_else(Lookup::from)
    }
    /// Every live order, plain and conditional, own and foreign.
    async fn open_orders(&self, instrument: Option<InstrumentId>) -> Result<Vec<VenueOrder>, ExchangeError> {
        expect!(self, Request::OpenOrders { instrument }, Answer::OpenOrders)
    }
    /// Fills from `since` on, oldest first.
    async fn fills(
        &self,
        instrument: Option<InstrumentId>,
        since: Timestamp,
        limit: u16,
    ) -> Result<Page<VenueFill>, ExchangeError> {
        expect!(self, Request::Fills { instrument, since, limit }, Answer::Fills)
    }
    /// Funding, transfers and conversions from `since` on, oldest first.
    async fn cash_flows(&self, since: Timestamp, limit: u16) -> Result<Page<CashFlow>, ExchangeError> {
        expect!(self, Request::CashFlows { since, limit }, Answer::CashFlows)
    }
    /// Open positions.
    async fn positions(&self, instrument: Option<InstrumentId>) -> Result<Vec<VenuePosition>, ExchangeError> {
        expect!(self, Request::Positions { instrument }, Answer::Positions)
    }
    /// What the account holds.
    async fn balances(&self) -> Result<Vec<Balance>, ExchangeError> {
        expect!(self, Request::Balances, Answer::Balances)
    }
    /// Modes, permissions, fees.
    async fn account_config(&self) -> Result<AccountConfig, ExchangeError> {
        expect!(self, Request::AccountConfig, Answer::AccountConfig)
    }
    /// Leverage and margin mode of an instrument.
    async fn leverage(&self, instrument: InstrumentId) -> Result<LeverageSetting, ExchangeError> {
        expect!(self, Request::Leverage { instrument }, Answer::Leverage)
    }
    /// Sets leverage and returns what the venue has then; the caller compares.
    async fn set_leverage(
        &self,
        instrument: InstrumentId,
        margin_mode: MarginMode,
        leverage: u32,
    ) -> Result<LeverageSetting, ExchangeError> {
        expect!(self, Request::SetLeverage { instrument, margin_mode, leverage }, Answer::Leverage)
    }
    /// Sets the margin mode and returns what the venue has then; the caller compares.
    async fn set_margin_mode(
        &self,
        instrument: InstrumentId,
        margin_mode: MarginMode,
    ) -> Result<LeverageSetting, ExchangeError> {
        expect!(self, Request::SetMarginMode { instrument, margin_mode }, Answer::Leverage)
    }
    /// Sets the position mode and returns what the venue has then; the caller compares.
    async fn set_position_mode(&self, mode: PositionMode) -> Result<PositionMode, ExchangeError> {
        expect!(self, Request::SetPositionMode { mode }, Answer::PositionMode)
    }
    /// The venue's clock.
    async fn server_time(&self) -> Result<Timestamp, ExchangeError> {
        expect!(self, Request::ServerTime, Answer::ServerTime)
    }
}

impl<E: Exchange + ?Sized> ExchangeExt for E {}

fn settle(result: Result<OrderOutcome, ExchangeError>) -> OrderOutcome {
    result.unwrap_or_else(OrderOutcome::from)
}

/// One outcome per order: what an adapter leaves out is unknown.
fn settle_all(count: usize, result: Result<Vec<OrderOutcome>, ExchangeError>) -> Vec<OrderOutcome> {
    match result {
        Ok(mut outcomes) => {
            let short = wrong("one outcome per order", "fewer");
            outcomes.resize(count, OrderOutcome::from(short));
            outcomes
        }
        Err(error) => vec![OrderOutcome::from(error); count],
    }
}

/// Typed calls on any [`MarketData`].
#[async_trait]
pub trait MarketDataExt: MarketData {
    /// Every instrument with its state.
    async fn instruments(&self) -> Result<Vec<Listing>, ExchangeError> {
        expect!(self, MarketRequest::Instruments, MarketAnswer::Instruments)
    }
    /// Closed candles that open in `from..until`, oldest first; a page at a time.
    async fn candles(
        &self,
        instrument: InstrumentId,
        timeframe: Timeframe,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Page<Candle>, ExchangeError> {
        expect!(self, MarketRequest::Candles { instrument, timeframe, from, until }, MarketAnswer::Candles)
    }
    /// Last, bid and ask.
    async fn ticker(&self, instrument: InstrumentId) -> Result<Ticker, ExchangeError> {
        expect!(self, MarketRequest::Ticker { instrument }, MarketAnswer::Ticker)
    }
    /// The mark price.
    async fn mark_price(&self, instrument: InstrumentId) -> Result<PricePoint, ExchangeError> {
        expect!(self, MarketRequest::MarkPrice { instrument }, MarketAnswer::MarkPrice)
    }
    /// Funding charged in `from..until`, oldest first; a page at a time.
    async fn funding_history(
        &self,
        instrument: InstrumentId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Page<FundingRate>, ExchangeError> {
        expect!(self, MarketRequest::FundingHistory { instrument, from, until }, MarketAnswer::FundingHistory)
    }
    /// The funding to come, if there is any.
    async fn next_funding(&self, instrument: InstrumentId) -> Result<Option<FundingRate>, ExchangeError> {
        expect!(self, MarketRequest::NextFunding { instrument }, MarketAnswer::NextFunding)
    }
    /// The venue's clock.
    async fn market_time(&self) -> Result<Timestamp, ExchangeError> {
        expect!(self, MarketRequest::ServerTime, MarketAnswer::ServerTime)
    }
    /// Whether the venue is up.
    async fn venue_status(&self) -> Result<VenueStatus, ExchangeError> {
        expect!(self, MarketRequest::Status, MarketAnswer::Status)
    }
}

impl<M: MarketData + ?Sized> MarketDataExt for M {}
