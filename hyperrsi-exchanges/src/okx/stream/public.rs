use super::{Frame, PING, PONG, Topic, subscribe};
use crate::net::socket::Session;
use crate::okx::parse::{FundingRow, MarkRow, TickerRow, TradeRow, candle, malformed};
use crate::okx::request::bar;
use hyperrsi_core::exchange::{Channel, ErrorClass, ExchangeError, Feed, MarketEvent, MarketFact, Refused};
use hyperrsi_core::model::{Arithmetic, Instrument, Quantity, Span, Timeframe, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// One feed on a connection.
#[derive(Debug)]
pub struct Line {
    feed: Feed,
    instrument: Arc<Instrument>,
    topic: Topic,
    deadline: Span,
    up: bool,
    /// It was up before: what came meanwhile is a gap.
    was_up: bool,
    /// The last time anything came, or the subscription began.
    heard: Option<Timestamp>,
    /// The last time nothing was missed.
    complete: Option<Timestamp>,
    /// The open time of the last closed candle, or the id of the last trade.
    newest: Option<i64>,
    /// Data was dropped because nobody took it.
    lost: bool,
}

impl Line {
    /// A feed of an instrument that is down after this long without a word.
    ///
    /// # Errors
    /// A timeframe the venue does not have.
    pub fn new(
        feed: Feed,
        instrument: Arc<Instrument>,
        stale_after: Duration,
    ) -> Result<Self, ExchangeError> {
        let name = match feed.channel {
            Channel::Candles(timeframe) => format!("candle{}", bar(timeframe)?),
            Channel::Last => "tickers".into(),
            Channel::Mark => "mark-price".into(),
            Channel::Funding => "funding-rate".into(),
            Channel::Trades => "trades".into(),
            other => {
                return Err(hyperrsi_core::exchange::Unsupported {
                    venue: feed.instrument.venue.clone(),
                    what: format!("{other:?} feed").into(),
                    instead: "choose another channel".into(),
                }
                .into());
            }
        };
        let stale = Span::millis_of(i64::try_from(stale_after.as_millis()).unwrap_or(i64::MAX));
        let deadline = match feed.channel {
            // The venue pushes funding every half minute to minute and a half.
            Channel::Funding => stale.max(Span::minutes(5)),
            _ => stale,
        };
        let topic = Topic::of(name, &feed.instrument.symbol);
        Ok(Self {
            feed,
            instrument,
            topic,
            deadline,
            up: false,
            was_up: false,
            heard: None,
            complete: None,
            newest: None,
            lost: false,
        })
    }

    /// What the venue calls it.
    pub const fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Whether it is pushed by the business connection.
    pub const fn business(&self) -> bool {
        matches!(self.feed.channel, Channel::Candles(_))
    }

    /// The facts in a message, and whether something between them and the last one is missing.
    fn facts(&mut self, data: &str) -> Result<(Vec<MarketFact>, bool), ExchangeError> {
        let mut facts = Vec::new();
        let mut hole = false;
        match self.feed.channel {
            Channel::Candles(timeframe) => return self.candles(timeframe, data),
            Channel::Last => {
                for row in rows::<TickerRow<'_>>(data, "a ticker of okx")? {
                    let ticker = row.read()?;
                    facts.push(MarketFact::Last(hyperrsi_core::exchange::PricePoint {
                        price: ticker.last,
                        time: ticker.time,
                    }));
                }
            }
            Channel::Mark => {
                for row in rows::<MarkRow<'_>>(data, "a mark price of okx")? {
                    facts.push(MarketFact::Mark(row.read()?));
                }
            }
            Channel::Funding => {
                for row in rows::<FundingRow<'_>>(data, "a funding rate of okx")? {
                    facts.push(MarketFact::Funding(row.read()?));
                }
            }
            Channel::Trades => {
                for row in rows::<TradeRow<'_>>(data, "a trade of okx")? {
                    let trade = row.read()?;
                    let id: Option<i64> = trade.id.as_str().parse().ok();
                    if id.is_some() && id <= self.newest {
                        continue;
                    }
                    self.newest = id.or(self.newest);
                    let quantity = trade.size.get().times(self.instrument.contract_size);
                    let quantity = quantity
                        .map_err(|error| crate::okx::parse::senseless("a trade of okx", error.to_string()))?;
                    facts.push(MarketFact::Trade {
                        price: trade.price,
                        quantity: Quantity::new(quantity),
                        taker: trade.taker,
                        time: trade.time,
                    });
                }
            }
            _ => hole = true,
        }
        Ok((facts, hole))
    }

    /// Closed candles, each once and in order. A forming candle that follows on none we saw close is a hole.
    fn candles(
        &mut self,
        timeframe: Timeframe,
        data: &str,
    ) -> Result<(Vec<MarketFact>, bool), ExchangeError> {
        let mut facts = Vec::new();
        let mut hole = false;
        for raw in rows::<&RawValue>(data, "a candle of okx")? {
            let row = candle(raw, self.instrument.is_spot())?;
            let open = row.candle.open_time.millis();
            let due = self.newest.map(|newest| newest.saturating_add(timeframe.millis()));
            if row.closed {
                if self.newest.is_some_and(|newest| open <= newest) {
                    continue;
                }
                hole |= due.is_some_and(|due| open > due);
                self.newest = Some(open);
                facts.push(MarketFact::CandleClosed { timeframe, candle: row.candle });
            }
        }
        Ok((facts, hole))
    }

    /// From when on something may be missing.
    fn since(&self) -> Option<Timestamp> {
        match self.feed.channel {
            Channel::Candles(_) => self.newest.map(Timestamp::from_millis).or(self.complete),
            _ => self.complete,
        }
    }
}

