//! TRADING 1.3: a new version of the settings applies to the next evaluated candle and to the next entry of an open leg.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, EntryPlan, ExtraEntries, StopKind};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi_core::strategy::rsi_trend::{Hyperrsi, StartError};
use hyperrsi_core::strategy::{Context, Decision, Intent, Strategy, View};
use std::sync::Arc;

#[test]
fn s1_3_what_rests_stays_until_the_next_entry_which_uses_the_new_plans() {
    let mut rig = Rig::new(instrument(dec!(0.1), dec!(0.01), dec!(0.01)));
    let extra = |spacing| EntryPlan::extra(ExtraEntries::new(4, Distance::percent(spacing)));
    let old = ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)));
    let decision = Decision::enter(LONG, Size::Base(dec!(1).into()), old).followed_by(extra(dec!(3)));
    rig.enter_with(decision, dec!(1_000));
    let before = (rig.stop_order(LONG), rig.take_profits(LONG), rig.trader.view().long.next_entry);
    rig.advance(Span::minutes(1));
    let exits = Arc::new(ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(8))));
    let entries = Some(Arc::new(extra(dec!(2))));
    rig.decide(Decision::of(Intent::Replan { side: LONG, exits, entries }));
    assert_eq!((rig.stop_order(LONG), rig.take_profits(LONG), rig.trader.view().long.next_entry), before);
    rig.add(LONG, dec!(1), dec!(970));
    // A = 985: the stop 8 % below, 906.2; the next level 2 % below, 965.3.
    assert_eq!(rig.stop(LONG), stop_at(dec!(906.2), StopKind::Fixed));
    assert_eq!(rig.trader.view().long.next_entry.unwrap().price.get(), dec!(965.3));
}

#[test]
fn s1_3_the_strategy_tells_an_open_leg_once_and_keeps_its_indicators() {
    let btc = instrument(dec!(0.1), dec!(0.01), dec!(0.01));
    let mut strategy = Hyperrsi::new(Snapshot::new(1, Settings::default()), &btc).unwrap();
    let mut view = View::new(btc.clone());
    let ask = |strategy: &mut Hyperrsi, view: &View, minute: i64| {
        let candle = Candle::new(Timestamp::from_millis(minute * 60_000), 10.0, 11.0, 9.0, 10.0, 1.0);
        let close = candle.close_time(Span::minutes(1));
        strategy.on_candle(&Context::new(close, Timeframe::M1, &[], view, false), &candle)
    };
    for minute in 0..30 {
        ask(&mut strategy, &view, minute);
    }
    let rsi = strategy.rsi();
    assert!(rsi.is_some());
    let mut changed = Settings::default();
    changed.sl.enabled = true;
    strategy.change_settings(Snapshot::new(2, changed.clone()), &btc).unwrap();
    assert_eq!((strategy.rsi(), strategy.snapshot().version), (rsi, 2));
    view.long.state = hyperrsi_core::strategy::LegState::Open;
    let told = ask(&mut strategy, &view, 30);
    assert!(matches!(told.intents[..], [Intent::Replan { side: LONG, .. }]));
    assert!(ask(&mut strategy, &view, 31).is_hold());
    // Another RSI length is another indicator: it starts anew.
    changed.entry.rsi.length = 7;
    strategy.change_settings(Snapshot::new(3, changed.clone()), &btc).unwrap();
    assert_eq!(strategy.rsi(), None);
    // Invalid settings change nothing.
    changed.entry.rsi.oversold = dec!(90);
    let refused = strategy.change_settings(Snapshot::new(4, changed), &btc);
    assert!(matches!(refused, Err(StartError::Settings(_))));
    assert_eq!(strategy.snapshot().version, 3);
}
