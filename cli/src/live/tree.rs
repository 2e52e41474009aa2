//! The config tree that a command takes to AWS.

use std::io::Write;
use std::path::Path;

use steady_core::config::{self, ConfigTree, SourceFile};

use crate::Format;
use crate::check;
use crate::configs::{self, Files};
use crate::exit::Failure;

/// A tree without errors.
pub(crate) struct Checked {
    /// As they are in the directory.
    pub(crate) files: Files,
    /// What they say together.
    pub(crate) tree: ConfigTree,
}

/// Reads and checks a tree before AWS is asked anything. Findings go to `err` as `steady check` prints them, hints left out.
/// `undone`: what does not happen where there are errors, such as `nothing was planned`.
pub(crate) fn checked(
    dir: &Path,
    format: Format,
    undone: &str,
    err: &mut impl Write,
) -> Result<Checked, Failure> {
    let files = configs::read(dir).map_err(|error| Failure::Unable(error.to_string()))?;
    if files.is_empty() {
        return Err(Failure::Usage(configs::none_there(dir)));
    }
    let sources: Vec<_> = files.iter().map(|(path, text)| SourceFile { path, text }).collect();
    let config::Loaded { tree, mut findings } = config::load_tree(&sources);
    findings.retain(|finding| finding.severity != config::Severity::Info);
    check::print(dir, &files, &findings, format, err)?;
    match tree {
        Some(tree) => Ok(Checked { files, tree }),
        None => {
            Err(Failure::Config(format!("{undone}: the config in {} has errors", dir.display())))
        }
    }
}
