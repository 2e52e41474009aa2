//! The `steady` command: `check`, `schema`, `classify`, `replay`, `simulate`, `backtest` and `test`; and those that speak to AWS.
//!
//! One file per verb: its arguments and one function that can be called from tests. The result goes to stdout,
//! what is said about the input to stderr; exit codes are in [`exit`]. Nothing here decides anything: that is
//! `steady-core`.

mod backtest;
mod check;
mod checked;
mod classify;
mod colour;
mod configs;
mod documents;
pub mod exit;
mod files;
#[cfg(feature = "live")]
mod history;
mod input;
#[cfg(feature = "live")]
mod live;
mod order;
#[cfg(feature = "live")]
mod override_;
mod page;
#[cfg(feature = "live")]
mod pause;
#[cfg(feature = "live")]
mod plan;
mod print;
#[cfg(feature = "live")]
mod push;
pub mod replay;
#[cfg(feature = "live")]
mod rollback;
mod schema;
pub mod simulate;
#[cfg(feature = "live")]
mod status;
mod test;
#[cfg(feature = "live")]
mod why;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use exit::{Exit, Failure};

/// Keeps Amazon ECS services at steady state: check config, classify task stops, replay recorded events, simulate
/// scenarios, play a scaling config over recorded load.
#[derive(Debug, Parser)]
#[command(name = "steady", version, after_help = exit::HELP, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Args),
    Schema(schema::Args),
    Classify(classify::Args),
    Replay(replay::Args),
    Simulate(simulate::Args),
    Backtest(Box<backtest::Args>),
    Test(test::Args),
    #[cfg(feature = "live")]
    Plan(plan::Args),
    #[cfg(feature = "live")]
    Push(push::Args),
    #[cfg(feature = "live")]
    Status(status::Args),
    #[cfg(feature = "live")]
    History(history::Args),
    #[cfg(feature = "live")]
    Why(why::Args),
    #[cfg(feature = "live")]
    Rollback(rollback::Args),
    #[cfg(feature = "live")]
    Override(override_::Args),
    #[cfg(feature = "live")]
    Pause(pause::PauseArgs),
    #[cfg(feature = "live")]
    Resume(pause::ResumeArgs),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// JSON lines.
    Json,
}

/// Runs the command with these arguments (the program's name first). Questions are put to whoever sits at the terminal, if
/// stdin is one.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Not locked: other verbs read stdin themselves.
    let mut typed = io::stdin().is_terminal().then(|| BufReader::new(io::stdin()));
    run_with(args, typed.as_mut().map(|typed| typed as &mut dyn BufRead))
}

/// The same with `typed` as what a person types; `None`: nobody can be asked.
pub fn run_with(
    args: impl IntoIterator<Item = OsString>,
    typed: Option<&mut dyn BufRead>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors.
            let wrong = error.use_stderr();
            let _ = error.print();
            return if wrong { Exit::Usage } else { Exit::Good }.into();
        }
    };
    #[cfg(feature = "live")]
    let person = &mut live::Person::at(typed);
    #[cfg(not(feature = "live"))]
    let _ = typed;
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut err = io::stderr().lock();
    let done = match &cli.verb {
        Verb::Check(args) => check::run(args, &mut out, &mut err),
        Verb::Schema(args) => schema::run(args, &mut out, &mut err),
        Verb::Classify(args) => classify::run(args, &mut out, &mut err),
        Verb::Replay(args) => replay::run(args, &mut out, &mut err),
        Verb::Simulate(args) => simulate::run(args, &mut out, &mut err),
        Verb::Backtest(args) => backtest::run(args, &mut out, &mut err),
        Verb::Test(args) => test::run(args, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::Plan(args) => plan::run(args, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::Push(args) => push::run(args, person, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::Status(args) => status::run(args, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::History(args) => history::run(args, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::Why(args) => why::run(args, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::Rollback(args) => rollback::run(args, person, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::Override(args) => override_::run(args, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::Pause(args) => pause::pause(args, &mut out, &mut err),
        #[cfg(feature = "live")]
        Verb::Resume(args) => pause::resume(args, &mut out, &mut err),
    };
    let done = done.and_then(|exit| out.flush().map(|()| exit).map_err(Failure::from));
    match done {
        Ok(exit) => exit.into(),
        // `steady … | head` is a good way to look at much output.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Exit::Good.into()
        }
        Err(failure) => {
            let _ = writeln!(err, "steady: {failure}");
            failure.exit().into()
        }
    }
}
