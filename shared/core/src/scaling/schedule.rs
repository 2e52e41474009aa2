//! `cron(…)`, `rate(…)` and `at(…)`, as Application Auto Scaling understands them.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// When a scheduled action runs.
///
/// In TOML, JSON and AWS's API it is the same text: `cron(0 8 ? * MON-FRI *)`, `rate(1 hour)`, `at(2026-11-27T06:00:00)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    text: String,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct ScheduleError {
    /// What is wrong, in one line.
    pub why: String,
    /// What was probably meant.
    pub fix: Option<String>,
}

impl Schedule {
    /// Reads one.
    ///
    /// # Errors
    /// [`ScheduleError`], for what Application Auto Scaling would refuse.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        Ok(Self { text: text.to_owned() })
    }

    /// As AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.text
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
