//! A venue that does exactly what a test tells it: one account, one instrument, faults by script, time as data.

use async_trait::async_trait;
use futures_util::StreamExt;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::{Clock, VenueClock};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::mpsc;

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is carried out, and the answer never comes.
    LoseAnswer,
    /// It never arrives, and no answer comes.
    LoseRequest,
    /// It is not carried out, and this is said.
    Say(ExchangeError),
    /// It is carried out, and this is said.
    DoAndSay(ExchangeError),
    /// It is carried out after a while.
    Delay(Span),
    /// It is carried out, and the answer comes after a while.
    AnswerLate(Span),
    /// It is carried out, and the answer is this one.
    DoAndAnswer(Answer),
    /// The answer is this one, nothing is carried out.
    Answer(Answer),
}

/// Which requests a fault is for.
pub type Matches = Box<dyn Fn(&Request) -> bool + Send>;

#[derive(Default)]
pub struct State {
    pub orders: BTreeMap<ClientOrderId, VenueOrder>,
    pub ended: BTreeMap<ClientOrderId, VenueOrder>,
    pub foreign: Vec<VenueOrder>,
    pub positions: BTreeMap<PositionKey, PositionSnapshot>,
    pub fills: Vec<VenueFill>,
    pub price: Option<Decimal>,
    pub balance: Decimal,
    pub leverage: u32,
    pub config: Option<AccountConfig>,
    pub faults: VecDeque<(Matches, Fault, u32)>,
    pub calls: Vec<(Timestamp, Request)>,
    pub quiet: bool,
    /// Positions are reported like this until it is unset.
    pub positions_said: Option<Vec<VenuePosition>>,
    pub candles: BTreeMap<Timeframe, Vec<Candle>>,
    pub candle_reads: usize,
    pub candles_fail: Option<ExchangeError>,
    /// The instrument is not on the venue's list any more.
    pub unlisted: bool,
    /// When trading in it ends, as the list says.
    pub ends: Option<Timestamp>,
    pub subscriptions: Vec<Vec<Feed>>,
    account: Vec<mpsc::UnboundedSender<AccountEvent>>,
    market: Vec<(Vec<Feed>, mpsc::UnboundedSender<MarketEvent>)>,
    next: u64,
}

#[derive(Clone)]
pub struct Venue {
    pub account: AccountId,
    pub can: Capabilities,
    pub clock: Arc<VenueClock>,
    pub instrument: Instrument,
    state: Arc<Mutex<State>>,
}

pub fn btc() -> Instrument {
    let mut btc = Instrument::linear(InstrumentId::new("double", "BTCUSDT"), "BTC", "USDT");
    (btc.tick, btc.lot, btc.min_size) = (Decimal::new(1, 1), Decimal::new(1, 3), Decimal::new(1, 3));
    btc
}

