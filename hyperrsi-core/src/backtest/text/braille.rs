/// A line drawn with dots of two columns and four rows per character.
pub(super) struct Picture {
    pub(super) lines: Vec<String>,
    pub(super) high: f64,
    pub(super) low: f64,
}

/// Bits of the four dots of each of the two columns, from the top.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// Draws the values over their whole range: each dot column spans the lowest to the highest value of its stretch.
pub(super) fn draw(values: &[f64], columns: usize, rows: usize) -> Option<Picture> {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let low = finite().reduce(f64::min)?;
    let high = finite().reduce(f64::max)?;
    let (wide, tall) = (columns * 2, rows * 4);
    let scale = if high > low { (tall - 1) as f64 / (high - low) } else { 0.0 };
    let height = |value: f64| if scale > 0.0 { ((high - value) * scale).round() as usize } else { tall / 2 };
    let mut cells = vec![vec![0_u32; columns]; rows];
    let mut before = None;
    for column in 0..wide {
        let stretch = stretch(values, column, wide);
        let inside = || stretch.iter().copied().filter(|v| v.is_finite());
        let (Some(least), Some(most)) = (inside().reduce(f64::min), inside().reduce(f64::max)) else {
            continue;
        };
        let (mut top, mut bottom) = (height(most), height(least));
        // Joined to the column before, so that a jump stays one line.
        if let Some(previous) = before {
            top = top.min(previous);
            bottom = bottom.max(previous);
        }
        before = inside().next_back().map(height);
        for dot in top..=bottom.min(tall - 1) {
            let bit = DOTS.get(column % 2).and_then(|bits| bits.get(dot % 4)).copied().unwrap_or_default();
            if let Some(cell) = cells.get_mut(dot / 4).and_then(|row| row.get_mut(column / 2)) {
                *cell |= bit;
            }
        }
    }
    let glyph = |bits: &u32| if *bits == 0 { ' ' } else { char::from_u32(0x2800 + bits).unwrap_or(' ') };
    let lines = cells.iter().map(|row| row.iter().map(glyph).collect()).collect();
    Some(Picture { lines, high, low })
}

/// The values that fall into `column` of `wide`; at least one.
fn stretch(values: &[f64], column: usize, wide: usize) -> &[f64] {
    let from = column * values.len() / wide;
    let to = ((column + 1) * values.len() / wide).max(from + 1);
    values.get(from..to.min(values.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_line_climbs_from_corner_to_corner() {
        let values: Vec<f64> = (0..16).map(f64::from).collect();
        let picture = draw(&values, 8, 4).unwrap();
        assert_eq!(picture.lines, ["      ⣠⠞", "    ⣠⠞⠁ ", "  ⣠⠞⠁   ", "⣠⠞⠁     "]);
        assert_eq!((picture.low, picture.high), (0.0, 15.0));
    }

    #[test]
    fn flat_few_and_no_values_are_drawn_too() {
        assert_eq!(draw(&[5.0; 3], 2, 1).unwrap().lines, ["⠤⠤"]);
        assert!(draw(&[], 8, 4).is_none());
    }
}
