//! JSON changed at one place, and written with its keys in any order.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

/// JSON pointers of all that is below the root, lists' elements included.
pub(crate) fn pointers(value: &Value) -> Vec<String> {
    fn below(value: &Value, at: &str, all: &mut Vec<String>) {
        let mut add = |key: &str, value: &Value| {
            let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            all.push(at.clone());
            below(value, &at, all);
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| add(key, value)),
            Value::Array(list) => {
                (0..).zip(list).for_each(|(n, value): (usize, _)| add(&n.to_string(), value));
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    below(value, "", &mut all);
    all
}

/// `value` with what is at `pointer` replaced.
pub(crate) fn replaced(value: &Value, pointer: &str, by: Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap() = by;
    value
}

/// `value` without what is at `pointer`.
pub(crate) fn removed(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.remove(key).unwrap()),
        Value::Array(list) => drop(list.remove(key.parse().unwrap())),
        other => panic!("{pointer} is in {other}"),
    }
    value
}

/// A pointer as messages write it: `/detail/containers/1/exitCode` → `detail.containers[1].exitCode`.
pub(crate) fn path(pointer: &str) -> String {
    let mut path = String::new();
    for key in pointer.split('/').skip(1) {
        if key.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{key}]"));
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(key);
        }
    }
    path
}

/// Which of two keys is written first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keys {
    /// `detail` before `detail-type`.
    Ascending,
    /// `detail-type` before `detail`.
    Descending,
    /// As this number shuffles them.
    Shuffled(u64),
}

/// `value` as JSON text.
pub(crate) fn written(value: &Value, keys: Keys) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            match keys {
                Keys::Ascending => entries.sort_by_key(|(key, _)| *key),
                Keys::Descending => entries.sort_by(|a, b| b.0.cmp(a.0)),
                Keys::Shuffled(seed) => entries.sort_by_key(|(key, _)| {
                    let mut hasher = DefaultHasher::new();
                    (seed, key).hash(&mut hasher);
                    hasher.finish()
                }),
            }
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| {
                    format!("{}:{}", Value::from(key.as_str()), written(value, keys))
                })
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(|value| written(value, keys)).collect();
            format!("[{}]", list.join(","))
        }
        other => other.to_string(),
    }
}
