//! What happens in the market and at the desk, and what the strategy wants of it. Every strategy here decides by what it
//! sees, never by what it remembers, so that a decision that died with its process is made again.

use hyperrsi_core::model::*;
use hyperrsi_core::position::*;
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::{Context, Decision, LegState, Needs, Strategy};
use hyperrsi_core::trader::Command;
use rust_decimal_macros::dec;

pub const LONG: PositionSide = PositionSide::Long;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// The market trades at a price until the minute closes there.
    Minute(f64),
    /// An operator asks for something, which asked twice is the same as once.
    Ask(fn() -> Command),
}
use Step::{Ask, Minute};

#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub enter: fn() -> Decision,
    pub steps: &'static [Step],
}

fn one(exits: ExitPlan) -> Decision {
    Decision::enter(LONG, Size::Base(dec!(1).into()), exits)
}
fn percent(value: rust_decimal::Decimal) -> Distance {
    Distance::percent(value)
}
fn stop() -> ExitPlan {
    ExitPlan::new().stop_loss(percent(dec!(5)))
}
fn ladder() -> ExitPlan {
    stop()
        .take_profit(percent(dec!(2)), dec!(30))
        .take_profit(percent(dec!(4)), dec!(30))
        .take_profit(percent(dec!(8)), dec!(40))
}

pub const ENTRY: Scenario = Scenario {
    name: "entry",
    enter: || one(stop().take_profit(percent(dec!(2)), dec!(100))),
    steps: &[Minute(100.0), Minute(100.5)],
};
pub const LADDER: Scenario = Scenario {
    name: "ladder",
    enter: || one(ladder()),
    steps: &[Minute(100.0), Minute(102.0), Minute(104.1), Minute(103.0)],
};
pub const BREAK_EVEN: Scenario = Scenario {
    name: "break-even",
    enter: || one(ladder().break_even_after(1).break_even_after(2)),
    steps: &[Minute(100.0), Minute(102.5), Minute(104.5), Minute(103.0)],
};
pub const TRAILING: Scenario = Scenario {
    name: "trailing",
    enter: || {
        let exits = stop().take_profit(percent(dec!(2)), dec!(40)).take_profit(percent(dec!(20)), dec!(60));
        one(exits.trail_after(1, dec!(1)))
    },
    steps: &[Minute(100.0), Minute(102.5), Minute(104.0), Minute(106.0), Minute(105.6)],
};
pub const EXTRA: Scenario = Scenario {
    name: "extra entry",
    enter: || {
        let exits = ExitPlan::new().stop_loss(percent(dec!(9))).take_profit(percent(dec!(3)), dec!(100));
        let further = ExtraEntries::new(3, percent(dec!(2))).resting();
        one(exits).followed_by(EntryPlan::extra(further))
    },
    steps: &[Minute(100.0), Minute(98.0), Minute(98.5), Minute(96.9), Minute(97.5)],
};
pub const HEDGE: Scenario = Scenario {
    name: "hedge",
    enter: || {
        let mut hedge = HedgePlan::new(1, HedgeTarget::PercentOfMain(Percent::new(dec!(50))));
        hedge.take_profit = HedgeTakeProfit::Percent(Percent::new(dec!(2)));
        hedge.stop = Some(HedgeStop::Percent(Percent::new(dec!(10))));
        let plan = EntryPlan { extra: None, hedge: Some(hedge) };
        one(ladder()).followed_by(plan)
    },
    steps: &[Minute(100.0), Minute(100.2), Minute(97.9), Minute(99.0)],
};
pub const PANIC: Scenario = Scenario {
    name: "panic close",
    enter: || one(ladder()),
    steps: &[Minute(100.0), Minute(102.0), Ask(|| Command::Panic), Minute(101.0)],
};
pub const SETTINGS: Scenario = Scenario {
    name: "settings change",
    enter: || one(ladder()),
    steps: &[
        Minute(100.0),
        Ask(|| Command::SetExits { side: LONG, exits: stop().take_profit(percent(dec!(3)), dec!(100)) }),
        Minute(101.0),
        Ask(|| Command::SetStop { side: LONG, price: Price::new(dec!(99)) }),
        Minute(101.5),
    ],
};
/// Everything ends: what is compared is the trade.
pub const STOPPED: Scenario = Scenario {
    name: "stopped out",
    enter: || one(ladder()),
    steps: &[Minute(100.0), Minute(102.0), Minute(94.0), Minute(96.0)],
};

/// Enters while there is nothing and was nothing.
pub struct Plot(pub fn() -> Decision);

impl Strategy for Plot {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 1)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
        let leg = ctx.leg(LONG);
        let untouched = leg.state == LegState::Flat && leg.last_exit.is_none();
        if untouched { (self.0)() } else { Decision::hold() }
    }
}
