//! A notice as mail and as JSON.

use std::fmt::Write as _;

use super::Notice;

/// Width of the labels' column.
const LABEL: usize = 10;

impl Notice {
    /// The `text` format, for mail and terminals: what, then a label and its lines each.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.summary);
        for section in &self.sections {
            text.push('\n');
            for (at, line) in section.lines.iter().enumerate() {
                let label = if at == 0 { section.label } else { "" };
                let step =
                    if section.label == "You" { format!("{}. ", at + 1) } else { String::new() };
                let _ = writeln!(text, "{label:LABEL$}{step}{line}");
            }
            if let Some(tail) = self.log_tail.as_ref().filter(|_| section.label == "Why") {
                let _ = writeln!(text, "{:LABEL$}{}", "", tail.heading());
                for line in tail.lines() {
                    let _ = writeln!(text, "{:LABEL$}  {line}", "");
                }
            }
        }
        let _ = writeln!(text, "\nnotice {}, Steady {}", self.id, self.steady_version);
        text
    }

    /// The `json` format: one line, the fields of [`Notice`].
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
