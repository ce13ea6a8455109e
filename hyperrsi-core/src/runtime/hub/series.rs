use super::growing::Growing;
use super::{Backoff, Hub, HubOptions, Key};
use crate::exchange::{Channel, ExchangeError, Feed, MarketData, MarketEvent, MarketFact, MarketStream};
use crate::model::{Candle, Span, Timeframe, Timestamp};
use crate::runtime::calls;
use crate::runtime::clock::Clock;
use crate::runtime::series::{Shelf, Shelved};
use crate::strategy::Needs;
use futures_util::StreamExt;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// The candles of an instrument as they are known.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Board {
    /// Closed candles; `None` until the history has been read.
    pub shelf: Option<Shelf>,
    /// Candles are missing, or the feed is silent: nothing may be opened.
    pub gap: bool,
    /// Candles that the venue changed after their close.
    pub revised: u64,
}

pub(super) struct Task {
    market: Arc<dyn MarketData>,
    clock: Arc<dyn Clock>,
    key: Key,
    options: HubOptions,
    board: watch::Sender<Board>,
    wanted: mpsc::UnboundedReceiver<Needs>,
    needs: Vec<Needs>,
    shelf: Growing,
    gap: bool,
    revised: u64,
    /// Candles that came before the ones that are missing.
    ahead: Vec<Candle>,
}

impl Task {
    pub(super) fn new(
        hub: &Hub,
        key: Key,
        board: watch::Sender<Board>,
        wanted: mpsc::UnboundedReceiver<Needs>,
    ) -> Self {
        Self {
            market: Arc::clone(&hub.market),
            clock: Arc::clone(&hub.clock),
            shelf: Growing::from(Shelf::new(key.1)),
            key,
            options: hub.options.clone(),
            board,
            wanted,
            needs: Vec::new(),
            gap: false,
            revised: 0,
            ahead: Vec::new(),
        }
    }

