use crate::feed::{Feed, Move, Source};
use crate::limit::{Limiter, Rate};
use crate::session::truncated;
use crate::{Call, Frame, News, Reply, Session, Turned, Wire};
use hyperrsi_core::exchange::{ErrorClass, OrderClass};
use hyperrsi_core::model::{Instrument, InstrumentId, Overflow, PositionMode, Price, Side, Span, Timestamp};
use hyperrsi_core::sim::account::fault::{Fault, Rule, Script};
use hyperrsi_core::sim::account::{Account, NewOrder, Setup, Terms};
use std::collections::BTreeMap;
use tokio::sync::mpsc::UnboundedSender;

/// Funding is charged at every eighth hour, at this rate.
const FUNDING_HOURS: i64 = 8;
const FUNDING_RATE: &str = "0.0001";

/// What a practice venue is made of.
#[derive(Debug)]
pub struct Practice {
    /// The account.
    pub setup: Setup,
    /// The markets and where their candles come from.
    pub markets: Vec<(Instrument, Source)>,
    /// What goes wrong, and when.
    pub faults: Script,
    /// Key, secret and passphrase a client has to sign with.
    pub keys: Keys,
    /// Whether calls that come too fast are turned away.
    pub rate_limits: bool,
}

/// Keys of a practice account. They protect nothing; they are not told all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The key.
    pub key: String,
    /// The secret it signs with.
    pub secret: String,
    /// The passphrase, where the venue has one.
    pub passphrase: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            key: "test-key".into(),
            secret: "test-secret-0123456789abcdef".into(),
            passphrase: "test-pass".into(),
        }
    }
}

/// The state of a practice venue: markets, account, sessions, faults. Time is an argument.
#[derive(Debug)]
pub struct World {
    account: Account,
    feeds: BTreeMap<InstrumentId, Feed>,
    script: Script,
    keys: Keys,
    sessions: BTreeMap<u64, Session>,
    limiter: Limiter,
    rate_limits: bool,
    now: Timestamp,
    skew: Span,
    down_until: Option<Timestamp>,
    banned_until: Option<Timestamp>,
    next_session: u64,
    asked: u64,
}

impl World {
    /// A world that begins at `now`.
    ///
    /// # Errors
    /// [`Overflow`] when a first price leaves the range of a decimal.
    pub fn new(practice: Practice, now: Timestamp) -> Result<Self, Overflow> {
        let instruments: Vec<Instrument> = practice.markets.iter().map(|(one, _)| one.clone()).collect();
        let feeds = practice
            .markets
            .into_iter()
            .map(|(instrument, source)| (instrument.id.clone(), Feed::new(instrument, source, now)))
            .collect();
        let mut world = Self {
            account: Account::new(practice.setup, instruments),
            feeds,
            script: practice.faults,
            keys: practice.keys,
            sessions: BTreeMap::new(),
            limiter: Limiter::default(),
            rate_limits: practice.rate_limits,
            now,
            skew: Span::ZERO,
            down_until: None,
            banned_until: None,
            next_session: 1,
            asked: 0,
        };
        world.move_markets(now)?;
        Ok(world)
    }

    /// The venue's time, with what a script has put it off by.
    pub fn time(&self) -> Timestamp {
        self.now + self.skew
    }
    /// How many calls have come in so far, whatever became of them.
    pub const fn asked(&self) -> u64 {
        self.asked
    }
    /// The account.
    pub const fn account(&self) -> &Account {
        &self.account
    }
    /// The account, to act on it at [`World::time`].
    pub const fn account_mut(&mut self) -> &mut Account {
        &mut self.account
    }
    /// The keys a client has to sign with.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }
    /// The market of an instrument.
    pub fn feed(&self, id: &InstrumentId) -> Option<&Feed> {
        self.feeds.get(id)
    }
    /// Every market.
    pub fn feeds(&self) -> impl Iterator<Item = &Feed> {
        self.feeds.values()
    }
    /// The funding rate of contracts.
    pub fn funding_rate(&self) -> hyperrsi_core::Decimal {
        FUNDING_RATE.parse().unwrap_or_default()
    }
    /// When funding is charged next.
    pub fn next_funding(&self) -> Timestamp {
        let width = Span::hours(FUNDING_HOURS).millis();
        Timestamp::from_millis((self.now.millis().div_euclid(width) + 1) * width)
    }
    /// Whether a call may pass under a rate; always when limits are off.
    pub fn admit(&mut self, wall: Timestamp, key: &str, rate: Rate) -> bool {
        !self.rate_limits || self.limiter.admit(wall, key, rate)
    }

