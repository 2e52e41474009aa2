//! A directory of config files, read for the core.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use steady_core::config::{self, ConfigTree, Finding, ServiceConfig, Severity, SourceFile};
use thiserror::Error;

use crate::exit::Failure;

/// The files of a tree, as path in it and text, by path.
pub(crate) type Files = Vec<(String, String)>;

/// What of a directory cannot be read.
#[derive(Debug, Error)]
#[error("{path}: cannot read it: {source}")]
pub(crate) struct Unreadable {
    path: String,
    source: io::Error,
}

/// Reads the files of a tree: `DIR/defaults.toml` and `DIR/<cluster>/<service>.toml`.
pub(crate) fn read(dir: &Path) -> Result<Files, Unreadable> {
    let mut files = Vec::new();
    collect(dir, "", &mut files)?;
    files.sort();
    Ok(files)
}

/// What to say of a directory without config.
pub(crate) fn none_there(dir: &Path) -> String {
    format!(
        "{}: no config there (looked for defaults.toml and <cluster>/<service>.toml)",
        dir.display(),
    )
}

/// A finding with its file as the caller's shell finds it.
pub(crate) fn as_called(dir: &Path, finding: &Finding) -> Finding {
    let file = dir.join(&finding.file).display().to_string();
    Finding { file, ..finding.clone() }
}

/// Reads and checks a tree. Every finding goes to `err`; with an error among them nothing is returned, for half a config
/// is not what the team meant. `done`: what would have been done with it, as in `nothing was replayed`.
pub(crate) fn load(dir: &Path, done: &str, err: &mut impl Write) -> Result<ConfigTree, Failure> {
    let files = read(dir).map_err(|error| Failure::Unable(error.to_string()))?;
    if files.is_empty() {
        return Err(Failure::Usage(none_there(dir)));
    }
    let sources: Vec<_> = files.iter().map(|(path, text)| SourceFile { path, text }).collect();
    let loaded = config::load_tree(&sources);
    for finding in loaded.findings.iter().filter(|finding| finding.severity != Severity::Info) {
        let _ = writeln!(err, "{}", as_called(dir, finding));
    }
    loaded.tree.ok_or_else(|| {
        Failure::Config(format!("nothing was {done}: the config in {} has errors", dir.display()))
    })
}

/// The config of a service that has a file there.
pub(crate) fn of_service<'t>(
    tree: &'t ConfigTree,
    dir: &Path,
    service: &str,
) -> Result<&'t ServiceConfig, Failure> {
    let own = tree.services().find(|(name, _)| *name == service);
    own.map(|(_, config)| config).ok_or_else(|| {
        let dir = dir.display();
        Failure::Usage(format!("--service: there is no {dir}/{service}.toml"))
    })
}

/// At most one folder deep, as the layout has it; the rest is not config.
fn collect(dir: &Path, prefix: &str, files: &mut Files) -> Result<(), Unreadable> {
    let unusable =
        |path: &Path, source: io::Error| Unreadable { path: path.display().to_string(), source };
    for entry in fs::read_dir(dir).map_err(|error| unusable(dir, error))? {
        let path = entry.map_err(|error| unusable(dir, error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() && prefix.is_empty() && !name.starts_with('.') {
            collect(&path, &format!("{name}/"), files)?;
        } else if path.is_file() && name.ends_with(".toml") {
            let text = fs::read_to_string(&path).map_err(|error| unusable(&path, error))?;
            files.push((format!("{prefix}{name}"), text));
        }
    }
    Ok(())
}
