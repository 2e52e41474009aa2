//! `Parameter Store Change`.

use std::sync::Arc;

use serde::Deserialize;

use super::EventError;
use super::raw::{Text, filled};
use crate::name::{Interner, ServiceKey};

/// A parameter was written or deleted (Systems Manager user guide, "Monitoring Parameter Store changes with EventBridge").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterEvent {
    /// `name`: `/steady/config/prod/checkout`.
    pub name: Arc<str>,
    /// Whether `operation` is `Delete`; the others are `Create`, `Update` and `LabelParameterVersion`.
    pub is_deleted: bool,
}

/// A file of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigFile {
    /// `defaults.toml`, which concerns every service that has a file.
    Defaults,
    /// A service's own.
    Service(ServiceKey),
}

impl ParameterEvent {
    /// Which file of the config below `prefix` it is, such as `/steady/config`; `None`: none of it.
    pub fn config_file(&self, prefix: &str) -> Option<ConfigFile> {
        ConfigFile::of_name(self.name.strip_prefix(prefix)?.strip_prefix('/')?)
    }
}

impl ConfigFile {
    /// By its parameter's name below the prefix: `defaults`, `prod/checkout`. `None`: such a file means nothing.
    pub fn of_name(name: &str) -> Option<Self> {
        if name == "defaults" {
            return Some(Self::Defaults);
        }
        match name.split('/').collect::<Vec<_>>().as_slice() {
            [cluster, service] if !cluster.is_empty() && !service.is_empty() => {
                Some(Self::Service(name.into()))
            }
            _ => None,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Detail<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    operation: Option<Text<'a>>,
}

pub(super) fn read(
    detail: &Detail<'_>,
    interner: &mut Interner,
) -> Result<ParameterEvent, EventError> {
    let name = filled(&detail.name).ok_or(EventError::Missing {
        field: "detail.name",
        consequence: "it cannot be told which parameter is meant",
    })?;
    let is_deleted = detail.operation.as_ref().is_some_and(|it| it.as_str() == "Delete");
    Ok(ParameterEvent { name: interner.get(name), is_deleted })
}
