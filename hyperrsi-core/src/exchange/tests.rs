use super::*;
use crate::model::{
    InstrumentId, OrderKind, OrderSpec, PositionSide, Price, Quantity, Reducing, Side, Ticket, TimeInForce,
    Timestamp, TriggerSource,
};
use rust_decimal::Decimal;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Answers everything with the same result.
struct Parrot {
    account: AccountId,
    can: Capabilities,
    says: Result<Answer, ExchangeError>,
}

#[async_trait]
impl Exchange for Parrot {
    fn account(&self) -> &AccountId {
        &self.account
    }
    fn capabilities(&self) -> &Capabilities {
        &self.can
    }
    async fn call(&self, _: Request) -> Result<Answer, ExchangeError> {
        self.says.clone()
    }
    fn events(&self) -> AccountStream {
        Box::pin(Silent)
    }
}

struct Silent;

impl futures_core::Stream for Silent {
    type Item = AccountEvent;
    fn poll_next(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<AccountEvent>> {
        Poll::Ready(None)
    }
}

fn parrot(says: Result<Answer, ExchangeError>) -> Arc<dyn Exchange> {
    Arc::new(Parrot { account: "a".into(), can: Capabilities::new("sim".into()), says })
}

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the parrot never waits"),
    }
}

fn spec(kind: OrderKind) -> OrderSpec {
    OrderSpec {
        client_id: "hr1".parse().unwrap(),
        leg: PositionSide::Long,
        side: Side::Sell,
        reduce_only: true,
        quantity: Quantity::new(Decimal::ONE),
        kind,
    }
}

fn btc() -> InstrumentId {
    InstrumentId::new("sim", "BTCUSDT")
}

fn reducing(kind: OrderKind) -> Reducing {
    Reducing::new(btc(), spec(kind)).unwrap()
}

fn stop(trigger: i64) -> OrderKind {
    OrderKind::StopMarket { trigger: Price::new(trigger.into()), source: TriggerSource::Mark }
}

fn limit(price: i64) -> OrderKind {
    OrderKind::Limit { price: Price::new(price.into()), time_in_force: TimeInForce::GoodTillCancelled }
}

#[test]
fn a_lost_answer_is_an_unknown_order_and_a_limit_a_refusal() {
    let sell = || Ticket::Reducing(reducing(OrderKind::Market));
    let lost = parrot(Err(ExchangeError::Timeout { after: None }));
    assert!(matches!(ready(lost.place(sell())), OrderOutcome::Unknown { class: ErrorClass::Timeout, .. }));
    let limited = parrot(Err(ExchangeError::RateLimited { retry_after: None }));
    match ready(limited.place(sell())) {
        OrderOutcome::Refused(no) => assert_eq!(no.class, ErrorClass::RateLimited),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_query_never_means_absent() {
    let order = || OrderRef::own(btc(), &spec(OrderKind::Market));
    for error in [ExchangeError::Timeout { after: None }, ExchangeError::Maintenance { until: None }] {
        let class = Some(error.class());
        assert_eq!(ready(parrot(Err(error)).order(order(), Timestamp::EPOCH)), Lookup::Unknown { class });
    }
}

#[test]
fn a_wrong_answer_to_an_order_leaves_it_unknown() {
    let confused = parrot(Ok(Answer::ServerTime(Timestamp::EPOCH)));
    let outcome = ready(confused.place(Ticket::Reducing(reducing(OrderKind::Market))));
    assert!(matches!(outcome, OrderOutcome::Unknown { class: ErrorClass::WrongAnswer, .. }));
    assert!(ready(confused.balances()).is_err());
}

#[test]
fn a_batch_always_has_one_outcome_per_order() {
    let orders = vec![OrderRef::own(btc(), &spec(OrderKind::Market)); 3];
    let short = parrot(Ok(Answer::Orders(vec![])));
    let outcomes = ready(short.cancel_batch(orders));
    assert_eq!(outcomes.len(), 3);
    assert!(outcomes.iter().all(|o| matches!(o, OrderOutcome::Unknown { .. })));
}

#[test]
fn stops_go_before_reductions_before_reads() {
    let place = |kind| Request::Place(Ticket::Reducing(reducing(kind))).urgency();
    assert_eq!(place(stop(95)), Urgency::Protection);
    assert_eq!(place(limit(110)), Urgency::Reduction);
    assert!(Request::Balances.urgency() < Urgency::Opening);
    assert!(
        !Request::Balances.is_write()
            && Request::SetPositionMode { mode: crate::model::PositionMode::Hedge }.is_write()
    );
}

#[test]
fn only_price_and_quantity_can_be_amended() {
    let to = |kind| Amendment::new(spec(stop(95)), Ticket::Reducing(reducing(kind)));
    assert!(to(stop(96)).is_ok());
    assert_eq!(to(stop(95)), Err(Mismatch::NoChange));
    assert_eq!(to(limit(96)), Err(Mismatch::NotAnAmendment));
    let other =
        Reducing::new(btc(), OrderSpec { client_id: "hr2".parse().unwrap(), ..spec(stop(96)) }).unwrap();
    assert_eq!(Amendment::new(spec(stop(95)), Ticket::Reducing(other)), Err(Mismatch::NotAnAmendment));
}

#[test]
fn linked_orders_are_a_stop_and_a_take_profit_of_one_leg() {
    assert!(Linked::new(reducing(stop(95)), reducing(limit(110))).is_ok());
    assert_eq!(Linked::new(reducing(limit(110)), reducing(stop(95))), Err(Mismatch::Kind));
    let eth = Reducing::new(InstrumentId::new("sim", "ETHUSDT"), spec(limit(110))).unwrap();
    assert_eq!(Linked::new(reducing(stop(95)), eth), Err(Mismatch::Leg));
}
