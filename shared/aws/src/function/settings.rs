//! What the function's environment says, read once at its start.

use steady_core::clusters::Clusters;
use steady_core::installation::Mode;
use thiserror::Error;
use tracing::Level;

/// What the stack's parameters come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `STEADY_TABLE`: the table of records, by name.
    pub table: String,
    /// `STEADY_TOPIC`: ARN of the topic for services whose config names none.
    pub topic: String,
    /// `STEADY_MODE`: `observe` (see and tell, change nothing) or `act` (do what config allows).
    pub mode: Mode,
    /// `STEADY_PROBES`: whether probe tasks may be started, `off` or `allowed`; `off` where it is not set.
    pub probes: bool,
    /// `STEADY_CONFIG_PREFIX`: the config's parameters are below it; `/steady/config` where it is not set.
    pub config_prefix: String,
    /// `STEADY_CLUSTERS`: the clusters that are looked after, a name in which `*` stands for any text; all of them where it is
    /// not set.
    pub clusters: Clusters,
    /// `STEADY_STACK`: the stack's name, by which its metrics are told apart from another installation's; `steady` where it
    /// is not set.
    pub stack: String,
}

/// A variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// It has to be set.
    #[error("the environment variable `{name}` is not set, expected {expected}")]
    Missing {
        /// Which.
        name: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// It holds something else.
    #[error("the environment variable `{name}` is `{value}`, expected {expected}")]
    Invalid {
        /// Which.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
}

const TABLE: (&str, &str) = ("STEADY_TABLE", "the name of the table of records");
const TOPIC: (&str, &str) =
    ("STEADY_TOPIC", "an SNS topic's ARN such as `arn:aws:sns:eu-west-1:111122223333:steady`");
const MODE: (&str, &str) = ("STEADY_MODE", "`observe` or `act`");
const PROBES: (&str, &str) = ("STEADY_PROBES", "`off` or `allowed`");
const PREFIX: (&str, &str) =
    ("STEADY_CONFIG_PREFIX", "a parameter path such as `/steady/config`, without a `/` at its end");
const CLUSTERS: (&str, &str) =
    ("STEADY_CLUSTERS", "a cluster's name in which `*` stands for any text, such as `prod-*`");
const STACK: &str = "STEADY_STACK";
const LOG_LEVEL: (&str, &str) =
    ("AWS_LAMBDA_LOG_LEVEL", "`TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`");

/// `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets to what the function's logging configuration says (Lambda developer guide,
/// "Log-level filtering"): what is logged at least. INFO where it is not set. Lambda's `FATAL` is `ERROR` here: nothing is graver.
///
/// # Errors
/// [`SettingsError::Invalid`]
pub fn log_level(variable: impl Fn(&str) -> Option<String>) -> Result<Level, SettingsError> {
    match variable(LOG_LEVEL.0).as_deref() {
        None | Some("" | "INFO") => Ok(Level::INFO),
        Some("TRACE") => Ok(Level::TRACE),
        Some("DEBUG") => Ok(Level::DEBUG),
        Some("WARN") => Ok(Level::WARN),
        Some("ERROR" | "FATAL") => Ok(Level::ERROR),
        Some(other) => Err(invalid(LOG_LEVEL, other)),
    }
}

impl Settings {
    /// From the variables that `variable` finds. An empty one counts as not set.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable, its value, and what was expected.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let required = |(name, expected): (&'static str, &'static str)| {
            variable(name).ok_or(SettingsError::Missing { name, expected })
        };
        let table = required(TABLE)?;
        let topic = checked(TOPIC, required(TOPIC)?, is_topic)?;
        let mode = match required(MODE)?.as_str() {
            "observe" => Mode::Observe,
            "act" => Mode::Act,
            other => return Err(invalid(MODE, other)),
        };
        let probes = match variable(PROBES.0).as_deref() {
            None | Some("off") => false,
            Some("allowed") => true,
            Some(other) => return Err(invalid(PROBES, other)),
        };
        let prefix = variable(PREFIX.0).unwrap_or_else(|| "/steady/config".to_owned());
        let config_prefix =
            checked(PREFIX, prefix, |prefix| prefix.starts_with('/') && !prefix.ends_with('/'))?;
        let clusters = match variable(CLUSTERS.0) {
            None => Clusters::default(),
            Some(text) => text.parse().map_err(|_| invalid(CLUSTERS, &text))?,
        };
        let stack = variable(STACK).unwrap_or_else(|| "steady".to_owned());
        Ok(Self { table, topic, mode, probes, config_prefix, clusters, stack })
    }
}

/// `arn:PARTITION:sns:REGION:ACCOUNT:NAME`
fn is_topic(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    matches!(parts.as_slice(), ["arn", _, "sns", region, account, name]
        if [region, account, name].iter().all(|part| !part.is_empty()))
}

fn checked(
    variable: (&'static str, &'static str),
    value: String,
    holds: impl Fn(&str) -> bool,
) -> Result<String, SettingsError> {
    if holds(&value) { Ok(value) } else { Err(invalid(variable, &value)) }
}

