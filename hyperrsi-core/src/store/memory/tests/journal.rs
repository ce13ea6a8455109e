use super::{account, at, btc, ready};
use crate::model::{Candle, PositionKey, PositionSide, Span, Timeframe, TraderId};
use crate::store::*;

const TTL: Span = Span::seconds(30);

fn entry(kind: RecordKind, key: &str, seconds: i64) -> Entry {
    Entry::new(kind, key, Some("t1".into()), at(seconds), Body::of(key).unwrap())
}

fn leased(store: &MemoryStore) -> Fence {
    ready(store.acquire(&account(), "host-1", TTL, at(0))).unwrap().fence()
}

fn append(store: &MemoryStore, fence: &Fence, batch: Vec<Entry>) -> Result<Appended, StoreError> {
    ready(store.append(fence, batch, Persist::Before))
}

fn keys(store: &MemoryStore, query: &RecordQuery) -> Vec<String> {
    ready(store.read(query)).unwrap().into_iter().map(|record| record.entry.key).collect()
}

#[test]
fn a_lease_is_held_until_it_expires_and_the_loser_cannot_write() {
    let store = MemoryStore::new();
    let first = ready(store.acquire(&account(), "host-1", TTL, at(0))).unwrap();
    let refused = ready(store.acquire(&account(), "host-2", TTL, at(29))).unwrap_err();
    assert_eq!(refused, StoreError::Held { account: account(), owner: "host-1".into(), expires: at(30) });
    assert!(
        append(&store, &first.fence(), vec![entry(RecordKind::Event, "a", 31)]).is_ok(),
        "expired, not taken"
    );

    let second = ready(store.acquire(&account(), "host-2", TTL, at(31))).unwrap();
    assert!(second.epoch > first.epoch);
    let late = append(&store, &first.fence(), vec![entry(RecordKind::Event, "b", 32)]).unwrap_err();
    assert_eq!(late, StoreError::Fenced { account: account(), epoch: first.epoch, held: second.epoch });
    assert!(ready(store.renew(&first, TTL, at(32))).unwrap_err().lost_ownership());
    assert_eq!(ready(store.record(&account(), "b")), Ok(None), "nothing of the loser was written");
    let cooldown =
        Cooldown { key: PositionKey { instrument: btc(), side: PositionSide::Long }, since: at(1) };
    assert!(ready(store.put_cooldown(&first.fence(), cooldown)).unwrap_err().lost_ownership());
}

#[test]
fn a_restart_under_the_same_name_fences_its_own_past() {
    let store = MemoryStore::new();
    let before = leased(&store);
    let after = ready(store.acquire(&account(), "host-1", TTL, at(1))).unwrap();
    assert!(append(&store, &before, vec![]).is_err());
    assert_eq!(ready(store.renew(&after, TTL, at(10))).unwrap().expires, at(40));
    ready(store.release(&after)).unwrap();
    assert!(matches!(ready(store.renew(&after, TTL, at(11))), Err(StoreError::NotFound { .. })));
    assert!(ready(store.acquire(&account(), "host-2", TTL, at(11))).unwrap().epoch > after.epoch);
}

#[test]
fn epochs_of_another_lease_service_fence_as_well() {
    let store = MemoryStore::new();
    let fence = |epoch| Fence { account: account(), epoch: Epoch(epoch) };
    assert!(append(&store, &fence(7), vec![]).is_ok());
    assert!(append(&store, &fence(6), vec![]).is_err());
    assert!(append(&store, &fence(8), vec![]).is_ok());
}

