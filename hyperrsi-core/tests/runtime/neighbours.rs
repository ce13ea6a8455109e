//! What an account's mode and its other traders have to say about a record of settings (TRADING 16.1, 16.10).

use crate::rig::*;
use hyperrsi_core::desk::{Actor, Command, Desk, DeskError, Instruction, Via};
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::{Clock, Grid, LocalDesk, Options, Plan, Session, StartError};
use hyperrsi_core::store::Layer;
use serde_json::{Value, json};
use std::sync::Arc;

fn grid(rig: &Rig, record: Value) -> Plan {
    let recipe = Grid { base: Timeframe::M1, maker_fee: dec!(0.0002) };
    let Value::Object(record) = record else { panic!("no record") };
    Plan::of_settings("main:grid", rig.venue.instrument.clone(), recipe, record).unwrap()
}

fn one_way(rig: &Rig) {
    let config = rig.venue.config();
    rig.venue.state().config =
        Some(hyperrsi_core::exchange::AccountConfig { position_mode: PositionMode::OneWay, ..config });
}

/// What a start says about the settings of the grid.
async fn refused(rig: &Rig, plans: Vec<Plan>) -> Vec<(String, String)> {
    let error = Session::open(rig.parts(), Options::new("test"), plans).await.err().unwrap();
    let StartError::Settings { trader, wrong } = error else { panic!("{error}") };
    assert_eq!(trader, TraderId::new("main:grid"));
    assert!(rig.venue.state().calls.iter().all(|(_, request)| !request.is_write()), "nothing was sent");
    wrong.0.into_iter().map(|finding| (finding.code.to_string(), finding.message)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_grid_where_another_trader_is_says_who_trades_the_symbol() {
    for (sides, side, first) in [("long", "long", true), ("short", "short", false), ("both", "long", true)] {
        let rig = Rig::cold().await;
        let grid = grid(&rig, json!({"capital": 1000, "enter_strategy": sides}));
        let plans = if first { vec![grid, rig.plan()] } else { vec![rig.plan(), grid] };
        let message = format!("BTCUSDT {side} is already traded by custom");
        assert_eq!(refused(&rig, plans).await, [("grid.symbol_side_in_use".to_owned(), message)]);
    }
    // Alone it starts, and so it does beside a trader of another symbol.
    let mut rig = Rig::cold().await;
    let mut elsewhere = rig.plan();
    elsewhere.instrument.id = InstrumentId::new("double", "ETHUSDT");
    let plans = vec![elsewhere, grid(&rig, json!({"capital": 1000}))];
    rig.session = Some(Session::open(rig.parts(), Options::new("test"), plans).await.unwrap());
    rig.settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_grid_of_both_sides_needs_an_account_with_a_leg_for_each() {
    let rig = Rig::cold().await;
    one_way(&rig);
    let found = refused(&rig, vec![grid(&rig, json!({"capital": 1000, "enter_strategy": "both"}))]).await;
    let message = "enter_strategy both needs a hedge-mode account".to_owned();
    assert_eq!(found, [("grid.hedge_mode_required".to_owned(), message)]);
}

#[tokio::test(start_paused = true)]
async fn a_running_grid_is_not_given_settings_its_account_cannot_trade() {
    let mut rig = Rig::cold().await;
    one_way(&rig);
    rig.start_plan(grid(&rig, json!({"capital": 1000}))).await;
    let desk = LocalDesk::new(Arc::clone(&rig.store), Arc::clone(&rig.venue.clock) as Arc<dyn Clock>);
    desk.attach(rig.session.as_ref().unwrap().handle());
    let update = |key: &str, sides: &str| Instruction {
        key: key.parse().unwrap(),
        by: Actor { user: "ann".into(), via: Via::Program },
        command: Command::UpdateSettings {
            strategy: StrategyId::new("grid"),
            layer: Layer::Account("main".into()),
            expected: None,
            changes: serde_json::from_value(json!({"enter_strategy": sides})).unwrap(),
        },
    };
    let refused = desk.command(update("k1", "both")).await.unwrap_err();
    let DeskError::Settings { findings } = refused else { panic!("{refused}") };
    let codes: Vec<_> = findings.iter().map(|finding| finding.code.to_string()).collect();
    assert_eq!(codes, ["grid.hedge_mode_required"]);
    desk.command(update("k2", "short")).await.unwrap();
}