fn rows<'a, T: Deserialize<'a>>(data: &'a str, what: &str) -> Result<Vec<T>, ExchangeError> {
    serde_json::from_str(data).map_err(|error| malformed(what, &error))
}

/// A connection that carries feeds of the markets.
#[derive(Debug)]
pub struct PublicSession {
    lines: Vec<Line>,
    out: mpsc::Sender<MarketEvent>,
    heartbeat: Duration,
    unreadable: u64,
}

impl PublicSession {
    /// Carries these feeds; events go to `out`, and what does not fit is told as a gap.
    pub const fn new(lines: Vec<Line>, out: mpsc::Sender<MarketEvent>, heartbeat: Duration) -> Self {
        Self { lines, out, heartbeat, unreadable: 0 }
    }

    /// Messages that could not be read.
    pub const fn unreadable(&self) -> u64 {
        self.unreadable
    }

    fn data(&mut self, channel: &str, symbol: &str, data: &str, now: Timestamp) {
        let out = self.out.clone();
        let Some(line) = self.line(channel, symbol) else { return };
        line.heard = Some(now);
        match line.facts(data) {
            Ok((facts, hole)) => {
                if hole {
                    send(&out, line, |line| MarketEvent::Gap {
                        feed: line.feed.clone(),
                        since: line.complete,
                    });
                }
                for fact in facts {
                    send(&out, line, |line| MarketEvent::Data {
                        instrument: line.feed.instrument.clone(),
                        fact,
                    });
                }
                line.complete = Some(now);
            }
            Err(error) => {
                tracing::warn!(%error, feed = ?line.feed, "a message was left out");
                send(&out, line, |line| MarketEvent::Gap { feed: line.feed.clone(), since: line.since() });
                self.unreadable += 1;
            }
        }
    }

    fn line(&mut self, channel: &str, symbol: &str) -> Option<&mut Line> {
        self.lines
            .iter_mut()
            .find(|line| line.topic.channel == channel && line.topic.inst_id.as_deref() == Some(symbol))
    }

    /// A feed the venue does not have any more must not take the others with it (FAULTS 38). The venue names it in words.
    fn refused(&mut self, words: &str, error: ExchangeError) -> Result<Vec<String>, ExchangeError> {
        let named = |line: &Line| {
            let symbol = line.topic.inst_id.as_deref().filter(|symbol| words.contains(symbol))?;
            words.contains(&line.topic.channel).then_some(symbol.len() + line.topic.channel.len())
        };
        // The longest name wins: the symbol of a spot market is the beginning of its swap's.
        let worst =
            self.lines.iter().enumerate().filter_map(|(index, line)| Some((named(line)?, index))).max();
        let Some((_, index)) = worst.filter(|_| error.class() == ErrorClass::InvalidRequest) else {
            return Err(error);
        };
        let mut line = self.lines.swap_remove(index);
        let gone = Refused::new(ErrorClass::InstrumentUnknown, None, error.to_string());
        send(&self.out, &mut line, |line| MarketEvent::Down { feed: line.feed.clone(), error: gone.into() });
        if self.lines.is_empty() { Err(error) } else { Ok(Vec::new()) }
    }

