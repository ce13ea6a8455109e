//! Settings that did nothing, or something else, in the old system (TRADING B.3).

use super::super::Settings;
use super::super::choices::{AmountUnit, SpacingReference, TrendTimeframe, Unit};
use super::Note;
use crate::model::Timeframe;

/// Those of this record that make a difference from now on.
pub(super) fn list(s: &Settings) -> Vec<Note> {
    let mut list = vec![
        Note::new(
            "timeframe",
            "conditions are evaluated once per closed candle; before, the running candle counted too",
        ),
        Note::new("min_entry_notional", "first entries with a smaller planned value are skipped"),
    ];
    let mut add = |applies: bool, key: &str, text: &str| {
        if applies {
            list.push(Note::new(key, text));
        }
    };
    add(s.entry.rsi.length != 14, "rsi_length", "the period is used; it was always 14");
    add(
        s.sizing.unit != AmountUnit::Usdt,
        "entry_amount_option",
        "the unit is used; amounts were always quote currency",
    );
    add(
        !s.sizing.by_symbol.is_empty(),
        "symbol_investments",
        "used in the unit of entry_amount_option; amounts were always quote currency",
    );
    add(
        s.sl.on_last,
        "use_sl_on_last",
        "the stop is placed only once the last entry was made, also if use_sl is off",
    );
    add(
        s.sl.is_used(),
        "sl_value",
        "measured from the average entry fill price and renewed with every entry",
    );
    add(
        s.sl.is_used() && s.sl.unit == Unit::PriceOffset,
        "sl_option",
        "a stop at a price distance is placed; it was not",
    );
    add(
        s.tp.unit == Unit::PriceOffset,
        "tp_option",
        "take profits at a price distance are placed; they were not",
    );
    add(s.tp.unit == Unit::Atr, "tp_option", "take profits follow the average true range, frozen per entry");
    for (key, level) in ["use_tp1", "use_tp2", "use_tp3"].into_iter().zip(&s.tp.levels) {
        add(!level.enabled, key, "the disabled level gets no order; its share goes to the enabled ones");
    }
    add(
        s.extra.limit > 1 && s.extra.reference == SpacingReference::LastEntry,
        "entry_criterion",
        "extra entries are spaced from the last entry",
    );
    add(
        s.cooldown.enabled,
        "cooldown_time",
        "blocks first entries of the side that was closed for this long",
    );
    let last_level = s.tp.enabled().next_back().map(|(k, _)| k);
    add(
        s.trailing.start_level().is_some() && s.trailing.start_level() == last_level,
        "trailing_start_point",
        "trailing from the last take profit works; it never trailed",
    );
    let trend_used = s.trend.filter || s.trend.close;
    let was_ignored = [Timeframe::H2, Timeframe::H6, Timeframe::H12, Timeframe::D1];
    add(
        trend_used && matches!(s.trend.timeframe, TrendTimeframe::Fixed(tf) if was_ignored.contains(&tf)),
        "trend_timeframe",
        "this timeframe is used for the trend state",
    );
    add(
        s.dual.enabled && s.dual.after_all_dca,
        "activate_tp_sl_after_all_dca",
        "hedge exits wait for the last entry of the main position",
    );
    add(s.dual.enabled, "dual_side_entry_tp_value", "measured from the hedge's own average entry fill price");
    add(
        s.dual.enabled && s.dual.sl.enabled,
        "dual_side_entry_sl_value",
        "measured from the hedge's own average entry fill price",
    );
    list
}
