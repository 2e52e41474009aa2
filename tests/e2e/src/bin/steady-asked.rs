//! The `steady` command at which a person sits: what its stdin holds is what they type.

use std::io::{self, BufReader};
use std::process::ExitCode;

fn main() -> ExitCode {
    steady_cli::run_with(std::env::args_os(), Some(&mut BufReader::new(io::stdin())))
}
