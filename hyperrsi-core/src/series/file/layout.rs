//! Which field of a row is what: from the header, or from the number of fields where there is none.

use super::clock::Unit;
use super::error::{Column, Fail, Place, Problem};

/// What a field of a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    /// Open, high, low, close, volume: the place among the five.
    Number(usize),
    /// `1` once the candle has closed.
    Confirm,
    Skip,
}

impl Role {
    /// The column it stands for.
    pub(super) fn column(self) -> Option<Column> {
        match self {
            Self::Time => Some(Column::Time),
            Self::Number(n) => Column::ALL.get(n + 1).copied(),
            Self::Confirm | Self::Skip => None,
        }
    }
}

/// The fields of a file, up to the last one needed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) delimiter: u8,
    pub(super) roles: Vec<Role>,
    /// The unit of time if a column name tells it.
    pub(super) unit: Option<Unit>,
    /// Whether the first line is a header.
    pub(super) header: bool,
}

/// The fields of one line, without surrounding blanks and quotes.
pub(super) fn fields(line: &str, delimiter: u8) -> Vec<&str> {
    let mut quoted = false;
    line.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c == char::from(delimiter)
    })
    .map(|field| {
        let field = field.trim();
        field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).map_or(field, str::trim)
    })
    .collect()
}

/// The character that separates the fields of `line`.
pub(super) fn delimiter(line: &str) -> u8 {
    let count = |delimiter: u8| line.bytes().filter(|b| *b == delimiter).count();
    let (mut best, mut most) = (b',', count(b','));
    for other in [b';', b'\t', b'|'] {
        if count(other) > most {
            (best, most) = (other, count(other));
        }
    }
    best
}

/// Whether `line` is a remark above the table: a comment, or one field that is no number.
pub(super) fn is_preamble(line: &str) -> bool {
    let line = line.trim();
    let lone = fields(line, delimiter(line)).len() == 1 && !is_number(line) && column(line).is_none();
    line.is_empty() || line.starts_with('#') || lone
}

fn is_number(field: &str) -> bool {
    field.parse::<f64>().is_ok_and(f64::is_finite)
}

impl Layout {
    /// The layout of a table that begins with `first` and continues with `second`. `named` are the columns that the
    /// caller tells by name.
    pub(super) fn detect(first: &str, second: &str, named: &[(Column, String)]) -> Result<Self, Problem> {
        let delimiter = delimiter(first);
        let cells = fields(first, delimiter);
        if cells.iter().any(|cell| is_number(cell)) {
            return Self::headless(delimiter, &cells);
        }
        Self::with_header(delimiter, &cells, &fields(second, delimiter), named)
    }

    fn headless(delimiter: u8, row: &[&str]) -> Result<Self, Problem> {
        let volume = match row.len() {
            // 6 the plain one, 7 Kraken (trades) and Bybit (turnover), 11 and 12 Binance.
            6 | 7 | 11 | 12 => 5,
            9 => 5 + okx_volume(None, row.get(6).copied(), row.get(7).copied()),
            fields => return Err(Problem::UnknownLayout { fields }),
        };
        let mut roles = vec![Role::Time, Role::Number(0), Role::Number(1), Role::Number(2), Role::Number(3)];
        roles.resize(volume, Role::Skip);
        roles.push(Role::Number(4));
        if row.len() == 9 {
            roles.resize(8, Role::Skip);
            roles.push(Role::Confirm);
        }
        Ok(Self { delimiter, roles, unit: None, header: false })
    }

