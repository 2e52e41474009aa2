//! The JSON as it comes: borrowed text, everything optional.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::EventError;

/// JSON text that borrows from its input unless it holds escapes. (`Option<Cow<str>>` never borrows under
/// serde's derive, hence a type of our own.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// The envelope, and the detail as the type that the envelope names.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) detail_type: Option<Text<'a>>,
    pub(super) account: Option<Text<'a>>,
    pub(super) time: Option<Text<'a>>,
    pub(super) region: Option<Text<'a>>,
    pub(super) resources: Option<Vec<Option<Text<'a>>>>,
    pub(super) detail: Option<Detail<'a>>,
}

/// The detail, by the envelope's `detail-type`.
#[derive(Debug)]
pub(super) enum Detail<'a> {
    Task(super::task::Detail<'a>),
    Service(super::service::Detail<'a>),
    Alarm(super::alarm::Detail<'a>),
    /// Of no use; its shape is somebody else's.
    Other,
    /// Not read yet: its type comes after it. EventBridge writes the type first, so this is for other writers.
    Unread(&'a RawValue),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DetailKind {
    Task,
    Service,
    Alarm,
    Other,
}

impl DetailKind {
    pub(super) fn of(detail_type: &str) -> Self {
        match detail_type {
            "ECS Task State Change" => Self::Task,
            "ECS Deployment State Change" | "ECS Service Action" => Self::Service,
            "CloudWatch Alarm State Change" => Self::Alarm,
            _ => Self::Other,
        }
    }
}

impl<'a> Envelope<'a> {
    /// The first resource: the only place where service and deployment events name their service.
    pub(super) fn resource(&self) -> Option<&str> {
        self.resources.as_deref()?.first()?.as_ref().map(Text::as_str)
    }

    /// The detail once its type is known.
    pub(super) fn read_detail(&mut self) -> Result<Option<Detail<'a>>, EventError> {
        let Some(Detail::Unread(text)) = self.detail else {
            return Ok(self.detail.take());
        };
        let kind = DetailKind::of(self.detail_type.as_ref().map_or("", Text::as_str));
        let text = text.get();
        Ok(Some(match kind {
            DetailKind::Task => Detail::Task(read(text, "detail.")?),
            DetailKind::Service => Detail::Service(read(text, "detail.")?),
            DetailKind::Alarm => Detail::Alarm(read(text, "detail.")?),
            DetailKind::Other => Detail::Other,
        }))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;
        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = Envelope<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event, which is a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match key.as_str() {
                        "id" => envelope.id = map.next_value()?,
                        "detail-type" => envelope.detail_type = map.next_value()?,
                        "account" => envelope.account = map.next_value()?,
                        "time" => envelope.time = map.next_value()?,
                        "region" => envelope.region = map.next_value()?,
                        "resources" => envelope.resources = map.next_value()?,
                        "detail" => {
                            let kind = envelope.detail_type.as_ref();
                            envelope.detail = detail(&mut map, kind.map(Text::as_str))?;
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

/// Reads the detail in the same pass where its type is known by then: it is nine tenths of the event.
fn detail<'de, A: MapAccess<'de>>(
    map: &mut A,
    detail_type: Option<&str>,
) -> Result<Option<Detail<'de>>, A::Error> {
    Ok(match detail_type.map(DetailKind::of) {
        Some(DetailKind::Task) => map.next_value::<Option<_>>()?.map(Detail::Task),
        Some(DetailKind::Service) => map.next_value::<Option<_>>()?.map(Detail::Service),
        Some(DetailKind::Alarm) => map.next_value::<Option<_>>()?.map(Detail::Alarm),
        Some(DetailKind::Other) => {
            map.next_value::<IgnoredAny>()?;
            Some(Detail::Other)
        }
        None => map.next_value::<Option<&RawValue>>()?.map(Detail::Unread),
    })
}

/// Reads `text`; a field of the wrong type is named with its path below `prefix`.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str, prefix: &str) -> Result<T, EventError> {
    serde_json::from_str(text).map_err(|error| {
        if !error.is_data() {
            return EventError::Json(error.to_string());
        }
        // Only on the way out: following the path costs time that good input should not pay.
        let mut deserializer = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(named) if named.path().iter().next().is_some() => EventError::Field {
                field: format!("{prefix}{}", named.path()),
                problem: describe(named.inner()),
            },
            _ => EventError::Json(describe(&error)),
        }
    })
}

/// serde's words without the position, which is within one line.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ").and_then(|at| text.get(..at)) {
        Some(words) => words.to_owned(),
        None => text,
    }
}

/// Reads an ISO 8601 time. Alarm events write the offset without a colon (`+0000`), which is accepted.
pub(super) fn time(text: Option<&Text<'_>>, field: &str) -> Result<Option<Timestamp>, EventError> {
    let Some(text) = text.map(Text::as_str).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| EventError::Field {
        field: field.to_owned(),
        problem: format!("`{text}` is not a time such as `2026-11-21T02:14:07Z`"),
    })
}
