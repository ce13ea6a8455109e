//! From settings to what the trader carries out.

use super::settings::{
    AmountUnit, CountUnit, HedgeSizeUnit, HedgeSlKind, HedgeTpKind, OnUnprotected, Settings,
    SpacingReference, TrailKind, Unit,
};
use crate::model::{Amount, Contracts, Instrument, Percent, Quantity, Span};
use crate::position::{
    Distance, EntryPlan, ExitPlan, ExtraEntries, HedgePlan, HedgeStop, HedgeTakeProfit, HedgeTarget,
    StopLoss, TakeProfit, TakeProfitOrder, TrailOffset, Trailing,
};
use crate::risk::{self, Policy, Size};
use rust_decimal::Decimal;

fn distance(unit: Unit, value: Decimal) -> Distance {
    match unit {
        Unit::Percent => Distance::percent(value),
        Unit::PriceOffset => Distance::PriceOffset(value),
        Unit::Atr => Distance::Atr(value),
    }
}

/// Ladder, stop, break-even and trailing of the main leg, as data.
///
/// ```
/// use hyperrsi_core::strategy::rsi_trend::exit_plan;
/// use hyperrsi_core::strategy::rsi_trend::settings::Settings;
/// let plan = exit_plan(&Settings::default());
/// assert_eq!(plan.take_profits.len(), 3);
/// assert!(plan.stop.is_none()); // use_sl is off by default
/// ```
pub fn exit_plan(settings: &Settings) -> ExitPlan {
    let mut plan = ExitPlan::new().trigger_by(settings.sl.trigger);
    let break_even = [settings.break_even.tp1, settings.break_even.tp2, settings.break_even.tp3];
    for (level, break_even) in settings.tp.levels.iter().zip(break_even) {
        plan.take_profits.push(TakeProfit {
            distance: distance(settings.tp.unit, level.value),
            share: Percent::new(level.ratio),
            enabled: level.enabled,
            break_even,
            order: TakeProfitOrder::Limit,
        });
    }
    if settings.sl.is_used() {
        plan.stop = Some(StopLoss {
            distance: distance(settings.sl.unit, settings.sl.value),
            from_entry: if settings.sl.on_last { settings.extra.limit } else { 1 },
        });
    }
    plan.break_even_offset = Percent::new(settings.break_even.offset);
    plan.trailing = settings.trailing.start_level().map(|start_level| Trailing {
        start_level,
        offset: match settings.trailing.rule() {
            TrailKind::TpDiff => TrailOffset::LevelGap { from: 2, to: 3 },
            TrailKind::Atr => TrailOffset::Atr(settings.trailing.atr_multiple),
            TrailKind::Percent => TrailOffset::Percent(Percent::new(settings.trailing.offset_percent)),
        },
        amend_interval: Span::seconds(i64::from(settings.trailing.amend_interval)),
        amend_step: Percent::new(settings.trailing.amend_step),
    });
    plan
}

/// Further entries and the hedge, as data (TRADING 10, 11); `None` without either.
///
/// ```
/// use hyperrsi_core::strategy::rsi_trend::entry_plan;
/// use hyperrsi_core::strategy::rsi_trend::settings::Settings;
/// let plan = entry_plan(&Settings::default()).unwrap();
/// assert_eq!(plan.extra.map(|extra| extra.limit), Some(4));
/// assert!(plan.hedge.is_none()); // use_dual_side_entry is off by default
/// ```
pub fn entry_plan(settings: &Settings) -> Option<EntryPlan> {
    let extra = (settings.extra.limit > 1).then(|| {
        let spacing = distance(settings.extra.spacing_unit, settings.extra.spacing);
        let mut extra =
            ExtraEntries::new(settings.extra.limit, spacing).multiplied_by(settings.extra.multiplier);
        if settings.extra.reference == SpacingReference::LastEntry {
            extra = extra.from_last_entry();
        }
        extra.resting = settings.extra.require_price && !settings.extra.require_rsi;
        extra
    });
    let plan = EntryPlan { extra, hedge: settings.dual.enabled.then(|| hedge_plan(settings)) };
    (!plan.is_empty()).then_some(plan)
}

