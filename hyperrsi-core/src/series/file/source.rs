//! What a file holds, told by its first bytes, and the plain bytes inside.

use super::error::Problem;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};

/// Compressed bytes read at a time.
const BUFFER: usize = 64 * 1024;

/// The longest of the marks below.
const MARK: u64 = 4;

/// The kinds of content that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Text,
    Gzip,
    Zstd,
    Parquet,
    Zip,
}

impl Content {
    fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [b'P', b'K', 3 | 5, ..] => Self::Zip,
            _ => Self::Text,
        }
    }
}

/// The content of `reader` and all its bytes, from the first.
pub(super) fn sniff<R: Read>(mut reader: R) -> io::Result<(Content, impl Read)> {
    let mut start = Vec::with_capacity(MARK as usize);
    reader.by_ref().take(MARK).read_to_end(&mut start)?;
    Ok((Content::of(&start), io::Cursor::new(start).chain(reader)))
}

/// Unpacks gzip, of any number of members.
pub(super) fn gzip<R: Read>(reader: R) -> impl Read {
    Named { format: "gzip", inner: MultiGzDecoder::new(BufReader::with_capacity(BUFFER, reader)) }
}

/// Unpacks Zstandard, of any number of frames.
pub(super) fn zstd<R: Read>(reader: R) -> impl Read {
    let inner = Frames {
        source: BufReader::with_capacity(BUFFER, reader),
        decoder: FrameDecoder::new(),
        inside: false,
    };
    Named { format: "zstd", inner }
}

/// Says in its errors which format could not be read.
struct Named<R> {
    format: &'static str,
    inner: R,
}

#[derive(Debug, thiserror::Error)]
#[error("{format}: {cause}")]
struct Unreadable {
    format: &'static str,
    cause: io::Error,
}

impl<R: Read> Read for Named<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|cause| match cause.kind() {
            io::ErrorKind::Interrupted => cause,
            kind => io::Error::new(kind, Unreadable { format: self.format, cause }),
        })
    }
}

/// What an error while reading means to the user.
pub(super) fn problem(error: io::Error) -> Problem {
    let Some(Unreadable { format, cause }) = error.get_ref().and_then(|e| e.downcast_ref::<Unreadable>())
    else {
        return Problem::Io(error);
    };
    let ends_early = |error: &(dyn Error + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof)
    };
    let mut link: Option<&(dyn Error + 'static)> = Some(cause);
    while let Some(error) = link {
        if ends_early(error) {
            return Problem::Truncated { format };
        }
        // An io::Error shows its content through get_ref and skips it in source.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        link = inner.map(|e| e as &(dyn Error + 'static)).or_else(|| error.source());
    }
    Problem::Damaged { format, cause: cause.to_string() }
}

/// Decodes frame after frame; the decoder itself knows only one.
struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> Frames<R> {
    /// Enters the next frame; `false` at the end.
    fn enter(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.inside = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Leaves a finished frame.
    fn leave(&mut self) -> io::Result<()> {
        self.inside = false;
        match self.decoder.get_checksum_from_data() {
            Some(told) if self.decoder.get_calculated_checksum() != Some(told) => {
                Err(io::Error::other("the checksum does not match"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside && !self.enter()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            match self.decoder.read(buffer)? {
                0 => self.leave()?,
                n => return Ok(n),
            }
        }
    }
}
