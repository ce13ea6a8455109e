//! What the memory store must do; the conformance suite asks the same of every store.

mod journal;
mod people;
mod records;

use crate::model::{AccountId, InstrumentId, Span, Timestamp};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("memory never waits"),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::EPOCH + Span::seconds(seconds)
}

fn account() -> AccountId {
    "main".into()
}

fn btc() -> InstrumentId {
    InstrumentId::new("sim", "BTCUSDT")
}
