//! What goes to the log names account, trader, instrument and order.

use crate::double::Fault;
use crate::rig::*;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_says_which_account_trader_instrument_and_order_it_is_about() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let _installed = tracing::subscriber::set_default(subscriber);
    let rig = Rig::new().await;
    rig.venue.fail(is_stop, Fault::LoseAnswer);
    rig.long().await;
    rig.pass(hyperrsi_core::model::Span::seconds(30)).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let entry = rig.venue.placed()[0].client_id.to_string();
    let of_call = |line: &&str| line.contains("call{") && line.contains(&entry);
    let call = text.lines().find(of_call).unwrap_or_else(|| panic!("no call of {entry}:\n{text}"));
    for part in
        ["account=main", "venue=double", "trader=main:BTC", "instrument=double:BTCUSDT", "call=\"place\""]
    {
        assert!(call.contains(part), "{part} is missing: {call}");
    }
    let event = text.lines().find(|line| line.contains("event=\"entered\"")).expect("an event");
    assert!(event.contains("account=main") && event.contains("trader=\"main:BTC\""), "{event}");
    assert!(
        text.lines().any(|line| line.contains("reconciled: nothing to repair")),
        "the report is in the log"
    );
}
