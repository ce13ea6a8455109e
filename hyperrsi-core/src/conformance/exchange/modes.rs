use super::bench::Act;
use super::probe::{Outcome, Probe};
use crate::exchange::{ErrorClass, ExchangeExt, Feature};
use crate::model::{MarginMode, OrderKind, PositionMode, PositionSide, TimeInForce};

use PositionSide::{Long, Short};

const fn other(mode: PositionMode) -> PositionMode {
    match mode {
        PositionMode::OneWay => PositionMode::Hedge,
        PositionMode::Hedge => PositionMode::OneWay,
    }
}

pub(super) async fn the_account_says_its_mode_and_may_trade(probe: &Probe) -> Outcome {
    let config = probe.ok("account_config", probe.exchange.account_config().await)?;
    probe.same("its position mode", &config.position_mode, &probe.mode)?;
    let may = config.permissions.read && config.permissions.trade;
    probe.holds("the key's permissions", "read and trade", may, &config.permissions)
}

pub(super) async fn two_legs_are_held_apart(probe: &Probe) -> Outcome {
    if probe.mode == PositionMode::OneWay {
        return Probe::skip("a one-way account has one leg");
    }
    probe.needs(Feature::ShortSelling)?;
    let half = probe.quarters(2)?;
    probe.enter(Long, probe.quantity).await?;
    probe.enter(Short, half).await?;
    probe.has_leg(Long, probe.quantity).await?;
    let exit = probe.spec(Long, false, probe.quantity, OrderKind::Market)?;
    probe.placed("closing the long leg", exit).await?;
    let open = probe.has_leg(Long, crate::model::Quantity::ZERO).await?;
    probe.same("the short leg", &probe.leg_of(&open, Short), &half)
}

pub(super) async fn leverage_is_read_back(probe: &Probe) -> Outcome {
    probe.needs(Feature::Leverage)?;
    let id = &probe.instrument.id;
    for leverage in [2, 3] {
        let now = probe.ok("leverage", probe.exchange.leverage(id.clone()).await)?;
        let set = probe.exchange.set_leverage(id.clone(), now.margin_mode, leverage).await;
        let set = probe.ok("set_leverage", set)?;
        probe.same("what was set", &(set.long, set.short), &(leverage, leverage))?;
        let read = probe.ok("leverage", probe.exchange.leverage(id.clone()).await)?;
        probe.same("what is read", &read, &set)?;
    }
    let Some(too_high) = probe.instrument.max_leverage.checked_add(1) else { return Ok(()) };
    let margin_mode = probe.ok("leverage", probe.exchange.leverage(id.clone()).await)?.margin_mode;
    let refused = probe.exchange.set_leverage(id.clone(), margin_mode, too_high).await;
    let known = refused.as_ref().is_err_and(crate::exchange::ExchangeError::outcome_known);
    probe.holds("more than the highest leverage", "a refusal", known, &refused)
}

pub(super) async fn the_margin_mode_is_read_back(probe: &Probe) -> Outcome {
    probe.needs(Feature::CrossMargin)?;
    probe.needs(Feature::IsolatedMargin)?;
    let id = &probe.instrument.id;
    for mode in [MarginMode::Isolated, MarginMode::Cross, MarginMode::Isolated] {
        let set = probe.ok("set_margin_mode", probe.exchange.set_margin_mode(id.clone(), mode).await)?;
        probe.same("what was set", &set.margin_mode, &mode)?;
        let read = probe.ok("leverage", probe.exchange.leverage(id.clone()).await)?;
        probe.same("what is read", &read, &set)?;
    }
    Ok(())
}

pub(super) async fn the_mode_stays_while_something_is_open(probe: &Probe) -> Outcome {
    probe.needs(Feature::SetPositionMode)?;
    probe.enter(Long, probe.quantity).await?;
    let answer = probe.exchange.set_position_mode(other(probe.mode)).await;
    let refused = answer.as_ref().is_err_and(crate::exchange::ExchangeError::outcome_known);
    probe.holds("another mode with a leg open", "a refusal", refused, &answer)?;
    let config = probe.ok("account_config", probe.exchange.account_config().await)?;
    probe.same("the mode afterwards", &config.position_mode, &probe.mode)
}

pub(super) async fn a_mode_flipped_by_hand_is_refused_until_read(probe: &Probe) -> Outcome {
    // The adapter has seen the account as it was.
    let config = probe.ok("account_config", probe.exchange.account_config().await)?;
    probe.same("the mode at first", &config.position_mode, &probe.mode)?;
    probe.act(Act::FlipMode).await?;
    let kind = Probe::limit(probe.away(-3)?, TimeInForce::GoodTillCancelled);
    let sent = probe.spec(Long, true, probe.quantity, kind)?;
    let outcome = probe.place(sent).await?;
    probe.refused("an order for the old mode", &outcome, &[ErrorClass::ModeMismatch])?;
    let config = probe.ok("account_config", probe.exchange.account_config().await)?;
    probe.same("the mode as it is read then", &config.position_mode, &other(probe.mode))?;
    let sent = probe.spec(Long, true, probe.quantity, kind)?;
    probe.placed("an order for the new mode", sent).await
}
