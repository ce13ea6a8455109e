//! What operators ask for.

use super::action::Action;
use super::by_hand::check_levels;
use super::{Command, Trader};
use crate::model::{Overflow, PositionSide};
use crate::position::ExitReason;
use crate::risk::Refusal;
use rust_decimal::Decimal;
use std::sync::Arc;

impl Trader {
    pub(super) fn on_command(&mut self, command: Command) -> Result<(), Overflow> {
        match command {
            Command::Start => {
                self.set_gate(Refusal::NotRunning, false);
                self.configure();
                self.query_unknown();
                self.read_account();
            }
            Command::Stop => {
                self.set_gate(Refusal::NotRunning, true);
                self.acted(None, Action::Gated(Refusal::NotRunning));
                for side in PositionSide::BOTH {
                    self.bring_copy_up_to_date(side)?;
                }
            }
            Command::Pause => {
                self.set_gate(Refusal::Paused, true);
                self.acted(None, Action::Gated(Refusal::Paused));
            }
            Command::Resume => {
                self.acted(None, Action::Commanded);
                self.gates.lift_failures();
                self.set_gate(Refusal::Paused, false);
                self.refresh_gates();
            }
            Command::Close { side, fraction } => {
                if fraction > Decimal::ZERO && fraction <= Decimal::ONE {
                    self.close(side, fraction, ExitReason::UserCommand)?;
                }
            }
            Command::Panic => {
                self.set_gate(Refusal::NotRunning, true);
                for side in PositionSide::BOTH {
                    self.close(side, Decimal::ONE, ExitReason::UserCommand)?;
                }
            }
            Command::SetStop { side, price } => {
                let leg = match side {
                    PositionSide::Long => &mut self.long,
                    PositionSide::Short => &mut self.short,
                };
                let rounded = self.view.instrument.round_stop(side, price.get())?;
                if let Some(exits) = leg.exits.as_mut().filter(|_| price.is_positive()) {
                    exits.set_stop(rounded);
                    leg.amended_price = None;
                    self.reconcile(side)?;
                }
            }
            Command::ResetStop { side } => self.reset_stop(side)?,
            Command::SetLadder { side, levels } => match check_levels(&levels) {
                Ok(()) => {
                    self.set_ladder(side, &levels)?;
                    self.acted(Some(side), Action::Retuned);
                }
                Err(refused) => self.refuse(side, refused, None),
            },
            Command::Enter(entry) => self.enter_by_hand(entry),
            Command::CancelOrder(id) => self.cancel_by_hand(id),
            Command::LiftMarginBlock => {
                self.acted(None, Action::Commanded);
                self.gates.margin_failures = 0;
                self.on_gate(Refusal::MarginBlocked, false);
            }
            Command::Replan { exits, entries, now } => self.replan(&exits, entries.as_ref(), now)?,
            Command::AdoptOrder { order, role } => self.adopt_order(order, role),
            Command::SetExits { side, exits } => {
                self.retune(side, Arc::new(exits))?;
                self.acted(Some(side), Action::Retuned);
            }
            Command::Claim { side, exits } => self.claim(side, exits)?,
            Command::Ignore { side } => {
                self.leg_mut(side).ignored = true;
                self.acted(Some(side), Action::Gated(Refusal::ForeignPosition));
            }
        }
        Ok(())
    }
}