    fn with_header(
        delimiter: u8,
        header: &[&str],
        row: &[&str],
        named: &[(Column, String)],
    ) -> Result<Self, Problem> {
        let found: Vec<_> = header.iter().map(|name| column(name)).collect();
        let cell = |name: &str| {
            let at = header.iter().position(|h| plain(h) == name)?;
            row.get(at).copied()
        };
        let mut places = Vec::new();
        let mut missing = Vec::new();
        for wanted in Column::ALL {
            let place = match named.iter().rev().find(|(column, _)| *column == wanted) {
                Some((_, name)) => header.iter().position(|h| h.eq_ignore_ascii_case(name.trim())),
                None if wanted == Column::Volume => volume(header, &cell)?,
                None => found
                    .iter()
                    .enumerate()
                    .filter_map(|(at, known)| known.filter(|k| k.column == wanted).map(|k| (k.rank, at)))
                    .min()
                    .map(|(_, at)| at),
            };
            match place {
                Some(place) => places.push((wanted, place)),
                None => missing.push(wanted),
            }
        }
        if !missing.is_empty() {
            let found = header.iter().map(|name| super::error::excerpt(name)).collect();
            return Err(Problem::MissingColumns { missing, found });
        }
        let confirm =
            header.iter().position(|name| plain(name) == "confirm").map(|place| (Role::Confirm, place));
        let roles_at: Vec<_> =
            places.iter().map(|(column, place)| (role(*column), *place)).chain(confirm).collect();
        let length = roles_at.iter().map(|(_, place)| place + 1).max().unwrap_or(0);
        let mut roles = vec![Role::Skip; length];
        for (role, place) in &roles_at {
            if let Some(slot) = roles.get_mut(*place) {
                *slot = *role;
            }
        }
        let unit = places
            .iter()
            .find(|(column, _)| *column == Column::Time)
            .and_then(|(_, place)| header.get(*place))
            .and_then(|name| plain(name).ends_with("ms").then_some(Unit::Millis));
        Ok(Self { delimiter, roles, unit, header: true })
    }

    /// The layout of a table whose columns are called `names`.
    #[cfg(feature = "parquet")]
    pub(super) fn of_names(names: &[&str], named: &[(Column, String)]) -> Result<Self, Problem> {
        Self::with_header(b',', names, &[], named)
    }

    /// The column that the field at `place` is for.
    pub(super) fn column(&self, place: usize) -> Option<Column> {
        self.roles.get(place)?.column()
    }
}

fn role(column: Column) -> Role {
    match column {
        Column::Time => Role::Time,
        Column::Open => Role::Number(0),
        Column::High => Role::Number(1),
        Column::Low => Role::Number(2),
        Column::Close => Role::Number(3),
        Column::Volume => Role::Number(4),
    }
}

/// A column name without case, blanks and punctuation.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a column name stands for; of several names for one column the lowest rank wins.
#[derive(Clone, Copy)]
struct Known {
    column: Column,
    rank: usize,
}

fn column(name: &str) -> Option<Known> {
    const NAMES: [(Column, &[&str]); 6] = [
        (
            Column::Time,
            &[
                "tsms",
                "timestampms",
                "opentimems",
                "timems",
                "unixms",
                "starttimems",
                "opentime",
                "starttime",
                "startat",
                "opentimestamp",
                "ts",
                "timestamp",
                "unix",
                "unixtimestamp",
                "unixtime",
                "time",
                "t",
                "datetime",
                "date",
                "dateutc",
                "timeutc",
                // What pandas calls an index without a name, in Parquet and in CSV.
                "indexlevel0",
                "",
            ],
        ),
        (Column::Open, &["open", "openprice", "o"]),
        (Column::High, &["high", "highprice", "h"]),
        (Column::Low, &["low", "lowprice", "l"]),
        (Column::Close, &["close", "closeprice", "c"]),
        (Column::Volume, &["volume", "vol", "basevolume", "volumebase", "v"]),
    ];
    let name = plain(name);
    NAMES.iter().find_map(|(column, names)| {
        Some(Known { column: *column, rank: names.iter().position(|known| *known == name)? })
    })
}

