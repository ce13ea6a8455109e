use super::{Split, Statistics};
use crate::position::{ExitReason, Trade};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;

/// All statistics that need only the trades. Money is summed as decimals and rounded to `f64` once.
pub(super) fn summary(trades: &[Trade]) -> Statistics {
    let mut all = Group::default();
    let (mut won, mut lost) = (Group::default(), Group::default());
    let (mut gross, mut fees, mut funding) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    let mut turnover = 0.0;
    let (mut best, mut worst) = (Decimal::ZERO, Decimal::ZERO);
    let (mut wins_in_row, mut losses_in_row) = (Streak::default(), Streak::default());
    let mut in_r = Some(0.0);
    let mut held = Vec::with_capacity(trades.len());
    let mut by_side = BTreeMap::<_, Group>::new();
    let mut by_reason = BTreeMap::<ExitReason, Group>::new();
    let mut by_entries = BTreeMap::<u32, Group>::new();
    let mut by_role = BTreeMap::<&str, Group>::new();

    for trade in trades {
        let net = trade.net_pnl.get();
        let (win, loss) = (net > Decimal::ZERO, net < Decimal::ZERO);
        all.add(net);
        if win {
            won.add(net);
        } else if loss {
            lost.add(net);
        }
        wins_in_row.next(win);
        losses_in_row.next(loss);
        best = best.max(net);
        worst = worst.min(net);
        gross = gross.saturating_add(trade.gross_pnl.get());
        fees = fees.saturating_add(trade.fees.get());
        funding = funding.saturating_add(trade.funding.get());
        turnover += trade.fills.iter().map(|f| f.price.to_f64() * f.quantity.to_f64()).sum::<f64>();
        in_r = in_r.zip(in_units_of_risk(trade)).map(|(sum, r)| sum + r);
        held.push((trade.exit_time - trade.entry_time).millis());
        by_side.entry(trade.side).or_default().add(net);
        by_reason.entry(trade.reason).or_default().add(net);
        by_entries.entry(trade.entries).or_default().add(net);
        by_role.entry(if trade.hedge { "hedge" } else { "main" }).or_default().add(net);
    }

    let decided = won.trades + lost.trades;
    Statistics {
        trades: trades.len(),
        wins: won.trades,
        losses: lost.trades,
        win_rate: (decided > 0).then(|| won.trades as f64 / decided as f64),
        net_pnl: float(all.net),
        gross_pnl: float(gross),
        fees: float(fees),
        funding: float(funding),
        profit_factor: (lost.trades > 0).then(|| float(won.net) / -float(lost.net)),
        expectancy: all.mean(),
        expectancy_r: in_r.filter(|_| !trades.is_empty()).map(|sum| sum / trades.len() as f64),
        average_win: won.mean(),
        average_loss: lost.mean(),
        largest_win: (won.trades > 0).then(|| float(best)),
        largest_loss: (lost.trades > 0).then(|| float(worst)),
        longest_win_streak: wins_in_row.longest,
        longest_loss_streak: losses_in_row.longest,
        holding_mean: mean(&held),
        holding_max: held.iter().copied().max(),
        holding_median: median(held),
        turnover,
        by_side: by_side.into_iter().map(|(side, group)| (side.to_string(), group.split())).collect(),
        by_reason: by_reason.into_iter().map(|(reason, group)| (reason.to_string(), group.split())).collect(),
        by_entries: by_entries.into_iter().map(|(entries, group)| (entries, group.split())).collect(),
        by_role: by_role.into_iter().map(|(role, group)| (role.to_string(), group.split())).collect(),
        ..Statistics::default()
    }
}

#[derive(Default)]
struct Group {
    trades: usize,
    wins: usize,
    net: Decimal,
}

impl Group {
    fn add(&mut self, net: Decimal) {
        self.trades += 1;
        self.wins += usize::from(net > Decimal::ZERO);
        self.net = self.net.saturating_add(net);
    }
    fn mean(&self) -> Option<f64> {
        (self.trades > 0).then(|| float(self.net) / self.trades as f64)
    }
    fn split(self) -> Split {
        Split { trades: self.trades, wins: self.wins, net_pnl: float(self.net) }
    }
}

/// The longest run of trades in a row for which something held; a trade of zero net ends both kinds.
#[derive(Default)]
struct Streak {
    current: usize,
    longest: usize,
}

impl Streak {
    fn next(&mut self, goes_on: bool) {
        self.current = if goes_on { self.current + 1 } else { 0 };
        self.longest = self.longest.max(self.current);
    }
}

fn in_units_of_risk(trade: &Trade) -> Option<f64> {
    let risk = trade.planned_risk.filter(|risk| risk.is_positive())?;
    Some(trade.net_pnl.to_f64() / risk.to_f64())
}

fn mean(values: &[i64]) -> Option<f64> {
    let count = values.len() as f64;
    (count > 0.0).then(|| values.iter().map(|v| *v as f64).sum::<f64>() / count)
}

fn median(mut values: Vec<i64>) -> Option<f64> {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable(middle);
    let upper = *upper as f64;
    match below.iter().max() {
        Some(lower) if even => Some((*lower as f64 + upper) / 2.0),
        _ => Some(upper),
    }
}

