use super::probe::{Outcome, Probe, account, at, entry, everything, text};
use crate::model::AccountId;
use crate::store::{Appended, Body, Entry, Fence, Persist, RecordKind, RecordQuery, Seq};

pub(super) async fn a_repeated_record_changes_nothing(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let batch = vec![entry(RecordKind::Fill, "f1", 1), entry(RecordKind::Fill, "f2", 2)];
    for (time, written) in [("first", 2), ("again", 0)] {
        let came = probe.append(&*store, &fence, batch.clone()).await?;
        probe.same(time, &came, &Appended { last: Seq(2), written })?;
    }
    let changed = Entry { body: text("other"), ..entry(RecordKind::Fill, "f1", 9) };
    let mixed = vec![changed, entry(RecordKind::Fill, "f3", 3), entry(RecordKind::Fill, "f3", 4)];
    for persist in [Persist::Spool, Persist::Before] {
        let written = u32::from(persist == Persist::Spool);
        let came = store.append(&fence, mixed.clone(), persist).await;
        probe.answers("a batch with keys that are there", came, &Appended { last: Seq(3), written })?;
    }
    let kept = probe.ok("record", store.record(&account(), "f1").await)?;
    let kept = kept.map(|record| (record.seq, record.epoch, record.entry));
    probe.same(
        "the first one stays",
        &kept,
        &Some((Seq(1), fence.epoch, entry(RecordKind::Fill, "f1", 1))),
    )?;
    let third = probe.ok("record", store.record(&account(), "f3").await)?;
    probe.same("the first of a batch stays", &third.map(|r| r.entry.at), &Some(at(3)))?;
    probe.answers("an unknown key", store.record(&account(), "f9").await, &None)
}

pub(super) async fn before_and_spool_keep_one_order(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let mut expected = Vec::new();
    for number in 0..40_u64 {
        let persist = if number % 3 == 0 { Persist::Before } else { Persist::Spool };
        let batch = vec![
            entry(RecordKind::Input, &format!("{number}a"), 1),
            entry(RecordKind::Fill, &format!("{number}b"), 1),
        ];
        expected.extend(batch.iter().map(|entry| entry.key.clone()));
        let came = store.append(&fence, batch, persist).await;
        let last = Seq(2 * (number + 1));
        probe.answers("append", came, &Appended { last, written: 2 })?;
    }
    probe.same("keys in the order of the places", &probe.keys(&*store, &everything()).await?, &expected)?;
    let places = probe.ok("read", store.read(&everything()).await)?.into_iter().map(|r| r.seq.0);
    probe.same("the places", &places.collect::<Vec<_>>(), &(1..=80).collect::<Vec<_>>())?;
    let store = probe.reopen(store).await?;
    probe.same("keys after reopening", &probe.keys(&*store, &everything()).await?, &expected)
}

pub(super) async fn what_was_spooled_is_read_at_once(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    for number in 1..=20_u64 {
        let key = format!("e{number}");
        let batch = vec![entry(RecordKind::Event, &key, 1)];
        probe.ok("append", store.append(&fence, batch, Persist::Spool).await)?;
        probe.answers("the last place", store.last_seq(&account()).await, &Seq(number))?;
        let found = probe.ok("record", store.record(&account(), &key).await)?;
        probe.same("the record", &found.map(|record| record.seq), &Some(Seq(number)))?;
        let newest = RecordQuery { newest_first: true, limit: 1, ..everything() };
        probe.same("the newest", &probe.keys(&*store, &newest).await?, &vec![key])?;
    }
    Ok(())
}

pub(super) async fn accounts_have_journals_of_their_own(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let other = AccountId::new("other");
    let second = Fence { account: other.clone(), epoch: fence.epoch };
    probe.append(&*store, &fence, vec![entry(RecordKind::Event, "same", 1)]).await?;
    let came = probe.append(&*store, &second, vec![entry(RecordKind::Event, "same", 2)]).await?;
    probe.same("the other's first place", &came, &Appended { last: Seq(1), written: 1 })?;
    let found = probe.ok("record", store.record(&other, "same").await)?;
    let found = found.map(|record| (record.account, record.entry.at));
    probe.same("the other's record", &found, &Some((other, at(2))))?;
    probe.same("the account's records", &probe.keys(&*store, &everything()).await?, &vec!["same".into()])?;
    let nobody = AccountId::new("nobody");
    probe.answers("an unknown account's last place", store.last_seq(&nobody).await, &Seq::START)?;
    probe.answers("its records", store.read(&RecordQuery::of(nobody, [])).await, &vec![])
}

pub(super) async fn a_body_is_kept_to_the_letter(probe: &Probe<'_>) -> Outcome {
    const BODIES: [&str; 7] = [
        r#"{"b":1,"a":2}"#,
        r#"{ "spaced" : [ 1 , 2 ] }"#,
        r#"{"price":"70000.10","f":0.1,"big":12345678901234567890.123456789012345678}"#,
        r#""Ünïcode 한국어 🚀 \u0000 \" '""#,
        "null",
        "[]",
        "1.10",
    ];
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let mut expected = Vec::new();
    for (number, json) in BODIES.iter().enumerate() {
        let body = probe.ok("a body", Body::from_json(*json))?;
        let key = format!("key '{number}' \" % _ 한 ; --");
        let entry = Entry { body, ..entry(RecordKind::Event, &key, -5) };
        probe.append(&*store, &fence, vec![entry.clone()]).await?;
        expected.push(entry);
    }
    let store = probe.reopen(store).await?;
    let found = probe.ok("read", store.read(&everything()).await)?;
    probe.same("the entries", &found.into_iter().map(|r| r.entry).collect::<Vec<_>>(), &expected)
}

pub(super) async fn a_large_body_is_kept(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let large = "0123456789abcdef".repeat(1 << 16); // 1 MiB
    let entry = Entry { body: text(&large), ..entry(RecordKind::Input, "large", 1) };
    probe.append(&*store, &fence, vec![entry.clone()]).await?;
    let store = probe.reopen(store).await?;
    let found = probe.ok("record", store.record(&account(), "large").await)?;
    probe.same("the entry", &found.map(|record| record.entry), &Some(entry))
}

pub(super) async fn an_empty_batch_writes_nothing(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    for persist in [Persist::Before, Persist::Spool] {
        let came = store.append(&fence, vec![], persist).await;
        probe.answers("append", came, &Appended { last: Seq::START, written: 0 })?;
    }
    probe.answers("read", store.read(&everything()).await, &vec![])
}
