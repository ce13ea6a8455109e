use super::super::EquityCurve;
use crate::position::Trade;
use rust_decimal::Decimal;

/// One column of an export and all its cells.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) cells: Cells,
}

/// Cells of one type.
pub(super) enum Cells {
    /// UTC milliseconds.
    Time(Vec<i64>),
    Float(Vec<Option<f64>>),
    /// Money and quantities: text formats keep every digit, binary ones hold the nearest `f64`.
    Exact(Vec<Option<Decimal>>),
    Whole(Vec<i64>),
    Flag(Vec<bool>),
    Text(Vec<String>),
}

/// Columns of equal length.
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
}

impl Table {
    /// One row for each trade, in order of exit.
    pub(super) fn of_trades(trades: &[Trade]) -> Self {
        let time = |get: fn(&Trade) -> i64| Cells::Time(trades.iter().map(get).collect());
        let exact = |get: fn(&Trade) -> Option<Decimal>| Cells::Exact(trades.iter().map(get).collect());
        let float = |get: fn(&Trade) -> f64| {
            Cells::Float(
                trades.iter().map(|trade| Some(get(trade)).filter(|value| value.is_finite())).collect(),
            )
        };
        let text = |get: fn(&Trade) -> String| Cells::Text(trades.iter().map(get).collect());
        let columns = vec![
            ("entry_time", time(|trade| trade.entry_time.millis())),
            ("exit_time", time(|trade| trade.exit_time.millis())),
            ("side", text(|trade| trade.side.to_string())),
            ("hedge", Cells::Flag(trades.iter().map(|trade| trade.hedge).collect())),
            ("entry_price", exact(|trade| Some(trade.entry_price.get()))),
            ("exit_price", exact(|trade| Some(trade.exit_price.get()))),
            ("quantity", exact(|trade| Some(trade.quantity.get()))),
            ("entries", Cells::Whole(trades.iter().map(|trade| i64::from(trade.entries)).collect())),
            ("margin", exact(|trade| Some(trade.margin.get()))),
            ("gross_pnl", exact(|trade| Some(trade.gross_pnl.get()))),
            ("fees", exact(|trade| Some(trade.fees.get()))),
            ("funding", exact(|trade| Some(trade.funding.get()))),
            ("net_pnl", exact(|trade| Some(trade.net_pnl.get()))),
            ("percent", float(Trade::percent)),
            ("return_on_margin", float(Trade::return_on_margin)),
            ("planned_risk", exact(|trade| trade.planned_risk.map(|risk| risk.get()))),
            ("reason", text(|trade| trade.reason.to_string())),
            ("fills", Cells::Whole(trades.iter().map(|trade| trade.fills.len() as i64).collect())),
        ];
        Self::new(columns, trades.len())
    }

    /// One row for each candle: close time, equity, and its fall from the last peak in percent.
    pub(super) fn of_equity(curve: &EquityCurve, initial_balance: f64) -> Self {
        let mut peak = initial_balance;
        let fall = |equity: &f64| {
            peak = peak.max(*equity);
            Some((1.0 - equity / peak) * 100.0).filter(|percent| percent.is_finite())
        };
        let falls = curve.equity.iter().map(fall).collect();
        let equity = curve.equity.iter().map(|equity| Some(*equity).filter(|value| value.is_finite()));
        let columns = vec![
            ("close_time", Cells::Time(curve.times.clone())),
            ("equity", Cells::Float(equity.collect())),
            ("drawdown_percent", Cells::Float(falls)),
        ];
        Self::new(columns, curve.times.len().min(curve.equity.len()))
    }

    fn new(columns: Vec<(&'static str, Cells)>, rows: usize) -> Self {
        Self { columns: columns.into_iter().map(|(name, cells)| Column { name, cells }).collect(), rows }
    }
}