#[test]
fn a_repeated_record_changes_nothing() {
    let store = MemoryStore::new();
    let fence = leased(&store);
    let batch = vec![entry(RecordKind::Fill, "f1", 1), entry(RecordKind::Fill, "f2", 2)];
    assert_eq!(append(&store, &fence, batch.clone()), Ok(Appended { last: Seq(2), written: 2 }));
    assert_eq!(append(&store, &fence, batch), Ok(Appended { last: Seq(2), written: 0 }));
    let changed = Entry { body: Body::of("other").unwrap(), ..entry(RecordKind::Fill, "f1", 9) };
    let mixed = vec![changed, entry(RecordKind::Fill, "f3", 3), entry(RecordKind::Fill, "f3", 3)];
    assert_eq!(append(&store, &fence, mixed), Ok(Appended { last: Seq(3), written: 1 }));
    let kept = ready(store.record(&account(), "f1")).unwrap().unwrap();
    assert_eq!((kept.seq, kept.entry.at), (Seq(1), at(1)));
}

#[test]
fn restart_reads_the_newest_snapshot_and_what_came_after() {
    let store = MemoryStore::new();
    let fence = leased(&store);
    let trader = TraderId::new("t1");
    append(&store, &fence, (1..=5).map(|n| entry(RecordKind::Input, &format!("i{n}"), n)).collect()).unwrap();
    let snapshot = |covers, schema| Snapshot {
        trader: Some("t1".into()),
        schema,
        covers: Seq(covers),
        at: at(9),
        body: Body::of(&covers).unwrap(),
    };
    assert!(ready(store.put_snapshot(&fence, snapshot(6, 1))).is_err(), "covers what is not written");
    ready(store.put_snapshot(&fence, snapshot(3, 1))).unwrap();
    ready(store.put_snapshot(&fence, snapshot(2, 1))).unwrap();
    let newest = ready(store.newest_snapshot(&account(), Some(&trader), 1)).unwrap().unwrap();
    assert_eq!(newest.covers, Seq(3));
    let after = RecordQuery { after: newest.covers, ..RecordQuery::of(account(), []) };
    assert_eq!(keys(&store, &after), ["i4", "i5"]);
    assert_eq!(ready(store.newest_snapshot(&account(), None, 1)), Ok(None), "the account has its own");

    ready(store.put_snapshot(&fence, snapshot(4, 2))).unwrap();
    let newer = ready(store.newest_snapshot(&account(), Some(&trader), 1)).unwrap_err();
    assert_eq!(newer, StoreError::NewerSchema { found: 2, supported: 1 });
}

#[test]
fn compaction_drops_what_a_snapshot_covers_and_keeps_facts_and_keys() {
    let store = MemoryStore::new();
    let fence = leased(&store);
    let trader = TraderId::new("t1");
    let other = Entry { trader: Some("t2".into()), ..entry(RecordKind::Input, "other", 1) };
    let batch = vec![entry(RecordKind::Input, "i1", 1), other, entry(RecordKind::Fill, "f1", 2)];
    append(&store, &fence, batch).unwrap();
    append(&store, &fence, vec![entry(RecordKind::Input, "i2", 3)]).unwrap();
    assert_eq!(ready(store.compact(&fence, Some(&trader))), Ok(0), "no snapshot yet");
    let body = Body::of("state").unwrap();
    let snapshot = Snapshot { trader: Some(trader.clone()), schema: 1, covers: Seq(3), at: at(3), body };
    ready(store.put_snapshot(&fence, snapshot)).unwrap();
    assert_eq!(ready(store.compact(&fence, Some(&trader))), Ok(1));
    assert_eq!(keys(&store, &RecordQuery::of(account(), [])), ["other", "f1", "i2"]);
    let again = append(&store, &fence, vec![entry(RecordKind::Input, "i1", 1)]);
    assert_eq!(again, Ok(Appended { last: Seq(4), written: 0 }));
}

