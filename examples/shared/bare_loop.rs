//! The yardstick of every figure: the plain rule without an engine.
#![allow(unreachable_pub, reason = "shared by an example and the benches")]

use hyperrsi::series::Candles;

/// The plain rule by hand, as fast as it goes: no orders, no money, no ledger. Returns the number of trades.
pub fn bare_loop(candles: &Candles) -> usize {
    let (mut gain, mut loss, mut before, mut rsi_before) = (0.0_f64, 0.0_f64, f64::NAN, f64::NAN);
    let (mut trades, mut pnl) = (0, 0.0);
    let (mut take_profit, mut stop, mut entry) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    let (mut open, mut enter) = (false, false);
    for (index, candle) in candles.iter().enumerate() {
        if enter {
            (open, entry) = (true, candle.open);
            (take_profit, stop) = (entry * 1.02, entry * 0.99);
        }
        if open {
            let exit = if candle.open <= stop || candle.open >= take_profit {
                Some(candle.open)
            } else if candle.low <= stop {
                Some(stop)
            } else if candle.high >= take_profit {
                Some(take_profit)
            } else {
                None
            };
            if let Some(exit) = exit {
                pnl += exit - entry - 0.0005 * (exit + entry);
                trades += 1;
                open = false;
            }
        }
        let change = candle.close - before;
        before = candle.close;
        let (up, down) = (change.max(0.0), (-change).max(0.0));
        let rsi = match index {
            0 => f64::NAN,
            1..=14 => {
                (gain, loss) = (gain + up / 14.0, loss + down / 14.0);
                if index < 14 { f64::NAN } else { 100.0 * gain / (gain + loss) }
            }
            _ => {
                (gain, loss) = ((gain * 13.0 + up) / 14.0, (loss * 13.0 + down) / 14.0);
                100.0 * gain / (gain + loss)
            }
        };
        enter = !open && rsi_before < 30.0 && rsi >= 30.0;
        rsi_before = rsi;
    }
    std::hint::black_box(pnl);
    trades
}
