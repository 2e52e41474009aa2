//! `steady push`: a config tree becomes the live config, one parameter a file.

mod differ;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueHint;
use serde::Serialize;
use steady_aws::parameters::{Parameters, StoredFile};
use steady_core::name::ServiceKey;
use steady_core::port::{ListRecords, PortError, ReadConfig};
use steady_core::record::Whose;
use steady_core::scaling::ScalingRecord;

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::live::{self, Account, Person, Place, boxed};
use differ::{DEFAULTS, Difference, Does, Pushed, Wanted, changed_lines, compare};

/// Between two calls: Parameter Store's rate is shared with everything in the account, secrets of starting tasks included, and
/// Steady takes four calls a second of it.
const BETWEEN_CALLS: Duration = Duration::from_millis(250);

/// Write a config tree to the account: one parameter for each file that differs.
///
/// Reads DIR as `check` does; with errors in it nothing is written. You see what will be written, and are asked. A parameter that
/// somebody changes meanwhile is not written over, but named (exit code 2): push again. Steady applies what is written within a minute.
/// A parameter without a file stays: absence removes nothing. With `--prune` it becomes `remove = true` first, so that Steady takes
/// back what it made; pushed again with `--prune` once that is done, it is deleted. Exits with 0 if all is written or nothing differs, 2 if you
/// decline, if more would be removed than `--prune-at-most` allows, or with `--dry-run` if something differs, 65 if the config has errors.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The config: DIR/defaults.toml and DIR/CLUSTER/SERVICE.toml
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// Remove the scaling of services that have no file any more, then their parameters
    #[arg(long)]
    prune: bool,
    /// With --prune and --yes: if the scaling of more services would be removed, nothing is written. A wrong DIR has few of the files
    #[arg(long, value_name = "COUNT", default_value_t = 5, requires = "prune")]
    prune_at_most: usize,
    /// Show what would be written, and write nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Text, or JSON lines: one a parameter that differs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// What came of one parameter; a JSON line.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    /// `null`: it is left as it is.
    does: Option<Does>,
    /// The version that was there; `null`: none.
    was: Option<u64>,
    /// `would`, `done`, `declined`, `left` (it has no file), `overtaken` (not written: somebody has changed it meanwhile) or `written-over` (what somebody else wrote in the same second).
    outcome: &'static str,
    /// The version that is there now, as far as that is known.
    version: Option<u64>,
    why: Option<&'a str>,
}

pub(crate) fn run(
    args: &Args,
    person: &mut Person<'_>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    if !args.yes && !args.dry_run && !person.is_there() {
        return Err(Failure::Usage(
            "there is no terminal to ask on: `--yes` writes without asking, `--dry-run` writes nothing".to_owned(),
        ));
    }
    let files = live::checked(&args.dir, args.format, "nothing was written", err)?.files;
    let wanted = Wanted::of(&files);
    live::block_on(async {
        let account = args.place.open().await?;
        let parameters = account.parameters();
        let stored = boxed(list(&parameters)).await;
        let stored = stored.map_err(|error| account.failure(&error))?;
        let managed = if args.prune { Some(managed(&account).await?) } else { None };
        let pushed = compare(&wanted, &stored, managed.as_deref());
        let mut push = Push { args, account: &account, parameters, out };
        push.show(&pushed)?;
        // Who is asked sees what of; stdout is for the machine then.
        if args.format == Format::Json && !args.yes && !args.dry_run {
            show(err, &pushed)?;
        }
        if pushed.writes.is_empty() {
            return Ok(Exit::Good);
        }
        if args.dry_run {
            return push.is_not_written(&pushed, "would");
        }
        let removed = pushed.count(&[Does::Remove]);
        if args.yes && removed > args.prune_at_most {
            let _ = writeln!(
                err,
                "steady: services whose scaling would be removed: {removed}; without a question it is {} at most. If {} is all of your \
                 config, say `--prune-at-most {removed}`",
                args.prune_at_most,
                args.dir.display(),
            );
            return push.is_not_written(&pushed, "declined");
        }
        if !args.yes && !person.wants(&pushed.question(), push.out, err)? {
            return push.is_not_written(&pushed, "declined");
        }
        push.write(&pushed, err).await
    })
}

/// All that is there, four pages a second.
async fn list(parameters: &Parameters) -> Result<Vec<StoredFile>, PortError> {
    let (mut files, mut token) = (Vec::new(), None);
    loop {
        let page = parameters.page(token.as_deref()).await?;
        files.extend(page.items);
        token = page.next;
        if token.is_none() {
            return Ok(files);
        }
        tokio::time::sleep(BETWEEN_CALLS).await;
    }
}

/// Whose scaling Steady manages, by its records.
async fn managed(account: &Account<'_>) -> Result<Vec<ServiceKey>, Failure> {
    let records = boxed(account.table().records()).await;
    let records = records.map_err(|error| account.failure(&error))?;
    let mut managed = Vec::new();
    for (whose, stored) in records {
        let Whose::Scaling(service) = whose else { continue };
        let record = ScalingRecord::restore(&stored).map_err(|error| {
            let what = live::not_understood(&service, &error);
            Failure::Unable(format!("{what} Nothing was written"))
        })?;
        if record.managed.is_some() {
            managed.push(service);
        }
    }
    Ok(managed)
}

