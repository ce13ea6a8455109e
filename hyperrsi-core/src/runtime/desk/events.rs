use crate::desk::{Event, EventStream, Update};
use crate::runtime::session::Handle;
use crate::runtime::writer;
use crate::store::{Seq, Store};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::watch;

/// Events read at once.
const PAGE: u32 = 200;

struct Reader {
    store: Arc<dyn Store>,
    account: crate::model::AccountId,
    published: watch::Receiver<Seq>,
    last: Seq,
    read: VecDeque<Event>,
}

/// Events behind `after`, as the journal has them: whatever was missed while nobody read is read then (FAULTS 75). Ends
/// with the account's run.
pub(super) fn stream(handle: &Handle, after: Seq) -> EventStream {
    let reader = Reader {
        store: Arc::clone(handle.store()),
        account: handle.account().clone(),
        published: handle.published(),
        last: after,
        read: VecDeque::new(),
    };
    Box::pin(futures_util::stream::unfold(reader, |mut reader| async move {
        loop {
            if let Some(event) = reader.read.pop_front() {
                reader.last = event.seq;
                return Some((Update::Event(event), reader));
            }
            // What is published from here on wakes the wait below.
            reader.published.borrow_and_update();
            match writer::events(&*reader.store, &reader.account, reader.last, PAGE).await {
                Ok(events) if !events.is_empty() => reader.read.extend(events),
                Ok(_) => reader.published.changed().await.ok()?,
                Err(error) => {
                    tracing::warn!(%error, "events cannot be read");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }))
}
