//! A made-up market and a made-up run over it: the same every time.

use hyperrsi_core::backtest::{Chart, EquityCurve, Outcome, Plot, Report, Statistics};
use hyperrsi_core::model::{
    Amount, Candle, InstrumentId, Liquidity, PositionSide, Price, Quantity, Timeframe, Timestamp,
    decimal_from_f64,
};
use hyperrsi_core::position::{ExitReason, ProtectionPoint, StopKind, Trade, TradeFill, TradeFillKind};
use hyperrsi_core::series::Candles;
use rust_decimal::Decimal;

pub struct Sample {
    pub candles: Candles,
    pub report: Report,
    pub rsi: Vec<f64>,
    pub trend: Vec<i8>,
}

const START: i64 = 1_704_067_200_000;
const QUANTITY: f64 = 0.4;
const INITIAL: f64 = 10_000.0;

impl Sample {
    /// So many candles of 15 minutes, and a trade begun every `every` candles.
    pub fn new(count: usize, every: usize) -> Self {
        let candles = market(count);
        let mut trades = Vec::new();
        let mut from = every / 2;
        while from + 2 < count {
            let side = if trades.len() % 3 == 1 { PositionSide::Short } else { PositionSide::Long };
            let trade = trade(&candles, side, from);
            from = candles.index_at(trade.exit_time).max(from + every);
            trades.push(trade);
        }
        let (rsi, trend) = (oscillator(candles.closes()), trend(candles.closes()));
        let report = report(&candles, trades);
        Self { candles, report, rsi, trend }
    }

    pub fn chart(&self) -> Chart<'_> {
        let rsi = Plot::below("RSI 14", self.rsi.clone())
            .level(30.0, "oversold")
            .level(70.0, "overbought")
            .between(0.0, 100.0);
        Chart::new(&self.report, &self.candles).plot(rsi).trend(&self.trend)
    }
}

fn market(count: usize) -> Candles {
    let mut candles = Candles::with_capacity(Timeframe::M15, count);
    let mut seed = 20_240_101_u64;
    let mut noise = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f64 / (1_u64 << 23) as f64 - 1.0
    };
    let mut price = 42_500.0;
    for index in 0..count {
        let wave = (index as f64 / 61.0).sin() * 0.0009 + (index as f64 / 17.0).cos() * 0.0011;
        let open = price;
        price *= 1.0 + wave + noise() * 0.0028;
        let high = open.max(price) * (1.0 + noise().abs() * 0.0018);
        let low = open.min(price) * (1.0 - noise().abs() * 0.0018);
        let [open, high, low, close] = [open, high, low, price].map(tenth);
        let time = Timestamp::from_millis(START + index as i64 * Timeframe::M15.millis());
        candles
            .push(Candle::new(time, open, high, low, close, 10.0 + noise().abs()))
            .expect("a usable candle");
        price = close;
    }
    candles
}

/// A ladder of two targets over a stop that moves to break-even after the first, walked over the candles.
fn trade(candles: &Candles, side: PositionSide, from: usize) -> Trade {
    let sign = side.sign_f64();
    let entry = candles.opens()[from];
    let away = |percent: f64| tenth(entry * (1.0 + sign * percent / 100.0));
    let targets = [away(0.9), away(1.8)];
    let mut stop = (away(-1.1), StopKind::Fixed);
    let mut fills = vec![fill(candles.open_times()[from], TradeFillKind::Entry, entry, QUANTITY, false)];
    let mut protection = vec![point(candles.open_times()[from], stop, &targets)];
    let mut filled = 0;
    for index in from..candles.len() {
        let close_time = candles.open_times()[index] + Timeframe::M15.millis();
        let (adverse, favourable) = match side {
            PositionSide::Long => (candles.lows()[index], candles.highs()[index]),
            PositionSide::Short => (candles.highs()[index], candles.lows()[index]),
        };
        let rest = QUANTITY / if filled == 0 { 1.0 } else { 2.0 };
        if (adverse - stop.0) * sign <= 0.0 {
            fills.push(fill(close_time, TradeFillKind::Exit(stop.1.reason()), stop.0, rest, false));
            break;
        }
        while filled < 2 && (favourable - targets[filled]) * sign >= 0.0 {
            let reason = ExitReason::take_profit(filled as u8 + 1);
            fills.push(fill(close_time, TradeFillKind::Exit(reason), targets[filled], QUANTITY / 2.0, true));
            filled += 1;
            stop = (tenth(entry), StopKind::BreakEven);
            protection.push(point(close_time, stop, &targets[filled..]));
        }
        if filled == 2 {
            break;
        }
        if index + 1 == candles.len() {
            let (reason, close) = (TradeFillKind::Exit(ExitReason::BacktestEnd), candles.closes()[index]);
            fills.push(fill(close_time, reason, close, rest, false));
        }
    }
    booked(side, fills, protection)
}

