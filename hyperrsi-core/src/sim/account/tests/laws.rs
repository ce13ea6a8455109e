use super::*;
use crate::model::{MarginMode, PositionMode};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    Place { side: Side, leg: PositionSide, reduce_only: bool, lots: i64, kind: u8, ticks: i64, spot: bool },
    Cancel(usize),
    Amend(usize, i64),
    Move(i64, bool),
    Fund(i64),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}
fn leg() -> impl Strategy<Value = PositionSide> {
    prop_oneof![Just(PositionSide::Long), Just(PositionSide::Short)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (side(), leg(), any::<bool>(), 1_i64..500, 0_u8..7, -100_i64..100, proptest::bool::weighted(0.2))
            .prop_map(|(side, leg, reduce_only, lots, kind, ticks, spot)| {
                Step::Place { side, leg, reduce_only, lots, kind, ticks, spot }
            }),
        1 => (0_usize..20).prop_map(Step::Cancel),
        1 => (0_usize..20, -50_i64..50).prop_map(|(which, ticks)| Step::Amend(which, ticks)),
        6 => (700_i64..1300, any::<bool>()).prop_map(|(ticks, glide)| Step::Move(ticks, glide)),
        1 => (-50_i64..50).prop_map(Step::Fund),
    ]
}

fn terms(kind: u8, at: Decimal) -> Terms {
    match kind {
        0 => Terms::Market,
        1 => resting(at),
        2 => limit(at, TimeInForce::ImmediateOrCancel),
        3 => limit(at, TimeInForce::PostOnly),
        4 => stop(at),
        5 => Terms::Trigger { stop: None, take_profit: trigger(at) },
        _ => Terms::Trailing(Trailing {
            callback: Callback::Offset(dec!(3)),
            activation: None,
            source: TriggerSource::Last,
            best: None,
        }),
    }
}

