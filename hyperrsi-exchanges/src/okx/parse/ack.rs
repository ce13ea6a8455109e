use crate::common::{Millis, Text};
use serde::Deserialize;

/// One row of the answer to a placed, changed or cancelled order, plain or conditional. The row's own code decides: the
/// envelope may say success beside a row that failed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AckRow<'a> {
    #[serde(borrow)]
    ord_id: Text<'a>,
    #[serde(borrow)]
    algo_id: Text<'a>,
    #[serde(borrow)]
    cl_ord_id: Text<'a>,
    #[serde(borrow)]
    algo_cl_ord_id: Text<'a>,
    /// `"0"` or empty if it was done.
    #[serde(borrow)]
    pub s_code: Text<'a>,
    /// The venue's words if it was not.
    #[serde(borrow)]
    pub s_msg: Text<'a>,
    /// Venue time.
    pub ts: Millis,
}

impl AckRow<'_> {
    /// Whether it was done.
    pub fn done(&self) -> bool {
        matches!(&*self.s_code, "" | "0")
    }
    /// The venue's id.
    pub fn venue_id(&self) -> Option<&str> {
        self.ord_id.some().or_else(|| self.algo_id.some())
    }
    /// Our id.
    pub fn client_id(&self) -> Option<&str> {
        self.cl_ord_id.some().or_else(|| self.algo_cl_ord_id.some())
    }
}
