use hyperrsi_core::model::{
    Candle, Instrument, Overflow, Price, Span, StepRounding, Timeframe, Timestamp, decimal_from_f64,
};
use hyperrsi_core::series::Candles;
use hyperrsi_core::sim::account::Path;
use std::collections::VecDeque;

/// How many candles are there already when a feed starts.
const HISTORY: usize = 600;
/// How many closed candles are kept: ten days of minutes.
const KEPT: usize = 14_400;

/// Where the candles of a market come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A random walk of one-minute candles; the same seed walks the same way.
    Walk {
        /// The seed.
        seed: u64,
        /// Where it starts.
        price: f64,
    },
    /// Recorded candles, moved in time so that they go on from now. After the last one the price stands still.
    Recorded(Candles),
    /// A price that stands still until it is moved.
    Still {
        /// Where it stands.
        price: f64,
    },
}

/// What a feed does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// The price goes there: in one jump at a candle's open, else through everything between.
    Price {
        /// When.
        at: Timestamp,
        /// Where to.
        price: Price,
        /// Whether it jumps.
        jump: bool,
    },
    /// A candle closed.
    Closed(Candle),
}

/// The price of one market over time, and the candles it has drawn so far.
#[derive(Clone, Debug)]
pub struct Feed {
    instrument: Instrument,
    timeframe: Timeframe,
    /// The walk; `None` for recorded candles.
    walk: Option<fastrand::Rng>,
    recorded: VecDeque<Candle>,
    closed: VecDeque<Candle>,
    /// The candle being drawn, whole.
    plan: Candle,
    /// How many of its four prices are passed.
    passed: usize,
    /// What is drawn of it.
    forming: Option<Candle>,
    last: f64,
}

impl Feed {
    /// A feed with some hours of candles behind it, at `now`.
    pub fn new(instrument: Instrument, source: Source, now: Timestamp) -> Self {
        let (walk, last, recorded, timeframe) = match source {
            Source::Walk { seed, price } => {
                (Some(fastrand::Rng::with_seed(seed)), price, VecDeque::new(), Timeframe::M1)
            }
            Source::Still { price } => (None, price, VecDeque::new(), Timeframe::M1),
            Source::Recorded(candles) => {
                let first = candles.get(0).map_or(1.0, |candle| candle.open);
                (None, first, candles.iter().collect(), candles.timeframe())
            }
        };
        let open = timeframe.bucket(now);
        let mut feed = Self {
            instrument,
            timeframe,
            walk,
            recorded,
            closed: VecDeque::new(),
            plan: Candle::new(open, last, last, last, last, 0.0),
            passed: 0,
            forming: None,
            last,
        };
        let behind = Span::millis_of(timeframe.millis() * HISTORY as i64);
        for step in 0..HISTORY {
            let at = open - behind + Span::millis_of(timeframe.millis() * step as i64);
            let candle = feed.draw(at);
            feed.closed.push_back(candle);
        }
        feed.plan = feed.draw(open);
        feed
    }

    /// When a recording without holes goes on from the history it brings itself: a venue whose time begins then shows
    /// every candle at its own time. `None` if it is too short.
    pub fn own_time(candles: &Candles) -> Option<Timestamp> {
        candles.get(HISTORY).map(|candle| candle.open_time)
    }

