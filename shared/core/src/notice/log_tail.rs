//! A container's last lines, as a notice shows them.

use jiff::Timestamp;
use serde::Serialize;

use super::words;
use crate::watch::{self, Found, TailLine};

/// A container's last lines, or why they are not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogTail {
    /// The container; `None` where nobody named it.
    pub container: Option<String>,
    /// The id of its task.
    pub task: String,
    /// Oldest first; secrets are taken out.
    pub lines: Vec<TailLine>,
    /// Why there are no lines, as the end of a sentence; `None` where there are some.
    pub absent: Option<String>,
}

impl LogTail {
    pub(super) fn of(tail: &watch::LogTail) -> Self {
        let (lines, absent) = match &tail.found {
            Found::Lines(lines) => (lines.clone(), None),
            Found::Absent(why) => (Vec::new(), Some(why.to_string())),
        };
        let (container, task) = (tail.container.clone(), tail.task.id().to_owned());
        Self { container, task, lines, absent }
    }

    /// `last lines of container app, task 0a1b2c3d:`, or that there are none, and why.
    pub(super) fn heading(&self) -> String {
        let container = match &self.container {
            Some(name) => format!("container {name}"),
            None => "the container".to_owned(),
        };
        let of = format!("last lines of {container}, task {}", words::short(&self.task));
        match &self.absent {
            Some(why) => format!("{of}: none here, since {why}"),
            None => format!("{of}:"),
        }
    }

    /// `02:13:58 panic: DATABASE_URL is not set`
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.lines.iter().map(|line| format!("{} {}", time(line.at), line.text))
    }

    /// Leaves its oldest line out; `false` if there is none left.
    pub(super) fn shorten(&mut self) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        self.lines.remove(0);
        if self.lines.is_empty() {
            self.absent = Some("this message would be too long with them".to_owned());
        }
        true
    }
}

/// `02:13:58`, of the day that the notice is of.
fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}
