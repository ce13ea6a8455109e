//! Why, or why not: what HYPERRSI saw on a candle of a backtest, and which gate decided.
mod shared;

use clap::{Parser, ValueEnum};
use hyperrsi::backtest::Run;
use hyperrsi::model::Timestamp;
use hyperrsi::position::{Trade, TradeFill, TradeFillKind};
use hyperrsi::prelude::*;
use hyperrsi::strategy::explain::{Language, Reason, readable, sentence, sentence_about};
use hyperrsi::strategy::{Check, DecisionOutcome, DecisionRecord, Stage};
use serde_json::{Value, json};
use shared::setup::{self, Market};
use shared::{Failure, say};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Answers why a backtest of HYPERRSI entered, or did not, on any candle.
///
/// One candle: --at. A span of time: --from and --to, with the reasons counted. Without --candles the bundled hours of
/// BTC/USDT in 2024 are used:
///
/// cargo run --release --example why -- --at 2024-03-05T20:00:00Z
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The candles: CSV, plain, gzip or zstd.
    #[arg(long)]
    candles: Option<PathBuf>,
    /// The candle that opens at or contains this time: 2024-01-31T12:00:00Z, 2024-01-31 or milliseconds.
    #[arg(long, required_unless_present = "from", conflicts_with_all = ["from", "to"])]
    at: Option<Timestamp>,
    /// First candle of a summary.
    #[arg(long, requires = "to")]
    from: Option<Timestamp>,
    /// Candles of a summary end before this time.
    #[arg(long, requires = "from")]
    to: Option<Timestamp>,
    /// Ask about one side only.
    #[arg(long, value_enum)]
    side: Option<Side>,
    /// Settings, TOML or JSON.
    #[arg(long)]
    settings: Option<PathBuf>,
    /// Language of the sentences: en or ko.
    #[arg(long, default_value = "en")]
    lang: Language,
    /// Prints JSON instead.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Side {
    Long,
    Short,
}

impl Side {
    const fn stage(self) -> Stage {
        match self {
            Self::Long => Stage::FirstEntryLong,
            Self::Short => Stage::FirstEntryShort,
        }
    }
}

fn main() {
    if let Err(error) = answer(&Args::parse()) {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "error: {error}");
        std::process::exit(1);
    }
}

fn answer(args: &Args) -> Result<(), Failure> {
    let record = setup::record(args.settings.as_deref())?;
    let market = Market::open(args.candles.as_deref(), setup::symbol(&record))?;
    let (mut config, mut strategy) = market.hyperrsi(record)?;
    let (from, to) = match (args.at, args.from, args.to) {
        (Some(at), ..) => {
            let candle = candle_at(&market.candles, at)?;
            (candle.open_time, candle.open_time + market.candles.timeframe().span())
        }
        (None, Some(from), Some(to)) => (from, to),
        _ => return Err("give --at, or --from and --to".into()),
    };
    config.record = Some((from, to));
    config.trace_protection = true;
    let run = Backtest::new(&market.candles, config)?.run(&mut strategy)?;
    let json = if args.at.is_some() {
        let record = run.records.first().ok_or("the candle was not decided about: no price came after it")?;
        one(args, record, &run)
    } else {
        many(args, &run)?
    };
    if args.json {
        say(serde_json::to_string_pretty(&json)?);
    }
    Ok(())
}

/// The candle that contains a time.
fn candle_at(candles: &Candles, at: Timestamp) -> Result<Candle, Failure> {
    let index = candles.index_at(at);
    let opens_there = candles.get(index).filter(|candle| candle.open_time == at);
    let span = candles.timeframe().span();
    let contains = || index.checked_sub(1).and_then(|i| candles.get(i)).filter(|c| at < c.close_time(span));
    opens_there.or_else(contains).ok_or_else(|| {
        let ends = candles.first_open_time().zip(candles.last_open_time());
        let (first, last) = ends.unwrap_or_default();
        format!("there is no candle at {at}; the candles are from {first} to {last}").into()
    })
}

/// Everything about one candle.
fn one(args: &Args, record: &DecisionRecord, run: &Run) -> Value {
    let close = record.candle + record.timeframe.span();
    let told = args.side.and_then(|side| sentence_about(record, side.stage(), args.lang));
    let told = told.unwrap_or_else(|| sentence(record, args.lang));
    let leg = run.trades.iter().find(|trade| trade.entry_time < close && close <= trade.exit_time);
    let levels = leg.and_then(|trade| levels(trade, close));
    let (before, after) = nearest(run, close);
    if args.json {
        return json!({
            "sentence": told, "record": record, "levels": levels, "actions": run.actions,
            "before": before.map(|(_, fill)| fill), "after": after.map(|(_, fill)| fill),
        });
    }
    say(told);
    say(format!("\n{:<18} {:<11} {:<5}", "step", "gate", "ok"));
    for check in record.checks.iter().filter(|check| asked(args, check)) {
        let (left, right) = (operand(check, &check.left), operand(check, &check.right));
        let (stage, ok) = (stage(check.stage), if check.ok { "yes" } else { "NO" });
        say(format!("{stage:<18} {:<11} {ok:<5} {left} {} {right}", check.gate, check.op));
    }
    let inputs = &record.inputs;
    let seen =
        [("close", Some(&inputs.close)), ("RSI before", inputs.p.as_ref()), ("RSI", inputs.c.as_ref())];
    let seen = seen.into_iter().chain([("ATR", inputs.atr.as_ref()), ("trend", inputs.trend.as_ref())]);
    let seen: Vec<String> =
        seen.filter_map(|(name, value)| Some(format!("{name} {}", readable(value?)))).collect();
    say(format!("\nseen: {}", seen.join(", ")));
    if let Some(leg) = levels {
        say(format!("leg:  {}", leg.get("text").and_then(Value::as_str).unwrap_or_default()));
    }
    for action in &run.actions {
        say(format!("then:  {}", sentence(action, args.lang)));
    }
    for (name, action) in [("before:", before), ("after: ", after)] {
        let text = action.map_or_else(|| "nothing".into(), |(trade, fill)| action_text(trade, fill));
        say(format!("{name} {text}"));
    }
    Value::Null
}