    /// Time passes: markets move, scripted things happen, streams are told.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn advance(&mut self, wire: &dyn Wire, now: Timestamp) -> Result<(), Overflow> {
        let mut news = Vec::new();
        while self.next_funding() <= now {
            let funding = self.next_funding();
            news.extend(self.move_markets(funding)?);
            let rate = self.funding_rate();
            for id in self.feeds.keys() {
                self.account.fund(funding, id, rate)?;
            }
        }
        news.extend(self.move_markets(now.max(self.now))?);
        for fault in self.script.due(self.now) {
            self.happen(&fault);
        }
        self.tell(wire, news);
        Ok(())
    }

    /// A market is moved to a price by hand, through everything between.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn go_to(&mut self, wire: &dyn Wire, id: &InstrumentId, price: Price) -> Result<(), Overflow> {
        let now = self.now;
        let Some(feed) = self.feeds.get_mut(id) else { return Ok(()) };
        feed.go_to(now, price)?;
        self.account.glide(now, id, price)?;
        self.tell(wire, vec![News::Price { instrument: id.clone(), price, at: now }]);
        Ok(())
    }

    /// Something is to go wrong from now on.
    pub fn schedule(&mut self, rule: Rule) {
        self.script.add(rule);
    }

    /// Nothing more goes wrong: what was scheduled is forgotten, what lasts ends.
    pub fn heal(&mut self) {
        self.script = Script::default();
        (self.skew, self.down_until, self.banned_until) = (Span::ZERO, None, None);
    }

    fn move_markets(&mut self, now: Timestamp) -> Result<Vec<News>, Overflow> {
        self.now = now;
        let mut news = Vec::new();
        for (id, feed) in &mut self.feeds {
            for step in feed.advance(now)? {
                match step {
                    Move::Price { at, price, jump } => {
                        if jump {
                            self.account.trade(at, id, price)?;
                        } else {
                            self.account.glide(at, id, price)?;
                        }
                        news.push(News::Price { instrument: id.clone(), price, at });
                    }
                    Move::Closed(candle) => news.push(News::Closed { instrument: id.clone(), candle }),
                }
            }
        }
        Ok(news)
    }

    /// Answers a call, with whatever the script has in store for it.
    pub fn answer(&mut self, wire: &dyn Wire, call: &Call) -> Reply {
        self.asked += 1;
        let Some(kind) = wire.kind(call) else { return wire.answer(self, call) };
        let mut delay = Span::ZERO;
        let (mut lost, mut cut, mut page) = (false, false, None);
        let faults = self.script.on_call(self.now, kind);
        let turned = |class, code, retry_after_ms| Turned { class, code, retry_after_ms };
        for fault in faults {
            match fault {
                Fault::DropCall => return Reply::lost(),
                Fault::DropAck => lost = true,
                Fault::Delay { by_ms } => delay = by_ms,
                Fault::Malformed => cut = true,
                Fault::ErrorPage { status, after_effect: true } => page = Some(status),
                Fault::ErrorPage { status, .. } => return Reply::page(status),
                Fault::Reject { class, code } => return wire.turn_away(call, kind, &turned(class, code, 0)),
                Fault::RateLimit { retry_after_ms } => {
                    let why = turned(ErrorClass::RateLimited, None, retry_after_ms.millis());
                    return wire.turn_away(call, kind, &why);
                }
                other => self.happen(&other),
            }
        }
        let blocked = [(self.down_until, ErrorClass::Maintenance), (self.banned_until, ErrorClass::Banned)];
        for (until, class) in blocked {
            if let Some(until) = until.filter(|until| self.now < *until) {
                return wire.turn_away(call, kind, &turned(class, None, (until - self.now).millis()));
            }
        }
        if wire.is_too_soon(self, call) {
            return wire.turn_away(call, kind, &turned(ErrorClass::RateLimited, None, 0));
        }
        let mut reply = wire.answer(self, call);
        self.tell(wire, Vec::new());
        if let Some(status) = page {
            reply = Reply::page(status);
        }
        if cut {
            reply.body = truncated(&reply.body);
        }
        (reply.delay, reply.lost) = (delay, lost);
        reply
    }

    /// Something happens by itself.
    fn happen(&mut self, fault: &Fault) {
        let now = self.now;
        match fault {
            Fault::Maintenance { for_ms } => self.down_until = Some(now + *for_ms),
            Fault::Ban { for_ms } => self.banned_until = Some(now + *for_ms),
            Fault::ClockSkew { by_ms } => self.skew = *by_ms,
            Fault::FlipPositionMode => {
                let _ = self.account.flip_position_mode();
            }
            Fault::CancelByHand { client_id, conditional } => {
                let wanted: Vec<u64> = self
                    .account
                    .live_orders()
                    .filter(|one| !conditional || one.class() == OrderClass::Conditional)
                    .filter(|one| client_id.is_none() || one.sent.client_id == *client_id)
                    .map(|one| one.number)
                    .collect();
                for number in wanted {
                    let _ = self.account.cancel(now, number);
                }
            }
            Fault::CloseByHand => {
                for position in self.account.positions().unwrap_or_default() {
                    let side: Side = position.side.closing();
                    let hedge = self.account.position_mode() == PositionMode::Hedge;
                    let order = NewOrder {
                        leg: hedge.then_some(position.side),
                        reduce_only: true,
                        ..NewOrder::new(position.instrument, side, position.quantity, Terms::Market)
                    };
                    let _ = self.account.place(now, order);
                }
            }
            stream => {
                for session in self.sessions.values_mut() {
                    session.afflict(now, stream);
                }
            }
        }
    }

    /// Tells every stream the news, and what has happened to the account since.
    fn tell(&mut self, wire: &dyn Wire, mut news: Vec<News>) {
        news.extend(std::iter::from_fn(|| self.account.poll()).map(News::Account));
        let mut sessions = std::mem::take(&mut self.sessions);
        for news in &news {
            for session in sessions.values_mut() {
                for text in wire.told(self, session, news) {
                    session.push(self.now, text);
                }
            }
        }
        self.sessions = sessions;
    }

    /// A client opens a stream; `None` if the venue has none there.
    pub fn connect(&mut self, wire: &dyn Wire, path: &str, out: UnboundedSender<Frame>) -> Option<u64> {
        let private = wire.stream(path)?;
        let id = self.next_session;
        self.next_session += 1;
        self.sessions.insert(id, Session::new(id, path.to_owned(), private, out));
        Some(id)
    }

    /// A client said something on its stream.
    pub fn heard(&mut self, wire: &dyn Wire, id: u64, text: &str) {
        let Some(mut session) = self.sessions.remove(&id) else { return };
        wire.heard(self, &mut session, text);
        self.sessions.insert(id, session);
        self.tell(wire, Vec::new());
    }

    /// How many connections are open and listen to something.
    pub fn listening(&self) -> usize {
        self.sessions.values().filter(|session| session.listens()).count()
    }

    /// A client is gone.
    pub fn disconnect(&mut self, id: u64) {
        self.sessions.remove(&id);
    }
}
