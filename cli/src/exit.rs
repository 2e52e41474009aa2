//! Exit codes, one meaning each.

use std::io;
use std::process::ExitCode;

use thiserror::Error;

/// The end of every `--help`.
pub const HELP: &str = "Exit codes: 0 done; 1 `check` found warnings only; 2 the answer is no: something is open (`status`), a rollback or override is refused, config has errors, something is to be changed (`plan`), an expectation of a scenario or a config is not met, the data allow no recommendation; 64 wrong call; 65 some input could not be read \
(the rest was done; each is named on stderr), or the config or the recorded load that was to be used has errors, or an expectation could not be played; 70 could not run (no credentials, AWS not answering).";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Good = 0,
    /// It ran, and there are warnings only.
    Warnings = 1,
    /// It ran, and the answer is no: something is open, a rollback or override is refused, config has errors, something is to be changed, an expectation is not met, the
    /// data allow no recommendation.
    No = 2,
    /// The arguments are wrong.
    Usage = 64,
    /// Some of the input could not be read; the rest was done.
    Input = 65,
    /// Could not run.
    Unable = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a run was given up.
#[derive(Debug, Error)]
pub enum Failure {
    /// Wrong arguments that only the run could notice.
    #[error("{0}")]
    Usage(String),
    /// The config, or the recorded load, has errors, which are printed already.
    #[error("{0}")]
    Config(String),
    /// It could not run: what it was to look at cannot be read, no credentials, AWS not answering, Steady not installed there.
    #[error("{0}")]
    Unable(String),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// The code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Config(_) => Exit::Input,
            Self::Unable(_) | Self::Output(_) => Exit::Unable,
        }
    }
}
