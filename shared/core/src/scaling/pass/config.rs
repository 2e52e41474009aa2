//! All of the config, as the pass compares it with what records remember.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{self, Finding, Notify, ServiceConfig, Severity, SourceFile};
use crate::event::ConfigFile;
use crate::name::{ServiceKey, fnv1a};
use crate::port::NamedFile;
use crate::scaling::ScalingRecord;
use crate::scaling::alarm_uses::alarm_uses;

/// All files, by what they are.
#[derive(Debug, Clone, Default)]
pub struct AllConfig {
    defaults: Option<String>,
    services: BTreeMap<ServiceKey, String>,
}

/// What the files say of one service.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scaling) enum Says {
    /// This.
    Config {
        /// What is wanted of it; of a service without a file no scaling.
        config: Box<ServiceConfig>,
        /// Whether it has a file of its own.
        has_own_file: bool,
    },
    /// Nothing that could take effect.
    Rejected(Vec<Finding>),
}

/// What `files` say of `service`.
pub(in crate::scaling) fn says(
    service: &ServiceKey,
    defaults: Option<&str>,
    own: Option<&str>,
) -> Says {
    let path = format!("{service}.toml");
    let defaults = defaults.map(|text| SourceFile { path: "defaults.toml", text });
    let has_own_file = own.is_some();
    let own = own.map(|text| SourceFile { path: &path, text });
    let files: Vec<SourceFile<'_>> = defaults.into_iter().chain(own).collect();
    let loaded = config::load_tree(&files);
    let Some(tree) = loaded.tree else {
        let is_error = |one: &Finding| one.severity == Severity::Error;
        return Says::Rejected(loaded.findings.into_iter().filter(is_error).collect());
    };
    let config = Box::new(tree.for_service(service.as_str()).clone());
    Says::Config { config, has_own_file }
}

/// Findings as a number: whether people have been told of the same.
pub(in crate::scaling) fn digest(findings: &[Finding]) -> u64 {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    fnv1a(lines.join("\n").as_bytes())
}

impl AllConfig {
    /// Of what lies below the prefix; names that mean nothing are left out.
    pub fn of(files: Vec<NamedFile>) -> Self {
        let mut all = Self::default();
        for NamedFile { name, text } in files {
            match ConfigFile::of_name(&name) {
                Some(ConfigFile::Defaults) => all.defaults = Some(text),
                Some(ConfigFile::Service(service)) => drop(all.services.insert(service, text)),
                None => {}
            }
        }
        all
    }

    /// The services that have a file.
    pub(super) fn services(&self) -> BTreeSet<ServiceKey> {
        self.services.keys().cloned().collect()
    }

    /// What is wrong with `defaults.toml`: then no file can take effect.
    pub(super) fn wrong_defaults(&self) -> Result<Notify, Vec<Finding>> {
        match says(&ServiceKey::from("defaults/toml"), self.defaults.as_deref(), None) {
            Says::Config { config, .. } => Ok(config.notify),
            Says::Rejected(findings) => Err(findings),
        }
    }

    /// Whether a turn that reads the config would change the record. A file that is gone changes nothing.
    pub(super) fn differs(&self, record: &ScalingRecord) -> bool {
        let own = self.services.get(&record.service).map(String::as_str);
        if own.is_none() && record.has_a_file_to_miss() {
            return false;
        }
        match says(&record.service, self.defaults.as_deref(), own) {
            Says::Config { config, has_own_file } => {
                record.rejects().is_some()
                    || config.scaling != record.config
                    || alarm_uses(&config) != record.alarm_uses
                    || has_own_file != record.has_own_file
                    // Where nothing is wanted nothing is told.
                    || has_own_file && config.notify != record.notify
            }
            Says::Rejected(findings) => record.rejects() != Some(digest(&findings)),
        }
    }
}