impl Venue {
    /// Call under paused time. It is noon of 2024-01-02.
    pub fn new() -> Self {
        let clock = Arc::new(VenueClock::starting_at("2024-01-02T12:00:00Z".parse().unwrap()));
        let state = State { balance: Decimal::from(100_000), leverage: 1, ..State::default() };
        let features = Feature::ALL.iter().copied().filter(|feature| *feature != Feature::TrailingStop);
        Self {
            account: "main".into(),
            can: Capabilities::new(VenueId::new("double")).with(features),
            clock,
            instrument: btc(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The next request that matches fails like this.
    pub fn fail(&self, matches: impl Fn(&Request) -> bool + Send + 'static, fault: Fault) {
        self.fail_times(matches, fault, 1);
    }
    pub fn fail_times(&self, matches: impl Fn(&Request) -> bool + Send + 'static, fault: Fault, times: u32) {
        self.state().faults.push_back((Box::new(matches), fault, times));
    }
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    pub fn config(&self) -> AccountConfig {
        AccountConfig {
            position_mode: PositionMode::Hedge,
            permissions: Permissions { read: true, trade: true, withdraw: Some(false) },
            fees: vec![],
            uid: None,
            demo: true,
            address_bound: None,
            key_expires: None,
        }
    }

    /// Tells the account's listeners.
    pub fn push(&self, event: AccountEvent) {
        let mut state = self.state();
        if !state.quiet {
            state.account.retain(|listener| listener.send(event.clone()).is_ok());
        }
    }
    /// Tells the market's listeners.
    pub fn tell(&self, channel: Channel, event: MarketEvent) {
        self.state().market.retain(|(feeds, listener)| {
            !feeds.iter().any(|feed| feed.channel == channel) || listener.send(event.clone()).is_ok()
        });
    }
    /// Ends every market subscription.
    pub fn drop_market(&self) {
        self.state().market.clear();
    }
    pub fn drop_account_stream(&self) {
        self.state().account.clear();
    }

    /// The market trades at a price: triggers fire, limits that are reached fill.
    pub fn trade(&self, price: Decimal) {
        self.state().price = Some(price);
        let point = PricePoint { price: Price::new(price), time: self.now() };
        let data = |fact| MarketEvent::Data { instrument: self.instrument.id.clone(), fact };
        let due: Vec<VenueOrder> = {
            let state = self.state();
            state.orders.values().filter(|order| reached(order, price)).cloned().collect()
        };
        for order in due {
            let at = match order.kind {
                VenueOrderKind::Known(OrderKind::Limit { price, .. }) => price.get(),
                _ => price,
            };
            let left = order.quantity.unwrap().get() - order.filled.get();
            self.fill(order.client_id().unwrap(), at, left);
        }
        self.tell(Channel::Mark, data(MarketFact::Mark(point)));
        self.tell(Channel::Last, data(MarketFact::Last(point)));
    }

    /// A closed candle, and its close as a price.
    pub fn candle(&self, timeframe: Timeframe, candle: Candle) {
        self.state().candles.entry(timeframe).or_default().push(candle);
        let fact = MarketFact::CandleClosed { timeframe, candle };
        let instrument = self.instrument.id.clone();
        self.tell(Channel::Candles(timeframe), MarketEvent::Data { instrument, fact });
    }

    /// Fills a part of an order.
    pub fn fill(&self, id: ClientOrderId, price: Decimal, quantity: Decimal) -> Option<VenueFill> {
        let now = self.now();
        let (fill, order, position) = {
            let mut state = self.state();
            let order = state.orders.get(&id)?.clone();
            let leg = order.leg.unwrap();
            let key = PositionKey { instrument: self.instrument.id.clone(), side: leg };
            let held = state.positions.get(&key).map_or(Decimal::ZERO, |position| position.quantity.get());
            let quantity = if order.reduce_only { quantity.min(held) } else { quantity };
            if quantity <= Decimal::ZERO {
                return None;
            }
            state.next += 1;
            let fill = VenueFill {
                instrument: self.instrument.id.clone(),
                fill: Fill {
                    trade_id: TradeId::new(format!("t{}", state.next)),
                    client_id: Some(id),
                    leg,
                    side: order.side,
                    price: price.into(),
                    quantity: quantity.into(),
                    fee: Amount::ZERO,
                    liquidity: Liquidity::Taker,
                    kind: FillKind::Trade,
                    time: now,
                },
                order: order.id.clone(),
                fee_asset: "USDT".into(),
                fee_paid: Amount::ZERO,
            };
            state.fills.push(fill.clone());
            let opens = order.side == leg.opening();
            let after = if opens { held + quantity } else { held - quantity };
            let average = state.positions.get(&key).map_or(Decimal::ZERO, |position| position.average.get());
            let average = if opens { (average * held + price * quantity) / after } else { average };
            let position = PositionSnapshot {
                key: key.clone(),
                quantity: after.into(),
                average: average.into(),
                liquidation: None,
                updated: now,
            };
            state.positions.insert(key, position.clone());
            let order = {
                let live = state.orders.get_mut(&id).unwrap();
                live.filled = (live.filled.get() + quantity).into();
                live.updated = now;
                live.status = OrderStatus::PartiallyFilled;
                live.clone()
            };
            let order = if order.filled >= order.quantity.unwrap() || after.is_zero() && order.reduce_only {
                let mut order = state.orders.remove(&id).unwrap();
                let whole = order.filled >= order.quantity.unwrap();
                order.status = if whole { OrderStatus::Filled } else { OrderStatus::Cancelled };
                state.ended.insert(id, order.clone());
                order
            } else {
                order
            };
            (fill, order, position)
        };
        self.push(AccountEvent::Fill(Box::new(fill.clone())));
        self.push(AccountEvent::Order(Box::new(order)));
        self.push(AccountEvent::Position(Box::new(venue_position(position))));
        Some(fill)
    }

    /// Orders that rest, by what they are.
    pub fn resting(&self, what: impl Fn(&OrderSpec) -> bool) -> Vec<OrderSpec> {
        self.state().orders.values().filter_map(VenueOrder::spec).filter(|spec| what(spec)).collect()
    }
    pub fn stops(&self) -> Vec<OrderSpec> {
        self.resting(|spec| matches!(spec.kind, OrderKind::StopMarket { .. }))
    }
    pub fn limits(&self) -> Vec<OrderSpec> {
        self.resting(|spec| matches!(spec.kind, OrderKind::Limit { .. }))
    }
    pub fn held(&self, side: PositionSide) -> Decimal {
        let key = PositionKey { instrument: self.instrument.id.clone(), side };
        self.state().positions.get(&key).map_or(Decimal::ZERO, |position| position.quantity.get())
    }
    /// Sets a position as if by hand.
    pub fn hold(&self, side: PositionSide, quantity: Decimal, average: Decimal) {
        let key = PositionKey { instrument: self.instrument.id.clone(), side };
        let position = PositionSnapshot {
            key: key.clone(),
            quantity: quantity.into(),
            average: average.into(),
            liquidation: None,
            updated: self.now(),
        };
        self.state().positions.insert(key, position.clone());
        self.push(AccountEvent::Position(Box::new(venue_position(position))));
    }
    /// Cancels an order as if by hand.
    pub fn cancel_by_hand(&self, id: ClientOrderId) {
        let Some(order) = self.end(id, OrderStatus::Cancelled) else { return };
        self.push(AccountEvent::Order(Box::new(order)));
    }
    fn end(&self, id: ClientOrderId, status: OrderStatus) -> Option<VenueOrder> {
        let now = self.now();
        let mut state = self.state();
        let mut order = state.orders.remove(&id)?;
        (order.status, order.updated) = (status, now);
        state.ended.insert(id, order.clone());
        Some(order)
    }
    /// Requests of a name, oldest first.
    pub fn called(&self, name: &str) -> Vec<(Timestamp, Request)> {
        self.state().calls.iter().filter(|(_, request)| request.name() == name).cloned().collect()
    }
    pub fn placed(&self) -> Vec<OrderSpec> {
        let calls = self.called("place").into_iter();
        calls.filter_map(|(_, r)| if let Request::Place(t) = r { Some(*t.order()) } else { None }).collect()
    }

    fn place(&self, ticket: &Ticket) -> OrderOutcome {
        let (spec, now) = (*ticket.order(), self.now());
        let known = {
            let state = self.state();
            state.orders.contains_key(&spec.client_id) || state.ended.contains_key(&spec.client_id)
        };
        if known {
            return refused(ErrorClass::DuplicateClientId);
        }
        if spec.reduce_only && self.held(spec.leg).is_zero() {
            return refused(ErrorClass::ReduceOnlyRejected);
        }
        let order = {
            let mut state = self.state();
            state.next += 1;
            let order = VenueOrder {
                instrument: self.instrument.id.clone(),
                id: VenueOrderId::new(format!("v{}", state.next)),
                origin: Origin::Own(spec.client_id),
                class: OrderClass::from(&spec.kind),
                leg: Some(spec.leg),
                side: spec.side,
                reduce_only: spec.reduce_only,
                quantity: Some(spec.quantity),
                kind: VenueOrderKind::Known(spec.kind),
                status: OrderStatus::Open,
                filled: Quantity::ZERO,
                average: None,
                created: now,
                updated: now,
                triggered: None,
                spawned: None,
            };
            state.orders.insert(spec.client_id, order.clone());
            order
        };
        self.push(AccountEvent::Order(Box::new(order.clone())));
        let price = self.state().price;
        if let (OrderKind::Market, Some(price)) = (spec.kind, price) {
            self.fill(spec.client_id, price, spec.quantity.get());
        }
        OrderOutcome::Done(Accepted {
            client_id: Some(spec.client_id),
            venue_id: Some(order.id),
            status: OrderStatus::Open,
            time: now,
        })
    }

    fn amend(&self, amendment: &Amendment) -> OrderOutcome {
        let (id, now) = (amendment.client_id(), self.now());
        let order = {
            let mut state = self.state();
            let Some(order) = state.orders.get_mut(&id) else { return refused(ErrorClass::OrderNotLive) };
            let to = amendment.ticket().order();
            order.kind = VenueOrderKind::Known(to.kind);
            order.quantity = Some(to.quantity);
            order.updated = now;
            order.clone()
        };
        self.push(AccountEvent::Order(Box::new(order)));
        done(id, OrderStatus::Open, now)
    }

    fn cancel(&self, order: &OrderRef) -> OrderOutcome {
        let id = match &order.name {
            OrderName::Client(id) => *id,
            OrderName::Venue(id) => return self.cancel_foreign(id),
        };
        let Some(order) = self.end(id, OrderStatus::Cancelled) else {
            return refused(ErrorClass::OrderNotLive);
        };
        self.push(AccountEvent::Order(Box::new(order)));
        done(id, OrderStatus::Cancelled, self.now())
    }

    fn cancel_foreign(&self, id: &VenueOrderId) -> OrderOutcome {
        let (now, mut state) = (self.now(), self.state());
        let before = state.foreign.len();
        state.foreign.retain(|order| order.id != *id);
        if state.foreign.len() == before {
            return refused(ErrorClass::OrderNotLive);
        }
        let status = OrderStatus::Cancelled;
        OrderOutcome::Done(Accepted { client_id: None, venue_id: Some(id.clone()), status, time: now })
    }

    /// An order that somebody placed by hand.
    pub fn order_by_hand(&self, id: &str, leg: PositionSide, kind: OrderKind, quantity: Decimal) {
        let now = self.now();
        self.state().foreign.push(VenueOrder {
            instrument: self.instrument.id.clone(),
            id: VenueOrderId::new(id),
            origin: Origin::Foreign(None),
            class: OrderClass::from(&kind),
            leg: Some(leg),
            side: leg.closing(),
            reduce_only: true,
            quantity: Some(quantity.into()),
            kind: VenueOrderKind::Known(kind),
            status: OrderStatus::Open,
            filled: Quantity::ZERO,
            average: None,
            created: now,
            updated: now,
            triggered: None,
            spawned: None,
        });
    }
    pub fn foreign(&self) -> Vec<String> {
        self.state().foreign.iter().map(|order| order.id.to_string()).collect()
    }

    fn carry_out(&self, request: Request) -> Result<Answer, ExchangeError> {
        Ok(match request {
            Request::Place(ticket) => Answer::Order(self.place(&ticket)),
            Request::Amend(amendment) => Answer::Order(self.amend(&amendment)),
            Request::Cancel(order) => Answer::Order(self.cancel(&order)),
            Request::QueryOrder { order, submitted } => {
                let OrderName::Client(id) = order.name else { return Ok(Answer::Lookup(Lookup::Absent)) };
                let state = self.state();
                let found = state.orders.get(&id).or_else(|| state.ended.get(&id));
                Answer::Lookup(match found {
                    Some(order) => Lookup::Found(Box::new(order.clone())),
                    None => Lookup::nowhere(submitted, self.now(), self.can.not_found_grace()),
                })
            }
            Request::OpenOrders { .. } => {
                let state = self.state();
                Answer::OpenOrders(state.orders.values().chain(&state.foreign).cloned().collect())
            }
            Request::Fills { since, .. } => {
                let items =
                    self.state().fills.iter().filter(|fill| fill.fill.time >= since).cloned().collect();
                Answer::Fills(Page { items, more: false })
            }
            Request::Positions { .. } => {
                let state = self.state();
                let held = state.positions.values().filter(|position| position.quantity.is_positive());
                let held = held.cloned().map(venue_position).collect();
                Answer::Positions(state.positions_said.clone().unwrap_or(held))
            }
            Request::Balances => {
                let total = Amount::new(self.state().balance);
                Answer::Balances(vec![Balance { asset: "USDT".into(), total, free: total }])
            }
            Request::AccountConfig => {
                Answer::AccountConfig(self.state().config.clone().unwrap_or_else(|| self.config()))
            }
            Request::Leverage { instrument } => Answer::Leverage(self.leverage(instrument)),
            Request::SetLeverage { instrument, leverage, .. } => {
                self.state().leverage = leverage;
                Answer::Leverage(self.leverage(instrument))
            }
            Request::SetMarginMode { instrument, .. } => Answer::Leverage(self.leverage(instrument)),
            Request::ServerTime => Answer::ServerTime(self.now()),
            other => return Err(Unsupported::request(self.can.venue.clone(), &other).into()),
        })
    }

    fn leverage(&self, instrument: InstrumentId) -> LeverageSetting {
        let leverage = self.state().leverage;
        LeverageSetting { instrument, margin_mode: MarginMode::Isolated, long: leverage, short: leverage }
    }

    fn fault(&self, request: &Request) -> Option<Fault> {
        let mut state = self.state();
        let index = state.faults.iter().position(|(matches, ..)| matches(request))?;
        let (_, fault, times) = state.faults.get_mut(index)?;
        let fault = fault.clone();
        *times -= 1;
        if *times == 0 {
            state.faults.remove(index);
        }
        Some(fault)
    }
}

fn reached(order: &VenueOrder, price: Decimal) -> bool {
    let VenueOrderKind::Known(kind) = order.kind else { return false };
    match kind {
        OrderKind::Market => true,
        OrderKind::Limit { price: limit, .. } => match order.side {
            Side::Buy => price <= limit.get(),
            Side::Sell => price >= limit.get(),
        },
        OrderKind::StopMarket { trigger, .. } => match order.side {
            Side::Sell => price <= trigger.get(),
            Side::Buy => price >= trigger.get(),
        },
        OrderKind::TakeProfitMarket { trigger, .. } => match order.side {
            Side::Sell => price >= trigger.get(),
            Side::Buy => price <= trigger.get(),
        },
    }
}

pub fn venue_position(position: PositionSnapshot) -> VenuePosition {
    VenuePosition { position, leverage: None, margin_mode: None, margin: None, mark: None, unrealised: None }
}

pub fn refused(class: ErrorClass) -> OrderOutcome {
    OrderOutcome::Refused(Refused::new(class, None, "as the test says"))
}

fn done(id: ClientOrderId, status: OrderStatus, time: Timestamp) -> OrderOutcome {
    OrderOutcome::Done(Accepted { client_id: Some(id), venue_id: None, status, time })
}

fn stream<T: Send + 'static>(
    receiver: mpsc::UnboundedReceiver<T>,
) -> std::pin::Pin<Box<dyn futures_core::Stream<Item = T> + Send>> {
    futures_util::stream::unfold(receiver, |mut receiver| async move {
        let item = receiver.recv().await?;
        Some((item, receiver))
    })
    .boxed()
}

#[async_trait]
impl Exchange for Venue {
    fn account(&self) -> &AccountId {
        &self.account
    }
    fn capabilities(&self) -> &Capabilities {
        &self.can
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        let now = self.now();
        self.state().calls.push((now, request.clone()));
        match self.fault(&request) {
            None => self.carry_out(request),
            Some(Fault::LoseAnswer) => {
                let _ = self.carry_out(request);
                std::future::pending().await
            }
            Some(Fault::LoseRequest) => std::future::pending().await,
            Some(Fault::Say(error)) => Err(error),
            Some(Fault::DoAndSay(error)) => {
                let _ = self.carry_out(request);
                Err(error)
            }
            Some(Fault::Delay(span)) => {
                self.clock.sleep_until(now + span).await;
                self.carry_out(request)
            }
            Some(Fault::AnswerLate(span)) => {
                let answer = self.carry_out(request);
                self.clock.sleep_until(now + span).await;
                answer
            }
            Some(Fault::DoAndAnswer(answer)) => {
                let _ = self.carry_out(request);
                Ok(answer)
            }
            Some(Fault::Answer(answer)) => Ok(answer),
        }
    }
    fn events(&self) -> AccountStream {
        let (sender, receiver) = mpsc::unbounded_channel();
        let _ = sender.send(AccountEvent::Up);
        self.state().account.push(sender);
        stream(receiver)
    }
}

#[async_trait]
impl MarketData for Venue {
    fn venue(&self) -> VenueId {
        self.can.venue.clone()
    }
    async fn call(&self, request: MarketRequest) -> Result<MarketAnswer, ExchangeError> {
        let mut state = self.state();
        Ok(match request {
            MarketRequest::Instruments if state.unlisted => MarketAnswer::Instruments(Vec::new()),
            MarketRequest::Instruments => MarketAnswer::Instruments(vec![Listing {
                instrument: self.instrument.clone(),
                state: TradingState::Trading,
                ends: state.ends,
            }]),
            MarketRequest::Candles { timeframe, from, until, .. } => {
                state.candle_reads += 1;
                if let Some(error) = state.candles_fail.clone() {
                    return Err(error);
                }
                let all = state.candles.get(&timeframe).cloned().unwrap_or_default();
                let wanted = all.into_iter().filter(|c| c.open_time >= from && c.open_time < until);
                MarketAnswer::Candles(Page { items: wanted.collect(), more: false })
            }
            MarketRequest::ServerTime => MarketAnswer::ServerTime(self.clock.now()),
            other => return Err(Unsupported::named(self.can.venue.clone(), other.name()).into()),
        })
    }
    async fn subscribe(&self, feeds: Vec<Feed>) -> Result<MarketStream, ExchangeError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.state();
        for feed in &feeds {
            let _ = sender.send(MarketEvent::Up { feed: feed.clone() });
        }
        state.subscriptions.push(feeds.clone());
        state.market.push((feeds, sender));
        Ok(stream(receiver))
    }
}
