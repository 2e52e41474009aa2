//! The JSON Schema says of the files' form what the reader says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value};
use steady_core::config::{FileKind, Rule, SourceFile, load_tree, schema};
use toml::de::{DeTable, DeValue};

use crate::fixtures::{files, fixtures};

/// As editors see a file: dates and times are strings.
fn json(table: &DeTable<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), of(value.get_ref())));
    Value::Object(entries.collect::<Map<String, Value>>())
}

fn of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.to_string()),
        DeValue::Integer(number) => {
            Value::from(i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX))
        }
        // An infinite number is none in JSON.
        DeValue::Float(number) => Value::from(number.as_str().parse::<f64>().unwrap()),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(array) => array.iter().map(|one| of(one.get_ref())).collect(),
        DeValue::Table(table) => json(table),
    }
}

fn parsed(text: &str) -> Option<Value> {
    DeTable::parse(text).ok().map(|table| json(table.get_ref()))
}

fn validator(kind: FileKind) -> Validator {
    let options = jsonschema::draft7::options();
    options.should_validate_formats(true).build(&schema(kind)).unwrap()
}

static SERVICE: LazyLock<Validator> = LazyLock::new(|| validator(FileKind::Service));
static DEFAULTS: LazyLock<Validator> = LazyLock::new(|| validator(FileKind::Defaults));

fn kind_of(path: &str) -> FileKind {
    if path == "defaults.toml" { FileKind::Defaults } else { FileKind::Service }
}

/// What the schema has against a file.
fn refused(path: &str, text: &str) -> Vec<String> {
    let validator: &Validator = match kind_of(path) {
        FileKind::Service => &SERVICE,
        FileKind::Defaults => &DEFAULTS,
    };
    let Some(file) = parsed(text) else { return vec!["not TOML".to_owned()] };
    validator
        .iter_errors(&file)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// The rules whose breach an editor can see by the form of a value.
const OF_FORM: &[Rule] = &[
    Rule::NotToml,
    Rule::UnknownKey,
    Rule::DefaultsOnly,
    Rule::ServiceOnly,
    Rule::WrongType,
    Rule::WrongBrackets,
    Rule::UnknownWord,
    Rule::NotADuration,
    Rule::NotANumber,
    Rule::NumberOutOfRange,
    Rule::NotATime,
    Rule::NotAName,
    Rule::NotAPath,
    Rule::NotVcpuAndGb,
    Rule::NameNotArn,
    Rule::NotATopic,
    Rule::NotAResourceLabel,
    Rule::TooManyDimensions,
    Rule::NotAQueryId,
    Rule::PredictiveOneMetric,
    Rule::MissingKey,
];

#[test]
fn files_of_wrong_form_are_refused_and_the_others_are_not() {
    let fixtures = fixtures();
    for rule in Rule::ALL {
        let name = serde_json::to_value(rule).unwrap();
        let fixture = fixtures.get(name.as_str().unwrap()).unwrap();
        let found = files(fixture);
        let findings: Vec<Rule> = found
            .iter()
            .flat_map(|(path, text)| load_tree(&[SourceFile { path, text }]).findings)
            .filter_map(|finding| finding.rule)
            .collect();
        let errors: Vec<String> =
            found.iter().flat_map(|(path, text)| refused(path, text)).collect();
        if findings.iter().any(|rule| OF_FORM.contains(rule)) {
            assert!(!errors.is_empty(), "{name} was taken");
        } else {
            assert_eq!(errors, [] as [String; 0], "{name}");
        }
    }
}

#[test]
fn the_examples_are_taken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/config");
    let mut taken = 0;
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
            assert_eq!(
                refused(name, &fs::read_to_string(&path).unwrap()),
                [] as [String; 0],
                "{name}"
            );
            taken += 1;
        }
    }
    assert!(taken >= 3, "{taken}");
}

/// The keys of a schema, as paths; of arrays their entries'.
fn keys(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        assert_eq!(schema["additionalProperties"], false, "{path}");
        for (name, one) in properties {
            let path = format!("{path}{name}");
            assert!(
                one["description"].as_str().is_some_and(|about| about.ends_with('.')),
                "{path}"
            );
            keys(one, &format!("{path}."), found);
            found.insert(path);
        }
    }
    if schema["items"].is_object() {
        keys(&schema["items"], path, found);
    }
}

#[test]
fn what_the_schema_names_is_read_and_nothing_else() {
    for kind in [FileKind::Service, FileKind::Defaults] {
        let path = if kind == FileKind::Defaults { "defaults.toml" } else { "prod/a.toml" };
        let mut found = BTreeSet::new();
        keys(&schema(kind), "", &mut found);
        assert!(found.contains("target_tracking.queries.expression"), "{found:#?}");
        for key in &found {
            // The sections above it are tables or arrays of them; an array of dates is wrong everywhere.
            let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
            let mut text = String::new();
            for (depth, _) in sections.match_indices('.').chain([(sections.len(), "")]) {
                let section = &sections[..depth];
                if !section.is_empty() {
                    let many = !["health", "notify", "capacity", "predictive"].contains(&section);
                    text +=
                        &if many { format!("[[{section}]]\n") } else { format!("[{section}]\n") };
                }
            }
            text += &format!("{name} = 1979-05-27\n");
            let findings = load_tree(&[SourceFile { path, text: &text }]).findings;
            let unknown = [Rule::UnknownKey, Rule::DefaultsOnly, Rule::ServiceOnly];
            let said = findings.iter().filter_map(|finding| finding.rule);
            assert!(!said.into_iter().any(|rule| unknown.contains(&rule)), "{key}: {findings:#?}");
        }
    }
}

#[test]
fn each_kind_of_file_has_its_own_keys() {
    let (service, defaults) = (schema(FileKind::Service), schema(FileKind::Defaults));
    let tasks = "/properties/notify/properties/standalone_tasks";
    assert!(service.pointer(tasks).is_none() && defaults.pointer(tasks).is_some());
    for name in ["adopt", "remove"] {
        let key = format!("/properties/{name}");
        assert!(service.pointer(&key).is_some() && defaults.pointer(&key).is_none());
    }
    let text = format!("{service}{defaults}");
    assert!(!text.contains("x-"), "a mark was left in");
}
