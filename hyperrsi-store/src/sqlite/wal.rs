//! Damage inside the log that SQLite would take for its end.
//!
//! SQLite reads a log up to the first frame that does not match its checksum. After a process was killed that is right:
//! the frame being written is the last one. But where frames of the same log follow, commits that were acknowledged lie
//! behind the bad frame, and they must not vanish without a word. Format: sqlite.org/fileformat2.html, section 4.

use super::error::of_file;
use super::file::with_suffix;
use hyperrsi_core::store::StoreError;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

const HEADER: usize = 32;
const FRAME: usize = 24;

/// Refuses a log with frames behind a bad one. SQLite must not have the file open.
pub(super) fn check(database: &Path) -> Result<(), StoreError> {
    let path = with_suffix(database, "-wal");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(of_file(&path, &error)),
    };
    match lost_behind(BufReader::new(file)).map_err(|error| of_file(&path, &error))? {
        None => Ok(()),
        Some(bad) => Err(StoreError::Corrupt {
            what: format!("the log {}", path.display()),
            detail: format!(
                "frame {bad} does not match its checksum, and what was committed after it cannot be read"
            ),
        }),
    }
}

/// The first bad frame, counted from 1, if good ones of the same log follow it.
fn lost_behind(mut log: impl Read) -> std::io::Result<Option<u64>> {
    let mut header = [0; HEADER];
    if !filled(&mut log, &mut header)? {
        return Ok(None);
    }
    let [magic, _, page, _, salt_1, salt_2, sum_1, sum_2] = words(&header, u32::from_be_bytes);
    let read: fn([u8; 4]) -> u32 = match magic {
        0x377f_0682 => u32::from_le_bytes,
        0x377f_0683 => u32::from_be_bytes,
        _ => return Ok(None), // not begun
    };
    let mut sum = checksum((0, 0), header.get(..24).unwrap_or_default(), read);
    if sum != (sum_1, sum_2) || !(512..=65_536).contains(&page) {
        return Ok(None); // SQLite starts it anew
    }
    let mut content = vec![0; usize::try_from(page).unwrap_or_default()];
    let mut frame = [0; FRAME];
    let (mut number, mut bad) = (0, None);
    while filled(&mut log, &mut frame)? && filled(&mut log, &mut content)? {
        number += 1;
        let [_, _, frame_salt_1, frame_salt_2, frame_sum_1, frame_sum_2] = words(&frame, u32::from_be_bytes);
        let ours = (frame_salt_1, frame_salt_2) == (salt_1, salt_2);
        if let Some(bad) = bad {
            if ours {
                return Ok(Some(bad));
            }
            continue;
        }
        sum = checksum(sum, frame.get(..8).unwrap_or_default(), read);
        sum = checksum(sum, &content, read);
        if !ours || sum != (frame_sum_1, frame_sum_2) {
            bad = Some(number);
        }
    }
    Ok(None)
}

fn filled(log: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match log.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn words<const N: usize>(bytes: &[u8], read: fn([u8; 4]) -> u32) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = read(*bytes);
    }
    words
}

fn checksum(sum: (u32, u32), bytes: &[u8], read: fn([u8; 4]) -> u32) -> (u32, u32) {
    let (mut one, mut two) = sum;
    for pair in bytes.as_chunks::<8>().0 {
        let [first, second] = words(pair, read);
        one = one.wrapping_add(first).wrapping_add(two);
        two = two.wrapping_add(second).wrapping_add(one);
    }
    (one, two)
}