fn float(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Amount, Liquidity, PositionSide, Price, Quantity, Timestamp};
    use crate::position::{TradeFill, TradeFillKind};
    use rust_decimal_macros::dec;

    fn trade(side: PositionSide, entry: Decimal, exit: Decimal, net: Decimal) -> Trade {
        Trade {
            side,
            hedge: false,
            entry_time: Timestamp::EPOCH,
            entry_price: Price::new(entry),
            exit_time: Timestamp::from_millis(60_000),
            exit_price: Price::new(exit),
            quantity: Quantity::new(dec!(1)),
            entries: 1,
            margin: Amount::new(dec!(10)),
            gross_pnl: Amount::new(net),
            fees: Amount::ZERO,
            funding: Amount::ZERO,
            net_pnl: Amount::new(net),
            planned_risk: Some(Amount::new(dec!(5))),
            reason: ExitReason::StopLoss,
            fills: Vec::new(),
            protection: Vec::new(),
        }
    }

    #[test]
    fn t16_a_laddered_long_that_ends_at_break_even() {
        let fill = |kind, price, quantity, fee, liquidity| TradeFill {
            time: Timestamp::EPOCH,
            kind,
            price: Price::new(price),
            quantity: Quantity::new(quantity),
            fee: Amount::new(fee),
            liquidity,
        };
        let exit = |reason| TradeFillKind::Exit(reason);
        let trade = Trade {
            quantity: Quantity::new(dec!(0.004)),
            margin: Amount::new(dec!(20)),
            gross_pnl: Amount::new(dec!(4.60)),
            fees: Amount::new(dec!(0.1654)),
            reason: ExitReason::BreakEven,
            fills: vec![
                fill(TradeFillKind::Entry, dec!(50000), dec!(0.004), dec!(0.10), Liquidity::Taker),
                fill(
                    exit(ExitReason::TakeProfit1),
                    dec!(51000),
                    dec!(0.0012),
                    dec!(0.01224),
                    Liquidity::Maker,
                ),
                fill(
                    exit(ExitReason::TakeProfit2),
                    dec!(51500),
                    dec!(0.0012),
                    dec!(0.01236),
                    Liquidity::Maker,
                ),
                fill(exit(ExitReason::BreakEven), dec!(51000), dec!(0.0016), dec!(0.0408), Liquidity::Taker),
            ],
            ..trade(PositionSide::Long, dec!(50000), dec!(51150), dec!(4.4346))
        };
        assert_eq!(format!("{:.2}", trade.percent()), "2.30");
        assert_eq!(format!("{:.3}", trade.return_on_margin()), "22.173");
        let statistics = summary(&[trade]);
        assert_eq!((statistics.gross_pnl, statistics.fees, statistics.net_pnl), (4.6, 0.1654, 4.4346));
        assert_eq!(format!("{:.4}", statistics.turnover), "404.6000");
        assert_eq!(statistics.by_reason.get("break_even").map(|split| split.wins), Some(1));
        assert_eq!(statistics.expectancy_r, Some(4.4346 / 5.0));
        assert_eq!(statistics.profit_factor, None);
    }

    #[test]
    fn t17_percent_is_symmetric_for_a_short() {
        for (exit, percent) in [(dec!(90), "10.00"), (dec!(110), "-10.00")] {
            let short = trade(PositionSide::Short, dec!(100), exit, dec!(100) - exit);
            assert_eq!(format!("{:.2}", short.percent()), percent);
        }
    }

    #[test]
    fn wins_losses_and_streaks_leave_out_trades_of_zero_net() {
        let nets = [dec!(3), dec!(1), dec!(0), dec!(2), dec!(-1), dec!(-3)];
        let trades: Vec<_> =
            nets.into_iter().map(|net| trade(PositionSide::Long, dec!(100), dec!(101), net)).collect();
        let statistics = summary(&trades);
        assert_eq!((statistics.trades, statistics.wins, statistics.losses), (6, 3, 2));
        assert_eq!(statistics.win_rate, Some(0.6));
        assert_eq!(statistics.profit_factor, Some(1.5));
        assert_eq!((statistics.longest_win_streak, statistics.longest_loss_streak), (2, 2));
        assert_eq!((statistics.average_win, statistics.average_loss), (Some(2.0), Some(-2.0)));
        assert_eq!((statistics.largest_win, statistics.largest_loss), (Some(3.0), Some(-3.0)));
        assert_eq!(statistics.expectancy, Some(2.0 / 6.0));
        assert_eq!((statistics.holding_median, statistics.holding_max), (Some(60_000.0), Some(60_000)));
    }

    #[test]
    fn one_trade_without_a_stop_leaves_expectancy_in_r_undefined() {
        let with = trade(PositionSide::Long, dec!(100), dec!(101), dec!(1));
        let without = Trade { planned_risk: None, ..with.clone() };
        assert_eq!(summary(&[with.clone(), without]).expectancy_r, None);
        assert_eq!(summary(&[with]).expectancy_r, Some(0.2));
        assert_eq!(summary(&[]), Statistics::default());
    }
}
