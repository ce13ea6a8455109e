use super::probe::{Outcome, Probe, at, btc, text};
use crate::model::{Candle, InstrumentId, Span, Timeframe, Timestamp};
use crate::store::{Anchor, CandlesWritten, SeriesId, StoreError};

fn series() -> SeriesId {
    SeriesId { instrument: btc(), timeframe: Timeframe::M1 }
}

fn minute(minute: i64, close: f64) -> Candle {
    Candle::new(at(60 * minute), 100.0, 110.0, 90.0, close, 1.0)
}

pub(super) async fn candles_keep_gaps_and_every_bit(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    // Values without a short decimal form, and the ends of what a double holds.
    let odd = 0.1 + 0.2;
    let candles = vec![
        Candle::new(at(-60), 1.0, 3.0, f64::MIN_POSITIVE, 1.0 / 3.0, odd),
        Candle::new(at(0), odd, odd, odd, odd, 0.0),
        // a gap of four minutes
        Candle::new(at(300), 70_000.1, f64::MAX, 70_000.099_999_999_99, 70_000.1, 1e-300),
        Candle::new(at(360), 5e-324, 5e-324, 5e-324, 5e-324, 9_007_199_254_740_993.0),
    ];
    let shuffled: Vec<Candle> =
        [2, 0, 3, 1].iter().filter_map(|i: &usize| candles.get(*i).copied()).collect();
    let written = store.put_candles(&series(), &shuffled).await;
    probe.answers("put", written, &CandlesWritten { new: 4, revised: 0 })?;
    let other = SeriesId { timeframe: Timeframe::M5, ..series() };
    let elsewhere = SeriesId { instrument: InstrumentId::new("okx", "BTCUSDT"), ..series() };
    probe.answers("of another timeframe", store.last_candle(&other).await, &None)?;
    probe.answers("of another venue", store.last_candle(&elsewhere).await, &None)?;

    let store = probe.reopen(store).await?;
    let (start, end) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
    let found = probe.ok("all", store.candles(&series(), start, end, u32::MAX).await)?;
    probe.same("all, oldest first", &found, &candles)?;
    let bits = |candles: &[Candle]| -> Vec<[u64; 5]> {
        let of = |c: &Candle| [c.open, c.high, c.low, c.close, c.volume].map(f64::to_bits);
        candles.iter().map(of).collect()
    };
    probe.same("to the bit", &bits(&found), &bits(&candles))?;
    for (name, from, until, limit, expected) in [
        ("from is inclusive, until is not", at(0), at(300), 9, 1..2),
        ("within the gap", at(60), at(300), 9, 0..0),
        ("over the gap", at(0), at(361), 9, 1..4),
        ("the oldest two", start, end, 2, 0..2),
        ("nothing", at(300), at(0), 9, 0..0),
    ] {
        let expected = candles.get(expected).unwrap_or_default().to_vec();
        probe.answers(name, store.candles(&series(), from, until, limit).await, &expected)?;
    }
    probe.answers("the newest", store.last_candle(&series()).await, &candles.last().copied())?;

    // More than fits one statement of a usual database.
    let many: Vec<Candle> = (1_000..12_000).map(|n| minute(n, 100.0)).collect();
    let written = store.put_candles(&other, &many).await;
    probe.answers("many", written, &CandlesWritten { new: 11_000, revised: 0 })?;
    let found = store.candles(&other, start, end, u32::MAX).await;
    probe.same("all of them", &(probe.ok("read", found)? == many), &true)
}

pub(super) async fn a_revised_candle_is_counted(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let put = |candles: Vec<Candle>| {
        let store = &store;
        async move { store.put_candles(&series(), &candles).await }
    };
    let first = put(vec![minute(0, 101.0), minute(1, 101.0), minute(2, 101.0)]).await;
    probe.answers("new ones", first, &CandlesWritten { new: 3, revised: 0 })?;
    let second = put(vec![minute(1, 101.0), minute(2, 102.0), minute(3, 101.0)]).await;
    probe.answers("the same, another, a new one", second, &CandlesWritten { new: 1, revised: 1 })?;
    let twice = put(vec![minute(4, 101.0), minute(4, 105.0)]).await;
    probe.answers("twice in a batch", twice, &CandlesWritten { new: 1, revised: 1 })?;
    probe.answers("none", put(vec![]).await, &CandlesWritten::default())?;
    let found = store.candles(&series(), at(0), at(999), 99).await;
    let expected =
        vec![minute(0, 101.0), minute(1, 101.0), minute(2, 102.0), minute(3, 101.0), minute(4, 105.0)];
    probe.answers("what is stored", found, &expected)
}

pub(super) async fn a_faulty_candle_spoils_its_batch(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    for (name, bad) in [
        ("a price below zero", minute(1, -1.0)),
        ("not a number", Candle { volume: f64::NAN, ..minute(1, 100.0) }),
        ("high below close", minute(1, 111.0)),
    ] {
        let answer = store.put_candles(&series(), &[minute(0, 100.0), bad]).await;
        probe.refused(name, answer, "Corrupt", |error| matches!(error, StoreError::Corrupt { .. }))?;
    }
    probe.answers("nothing is stored", store.last_candle(&series()).await, &None)
}

pub(super) async fn an_anchor_is_replaced(probe: &Probe<'_>) -> Outcome {
    let store = probe.open().await?;
    let first = Anchor { start: at(0), state: None };
    let later = Anchor { start: at(0), state: Some((at(0) + Span::minutes(5), text("state"))) };
    for anchor in [&first, &later] {
        probe.ok("put", store.put_anchor(&series(), &"trend".into(), anchor.clone()).await)?;
        probe.answers("get", store.anchor(&series(), &"trend".into()).await, &Some(anchor.clone()))?;
    }
    let store = probe.reopen(store).await?;
    probe.answers("reopened", store.anchor(&series(), &"trend".into()).await, &Some(later))?;
    probe.answers("of another indicator", store.anchor(&series(), &"rsi".into()).await, &None)?;
    let other = SeriesId { timeframe: Timeframe::M5, ..series() };
    probe.answers("of another series", store.anchor(&other, &"trend".into()).await, &None)
}
