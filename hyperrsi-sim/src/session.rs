use hyperrsi_core::model::{Span, Timestamp};
use hyperrsi_core::sim::account::fault::{Fault, Stream};
use std::collections::{BTreeMap, VecDeque};
use tokio::sync::mpsc::UnboundedSender;

/// What goes out on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A text message.
    Text(String),
    /// The connection ends.
    Close,
}

/// One connection of a client to a stream.
#[derive(Debug)]
pub struct Session {
    /// Its number.
    pub id: u64,
    /// The path it was opened at.
    pub path: String,
    /// Whether it carries an account's events.
    pub private: bool,
    /// Whether the client has proved who it is.
    pub logged_in: bool,
    /// What it listens to: the venue's name of the channel, and what the client said about it.
    pub topics: BTreeMap<String, serde_json::Value>,
    out: UnboundedSender<Frame>,
    twice: u32,
    reversed: u32,
    held: VecDeque<String>,
    cut_next: bool,
    muted_until: Option<Timestamp>,
    closed: bool,
}

impl Session {
    /// A fresh connection that sends to `out`.
    pub const fn new(id: u64, path: String, private: bool, out: UnboundedSender<Frame>) -> Self {
        Self {
            id,
            path,
            private,
            logged_in: false,
            topics: BTreeMap::new(),
            out,
            twice: 0,
            reversed: 0,
            held: VecDeque::new(),
            cut_next: false,
            muted_until: None,
            closed: false,
        }
    }

    /// Answers the client, whatever the faults.
    pub fn answer(&self, text: String) {
        let _ = self.out.send(Frame::Text(text));
    }

    /// Whether it is open and listens to something.
    pub fn listens(&self) -> bool {
        !self.closed && !self.topics.is_empty()
    }

    /// Ends the connection.
    pub fn close(&mut self) {
        self.closed = true;
        let _ = self.out.send(Frame::Close);
    }

    /// Pushes a message, as the faults let it.
    pub fn push(&mut self, now: Timestamp, text: String) {
        if self.muted_until.is_some_and(|until| now < until) {
            return;
        }
        let text = if std::mem::take(&mut self.cut_next) { truncated(&text) } else { text };
        if self.reversed > 0 {
            self.held.push_front(text);
            self.reversed -= 1;
            if self.reversed == 0 {
                while let Some(text) = self.held.pop_front() {
                    self.answer(text);
                }
            }
            return;
        }
        if self.twice > 0 {
            self.twice -= 1;
            self.answer(text.clone());
        }
        self.answer(text);
    }

    /// Takes over a fault of a stream, if it is of this one.
    pub fn afflict(&mut self, now: Timestamp, fault: &Fault) {
        let mine = |stream: &Stream| match stream {
            Stream::All => true,
            Stream::Private => self.private,
            Stream::Public => !self.private,
        };
        match fault {
            Fault::Duplicate { stream, messages } if mine(stream) => self.twice = *messages,
            Fault::Reorder { stream, messages } if mine(stream) => self.reversed = (*messages).max(2),
            Fault::MalformedMessage { stream } if mine(stream) => self.cut_next = true,
            Fault::MuteStream { stream, for_ms } if mine(stream) => {
                self.muted_until = Some(now + Span::millis_of(for_ms.millis()));
            }
            Fault::CutStream { stream } if mine(stream) => self.close(),
            Fault::Say { stream, text } if mine(stream) => self.answer(text.clone()),
            _ => {}
        }
    }
}

/// A text cut off in the middle.
pub(crate) fn truncated(text: &str) -> String {
    text.chars().take(text.chars().count() / 2).collect()
}
