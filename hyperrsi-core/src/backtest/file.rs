use super::{EquityCurve, PortfolioReport, Report, html, write_equity_csv, write_json, write_portfolio_json};
use crate::backtest::Chart;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes a file whole or not at all: into a file beside it, which takes its name once everything is on disk. Folders are
/// made. A run that is ended half-way leaves the old file as it was.
///
/// ```
/// use std::io::Write;
/// # let folder = std::env::temp_dir().join(format!("hyperrsi-save-{}", std::process::id()));
/// let path = folder.join("out.txt");
/// hyperrsi_core::backtest::save(&path, |file| file.write_all(b"whole"))?;
/// let failed = hyperrsi_core::backtest::save(&path, |file| {
///     file.write_all(b"half")?;
///     Err(std::io::Error::other("the disk is full"))
/// });
/// assert!(failed.is_err());
/// assert_eq!(std::fs::read_to_string(&path)?, "whole");
/// assert_eq!(std::fs::read_dir(&folder)?.count(), 1);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Whatever `write` or the file system fails with; the file at `path` is then as it was.
pub fn save(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let path = path.as_ref();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = (|| {
        let mut file = BufWriter::new(File::create(&part)?);
        write(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        std::fs::rename(&part, path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

impl Report {
    /// Writes the report as JSON to a file, whole or not at all; see [`write_json`].
    ///
    /// # Errors
    /// Whatever the file system fails with; an older file stays as it was.
    pub fn save_json(&self, path: impl AsRef<Path>) -> io::Result<()> {
        save(path, |file| write_json(self, file))
    }
}

impl PortfolioReport {
    /// Writes the report as JSON to a file, whole or not at all; see [`write_portfolio_json`].
    ///
    /// # Errors
    /// Whatever the file system fails with; an older file stays as it was.
    pub fn save_json(&self, path: impl AsRef<Path>) -> io::Result<()> {
        save(path, |file| write_portfolio_json(self, file))
    }
}

impl EquityCurve {
    /// Writes the curve as CSV to a file, whole or not at all; see [`write_equity_csv`].
    ///
    /// # Errors
    /// Whatever the file system fails with; an older file stays as it was.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> io::Result<()> {
        save(path, |file| write_equity_csv(self, file))
    }
}

impl Chart<'_> {
    /// Writes the page to a file, whole or not at all; see [`html`](super::html).
    ///
    /// # Errors
    /// Whatever the file system fails with; an older file stays as it was.
    pub fn save_html(&self, path: impl AsRef<Path>) -> io::Result<()> {
        save(path, |file| file.write_all(html(self).as_bytes()))
    }
}
