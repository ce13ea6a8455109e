use super::probe::{Outcome, Probe, TTL, account, at, btc, entry, everything, text};
use crate::model::{PositionKey, PositionSide};
use crate::store::{Cooldown, Epoch, Fence, Persist, RecordKind, Seq, Snapshot, StoreError};

pub(super) async fn a_lease_is_held_until_it_expires(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let first = probe.ok("acquire", store.acquire(&account(), "host-1", TTL, at(0)).await)?;
    probe.same("its owner", &first.owner, &"host-1".into())?;
    let early = store.acquire(&account(), "host-2", TTL, at(0)).await;
    probe.refused("another while it runs", early, "Held by host-1", |error| {
        matches!(error, StoreError::Held { owner, expires, .. } if owner == "host-1" && *expires == first.expires)
    })?;
    let renewed = probe.ok("renew", store.renew(&first, TTL, at(20)).await)?;
    probe.same("the renewed epoch", &renewed.epoch, &first.epoch)?;
    let early = store.acquire(&account(), "host-2", TTL, first.expires).await;
    probe.refused("another after the first term", early, "Held", |e| matches!(e, StoreError::Held { .. }))?;
    let late = renewed.expires;
    probe.append(&*store, &first.fence(), vec![entry(RecordKind::Event, "not taken yet", 90)]).await?;
    let second = probe.ok("acquire", store.acquire(&account(), "host-2", TTL, late).await)?;
    probe.holds("its epoch is higher", second.epoch > first.epoch)?;
    let store = probe.reopen(store).await?;
    let third = store.acquire(&account(), "host-3", TTL, late).await;
    probe.refused(
        "another after reopening",
        third,
        "Held by host-2",
        |error| matches!(error, StoreError::Held { owner, .. } if owner == "host-2"),
    )
}

pub(super) async fn the_loser_of_an_account_cannot_write(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let first = probe.ok("acquire", store.acquire(&account(), "host-1", TTL, at(0)).await)?;
    let second = probe.ok("acquire", store.acquire(&account(), "host-2", TTL, first.expires).await)?;
    probe.append(&*store, &second.fence(), vec![entry(RecordKind::Event, "winner", 1)]).await?;

    let lost = |error: &StoreError| {
        *error == StoreError::Fenced { account: account(), epoch: first.epoch, held: second.epoch }
            && error.lost_ownership()
    };
    let (fence, how) = (first.fence(), "Fenced");
    for persist in [Persist::Before, Persist::Spool] {
        let answer = store.append(&fence, vec![entry(RecordKind::Fill, "loser", 2)], persist).await;
        probe.refused("append", answer, how, lost)?;
    }
    let snapshot = Snapshot { trader: None, schema: 1, covers: Seq(1), at: at(2), body: text("loser") };
    probe.refused("put_snapshot", store.put_snapshot(&fence, snapshot).await, how, lost)?;
    let key = PositionKey { instrument: btc(), side: PositionSide::Long };
    let cooldown = Cooldown { key, since: at(2) };
    probe.refused("put_cooldown", store.put_cooldown(&fence, cooldown).await, how, lost)?;
    probe.refused("compact", store.compact(&fence, None).await, how, lost)?;
    probe.refused("renew", store.renew(&first, TTL, at(3)).await, how, lost)?;
    probe.ok("releasing what is lost", store.release(&first).await)?;

    let store = probe.reopen(store).await?;
    probe.same("records", &probe.keys(&*store, &everything()).await?, &vec!["winner".into()])?;
    probe.answers("snapshot", store.newest_snapshot(&account(), None, 1).await, &None)?;
    probe.answers("cooldowns", store.cooldowns(&account()).await, &vec![])?;
    probe.ok("the winner renews", store.renew(&second, TTL, at(40)).await)?;
    let answer = store.append(&fence, vec![], Persist::Before).await;
    probe.refused("append after reopening", answer, how, lost)
}

pub(super) async fn a_restart_fences_its_own_past(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let before = probe.ok("acquire", store.acquire(&account(), "host-1", TTL, at(0)).await)?;
    let after = probe.ok("acquire again", store.acquire(&account(), "host-1", TTL, at(1)).await)?;
    probe.holds("its epoch is higher", after.epoch > before.epoch)?;
    let answer = store.append(&before.fence(), vec![], Persist::Before).await;
    probe.refused("the past appends", answer, "Fenced", StoreError::lost_ownership)?;
    probe.ok("release", store.release(&after).await)?;
    let answer = store.renew(&after, TTL, at(2)).await;
    probe.refused("renewing what was released", answer, "NotFound", |error| {
        matches!(error, StoreError::NotFound { .. })
    })?;
    let next = probe.ok("acquire", store.acquire(&account(), "host-2", TTL, at(2)).await)?;
    probe.holds("a released epoch stays used", next.epoch > after.epoch)
}

pub(super) async fn epochs_of_another_service_fence_as_well(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let fence = |epoch| Fence { account: account(), epoch: Epoch(epoch) };
    probe.append(&*store, &fence(0), vec![entry(RecordKind::Event, "nobody leased", 1)]).await?;
    probe.append(&*store, &fence(7), vec![entry(RecordKind::Event, "seven", 1)]).await?;
    let answer = store.append(&fence(6), vec![entry(RecordKind::Event, "six", 1)], Persist::Spool).await;
    probe.refused("a lower epoch", answer, "Fenced by 7", |error| {
        *error == StoreError::Fenced { account: account(), epoch: Epoch(6), held: Epoch(7) }
    })?;
    probe.append(&*store, &fence(8), vec![entry(RecordKind::Event, "eight", 1)]).await?;
    let lease = probe.ok("acquire", store.acquire(&account(), "host-1", TTL, at(0)).await)?;
    probe.holds("a lease's epoch is above all seen", lease.epoch > Epoch(8))?;
    let expected = vec!["nobody leased".into(), "seven".into(), "eight".into()];
    probe.same("records", &probe.keys(&*store, &everything()).await?, &expected)
}

pub(super) async fn a_fenced_batch_leaves_nothing(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let old = probe.lease(&*store).await?;
    let new = probe.lease(&*store).await?;
    let batch = |name: &str| (0..5).map(|n| entry(RecordKind::Fill, &format!("{name}{n}"), n)).collect();
    for (round, persist) in [(1, Persist::Spool), (2, Persist::Before)] {
        let answer = store.append(&old, batch("old"), persist).await;
        probe.refused("the old epoch", answer, "Fenced", StoreError::lost_ownership)?;
        let came = store.append(&new, batch(&format!("new{round}-")), persist).await;
        probe.answers("the new epoch", came.map(|came| came.last), &Seq(5 * round))?;
    }
    let found = probe.ok("read", store.read(&everything()).await)?;
    probe.holds("every record is the new epoch's", found.iter().all(|r| r.epoch == new.epoch))?;
    probe.same("how many", &found.len(), &10)
}
