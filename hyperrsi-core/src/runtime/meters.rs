//! Every metric there is, in one table: names and labels are stable.

use metrics::Unit;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MeterKind {
    /// Counts up.
    Counter,
    /// The newest value.
    Gauge,
    /// A distribution.
    Histogram,
}

/// One metric of the `metrics` facade.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Meter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: MeterKind,
    /// The keys of its labels.
    pub labels: &'static [&'static str],
    /// What it counts in.
    pub unit: Unit,
    /// What it tells.
    pub text: &'static str,
}

macro_rules! meters {
    ($($name:literal $kind:ident [$($label:literal),*] $unit:ident $text:literal;)+) => {
        /// Every metric.
        pub const METERS: &[Meter] = &[$(Meter {
            name: $name,
            kind: MeterKind::$kind,
            labels: &[$($label),*],
            unit: Unit::$unit,
            text: $text,
        }),+];
    };
}

meters! {
    "hyperrsi_decision_seconds" Histogram [] Seconds "how long a strategy thinks about a candle or a fill";
    "hyperrsi_call_seconds" Histogram ["call"] Seconds "from sending a request to its answer";
    "hyperrsi_calls_under_way" Gauge ["account"] Count "requests without an answer yet";
    "hyperrsi_journal_queue" Gauge ["account"] Count "records that are not written yet";
    "hyperrsi_unprotected_seconds" Gauge ["trader"] Seconds "time its legs were without the venue stop they want, in all";
    "hyperrsi_unprotected_alerts_total" Counter [] Count "legs that were without a stop for longer than their deadline";
    "hyperrsi_orders_unknown_total" Counter [] Count "orders whose answer was lost";
    "hyperrsi_orders_queried_total" Counter [] Count "look-ups of such orders";
    "hyperrsi_reconnects_total" Counter ["link"] Count "streams begun anew: account, candles, prices";
    "hyperrsi_venue_errors_total" Counter ["class"] Count "requests that failed, by class of error";
    "hyperrsi_store_errors_total" Counter [] Count "appends the store did not take";
    "hyperrsi_records_dropped_total" Counter [] Count "records for which there was no room";
    "hyperrsi_records_compacted_total" Counter [] Count "records that only served a restart and were let go";
    "hyperrsi_reads_failed_total" Counter [] Count "reads of an account that failed";
    "hyperrsi_reads_retried_total" Counter [] Count "reads that were repeated";
    "hyperrsi_reads_shed_total" Counter [] Count "reads that a rate budget had no room for";
    "hyperrsi_prices_dropped_total" Counter [] Count "prices that were too old or no price";
    "hyperrsi_candles_unusable_total" Counter [] Count "candles that were no candle";
    "hyperrsi_overflows_total" Counter [] Count "inputs that left the range of a decimal";
    "hyperrsi_recording_errors_total" Counter [] Count "lines a recording could not write";
}

/// Tells the installed recorder what every metric is. Call it once, after installing one.
///
/// ```
/// hyperrsi_core::runtime::describe_metrics();
/// ```
pub fn describe_metrics() {
    for meter in METERS {
        match meter.kind {
            MeterKind::Counter => metrics::describe_counter!(meter.name, meter.unit, meter.text),
            MeterKind::Gauge => metrics::describe_gauge!(meter.name, meter.unit, meter.text),
            MeterKind::Histogram => metrics::describe_histogram!(meter.name, meter.unit, meter.text),
        }
    }
}
