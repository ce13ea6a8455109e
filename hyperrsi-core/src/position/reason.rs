crate::coded! {
    /// Why a quantity left a leg. The reason of a trade is that of its last exit fill (TRADING 13.6).
    ExitReason {
    TakeProfit1 "tp1" "Take-profit level 1.",
    TakeProfit2 "tp2" "Take-profit level 2.",
    TakeProfit3 "tp3" "Take-profit level 3, and any level above it.",
    StopLoss "stop_loss" "The fixed stop.",
    BreakEven "break_even" "The stop moved to break-even.",
    TrailingStop "trailing_stop" "The trailing stop.",
    TrendReversal "trend_reversal" "The trend state turned against the leg.",
    HedgeTakeProfit "hedge_take_profit" "The hedge's own take profit.",
    HedgeStopLoss "hedge_stop_loss" "The hedge's own stop.",
    HedgeLastEntry "hedge_last_entry" "The main leg made its last entry.",
    HedgeLinked "hedge_linked" "The hedge was closed because of the main leg.",
    HedgeTpLinked "hedge_tp_linked" "The main leg was closed because the hedge took profit.",
    Strategy "strategy" "A custom strategy asked for it.",
    Manual "manual" "Closed by hand or by something unknown to us.",
    Liquidation "liquidation" "The venue liquidated the leg.",
    Adl "adl" "The venue reduced the leg against another account.",
    LateFill "late_fill" "A resting entry filled after its leg was closed.",
    UserCommand "user_command" "An operator asked for it.",
    BacktestEnd "backtest_end" "The backtest ended.",
    GridExit "grid_exit" "A grid lot reached its exit.",
    }
}

impl ExitReason {
    /// The reason of a fill at take-profit level `level`, counted from 1.
    pub const fn take_profit(level: u8) -> Self {
        match level {
            0 | 1 => Self::TakeProfit1,
            2 => Self::TakeProfit2,
            _ => Self::TakeProfit3,
        }
    }
}
