//! What the store knows of an account before it is started.

use super::{Listed, StartError};
use crate::account::AccountSnapshot;
use crate::model::{AccountId, Span, TraderId};
use crate::runtime::clock::{Clock, duration};
use crate::runtime::driver::{BOOKS, BooksSnapshot, SNAPSHOT, SeatSnapshot};
use crate::runtime::layers;
use crate::runtime::options::Options;
use crate::runtime::terms::{InForce, InvalidSettings, Prepared};
use crate::store::{Cooldown, Lease, RecordKind, RecordQuery, Seq, Store, StoreError};

/// How long the store may take to tell all of it.
const LOAD_TAKES: Span = Span::seconds(10);

/// What the process before left.
pub(super) struct Loaded {
    pub(super) lease: Lease,
    pub(super) last: Seq,
    pub(super) books: Option<AccountSnapshot>,
    pub(super) seats: Vec<LoadedSeat>,
    pub(super) cooldowns: Vec<Cooldown>,
}

/// What it left of one trader.
pub(super) struct LoadedSeat {
    pub(super) snapshot: Option<SeatSnapshot>,
    /// The stored settings and their number, where there are some.
    pub(super) settings: Option<(u64, Prepared)>,
}

/// Takes the lease and reads everything; all of it or nothing.
pub(super) async fn load(
    store: &dyn Store,
    id: &AccountId,
    options: &Options,
    clock: &dyn Clock,
    traders: &[Listed],
) -> Result<Loaded, StartError> {
    let all = async {
        let lease = store.acquire(id, &options.owner, options.lease, clock.now()).await?;
        match read(store, id, options, traders, &lease).await {
            Ok(loaded) => Ok(loaded),
            Err(error) => {
                let _ = store.release(&lease).await;
                Err(error)
            }
        }
    };
    match tokio::time::timeout(duration(LOAD_TAKES), all).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Unavailable { detail: "no answer in time".into() }.into()),
    }
}

async fn read(
    store: &dyn Store,
    id: &AccountId,
    options: &Options,
    traders: &[Listed],
    lease: &Lease,
) -> Result<Loaded, StartError> {
    let last = store.last_seq(id).await?;
    let books: Option<BooksSnapshot> = newest(store, id, None).await?;
    if let Some(found) = books.as_ref().map(|books| books.version).filter(|version| *version > SNAPSHOT) {
        return Err(StoreError::NewerSchema { found, supported: SNAPSHOT }.into());
    }
    let mut seats = Vec::new();
    for listed in traders {
        let snapshot: Option<SeatSnapshot> = newest(store, id, Some(&listed.id)).await?;
        if let Some(found) = snapshot.as_ref().map(|seat| seat.version).filter(|version| *version > SNAPSHOT)
        {
            return Err(StoreError::NewerSchema { found, supported: SNAPSHOT }.into());
        }
        let settings = settings(store, id, options, listed).await?;
        seats.push(LoadedSeat { snapshot, settings });
    }
    let cooldowns = store.cooldowns(id).await?;
    Ok(Loaded { lease: lease.clone(), last, books: books.map(|found| found.books), seats, cooldowns })
}

/// The newest snapshot of a trader or of the account: the one a start looks for first, or a newer one that was written
/// with what led to it.
async fn newest<T: serde::de::DeserializeOwned>(
    store: &dyn Store,
    account: &AccountId,
    trader: Option<&TraderId>,
) -> Result<Option<T>, StoreError> {
    let kept = store.newest_snapshot(account, trader, SNAPSHOT).await?;
    let query = RecordQuery {
        trader: trader.cloned(),
        reason: trader.is_none().then_some(BOOKS),
        after: kept.as_ref().map_or(Seq::START, |kept| kept.covers),
        newest_first: true,
        limit: 1,
        ..RecordQuery::of(account.clone(), [RecordKind::SnapshotTaken])
    };
    let newer = store.read(&query).await?.into_iter().next().map(|record| record.entry.body);
    newer.or(kept.map(|kept| kept.body)).map(|body| body.parse()).transpose()
}

/// The stored settings of a trader that has some, and the number they have in the journal.
async fn settings(
    store: &dyn Store,
    account: &AccountId,
    options: &Options,
    listed: &Listed,
) -> Result<Option<(u64, Prepared)>, StartError> {
    let Some(source) = &listed.settings else { return Ok(None) };
    let instrument = &listed.instrument;
    let layered = layers::of_trader(store, account, &listed.id, &instrument.id, source).await?;
    let prepare = |version| {
        let (recipe, environment) = (&*source.recipe, options.environment);
        let made = listed.surroundings.prepare(recipe, version, &layered.record, instrument, environment);
        made.map_err(|wrong| StartError::Settings {
            trader: listed.id.clone(),
            wrong: InvalidSettings(wrong),
        })
    };
    let prepared = prepare(1)?;
    let known = layers::in_force(store, account, &listed.id).await?;
    let version = match known {
        Some(InForce { record: Some(record), version, .. }) if record == prepared.record => version,
        Some(known) => known.version + 1,
        None => 1,
    };
    Ok(Some((version, prepare(version)?)))
}
