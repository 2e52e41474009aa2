//! A Python function of the same job, with an interpreter and boto3 of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Program;

/// Its interpreter, with what `requirements.txt` names; installed once.
///
/// # Errors
/// What does not work here: no Python, or no package index.
pub(crate) fn installed() -> Result<Program, String> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-python");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let interpreter = dir.join("bin/python3");
    if !interpreter.exists() {
        run(Command::new("python3").arg("-m").arg("venv").arg(&dir))?;
    }
    let wanted = source.join("requirements.txt");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(&interpreter).args(pip).arg(wanted))?;
    // Compiled ahead, as a package for Lambda would be.
    run(Command::new(&interpreter)
        .args(["-c", "import boto3; boto3.client('dynamodb', 'eu-west-1')"]))?;
    let args: Vec<PathBuf> = vec![source.join("function.py")];
    Ok(Program { name: "python", file: interpreter, args })
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.trim().lines().last().unwrap_or_default();
    Err(format!("{command:?}: {last}"))
}
