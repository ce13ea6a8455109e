//! Reads candles from text, block by block.

use super::clock::Clock;
use super::error::{Column, Fail, Place, Problem, excerpt};
use super::intake::{Intake, Row};
use super::layout::{self, Layout, Role};
use super::{Loaded, Options, number};
use crate::model::{Candle, Timestamp};
use std::io::{self, Read};

/// Bytes read at a time; enough to make a system call cheap, small enough for the cache.
const BLOCK: usize = 256 * 1024;

/// No line of candles is longer.
const LONGEST_LINE: usize = 1024 * 1024;

/// Whole lines from a reader.
struct Blocks<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Bytes of `buffer` handed out last.
    done: usize,
    /// Bytes of `buffer` that hold data.
    filled: usize,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; BLOCK], done: 0, filled: 0, ended: false }
    }

    /// The next lines, each with its line feed (the last one gets one if it lacks it); empty at the end.
    fn next(&mut self) -> Result<&[u8], Problem> {
        self.buffer.copy_within(self.done..self.filled, 0);
        self.filled -= self.done;
        self.done = 0;
        loop {
            while !self.ended && self.filled < self.buffer.len() {
                let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
                match self.reader.read(room) {
                    Ok(0) => self.ended = true,
                    Ok(n) => self.filled += n,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(super::source::problem(error)),
                }
            }
            let data = self.buffer.get(..self.filled).unwrap_or_default();
            if self.ended {
                if data.last().is_some_and(|last| *last != b'\n') {
                    self.buffer.truncate(self.filled);
                    self.buffer.push(b'\n');
                    self.filled += 1;
                }
                self.done = self.filled;
                break;
            }
            if let Some(at) = memchr::memrchr(b'\n', data) {
                self.done = at + 1;
                break;
            }
            if self.buffer.len() >= LONGEST_LINE {
                return Err(Problem::LineTooLong { limit: LONGEST_LINE });
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        Ok(self.buffer.get(..self.done).unwrap_or_default())
    }
}

/// Reads all candles of a text. `size` is its length in bytes where known.
pub(super) fn read(reader: impl Read, size: Option<u64>, options: &Options<'_>) -> Result<Loaded, Fail> {
    let mut blocks = Blocks::new(reader);
    let block = blocks.next()?;
    let start = if block.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let text = block.get(start..).unwrap_or_default();
    if text.is_empty() {
        return Err(Problem::Empty.into());
    }
    if text.iter().take(4096).any(|b| matches!(b, 0..=8 | 14..=31)) {
        return Err(Problem::NotText.into());
    }
    let (layout, lines, offset) = layout::locate(text, options.columns)?;
    let mut rest = text.get(offset..).unwrap_or_default();

    let clock = match layout.unit {
        Some(unit) => Clock::Declared(unit),
        None => first_clock(rest, &layout),
    };
    let capacity = size.map_or(0, |size| rows_in(size, rest));
    let intake = Intake::new(options.file, options.repair, options.timeframe, capacity);
    let mut table = Table { layout, clock, line: lines, intake };
    while !rest.is_empty() {
        table.take(rest)?;
        rest = blocks.next().map_err(|problem| Fail { place: Place::Line(table.line), problem })?;
    }
    table.intake.finish()
}

/// The form of the first time that can be read; a file without any fails at its first row.
fn first_clock(text: &[u8], layout: &Layout) -> Clock {
    let place = layout.roles.iter().position(|role| *role == Role::Time).unwrap_or(0);
    text.split(|b| *b == b'\n')
        .take(16)
        .find_map(|line| {
            let line = String::from_utf8_lossy(line);
            layout::fields(&line, layout.delimiter).get(place).and_then(|cell| Clock::of(cell))
        })
        .unwrap_or(Clock::Iso)
}

/// How many rows a text of `size` bytes holds, judged by its beginning; a little more rather than less.
fn rows_in(size: u64, start: &[u8]) -> usize {
    let sample = start.get(..16 * 1024).unwrap_or(start);
    let lines = memchr::memchr_iter(b'\n', sample).count().max(1);
    let rows = u128::from(size) * lines as u128 / sample.len().max(1) as u128;
    usize::try_from(rows + rows / 64 + 16).unwrap_or(0)
}

struct Table {
    layout: Layout,
    clock: Clock,
    /// The number of the line read last.
    line: u64,
    intake: Intake,
}

impl Table {
    /// Takes whole lines.
    fn take(&mut self, mut rest: &[u8]) -> Result<(), Fail> {
        while !rest.is_empty() {
            self.line += 1;
            let place = Place::Line(self.line);
            if let Some((candle, next)) = self.plain_row(rest)
                && is_sound(&candle)
            {
                self.intake.push(Row { candle, place })?;
                rest = next;
                continue;
            }
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, next) = rest.split_at(end);
            rest = next;
            match self.row(&String::from_utf8_lossy(line)) {
                Ok(Some(candle)) => self.intake.push(Row { candle, place })?,
                Ok(None) => {}
                Err(problem) => self.intake.bad_row(place, problem)?,
            }
        }
        Ok(())
    }

    /// A row of plain unsigned numbers at the start of `text`, and the lines after it; `None` says nothing but that
    /// [`Table::row`] must look.
    #[inline(always)]
    fn plain_row<'a>(&self, text: &'a [u8]) -> Option<(Candle, &'a [u8])> {
        let delimiter = self.layout.delimiter;
        let mut time = 0;
        let mut numbers = [0.0; 5];
        let (last, before) = self.layout.roles.split_last()?;
        let mut rest = text;
        for role in before {
            rest = self.cell(*role, rest, &mut time, &mut numbers)?;
            match rest {
                [next, tail @ ..] if *next == delimiter => rest = tail,
                _ => return None,
            }
        }
        rest = self.cell(*last, rest, &mut time, &mut numbers)?;
        let rest = match rest {
            [b'\n', tail @ ..] | [b'\r', b'\n', tail @ ..] => tail,
            [next, tail @ ..] if *next == delimiter => tail.get(memchr::memchr(b'\n', tail)? + 1..)?,
            _ => return None,
        };
        let [open, high, low, close, volume] = numbers;
        Some((Candle::new(Timestamp::from_millis(time), open, high, low, close, volume), rest))
    }

    #[inline(always)]
    fn cell<'a>(
        &self,
        role: Role,
        text: &'a [u8],
        time: &mut i64,
        numbers: &mut [f64; 5],
    ) -> Option<&'a [u8]> {
        match role {
            Role::Number(place) => {
                let (value, rest) = number::leading(text)?;
                *numbers.get_mut(place)? = value;
                Some(rest)
            }
            Role::Time => {
                let (millis, rest) = self.clock.leading(text)?;
                *time = millis;
                Some(rest)
            }
            Role::Skip => {
                let end =
                    text.iter().position(|b| *b == self.layout.delimiter || matches!(b, b'\n' | b'"'))?;
                text.get(end..).filter(|rest| !rest.starts_with(b"\""))
            }
            Role::Confirm => text.strip_prefix(b"1"),
        }
    }

    /// A row in any accepted form; `None` for a blank line.
    #[cold]
    fn row(&self, line: &str) -> Result<Option<Candle>, Problem> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        let fields = layout::fields(line, self.layout.delimiter);
        if fields.len() < self.layout.roles.len() {
            return Err(Problem::TooFewFields { found: fields.len(), expected: self.layout.roles.len() });
        }
        let mut millis = 0;
        let mut numbers = [0.0; 5];
        let mut closed = true;
        for (place, (role, cell)) in self.layout.roles.iter().zip(fields).enumerate() {
            let column = self.layout.column(place);
            if let (Some(column), "") = (column, cell) {
                return Err(Problem::EmptyField { column });
            }
            match role {
                Role::Time => millis = self.clock.read(cell)?,
                Role::Number(slot) => {
                    if let (Some(number), Some(column)) = (numbers.get_mut(*slot), column) {
                        *number = finite(column, cell)?;
                    }
                }
                Role::Confirm => closed = !matches!(cell, "0" | "false" | "False"),
                Role::Skip => {}
            }
        }
        let [open, high, low, close, volume] = numbers;
        let time = Timestamp::from_millis(millis);
        let candle = Candle::new(time, open, high, low, close, volume);
        match candle.fault() {
            _ if !closed => Err(Problem::Unfinished { time }),
            Some(fault) => Err(Problem::Fault { time, fault }),
            None => Ok(Some(candle)),
        }
    }
}

/// What [`Candle::fault`] finds no fault with, in one branch.
#[inline(always)]
fn is_sound(candle: &Candle) -> bool {
    let Candle { open, high, low, close, volume, .. } = *candle;
    let sound = (low > 0.0)
        & (low <= open)
        & (low <= close)
        & (open <= high)
        & (close <= high)
        & (high < f64::INFINITY)
        & (0.0..f64::INFINITY).contains(&volume);
    debug_assert!(!sound || candle.fault().is_none());
    sound
}

fn finite(column: Column, cell: &str) -> Result<f64, Problem> {
    let lower = cell.trim_start_matches(['-', '+']).to_ascii_lowercase();
    let named = ["n/a", "na", "null", "none", "#n/a"].contains(&lower.as_str());
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(Problem::NotFinite { column, text: excerpt(cell) }),
        Err(_) if named => Err(Problem::NotFinite { column, text: excerpt(cell) }),
        Err(_) => Err(Problem::NotANumber { column, text: excerpt(cell) }),
    }
}
