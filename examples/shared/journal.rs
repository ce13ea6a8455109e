//! A journal's events in lines, and the journal as a file.

use super::{Failure, absolute, save, say, status, words};
use hyperrsi::desk::{Event, EventKind, Severity};
use hyperrsi::model::AccountId;
use hyperrsi::store::{Journal, Record, RecordKind, RecordQuery, Seq, Store};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Records read at once.
const PAGE: u32 = 1_000;

/// Events of an account as they are written.
pub(crate) struct News {
    store: Arc<dyn Store>,
    account: AccountId,
    told: Seq,
    verbose: bool,
}

impl News {
    /// Everything the journal holds, and what follows.
    pub(crate) fn from_start(store: Arc<dyn Store>, account: AccountId, verbose: bool) -> Self {
        Self { store, account, told: Seq::START, verbose }
    }

    /// What is written from now on.
    pub(crate) async fn from_now(
        store: Arc<dyn Store>,
        account: AccountId,
        verbose: bool,
    ) -> Result<Self, Failure> {
        let told = store.last_seq(&account).await?;
        Ok(Self { told, ..Self::from_start(store, account, verbose) })
    }

    /// What happened since, a line each.
    pub(crate) async fn lines(&mut self) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        for record in read(&*self.store, &self.account, self.told, &[RecordKind::Event]).await? {
            self.told = record.seq;
            lines.extend(line(&record.entry.body.parse()?, self.verbose));
        }
        Ok(lines)
    }
}

fn line(event: &Event, verbose: bool) -> Option<String> {
    let kind = &event.kind;
    let shown = matches!(
        kind,
        EventKind::Entered { .. }
            | EventKind::Exited { .. }
            | EventKind::TradeClosed { .. }
            | EventKind::Reconciled { .. }
    );
    let told = verbose || shown || kind.severity() >= Severity::Warning;
    told.then(|| format!("{}  {}", status::time(event.at), words::of(kind)))
}

/// Records of some kinds behind a place; without kinds all.
async fn read(
    store: &dyn Store,
    account: &AccountId,
    after: Seq,
    kinds: &[RecordKind],
) -> Result<Vec<Record>, Failure> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map_or(after, |record| record.seq);
        let query =
            RecordQuery { after, limit: PAGE, ..RecordQuery::of(account.clone(), kinds.iter().copied()) };
        let page = Journal::read(store, &query).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// The whole journal of an account as a file, a record per line.
pub(crate) async fn write(store: &dyn Store, account: &AccountId, path: &Path) -> Result<(), Failure> {
    let records = read(store, account, Seq::START, &[]).await?;
    save(path, |file| {
        records.iter().try_for_each(|record| {
            let line = serde_json::to_string(record)?;
            Ok(writeln!(file, "{line}")?)
        })
    })?;
    say(format!("Journal: {} ({} records)", absolute(path).display(), records.len()));
    Ok(())
}