    fn confirmed(&mut self, channel: &str, symbol: &str, now: Timestamp) {
        let out = self.out.clone();
        let Some(line) = self.line(channel, symbol).filter(|line| !line.up) else { return };
        line.up = true;
        line.heard = Some(now);
        send(&out, line, |line| MarketEvent::Up { feed: line.feed.clone() });
        if std::mem::replace(&mut line.was_up, true) {
            send(&out, line, |line| MarketEvent::Gap { feed: line.feed.clone(), since: line.since() });
        }
    }
}

/// Sends one event. What does not fit is dropped, and told as a gap as soon as there is room.
fn send(out: &mpsc::Sender<MarketEvent>, line: &mut Line, event: impl FnOnce(&Line) -> MarketEvent) {
    if line.lost {
        let gap = MarketEvent::Gap { feed: line.feed.clone(), since: line.since() };
        line.lost = out.try_send(gap).is_err();
    }
    let event = event(line);
    if !line.lost {
        line.lost = matches!(out.try_send(event), Err(TrySendError::Full(_)));
    }
}

impl Session for PublicSession {
    fn opened(&mut self, now: Timestamp) -> Vec<String> {
        for line in &mut self.lines {
            line.up = false;
            line.heard = Some(now);
        }
        let topics: Vec<_> = self.lines.iter().map(|line| line.topic.clone()).collect();
        subscribe(&topics)
    }

    fn text(&mut self, text: &str, now: Timestamp) -> Result<Vec<String>, ExchangeError> {
        if text == PONG {
            return Ok(Vec::new());
        }
        let frame: Frame<'_> = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => {
                // It could have been of any feed.
                tracing::warn!(%error, "a frame of okx cannot be read");
                self.unreadable += 1;
                let out = self.out.clone();
                for line in &mut self.lines {
                    send(&out, line, |line| MarketEvent::Gap {
                        feed: line.feed.clone(),
                        since: line.since(),
                    });
                }
                return Ok(Vec::new());
            }
        };
        if let Some(error) = frame.error() {
            return self.refused(&frame.msg, error);
        }
        let Some(arg) = &frame.arg else { return Ok(Vec::new()) };
        if &*frame.event == "subscribe" {
            self.confirmed(&arg.channel, &arg.inst_id, now);
        }
        if let Some(data) = frame.data {
            self.data(&arg.channel, &arg.inst_id, data.get(), now);
        }
        Ok(Vec::new())
    }

    fn tick(&mut self, now: Timestamp) -> Result<(), ExchangeError> {
        let silent =
            |line: &&mut Line| line.up && line.heard.is_some_and(|heard| now - heard > line.deadline);
        let out = self.out.clone();
        let mut stale = None;
        for line in self.lines.iter_mut().filter(silent) {
            let error = ExchangeError::Timeout { after: Some(line.deadline) };
            line.up = false;
            stale = Some(error.clone());
            send(&out, line, |line| MarketEvent::Down { feed: line.feed.clone(), error });
        }
        stale.map_or(Ok(()), Err)
    }

    fn closed(&mut self, error: ExchangeError) {
        let out = self.out.clone();
        let hopeless = error.class() == ErrorClass::InvalidRequest;
        for line in &mut self.lines {
            if std::mem::replace(&mut line.up, false) || !line.was_up || hopeless {
                let error = error.clone();
                send(&out, line, |line| MarketEvent::Down { feed: line.feed.clone(), error });
            }
        }
    }

    fn ready(&self) -> bool {
        self.lines.iter().all(|line| line.up)
    }

    fn heartbeat(&self) -> (Duration, &'static str) {
        (self.heartbeat, PING)
    }
}
