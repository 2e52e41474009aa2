//! The JSON Schema of the files, for editors: made from the tables of keys that the reader has.

use serde_json::{Value, json};

use super::form::{DEFAULTS_ONLY, SERVICE_ONLY, object};
use super::keys::TOP;

/// Which of the two kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `<cluster>/<service>.toml`
    Service,
    /// `defaults.toml`
    Defaults,
}

/// The JSON Schema of a kind of file: draft 7, which editors of TOML know.
///
/// It says which keys there are, what form their values have, and what they mean. What only makes sense together (bounds
/// that do not cross, steps without gaps) is for [`super::load_tree`].
///
/// ```
/// use steady_core::config::{FileKind, schema};
/// let schema = schema(FileKind::Service);
/// assert_eq!(schema["properties"]["capacity"]["properties"]["min"]["type"], "integer");
/// ```
pub fn schema(kind: FileKind) -> Value {
    let mut schema = object(TOP, &[]);
    let hidden = match kind {
        FileKind::Service => DEFAULTS_ONLY,
        FileKind::Defaults => SERVICE_ONLY,
    };
    prune(&mut schema, hidden);
    let title = match kind {
        FileKind::Service => "Steady: config of one service, <cluster>/<service>.toml",
        FileKind::Defaults => "Steady: what holds for every service, defaults.toml",
    };
    if let Some(schema) = schema.as_object_mut() {
        let head = json!({"$schema": "http://json-schema.org/draft-07/schema#", "title": title});
        schema.extend(head.as_object().cloned().unwrap_or_default());
    }
    schema
}

/// Takes out the keys that have the mark `hidden`, and the marks themselves.
fn prune(schema: &mut Value, hidden: &str) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, one| one.get(hidden).is_none());
        for (_, one) in properties.iter_mut() {
            prune(one, hidden);
        }
    }
    for mark in [DEFAULTS_ONLY, SERVICE_ONLY] {
        object.remove(mark);
    }
    if let Some(items) = object.get_mut("items") {
        prune(items, hidden);
    }
}
