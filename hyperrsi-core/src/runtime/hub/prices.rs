use super::{Backoff, Hub};
use crate::exchange::{Channel, ExchangeError, Feed, MarketData, MarketEvent, MarketFact, PricePoint};
use crate::model::{InstrumentId, Span};
use crate::runtime::clock::{Clock, duration};
use futures_util::StreamExt;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::timeout;

/// The newest prices of an instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prices {
    /// The last trade.
    pub last: Option<PricePoint>,
    /// The mark price.
    pub mark: Option<PricePoint>,
}

pub(super) struct Task {
    market: Arc<dyn MarketData>,
    clock: Arc<dyn Clock>,
    instrument: InstrumentId,
    silence: Span,
    longest: Span,
    board: watch::Sender<Prices>,
}

impl Task {
    pub(super) fn new(hub: &Hub, instrument: InstrumentId, board: watch::Sender<Prices>) -> Self {
        Self {
            market: Arc::clone(&hub.market),
            clock: Arc::clone(&hub.clock),
            instrument,
            silence: hub.options.price_silence,
            longest: hub.options.longest_pause,
            board,
        }
    }

    pub(super) async fn run(self) {
        let mut backoff = Backoff::new(self.longest, &self.instrument.symbol);
        loop {
            if let Err(error) = self.listen(&mut backoff).await {
                tracing::warn!(instrument = %self.instrument, %error, "prices");
            }
            metrics::counter!("hyperrsi_reconnects_total", "link" => "prices").increment(1);
            let at = self.clock.now() + backoff.pause();
            self.clock.sleep_until(at).await;
        }
    }

    async fn listen(&self, backoff: &mut Backoff) -> Result<(), ExchangeError> {
        let feed = |channel| Feed { instrument: self.instrument.clone(), channel };
        let both = vec![feed(Channel::Last), feed(Channel::Mark)];
        let mut stream = match self.market.subscribe(both).await {
            Ok(stream) => stream,
            // A spot market has no mark price.
            Err(ExchangeError::Unsupported(_)) => self.market.subscribe(vec![feed(Channel::Last)]).await?,
            Err(error) => return Err(error),
        };
        loop {
            let Ok(next) = timeout(duration(self.silence), stream.next()).await else {
                return Err(ExchangeError::Timeout { after: Some(self.silence) }); // connected but mute (FAULTS 24)
            };
            match next {
                Some(MarketEvent::Data { instrument, fact }) if instrument == self.instrument => {
                    backoff.reset();
                    self.take(fact);
                }
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }

    fn take(&self, fact: MarketFact) {
        self.board.send_modify(|prices| match fact {
            MarketFact::Last(point) => prices.last = newer(prices.last, point),
            MarketFact::Mark(point) => prices.mark = newer(prices.mark, point),
            _ => {}
        });
    }
}

/// The newer of two; a price of zero is none (FAULTS 40).
fn newer(known: Option<PricePoint>, point: PricePoint) -> Option<PricePoint> {
    if !point.price.is_positive() || known.is_some_and(|known| known.time > point.time) {
        return known;
    }
    Some(point)
}