    /// The market.
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }
    /// The timeframe of its candles.
    pub const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }
    /// Closed candles, oldest first, then the forming one if it has begun.
    pub fn candles(&self) -> impl DoubleEndedIterator<Item = (Candle, bool)> + '_ {
        let closed = self.closed.iter().map(|candle| (*candle, true));
        closed.chain(self.forming.map(|candle| (candle, false)))
    }
    /// The last so many candles of a timeframe, oldest first, each with whether it is closed; `None` if it is no multiple
    /// of the feed's. `shift` moves the day's boundary. The oldest bar may have begun before the feed.
    pub fn resampled(&self, to: Timeframe, shift: Span, most: usize) -> Option<Vec<(Candle, bool)>> {
        if !to.is_multiple_of(self.timeframe) {
            return None;
        }
        let mut all: Vec<(Candle, bool)> = Vec::new();
        for (candle, closed) in self.candles().rev() {
            let open = to.bucket(candle.open_time + shift) - shift;
            let full = all.len() == most;
            match all.last_mut() {
                Some((bar, _)) if bar.open_time == open => {
                    bar.open = candle.open;
                    bar.high = bar.high.max(candle.high);
                    bar.low = bar.low.min(candle.low);
                    bar.volume += candle.volume;
                }
                _ if full => break,
                _ => {
                    let ends = candle.open_time + self.timeframe.span() == open + to.span();
                    all.push((Candle { open_time: open, ..candle }, closed && ends));
                }
            }
        }
        all.reverse();
        Some(all)
    }

    /// What happens up to `to`.
    ///
    /// # Errors
    /// [`Overflow`] when a price leaves the range of a decimal.
    pub fn advance(&mut self, to: Timestamp) -> Result<Vec<Move>, Overflow> {
        let mut moves = Vec::new();
        loop {
            let points = Path::Natural.points(&self.plan);
            let step = self.timeframe.millis() - 1;
            let time = |index: usize| self.plan.open_time + Span::millis_of(step * index as i64 / 3);
            if let Some(point) = points.get(self.passed).filter(|_| time(self.passed) <= to) {
                let (at, jump, point) = (time(self.passed), self.passed == 0, *point);
                self.passed += 1;
                moves.push(self.step(at, point, jump)?);
            } else if self.passed < points.len() {
                let between = self.passed.checked_sub(1).and_then(|from| {
                    let (a, b) = (points.get(from)?, points.get(self.passed)?);
                    let (start, end) = (time(from).millis() as f64, time(self.passed).millis() as f64);
                    Some(a + (b - a) * (to.millis() as f64 - start) / (end - start))
                });
                if let Some(point) = between {
                    moves.push(self.step(to, point, false)?);
                }
                return Ok(moves);
            } else if self.plan.open_time + self.timeframe.span() <= to {
                self.closed.push_back(self.plan);
                if self.closed.len() > KEPT {
                    self.closed.pop_front();
                }
                moves.push(Move::Closed(self.plan));
                self.plan = self.draw(self.plan.open_time + self.timeframe.span());
                (self.passed, self.forming) = (0, None);
            } else {
                return Ok(moves);
            }
        }
    }

    /// The price is moved by hand; the source goes on from there.
    ///
    /// # Errors
    /// [`Overflow`] when the price leaves the range of a decimal.
    pub fn go_to(&mut self, at: Timestamp, price: Price) -> Result<Move, Overflow> {
        self.last = price.to_f64();
        self.plan =
            Candle::new(self.plan.open_time, self.last, self.last, self.last, self.last, self.plan.volume);
        self.step(at, self.last, false)
    }

    fn step(&mut self, at: Timestamp, point: f64, jump: bool) -> Result<Move, Overflow> {
        let price = self.rounded(point)?;
        let value = price.to_f64();
        let share = (at - self.plan.open_time).millis() as f64 / self.timeframe.millis() as f64;
        let volume = self.plan.volume * share;
        let forming =
            self.forming.get_or_insert(Candle::new(self.plan.open_time, value, value, value, value, 0.0));
        (forming.high, forming.low) = (forming.high.max(value), forming.low.min(value));
        (forming.close, forming.volume) = (value, volume);
        Ok(Move::Price { at, price, jump })
    }

    fn rounded(&self, value: f64) -> Result<Price, Overflow> {
        let raw = decimal_from_f64(value).ok_or(Overflow("a price"))?;
        self.instrument.round_price(raw, StepRounding::Nearest)
    }

    /// The next candle of the source, on ticks.
    fn draw(&mut self, open_time: Timestamp) -> Candle {
        let candle = match self.recorded.pop_front() {
            Some(candle) => Candle { open_time, ..candle },
            None => {
                let open = self.last;
                let still = Candle::new(open_time, open, open, open, open, 0.0);
                self.walk.as_mut().map_or(still, |walk| step_on(walk, open_time, open))
            }
        };
        let on_tick = |value: f64| self.rounded(value).map_or(value, Price::to_f64);
        let candle = Candle {
            open: on_tick(candle.open),
            high: on_tick(candle.high),
            low: on_tick(candle.low),
            close: on_tick(candle.close),
            ..candle
        };
        self.last = candle.close;
        candle
    }
}

/// Steps of up to 0.06 % with tails of up to 0.03 %: about what a liquid market does in a minute.
fn step_on(walk: &mut fastrand::Rng, open_time: Timestamp, open: f64) -> Candle {
    let close = open * (1.0 + (walk.f64() - 0.5) * 0.0012);
    let high = open.max(close) * (1.0 + walk.f64() * 0.0003);
    let low = open.min(close) * (1.0 - walk.f64() * 0.0003);
    Candle::new(open_time, open, high, low, close, (1.0 + walk.f64() * 20.0).round())
}
