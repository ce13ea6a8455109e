use super::probe::{Outcome, Probe, account, at, btc, entry, everything};
use crate::model::{Amount, InstrumentId, PositionSide, Price, Quantity, Timeframe, TraderId};
use crate::position::{ExitReason, Trade};
use crate::store::{
    Code, Entry, JournalExt, JournaledDecision, Persist, Record, RecordKind, RecordQuery, Seq, Tags,
    TradeCertainty, TradeRecord,
};
use crate::strategy::{Check, DecisionOutcome, DecisionRecord, Inputs, Stage};

/// Records in which every tag takes every value, with and without the others.
fn mixed() -> Vec<Entry> {
    let instruments = [
        None,
        Some(btc()),
        Some(InstrumentId::new("sim", "ETHUSDT")),
        Some(InstrumentId::new("okx", "BTCUSDT")),
    ];
    let sides = [None, Some(PositionSide::Long), Some(PositionSide::Short)];
    let outcomes = [None, Some(Code::of("none")), Some(Code::of("enter"))];
    let reasons = [None, Some(Code::of("cooldown")), Some(Code::of("no_signal"))];
    let traders = [None, Some("t1"), Some("t2")];
    let kinds = [RecordKind::Decision, RecordKind::Event, RecordKind::Trade, RecordKind::Input];
    let mut entries = Vec::new();
    for number in 0..144_usize {
        let pick = |n: usize, of: usize| (number / n) % of;
        entries.push(Entry {
            trader: traders.get(pick(5, 3)).copied().flatten().map(TraderId::new),
            kind: kinds.get(pick(7, 4)).copied().unwrap_or(RecordKind::Event),
            tags: Tags {
                instrument: instruments.get(pick(1, 4)).cloned().flatten(),
                side: sides.get(pick(4, 3)).copied().flatten(),
                outcome: outcomes.get(pick(12, 3)).cloned().flatten(),
                reason: reasons.get(pick(36, 3)).cloned().flatten(),
            },
            // Times that do not rise with the places.
            ..entry(RecordKind::Event, &format!("k{number}"), (number as i64 * 37) % 100)
        });
    }
    entries
}

fn conditions() -> Vec<(&'static str, RecordQuery)> {
    let all = everything();
    vec![
        ("everything", all.clone()),
        ("trader", RecordQuery { trader: Some("t2".into()), ..all.clone() }),
        ("one kind", RecordQuery { kinds: vec![RecordKind::Decision], ..all.clone() }),
        ("two kinds", RecordQuery { kinds: vec![RecordKind::Trade, RecordKind::Input], ..all.clone() }),
        ("a kind that is not there", RecordQuery { kinds: vec![RecordKind::Receipt], ..all.clone() }),
        ("from", RecordQuery { from: Some(at(50)), ..all.clone() }),
        ("until", RecordQuery { until: Some(at(50)), ..all.clone() }),
        ("time", RecordQuery { from: Some(at(20)), until: Some(at(40)), ..all.clone() }),
        ("no time", RecordQuery { from: Some(at(40)), until: Some(at(20)), ..all.clone() }),
        ("instrument", RecordQuery { instrument: Some(btc()), ..all.clone() }),
        ("side", RecordQuery { side: Some(PositionSide::Short), ..all.clone() }),
        ("outcome", RecordQuery { outcome: Some("enter".into()), ..all.clone() }),
        ("reason", RecordQuery { reason: Some("cooldown".into()), ..all.clone() }),
        ("after", RecordQuery { after: Seq(100), ..all.clone() }),
        ("before", RecordQuery { before: Some(Seq(44)), ..all.clone() }),
        ("far after", RecordQuery { after: Seq(u64::MAX), ..all.clone() }),
        ("limit", RecordQuery { limit: 7, ..all.clone() }),
        ("no limit at all", RecordQuery { limit: u32::MAX, ..all.clone() }),
        ("nothing", RecordQuery { limit: 0, ..all.clone() }),
        (
            "why not, on one side of one instrument",
            RecordQuery {
                kinds: vec![RecordKind::Decision, RecordKind::Event],
                from: Some(at(10)),
                instrument: Some(btc()),
                side: Some(PositionSide::Long),
                reason: Some("cooldown".into()),
                ..all.clone()
            },
        ),
        (
            "a window of places",
            RecordQuery { after: Seq(20), before: Some(Seq(90)), trader: Some("t1".into()), limit: 5, ..all },
        ),
    ]
}

pub(super) async fn every_condition_of_a_query_holds(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let entries = mixed();
    probe.ok("append", store.append(&fence, entries.clone(), Persist::Spool).await)?;
    let records: Vec<Record> = (1..)
        .zip(entries)
        .map(|(seq, entry)| Record { seq: Seq(seq), account: account(), epoch: fence.epoch, entry })
        .collect();
    for (name, query) in conditions() {
        for newest_first in [false, true] {
            let query = RecordQuery { newest_first, ..query.clone() };
            // The definition, read literally.
            let mut expected: Vec<&Record> = records.iter().filter(|record| query.matches(record)).collect();
            if newest_first {
                expected.reverse();
            }
            expected.truncate(query.limit as usize);
            let found = probe.ok(name, store.read(&query).await)?;
            probe.same(name, &found.iter().collect(), &expected)?;
        }
    }
    let none = RecordQuery { account: "other".into(), ..everything() };
    probe.answers("another account", store.read(&none).await, &vec![])
}

/// More than a reader needs here: a store that gives the same page again must not hold up the suite.
const PAGES: usize = 40;

