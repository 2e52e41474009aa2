//! The JSON as it comes: borrowed text, everything optional.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
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

/// The text if there is any: an empty one says no more than a missing one.
pub(super) fn filled<'t>(text: &'t Option<Text<'_>>) -> Option<&'t str> {
    text.as_ref().map(Text::as_str).filter(|text| !text.is_empty())
}

/// A JSON object read as `T`. (serde's derive alone would take a list as well, by position.)
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// The envelope, and the detail as the type that the envelope names.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) detail_type: Option<Text<'a>>,
    pub(super) source: Option<Text<'a>>,
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
    Hook(super::hook::Detail<'a>),
    Alarm(super::alarm::Detail<'a>),
    Parameter(super::parameter::Detail<'a>),
    /// Of no use; its shape is somebody else's.
    Other,
    /// Not read yet: its type comes after it. EventBridge writes the type first, so this is for other writers.
    Unread(&'a RawValue),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DetailKind {
    Task,
    Service,
    Hook,
    Alarm,
    Parameter,
    Other,
}

impl DetailKind {
    pub(super) fn of(detail_type: &str) -> Self {
        match detail_type {
            "ECS Task State Change" => Self::Task,
            "ECS Deployment State Change" | "ECS Service Action" => Self::Service,
            "ECS Hook State Change" => Self::Hook,
            "CloudWatch Alarm State Change" => Self::Alarm,
            "Parameter Store Change" => Self::Parameter,
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
            DetailKind::Task => Detail::Task(read::<Object<_>>(text, "detail")?.0),
            DetailKind::Service => Detail::Service(read::<Object<_>>(text, "detail")?.0),
            DetailKind::Hook => Detail::Hook(read::<Object<_>>(text, "detail")?.0),
            DetailKind::Alarm => Detail::Alarm(read::<Object<_>>(text, "detail")?.0),
            DetailKind::Parameter => Detail::Parameter(read::<Object<_>>(text, "detail")?.0),
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
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match key.as_str() {
                        "id" => envelope.id = map.next_value()?,
                        "detail-type" => envelope.detail_type = map.next_value()?,
                        "source" => envelope.source = map.next_value()?,
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
    type Read<T> = Option<Object<T>>;
    Ok(match detail_type.map(DetailKind::of) {
        Some(DetailKind::Task) => map.next_value::<Read<_>>()?.map(|d| Detail::Task(d.0)),
        Some(DetailKind::Service) => map.next_value::<Read<_>>()?.map(|d| Detail::Service(d.0)),
        Some(DetailKind::Hook) => map.next_value::<Read<_>>()?.map(|d| Detail::Hook(d.0)),
        Some(DetailKind::Alarm) => map.next_value::<Read<_>>()?.map(|d| Detail::Alarm(d.0)),
        Some(DetailKind::Parameter) => map.next_value::<Read<_>>()?.map(|d| Detail::Parameter(d.0)),
        Some(DetailKind::Other) => {
            map.next_value::<IgnoredAny>()?;
            Some(Detail::Other)
        }
        None => map.next_value::<Option<&RawValue>>()?.map(Detail::Unread),
    })
}

/// Reads `text`; a field of the wrong type is named with its path below `parent`.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str, parent: &str) -> Result<T, EventError> {
    serde_json::from_str(text).map_err(|error| {
        if !error.is_data() {
            return EventError::Json(place(&error));
        }
        // Only on the way out: following the path costs time that good input should not pay.
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let (path, problem) = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(named) if named.path().iter().next().is_some() => {
                (named.path().to_string(), describe(named.inner()))
            }
            _ => (String::new(), describe(&error)),
        };
        let field = match (parent, path.as_str()) {
            ("", "") => return EventError::NotAnObject(problem),
            (parent, "") => parent.to_owned(),
            ("", path) => path.to_owned(),
            (parent, path) => format!("{parent}.{path}"),
        };
        EventError::Field { field, problem }
    })
}

/// serde's words with the place; an event is one line, whose number its reader knows better.
fn place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ").and_then(|at| text.get(..at)) {
        Some(words) if error.line() == 1 => format!("{words}, at column {}", error.column()),
        _ => text,
    }
}

/// serde's words in JSON's terms, without the position, which is within one line.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let words = text.rsplit_once(" at line ").map_or(&*text, |(words, _)| words);
    let mismatch = words
        .strip_prefix("invalid type: ")
        .or_else(|| words.strip_prefix("invalid value: "))
        .and_then(|words| words.rsplit_once(", expected "));
    let Some((found, expected)) = mismatch else {
        return words.to_owned();
    };
    let expected = match expected {
        "i64" => "a whole number of 64 bits",
        "u64" => "a whole number, 0 or more",
        "a sequence" => "a list",
        words => words,
    };
    let found = match found.split_once(' ') {
        Some(("string", literal)) => format!("`{}`", shortened(literal)),
        Some((_, rest)) => rest.rsplit_once(' ').map_or(rest, |(_, literal)| literal).to_owned(),
        None => match found {
            "map" => "an object".to_owned(),
            "sequence" => "a list".to_owned(),
            word => word.to_owned(),
        },
    };
    format!("expected {expected}, found {found}")
}

/// Somebody's text for a message: on one line, and not all of it if it is long.
fn shortened(text: &str) -> String {
    const LIMIT: usize = 60;
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}

/// Reads an ISO 8601 time. Alarm events write the offset without a colon (`+0000`), which is accepted.
pub(super) fn time(text: &Option<Text<'_>>, field: &str) -> Result<Option<Timestamp>, EventError> {
    let Some(text) = filled(text) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| EventError::Field {
        field: field.to_owned(),
        problem: format!(
            "expected a time such as `2026-11-21T02:14:07Z`, found `\"{}\"`",
            shortened(text)
        ),
    })
}
