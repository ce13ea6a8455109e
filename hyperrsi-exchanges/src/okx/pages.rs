//! Lists that the venue pages from the newest to the oldest, turned into pages from the oldest on.

use hyperrsi_core::exchange::{ExchangeError, Page};
use hyperrsi_core::model::{Span, Timestamp};
use std::collections::BTreeMap;

/// One page of the venue: the items with their ids and times, the id to go on from, and whether it was full.
pub(super) struct Batch<T> {
    pub(super) items: Vec<(Timestamp, String, T)>,
    pub(super) last: Option<String>,
    pub(super) full: bool,
}

/// Most pages read in one window before the window is halved.
const MOST: usize = 20;

/// The oldest `limit` items from `since` on. `fetch(begin, end, older_than)` reads one page of a window.
pub(super) async fn oldest_first<T, F, R>(
    since: Timestamp,
    now: Timestamp,
    limit: u16,
    mut fetch: F,
) -> Result<Page<T>, ExchangeError>
where
    F: FnMut(Timestamp, Timestamp, Option<String>) -> R,
    R: Future<Output = Result<Batch<T>, ExchangeError>>,
{
    let mut end = now.max(since);
    'window: loop {
        let mut found: BTreeMap<(Timestamp, String), T> = BTreeMap::new();
        let mut older = None;
        for page in 0.. {
            let batch = fetch(since, end, older.take()).await?;
            let more = batch.full && batch.last.is_some();
            older = batch.last;
            found.extend(batch.items.into_iter().map(|(time, id, item)| ((time, id), item)));
            if !more {
                break;
            }
            if page >= MOST && (end - since) > Span::seconds(1) {
                end = Timestamp::from_millis(since.millis().midpoint(end.millis()));
                continue 'window;
            }
        }
        let limit = usize::from(limit.max(1));
        let more = found.len() > limit || end < now;
        return Ok(Page { items: found.into_values().take(limit).collect(), more });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A venue with `count` items, one a second, in pages of 100.
    async fn read(count: i64, since: i64, limit: u16) -> (Page<i64>, usize) {
        let calls = std::cell::Cell::new(0);
        let page = oldest_first(
            Timestamp::from_millis(since * 1000),
            Timestamp::from_millis(count * 1000),
            limit,
            |begin, end, older| {
                calls.set(calls.get() + 1);
                async move {
                    let older: i64 = older.map_or(i64::MAX, |id: String| id.parse().unwrap());
                    let inside = (0..count)
                        .rev()
                        .filter(|n| *n < older && *n * 1000 >= begin.millis() && *n * 1000 <= end.millis());
                    let items: Vec<_> = inside
                        .take(100)
                        .map(|n| (Timestamp::from_millis(n * 1000), n.to_string(), n))
                        .collect();
                    Ok(Batch {
                        last: items.last().map(|(_, id, _)| id.clone()),
                        full: items.len() == 100,
                        items,
                    })
                }
            },
        )
        .await
        .unwrap();
        (page, calls.get())
    }

    #[tokio::test]
    async fn pages_go_from_the_oldest_on() {
        let (page, _) = read(350, 10, 100).await;
        assert_eq!(page.items, (10..110).collect::<Vec<_>>());
        assert!(page.more);
        let (page, _) = read(350, 300, 100).await;
        assert_eq!(page.items, (300..350).collect::<Vec<_>>());
        assert!(!page.more);
        let (page, _) = read(5, 9, 100).await;
        assert_eq!((page.items, page.more), (vec![], false));
    }

    #[tokio::test]
    async fn a_long_list_is_cut_and_not_read_whole() {
        let (page, calls) = read(100_000, 0, 50).await;
        assert_eq!(page.items, (0..50).collect::<Vec<_>>());
        assert!(page.more);
        assert!(calls < 200, "{calls} calls");
    }
}
