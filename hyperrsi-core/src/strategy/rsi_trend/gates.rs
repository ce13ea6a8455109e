//! Every gate of an evaluated candle as data, for records (TRADING 12.2, 17). The decision itself takes the short way; a
//! test checks that both say the same.

use super::Hyperrsi;
use crate::indicator::Indicator;
use crate::indicator::trend::Trend;
use crate::model::{Candle, PositionSide};
use crate::risk::Refusal;
use crate::strategy::{Check, Context, DecisionOutcome, DecisionRecord, Inputs, LegSummary, LegView, Stage};

pub(super) struct Recorder<'a, 'c> {
    pub(super) strategy: &'a Hyperrsi,
    pub(super) ctx: &'a Context<'c>,
    pub(super) candle: &'a Candle,
}

/// A gate, its operands, and the reason it gives when it fails.
type Gate = (&'static str, bool, String, &'static str, String, Refusal);

impl Recorder<'_, '_> {
    pub(super) fn record(&self, outcome: DecisionOutcome) -> DecisionRecord {
        let mut checks = Vec::new();
        let mut reason = (0, Refusal::NoSignal);
        if let Some(leg) = self.ctx.main_leg() {
            checks.push(self.trend_exit(leg));
            if self.strategy.snapshot.settings.extra.limit > 1 {
                let gates = self.extra_entry(leg);
                if let Some(gate) = gates.iter().find(|gate| !gate.1) {
                    reason = (usize::MAX, gate.5); // what an open leg waits for is its next entry
                }
                checks.extend(gates.into_iter().map(|gate| check(Stage::ExtraEntry, gate)));
            }
        }
        // Without a leg the reason is that of the side which came furthest; the long side on a tie.
        for side in PositionSide::BOTH {
            let gates = self.first_entry(side);
            let failed = gates.iter().position(|gate| !gate.1);
            if let Some((depth, gate)) = failed.and_then(|i| gates.get(i).map(|gate| (i + 1, gate)))
                && depth > reason.0
            {
                reason = (depth, gate.5);
            }
            checks.extend(gates.into_iter().map(|gate| check(Stage::first_entry(side), gate)));
        }
        DecisionRecord {
            strategy: "hyperrsi".into(),
            symbol: self.ctx.instrument().id.clone(),
            timeframe: self.ctx.timeframe(),
            candle: self.candle.open_time,
            at: None,
            settings_hash: self.strategy.snapshot.hash.to_string(),
            inputs: self.inputs(),
            leg: self.ctx.main_leg().filter(|leg| leg.quantity.is_positive()).map(LegSummary::of),
            checks,
            outcome,
            reason: match outcome {
                DecisionOutcome::Enter | DecisionOutcome::Add => "signal".into(),
                DecisionOutcome::Close => "trend_reversal".into(),
                _ => reason.1.code().into(),
            },
            orders: Vec::new(),
        }
    }

    fn inputs(&self) -> Inputs {
        let state = &self.strategy.state;
        let uses_trend = state.trend.is_some();
        Inputs {
            close: self.candle.close.to_string(),
            p: state.p.map(|p| p.to_string()),
            c: state.c.map(|c| c.to_string()),
            atr: state.atr.as_ref().and_then(Indicator::value).map(|atr| atr.to_string()),
            mode: Some(self.strategy.snapshot.settings.entry.mode.to_string()),
            trend: uses_trend.then(|| state.reading.state.as_i8().to_string()),
            trend_ready: uses_trend.then_some(state.reading.ready),
            ..Inputs::default()
        }
    }

    fn trend_exit(&self, leg: &LegView) -> Check {
        let state = self.trend_text();
        let against = if leg.side == PositionSide::Long { Trend::Down } else { Trend::Up };
        Check {
            stage: Stage::TrendExit,
            gate: "trend_exit".into(),
            ok: self.strategy.snapshot.settings.trend.close && self.strategy.trend_is_against(leg.side),
            left: state,
            op: "==".into(),
            right: against.as_i8().to_string(),
        }
    }