#[test]
fn records_are_found_by_every_condition() {
    let store = MemoryStore::new();
    let fence = leased(&store);
    let tagged = |key: &str, seconds, side, reason: &'static str| Entry {
        tags: Tags {
            instrument: Some(btc()),
            side: Some(side),
            outcome: Some("none".into()),
            reason: Some(reason.into()),
        },
        ..entry(RecordKind::Decision, key, seconds)
    };
    let batch = vec![
        tagged("a", 10, PositionSide::Long, "cooldown"),
        tagged("b", 20, PositionSide::Short, "cooldown"),
        tagged("c", 30, PositionSide::Long, "no_signal"),
        entry(RecordKind::Event, "d", 40),
    ];
    append(&store, &fence, batch).unwrap();
    let all = RecordQuery::of(account(), []);
    let cases: [(&str, RecordQuery, &[&str]); 9] = [
        ("all", all.clone(), &["a", "b", "c", "d"]),
        ("kind", RecordQuery::of(account(), [RecordKind::Event]), &["d"]),
        ("reason", RecordQuery { reason: Some("cooldown".into()), ..all.clone() }, &["a", "b"]),
        ("side", RecordQuery { side: Some(PositionSide::Long), ..all.clone() }, &["a", "c"]),
        ("time", RecordQuery { from: Some(at(20)), until: Some(at(40)), ..all.clone() }, &["b", "c"]),
        ("newest", RecordQuery { newest_first: true, limit: 2, ..all.clone() }, &["d", "c"]),
        ("page back", RecordQuery { newest_first: true, before: Some(Seq(3)), ..all.clone() }, &["b", "a"]),
        ("other trader", RecordQuery { trader: Some("t2".into()), ..all.clone() }, &[]),
        ("other account", RecordQuery { account: "else".into(), ..all }, &[]),
    ];
    for (name, query, expected) in cases {
        assert_eq!(keys(&store, &query), expected, "{name}");
    }
}

#[test]
fn a_cooldown_is_never_taken_back() {
    let store = MemoryStore::new();
    let fence = leased(&store);
    let key = PositionKey { instrument: btc(), side: PositionSide::Long };
    for seconds in [10, 5] {
        let cooldown = Cooldown { key: key.clone(), since: at(seconds) };
        ready(store.put_cooldown(&fence, cooldown)).unwrap();
    }
    assert_eq!(ready(store.cooldowns(&account())), Ok(vec![Cooldown { key, since: at(10) }]));
}

#[test]
fn candles_are_read_by_range_and_revisions_are_counted() {
    let store = MemoryStore::new();
    let series = SeriesId { instrument: btc(), timeframe: Timeframe::M1 };
    let candle = |minute: i64, close| Candle::new(at(60 * minute), 100.0, 110.0, 90.0, close, 1.0);
    let put = |candles: &[Candle]| ready(store.put_candles(&series, candles));
    assert_eq!(
        put(&[candle(2, 101.0), candle(0, 101.0), candle(1, 101.0)]),
        Ok(CandlesWritten { new: 3, revised: 0 })
    );
    assert_eq!(put(&[candle(1, 101.0), candle(2, 102.0)]), Ok(CandlesWritten { new: 0, revised: 1 }));
    assert!(put(&[candle(3, 101.0), candle(4, -1.0)]).is_err());
    let range = |from: i64, until: i64, limit| {
        let found = ready(store.candles(&series, at(60 * from), at(60 * until), limit)).unwrap();
        found.into_iter().map(|c| c.open_time.seconds() / 60).collect::<Vec<_>>()
    };
    assert_eq!(range(0, 9, 9), [0, 1, 2], "the bad batch left nothing");
    assert_eq!(range(1, 2, 9), [1]);
    assert_eq!(range(0, 9, 2), [0, 1]);
    assert!(range(2, 1, 9).is_empty());
    assert_eq!(ready(store.last_candle(&series)).unwrap(), Some(candle(2, 102.0)));

    let anchor = Anchor { start: at(0), state: Some((at(120), Body::of("state").unwrap())) };
    ready(store.put_anchor(&series, &"trend".into(), anchor.clone())).unwrap();
    assert_eq!(ready(store.anchor(&series, &"trend".into())), Ok(Some(anchor)));
    assert_eq!(ready(store.anchor(&series, &"rsi".into())), Ok(None));
}
