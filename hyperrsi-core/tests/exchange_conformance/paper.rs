//! Stands at the paper venue: time and prices are moved by hand, and a line in front of it loses what it is told to.

use crate::broken::{Broken, Fault};
use async_trait::async_trait;
use hyperrsi_core::conformance::exchange::{Act, Bench, Stand};
use hyperrsi_core::dec;
use hyperrsi_core::exchange::{
    AccountStream, Answer, Capabilities, ErrorClass, Exchange, ExchangeError, MarketData, OrderClass, Request,
};
use hyperrsi_core::model::{
    AccountId, Instrument, InstrumentId, PositionMode, PositionSide, Price, Quantity, Span, TimeInForce,
    Timestamp,
};
use hyperrsi_core::runtime::Clock;
use hyperrsi_core::runtime::paper::{Paper, SteppedClock};
use hyperrsi_core::sim::account::{NewOrder, Setup, Terms};
use std::sync::{Arc, Mutex};

pub(crate) fn btc() -> Instrument {
    let mut btc = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
    (btc.tick, btc.lot, btc.min_size) = (dec!(0.1), dec!(0.001), dec!(0.002));
    (btc.min_notional, btc.contract_size) = (dec!(5), dec!(0.001));
    btc
}

/// Sets up accounts, with a fault or without.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) fault: Option<Fault>,
}

fn setup(mode: PositionMode) -> Setup {
    let mut setup = Setup::new("sim").deposit("USDT", dec!(100_000));
    setup.position_mode = mode;
    setup
}

#[async_trait]
impl Bench for Desk {
    fn capabilities(&self) -> Capabilities {
        let clock = SteppedClock::starting_at(Timestamp::EPOCH);
        Paper::new("desk", setup(PositionMode::OneWay), [btc()], clock).capabilities().clone()
    }

    async fn open(&self, _: &str, mode: PositionMode) -> Result<Option<Box<dyn Stand>>, ExchangeError> {
        let clock = SteppedClock::starting_at(Timestamp::from_millis(1_746_000_000_000));
        let paper = Paper::new("desk", setup(mode), [btc()], clock.clone());
        paper.trade(&btc().id, Price::new(dec!(60_000))).unwrap();
        let line =
            Arc::new(Line { paper: Arc::clone(&paper), clock: Arc::clone(&clock), mishap: Mutex::default() });
        let exchange: Arc<dyn Exchange> = match self.fault {
            None => line.clone(),
            Some(fault) => Arc::new(Broken::new(line.clone(), paper.clone(), fault)),
        };
        Ok(Some(Box::new(AtDesk { exchange, line, paper, clock })))
    }
}

struct AtDesk {
    exchange: Arc<dyn Exchange>,
    line: Arc<Line>,
    paper: Arc<Paper>,
    clock: Arc<SteppedClock>,
}

#[async_trait]
impl Stand for AtDesk {
    fn exchange(&self) -> Arc<dyn Exchange> {
        Arc::clone(&self.exchange)
    }
    fn market(&self) -> Option<Arc<dyn MarketData>> {
        None
    }
    fn instrument(&self) -> Instrument {
        btc()
    }
    async fn price(&self) -> Result<Price, ExchangeError> {
        Ok(self.paper.look(|account| account.last_price(&btc().id)).unwrap())
    }
    async fn pause(&self, span: Span) {
        self.clock.advance(self.clock.now() + span);
        tokio::task::yield_now().await;
    }
    async fn act(&self, act: Act) -> bool {
        let mishap = match act {
            Act::Price(price) => {
                self.paper.glide(&btc().id, price).unwrap();
                return true;
            }
            Act::LoseAnswer => Mishap::LoseAnswer,
            Act::LoseRequest => Mishap::LoseRequest,
            Act::ErrorPage => Mishap::Page,
            Act::TooMany => Mishap::TooMany,
            Act::OrderByHand(side, price) => self.by_hand(|account, now| {
                let hedge = account.position_mode() == PositionMode::Hedge;
                let terms = Terms::Limit { price, time_in_force: TimeInForce::GoodTillCancelled };
                let order = NewOrder {
                    leg: hedge.then_some(PositionSide::Long),
                    ..NewOrder::new(btc().id, side, Quantity::new(btc().min_size), terms)
                };
                account.place(now, order).unwrap();
            }),
            Act::CancelByHand(id) => self.by_hand(|account, now| {
                let number = account.order_of(OrderClass::Plain, id.as_str()).unwrap().number;
                account.cancel(now, number).unwrap();
            }),
            Act::CloseByHand => self.by_hand(|account, now| {
                let hedge = account.position_mode() == PositionMode::Hedge;
                for open in account.positions().unwrap() {
                    let order = NewOrder {
                        leg: hedge.then_some(open.side),
                        reduce_only: true,
                        ..NewOrder::new(open.instrument, open.side.closing(), open.quantity, Terms::Market)
                    };
                    account.place(now, order).unwrap();
                }
            }),
            Act::FlipMode => self.by_hand(|account, _| {
                account.flip_position_mode().unwrap();
            }),
            _ => return false,
        };
        if mishap != Mishap::None {
            *self.line.mishap.lock().unwrap() = mishap;
        }
        true
    }
}

impl AtDesk {
    fn by_hand(&self, act: impl FnOnce(&mut hyperrsi_core::sim::account::Account, Timestamp)) -> Mishap {
        self.paper.change(act);
        Mishap::None
    }
}

/// What happens to the next order request.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mishap {
    #[default]
    None,
    LoseAnswer,
    LoseRequest,
    Page,
    TooMany,
}

/// The way to the paper venue; a call takes a millisecond.
struct Line {
    paper: Arc<Paper>,
    clock: Arc<SteppedClock>,
    mishap: Mutex<Mishap>,
}

#[async_trait]
impl Exchange for Line {
    fn account(&self) -> &AccountId {
        self.paper.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.paper.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        self.clock.advance(self.clock.now() + Span::millis_of(1));
        if !request.is_write() {
            return self.paper.call(request).await;
        }
        let mishap = std::mem::take(&mut *self.mishap.lock().unwrap());
        match mishap {
            Mishap::None => self.paper.call(request).await,
            Mishap::LoseRequest => Err(ExchangeError::Timeout { after: None }),
            Mishap::TooMany => Err(ExchangeError::from_venue(ErrorClass::RateLimited, "429", "too many")),
            Mishap::LoseAnswer | Mishap::Page => {
                let _ = self.paper.call(request).await;
                Err(match mishap {
                    Mishap::Page => ExchangeError::VenueFault { status: 502, detail: "a page".into() },
                    _ => ExchangeError::Timeout { after: None },
                })
            }
        }
    }
    fn events(&self) -> AccountStream {
        self.paper.events()
    }
}
