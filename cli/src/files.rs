//! Files that people ask for beside what is printed.

use std::fs;
use std::path::Path;

use crate::exit::Failure;

/// Writes the file that an option names: `--html`.
///
/// # Errors
/// [`Failure::Unable`] names option and file.
pub(crate) fn write(option: &str, path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| {
        Failure::Unable(format!("{option}: cannot write {}: {error}", path.display()))
    })
}
