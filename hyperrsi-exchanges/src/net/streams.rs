//! From channels to the streams of the contract.

use futures_util::stream::{self, Stream, StreamExt as _};
use std::pin::Pin;
use tokio::sync::{broadcast, mpsc};

/// A stream that begins with `first` and goes on with what is broadcast. What a slow reader missed becomes one item.
pub(crate) fn broadcast_stream<T: Clone + Send + 'static>(
    first: T,
    receiver: broadcast::Receiver<T>,
    missed: impl Fn(u64) -> T + Send + 'static,
) -> Pin<Box<dyn Stream<Item = T> + Send>> {
    let rest = stream::unfold((receiver, missed), |(mut receiver, missed)| async move {
        match receiver.recv().await {
            Ok(item) => Some((item, (receiver, missed))),
            Err(broadcast::error::RecvError::Lagged(count)) => {
                let item = missed(count);
                Some((item, (receiver, missed)))
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    });
    Box::pin(stream::iter([first]).chain(rest))
}

/// A stream of what is sent; `guard` lives as long as the stream.
pub(crate) fn channel_stream<T: Send + 'static, G: Send + 'static>(
    receiver: mpsc::Receiver<T>,
    guard: G,
) -> Pin<Box<dyn Stream<Item = T> + Send>> {
    Box::pin(stream::unfold((receiver, guard), |(mut receiver, guard)| async move {
        receiver.recv().await.map(|item| (item, (receiver, guard)))
    }))
}
