use crate::model::{InstrumentId, PositionSide, Quantity};
use tokio::task::JoinError;

/// A leg that was left without the venue stop its plan wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The leg.
    pub side: PositionSide,
    /// What is open.
    pub quantity: Quantity,
}

/// How an account's run ended. [`Exit::code`] is for the process (FAULTS 78).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// In order; every open leg has its stop at the venue, nothing is unknown.
    Clean,
    /// In order, but these legs are open without the venue stop they want.
    Unprotected(Vec<Unprotected>),
    /// In order, but so many orders have an unknown outcome; the next start looks them up.
    Unsettled(usize),
    /// In order, but so many records could not be written.
    Unwritten(usize),
    /// Another process runs the account now.
    TakenOver,
    /// The task failed.
    Failed(String),
}

impl Exit {
    /// The exit status of a process: 0 clean, 3 unprotected, 4 unsettled, 5 unwritten, 6 taken over, 70 failed.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Unprotected(_) => 3,
            Self::Unsettled(_) => 4,
            Self::Unwritten(_) => 5,
            Self::TakenOver => 6,
            Self::Failed(_) => 70,
        }
    }

    pub(super) fn from_panic(error: JoinError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clean => f.write_str("ended in order; every open leg has its stop at the venue"),
            Self::Unprotected(legs) => {
                write!(f, "ended with {} unprotected legs; set their stops at the venue now:", legs.len())?;
                legs.iter()
                    .try_for_each(|leg| write!(f, " {} {} {}", leg.instrument, leg.side, leg.quantity.get()))
            }
            Self::Unsettled(count) => {
                write!(f, "ended with {count} orders of unknown outcome; the next start looks them up")
            }
            Self::Unwritten(count) => {
                write!(f, "ended with {count} records that the store did not take; check that it runs")
            }
            Self::TakenOver => f.write_str("another process runs the account now"),
            Self::Failed(why) => write!(f, "the account's task failed: {why}; please report it"),
        }
    }
}