    const fn timeframe(&self) -> Timeframe {
        self.key.1
    }

    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new(self.options.longest_pause, &self.key.0.symbol);
        loop {
            match self.listen(&mut backoff).await {
                Ok(()) => return, // nobody wants it any more
                Err(error) => {
                    tracing::warn!(instrument = %self.key.0, timeframe = %self.key.1, %error, "candles");
                    self.set_gap(true);
                }
            }
            metrics::counter!("hyperrsi_reconnects_total", "link" => "candles").increment(1);
            let at = self.clock.now() + backoff.pause();
            self.clock.sleep_until(at).await;
        }
    }

    /// One subscription, from its history to its end.
    async fn listen(&mut self, backoff: &mut Backoff) -> Result<(), ExchangeError> {
        let feed = Feed { instrument: self.key.0.clone(), channel: Channel::Candles(self.timeframe()) };
        // Subscribed first, read second: what closes in between is in the stream.
        let mut stream = self.market.subscribe(vec![feed]).await?;
        while let Ok(needs) = self.wanted.try_recv() {
            self.needs.push(needs);
        }
        if self.shelf.now().base().is_empty() {
            self.read_history().await?;
        }
        self.fill().await?;
        self.set_gap(false);
        backoff.reset();
        self.follow(&mut stream).await
    }

    async fn follow(&mut self, stream: &mut MarketStream) -> Result<(), ExchangeError> {
        let mut due = self.next_due(self.options.candle_grace);
        let mut heard = self.clock.now();
        loop {
            tokio::select! {
                biased;
                event = stream.next() => match event {
                    Some(event) => {
                        heard = self.clock.now();
                        self.on_event(event).await?;
                    }
                    None => return Err(ExchangeError::Connectivity { sent: true, detail: "the stream ended".into() }),
                },
                needs = self.wanted.recv() => match needs {
                    Some(needs) => {
                        self.needs.push(needs);
                        self.read_history().await?;
                        self.publish();
                    }
                    None => return Ok(()),
                },
                () = self.clock.sleep_until(due) => {
                    // The candle should be here: closed by the venue's time, whatever the stream says.
                    self.fill().await?;
                    let now = self.clock.now();
                    if now >= self.next_due(self.options.candle_stale) {
                        self.set_gap(true);
                        if now - heard >= self.timeframe().span() + self.options.price_silence {
                            // Connected but mute for longer than a candle takes (FAULTS 24).
                            return Err(ExchangeError::Timeout { after: Some(now - heard) });
                        }
                    }
                    due = now + self.options.candle_grace;
                    continue;
                }
            }
            due = self.next_due(self.options.candle_grace);
        }
    }

    /// When the next candle has closed, and `grace` is over.
    fn next_due(&self, grace: Span) -> Timestamp {
        let next = self.shelf.now().next().unwrap_or_else(|| self.timeframe().bucket(self.clock.now()));
        next + self.timeframe().span() + grace
    }

    async fn on_event(&mut self, event: MarketEvent) -> Result<(), ExchangeError> {
        match event {
            MarketEvent::Data { fact: MarketFact::CandleClosed { timeframe, candle }, .. }
                if timeframe == self.timeframe() =>
            {
                self.take(candle).await
            }
            MarketEvent::Gap { .. } => self.fill().await,
            MarketEvent::Up { .. } => {
                self.fill().await?;
                self.set_gap(false);
                Ok(())
            }
            MarketEvent::Down { error, .. } => {
                tracing::warn!(instrument = %self.key.0, %error, "candles");
                self.set_gap(true);
                Ok(())
            }
            MarketEvent::Data { .. } => Ok(()),
        }
    }

    async fn take(&mut self, candle: Candle) -> Result<(), ExchangeError> {
        match self.shelf.push(candle) {
            Shelved::Next => {
                self.gap = false;
                self.publish();
                Ok(())
            }
            Shelved::Gap { .. } => {
                self.ahead.push(candle);
                self.set_gap(true);
                self.fill().await?;
                self.set_gap(false);
                Ok(())
            }
            Shelved::Revised => {
                self.revised += 1;
                tracing::warn!(instrument = %self.key.0, open_time = %candle.open_time, "a closed candle was revised");
                self.publish();
                Ok(())
            }
            Shelved::Known => Ok(()),
            Shelved::Unusable => {
                metrics::counter!("hyperrsi_candles_unusable_total").increment(1);
                Ok(())
            }
        }
    }

    /// The history every strategy needs, whole buckets of the longest timeframe.
    async fn read_history(&mut self) -> Result<(), ExchangeError> {
        let now = self.clock.now();
        let mut from = self.timeframe().bucket(now);
        for need in self.needs.iter().flat_map(|needs| &needs.series) {
            let depth = i64::try_from(need.depth).unwrap_or(i64::MAX).saturating_add(2);
            let span = Span::millis_of(need.timeframe.millis().saturating_mul(depth));
            from = from.min(need.timeframe.bucket(now - span));
        }
        let mut shelf = Shelf::new(self.timeframe());
        let until = self.timeframe().bucket(now);
        for candle in calls::candles(self.market.as_ref(), &self.key.0, self.timeframe(), from, until).await?
        {
            if candle.close_time(self.timeframe().span()) <= now {
                shelf.push_over_hole(candle);
            }
        }
        for needs in &self.needs {
            if !shelf.keep(needs) {
                tracing::error!(instrument = %self.key.0, "a timeframe a strategy needs cannot be built");
            }
        }
        self.shelf = shelf.into();
        Ok(())
    }

    /// Fetches what has closed and is not here. A candle the venue does not have either is a hole, not a gap.
    async fn fill(&mut self) -> Result<(), ExchangeError> {
        let now = self.clock.now();
        let until = self.timeframe().bucket(now);
        if let Some(next) = self.shelf.now().next().filter(|next| *next < until) {
            let span = self.timeframe().span();
            let fetched =
                calls::candles(self.market.as_ref(), &self.key.0, self.timeframe(), next, until).await?;
            let mut all: Vec<Candle> = fetched.into_iter().filter(|c| c.close_time(span) <= now).collect();
            all.append(&mut self.ahead);
            all.sort_by_key(|candle| candle.open_time);
            for candle in all {
                if self.shelf.now().next().is_none_or(|next| candle.open_time >= next) {
                    self.shelf.push_over_hole(candle);
                }
            }
        }
        self.publish();
        Ok(())
    }

    fn set_gap(&mut self, gap: bool) {
        if self.gap != gap {
            self.gap = gap;
            self.publish();
        }
    }

    fn publish(&self) {
        let shelf = self.shelf.now();
        let shelf = (!shelf.base().is_empty()).then(|| shelf.clone());
        self.board.send_replace(Board { shelf, gap: self.gap, revised: self.revised });
    }
}
