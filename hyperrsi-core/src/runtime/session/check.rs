//! What has to be right before an account is started.

use super::StartError;
use crate::exchange::{Exchange, ExchangeExt, Feature, Unsupported};
use crate::model::Span;
use crate::runtime::clock::Clock;
use crate::runtime::options::Options;
use crate::runtime::plan::Plan;
use crate::store::Environment;

pub(super) async fn measure_clock(
    exchange: &dyn Exchange,
    clock: &dyn Clock,
    options: &Options,
) -> Result<(), StartError> {
    let before = clock.now();
    let venue = exchange.server_time().await?;
    let middle = before + Span::millis_of((clock.now() - before).millis() / 2);
    let behind = venue - middle;
    if behind.millis().abs() > options.clock_bound.millis() {
        return Err(StartError::Clock(behind));
    }
    clock.correct(venue);
    Ok(())
}

pub(super) fn check_key(
    config: &crate::exchange::AccountConfig,
    options: &Options,
) -> Result<(), StartError> {
    if !config.permissions.trade {
        let text = "the key may only read; allow trading (never withdrawals) for it and start again";
        return Err(StartError::Key(text.into()));
    }
    match (options.environment, config.demo) {
        (Environment::Live, true) => Err(StartError::Key(
            "the key belongs to the venue's test network, the account is set up as live; use a live key or environment demo".into(),
        )),
        (Environment::Demo, false) => Err(StartError::Key(
            "the key belongs to the live venue, the account is set up as demo; use a key of the test network".into(),
        )),
        _ => Ok(()),
    }
}

/// What a venue lacks is an error before the start, with its name.
pub(super) fn check_plan(
    plan: &Plan,
    exchange: &dyn Exchange,
    config: &crate::exchange::AccountConfig,
) -> Result<(), StartError> {
    let can = exchange.capabilities();
    if plan.instrument.id.venue != can.venue {
        return Err(StartError::Unsupported(Unsupported::named(
            can.venue.clone(),
            "this instrument's venue",
        )));
    }
    plan.instrument.validate()?;
    if plan.policy.leverage > 1 {
        can.require(Feature::Leverage)?;
    }
    if !plan.instrument.is_spot() {
        can.require(match plan.policy.margin_mode {
            crate::model::MarginMode::Isolated => Feature::IsolatedMargin,
            crate::model::MarginMode::Cross => Feature::CrossMargin,
        })?;
        can.require(Feature::ReduceOnly)?;
        can.require(match config.position_mode {
            crate::model::PositionMode::Hedge => Feature::HedgeMode,
            crate::model::PositionMode::OneWay => Feature::OneWayMode,
        })?;
    }
    Ok(())
}
