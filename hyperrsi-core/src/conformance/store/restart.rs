use super::probe::{Outcome, Probe, TTL, account, at, btc, entry, everything, text};
use crate::model::{InstrumentId, PositionKey, PositionSide, TraderId};
use crate::store::{
    Appended, Cooldown, Entry, Persist, RecordKind, RecordQuery, Role, Seq, Snapshot, StoreError, User,
};

fn snapshot(trader: Option<&str>, covers: u64, schema: u32) -> Snapshot {
    let body = text(&format!("{trader:?} at {covers}"));
    Snapshot { trader: trader.map(TraderId::new), schema, covers: Seq(covers), at: at(9), body }
}

pub(super) async fn the_newest_snapshot_and_the_records_after_it(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let batch = (1..=5).map(|n| entry(RecordKind::Input, &format!("i{n}"), n)).collect();
    probe.ok("append", store.append(&fence, batch, Persist::Spool).await)?;
    for (trader, covers) in [(Some("t1"), 3), (Some("t1"), 2), (Some("t2"), 1), (None, 4)] {
        probe.ok("put", store.put_snapshot(&fence, snapshot(trader, covers, 1)).await)?;
    }
    let store = probe.reopen(store).await?;
    let (t1, t2) = (TraderId::new("t1"), TraderId::new("t2"));
    for (trader, expected) in [
        (Some(&t1), Some(snapshot(Some("t1"), 3, 1))),
        (Some(&t2), Some(snapshot(Some("t2"), 1, 1))),
        (None, Some(snapshot(None, 4, 1))),
        (Some(&TraderId::new("t9")), None),
    ] {
        probe.answers("newest", store.newest_snapshot(&account(), trader, 1).await, &expected)?;
    }
    let after = RecordQuery { after: Seq(3), ..everything() };
    let tail = probe.keys(&*store, &after).await?;
    probe.same("the records after it", &tail, &vec!["i4".into(), "i5".into()])?;

    probe.ok("put", store.put_snapshot(&fence, snapshot(Some("t1"), 4, 2)).await)?;
    let answer = store.newest_snapshot(&account(), Some(&t1), 1).await;
    probe.refused("one of a newer layout", answer, "NewerSchema, both versions named", |error| {
        *error == StoreError::NewerSchema { found: 2, supported: 1 }
    })
}

pub(super) async fn a_snapshot_covers_only_what_is_written(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    probe.append(&*store, &fence, vec![entry(RecordKind::Input, "i1", 1)]).await?;
    let answer = store.put_snapshot(&fence, snapshot(Some("t1"), 2, 1)).await;
    probe.refused("one place too far", answer, "Conflict", |e| matches!(e, StoreError::Conflict { .. }))?;
    let trader = TraderId::new("t1");
    probe.answers("none", store.newest_snapshot(&account(), Some(&trader), 1).await, &None)?;
    probe.ok("the last place", store.put_snapshot(&fence, snapshot(Some("t1"), 1, 1)).await)
}

pub(super) async fn compaction_keeps_facts_and_keys(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let trader = TraderId::new("t1");
    let other = Entry { trader: Some("t2".into()), ..entry(RecordKind::Input, "other", 1) };
    let own = Entry { trader: None, ..entry(RecordKind::Input, "account", 1) };
    let mut batch = vec![other, own];
    batch.extend(RecordKind::ALL.iter().map(|kind| entry(*kind, kind.code(), 2)));
    let covered = batch.len() as u64;
    batch.push(entry(RecordKind::Input, "after", 3));
    probe.append(&*store, &fence, batch).await?;
    probe.answers("without a snapshot", store.compact(&fence, Some(&trader)).await, &0)?;
    probe.ok("put", store.put_snapshot(&fence, snapshot(Some("t1"), covered, 1)).await)?;

    let replay = RecordKind::ALL.iter().filter(|kind| kind.is_replay()).count() as u64;
    probe.answers("compact", store.compact(&fence, Some(&trader)).await, &replay)?;
    probe.answers("compact again", store.compact(&fence, Some(&trader)).await, &0)?;
    let mut expected = vec![String::from("other"), "account".into()];
    expected.extend(RecordKind::ALL.iter().filter(|kind| !kind.is_replay()).map(|kind| kind.code().into()));
    expected.push("after".into());
    let store = probe.reopen(store).await?;
    probe.same("what is kept", &probe.keys(&*store, &everything()).await?, &expected)?;
    probe.answers("what is gone", store.record(&account(), "input").await, &None)?;

    let again = probe.append(&*store, &fence, vec![entry(RecordKind::Input, "input", 9)]).await?;
    probe.same("its key stays taken", &again, &Appended { last: Seq(covered + 1), written: 0 })
}

pub(super) async fn a_cooldown_is_never_taken_back(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let eth = InstrumentId::new("sim", "ETHUSDT");
    let key = |instrument: &InstrumentId, side| PositionKey { instrument: instrument.clone(), side };
    let (long, short) = (key(&btc(), PositionSide::Long), key(&btc(), PositionSide::Short));
    for (key, seconds) in [(&long, 10), (&long, 5), (&short, 3), (&key(&eth, PositionSide::Long), 7)] {
        let cooldown = Cooldown { key: key.clone(), since: at(seconds) };
        probe.ok("put_cooldown", store.put_cooldown(&fence, cooldown).await)?;
    }
    let store = probe.reopen(store).await?;
    let expected = vec![
        Cooldown { key: long, since: at(10) },
        Cooldown { key: short, since: at(3) },
        Cooldown { key: key(&eth, PositionSide::Long), since: at(7) },
    ];
    probe.answers("cooldowns", store.cooldowns(&account()).await, &expected)?;
    probe.answers("of another account", store.cooldowns(&"other".into()).await, &vec![])
}

pub(super) async fn everything_is_there_after_reopening(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let mut expected = Vec::new();
    for number in 0..25 {
        let entry = entry(RecordKind::Fill, &format!("f{number}"), number);
        let persist = if number % 2 == 0 { Persist::Before } else { Persist::Spool };
        probe.ok("append", store.append(&fence, vec![entry.clone()], persist).await)?;
        expected.push(entry);
    }
    let user = User {
        id: "u1".into(),
        name: "Ada".into(),
        role: Role::Admin,
        language: "ko".into(),
        created: at(0),
        disabled: false,
    };
    probe.ok("put_user", store.put_user(user.clone()).await)?;
    let health = probe.ok("health", store.health().await)?;
    probe.holds("it says that it can be written", health.writable)?;

    let store = probe.reopen(store).await?;
    let found = probe.ok("read", store.read(&everything()).await)?;
    probe.same("entries", &found.into_iter().map(|r| r.entry).collect::<Vec<_>>(), &expected)?;
    probe.answers("user", store.user(&"u1".into()).await, &Some(user))?;
    let came = probe.append(&*store, &fence, vec![entry(RecordKind::Fill, "next", 99)]).await?;
    probe.same("places go on", &came, &Appended { last: Seq(26), written: 1 })?;
    let renewed = probe.ok("acquire", store.acquire(&account(), "host-1", TTL, at(1)).await)?;
    probe.holds("epochs go on", renewed.epoch > fence.epoch)
}
