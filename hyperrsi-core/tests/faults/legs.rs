//! Legs of more than one entry: a hedge that fails, an extra entry while protection is being resized, a grid that fills
//! while nobody runs.

use crate::double::{Fault, refused};
use crate::rig::*;
use hyperrsi_core::desk::EventKind;
use hyperrsi_core::exchange::{Answer, ErrorClass, Request};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, EntryPlan, ExitPlan, ExtraEntries, HedgePlan, HedgeTarget};
use hyperrsi_core::risk::Size;
use hyperrsi_core::store::*;
use hyperrsi_core::strategy::{Decision, Rest, RestingEntry};
use rust_decimal::Decimal;
use std::sync::Arc;

fn wide() -> ExitPlan {
    ExitPlan::new().stop_loss(Distance::percent(dec!(10))).take_profit(Distance::percent(dec!(5)), dec!(100))
}

#[tokio::test(start_paused = true)]
async fn f81_a_hedge_that_is_refused_is_told_and_the_main_leg_keeps_its_stop() {
    let rig = Rig::new().await;
    let hedge = HedgePlan::new(1, HedgeTarget::PercentOfMain(Percent::new(dec!(50))));
    let plan = EntryPlan { extra: None, hedge: Some(hedge) };
    let is_hedge = |request: &Request| matches!(request, Request::Place(ticket) if ticket.order().leg == SHORT && !ticket.order().reduce_only);
    rig.venue.fail(is_hedge, Fault::Answer(Answer::Order(refused(ErrorClass::PriceBand))));
    let decision = Decision::enter(LONG, Size::Base(dec!(1).into()), wide()).followed_by(plan);
    rig.minute(100.0, Some(decision)).await;
    rig.price(100.0).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!((rig.venue.held(LONG), rig.venue.held(SHORT)), (dec!(1), dec!(0)));
    let missing = |event: &EventKind| matches!(event, EventKind::HedgeIncomplete { side: SHORT });
    assert!(rig.events().await.iter().any(|event| missing(&event.kind)), "{:?}", rig.codes().await);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f82_an_extra_entry_that_fills_while_the_stop_is_resized_is_protected_whole() {
    let rig = Rig::new().await;
    let extra = ExtraEntries::new(2, Distance::percent(dec!(2))).resting();
    let decision =
        Decision::enter(LONG, Size::Base(dec!(1).into()), wide()).followed_by(EntryPlan::extra(extra));
    rig.minute(100.0, Some(decision)).await;
    rig.minute(100.0, None).await;
    let limit = rig.venue.resting(|spec| !spec.reduce_only);
    assert_eq!(limit.len(), 1, "the second entry rests");
    assert_eq!(limit[0].kind.price(), Some(Price::new(dec!(98))));
    // The resize after the first part arrives late; two more parts fill meanwhile.
    rig.venue.fail(named("amend"), Fault::Delay(Span::seconds(3)));
    for part in [dec!(0.3), dec!(0.3), dec!(0.4)] {
        rig.venue.fill(limit[0].client_id, dec!(98), part);
        rig.pass(Span::seconds(1)).await;
    }
    rig.pass(Span::seconds(10)).await;
    assert_eq!(rig.venue.held(LONG), dec!(2));
    rig.assert_sound().await;
    // 10 % below and 5 % above (100 + 98) / 2 = 99.
    assert_eq!(rig.venue.stops()[0].kind.price(), Some(Price::new(dec!(89.1))));
    let targets = rig.venue.resting(|spec| spec.reduce_only && matches!(spec.kind, OrderKind::Limit { .. }));
    assert_eq!(targets.len(), 1);
    assert_eq!((targets[0].kind.price(), targets[0].quantity.get()), (Some(Price::new(dec!(104))), dec!(2)));
}

/// Three levels below the market, each left one step higher.
fn grid() -> Decision {
    let exits = Arc::new(ExitPlan::new().stop_loss(Distance::percent(dec!(20))));
    let level = |key: u16| {
        let price = dec!(100) - Decimal::from(key);
        RestingEntry {
            key,
            side: LONG,
            price: price.into(),
            size: Size::Base(dec!(1).into()),
            exits: Arc::clone(&exits),
            lot: Some((price + dec!(1)).into()),
        }
    };
    Decision { rest: Rest::Set([1, 2, 3].map(level).into()), ..Decision::hold() }
}

#[tokio::test(start_paused = true)]
async fn f83_a_grid_that_filled_while_nobody_ran_is_rebuilt_once_per_level() {
    let mut rig = Rig::new().await;
    rig.minute(100.0, Some(grid())).await;
    let entries = |rig: &Rig| rig.venue.resting(|spec| !spec.reduce_only).len();
    assert_eq!(entries(&rig), 3);
    rig.kill().await;
    rig.venue.trade(dec!(97)); // all three fill
    rig.start().await;
    rig.pass(Span::seconds(15)).await;
    assert_eq!(rig.venue.held(LONG), dec!(3));
    let mut exits: Vec<_> =
        rig.venue.limits().iter().map(|spec| (spec.kind.price(), spec.quantity.get())).collect();
    exits.sort();
    let wanted = [dec!(98), dec!(99), dec!(100)].map(|price| (Some(Price::new(price)), dec!(1)));
    assert_eq!(exits, wanted, "one exit per lot");
    rig.assert_sound().await;
    rig.minute(97.0, Some(grid())).await;
    assert_eq!(entries(&rig), 0, "no level is entered twice: the exposure is what it was");
    rig.price(99.0).await;
    rig.pass(Span::seconds(5)).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    let trades = rig.store.trades(&RecordQuery::of("main".into(), [])).await.unwrap();
    let mut net: Vec<_> = trades.iter().map(|record| record.trade.net_pnl.get()).collect();
    net.sort();
    assert_eq!(net, [dec!(1), dec!(1)], "97 to 98 and 98 to 99, each a trade");
    rig.assert_sound().await;
}
