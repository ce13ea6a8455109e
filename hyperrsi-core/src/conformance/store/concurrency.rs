use super::probe::{Outcome, Probe, TTL, account, at, entry, everything, together};
use crate::store::{Body, Layer, LayerKey, Persist, RecordKind, StoreError};

const APPENDERS: usize = 8;
const EACH: usize = 25;

pub(super) async fn many_appenders_share_one_order(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let (store, fence) = (&store, &fence);
    let work = (0..APPENDERS).map(|appender| async move {
        for number in 0..EACH {
            let batch = vec![
                entry(RecordKind::Input, &format!("{appender}-{number}-a"), 1),
                entry(RecordKind::Fill, &format!("{appender}-{number}-b"), 1),
            ];
            let persist = if (appender + number) % 3 == 0 { Persist::Before } else { Persist::Spool };
            store.append(fence, batch, persist).await?;
        }
        Ok::<(), StoreError>(())
    });
    for answer in together(work).await {
        probe.ok("append", answer)?;
    }
    let found = probe.ok("read", store.read(&everything()).await)?;
    let places: Vec<u64> = found.iter().map(|record| record.seq.0).collect();
    let expected: Vec<u64> = (1..).take(2 * APPENDERS * EACH).collect();
    probe.same("every place once", &places, &expected)?;
    for appender in 0..APPENDERS {
        let own = format!("{appender}-");
        let keys: Vec<&str> =
            found.iter().map(|r| r.entry.key.as_str()).filter(|k| k.starts_with(&own)).collect();
        let sent: Vec<String> =
            (0..EACH).flat_map(|n| ["a", "b"].map(|part| format!("{appender}-{n}-{part}"))).collect();
        probe.same("each one's own order", &keys, &sent.iter().map(String::as_str).collect())?;
    }
    let whole = found.chunks(2).all(|pair| match pair {
        [a, b] => a.entry.key.trim_end_matches('a') == b.entry.key.trim_end_matches('b'),
        _ => false,
    });
    probe.holds("batches are not mixed", whole)
}

pub(super) async fn one_of_many_writers_of_a_key_wins(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = probe.lease(&*store).await?;
    let (store, fence) = (&store, &fence);
    let work = (0..APPENDERS).map(|appender| {
        let persist = if appender % 2 == 0 { Persist::Before } else { Persist::Spool };
        async move {
            let batch = vec![entry(RecordKind::Fill, "trade-1", 1), entry(RecordKind::Fill, "trade-2", 1)];
            store.append(fence, batch, persist).await
        }
    });
    let mut written = 0;
    for answer in together(work).await {
        written += probe.ok("append", answer)?.written;
    }
    probe.same("written, all told", &written, &2)?;
    let expected = vec!["trade-1".into(), "trade-2".into()];
    probe.same("what is there", &probe.keys(&**store, &everything()).await?, &expected)
}

pub(super) async fn one_of_many_takers_gets_the_lease(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let store = &store;
    let work = (0..APPENDERS)
        .map(|host| async move { store.acquire(&account(), &format!("host-{host}"), TTL, at(0)).await });
    let mut winners = Vec::new();
    for answer in together(work).await {
        match answer {
            Ok(lease) => winners.push(lease),
            held => probe.refused("the others", held, "Held", |e| matches!(e, StoreError::Held { .. }))?,
        }
    }
    probe.same("winners", &winners.len(), &1)
}

pub(super) async fn one_of_many_settings_is_next(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let key = LayerKey { strategy: "hyperrsi".into(), layer: Layer::Account(account()) };
    let (store, key) = (&store, &key);
    let work = (0..APPENDERS).map(|number| async move {
        let body = Body::of(&number)?;
        store.put_settings(key, 0, at(1), None, body).await
    });
    let mut winners = Vec::new();
    for answer in together(work).await {
        match answer {
            Ok(version) => winners.push(version),
            Err(error) => {
                let lost: Result<(), _> = Err(error);
                probe
                    .refused("the others", lost, "Conflict", |e| matches!(e, StoreError::Conflict { .. }))?;
            }
        }
    }
    probe.same("versions written", &winners.len(), &1)?;
    probe.answers("the newest", store.settings(key, None).await, &winners.first().cloned())
}
