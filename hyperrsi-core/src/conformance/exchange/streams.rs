use super::bench::Act;
use super::listening::Ear;
use super::probe::{Outcome, PATIENCE, Probe};
use crate::exchange::{AccountEvent, Feature, VenueFill};
use crate::model::{ClientOrderId, OrderKind, OrderStatus, PositionSide, Quantity, TimeInForce, TradeId};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

use PositionSide::Long;

pub(super) async fn a_stream_begins_with_where_it_stands(probe: &Probe) -> Outcome {
    probe.needs(Feature::AccountStream)?;
    let mut ear = Ear::new(probe.exchange.events());
    let first = ear.next(probe, PATIENCE).await;
    let stands = matches!(first, Some(AccountEvent::Up | AccountEvent::Down { .. }));
    probe.holds("the first event", "Up or Down", stands, &ear.heard)?;
    let up = |heard: &[AccountEvent]| matches!(heard.last(), Some(AccountEvent::Up));
    ear.until(probe, "then", "Up", up).await
}

/// The distinct executions of an order.
fn executions(heard: &[AccountEvent], id: ClientOrderId) -> BTreeMap<TradeId, VenueFill> {
    let fills = heard.iter().filter_map(|event| match event {
        AccountEvent::Fill(fill) if fill.fill.client_id == Some(id) => {
            Some((fill.fill.trade_id.clone(), (**fill).clone()))
        }
        _ => None,
    });
    fills.collect()
}

fn filled(heard: &[AccountEvent], id: ClientOrderId) -> Quantity {
    let sum: Decimal = executions(heard, id).values().map(|fill| fill.fill.quantity.get()).sum();
    Quantity::new(sum)
}

fn reached(heard: &[AccountEvent], id: ClientOrderId, status: OrderStatus) -> bool {
    heard.iter().any(|event| {
        matches!(event, AccountEvent::Order(order) if order.client_id() == Some(id) && order.status == status)
    })
}

pub(super) async fn orders_fills_positions_and_balances_are_told(probe: &Probe) -> Outcome {
    probe.needs(Feature::AccountStream)?;
    let mut ear = Ear::up(probe).await?;
    let entry = probe.enter(Long, probe.quantity).await?;
    let done = |heard: &[AccountEvent]| reached(heard, entry, OrderStatus::Filled);
    ear.until(probe, "events of an entry", "the order, Filled", done).await?;
    let whole = |heard: &[AccountEvent]| filled(heard, entry) == probe.quantity;
    ear.until(probe, "events of an entry", "fills of its quantity", whole).await?;
    let open = |heard: &[AccountEvent]| {
        heard.iter().any(|event| {
            matches!(event, AccountEvent::Position(one)
                if one.position.key.side == Long && one.position.quantity == probe.quantity)
        })
    };
    ear.until(probe, "events of an entry", "the position", open).await?;
    let quote = |heard: &[AccountEvent]| {
        heard
            .iter()
            .any(|event| matches!(event, AccountEvent::Balance(one) if one.asset == probe.instrument.quote))
    };
    ear.until(probe, "events of an entry", "the balance", quote).await?;
    let read = crate::exchange::ExchangeExt::fills(
        &*probe.exchange,
        Some(probe.instrument.id.clone()),
        probe.began,
        100,
    );
    let read: BTreeMap<_, _> = probe
        .ok("fills", read.await)?
        .items
        .into_iter()
        .map(|fill| (fill.fill.trade_id.clone(), fill))
        .collect();
    let key = |fills: &BTreeMap<TradeId, VenueFill>| {
        fills.values().map(|one| (one.fill.clone(), one.fee_paid)).collect::<Vec<_>>()
    };
    probe.same("the fills as told and as read", &key(&executions(&ear.heard, entry)), &key(&read))
}