fn hedge_plan(settings: &Settings) -> HedgePlan {
    let dual = &settings.dual;
    let target = match dual.size.unit {
        HedgeSizeUnit::PercentOfPosition => HedgeTarget::PercentOfMain(Percent::new(dual.size.value)),
        HedgeSizeUnit::FixedAmount => HedgeTarget::Contracts(Contracts::new(dual.size.value)),
    };
    let mut plan = HedgePlan::new(dual.trigger, target);
    plan.limit = dual.limit;
    plan.take_profit = match dual.tp.kind {
        HedgeTpKind::Percent => HedgeTakeProfit::Percent(Percent::new(dual.tp.value)),
        HedgeTpKind::ExistingPosition => HedgeTakeProfit::MainStop,
        HedgeTpKind::LastDcaOnPosition => HedgeTakeProfit::LastEntry,
        HedgeTpKind::DoNotClose => HedgeTakeProfit::Never,
    };
    plan.stop = match (dual.sl.enabled, dual.sl.kind) {
        (false, _) => None,
        (true, HedgeSlKind::Percent) => Some(HedgeStop::Percent(Percent::new(dual.sl.value))),
        (true, HedgeSlKind::ExistingPosition) => dual.sl.level().map(HedgeStop::MainLevel),
    };
    plan.last_entry = settings.extra.limit;
    plan.exits_from_entry = if dual.after_all_dca { settings.extra.limit } else { 1 };
    plan.close_main_on_take_profit = dual.close_main;
    plan.close_on_main_stop = dual.close_on_main_sl;
    plan.close_on_trend_exit = dual.trend_close;
    plan
}

/// The size of a first entry (TRADING 1.5, 4.1).
pub fn entry_size(settings: &Settings, instrument: &Instrument) -> Size {
    let amount = settings.sizing.amount_for(&instrument.id.symbol, &instrument.base).unwrap_or_default();
    match (settings.sizing.unit, settings.sizing.count_unit) {
        (AmountUnit::Usdt, _) => Size::Margin(Amount::new(amount)),
        (AmountUnit::Percent, _) => Size::PercentOfAvailable(Percent::new(amount)),
        (AmountUnit::Count, CountUnit::Contracts) if !instrument.is_spot() => {
            Size::Contracts(Contracts::new(amount))
        }
        (AmountUnit::Count, _) => Size::Base(Quantity::new(amount)),
    }
}

/// How the trader trades these settings; the journal is on.
pub fn policy(settings: &Settings, instrument: &Instrument) -> Policy {
    let limits = &settings.risk;
    Policy {
        leverage: settings.leverage(instrument.is_spot()),
        margin_mode: settings.market.margin_mode,
        cooldown: settings.cooldown.enabled.then(|| Span::seconds(i64::from(settings.cooldown.seconds))),
        max_signal_age: limits.max_signal_age.span(settings.market.timeframe),
        max_price_age: Span::seconds(i64::from(limits.max_price_age)),
        min_entry_notional: Some(Amount::new(settings.sizing.min_notional_in(is_usd(&instrument.quote)))),
        unprotected_deadline: Span::seconds(i64::from(limits.unprotected_deadline)),
        on_unprotected: match limits.on_unprotected {
            OnUnprotected::EngineStop => risk::OnUnprotected::EngineStop,
            OnUnprotected::Close => risk::OnUnprotected::Close,
        },
        entry_failure_limit: limits.entry_failure_limit,
        margin_block: (limits.margin_block.after, Span::seconds(i64::from(limits.margin_block.seconds))),
        ..Policy::default()
    }
}

/// Whether a quote currency is worth a dollar, so that amounts in dollars mean something (TRADING 4.5).
fn is_usd(quote: &str) -> bool {
    matches!(quote.to_ascii_uppercase().as_str(), "USD" | "USDT" | "USDC" | "BUSD" | "FDUSD" | "DAI" | "TUSD")
}
