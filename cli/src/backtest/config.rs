//! One service's config, read as the product reads it.

use std::fs;
use std::io::Write;
use std::path::Path;

use steady_core::config::{self, Scaling, Severity, SourceFile};

use crate::exit::Failure;

/// A config file, as it was read.
#[derive(Debug)]
pub(super) struct Read {
    /// As `cluster/service`.
    pub(super) service: String,
    /// Its path in the tree.
    pub(super) in_tree: String,
    pub(super) text: String,
    pub(super) defaults: Option<String>,
    pub(super) scaling: Scaling,
}

/// Reads and checks it. Every finding goes to `err`.
pub(super) fn read(path: &Path, err: &mut impl Write) -> Result<Read, Failure> {
    let read = |path: &Path| {
        let unreadable =
            |error| Failure::Usage(format!("{}: cannot read it: {error}", path.display()));
        fs::read_to_string(path).map_err(unreadable)
    };
    let text = read(path)?;
    let folder = path.parent().and_then(|folder| folder.file_name()?.to_str());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // A file that lies in no folder of a cluster's is one all the same.
    let in_tree = format!("{}/{name}", folder.unwrap_or("backtest"));
    let defaults = path.parent().and_then(Path::parent).map(|root| root.join("defaults.toml"));
    let defaults = defaults.filter(|file| folder.is_some() && file.is_file());
    let inherited = defaults.as_deref().map(read).transpose()?;
    let mut sources = vec![SourceFile { path: &in_tree, text: &text }];
    sources.extend(inherited.as_deref().map(|text| SourceFile { path: "defaults.toml", text }));
    let loaded = config::load_tree(&sources);
    for finding in loaded.findings.iter().filter(|one| one.severity != Severity::Info) {
        let file = match finding.file == in_tree {
            true => path,
            false => defaults.as_deref().unwrap_or(path),
        };
        let shown = config::Finding { file: file.display().to_string(), ..finding.clone() };
        let _ = writeln!(err, "{shown}");
    }
    let tree = loaded.tree.ok_or_else(|| {
        Failure::Config(format!("nothing was played: {} has errors", path.display()))
    })?;
    let service = in_tree.trim_end_matches(".toml").to_owned();
    let scaling = tree.for_service(&service).scaling.clone();
    Ok(Read { service, in_tree, text, defaults: inherited, scaling })
}