fn booked(side: PositionSide, fills: Vec<TradeFill>, protection: Vec<ProtectionPoint>) -> Trade {
    let quantity = decimal(QUANTITY);
    let entry = fills[0].price.get();
    let exits = &fills[1..];
    let value: Decimal = exits.iter().map(|f| f.price.get() * f.quantity.get()).sum();
    let gross = side.sign() * (value - entry * quantity);
    let fees: Decimal = fills.iter().map(|f| f.fee.get()).sum();
    let last = fills[fills.len() - 1];
    let TradeFillKind::Exit(reason) = last.kind else { panic!("a trade ends with an exit") };
    Trade {
        side,
        hedge: false,
        entry_time: fills[0].time,
        entry_price: Price::new(entry),
        exit_time: last.time,
        exit_price: Price::new(value / quantity),
        quantity: Quantity::new(quantity),
        entries: 1,
        margin: Amount::new(entry * quantity / Decimal::TEN),
        gross_pnl: Amount::new(gross),
        fees: Amount::new(fees),
        funding: Amount::ZERO,
        net_pnl: Amount::new(gross - fees),
        planned_risk: Some(Amount::new(entry * quantity * Decimal::new(11, 3))),
        reason,
        fills,
        protection,
    }
}

fn fill(time: i64, kind: TradeFillKind, price: f64, quantity: f64, maker: bool) -> TradeFill {
    let (liquidity, rate) = if maker { (Liquidity::Maker, 2) } else { (Liquidity::Taker, 5) };
    let fee = decimal(price) * decimal(quantity) * Decimal::new(rate, 4);
    TradeFill {
        time: Timestamp::from_millis(time),
        kind,
        price: Price::new(decimal(price)),
        quantity: Quantity::new(decimal(quantity)),
        fee: Amount::new(fee),
        liquidity,
    }
}

fn point(time: i64, stop: (f64, StopKind), targets: &[f64]) -> ProtectionPoint {
    ProtectionPoint {
        time: Timestamp::from_millis(time),
        stop: Some((Price::new(decimal(stop.0)), stop.1)),
        take_profits: targets.iter().map(|price| Price::new(decimal(*price))).collect(),
    }
}

fn report(candles: &Candles, trades: Vec<Trade>) -> Report {
    let id = InstrumentId::new("okx", "BTC-USDT-SWAP");
    let mut report = Report::new("hyperrsi", id, Timeframe::M15, "USDT", INITIAL);
    let equity = equity(candles, &trades);
    report.start = candles.first_open_time().expect("candles");
    report.end = candles.last_open_time().expect("candles") + Timeframe::M15.span();
    report.candles = candles.len();
    report.final_equity = equity.equity.last().copied().unwrap_or(INITIAL);
    report.statistics = Statistics::of(&trades, INITIAL, &equity, candles.len() / 3, candles.len());
    report.ambiguous_candles = 7;
    let drawdown = report.statistics.max_drawdown.percent;
    report.pessimistic = Outcome {
        trades: trades.len(),
        net_pnl: report.statistics.net_pnl,
        final_equity: report.final_equity,
        max_drawdown_percent: drawdown,
        ambiguous_candles: 7,
        ..report.pessimistic
    };
    report.optimistic = Outcome {
        trades: trades.len(),
        net_pnl: report.statistics.net_pnl + 163.5,
        final_equity: report.final_equity + 163.5,
        max_drawdown_percent: drawdown * 0.9,
        ambiguous_candles: 6,
        ..report.optimistic
    };
    report.skipped.extend([
        ("trend_blocked".into(), 12),
        ("cooldown".into(), 4),
        ("below_min_size".into(), 1),
    ]);
    report.assumptions = vec![
        "Fees: taker 0.05 %, maker 0.02 % of the value of each fill.".into(),
        "Slippage: 0.05 % against the trader on market orders and stops.".into(),
        "Funding: no data for this instrument; counted as 0 (coverage 0 %).".into(),
        "Orders fill completely; the run does not move the market.".into(),
    ];
    report.trades = trades;
    report.equity = equity;
    report
}

/// Balance plus what open trades would make at each close.
fn equity(candles: &Candles, trades: &[Trade]) -> EquityCurve {
    let mut curve = EquityCurve::default();
    for (open, close) in candles.open_times().iter().zip(candles.closes()) {
        let time = open + Timeframe::M15.millis();
        let made: f64 = trades
            .iter()
            .map(|trade| match () {
                () if trade.exit_time.millis() <= time => trade.net_pnl.to_f64(),
                () if trade.entry_time.millis() < time => {
                    (close - trade.entry_price.to_f64()) * trade.side.sign_f64() * QUANTITY
                }
                () => 0.0,
            })
            .sum();
        curve.times.push(time);
        curve.equity.push(INITIAL + made);
    }
    curve
}

fn oscillator(closes: &[f64]) -> Vec<f64> {
    let (mut gains, mut losses) = (1.0, 1.0);
    let pairs = closes.windows(2).enumerate().map(|(index, pair)| {
        let change = pair[1] - pair[0];
        gains += (change.max(0.0) - gains) / 14.0;
        losses += ((-change).max(0.0) - losses) / 14.0;
        if index < 14 { f64::NAN } else { 100.0 * gains / (gains + losses) }
    });
    std::iter::once(f64::NAN).chain(pairs).collect()
}

fn trend(closes: &[f64]) -> Vec<i8> {
    let mut slow = closes[0];
    let state = |close: f64, slow: f64| match (close / slow - 1.0) * 100.0 {
        gap if gap > 0.6 => 2,
        gap if gap < -0.6 => -2,
        _ => 0,
    };
    let follow = closes.iter().map(|close| {
        slow += (close - slow) / 40.0;
        state(*close, slow)
    });
    follow.collect()
}

fn tenth(price: f64) -> f64 {
    (price * 10.0).round() / 10.0
}

fn decimal(value: f64) -> Decimal {
    decimal_from_f64(value).expect("a number")
}
