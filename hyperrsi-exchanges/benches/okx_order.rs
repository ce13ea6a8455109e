//! From the bytes of a candle frame of OKX to the signed bytes of the order it leads to, on one thread: frame, session,
//! trader, HYPERRSI, account, request, signature. Prints the median and the 99th percentile of the candles that entered.
//! `cargo bench -p hyperrsi-exchanges --features okx --bench okx_order`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a program that measures real time, and fails by panicking"
)]

use hyperrsi_core::account::{Account, SlotId};
use hyperrsi_core::exchange::{Channel, Feed, MarketEvent, MarketFact, Urgency};
use hyperrsi_core::model::{
    AccountId, Amount, Candle, Fill, FillKind, Instrument, InstrumentId, Liquidity, MarginMode, OrderKind,
    OrderSpec, PositionSide, Price, RequestId, Timeframe, Timestamp, TradeId, TraderId, decimal_from_f64,
};
use hyperrsi_core::series::Candles;
use hyperrsi_core::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi_core::strategy::rsi_trend::{self, Hyperrsi};
use hyperrsi_core::strategy::{Context, Decision, Strategy as _};
use hyperrsi_core::trader::{AccountRead, Answer, Command, Input, Output, PersistClass, PriceSource, Trader};
use hyperrsi_exchanges::net::Method;
use hyperrsi_exchanges::net::socket::Session as _;
use hyperrsi_exchanges::okx::request::{self, Setup};
use hyperrsi_exchanges::okx::stream::{Line, PublicSession};
use hyperrsi_exchanges::okx::{Keys, VENUE};
use rust_decimal_macros::dec;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How many entries are measured.
const ENTRIES: usize = 5_000;
/// How many candles there are at most.
const CANDLES: i64 = 2_000_000;

/// A trader at a venue that does what it is asked.
struct Desk {
    trader: Trader,
    account: Account,
    slot: SlotId,
    strategy: Hyperrsi,
    candles: Candles,
    instrument: Instrument,
    keys: Keys,
    /// Whether full decision records are made.
    recording: bool,
    now: Timestamp,
    price: Price,
    asked: Vec<(RequestId, Option<OrderSpec>)>,
    /// When the entry's signed bytes were there.
    signed: Option<Instant>,
    fills: u64,
}

impl Desk {
    fn new(instrument: Instrument, recording: bool) -> Self {
        let mut settings = Settings::default();
        settings.market.timeframe = Timeframe::M1;
        settings.sl.enabled = true;
        let policy = rsi_trend::policy(&settings, &instrument);
        let mut account = Account::new(AccountId::new("bench"), Amount::new(dec!(100_000_000)), dec!(0.0005));
        let slot = account.register(instrument.clone(), policy.leverage, policy.margin_mode).unwrap();
        let mut desk = Self {
            trader: Trader::new(TraderId::new("bench:BTC"), instrument.clone(), policy),
            account,
            slot,
            strategy: Hyperrsi::new(Snapshot::new(1, settings), &instrument).unwrap(),
            candles: Candles::new(Timeframe::M1),
            instrument,
            keys: Keys::new("okx-test-key-0001", "okx-test-secret-ABCDEF0123456789", "phrase"),
            recording,
            now: Timestamp::from_millis(start()),
            price: Price::ZERO,
            asked: Vec::new(),
            signed: None,
            fills: 0,
        };
        desk.feed(Input::Warm);
        desk.feed(Input::Command(Command::Start));
        desk
    }

    /// A closed candle, and the price that comes with it.
    fn close(&mut self, candle: Candle) {
        self.now = candle.close_time(Timeframe::M1.span());
        self.candles.push(candle).unwrap();
        self.feed(Input::Candle { timeframe: Timeframe::M1, candle: &candle });
        self.feed(Input::Price { source: PriceSource::Both, price: candle.close });
    }

