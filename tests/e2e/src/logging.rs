//! What containers log: the log agent on the tasks' hosts.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{Account, LOG_GROUP};

/// What the container `app` of every task of a revision logs as it ends.
#[derive(Debug)]
pub(crate) struct LastWords {
    revision: String,
    lines: Vec<String>,
}

impl Account {
    /// From now on every task of `revision` (`checkout:2`) logs these lines, a second apart, before it stops.
    pub fn says_before_it_stops(&mut self, revision: &str, lines: &[&str]) {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        self.last_words.push(LastWords { revision: revision.to_owned(), lines });
    }

    /// Puts the last lines of the task that this event tells of into its log stream, with the first event of its stop.
    pub(crate) fn log_last_words(&self, event: &Value) {
        let text = |at: &str| event.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let last = |at: &str| text(at).rsplit('/').next().unwrap_or_default().to_owned();
        let revision = last("/detail/taskDefinitionArn");
        let words = self.last_words.iter().filter(|words| words.revision == revision);
        let Some(stopped) = text("/detail/stoppingAt").parse::<Timestamp>().ok() else { return };
        let stream = format!("ecs/app/{}", last("/detail/taskArn"));
        if text("/detail/lastStatus") != "DEPROVISIONING" {
            return;
        }
        for words in words {
            let seconds = (1..=words.lines.len() as i64).rev();
            let times = seconds.map(|before| stopped - SignedDuration::from_secs(before));
            let lines: Vec<(Timestamp, &str)> =
                times.zip(words.lines.iter().map(String::as_str)).collect();
            self.aws.log_lines(LOG_GROUP, &stream, &lines);
        }
    }
}
