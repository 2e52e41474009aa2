//! What was expected, and what came.

use serde::Serialize;

/// An expectation, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Checked {
    /// The key: `fired_at_least`.
    pub(crate) key: &'static str,
    /// Whether it is met.
    pub(crate) met: bool,
    /// What came, and what was expected, in words.
    pub(crate) said: String,
}
