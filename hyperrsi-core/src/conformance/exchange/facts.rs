use super::probe::{Outcome, Probe};
use crate::exchange::{ExchangeExt, Page, VenueFill};
use crate::model::{Amount, Arithmetic, OrderKind, PositionSide, Side, Span, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

use PositionSide::Long;

pub(super) async fn fills_come_oldest_first_in_pages(probe: &Probe) -> Outcome {
    let id = Some(probe.instrument.id.clone());
    for _ in 0..2 {
        probe.enter(Long, probe.quantity).await?;
        let exit = probe.spec(Long, false, probe.quantity, OrderKind::Market)?;
        probe.placed("a close at the market", exit).await?;
        probe.flat("after the close").await?;
    }
    let ask = || probe.exchange.fills(id.clone(), probe.began, 100);
    let all = probe.becomes("fills", "four at least", ask, |page| page.items.len() >= 4).await?;
    probe.holds("one page of all", "the last", !all.more, &all.more)?;
    let times: Vec<Timestamp> = all.items.iter().map(|one| one.fill.time).collect();
    probe.holds("their times", "oldest first", times.is_sorted(), &times)?;

    let (mut since, mut seen, mut ids) = (probe.began, BTreeSet::new(), Vec::new());
    for _ in 0..=all.items.len() {
        let page: Page<VenueFill> = probe.ok("a page", probe.exchange.fills(id.clone(), since, 3).await)?;
        probe.holds("a page", "three fills at most", page.items.len() <= 3, &page.items.len())?;
        for one in &page.items {
            if seen.insert(one.fill.trade_id.clone()) {
                ids.push(one.fill.trade_id.clone());
            }
        }
        match page.items.last() {
            Some(last) if page.more => since = last.fill.time,
            _ => break,
        }
    }
    // Fills of one moment may be more than a page: then going on from its time cannot pass them.
    let crowded = times.windows(3).any(|three| three.first() == three.last());
    if !crowded {
        let expected: Vec<_> = all.items.iter().map(|one| one.fill.trade_id.clone()).collect();
        probe.same("the pages one after another", &ids, &expected)?;
    }
    let late = probe.ok("fills to come", probe.exchange.fills(id, probe.began + Span::hours(1), 10).await)?;
    probe.same("fills to come", &late.items, &Vec::new())
}

pub(super) async fn the_balance_moves_by_profit_and_fees(probe: &Probe) -> Outcome {
    let quote = &probe.instrument.quote;
    let total = |balances: &Vec<crate::model::Balance>| {
        balances.iter().find(|one| one.asset == *quote).map(|one| one.total).unwrap_or_default()
    };
    let before = total(&probe.ok("balances", probe.exchange.balances().await)?);
    probe.enter(Long, probe.quantity).await?;
    let exit = probe.spec(Long, false, probe.quantity, OrderKind::Market)?;
    probe.placed("a close at the market", exit).await?;
    probe.flat("after the close").await?;
    let ask = || probe.exchange.fills(Some(probe.instrument.id.clone()), probe.began, 100);
    let fills = probe.becomes("fills", "two at least", ask, |page| page.items.len() >= 2).await?;
    let mut moved = Decimal::ZERO;
    for one in &fills.items {
        if one.fee_asset != *quote {
            return Probe::skip(format!("fees are paid in {}", one.fee_asset));
        }
        let value = probe.sum(one.fill.price.get().times(one.fill.quantity.get()))?;
        let signed = if one.fill.side == Side::Sell { value } else { -value };
        moved = probe.sum(moved.plus(signed).and_then(|sum| sum.minus(one.fee_paid.get())))?;
    }
    let expected = Amount::new(probe.sum(before.get().plus(moved))?);
    let ask = || probe.exchange.balances();
    let is = |balances: &Vec<_>| total(balances) == expected;
    probe.becomes("balances", &format!("{expected} {quote}"), ask, is).await.map(|_| ())
}
