//! The parameters and their versions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use steady_sim::Setup;

use super::rules::{self, ByPath, Put};
use crate::answer::Refusal;

/// Versions that are kept (botocore, ParameterMaxVersionLimitExceeded: "retains the 100 most recently created versions").
const VERSIONS_MAX: usize = 100;

/// All parameters of the account, by name.
#[derive(Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, Vec<Version>>);

#[derive(Clone, Debug)]
struct Version {
    number: u64,
    kind: String,
    value: String,
    data_type: String,
    at: Timestamp,
}

/// One version of one parameter, found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    version: &'a Version,
}

impl Found<'_> {
    /// As the shape `Parameter`; `asked` is how the request named it, which is where `Selector` comes from.
    pub(super) fn to_json(self, setup: &Setup, asked: &str) -> Value {
        let Version { number, kind, value, data_type, at } = self.version;
        let bare = self.name.strip_prefix('/').unwrap_or(self.name);
        let mut parameter = json!({
            "Name": self.name,
            "Type": kind,
            "Value": value,
            "Version": number,
            // Epoch seconds, as JSON 1.1 writes timestamps.
            "LastModifiedDate": at.as_millisecond() as f64 / 1000.0,
            "ARN": format!("arn:aws:ssm:{}:{}:parameter/{bare}", setup.region, setup.account),
            "DataType": data_type,
        });
        if let ((_, Some(selector)), Some(parameter)) =
            (split_selector(asked), parameter.as_object_mut())
        {
            parameter.insert("Selector".to_owned(), Value::String(format!(":{selector}")));
        }
        parameter
    }
}

/// `name`, `name:version`, and the same as an ARN (GetParameter, `Name`).
fn split_selector(asked: &str) -> (&str, Option<&str>) {
    let path = asked.split_once(":parameter/").filter(|_| asked.starts_with("arn:"));
    // The name of an ARN begins after its slash; `find` tries it with one too.
    let name = path.map_or(asked, |(_, name)| name);
    match name.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (name, None),
    }
}

impl Parameters {
    /// The new version's number, from 1, and its type.
    pub(super) fn put(&mut self, put: Put<'_>, now: Timestamp) -> Result<(u64, String), Refusal> {
        let existing = self.0.get(put.name).and_then(|versions| versions.last());
        let (number, kind) = match (existing, put.kind) {
            (Some(_), _) if !put.overwrite => {
                return Err(Refusal::new(
                    "ParameterAlreadyExists",
                    "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
                ));
            }
            (Some(last), kind) => (last.number + 1, kind.unwrap_or(&last.kind).to_owned()),
            (None, Some(kind)) => (1, kind.to_owned()),
            (None, None) => {
                return Err(Refusal::new(
                    "ValidationException",
                    "A parameter type is required when you create a parameter.",
                ));
            }
        };
        let versions = self.0.entry(put.name.to_owned()).or_default();
        versions.push(Version {
            number,
            kind: kind.clone(),
            value: put.value.to_owned(),
            data_type: put.data_type.to_owned(),
            at: now,
        });
        if versions.len() > VERSIONS_MAX {
            versions.remove(0);
        }
        Ok((number, kind))
    }

    /// # Errors
    ///
    /// `ParameterNotFound`, `ParameterVersionNotFound`.
    pub(super) fn find(&self, asked: &str) -> Result<Found<'_>, Refusal> {
        let (name, selector) = split_selector(asked);
        let in_hierarchy = format!("/{name}");
        let entry = self.0.get_key_value(name).or_else(|| {
            asked.starts_with("arn:").then(|| self.0.get_key_value(&in_hierarchy)).flatten()
        });
        let (name, versions) = entry.ok_or_else(not_found)?;
        let version = match selector {
            None => versions.last(),
            Some(selector) => {
                versions.iter().find(|version| version.number.to_string() == selector)
            }
        };
        match (version, selector) {
            (Some(version), _) => Ok(Found { name, version }),
            (None, Some(selector)) => Err(Refusal::new(
                "ParameterVersionNotFound",
                format!(
                    "Systems Manager could not find version {selector} of {name}. Verify the version and try again."
                ),
            )),
            (None, None) => Err(not_found()),
        }
    }

    /// A page in the order of the names (AWS promises none), and the token of the next one.
    pub(super) fn by_path(&self, wanted: &ByPath<'_>) -> (Vec<Found<'_>>, Option<String>) {
        let prefix = if wanted.path.ends_with('/') {
            wanted.path.to_owned()
        } else {
            format!("{}/", wanted.path)
        };
        let mut all = self
            .0
            .iter()
            .filter(|(name, _)| {
                // A name without a slash is at the root.
                let rest = name.strip_prefix(&prefix).or((prefix == "/").then_some(name.as_str()));
                rest.is_some_and(|rest| wanted.recursive || !rest.contains('/'))
            })
            .filter(|(name, _)| wanted.after.as_ref().is_none_or(|after| *name > after))
            .filter_map(|(name, versions)| {
                versions.last().map(|version| Found { name: name.as_str(), version })
            });
        let page: Vec<Found<'_>> = all.by_ref().take(wanted.max).collect();
        let next = page.last().filter(|_| all.next().is_some()).map(|last| rules::token(last.name));
        (page, next)
    }

    /// The type of what is gone.
    pub(super) fn delete(&mut self, name: &str) -> Result<String, Refusal> {
        let versions = self.0.remove(name).ok_or_else(not_found)?;
        Ok(versions.last().map(|last| last.kind.clone()).unwrap_or_default())
    }
}

/// AWS's own has no message: its CLI prints nothing after the colon.
fn not_found() -> Refusal {
    Refusal::new("ParameterNotFound", "")
}