fn asked(args: &Args, check: &Check) -> bool {
    let other = |side: Side| match side {
        Side::Long => Stage::FirstEntryShort,
        Side::Short => Stage::FirstEntryLong,
    };
    args.side.is_none_or(|side| check.stage != other(side))
}

fn stage(stage: Stage) -> String {
    json!(stage).as_str().unwrap_or_default().to_owned()
}

/// An operand for people: times as times, numbers rounded.
fn operand(check: &Check, text: &str) -> String {
    match (check.gate.as_str(), text.parse::<i64>()) {
        ("cooldown" | "candle", Ok(millis)) if millis <= 0 => "never".into(),
        ("cooldown" | "candle", Ok(millis)) => Timestamp::from_millis(millis).to_string(),
        _ => readable(text),
    }
}

/// Stop and open take profits of a leg as they were at a time.
fn levels(trade: &Trade, at: Timestamp) -> Option<Value> {
    let point = trade.protection.iter().rev().find(|point| point.time <= at)?;
    let stop = point.stop.map(|(price, kind)| (price.to_string(), json!(kind)));
    let take_profits: Vec<String> = point.take_profits.iter().map(ToString::to_string).collect();
    let named = |(price, kind): &(String, Value)| format!("{price} ({})", kind.as_str().unwrap_or_default());
    let text = format!(
        "{} since {}, average of all entries {}, stop {}, take profits {}",
        trade.side,
        trade.entry_time,
        readable(&trade.entry_price.to_string()),
        stop.as_ref().map_or_else(|| "none".into(), named),
        if take_profits.is_empty() { "none".into() } else { take_profits.join(", ") },
    );
    Some(json!({ "side": trade.side, "entry_time": trade.entry_time, "stop": stop,
        "take_profits": take_profits, "text": text }))
}

type Action<'a> = Option<(&'a Trade, &'a TradeFill)>;

/// The last fill up to a time and the first one after it.
fn nearest(run: &Run, at: Timestamp) -> (Action<'_>, Action<'_>) {
    let fills = || run.trades.iter().flat_map(|trade| trade.fills.iter().map(move |fill| (trade, fill)));
    let before = fills().filter(|(_, fill)| fill.time < at).max_by_key(|(_, fill)| fill.time);
    let after = fills().filter(|(_, fill)| fill.time >= at).min_by_key(|(_, fill)| fill.time);
    (before, after)
}

fn action_text(trade: &Trade, fill: &TradeFill) -> String {
    let what = match fill.kind {
        TradeFillKind::Entry => format!("{} entry", trade.side),
        TradeFillKind::Exit(reason) => format!("{} exit ({reason})", trade.side),
    };
    let (quantity, price) = (readable(&fill.quantity.to_string()), readable(&fill.price.to_string()));
    format!("{} {what}, {quantity} at {price}", fill.time)
}

/// Reasons of a span of time, counted: of its candles, and of what was done between them.
fn many(args: &Args, run: &Run) -> Result<Value, Failure> {
    let records = &run.records;
    if records.is_empty() {
        return Err("no candle of that time was decided about".into());
    }
    let mut reasons: BTreeMap<(DecisionOutcome, &str), Vec<&DecisionRecord>> = BTreeMap::new();
    for record in records.iter().chain(&run.actions) {
        reasons.entry((record.outcome, &record.reason)).or_default().push(record);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, records)| std::cmp::Reverse(records.len()));
    if args.json {
        let rows = reasons.iter().map(|((outcome, reason), records)| {
            json!({ "outcome": outcome, "reason": reason, "count": records.len(),
                "meaning": Reason::of(reason).meaning(args.lang),
                "first": records.first().map(|record| sentence(record, args.lang)) })
        });
        return Ok(
            json!({ "candles": records.len(), "actions": run.actions.len(), "reasons": rows.collect::<Vec<_>>() }),
        );
    }
    say(format!("{} candles, {} actions between them\n", records.len(), run.actions.len()));
    for ((outcome, reason), found) in reasons {
        let outcome = json!(outcome);
        let outcome = outcome.as_str().unwrap_or_default();
        say(format!("{:>6}  {outcome:<7} {reason}", found.len()));
        if let Some(first) = found.first() {
            say(format!("        {}", sentence(first, args.lang)));
        }
    }
    Ok(Value::Null)
}
