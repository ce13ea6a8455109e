use crate::series::Candles;
use std::io::{self, BufWriter, Write};

/// Writes `candles` as `ts_ms,open,high,low,close,volume`, each number in the shortest form that reads back as the
/// same `f64`.
///
/// # Errors
/// Passes on what `writer` refuses.
///
/// ```
/// use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// use hyperrsi_core::series::{Candles, file};
/// let mut candles = Candles::new(Timeframe::M1);
/// candles.push(Candle::new(Timestamp::from_millis(60_000), 100.0, 103.5, 97.0, 101.0, 12.5))?;
/// let mut text = Vec::new();
/// file::write_csv(&candles, &mut text)?;
/// assert_eq!(text, b"ts_ms,open,high,low,close,volume\n60000,100,103.5,97,101,12.5\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_csv(candles: &Candles, writer: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, writer);
    out.write_all(b"ts_ms,open,high,low,close,volume\n")?;
    for c in candles.iter() {
        let (time, open, high, low) = (c.open_time.millis(), c.open, c.high, c.low);
        writeln!(out, "{time},{open},{high},{low},{},{}", c.close, c.volume)?;
    }
    out.flush()
}
