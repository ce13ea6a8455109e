crate::coded! {
    /// Why an opening was not made: the first failing gate names it (TRADING 4.3, 10.3, 12.2).
    Refusal {
        NotRunning "not_running" "The symbol is stopped; open legs are only managed.",
        Paused "paused" "Entries are paused by an operator.",
        MarginBlocked "margin_blocked" "Too many entries in a row lacked margin; openings rest for a while.",
        FailurePaused "failure_paused" "Too many entries in a row were rejected; resume by command.",
        DataGap "data_gap" "Candles are missing and could not be filled.",
        PriceStale "price_stale" "No reference price is recent enough.",
        NotReconciled "not_reconciled" "The account has not been read since the start.",
        ForeignPosition "foreign_position" "A position on the leg was not opened by this engine.",
        Journal "journal" "The journal cannot be written.",
        Unprotected "unprotected" "A leg of the account has no confirmed stop for too long.",
        UnknownOrder "unknown_order" "The outcome of an order on the leg is not known yet.",
        StrategyFailed "strategy_failed" "The strategy panicked or answered nonsense.",
        Delisting "delisting" "The venue is about to end trading in the instrument, or has.",
        WarmingUp "warming_up" "Indicators have not seen enough candles.",
        MainLegOpen "main_leg_open" "A main leg is open, opening or closing.",
        HedgeLegOpen "hedge_leg_open" "A hedge leg still exists.",
        NotFlat "not_flat" "The leg is not confirmed flat.",
        Direction "direction" "First entries of this side are switched off.",
        Cooldown "cooldown" "The side exited too recently.",
        CandleUsed "candle_used" "The side already entered on this candle.",
        NoSignal "no_signal" "The RSI gave no signal.",
        TrendBlocked "trend_blocked" "The trend state is against the entry.",
        TrendUnknown "trend_unknown" "The trend state is not ready.",
        LimitReached "limit_reached" "The leg has all its entries.",
        PriceNotReached "price_not_reached" "The price has not reached the next entry level.",
        LevelNotPositive "level_not_positive" "The next entry level would lie at or below zero.",
        SignalStale "signal_stale" "The decision is too old to be carried out.",
        LegClosed "leg_closed" "The leg went flat before the entry was made.",
        BelowMinEntryNotional "below_min_entry_notional" "The planned value is below min_entry_notional.",
        BelowMinSize "below_min_size" "The quantity is below the venue's minimum.",
        BelowMinNotional "below_min_notional" "The order value is below the venue's minimum.",
        AboveMaxSize "above_max_size" "The quantity is above the venue's maximum.",
        InsufficientMargin "insufficient_margin" "The available balance does not cover margin and fee.",
        ExposureCap "exposure_cap" "The order would exceed the exposure cap.",
        HedgeModeRequired "hedge_mode_required" "The account holds one net position per instrument.",
        HedgeBelowMinSize "hedge_below_min_size" "The hedge would be below the venue's minimum.",
        LeverageMismatch "leverage_mismatch" "The venue's leverage or margin mode differs from the settings.",
        InstrumentInUse "instrument_in_use" "Another trader of the account owns the instrument.",
        Unsupported "unsupported" "The venue cannot do this.",
        VenueRejected "venue_rejected" "The venue rejected the order.",
        RiskLimit "risk_limit" "A risk manager refused.",
        DailyLossLimit "daily_loss_limit" "The account has lost as much today as it may.",
        MaxDrawdown "max_drawdown" "Equity is too far below its peak.",
        LosingStreak "losing_streak" "Too many trades in a row were lost.",
        MaxPositions "max_positions" "As many positions are open as may be.",
        KillSwitch "kill_switch" "The kill switch is pulled.",
        InvalidIntent "invalid_intent" "The strategy asked for something that makes no sense.",
    }
}

/// A refusal with what a person needs to do something about it.
///
/// ```
/// use hyperrsi_core::risk::{Refusal, Refused};
/// let refused = Refused::new(Refusal::Cooldown, "until 12:08:20");
/// assert_eq!(refused.to_string(), "cooldown: until 12:08:20");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Refused {
    /// Which gate.
    pub code: Refusal,
    /// The numbers it rested on and the next step.
    pub detail: String,
}

impl Refused {
    /// A refusal with its detail.
    pub fn new(code: Refusal, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<Refusal> for Refused {
    fn from(code: Refusal) -> Self {
        Self { code, detail: code.meaning().into() }
    }
}

impl From<crate::model::Overflow> for Refused {
    fn from(overflow: crate::model::Overflow) -> Self {
        Self { code: Refusal::InvalidIntent, detail: overflow.to_string() }
    }
}