    fn feed(&mut self, input: Input<'_>) {
        self.trader.handle(self.now, input).unwrap();
        while let Some(output) = self.trader.poll() {
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        let answer = match output {
            Output::Evaluate { request, timeframe } => {
                let histories = [self.candles.history()];
                let candle = self.candles.last().unwrap();
                let context =
                    Context::new(self.now, timeframe, &histories, self.trader.view(), self.recording);
                let decision = self.strategy.on_candle(&context, &candle);
                Input::Decision { request, decision }
            }
            Output::EvaluateFill { request, .. } => Input::Decision { request, decision: Decision::hold() },
            Output::Reserve(ask) => {
                let outcome = self.account.review(self.now, self.slot, &ask);
                Input::Reservation { request: ask.request, outcome }
            }
            Output::Persist { request, class: PersistClass::Before, .. } => Input::Stored { request },
            Output::Configure { request, .. } => Input::Configured { request, outcome: Ok(()) },
            Output::ReadAccount { request } => {
                Input::AccountRead { request, read: Some(Box::new(AccountRead::default())) }
            }
            Output::Release(id) => return self.account.release(self.slot, id),
            Output::Place { request, ticket } => {
                let order = *ticket.order();
                if !order.reduce_only {
                    black_box(self.sign(&order));
                    self.signed = Some(Instant::now());
                }
                return self.asked.push((request, Some(order)));
            }
            Output::Amend { request, .. } | Output::Cancel { request, .. } => {
                return self.asked.push((request, None));
            }
            Output::QueryOrder { .. } => panic!("nothing here is unknown"),
            _ => return,
        };
        self.trader.handle(self.now, answer).unwrap();
    }

    /// Body, timestamp and signature of an order.
    fn sign(&self, order: &OrderSpec) -> (String, String) {
        let setup = Setup::HEDGE;
        let call = request::place_order(&self.instrument, order, MarginMode::Cross, setup, Urgency::Opening)
            .unwrap();
        let body = call.body.clone().unwrap();
        let signed = self.keys.sign(self.now, Method::Post, &call.target(), &body);
        (body, signed.signature)
    }

    /// The venue does everything it was asked; market orders fill.
    fn oblige(&mut self) {
        while !self.asked.is_empty() {
            let (request, order) = self.asked.remove(0);
            self.feed(Input::Answer { request, answer: Answer::Done });
            if let Some(order) = order.filter(|order| order.kind == OrderKind::Market) {
                self.fill(&order);
            }
        }
    }

    fn fill(&mut self, order: &OrderSpec) {
        self.fills += 1;
        let fill = Fill {
            trade_id: TradeId::new(self.fills.to_string()),
            client_id: Some(order.client_id),
            leg: order.leg,
            side: order.side,
            price: self.price,
            quantity: order.quantity,
            fee: Amount::ZERO,
            liquidity: Liquidity::Taker,
            kind: FillKind::Trade,
            time: self.now,
        };
        self.account.apply(self.slot, &fill).unwrap();
        self.feed(Input::Fill(&fill));
    }

    /// Out again, so that the next signal enters.
    fn flatten(&mut self) {
        self.oblige();
        for side in PositionSide::BOTH {
            if !self.trader.book(side).quantity().is_zero() {
                self.feed(Input::Command(Command::Close { side, fraction: dec!(1) }));
                self.oblige();
            }
            assert!(self.trader.book(side).quantity().is_zero());
        }
    }
}

const fn start() -> i64 {
    1_746_000_000_000
}

/// The frame of the closed candle of a minute. Two waves of prices: RSI crosses its levels again and again.
fn frame(minute: i64) -> String {
    let price = |minute: i64| {
        let at = minute as f64;
        93_500.0 + 900.0 * (at / 23.0).sin() + 2_400.0 * (at / 311.0).sin()
    };
    let (open, close) = (price(minute - 1), price(minute));
    let (high, low) = (open.max(close) + 5.0, open.min(close) - 5.0);
    let time = start() + minute * 60_000;
    format!(
        r#"{{"arg":{{"channel":"candle1m","instId":"BTC-USDT-SWAP"}},"data":[["{time}","{open:.1}","{high:.1}","{low:.1}","{close:.1}","125034","1250.34","116987654.2","1"]]}}"#
    )
}

/// The time of each candle that led to an entry, and of each that did not.
fn measure(recording: bool) -> (Vec<Duration>, Vec<Duration>) {
    let mut instrument = Instrument::linear(InstrumentId::new(VENUE, "BTC-USDT-SWAP"), "BTC", "USDT");
    (instrument.contract_size, instrument.tick, instrument.lot) = (dec!(0.01), dec!(0.1), dec!(0.0001));
    let mut desk = Desk::new(instrument.clone(), recording);
    let (out, mut events) = mpsc::channel(16);
    let feed = Feed { instrument: instrument.id.clone(), channel: Channel::Candles(Timeframe::M1) };
    let line = Line::new(feed, Arc::new(instrument), Duration::from_secs(60)).unwrap();
    let mut session = PublicSession::new(vec![line], out, Duration::from_secs(20));
    session.opened(desk.now);

    let (mut entered, mut held) = (Vec::with_capacity(ENTRIES), Vec::new());
    for minute in 0..CANDLES {
        let frame = frame(minute);
        let begun = Instant::now();
        session.text(black_box(&frame), desk.now).unwrap();
        let MarketEvent::Data { fact: MarketFact::CandleClosed { candle, .. }, .. } =
            events.try_recv().unwrap()
        else {
            panic!("a frame of one closed candle is one event");
        };
        desk.close(candle);
        match desk.signed.take() {
            Some(signed) => entered.push(signed - begun),
            None => held.push(begun.elapsed()),
        }
        desk.price = Price::new(decimal_from_f64(candle.close).unwrap());
        desk.flatten();
        if entered.len() == ENTRIES {
            return (entered, held);
        }
    }
    panic!("only {} of {CANDLES} candles entered", entered.len());
}

fn report(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
    println!("{what}: p50 {:.1?}, p99 {:.1?}, of {}", at(50), at(99), took.len());
}

fn main() {
    for (recording, with) in [(false, "without"), (true, "with")] {
        let (entered, held) = measure(recording);
        report(&format!("candle frame to signed entry, {with} decision records"), entered);
        report(&format!("candle frame that leads to nothing, {with} decision records"), held);
    }
}
