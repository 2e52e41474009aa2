//! A notice as SNS takes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::words;
use super::{LogTail, Notice};
use crate::config::NoticeFormat;

/// Most bytes of a body with its attributes. SNS takes 256 KiB (Publish in the API reference); the outbox keeps up to
/// [`crate::outbox::MESSAGES_KEPT`] of them in an item of at most 400 KB, and nobody reads more.
pub(super) const BODY_BYTES_MAX: usize = 12 * 1024;

/// What one Publish takes, and nothing is left to decide: the outbox keeps it, an adapter sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The notice's id, also in the text and the attributes: SNS delivers at least once.
    pub id: String,
    /// The topic's ARN; `None`: the account's default topic.
    pub topic: Option<String>,
    /// 1 to 99 ASCII characters.
    pub subject: String,
    /// At most 12 KiB, of the 256 KiB that SNS takes.
    pub body: String,
    /// String attributes for subscription filters: `severity`, `kind`, `stage`, `cluster`, `service`, `team`,
    /// `notice`. SNS takes no empty value, so what is not known is not there.
    pub attributes: BTreeMap<String, String>,
}

impl Notice {
    /// As its topic wants it.
    pub fn message(&self) -> Message {
        let mut told = self.clone();
        let mut body = told.body();
        while body.len() > BODY_BYTES_MAX && told.shorten() {
            body = told.body();
        }
        Message {
            id: self.id.clone(),
            topic: self.topic.clone(),
            subject: self.subject.clone(),
            body,
            attributes: self.attributes(),
        }
    }

    fn body(&self) -> String {
        match self.format {
            NoticeFormat::Text => self.text(),
            NoticeFormat::Json => self.json(),
            NoticeFormat::Chat => self.chat(),
        }
    }

    /// Takes a line off the log tail; without one, the last line off the longest section, or half of its only one. `false` if nothing is left to take.
    fn shorten(&mut self) -> bool {
        if self.log_tail.as_mut().is_some_and(LogTail::shorten) {
            return true;
        }
        let bytes = |lines: &[String]| lines.iter().map(String::len).sum::<usize>();
        let Some(longest) = self.sections.iter_mut().max_by_key(|section| bytes(&section.lines))
        else {
            return false;
        };
        if longest.lines.len() > 1 {
            longest.lines.pop();
            return true;
        }
        let Some(line) = longest.lines.first_mut() else { return false };
        let length = line.chars().count();
        *line = words::cut(line, length / 2);
        length > 1
    }

    fn attributes(&self) -> BTreeMap<String, String> {
        let known = [
            ("severity", Some(self.severity.slug().to_owned())),
            ("kind", Some(self.kind.to_owned())),
            ("stage", Some(self.stage.to_owned())),
            ("cluster", self.cluster.clone()),
            ("service", self.service.clone()),
            ("team", self.team.clone()),
            ("notice", Some(self.id.clone())),
        ];
        let filled = |text: &String| !text.is_empty();
        known
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.filter(filled)?)))
            .collect()
    }

    /// The `chat` format: a custom notification of Amazon Q Developer in chat applications (its administrator guide,
    /// "Custom notifications": version 1.0, source custom; notices of one incident share a thread).
    pub fn chat(&self) -> String {
        let steps: &[String] = self
            .sections
            .iter()
            .find(|section| section.label == "You")
            .map_or(&[], |you| &you.lines);
        let mut description = self.summary.clone();
        for section in self.sections.iter().filter(|section| section.label != "You") {
            description += &format!("\n*{}* {}", section.label, section.lines.join("\n"));
            if let Some(tail) = self.log_tail.as_ref().filter(|_| section.label == "Why") {
                description += &format!("\n{}", tail.heading());
                let lines: Vec<String> = tail.lines().collect();
                if !lines.is_empty() {
                    // Three of them in a line would end the block.
                    let lines = lines.join("\n").replace('`', "\'");
                    description += &format!("\n```\n{lines}\n```");
                }
            }
        }
        let mut context = self.attributes();
        context.insert("steady_version".to_owned(), self.steady_version.to_owned());
        let thread = self.incident.as_ref().map_or(self.id.as_str(), |incident| incident.as_str());
        json!({
            "version": "1.0",
            "source": "custom",
            "id": self.id,
            "content": {
                "textType": "client-markdown",
                "title": self.subject,
                "description": description,
                "nextSteps": steps,
                "keywords": [self.severity.slug(), self.kind],
            },
            "metadata": {
                "threadId": thread,
                "summary": self.subject,
                "eventType": self.stage,
                "additionalContext": context,
            },
        })
        .to_string()
    }
}
