//! What is asked of a trader from outside, once per key.

use super::{Driver, NewSettings, SeatId};
use crate::desk::{DeskError, LadderLevel};
use crate::model::{Percent, PositionSide, Price, Quantity, Timestamp};
use crate::store::Code;
use crate::trader::{Command, Input, ManualEntry};
use rust_decimal::Decimal;

/// Something for a trader to do.
#[derive(Debug)]
pub(crate) enum Errand {
    /// As it is.
    Do(Command),
    /// Enter by the plan's terms.
    Enter { side: PositionSide, at_most: Option<Quantity> },
    /// Close everything at market and open nothing; also where the leg of a stop order is named.
    StopAndClose,
    /// Set the take-profit levels.
    SetLadder { side: PositionSide, levels: Vec<LadderLevel> },
    /// Take a foreign position over.
    Claim { side: PositionSide, adopt: Vec<String>, cancel: Vec<String> },
    /// Cancel an order, named by our id or the venue's.
    CancelOrder(String),
    /// Go by other settings from the next candle on.
    Settings(Box<NewSettings>),
    /// Move what rests to where the settings want it.
    ApplySettings,
}

impl Driver {
    /// Whether a trader can do it now. Nothing has happened when it cannot.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn may(&self, seat: SeatId, errand: &Errand) -> Result<(), DeskError> {
        let nothing = |what: String| Err(DeskError::Nothing { what });
        let Some(entry) = self.seats.get(seat.0) else {
            return Err(DeskError::NotFound { what: "the trader".into() });
        };
        let open = |side: PositionSide| !entry.trader.book(side).is_flat();
        match errand {
            Errand::Enter { side, at_most } => match self.manual(seat, *side, *at_most) {
                Some(entered) => entry
                    .trader
                    .may_enter(&entered)
                    .map_err(|refused| DeskError::Gated { reason: Code::of(refused.code.code()) }),
                None => Err(DeskError::Unsupported {
                    what: "enter".into(),
                    by: "a trader whose plan has no terms; start it with them".into(),
                }),
            },
            Errand::Do(
                Command::Close { side, .. } | Command::SetStop { side, .. } | Command::ResetStop { side },
            )
            | Errand::SetLadder { side, .. }
                if !open(*side) || entry.trader.is_foreign(*side) =>
            {
                nothing(format!("open {side} leg"))
            }
            Errand::Claim { side, adopt, cancel } => self.may_claim(seat, *side, adopt, cancel),
            Errand::CancelOrder(name) if self.own_order(seat, name).is_none() => {
                nothing(format!("order {name} of this trader"))
            }
            Errand::ApplySettings if entry.terms.is_none() => Err(DeskError::Unsupported {
                what: "apply_settings".into(),
                by: "a trader whose plan has no terms; start it with them".into(),
            }),
            Errand::ApplySettings if !PositionSide::BOTH.into_iter().any(open) => nothing("open leg".into()),
            Errand::Do(Command::LiftMarginBlock) if entry.trader.margin_blocked_until().is_none() => {
                nothing("margin block".into())
            }
            _ => Ok(()),
        }
    }

    fn manual(&self, seat: SeatId, side: PositionSide, at_most: Option<Quantity>) -> Option<ManualEntry> {
        let terms = self.seats.get(seat.0)?.terms.as_ref()?;
        let (exits, entries) = (terms.exits.clone(), terms.entries.clone());
        Some(ManualEntry { side, size: terms.size, at_most, exits, entries })
    }

    /// Does it, unless a command of that key was carried out before: also by the process before this one.
    ///
    /// # Errors
    /// Why it cannot be done; nothing has happened then.
    pub(crate) fn run_errand(
        &mut self,
        seat: SeatId,
        key: Option<&str>,
        errand: Errand,
        now: Timestamp,
    ) -> Result<(), DeskError> {
        if key.is_some_and(|key| self.did(seat, key)) {
            return Ok(());
        }
        self.may(seat, &errand)?;
        if let (Some(key), Some(entry)) = (key, self.seats.get_mut(seat.0)) {
            entry.note_done(key);
        }
        self.mark_changed(seat); // the key is durable with what it led to
        match errand {
            Errand::Do(command) => self.command(seat, command, now),
            Errand::StopAndClose => {
                self.command(seat, Command::Stop, now);
                for side in PositionSide::BOTH {
                    self.command(seat, Command::Close { side, fraction: Decimal::ONE }, now);
                }
            }
            Errand::Enter { side, at_most } => {
                if let Some(entry) = self.manual(seat, side, at_most) {
                    self.feed(seat, now, Input::Command(Command::Enter(entry)));
                }
            }
            Errand::SetLadder { side, levels } => {
                let levels: Vec<(Price, Percent)> =
                    levels.iter().map(|level| (level.price, level.share)).collect();
                self.feed(seat, now, Input::Command(Command::SetLadder { side, levels }));
            }
            Errand::Claim { side, adopt, cancel } => self.claim(seat, side, &adopt, &cancel, now),
            Errand::CancelOrder(name) => {
                if let Some(id) = self.own_order(seat, &name) {
                    self.feed(seat, now, Input::Command(Command::CancelOrder(id)));
                }
            }
            Errand::Settings(new) => self.change_settings(seat, *new, now),
            Errand::ApplySettings => self.apply_settings(seat, now),
        }
        self.flush(seat, now);
        Ok(())
    }

    /// Whether a command of that key was carried out before.
    pub(crate) fn did(&self, seat: SeatId, key: &str) -> bool {
        self.seats.get(seat.0).is_some_and(|entry| entry.did(key))
    }

    /// What an operator asks of a trader.
    fn command(&mut self, seat: SeatId, command: Command, now: Timestamp) {
        if let Some(entry) = self.seats.get_mut(seat.0) {
            match &command {
                Command::Start => (entry.running, entry.stopped) = (true, false),
                Command::Stop | Command::Panic => (entry.running, entry.stopped) = (false, true),
                _ => {}
            }
        }
        self.feed(seat, now, Input::Command(command));
    }
}
