//! New settings of a running trader (TRADING 1.3): its next evaluated candle uses them, what rests stays until its next
//! entry or until an operator applies them.

use super::memory::Memory;
use super::{Driver, SeatId};
use crate::desk::EventKind;
use crate::model::Timestamp;
use crate::runtime::terms::{InForce, Prepared};
use crate::trader::{Command, Input};

/// Settings that were stored, made into what trades by them.
#[derive(Debug)]
pub(crate) struct NewSettings {
    pub(crate) version: u64,
    pub(crate) prepared: Prepared,
}

impl Driver {
    /// Takes new settings over. The strategy that has them is told the history first, as after a restart.
    pub(super) fn change_settings(&mut self, seat: SeatId, new: NewSettings, now: Timestamp) {
        let NewSettings { version, prepared } = new;
        let Some(entry) = self.seats.get(seat.0) else { return };
        let policy = self.fit(prepared.policy, &entry.trader.view().instrument);
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        if version <= entry.settings_version && entry.record.is_some() {
            return; // told twice
        }
        if !entry.trader.is_idle() {
            entry.opened_with.get_or_insert(entry.settings_version);
        }
        (entry.settings_version, entry.record) = (version, Some(prepared.record));
        let replan = prepared.terms.as_ref().map(|terms| Command::Replan {
            exits: terms.exits.clone(),
            entries: terms.entries.clone(),
            now: false,
        });
        entry.terms = prepared.terms;
        entry.needs = prepared.strategy.needs();
        entry.successor = Some(prepared.strategy);
        self.account.set_terms(entry.slot, policy.leverage, policy.margin_mode);
        self.succeed(seat, now);
        self.mark_changed(seat);
        self.feed(seat, now, Input::Policy(Box::new(policy)));
        if let Some(replan) = replan {
            self.feed(seat, now, Input::Command(replan));
        }
        self.write_settings(seat, now);
        self.tell(Some(seat), now, EventKind::SettingsChanged { version });
    }

    /// The strategy of new settings takes over once the one before is at home.
    pub(super) fn succeed(&mut self, seat: SeatId, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        if entry.asked || entry.successor.is_none() {
            return;
        }
        entry.strategy = entry.successor.take();
        entry.failed = None;
        if let Some(strategy) = &entry.strategy {
            entry.memory = Memory::of(&**strategy);
        }
        if entry.cursor.is_some() {
            self.tell_history(seat, now);
        }
    }

    /// Moves what rests of open legs to where the settings want it.
    pub(super) fn apply_settings(&mut self, seat: SeatId, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let Some(terms) = &entry.terms else { return };
        let (exits, entries) = (terms.exits.clone(), terms.entries.clone());
        entry.opened_with = None;
        self.mark_changed(seat);
        self.feed(seat, now, Input::Command(Command::Replan { exits, entries, now: true }));
    }

    /// The settings in force, for the journal: what a replay goes by.
    pub(super) fn write_settings(&mut self, seat: SeatId, now: Timestamp) {
        let Some(entry) = self.seats.get(seat.0) else { return };
        let in_force = InForce {
            version: entry.settings_version,
            since: now,
            account: self.id.clone(),
            trader: entry.trader.id().clone(),
            instrument: entry.trader.view().instrument.clone(),
            strategy: entry.strategy_id.clone(),
            record: entry.record.clone(),
            policy: entry.trader.policy().clone(),
            anchor: entry.memory.anchor,
            balance: self.account.balance(),
        };
        match in_force.entry() {
            Ok(entry) => self.records.push(entry.into()),
            Err(error) => tracing::error!(%error, "settings cannot be written"),
        }
        self.flush(seat, now);
    }
}
