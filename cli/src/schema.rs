//! `steady schema`: the JSON Schema of the config files, for editors, and a page of all keys, for people.

use std::io::{self, Write};

use clap::ValueEnum;
use steady_core::config::{FileKind, reference, schema};

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
    /// The schema, or a page of all keys of both files.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// CLUSTER/SERVICE.toml.
    Service,
    /// The file defaults.toml.
    Defaults,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON Schema.
    Json,
    /// A page for people.
    Markdown,
}

/// Prints it.
pub(crate) fn run(args: &Args, out: &mut impl Write, _: &mut impl Write) -> Result<Exit, Failure> {
    if args.format == Format::Markdown {
        write!(out, "{}", reference())?;
        return Ok(Exit::Good);
    }
    let kind = match args.file {
        Kind::Service => FileKind::Service,
        Kind::Defaults => FileKind::Defaults,
    };
    let text = serde_json::to_string_pretty(&schema(kind));
    writeln!(out, "{}", text.map_err(|error| Failure::Output(io::Error::other(error)))?)?;
    Ok(Exit::Good)
}
