//! All keys of the files as a page for people: made from the tables that the reader and the schema have.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::form::{SERVICE_ONLY, object};
use super::keys::TOP;

/// Every section and every key, with its values and its meaning, as Markdown. It holds for both kinds of files; a key that only one
/// of them may have says so.
///
/// ```
/// use steady_core::config::reference;
/// assert!(reference().contains("| `rollback_window` | a duration |"));
/// ```
pub fn reference() -> String {
    let mut page = "# Config\n\n\
        All that `defaults.toml` and `<cluster>/<service>.toml` may hold. What the service's file says of a key takes the place of what \
        `defaults.toml` says; an array takes the place of the whole other one. A duration is `\"90s\"`, `\"5m\"`, `\"2h\"` or `\"7d\"`, or several of \
        them, the largest first. A key with * has to be in each entry of its section. `steady check` says what is wrong with a file, \
        and `steady schema` prints this for editors.\n"
        .to_owned();
    section(&mut page, "Above all sections", None, &object(TOP, &[]));
    page
}

/// A table of the keys that hold values, then the sections within.
fn section(page: &mut String, title: &str, about: Option<&str>, schema: &Value) {
    let none = Map::new();
    let keys = schema["properties"].as_object().unwrap_or(&none);
    let (sections, keys): (Vec<_>, Vec<_>) = keys.iter().partition(|(_, one)| is_section(one));
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## {title}\n\n");
    if let Some(about) = about {
        let _ = write!(page, "{about}\n\n");
    }
    page.push_str("| key | values | meaning |\n|---|---|---|\n");
    let is_required = |key: &str| {
        schema["required"].as_array().is_some_and(|required| required.iter().any(|one| one == key))
    };
    for (key, one) in keys {
        let mark = if is_required(key) { " *" } else { "" };
        let (values, about) = (values(one), one["description"].as_str().unwrap_or(""));
        let _ = writeln!(page, "| `{key}`{mark} | {values} | {}{about} |", only(one));
    }
    let within = title.trim_matches(['`', '[', ']']);
    let prefix = if within.contains(' ') { String::new() } else { format!("{within}.") };
    for (key, one) in sections {
        let (item, title) = match one.get("items") {
            Some(item) => (item, format!("`[[{prefix}{key}]]`")),
            None => (one, format!("`[{prefix}{key}]`")),
        };
        section(page, &title, one["description"].as_str(), item);
    }
}

fn is_section(schema: &Value) -> bool {
    schema.get("properties").is_some()
        || schema.get("items").is_some_and(|item| item.get("properties").is_some())
}

/// Keys that only `defaults.toml` may have say so themselves.
fn only(schema: &Value) -> &'static str {
    if schema.get(SERVICE_ONLY).is_some() { "In a service's file only. " } else { "" }
}

fn values(schema: &Value) -> String {
    if let Some(allowed) = schema["enum"].as_array() {
        let allowed: Vec<String> = allowed.iter().map(|one| format!("`{one}`")).collect();
        return allowed.join(", ");
    }
    let is_duration =
        schema["pattern"].as_str().is_some_and(|pattern| pattern.starts_with("^([0-9]+d)?"));
    match schema["type"].as_str() {
        Some("boolean") => "`true`, `false`".to_owned(),
        Some("integer") => whole(schema["minimum"].as_i64(), schema["maximum"].as_i64()),
        Some("number") => "a number".to_owned(),
        Some("array") => format!("a list of: {}", values(&schema["items"])),
        Some("object") => "a table of names and texts".to_owned(),
        Some("string") if is_duration => "a duration".to_owned(),
        Some("string") if schema["format"] == "date-time" => {
            "a time, such as `2026-11-27T06:00:00Z`".to_owned()
        }
        Some("string") => "text".to_owned(),
        _ => "anything".to_owned(),
    }
}

/// Bounds that are those of the machine's numbers are none.
fn whole(min: Option<i64>, max: Option<i64>) -> String {
    let min = min.filter(|min| *min > i64::from(i32::MIN));
    let max = max.filter(|max| *max < i64::from(i32::MAX));
    match (min, max) {
        (Some(min), Some(max)) => format!("a whole number, {min} to {max}"),
        (Some(min), None) => format!("a whole number, {min} and more"),
        (None, _) => "a whole number".to_owned(),
    }
}
