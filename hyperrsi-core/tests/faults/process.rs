//! The process: strategies that fail, orderly ends, commands that come twice.

use crate::double::{Fault, Venue};
use crate::rig::*;
use futures_util::StreamExt;
use hyperrsi_core::desk::*;
use hyperrsi_core::model::*;
use hyperrsi_core::risk::Policy;
use hyperrsi_core::runtime::{Clock, Exit, LocalDesk, Options, Plan, Session};
use hyperrsi_core::store::*;
use hyperrsi_core::strategy::{Context, Decision, Needs, Strategy};
use rust_decimal::Decimal;
use std::sync::{Arc, Mutex, mpsc};

/// Enters once, then does what it should not.
struct Bad {
    candles: u32,
    hang: Option<Mutex<mpsc::Receiver<()>>>,
    prompt: bool,
}

impl Strategy for Bad {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 1)
    }
    fn is_prompt(&self) -> bool {
        self.prompt
    }
    fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
        if !ctx.recording() {
            return Decision::hold();
        }
        self.candles += 1;
        if self.candles == 1 {
            return enter(LONG, dec!(1));
        }
        match &self.hang {
            Some(never) => {
                let _ = never.lock().unwrap().recv();
                Decision::hold()
            }
            None => panic!("division by zero"),
        }
    }
}

async fn with(bad: Bad) -> Rig {
    let mut rig = Rig::cold().await;
    let plan = Plan::new("main:BTC", rig.venue.instrument.clone(), Policy::default(), bad);
    rig.session = Some(Session::open(rig.parts(), Options::new("test"), vec![plan]).await.unwrap());
    rig.settle().await;
    rig.minute(100.0, None).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    rig
}

