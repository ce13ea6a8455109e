use super::hub::{Hub, Wing};
use super::{Frame, PING, PONG, Topic, subscribe};
use crate::net::socket::Session;
use crate::okx::Keys;
use crate::okx::parse::{AlgoRow, BalanceRow, Known, OrderRow, PositionRow, malformed};
use hyperrsi_core::exchange::{AccountEvent, ErrorClass, ExchangeError};
use hyperrsi_core::model::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// One of the two private connections: login, subscriptions, and what they push.
pub struct PrivateSession {
    wing: Wing,
    keys: Keys,
    known: Arc<Known>,
    hub: Arc<Hub>,
    heartbeat: Duration,
    waiting: usize,
    logged_in: bool,
}

impl PrivateSession {
    pub(crate) fn new(wing: Wing, keys: Keys, known: Arc<Known>, hub: Arc<Hub>, heartbeat: Duration) -> Self {
        Self { wing, keys, known, hub, heartbeat, waiting: 0, logged_in: false }
    }

    /// What a connection listens to.
    pub fn topics(wing: Wing) -> Vec<Topic> {
        match wing {
            Wing::Private => vec![
                Topic::account("orders", Some("SWAP")),
                Topic::account("orders", Some("SPOT")),
                // What spot orders are called in accounts where they share margin.
                Topic::account("orders", Some("MARGIN")),
                Topic::account("positions", Some("ANY")),
                Topic::account("account", None),
            ],
            Wing::Business => vec![
                Topic::account("orders-algo", Some("SWAP")),
                Topic::account("orders-algo", Some("SPOT")),
                Topic::account("orders-algo", Some("MARGIN")),
            ],
        }
    }

    fn data(&self, channel: &str, data: &str) -> Result<Vec<AccountEvent>, ExchangeError> {
        let mut events = Vec::new();
        match channel {
            "orders" => {
                for row in rows::<OrderRow<'_>>(data, "an order of okx")? {
                    // The fill first: it explains what the order says.
                    events.extend(row.fill(&self.known)?.map(|fill| AccountEvent::Fill(Box::new(fill))));
                    events.extend(row.read(&self.known)?.map(|order| AccountEvent::Order(Box::new(order))));
                }
            }
            "orders-algo" => {
                for row in rows::<AlgoRow<'_>>(data, "a conditional order of okx")? {
                    events.extend(row.read(&self.known)?.map(|order| AccountEvent::Order(Box::new(order))));
                }
            }
            "positions" => {
                for row in rows::<PositionRow<'_>>(data, "a position of okx")? {
                    let legs = row.read(&self.known)?;
                    events.extend(legs.into_iter().map(|leg| AccountEvent::Position(Box::new(leg))));
                }
            }
            "account" => {
                for row in rows::<BalanceRow<'_>>(data, "a balance of okx")? {
                    events.extend(row.read()?.into_iter().map(AccountEvent::Balance));
                }
            }
            _ => {}
        }
        Ok(events)
    }
}

fn rows<'a, T: Deserialize<'a>>(data: &'a str, what: &str) -> Result<Vec<T>, ExchangeError> {
    serde_json::from_str(data).map_err(|error| malformed(what, &error))
}

impl Session for PrivateSession {
    fn opened(&mut self, now: Timestamp) -> Vec<String> {
        self.logged_in = false;
        self.waiting = Self::topics(self.wing).len();
        vec![self.keys.login(now)]
    }

    fn text(&mut self, text: &str, now: Timestamp) -> Result<Vec<String>, ExchangeError> {
        if text == PONG {
            self.hub.heard(now);
            return Ok(Vec::new());
        }
        let frame: Frame<'_> = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => {
                self.hub.missed(&malformed("a frame of okx", &error), now);
                return Ok(Vec::new());
            }
        };
        if let Some(error) = frame.error() {
            return Err(match error.class() {
                // A login that worked has ended: it is made anew, with the connection (FAULTS 30).
                ErrorClass::Auth if self.logged_in => {
                    ExchangeError::Connectivity { sent: true, detail: "the venue ended the login".into() }
                }
                _ => error,
            });
        }
        match &*frame.event {
            "login" => {
                self.logged_in = true;
                return Ok(subscribe(&Self::topics(self.wing)));
            }
            "subscribe" => {
                self.waiting = self.waiting.saturating_sub(1);
                if self.waiting == 0 {
                    self.hub.ready(self.wing);
                }
            }
            _ => {}
        }
        if let Some((arg, data)) = frame.arg.as_ref().zip(frame.data) {
            match self.data(&arg.channel, data.get()) {
                Ok(events) => events.into_iter().for_each(|event| self.hub.tell(event)),
                Err(error) => self.hub.missed(&error, now),
            }
        }
        self.hub.heard(now);
        Ok(Vec::new())
    }

    fn tick(&mut self, _: Timestamp) -> Result<(), ExchangeError> {
        // Nothing happens to an account for hours; the heartbeat alone tells whether the line lives.
        Ok(())
    }

    fn closed(&mut self, error: ExchangeError) {
        self.hub.lost(self.wing, error);
    }

    fn ready(&self) -> bool {
        self.logged_in && self.waiting == 0
    }

    fn heartbeat(&self) -> (Duration, &'static str) {
        (self.heartbeat, PING)
    }
}

impl std::fmt::Debug for PrivateSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateSession").field("wing", &self.wing).finish_non_exhaustive()
    }
}