struct Push<'a, O> {
    args: &'a Args,
    account: &'a Account<'a>,
    parameters: Parameters,
    out: &'a mut O,
}

impl<O: Write> Push<'_, O> {
    fn show(&mut self, pushed: &Pushed<'_>) -> Result<(), Failure> {
        let out = &mut *self.out;
        if self.args.format == Format::Json {
            for left in &pushed.left {
                let (name, was, why) = (left.name, Some(left.version), Some(left.why));
                let line = Line { name, does: None, was, outcome: "left", version: was, why };
                crate::print::json_line(out, &line)?;
            }
            return Ok(());
        }
        show(out, pushed)?;
        Ok(())
    }

    fn is_not_written(
        &mut self,
        pushed: &Pushed<'_>,
        outcome: &'static str,
    ) -> Result<Exit, Failure> {
        match self.args.format {
            Format::Json => {
                for write in &pushed.writes {
                    let Difference { name, does, was, .. } = *write;
                    let does = Some(does);
                    let line = Line { name, does, was, outcome, version: was, why: None };
                    crate::print::json_line(self.out, &line)?;
                }
            }
            Format::Text => writeln!(self.out, "Nothing was written.")?,
        }
        Ok(Exit::No)
    }

    async fn write(&mut self, pushed: &Pushed<'_>, err: &mut impl Write) -> Result<Exit, Failure> {
        let mut exit = Exit::Good;
        for (at, write) in pushed.writes.iter().enumerate() {
            let wrote = match self.write_one(write).await {
                Ok(wrote) => wrote,
                Err(error) => {
                    let _ = writeln!(
                        err,
                        "steady: {at} of {} were done before `{}` failed; push again, and only the rest is written",
                        pushed.writes.len(),
                        write.name,
                    );
                    return Err(self.account.failure(&error));
                }
            };
            if !matches!(wrote, Wrote::Version(_) | Wrote::Deleted) {
                exit = Exit::No;
            }
            self.tell(write, &wrote)?;
        }
        if self.args.format == Format::Text {
            let dir = self.args.dir.display();
            writeln!(
                self.out,
                "Steady takes it in within a minute: `steady plan {dir}` shows what of the scaling is still to be changed, `steady status CLUSTER/SERVICE` whether a config was rejected."
            )?;
        }
        Ok(exit)
    }

    /// PutParameter has no condition: what is there is looked at just before, and its version afterwards.
    async fn write_one(&self, write: &Difference<'_>) -> Result<Wrote, PortError> {
        tokio::time::sleep(BETWEEN_CALLS).await;
        let there = match write.name {
            DEFAULTS => boxed(self.parameters.defaults()).await?,
            name => boxed(self.parameters.config_files(&name.into())).await?.service,
        };
        if there.as_deref() != write.was.map(|_| write.old) {
            return Ok(Wrote::Overtaken);
        }
        tokio::time::sleep(BETWEEN_CALLS).await;
        if write.does == Does::Delete {
            boxed(self.parameters.delete(&[write.name.to_owned()])).await?;
            return Ok(Wrote::Deleted);
        }
        let version = boxed(self.parameters.put(write.name, write.new)).await?;
        Ok(if version == write.was.unwrap_or(0) + 1 {
            Wrote::Version(version)
        } else {
            Wrote::Over(version)
        })
    }

    fn tell(&mut self, write: &Difference<'_>, wrote: &Wrote) -> io::Result<()> {
        let Difference { name, does, was, .. } = *write;
        let (outcome, version) = match wrote {
            Wrote::Version(version) => ("done", Some(*version)),
            Wrote::Deleted => ("done", None),
            Wrote::Overtaken => ("overtaken", None),
            Wrote::Over(version) => ("written-over", Some(*version)),
        };
        if self.args.format == Format::Json {
            let line = Line { name, does: Some(does), was, outcome, version, why: None };
            return crate::print::json_line(self.out, &line);
        }
        match wrote {
            Wrote::Version(version) => writeln!(self.out, "{name}: written, version {version}"),
            Wrote::Deleted => writeln!(self.out, "{name}: deleted"),
            Wrote::Overtaken => writeln!(
                self.out,
                "{name}: not written: somebody has changed the parameter meanwhile; push again to see what differs now"
            ),
            Wrote::Over(version) => writeln!(
                self.out,
                "{name}: written, version {version}, over what somebody else wrote in the same second: `aws ssm get-parameter-history` shows it"
            ),
        }
    }
}

/// What will be written, and what is left, in words.
fn show(out: &mut impl Write, pushed: &Pushed<'_>) -> io::Result<()> {
    for write in &pushed.writes {
        let sign = write.does.sign();
        writeln!(out, "{sign} {} ({})", write.name, write.does.in_words(write.was))?;
        if write.does == Does::Change {
            for line in changed_lines(write.old, write.new) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    if pushed.writes.is_empty() {
        writeln!(out, "Nothing to write: the parameters are as the files")?;
    } else {
        writeln!(out, "\n{}", pushed.sum())?;
    }
    for left in &pushed.left {
        writeln!(out, "Left as it is: {} ({})", left.name, left.why)?;
    }
    Ok(())
}

/// What came of a write.
enum Wrote {
    Version(u64),
    Deleted,
    /// Not written: it is not what it was when it was shown.
    Overtaken,
    /// Written, and something between that nobody has seen is not there any more.
    Over(u64),
}
