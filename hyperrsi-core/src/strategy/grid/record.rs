//! Decision records of the grid: the gates of each side and what came of them (TRADING 17).

use super::Grid;
use crate::indicator::Indicator;
use crate::model::{Candle, PositionSide};
use crate::risk::Refusal;
use crate::strategy::{Check, Context, Decision, DecisionOutcome, DecisionRecord, Inputs, Rest, Stage};

impl Grid {
    pub(super) fn record(&self, ctx: &Context<'_>, candle: &Candle, decision: &Decision) -> DecisionRecord {
        let state = &self.state;
        let changed = matches!(decision.rest, Rest::Set(_));
        let refused = decision.refused.map(|(_, refusal)| refusal);
        let paused = self.sides().find_map(|side| self.pause(ctx, side));
        let reason = refused.or(ctx.opening_gate()).or(paused).map(Refusal::code);
        DecisionRecord {
            strategy: "grid".into(),
            symbol: ctx.instrument().id.clone(),
            timeframe: ctx.timeframe(),
            candle: candle.open_time,
            at: None,
            settings_hash: self.hash.to_string(),
            inputs: Inputs {
                close: candle.close.to_string(),
                atr: state.atr.value().map(|atr| atr.to_string()),
                trend_ready: state.adx.as_ref().map(|adx| adx.adx().is_some()),
                reference: state.average.value().map(|average| average.to_string()),
                ..Inputs::default()
            },
            leg: None,
            checks: self.sides().flat_map(|side| self.checks(ctx, side)).collect(),
            outcome: if changed { DecisionOutcome::Adjust } else { DecisionOutcome::None },
            reason: reason.unwrap_or("grid").into(),
            orders: Vec::new(),
        }
    }

    fn checks(&self, ctx: &Context<'_>, side: PositionSide) -> Vec<Check> {
        let (state, pause) = (&self.state, self.pause(ctx, side));
        let none = || String::from("none");
        let check = |gate: &str, ok: bool, left: String, op: &str, right: String| Check {
            stage: Stage::first_entry(side),
            gate: gate.into(),
            ok,
            left,
            op: op.into(),
            right,
        };
        let gate = ctx.opening_gate().map(Refusal::code).or(state.over.then_some("custom_stop"));
        let rests = self.rests(ctx.leg(side));
        let recomputed = state.recomputed.map_or(0, |at| at.millis());
        let mut checks = vec![
            check("opening", gate.is_none(), gate.map_or_else(none, Into::into), "==", none()),
            check("warm_up", state.step.is_some(), state.step.is_some().to_string(), "==", "true".into()),
            check(
                "cooldown",
                !rests,
                recomputed.to_string(),
                ">=",
                ctx.leg(side).last_exit.map_or_else(none, |at| {
                    (at.millis() + 1000 * i64::from(self.settings.cooldown_time)).to_string()
                }),
            ),
        ];
        if let Some(adx) = &state.adx {
            let favours = adx.strong().map_or_else(none, |side| side.to_string());
            let blocked = matches!(pause, Some(Refusal::TrendBlocked | Refusal::TrendUnknown));
            let left = adx
                .adx()
                .map_or_else(|| "unknown".into(), |value| format!("{value:.2}, strong for {favours}"));
            checks.push(check("trend", !blocked, left, "allows", side.to_string()));
        }
        checks
    }
}