#[tokio::test(start_paused = true)]
async fn f77_a_strategy_that_panics_loses_its_entries_and_keeps_its_exits() {
    let rig = with(Bad { candles: 0, hang: None, prompt: false }).await;
    rig.minute(100.5, None).await;
    let codes = rig.codes().await;
    assert!(codes.contains(&"strategy_failed"), "{codes:?}");
    let status = rig.session.as_ref().unwrap().handle().trader(&"main:BTC".into()).await.unwrap();
    assert_eq!(status.state, TraderState::Failed);
    rig.assert_sound().await;
    rig.price(102.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "the exits go on");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f77_a_strategy_that_hangs_is_given_up() {
    let (keep, never) = mpsc::channel();
    let rig = with(Bad { candles: 0, hang: Some(Mutex::new(never)), prompt: false }).await;
    // While a thread is busy the virtual clock stands still, so that it is moved by hand.
    let now = rig.venue.now();
    let close = Timeframe::M1.bucket(now) + Span::minutes(1);
    rig.pass(close - now).await;
    rig.venue.candle(Timeframe::M1, flat(close - Span::minutes(1), 100.5));
    for _ in 0..40 {
        tokio::time::advance(std::time::Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
    }
    drop(keep); // the thread may end
    rig.settle().await;
    assert!(rig.codes().await.contains(&"strategy_failed"));
    rig.price(102.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    rig.assert_sound().await;
}

/// The next minute ends and trades on at `price`, in this machine's time.
async fn minute_at_once(rig: &Rig, price: Decimal) {
    let close = Timeframe::M1.bucket(rig.venue.now()) + Span::minutes(1);
    rig.venue.clock.correct(close);
    rig.venue.candle(Timeframe::M1, flat(close - Span::minutes(1), 100.0));
    rig.venue.trade(price);
}

/// Lets the account go on until something is so.
async fn until(rig: &Rig, so: impl Fn() -> bool) {
    let handle = rig.session.as_ref().unwrap().handle();
    let waits = async {
        while !so() {
            handle.settle().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waits).await.expect("it never came");
}

/// One that said it would answer at once, on the threads that serve the account: virtual time has one thread only.
async fn given_up_beside_the_account(hang: bool) {
    let (keep, never) = mpsc::channel();
    let mut rig = Rig::cold().await;
    let hang = hang.then(|| Mutex::new(never));
    let bad = Bad { candles: 0, hang, prompt: true };
    let plan = Plan::new("main:BTC", rig.venue.instrument.clone(), Policy::default(), bad);
    let mut options = Options::new("test");
    options.strategy_takes = Span::millis_of(300);
    let session = Session::open(rig.parts(), options, vec![plan]).await.unwrap();
    let handle = session.handle();
    rig.session = Some(session);
    handle.settle().await;
    minute_at_once(&rig, dec!(100)).await;
    until(&rig, || {
        rig.venue.trade(dec!(100)); // an entry is made at the first price after its decision
        rig.venue.held(LONG) == dec!(1) && rig.venue.stops().len() == 1
    })
    .await;
    minute_at_once(&rig, dec!(100)).await;
    let failed = async {
        while handle.trader(&"main:BTC".into()).await.unwrap().state != TraderState::Failed {
            tokio::task::yield_now().await; // the account answers meanwhile
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), failed).await.expect("it is never given up");
    rig.venue.trade(dec!(102));
    until(&rig, || rig.venue.held(LONG) == dec!(0)).await;
    drop(keep); // the thread may end
    handle.settle().await;
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f77_a_prompt_strategy_that_hangs_is_given_up_by_the_other_thread() {
    given_up_beside_the_account(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f77_a_prompt_strategy_that_panics_loses_its_entries_and_keeps_its_exits() {
    given_up_beside_the_account(false).await;
}

#[tokio::test(start_paused = true)]
async fn f78_an_orderly_end_verifies_the_stop() {
    let mut rig = Rig::new().await;
    rig.long().await;
    let exit = rig.stop_session().await;
    assert_eq!((exit.clone(), exit.code()), (Exit::Clean, 0));
    assert_eq!(rig.venue.stops().len(), 1, "the stop stays at the venue");
    let lease = rig.store.acquire(&"main".into(), "next", Span::seconds(30), rig.venue.now()).await;
    assert!(lease.is_ok(), "the lease is given back");
}

#[tokio::test(start_paused = true)]
async fn f78_an_end_without_a_stop_is_told_by_the_exit_status() {
    let mut rig = Rig::new().await;
    rig.venue.fail_times(
        is_stop,
        Fault::Answer(hyperrsi_core::exchange::Answer::Order(crate::double::refused(
            hyperrsi_core::exchange::ErrorClass::PriceBand,
        ))),
        1_000,
    );
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    let exit = rig.stop_session().await;
    assert!(matches!(&exit, Exit::Unprotected(legs) if legs.len() == 1 && legs[0].side == LONG), "{exit}");
    assert_eq!(exit.code(), 3);
}

#[tokio::test(start_paused = true)]
async fn f78_an_end_in_the_middle_of_an_order_settles_it_or_says_so() {
    let mut rig = Rig::new().await;
    rig.venue.fail(is_entry, Fault::LoseRequest);
    rig.venue.fail_times(named("query_order"), Fault::LoseRequest, 1_000);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    let exit = rig.stop_session().await;
    assert!(matches!(exit, Exit::Unsettled(1)), "{exit}");
}

fn desk(rig: &Rig) -> LocalDesk {
    let clock = Arc::clone(&rig.venue.clock) as Arc<dyn hyperrsi_core::runtime::Clock>;
    let desk = LocalDesk::new(Arc::clone(&rig.store), clock);
    desk.attach(rig.session.as_ref().unwrap().handle());
    desk
}

fn program() -> Actor {
    Actor { user: "program".into(), via: Via::Program }
}

fn ask(key: &str, command: Command) -> Instruction {
    Instruction { key: key.parse().unwrap(), by: program(), command }
}

fn close(share: i64) -> Command {
    let leg = LegRef { trader: "main:BTC".into(), side: LONG };
    Command::Close { leg, share: Percent::new(share.into()) }
}

#[tokio::test(start_paused = true)]
async fn f74_the_same_command_twice_is_one_command() {
    let rig = Rig::new().await;
    rig.long().await;
    let desk = desk(&rig);
    let first = desk.command(ask("k1", close(50))).await.unwrap();
    rig.pass(Span::seconds(2)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0.5));
    let second = desk.command(ask("k1", close(50))).await.unwrap();
    rig.pass(Span::seconds(2)).await;
    assert_eq!(first, second);
    assert_eq!(rig.venue.held(LONG), dec!(0.5), "not halved again");
    assert_eq!(desk.command(ask("k1", close(100))).await, Err(DeskError::KeyReused));
    let query = RecordQuery::of("main".into(), [RecordKind::Command]);
    assert_eq!(rig.store.read(&query).await.unwrap().len(), 1, "journaled, with who asked in its key");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f71_a_panic_needs_a_confirmation_that_works_once() {
    let rig = Rig::new().await;
    rig.long().await;
    let desk = desk(&rig);
    let scope = Scope::Account("main".into());
    let receipt = desk.command(ask("p1", Command::Panic { scope })).await.unwrap();
    rig.settle().await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "nothing before it is confirmed");
    let Effect::Confirm { token, legs, .. } = receipt.effect else { panic!("{receipt:?}") };
    assert_eq!(legs, 1);
    let confirm = Command::Confirm { token };
    let done = desk.command(ask("p2", confirm.clone())).await.unwrap();
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    assert_eq!(
        desk.command(ask("p2", confirm.clone())).await.unwrap(),
        done,
        "the same key, the same receipt"
    );
    assert_eq!(desk.command(ask("p3", confirm)).await, Err(DeskError::NotConfirmed));
    rig.assert_sound().await;
}

/// The process dies after the operator has spoken; the next one hears an entry signal.
async fn stays_stopped(mut rig: Rig) {
    rig.kill().await;
    rig.start().await;
    rig.pass(Span::seconds(15)).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "closed, and not opened again");
    assert_eq!(rig.venue.placed().iter().filter(|spec| !spec.reduce_only).count(), 1);
    assert_eq!(rig.trader().await.state, TraderState::Stopped);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f71_a_panic_outlives_the_process_in_the_middle_of_its_closes() {
    let rig = Rig::new().await;
    rig.long().await;
    let desk = desk(&rig);
    let scope = Scope::Account("main".into());
    let receipt = desk.command(ask("p1", Command::Panic { scope })).await.unwrap();
    let Effect::Confirm { token, .. } = receipt.effect else { panic!("{receipt:?}") };
    rig.venue.fail(|request| request.is_write(), Fault::LoseRequest);
    desk.command(ask("p2", Command::Confirm { token })).await.unwrap();
    assert_eq!(rig.venue.held(LONG), dec!(1), "its close is lost with the process");
    rig.venue.heal();
    stays_stopped(rig).await;
}

#[tokio::test(start_paused = true)]
async fn f71_a_stop_that_closes_outlives_the_process() {
    let rig = Rig::new().await;
    rig.long().await;
    let scope = Scope::Account("main".into());
    let stop = Command::Stop { scope, legs: StopLegs::Close };
    desk(&rig).command(ask("s1", stop)).await.unwrap();
    stays_stopped(rig).await;
}

#[tokio::test(start_paused = true)]
async fn f71_what_is_not_theirs_cannot_be_seen() {
    let rig = Rig::new().await;
    let desk = desk(&rig);
    let eve = Actor { user: "eve".into(), via: Via::Telegram };
    assert!(matches!(desk.trader(&eve, &"main:BTC".into()).await, Err(DeskError::Forbidden { .. })));
    let command = Instruction { key: "x".parse().unwrap(), by: eve.clone(), command: close(100) };
    assert!(matches!(desk.command(command).await, Err(DeskError::Forbidden { .. })));
    assert!(desk.overview(&eve).await.unwrap().accounts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn f75_events_are_resumed_where_they_were_left() {
    let rig = Rig::new().await;
    rig.long().await;
    let desk = desk(&rig);
    let by = program();
    let all = desk.events(&by, &"main".into(), Some(Seq::START)).await.unwrap();
    let first: Vec<Update> = all.take(3).collect().await;
    let Some(Update::Event(last)) = first.last().cloned() else { panic!("{first:?}") };
    let mut rest = desk.events(&by, &"main".into(), Some(last.seq)).await.unwrap();
    let Some(Update::Event(next)) = rest.next().await else { panic!("nothing follows") };
    assert!(next.seq > last.seq);
    let mut live = desk.events(&by, &"main".into(), None).await.unwrap();
    rig.price(102.0).await;
    let Some(Update::Event(event)) = live.next().await else { panic!("nothing happened") };
    assert_eq!(event.kind.code(), "exited");
}

#[tokio::test(start_paused = true)]
async fn f31_a_clock_that_is_far_off_is_refused_at_the_start_and_a_near_one_corrected() {
    let rig = Rig::with(Venue::new(), Arc::new(MemoryStore::new()));
    let now = rig.venue.now();
    let said =
        |seconds| Fault::Answer(hyperrsi_core::exchange::Answer::ServerTime(now + Span::seconds(seconds)));
    rig.venue.fail(named("server_time"), said(120));
    let error = Session::open(rig.parts(), Options::new("test"), vec![rig.plan()]).await.unwrap_err();
    assert!(error.to_string().contains("120 s away"), "{error}");
    rig.venue.fail(named("server_time"), said(5));
    let session = Session::open(rig.parts(), Options::new("test"), vec![rig.plan()]).await.unwrap();
    assert!(rig.venue.now() >= now + Span::seconds(5));
    drop(session);
}

#[tokio::test(start_paused = true)]
async fn f32_after_a_suspension_candles_are_caught_up_and_old_signals_are_dropped() {
    let rig = Rig::new().await;
    rig.minute(100.0, None).await;
    // The machine slept: its own clock stood still, the venue's did not.
    let slept = Span::hours(6);
    let (asleep, heard) = (rig.venue.now(), rig.script.heard.lock().unwrap().len());
    let first = Timeframe::M1.bucket(asleep);
    for minute in 0..360 {
        let candle = flat(first + Span::minutes(minute), 100.0);
        rig.venue.state().candles.entry(Timeframe::M1).or_default().push(candle);
    }
    rig.script.decisions.lock().unwrap().push_back(enter(LONG, dec!(1)));
    let answer = hyperrsi_core::exchange::Answer::ServerTime(asleep + slept);
    rig.venue.fail(named("server_time"), Fault::Answer(answer));
    rig.pass(Span::seconds(75)).await;
    assert!(rig.venue.now() >= asleep + slept, "the venue's time counts");
    let caught_up = rig.script.heard.lock().unwrap().len() - heard;
    assert!(caught_up >= 360, "every candle is told once and in order: {caught_up}");
    let told = rig.script.heard.lock().unwrap().clone();
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "once each, in order");
    rig.price(100.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "what was decided for the past is not carried out");
    assert!(rig.skipped().await.contains(&"signal_stale".to_owned()), "{:?}", rig.skipped().await);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.price(100.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "and life goes on: {:?}", rig.skipped().await);
    rig.assert_sound().await;
}
