//! `infra/permissions.toml`: what is granted and cannot be seen in a call, and what is granted on everything, each with its
//! reason.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use toml::de::{DeTable, DeValue};

/// Why the file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("permissions: {0}")]
pub struct PermissionsError(String);

/// The reviewed list.
///
/// ```toml
/// [[unseen]]
/// action = "logs:PutLogEvents"
/// functions = ["watch"]
/// why = "Lambda writes the function's log with the function's role"
///
/// [[all_resources]]
/// action = "ecs:ListClusters"
/// why = "has no resource"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Function and action, of what is granted and never called, with why.
    pub unseen: BTreeMap<(String, String), String>,
    /// Actions that are granted on every resource, with why.
    pub all_resources: BTreeMap<String, String>,
}

impl Permissions {
    /// Reads the file.
    ///
    /// # Errors
    /// [`PermissionsError`]: an entry lacks a member, has another one, or is there twice.
    pub fn read(text: &str) -> Result<Self, PermissionsError> {
        let wrong = |why: &str| PermissionsError(why.to_owned());
        let table = DeTable::parse(text).map_err(|error| wrong(error.message()))?;
        let mut permissions = Self::default();
        for (name, entries) in table.get_ref() {
            let kind: &str = name.get_ref();
            let entries =
                entries.get_ref().as_array().ok_or_else(|| wrong("no list of entries"))?;
            for entry in entries.iter() {
                let entry =
                    entry.get_ref().as_table().ok_or_else(|| wrong("an entry is no table"))?;
                let members: BTreeSet<&str> = entry.keys().map(|key| &**key.get_ref()).collect();
                let text = |member: &str| {
                    let found = entry.get(member).and_then(|value| value.get_ref().as_str());
                    let found = found.filter(|text| !text.is_empty()).map(str::to_owned);
                    found.ok_or_else(|| wrong(&format!("an entry has no `{member}`")))
                };
                let (action, why) = (text("action")?, text("why")?);
                let twice = || wrong(&format!("`{action}` is there twice"));
                match kind {
                    "unseen" if members == BTreeSet::from(["action", "functions", "why"]) => {
                        let functions = entry.get("functions").map(|value| texts(value.get_ref()));
                        for function in functions.unwrap_or_default() {
                            let key = (function, action.clone());
                            if permissions.unseen.insert(key, why.clone()).is_some() {
                                return Err(twice());
                            }
                        }
                    }
                    "all_resources" if members == BTreeSet::from(["action", "why"]) => {
                        if permissions.all_resources.insert(action.clone(), why).is_some() {
                            return Err(twice());
                        }
                    }
                    _ => return Err(wrong(&format!("`{kind}` of `{action}` is not known"))),
                }
            }
        }
        Ok(permissions)
    }
}

fn texts(value: &DeValue<'_>) -> Vec<String> {
    let all = value.as_array().into_iter().flat_map(|all| all.iter());
    all.filter_map(|one| one.get_ref().as_str()).map(str::to_owned).collect()
}