fn invalid((name, expected): (&'static str, &'static str), value: &str) -> SettingsError {
    SettingsError::Invalid { name, value: value.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    const TOPIC_ARN: &str = "arn:aws:sns:eu-west-1:111122223333:steady";

    fn read(set: &[(&str, &str)]) -> Result<Settings, String> {
        let good =
            [("STEADY_TABLE", "steady"), ("STEADY_TOPIC", TOPIC_ARN), ("STEADY_MODE", "act")];
        let variable = |name: &str| {
            let all = set.iter().chain(&good);
            all.clone().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::read(variable).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_environment_is_read() {
        let settings = read(&[]).unwrap();
        assert_eq!(
            settings,
            Settings {
                table: "steady".to_owned(),
                topic: TOPIC_ARN.to_owned(),
                mode: Mode::Act,
                probes: false,
                config_prefix: "/steady/config".to_owned(),
                clusters: Clusters::default(),
                stack: "steady".to_owned(),
            }
        );
        assert!(read(&[("STEADY_PROBES", "allowed")]).unwrap().probes);
        assert_eq!(
            read(&[("STEADY_PROBES", "yes")]).unwrap_err(),
            "the environment variable `STEADY_PROBES` is `yes`, expected `off` or `allowed`"
        );
        assert_eq!(read(&[("STEADY_MODE", "observe")]).unwrap().mode, Mode::Observe);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_with_what_was_expected() {
        let cases = [
            (
                ("STEADY_TABLE", ""),
                "the environment variable `STEADY_TABLE` is not set, expected the name of the table of records",
            ),
            (
                ("STEADY_MODE", "Act"),
                "the environment variable `STEADY_MODE` is `Act`, expected `observe` or `act`",
            ),
            (
                ("STEADY_TOPIC", "steady"),
                "the environment variable `STEADY_TOPIC` is `steady`, expected an SNS topic's ARN such as `arn:aws:sns:eu-west-1:111122223333:steady`",
            ),
            (
                ("STEADY_TOPIC", "arn:aws:sqs:eu-west-1:111122223333:steady"),
                "the environment variable `STEADY_TOPIC` is `arn:aws:sqs:eu-west-1:111122223333:steady`, expected an SNS topic's ARN such as `arn:aws:sns:eu-west-1:111122223333:steady`",
            ),
            (
                ("STEADY_CONFIG_PREFIX", "/steady/"),
                "the environment variable `STEADY_CONFIG_PREFIX` is `/steady/`, expected a parameter path such as `/steady/config`, without a `/` at its end",
            ),
            (
                ("STEADY_CLUSTERS", "prod,staging"),
                "the environment variable `STEADY_CLUSTERS` is `prod,staging`, expected a cluster's name in which `*` stands for any text, such as `prod-*`",
            ),
        ];
        for (set, said) in cases {
            assert_eq!(read(&[set]).unwrap_err(), said);
        }
    }

    #[test]
    fn the_log_level_is_one_of_lambdas() {
        let level = |value: Option<&str>| {
            log_level(|name| value.filter(|_| name == "AWS_LAMBDA_LOG_LEVEL").map(str::to_owned))
        };
        let cases = [
            (None, Level::INFO),
            (Some(""), Level::INFO),
            (Some("TRACE"), Level::TRACE),
            (Some("DEBUG"), Level::DEBUG),
            (Some("WARN"), Level::WARN),
            (Some("ERROR"), Level::ERROR),
            (Some("FATAL"), Level::ERROR),
        ];
        for (value, expected) in cases {
            assert_eq!(level(value), Ok(expected), "{value:?}");
        }
        assert_eq!(
            level(Some("debug")).unwrap_err().to_string(),
            "the environment variable `AWS_LAMBDA_LOG_LEVEL` is `debug`, expected `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`"
        );
    }

    /// The template as CloudFormation gets it.
    fn functions() -> BTreeMap<String, Value> {
        let text = include_str!("../../../../infra/translated.json");
        let template: Value = serde_json::from_str(text).unwrap();
        let resources = template["Resources"].as_object().unwrap().clone();
        let functions = resources.into_iter();
        functions
            .filter(|(_, resource)| resource["Type"] == "AWS::Lambda::Function")
            .map(|(id, resource)| (id, resource["Properties"].clone()))
            .collect()
    }

    #[test]
    fn every_function_of_the_template_sets_what_is_read_and_nothing_else() {
        let asked = RefCell::new(BTreeSet::new());
        let good =
            [("STEADY_TABLE", "steady"), ("STEADY_TOPIC", TOPIC_ARN), ("STEADY_MODE", "act")];
        Settings::read(|name| {
            asked.borrow_mut().insert(name.to_owned());
            good.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
        .unwrap();
        let functions = functions();
        assert_eq!(functions.len(), 4);
        for (id, function) in functions {
            let variables = function["Environment"]["Variables"].as_object().unwrap();
            let set: BTreeSet<String> = variables.keys().cloned().collect();
            assert_eq!(set, *asked.borrow(), "{id}");
        }
    }

    /// Lambda sets AWS_LAMBDA_LOG_LEVEL only then.
    #[test]
    fn every_function_of_the_template_logs_json_at_a_level() {
        for (id, function) in functions() {
            let logging = &function["LoggingConfig"];
            assert_eq!(logging["LogFormat"], "JSON", "{id}");
            assert!(!logging["ApplicationLogLevel"].is_null(), "{id}");
        }
    }
}
