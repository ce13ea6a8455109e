//! What a program around a session needs of its process, so that it need not depend on tokio itself.

use std::future::Future;

/// Runs a future to its end on a runtime of its own, for programs that have none.
///
/// # Errors
/// When the operating system gives no threads.
pub fn block_on<F: Future>(future: F) -> std::io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}

/// Runs a future beside the caller until it ends or the process does; what is returned resolves when it has ended. Call
/// within a tokio runtime.
pub fn spawn(future: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send {
    let task = tokio::spawn(future);
    async move {
        if let Err(error) = task.await {
            tracing::error!(%error, "a task beside the account failed");
        }
    }
}

/// Resolves with the first of two.
pub async fn first_of(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::select! {
        () = one => {}
        () = other => {}
    }
}

/// Resolves when this process is asked to end: by Ctrl-C, or by the system (SIGTERM). Never, where neither can be heard.
pub async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut end) = signal(SignalKind::terminate()) {
            tokio::select! {
                pressed = tokio::signal::ctrl_c() => if pressed.is_ok() { return },
                _ = end.recv() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
