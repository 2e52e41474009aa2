//! `steady schema`: the JSON Schema of the config files, for editors.

use std::io::{self, Write};

use clap::ValueEnum;
use steady_core::config::{FileKind, schema};

use crate::exit::{Exit, Failure};

/// Print the JSON Schema of the config files, so that editors complete and check them.
///
/// Draft 7, which Taplo and the editors built on it know. It says which keys there are, what form their values have
/// and what they mean; what must fit together (bounds, steps, windows) is for `steady check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which of the files.
    #[arg(value_enum, default_value_t = Kind::Service)]
    file: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// CLUSTER/SERVICE.toml.
    Service,
    /// The file defaults.toml.
    Defaults,
}

/// Prints it.
pub(crate) fn run(args: &Args, out: &mut impl Write, _: &mut impl Write) -> Result<Exit, Failure> {
    let kind = match args.file {
        Kind::Service => FileKind::Service,
        Kind::Defaults => FileKind::Defaults,
    };
    let text = serde_json::to_string_pretty(&schema(kind));
    writeln!(out, "{}", text.map_err(|error| Failure::Output(io::Error::other(error)))?)?;
    Ok(Exit::Good)
}
