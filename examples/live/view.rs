//! What is to be seen of a running trader: events as they happen, decisions, and positions and orders when they change.

use crate::shared::journal::News;
use crate::shared::{Failure, say, status};
use hyperrsi::model::{Span, TraderId};
use hyperrsi::runtime::{Clock, Handle};
use hyperrsi::store::{Code, Store};
use std::sync::Arc;

pub(crate) struct View {
    run: Handle,
    trader: TraderId,
    clock: Arc<dyn Clock>,
    /// How often it looks, venue time.
    every: Span,
    news: News,
    /// Whether decisions to do nothing are shown.
    verbose: bool,
    decision: Option<String>,
    lines: Vec<String>,
}

impl View {
    /// Shows what happens from now on, looking once a second of a venue whose time runs `speed` times faster.
    pub(crate) async fn new(
        run: Handle,
        trader: TraderId,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        speed: u32,
        verbose: bool,
    ) -> Result<Self, Failure> {
        let news = News::from_now(store, run.account().clone(), verbose).await?;
        let every = Span::seconds(i64::from(speed));
        Ok(Self { run, trader, clock, every, news, verbose, decision: None, lines: Vec::new() })
    }

    /// Shows what happens until the account has ended.
    pub(crate) async fn keep(mut self) {
        loop {
            let ended = self.run.status().await.is_none();
            if let Err(failure) = self.show().await {
                say(format!("the journal cannot be shown: {failure}"));
            }
            if ended {
                return;
            }
            self.clock.sleep_until(self.clock.now() + self.every).await;
        }
    }

    async fn show(&mut self) -> Result<(), Failure> {
        for line in self.news.lines().await? {
            say(line);
        }
        let Some(trader) = self.run.trader(&self.trader).await else { return Ok(()) };
        if let Some(last) = trader.last_decision.clone()
            && self.decision.as_ref() != Some(&last.id)
        {
            if self.verbose || last.outcome != Code::of("none") {
                say(format!("{}  decided: {} ({})", status::time(last.at), last.outcome, last.reason));
            }
            self.decision = Some(last.id);
        }
        let mut lines = status::lines(&trader);
        if lines.is_empty() {
            lines.push("flat; entries are allowed".to_owned());
        }
        if lines != self.lines {
            lines.iter().for_each(|line| say(format!("    {line}")));
            self.lines = lines;
        }
        Ok(())
    }
}
