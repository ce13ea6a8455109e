//! Carrying out what the driver wants done.

use super::serve::Server;
use crate::exchange::ExchangeError;
use crate::model::Span;
use crate::risk::Refusal;
use crate::runtime::calls;
use crate::runtime::clock::{Clock, duration};
use crate::runtime::driver::{Done, Job, Listed, Question, Verdict, Work};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::timeout;
use tracing::Instrument;

impl Server {
    pub(super) fn perform(&self, work: Work) -> BoxFuture<'static, Done> {
        let takes = duration(self.options.call_takes);
        let lost = ExchangeError::Timeout { after: Some(self.options.call_takes) };
        let exchange = Arc::clone(&self.exchange);
        let market = Arc::clone(self.hub.market());
        let clock = Arc::clone(&self.clock);
        match work {
            Work::Call { seat, request, purpose, call } => {
                let (name, order) = (call.name(), purpose.order());
                let span = tracing::debug_span!(
                    "call",
                    trader = self.driver.trader_of(seat).map(tracing::field::display),
                    instrument = self.driver.instrument_of(seat).map(tracing::field::display),
                    %order,
                    call = name,
                );
                Box::pin(async move {
                    let begun = clock.now();
                    let sent = exchange.call(call).instrument(span.clone());
                    let answer = timeout(takes, AssertUnwindSafe(sent).catch_unwind()).await;
                    let result = match answer {
                        Ok(Ok(result)) => result,
                        Ok(Err(_)) => {
                            Err(ExchangeError::WrongAnswer { asked: name.into(), got: "a panic".into() })
                        }
                        Err(_) => Err(lost),
                    };
                    let took = clock.now() - begun;
                    metrics::histogram!("hyperrsi_call_seconds", "call" => name)
                        .record(took.millis() as f64 / 1_000.0);
                    span.in_scope(|| tracing::debug!(ms = took.millis(), ok = result.is_ok(), "answered"));
                    Done::Called { seat, request, purpose, result }
                })
            }
            Work::Read { since } => Box::pin(async move {
                let read = timeout(takes * 3, calls::read_account(&*exchange, since)).await;
                Done::Read(read.unwrap_or(Err(lost)).map(Box::new))
            }),
            Work::Configure { seat, request, instrument, leverage, margin_mode } => Box::pin(async move {
                let set = calls::configure(&*exchange, &instrument, leverage, margin_mode);
                let outcome = match timeout(takes * 3, set).await {
                    Ok(Ok(outcome)) => outcome,
                    Ok(Err(error)) => {
                        tracing::warn!(%instrument, %error, "leverage and margin mode could not be set");
                        Err(Refusal::LeverageMismatch)
                    }
                    Err(_) => Err(Refusal::LeverageMismatch),
                };
                Done::Configured { seat, request, outcome }
            }),
            Work::Reload { seat, instrument } => Box::pin(async move {
                let found = timeout(takes, calls::listing(&*market, &instrument)).await;
                let listed = match found {
                    Ok(Ok(Some(listing))) => Listed::There(Box::new(listing)),
                    Ok(Ok(None)) => Listed::Gone,
                    Ok(Err(_)) | Err(_) => Listed::Unread,
                };
                Done::Reloaded { seat, listed }
            }),
            Work::Ask(job) => ask(*job, self.options.strategy_takes, clock),
            // The hub fills holes by itself and says when it is done.
            Work::Backfill { seat } => {
                Box::pin(std::future::ready(Done::Reloaded { seat, listed: Listed::Unread }))
            }
            Work::Store { .. } => Box::pin(std::future::ready(Done::Journal(true))),
        }
    }
}

/// Asks a strategy; after the deadline the answer counts as none and the strategy as lost (FAULTS 77). One that says it is
/// prompt is asked on a task beside this one, any other on a thread where it may take its time.
fn ask(job: Job, takes: Span, clock: Arc<dyn Clock>) -> BoxFuture<'static, Done> {
    let (seat, request) = (job.seat, job.request);
    // The history may be long: it is told once, before anything is decided.
    let history = matches!(job.question, Question::History { .. });
    let takes = if history { takes + Span::minutes(2) } else { takes };
    Box::pin(async move {
        let begun = clock.now();
        let beside = !history && job.strategy.is_prompt() && has_others();
        let asked = match beside {
            true => tokio::spawn(async move { job.run() }),
            false => tokio::task::spawn_blocking(move || job.run()),
        };
        let verdict = match timeout(duration(takes), asked).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => Verdict { seat, request, strategy: None, outcome: Err(error.to_string()) },
            Err(_) => {
                let why = format!("no answer within {} ms", takes.millis());
                Verdict { seat, request, strategy: None, outcome: Err(why) }
            }
        };
        let took = (clock.now() - begun).millis() as f64 / 1_000.0;
        metrics::histogram!("hyperrsi_decision_seconds").record(took);
        Done::Decided(Box::new(verdict))
    })
}

/// Whether the runtime has a thread left to keep the time while a task hangs on another.
fn has_others() -> bool {
    let runtime = Handle::current();
    runtime.runtime_flavor() == RuntimeFlavor::MultiThread && runtime.metrics().num_workers() > 1
}
