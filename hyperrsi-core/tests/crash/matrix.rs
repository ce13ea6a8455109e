//! Every scenario, killed at every moment, at several paces; and killed twice.

use crate::life::{PACES, Random};
use crate::outcome::Outcome;
use crate::scenario::{self, Scenario};
use crate::world::run;
use hyperrsi_core::model::Span;

/// How long a leg may be without its stop while a process runs: time to read the account, and to prove that a stop that
/// was being sent never arrived.
const BOUND: Span = Span::seconds(15);

fn differs(reference: &Outcome, outcome: &Outcome) -> Vec<String> {
    let mut wrong = outcome.wrong.clone();
    if outcome.ended != reference.ended {
        wrong.push(format!("ended with {:?}\n  instead of {:?}", outcome.ended, reference.ended));
    }
    if outcome.most_held != reference.most_held {
        wrong.push(format!("held up to {:?}, not {:?}", outcome.most_held, reference.most_held));
    }
    if outcome.naked > BOUND {
        wrong.push(format!("{} ms without a stop", outcome.naked.millis()));
    }
    wrong
}

/// The run without a death, then one for each list of deaths.
fn compare(scenario: Scenario, pace: usize, kills: impl Fn(usize) -> Vec<Vec<usize>>) {
    let (reference, moments) = run(scenario, PACES[pace], 1, &[]);
    assert_eq!((reference.deaths, &reference.wrong), (0, &vec![]), "{}: without a death", scenario.name);
    let (mut failed, mut longest, mut deaths, mut runs) = (Vec::new(), Span::ZERO, 0, 0);
    for kills in kills(moments) {
        let (outcome, _) = run(scenario, PACES[pace], 1, &kills);
        longest = longest.max(outcome.naked);
        (deaths, runs) = (deaths + outcome.deaths, runs + 1);
        let wrong = differs(&reference, &outcome);
        if !wrong.is_empty() {
            failed.push(format!("killed at {kills:?}: {}", wrong.join("\n  ")));
        }
    }
    println!(
        "{}, pace {pace}: {runs} runs, {deaths} deaths, {moments} moments, at most {} ms without a stop",
        scenario.name,
        longest.millis()
    );
    assert!(
        failed.is_empty(),
        "{}, pace {pace}: {} of {runs} runs\n{}",
        scenario.name,
        failed.len(),
        failed.iter().take(6).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(deaths * 10 >= runs * 9, "{deaths} deaths in {runs} runs");
}

fn at_every_moment(scenario: Scenario) {
    for pace in 0..PACES.len() {
        compare(scenario, pace, |moments| (0..moments).map(|moment| vec![moment]).collect());
    }
}

macro_rules! scenarios {
    ($($name:ident $scenario:ident)+) => {
        $(#[test]
        fn $name() {
            at_every_moment(scenario::$scenario);
        })+
    };
}

scenarios! {
    an_entry_killed_at_every_moment ENTRY
    a_ladder_killed_at_every_moment LADDER
    break_even_killed_at_every_moment BREAK_EVEN
    a_trail_killed_at_every_moment TRAILING
    extra_entries_killed_at_every_moment EXTRA
    a_hedge_killed_at_every_moment HEDGE
    a_panic_close_killed_at_every_moment PANIC
    a_change_of_settings_killed_at_every_moment SETTINGS
    a_stop_killed_at_every_moment STOPPED
}

/// The second process dies as well, most often while it finds its way.
#[test]
fn killed_twice_and_thrice() {
    let scenarios = [
        scenario::ENTRY,
        scenario::LADDER,
        scenario::BREAK_EVEN,
        scenario::TRAILING,
        scenario::EXTRA,
        scenario::HEDGE,
        scenario::PANIC,
        scenario::SETTINGS,
        scenario::STOPPED,
    ];
    let mut random = Random::new(20_260_101);
    let draws: Vec<[usize; 4]> = (0..40).map(|_| [0; 4].map(|_: usize| random.below(1 << 20))).collect();
    for scenario in scenarios {
        for pace in [1, 4] {
            compare(scenario, pace, |moments| {
                let deaths = |[first, second, third, twice]: &[usize; 4]| {
                    let later = [second % 40, third % 40];
                    let later = if twice % 2 == 0 { &later[..1] } else { &later[..] };
                    [&[first % moments], later].concat()
                };
                draws.iter().map(deaths).collect()
            });
        }
    }
}
