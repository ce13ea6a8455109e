//! How a metric depends on two settings: every other key is summed up by its median, and each cell is shown beside its
//! neighbours. A good value among bad neighbours is an accident of the past.

mod page;

pub use page::Page;

use super::{Axis, Metric, Row, Space, SpaceError};
use crate::backtest::statistics::median;

/// The metric over two keys.
///
/// ```
/// use hyperrsi_core::backtest::sweep::{Heatmap, Metric, Space};
/// let mut space = Space::new(serde_json::Map::new());
/// space.add("rsi_length=7..21:7".parse()?)?;
/// space.add("level=25,30".parse()?)?;
/// let map = Heatmap::new(&space, "rsi_length", Some("level"), Metric::Sharpe)?;
/// assert_eq!(map.cell(0, 0), None); // no row was offered yet
/// # Ok::<(), hyperrsi_core::backtest::sweep::SpaceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Heatmap {
    x: Axis,
    y: Option<Axis>,
    places: (usize, Option<usize>),
    metric: Metric,
    values: Vec<Vec<f64>>,
}

/// One cell: the runs with its two values, and the cells around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Median of the metric over all runs of the cell.
    pub median: f64,
    /// Number of runs.
    pub runs: usize,
    /// Median of the medians of the up to eight adjacent cells; `None` without any.
    pub neighbours: Option<f64>,
}

impl Heatmap {
    /// Of `x` to the right and `y` downwards; one row of cells without `y`.
    ///
    /// # Errors
    /// [`SpaceError::UnknownKey`] for a key that is not varied.
    pub fn new(space: &Space, x: &str, y: Option<&str>, metric: Metric) -> Result<Self, SpaceError> {
        let find = |key: &str| {
            let place = space.axes().iter().position(|axis| axis.key() == key);
            let axis = space.axis(key).cloned();
            place.zip(axis).ok_or_else(|| {
                let keys: Vec<&str> = space.axes().iter().map(Axis::key).collect();
                SpaceError::UnknownKey {
                    key: key.to_owned(),
                    strategy: "the sweep".into(),
                    hint: format!("; it varies {}", keys.join(", ")),
                }
            })
        };
        if y == Some(x) {
            return Err(SpaceError::KeyTwice { key: x.to_owned() });
        }
        let (x_place, x) = find(x)?;
        let y = y.map(find).transpose()?;
        let rows = y.as_ref().map_or(1, |(_, axis)| axis.values().len());
        let values = vec![Vec::new(); x.values().len() * rows];
        let (y_place, y) = y.unzip();
        Ok(Self { x, y, places: (x_place, y_place), metric, values })
    }

    /// The first two keys with more than one value.
    pub fn usual_keys(space: &Space) -> Option<(&str, Option<&str>)> {
        let mut varied = space.axes().iter().filter(|axis| axis.values().len() > 1).map(Axis::key);
        Some((varied.next()?, varied.next()))
    }

    /// Takes a row into account; rows that could not be run, or whose metric is undefined, leave no mark.
    pub fn offer(&mut self, space: &Space, row: &Row) {
        let Ok(score) = &row.outcome else { return };
        let Some(value) = score.get(self.metric) else { return };
        let positions = space.positions(row.combo);
        let at = |place: usize| positions.get(place).copied().unwrap_or_default();
        let index = self.index(at(self.places.0), self.places.1.map_or(0, at));
        if let Some(values) = index.and_then(|index| self.values.get_mut(index)) {
            values.push(value);
        }
    }

    /// The key and values to the right.
    pub const fn x(&self) -> &Axis {
        &self.x
    }
    /// The key and values downwards.
    pub const fn y(&self) -> Option<&Axis> {
        self.y.as_ref()
    }
    /// What is shown.
    pub const fn metric(&self) -> Metric {
        self.metric
    }
    fn rows(&self) -> usize {
        self.y.as_ref().map_or(1, |axis| axis.values().len())
    }

    fn index(&self, x: usize, y: usize) -> Option<usize> {
        let columns = self.x.values().len();
        (x < columns && y < self.rows()).then_some(y * columns + x)
    }

    fn median(&self, x: usize, y: usize) -> Option<f64> {
        median(&mut self.values.get(self.index(x, y)?)?.clone())
    }

    /// The cell of two values, by their positions on the axes; `None` if no run of it has the metric.
    pub fn cell(&self, x: usize, y: usize) -> Option<Cell> {
        let own = self.median(x, y)?;
        let around = |at: usize| at.saturating_sub(1)..=at.saturating_add(1);
        let mut near: Vec<f64> = around(y)
            .flat_map(|row| around(x).map(move |column| (column, row)))
            .filter(|place| *place != (x, y))
            .filter_map(|(column, row)| self.median(column, row))
            .collect();
        let runs = self.values.get(self.index(x, y)?)?.len();
        Some(Cell { median: own, runs, neighbours: median(&mut near) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::sweep::{Invalid, Score};

    fn row(combo: u64, sharpe: Option<f64>) -> Row {
        Row { combo, outcome: Ok(Score::collect(|metric| sharpe.filter(|_| metric == Metric::Sharpe))) }
    }

    fn space() -> Space {
        let mut space = Space::new(serde_json::Map::new());
        for axis in ["a=1,2,3", "other=1,2,3", "b=1,2"] {
            space.add(axis.parse().unwrap()).unwrap();
        }
        space
    }

    #[test]
    fn cells_are_medians_over_the_other_keys_beside_their_neighbours() {
        // a to the right, b downwards; in each cell the values v - 1, v, v + 10, so the median is v:
        //   b=1:  1  2  3
        //   b=2:  4  5 none
        let space = space();
        let mut map = Heatmap::new(&space, "a", Some("b"), Metric::Sharpe).unwrap();
        let centre = [[1.0, 2.0, 3.0], [4.0, 5.0, f64::NAN]];
        for combo in 0..space.size() {
            let at = space.positions(combo);
            let value = centre[at[2]][at[0]] + [-1.0, 0.0, 10.0][at[1]];
            map.offer(&space, &row(combo, (!value.is_nan()).then_some(value)));
        }
        map.offer(&space, &Row { combo: 0, outcome: Err(Invalid::new("x", "y")) });
        // Around (0, 0) lie 2, 4, 5; around (1, 0) lie 1, 3, 4, 5.
        assert_eq!(map.cell(0, 0), Some(Cell { median: 1.0, runs: 3, neighbours: Some(4.0) }));
        assert_eq!(map.cell(1, 0), Some(Cell { median: 2.0, runs: 3, neighbours: Some(3.5) }));
        assert_eq!(map.cell(2, 1), None);
        assert_eq!(map.cell(3, 0), None);
    }

    #[test]
    fn one_key_makes_one_row_and_unknown_keys_are_refused() {
        let mut space = Space::new(serde_json::Map::new());
        space.add("a=1,2".parse().unwrap()).unwrap();
        let mut map = Heatmap::new(&space, "a", None, Metric::Sharpe).unwrap();
        map.offer(&space, &row(1, Some(2.0)));
        assert_eq!(map.cell(1, 0), Some(Cell { median: 2.0, runs: 1, neighbours: None }));
        let error = Heatmap::new(&space, "c", None, Metric::Sharpe).unwrap_err();
        assert_eq!(error.to_string(), "the sweep has no setting c; it varies a");
        assert_eq!(Heatmap::usual_keys(&space), Some(("a", None)));
    }
}
