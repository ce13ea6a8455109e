//! What every [`Exchange`] must do, as checks that can be run against any.
//!
//! A [`Bench`] gives each check a [`Stand`]: an account with money and nothing open, the instrument to trade, and hands
//! that move the market, cut a stream or lose an answer. Every hand is optional: a check that needs one the stand does
//! not have, or a feature the venue does not claim, is listed as skipped, never as passed. The checks that apply are run
//! in both position modes. Nothing here needs a runtime: waiting is the stand's ([`Stand::pause`]), so that virtual time
//! does as well as real time.
//!
//! | part | what is checked |
//! |---|---|
//! | orders | market, limit, immediate, post-only, amended, cancelled, in batches; reducing never turns a leg |
//! | rounding | base units survive; what is between steps is refused, never rounded |
//! | ids | an order is found by our id in every state; a used id makes no second order; absence needs the grace |
//! | stops | rest, fire, move, overlap, never open; take profits, pairs, attached and trailing stops |
//! | modes | position mode, leverage and margin mode as read back; flipped by hand |
//! | refusals | each class where it belongs, and nothing done |
//! | unknown | lost answers, lost requests and error pages are unknown until they are looked up |
//! | facts | fills in pages, balances to the last decimal |
//! | streams | Up and Down, what is told, repeats, gaps after cuts and garbled messages |
//! | markets | listings, candles, prices, feeds |
//!
//! ```no_run
//! use hyperrsi_core::conformance::exchange::{Bench, run_all};
//!
//! async fn my_adapter_conforms(bench: &dyn Bench) {
//!     let report = run_all(bench).await;
//!     println!("{report}"); // every skipped check with what it lacked
//!     assert!(report.failures.is_empty());
//! }
//! ```

mod bench;
mod facts;
mod ids;
mod listening;
mod markets;
mod modes;
mod orders;
mod probe;
mod refusals;
mod report;
mod rounding;
mod stops;
mod streams;
mod together;
mod unknown;

pub use super::failure::Failure;
pub use bench::{Act, Bench, Stand};
pub use report::{Report, Skipped};

use crate::exchange::{Capabilities, Feature};
use crate::model::PositionMode;
use probe::{Probe, Stop};
use std::pin::Pin;

#[cfg(doc)]
use crate::exchange::Exchange;

type Run = for<'a> fn(&'a Probe) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>>;

/// One behaviour that an exchange must show.
#[derive(Clone, Copy)]
pub struct Check {
    name: &'static str,
    run: Run,
}

impl Check {
    /// Its name: a sentence in snake case, unique in the suite.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it in a position mode, on a stand of its own, and adds what came of it to the report.
    pub async fn run(&self, bench: &dyn Bench, mode: PositionMode, report: &mut Report) {
        let outcome = match Probe::open(self.name, bench, mode).await {
            Ok(probe) => (self.run)(&probe).await,
            Err(stop) => Err(stop),
        };
        match outcome {
            Ok(()) => report.passed.push((self.name, mode)),
            Err(Stop::Skipped(why)) => report.skipped.push(Skipped { check: self.name, mode, why }),
            Err(Stop::Failed(failure)) => report.failures.push((mode, failure)),
        }
    }
}

checks! {
    orders {
        a_market_order_fills_and_opens_its_leg,
        a_short_leg_is_opened_and_closed,
        a_resting_order_waits_and_is_cancelled,
        a_resting_order_fills_at_its_price_or_better,
        what_was_cancelled_cannot_be_cancelled_again,
        an_amended_order_is_what_it_became,
        immediate_orders_never_rest,
        a_post_only_order_never_takes,
        a_batch_is_answered_one_by_one,
        reducing_never_turns_a_leg,
        with_nothing_open_nothing_is_reduced,
    }
    rounding {
        base_units_go_in_and_come_out,
        a_quantity_between_lots_is_refused,
        a_price_between_ticks_is_refused,
    }
    ids {
        an_order_is_found_by_its_id_in_every_state,
        a_used_id_makes_no_second_order,
        an_unused_id_is_absent_after_the_grace,
        an_order_of_somebody_else_is_foreign,
    }
    stops {
        a_stop_rests_as_it_was_sent,
        a_stop_fires_at_its_trigger,
        a_stop_that_is_through_never_rests,
        a_stop_can_be_moved,
        two_stops_rest_side_by_side,
        a_stop_without_a_leg_never_opens,
        a_take_profit_fires_the_other_way,
    }
    together {
        of_linked_orders_one_ends_the_other,
        attached_protection_lives_after_the_fill,
        a_trailing_stop_follows_the_price,
    }
    modes {
        the_account_says_its_mode_and_may_trade,
        two_legs_are_held_apart,
        leverage_is_read_back,
        the_margin_mode_is_read_back,
        the_mode_stays_while_something_is_open,
        a_mode_flipped_by_hand_is_refused_until_read,
    }
    refusals {
        an_unknown_instrument_is_named,
        too_little_margin_is_named,
        too_many_requests_change_nothing,
        what_the_venue_lacks_is_refused_by_name,
    }
    unknown {
        a_lost_answer_is_unknown_and_the_order_is_found,
        a_lost_request_is_unknown_and_nothing_is_there,
        an_error_page_is_unknown,
        a_lost_answer_to_a_cancel_is_unknown,
    }
    facts {
        fills_come_oldest_first_in_pages,
        the_balance_moves_by_profit_and_fees,
    }
    streams {
        a_stream_begins_with_where_it_stands,
        orders_fills_positions_and_balances_are_told,
        a_second_stream_tells_the_same,
        repeated_messages_carry_the_same_ids,
        what_is_done_by_hand_is_told,
        a_cut_stream_comes_back_with_a_gap,
        a_garbled_message_is_a_gap,
    }
    markets {
        the_instrument_is_listed_with_its_steps,
        candles_are_closed_and_oldest_first,
        prices_are_those_of_the_market,
        a_feed_begins_with_up_and_tells_prices,
        markets_nobody_has_are_refused,
    }
}

/// The position modes a venue has.
fn modes(can: &Capabilities) -> impl Iterator<Item = PositionMode> {
    let modes = [(Feature::OneWayMode, PositionMode::OneWay), (Feature::HedgeMode, PositionMode::Hedge)];
    modes.into_iter().filter(|(feature, _)| can.has(*feature)).map(|(_, mode)| mode)
}

/// Runs every check in every position mode the venue has, each on a stand of its own.
pub async fn run_all(bench: &dyn Bench) -> Report {
    let mut report = Report::default();
    let can = bench.capabilities();
    for mode in modes(&can) {
        for check in CHECKS {
            check.run(bench, mode, &mut report).await;
        }
    }
    report
}