/// Where the volume in base units stands.
fn volume<'a>(header: &[&str], cell: &impl Fn(&str) -> Option<&'a str>) -> Result<Option<usize>, Problem> {
    let at = |wanted: &str| header.iter().position(|name| plain(name) == wanted);
    // OKX counts `vol` in contracts on derivatives and in base units on spot.
    if let (Some(vol), Some(ccy)) = (at("vol"), at("volccy")) {
        let instrument = cell("instrumentname").or_else(|| cell("instid"));
        let quote = cell("volccyquote").or_else(|| cell("volquote"));
        let shift = okx_volume(instrument, cell("volccy"), quote);
        return Ok(Some(if shift == 0 { vol } else { ccy }));
    }
    let known = |name: &str| column(name).filter(|k| k.column == Column::Volume).map(|k| k.rank);
    let exact = header.iter().enumerate().filter_map(|(at, name)| known(name).map(|rank| (rank, at))).min();
    if let Some((_, place)) = exact {
        return Ok(Some(place));
    }
    // `Volume BTC,Volume USDT`: the one named like the base of the symbol, or the only one that is no quote currency.
    let symbol = cell("symbol").map(plain).unwrap_or_default();
    let of = |name: &str| plain(name).strip_prefix("volume").map(str::to_owned);
    let candidates: Vec<_> =
        header.iter().enumerate().filter_map(|(at, name)| Some((at, of(name)?, *name))).collect();
    let base: Vec<_> = candidates.iter().filter(|(_, coin, _)| symbol.starts_with(coin)).collect();
    let not_quote: Vec<_> =
        candidates.iter().filter(|(_, coin, _)| !QUOTES.contains(&coin.as_str())).collect();
    match (base.as_slice(), not_quote.as_slice(), candidates.as_slice()) {
        ([(at, ..)], ..) | (_, [(at, ..)], _) | (.., [(at, ..)]) => Ok(Some(*at)),
        (.., []) => Ok(None),
        _ => Err(Problem::AmbiguousColumn {
            column: Column::Volume,
            candidates: candidates.iter().map(|(_, _, name)| (*name).to_owned()).collect(),
        }),
    }
}

const QUOTES: [&str; 12] =
    ["usd", "usdt", "usdc", "busd", "tusd", "fdusd", "dai", "eur", "gbp", "jpy", "krw", "quote"];

/// How many columns after `vol` OKX has the volume in base units: 0 on spot, where `vol_ccy` is in quote units and
/// so equals `vol_ccy_quote`; 1 on derivatives.
fn okx_volume(instrument: Option<&str>, ccy: Option<&str>, quote: Option<&str>) -> usize {
    match instrument {
        Some(name) => usize::from(name.split('-').count() > 2),
        None => usize::from(quote.is_some() && ccy != quote),
    }
}

/// The lines above the first candle: finds the table in `text` and returns its layout, its first line and how many
/// lines and bytes come before its first row.
pub(super) fn locate(text: &[u8], named: &[(Column, String)]) -> Result<(Layout, u64, usize), Fail> {
    let (mut number, mut offset) = (0_u64, 0_usize);
    let mut lines = text.split_inclusive(|b| *b == b'\n');
    while let Some(line) = lines.next() {
        let content = String::from_utf8_lossy(line);
        if is_preamble(&content) {
            number += 1;
            offset += line.len();
            continue;
        }
        let second = lines.find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
        let layout = Layout::detect(&content, &String::from_utf8_lossy(second), named)
            .map_err(|problem| Fail { place: Place::Line(number + 1), problem })?;
        if layout.header {
            number += 1;
            offset += line.len();
        }
        return Ok((layout, number, offset));
    }
    // One column, or prose: say what a candle file has.
    let first = text.split(|b| *b == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    if first.is_empty() {
        return Err(Problem::Empty.into());
    }
    let found = vec![super::error::excerpt(String::from_utf8_lossy(first).trim())];
    Err(Problem::MissingColumns { missing: Column::ALL.to_vec(), found }.into())
}
