//! What happened, by whom, in order: the person's calls, ECS's deployments, and what Steady logged.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Lines as they come; printed by time.
#[derive(Clone, Default)]
pub(crate) struct Timeline(Arc<Mutex<Vec<Line>>>);

struct Line {
    at: Timestamp,
    who: &'static str,
    what: String,
}

impl Timeline {
    /// Listens to what Steady logs in this thread, as long as the guard lives.
    pub(crate) fn listen(&self) -> DefaultGuard {
        let subscriber = tracing_subscriber::registry().with(self.clone());
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn say(&self, at: Timestamp, who: &'static str, what: &str) {
        self.lines().push(Line { at, who, what: what.to_owned() });
    }

    /// What ECS's deployment events say.
    pub(crate) fn add_deployments(&self, events: &[Value]) {
        let text = |event: &Value, at: &str| {
            event.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        for event in events
            .iter()
            .filter(|event| text(event, "/detail-type") == "ECS Deployment State Change")
        {
            let Ok(at) = text(event, "/time").parse() else { continue };
            let what = text(event, "/detail/reason");
            self.lines().push(Line { at, who: "ECS", what });
        }
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut lines = self.lines();
        let rank =
            |who: &str| ["you", "ECS", "Steady", "SNS"].iter().position(|known| *known == who);
        // Steady's lines of one second keep their order: the sort is stable.
        lines.sort_by_key(|line| (line.at.as_second(), rank(line.who)));
        for line in lines.iter() {
            writeln!(out, "{}  {:6}  {}", line.at.strftime("%T"), line.who, line.what)?;
        }
        Ok(())
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Timeline {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Ok(at) = fields.get("at").parse() else { return };
        // What SNS delivered is told by SNS.
        if fields.get("kind").starts_with("notice") {
            return;
        }
        let mut what = fields.get("kind").to_owned();
        for part in [fields.get("revision"), fields.get("message")] {
            if !part.is_empty() {
                let _ = write!(what, "  {part}");
            }
        }
        self.lines().push(Line { at, who: "Steady", what });
    }
}

/// A log line's fields.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}