pub(super) async fn a_second_stream_tells_the_same(probe: &Probe) -> Outcome {
    probe.needs(Feature::AccountStream)?;
    let mut first = Ear::up(probe).await?;
    let mut second = Ear::up(probe).await?;
    let entry = probe.enter(Long, probe.quantity).await?;
    for ear in [&mut first, &mut second] {
        let whole = |heard: &[AccountEvent]| filled(heard, entry) == probe.quantity;
        ear.until(probe, "events of an entry", "fills of its quantity", whole).await?;
    }
    probe.same(
        "the fills on both streams",
        &executions(&second.heard, entry),
        &executions(&first.heard, entry),
    )
}

pub(super) async fn repeated_messages_carry_the_same_ids(probe: &Probe) -> Outcome {
    probe.needs(Feature::AccountStream)?;
    let mut ear = Ear::up(probe).await?;
    probe.act(Act::RepeatMessages).await?;
    let entry = probe.enter(Long, probe.quantity).await?;
    let done = |heard: &[AccountEvent]| reached(heard, entry, OrderStatus::Filled);
    ear.until(probe, "events of an entry", "the order, Filled", done).await?;
    while ear.next(probe, crate::model::Span::seconds(1)).await.is_some() {}
    probe.same("the quantity of distinct fills", &filled(&ear.heard, entry), &probe.quantity)
}

pub(super) async fn what_is_done_by_hand_is_told(probe: &Probe) -> Outcome {
    probe.needs(Feature::AccountStream)?;
    let mut ear = Ear::up(probe).await?;
    probe.enter(Long, probe.quantity).await?;
    let kind = Probe::limit(probe.away(-3)?, TimeInForce::GoodTillCancelled);
    let resting = probe.spec(Long, true, probe.quantity, kind)?;
    probe.placed("a limit order", resting).await?;
    probe.act(Act::CancelByHand(resting.client_id)).await?;
    let gone = |heard: &[AccountEvent]| reached(heard, resting.client_id, OrderStatus::Cancelled);
    ear.until(probe, "an order cancelled by hand", "the order, Cancelled", gone).await?;
    probe.act(Act::CloseByHand).await?;
    let flat = |heard: &[AccountEvent]| {
        let last = heard.iter().rev().find_map(|event| match event {
            AccountEvent::Position(one) if one.position.key.side == Long => Some(one.position.quantity),
            _ => None,
        });
        last == Some(Quantity::ZERO)
    };
    ear.until(probe, "a position closed by hand", "the leg with quantity zero", flat).await
}

pub(super) async fn a_cut_stream_comes_back_with_a_gap(probe: &Probe) -> Outcome {
    probe.needs(Feature::AccountStream)?;
    let mut ear = Ear::up(probe).await?;
    probe.act(Act::CutStream).await?;
    let place = |heard: &[AccountEvent], is: fn(&AccountEvent) -> bool| heard.iter().position(is);
    let down = |event: &AccountEvent| matches!(event, AccountEvent::Down { .. });
    ear.until(probe, "after the cut", "Down", |heard| place(heard, down).is_some()).await?;
    let up = |event: &AccountEvent| matches!(event, AccountEvent::Up);
    ear.until(probe, "after the cut", "Up again", |heard| place(heard, up) > place(heard, down)).await?;
    let gap = |event: &AccountEvent| matches!(event, AccountEvent::Gap { .. });
    ear.until(probe, "after the cut", "a Gap", |heard| place(heard, gap).is_some()).await?;
    let entry = probe.spec(Long, true, probe.quantity, OrderKind::Market)?;
    probe.placed("an entry at the market", entry).await?;
    let whole = |heard: &[AccountEvent]| filled(heard, entry.client_id) == probe.quantity;
    ear.until(probe, "the stream that came back", "fills of an entry", whole).await
}

pub(super) async fn a_garbled_message_is_a_gap(probe: &Probe) -> Outcome {
    probe.needs(Feature::AccountStream)?;
    let mut ear = Ear::up(probe).await?;
    probe.act(Act::GarbleMessage).await?;
    probe.enter(Long, probe.quantity).await?;
    let gap = |heard: &[AccountEvent]| heard.iter().any(|one| matches!(one, AccountEvent::Gap { .. }));
    ear.until(probe, "after a message that cannot be read", "a Gap", gap).await
}