    /// All conditions of an extra entry in the order of TRADING 10.3, also after one failed.
    fn extra_entry(&self, leg: &LegView) -> Vec<Gate> {
        let (strategy, side) = (self.strategy, leg.side);
        let (settings, state) = (&strategy.snapshot.settings, &strategy.state);
        let none = || String::from("none");
        let gate = self.ctx.opening_gate();
        let gate_text = gate.map_or_else(none, |gate| gate.code().into());
        let used = leg.candle_used.map_or(i64::MIN, |used| used.millis());
        let mut gates: Vec<Gate> = vec![
            ("opening", gate.is_none(), gate_text, "==", none(), gate.unwrap_or(Refusal::NotRunning)),
            (
                "limit",
                leg.entries < settings.extra.limit,
                leg.entries.to_string(),
                "<",
                settings.extra.limit.to_string(),
                Refusal::LimitReached,
            ),
            (
                "candle",
                used < self.candle.open_time.millis(),
                used.to_string(),
                "<",
                self.candle.open_time.millis().to_string(),
                Refusal::CandleUsed,
            ),
        ];
        if settings.extra.require_price {
            let next = leg.next_entry.as_ref();
            let op = if side == PositionSide::Long { "<=" } else { ">=" };
            gates.push((
                "price",
                next.is_some_and(|next| next.is_reached(side, self.candle.close)),
                self.candle.close.to_string(),
                op,
                next.map_or_else(none, |next| next.price.to_string()),
                if next.is_some() || leg.entries >= settings.extra.limit {
                    Refusal::PriceNotReached
                } else {
                    Refusal::LevelNotPositive
                },
            ));
        }
        if settings.extra.require_rsi {
            gates.push(self.signal(side, state.p, state.c));
        }
        if settings.trend.filter {
            gates.push(self.trend_gate(side));
        }
        gates
    }

    fn signal(&self, side: PositionSide, p: Option<f64>, c: Option<f64>) -> Gate {
        let strategy = self.strategy;
        let signals = matches!((p, c), (Some(p), Some(c)) if strategy.signal.signals(side, p, c));
        let (op, line) = strategy.signal.comparison(side);
        let c = c.map_or_else(|| "none".into(), |c| c.to_string());
        ("signal", signals, c, op, line.to_string(), Refusal::NoSignal)
    }

    fn trend_gate(&self, side: PositionSide) -> Gate {
        let against = if side == PositionSide::Long { Trend::Down } else { Trend::Up };
        let ok = !self.strategy.trend_forbids(side);
        ("trend", ok, self.trend_text(), "!=", against.as_i8().to_string(), self.strategy.trend_refusal())
    }

    fn trend_text(&self) -> String {
        self.strategy.trend().map_or_else(|| "unknown".into(), |trend| trend.as_i8().to_string())
    }

    /// All gates of a first entry in reporting order, also after one failed.
    fn first_entry(&self, side: PositionSide) -> Vec<Gate> {
        let (strategy, ctx) = (self.strategy, self.ctx);
        let (settings, state) = (&strategy.snapshot.settings, &strategy.state);
        let gate = ctx.opening_gate();
        let none = || String::from("none");
        let mut gates: Vec<Gate> = vec![
            (
                "opening",
                gate.is_none(),
                gate.map_or_else(none, |gate| gate.code().into()),
                "==",
                none(),
                gate.unwrap_or(Refusal::NotRunning),
            ),
            (
                "warm_up",
                state.seen >= strategy.warm_up,
                state.seen.to_string(),
                ">=",
                strategy.warm_up.to_string(),
                Refusal::WarmingUp,
            ),
        ];
        let open = ctx.main_leg().or_else(|| ctx.hedge_leg());
        gates.push((
            "main_leg",
            open.is_none(),
            open.map_or_else(none, |leg| leg.side.to_string()),
            "==",
            none(),
            if open.is_some_and(|leg| leg.hedge) { Refusal::HedgeLegOpen } else { Refusal::MainLegOpen },
        ));
        gates.push((
            "direction",
            settings.entry.direction.allows(side),
            settings.entry.direction.to_string(),
            "allows",
            side.to_string(),
            Refusal::Direction,
        ));
        let until = ctx.cooldown_until(side).map_or(0, |until| until.millis());
        gates.push((
            "cooldown",
            ctx.now().millis() >= until,
            ctx.now().millis().to_string(),
            ">=",
            until.to_string(),
            Refusal::Cooldown,
        ));
        let used = ctx.leg(side).candle_used.map_or(i64::MIN, |used| used.millis());
        gates.push((
            "candle",
            used < self.candle.open_time.millis(),
            used.to_string(),
            "<",
            self.candle.open_time.millis().to_string(),
            Refusal::CandleUsed,
        ));
        gates.push(self.signal(side, state.p, state.c));
        if settings.trend.filter {
            gates.push(self.trend_gate(side));
        }
        gates
    }
}

fn check(stage: Stage, (gate, ok, left, op, right, _): Gate) -> Check {
    Check { stage, gate: gate.into(), ok, left, op: op.into(), right }
}