fn take(account: &mut Account, now: Timestamp, step: Step, hedge: bool) {
    let tick = |ticks: i64| Decimal::new(ticks, 1);
    match step {
        Step::Place { side, leg, reduce_only, lots, kind, ticks, spot: outright } => {
            let id = if outright { spot() } else { swap() };
            let last = account.last_price(&id).unwrap().get();
            let mut sent = order(id, side, Decimal::new(lots, 2), terms(kind, last + tick(ticks)));
            sent.reduce_only = reduce_only;
            sent.leg = (hedge && !outright).then_some(leg);
            if kind == 0 && lots % 5 == 0 {
                sent.attached = vec![
                    Attachment { client_id: None, terms: terms(4, last - tick(ticks)) },
                    Attachment { client_id: None, terms: terms(1, last + tick(ticks)) },
                ];
            }
            let _ = account.place(now, sent);
        }
        Step::Cancel(which) => {
            let number = account.live_orders().nth(which).map(|one| one.number);
            if let Some(number) = number {
                account.cancel(now, number).unwrap();
            }
        }
        Step::Amend(which, ticks) => {
            let found = account.live_orders().nth(which).map(|one| (one.number, one.sent.terms));
            if let Some((number, Terms::Limit { price: old, .. })) = found {
                let to = Change { price: Some(price(old.get() + tick(ticks))), ..Change::default() };
                let _ = account.amend(now, number, to);
            }
        }
        Step::Move(ticks, glide) => {
            for id in [swap(), spot()] {
                let to = price(tick(ticks));
                if glide {
                    account.glide(now, &id, to).unwrap()
                } else {
                    account.trade(now, &id, to).unwrap()
                }
            }
        }
        Step::Fund(rate) => account.fund(now, &swap(), Decimal::new(rate, 5)).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_account_keeps_its_laws(
        steps in proptest::collection::vec(step(), 1..60),
        hedge in any::<bool>(),
        cross in any::<bool>(),
        depth in proptest::option::of(1_i64..300),
    ) {
        let mut setup = setup();
        if hedge {
            setup.position_mode = PositionMode::Hedge;
        }
        if cross {
            setup.margin_mode = MarginMode::Cross;
        }
        setup.depth = depth.map(|lots| quantity(Decimal::new(lots, 2)));
        let mut account = account(setup);
        let mut dead = BTreeSet::new();
        let mut told_fills = Vec::new();
        for (second, step) in steps.into_iter().enumerate() {
            let fills_before = account.executions().len();
            take(&mut account, at(second as i64 + 1), step, hedge);

            // Events: an order that is over is never told live again; every fill is told once.
            while let Some(event) = account.poll() {
                match event {
                    Event::Order(order) => {
                        prop_assert!(!dead.contains(&order.number), "{} lives twice", order.number);
                        if !order.is_live() {
                            dead.insert(order.number);
                        }
                    }
                    Event::Fill(execution) => told_fills.push(execution.fill.fill.trade_id.clone()),
                    _ => {}
                }
            }
            let booked: Vec<_> = account.executions().iter().map(|one| one.fill.fill.trade_id.clone()).collect();
            prop_assert_eq!(&told_fills, &booked);

            // A reduce-only order never opens.
            for execution in account.executions().iter().skip(fills_before) {
                let reduces = account.order(execution.order).is_some_and(|order| order.sent.reduce_only);
                let outright = execution.fill.instrument == spot();
                prop_assert!(outright || !reduces || !execution.fill.fill.opens());
            }

            // Σ fills = position, leg by leg; Σ fills = balance of base on spot.
            let mut legs: BTreeMap<PositionSide, Decimal> = BTreeMap::new();
            let mut base = Decimal::ZERO;
            for one in account.executions() {
                let fill = &one.fill.fill;
                let signed = if fill.side == Side::Buy { fill.quantity.get() } else { -fill.quantity.get() };
                if one.fill.instrument == spot() {
                    base += signed - if one.fill.fee_asset == "BTC" { one.fill.fee_paid.get() } else { Decimal::ZERO };
                } else {
                    *legs.entry(fill.leg).or_default() += signed * fill.leg.sign();
                }
            }
            for leg in PositionSide::BOTH {
                let open = account.position_or_flat(&swap(), leg).unwrap().unwrap().quantity.get();
                prop_assert_eq!(legs.get(&leg).copied().unwrap_or_default(), open);
                prop_assert!(open >= Decimal::ZERO);
            }
            prop_assert_eq!(base, total(&account, "BTC"));

            // I5, from the fills alone: what was paid, received and is held at the mark is the equity.
            let mark = account.mark_price(&swap()).unwrap().get();
            let mut worth = dec!(10_000);
            for one in account.executions() {
                let fill = &one.fill.fill;
                let value = fill.price.get() * fill.quantity.get();
                let received = if fill.side == Side::Buy { -value } else { value };
                let held = if fill.side == Side::Buy { fill.quantity.get() } else { -fill.quantity.get() };
                let fee = if one.fill.fee_asset == "USDT" { one.fill.fee_paid.get() } else { Decimal::ZERO };
                let held = if one.fill.instrument == spot() { Decimal::ZERO } else { held * mark };
                worth += received + held - fee;
            }
            worth += account.flows().iter().map(|flow| flow.amount.get()).sum::<Decimal>();
            prop_assert_eq!(account.equity("USDT").unwrap().get(), worth);

            // What is live can still fill; what is done is filled to its quantity.
            for order in account.orders() {
                prop_assert!(order.quantity.is_none_or(|whole| order.filled <= whole));
                if order.status == OrderStatus::Filled {
                    prop_assert_eq!(Some(order.filled), order.quantity);
                }
                prop_assert_eq!(order.is_live(), account.live_orders().any(|one| one.number == order.number));
            }
        }
    }

    #[test]
    fn the_same_steps_make_the_same_account(steps in proptest::collection::vec(step(), 1..40)) {
        let run = || {
            let mut account = account(setup());
            for (second, step) in steps.iter().cloned().enumerate() {
                take(&mut account, at(second as i64), step, false);
            }
            std::iter::from_fn(move || account.poll()).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(), run());
    }
}
