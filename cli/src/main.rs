//! The `steady` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    steady_cli::run(std::env::args_os())
}