pub(super) async fn a_reader_resumes_where_it_stopped(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let events = |from: i64, to: i64| -> Vec<Entry> {
        (from..to)
            .flat_map(|n| {
                [entry(RecordKind::Event, &format!("e{n}"), n), entry(RecordKind::Input, &format!("i{n}"), n)]
            })
            .collect()
    };
    probe.append(&*store, &fence, events(0, 12)).await?;
    let (mut seen, mut place, mut added) = (Vec::new(), Seq::START, false);
    for _ in 0..PAGES {
        let page = RecordQuery { after: place, limit: 5, ..RecordQuery::of(account(), [RecordKind::Event]) };
        let found = probe.ok("read", store.read(&page).await)?;
        let Some(last) = found.last() else { break };
        place = last.seq;
        seen.extend(found.into_iter().map(|record| record.entry.key));
        if !added {
            // What is appended while somebody reads comes on a later page, once.
            probe.ok("append", store.append(&fence, events(12, 20), Persist::Spool).await)?;
            added = true;
        }
    }
    let expected: Vec<String> = (0..20).map(|n| format!("e{n}")).collect();
    probe.same("every event once, in order", &seen, &expected)?;

    let (mut back, mut before) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = RecordQuery {
            before,
            limit: 6,
            newest_first: true,
            ..RecordQuery::of(account(), [RecordKind::Event])
        };
        let found = probe.ok("read back", store.read(&page).await)?;
        let Some(last) = found.last() else { break };
        before = Some(last.seq);
        back.extend(found.into_iter().map(|record| record.entry.key));
    }
    back.reverse();
    probe.same("the same backwards", &back, &expected)
}

fn decision(id: &str, outcome: DecisionOutcome, reason: &str, stage: Stage) -> JournaledDecision {
    let check = Check {
        stage,
        gate: "cooldown".into(),
        ok: false,
        left: "1".into(),
        op: ">=".into(),
        right: "2".into(),
    };
    let record = DecisionRecord {
        strategy: "hyperrsi".into(),
        symbol: btc(),
        timeframe: Timeframe::M5,
        candle: at(300),
        at: None,
        settings_hash: "9a1f".into(),
        inputs: Inputs { close: "70000.10".into(), reference_age: Some(12), ..Inputs::default() },
        leg: None,
        checks: vec![check],
        outcome,
        reason: reason.into(),
        orders: vec![],
    };
    JournaledDecision {
        id: id.into(),
        account: account(),
        trader: "t1".into(),
        at: at(600),
        settings_version: 2,
        engine_version: "0.1.0".into(),
        record,
        venue_orders: vec![],
    }
}

fn trade(id: &str, revision: u32, net: i64, certainty: TradeCertainty) -> TradeRecord {
    let trade = Trade {
        side: PositionSide::Long,
        hedge: false,
        entry_time: at(1),
        entry_price: Price::new(100.into()),
        exit_time: at(2),
        exit_price: Price::new(101.into()),
        quantity: Quantity::new(1.into()),
        entries: 1,
        margin: Amount::new(10.into()),
        gross_pnl: Amount::new(net.into()),
        fees: Amount::ZERO,
        funding: Amount::ZERO,
        net_pnl: Amount::new(net.into()),
        planned_risk: None,
        reason: ExitReason::TakeProfit1,
        fills: vec![],
        protection: vec![],
    };
    TradeRecord {
        id: id.into(),
        revision,
        account: account(),
        trader: "t1".into(),
        instrument: btc(),
        strategy: "hyperrsi".into(),
        settings_version: 3,
        leverage: 10,
        linked_to: None,
        certainty,
        trade,
    }
}

pub(super) async fn decisions_and_trades_are_found(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let no_long = decision("d1", DecisionOutcome::None, "cooldown", Stage::FirstEntryLong);
    let no_short = decision("d2", DecisionOutcome::None, "cooldown", Stage::FirstEntryShort);
    let entered = decision("d3", DecisionOutcome::Enter, "signal", Stage::FirstEntryLong);
    let pending = trade("x1", 0, 0, TradeCertainty::Pending);
    let won = trade("x1", 1, 5, TradeCertainty::Complete);
    let lost = trade("x2", 0, -5, TradeCertainty::Complete);
    let mut batch = Vec::new();
    for decision in [&no_long, &no_short, &entered] {
        batch.push(probe.ok("an entry", Entry::decision(decision))?);
    }
    for trade in [&pending, &won, &lost] {
        batch.push(probe.ok("an entry", Entry::trade(trade))?);
    }
    probe.ok("append", store.append(&fence, batch, Persist::Spool).await)?;
    let store = probe.reopen(store).await?;

    let all = everything();
    let every = vec![no_long.clone(), no_short.clone(), entered.clone()];
    probe.answers("decisions", store.decisions(&all).await, &every)?;
    let why_no_short = RecordQuery {
        side: Some(PositionSide::Short),
        reason: Some("cooldown".into()),
        outcome: Some("none".into()),
        ..all.clone()
    };
    probe.answers("why no short", store.decisions(&why_no_short).await, &vec![no_short])?;
    let entries = RecordQuery { outcome: Some("enter".into()), ..all.clone() };
    probe.answers("entries", store.decisions(&entries).await, &vec![entered])?;
    probe.answers("trades, newest revisions", store.trades(&all).await, &vec![won.clone(), lost.clone()])?;
    let wins = RecordQuery { outcome: Some("win".into()), reason: Some("tp1".into()), ..all.clone() };
    probe.answers("wins", store.trades(&wins).await, &vec![won])?;
    let losses = RecordQuery { outcome: Some("loss".into()), ..all };
    probe.answers("losses", store.trades(&losses).await, &vec![lost])
}
