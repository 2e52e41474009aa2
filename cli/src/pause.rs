//! `steady pause` and `steady resume`: the switch that stops everything.

use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use steady_core::config::Notify;
use steady_core::installation::Pause;
use steady_core::notice::words;
use steady_core::port::{KeepSwitch, Saved};
use steady_core::standalone::read_defaults;
use steady_core::switch::{Place as Told, Switch};

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::live::{self, Account, Place, Who, boxed};

/// Others may turn the switch at the same moment. More than so often in a row is no chance.
const TRIES: usize = 5;

/// Stop everything that Steady does by itself, in one account and region.
///
/// It goes on watching and telling. No rollback begins, no witnesses are started, no scaling is changed; what AWS has
/// taken already goes on. Every action reads the switch first, so it holds at once. A notice to the account's default
/// topic says who, until when and why.
#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    /// For how long: `30m`, `2h`, `1d`; without it until somebody resumes, with a reminder each day
    #[arg(long = "for", value_name = "DURATION", value_parser = live::duration)]
    lasts: Option<SignedDuration>,
    /// Why; stands in the notice
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Text, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: Place,
}

/// End a pause.
///
/// What was refused because of the pause is looked at again with each service's next event, or within an hour. A notice
/// says who resumed.
#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArgs {
    /// Text, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: Place,
}

/// What holds now, and what held before; the JSON output.
#[derive(Serialize)]
struct Turned<'a> {
    paused: Option<&'a Pause>,
    before: Option<&'a Pause>,
    region: &'a str,
}

pub(crate) fn pause(
    args: &PauseArgs,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    live::block_on(async {
        let account = args.place.open().await?;
        let person = args.who.person(&account).await?;
        let told = told(&account, person.account).await;
        let now = live::now();
        let until = args.lasts.and_then(|lasts| now.checked_add(lasts).ok()).map(whole);
        let (by, reason) = (Some(person.name), Some(args.reason.clone()));
        let pause = Pause { until, by, reason };
        let before = turn(&account, now, |switch| switch.pause(pause.clone(), &told, now)).await?;
        if args.format == Format::Json {
            print_json(out, &account, Some(&pause), before.as_ref())?;
            return Ok(Exit::Good);
        }
        writeln!(out, "Steady is paused in {} {}", account.region(), in_words(&pause))?;
        writeln!(
            out,
            "No rollback, no witnesses, no change of scaling; what AWS has taken before goes on."
        )?;
        if let Some(before) = before {
            writeln!(out, "Before, it was paused too: {}", in_words(&before))?;
        }
        writeln!(out, "A notice goes out within a minute.")?;
        if until.is_none() {
            let _ = writeln!(
                err,
                "steady: this pause has no end: no service is helped until somebody runs `steady resume` (`--for 2h` would end it by itself)",
            );
        }
        Ok(Exit::Good)
    })
}

pub(crate) fn resume(
    args: &ResumeArgs,
    out: &mut impl Write,
    _err: &mut impl Write,
) -> Result<Exit, Failure> {
    live::block_on(async {
        let account = args.place.open().await?;
        let person = args.who.person(&account).await?;
        let told = told(&account, person.account).await;
        let now = live::now();
        let before = turn(&account, now, |switch| {
            switch.resume(&person.name, &told, now);
        });
        let before = before.await?;
        if args.format == Format::Json {
            print_json(out, &account, None, before.as_ref())?;
            return Ok(Exit::Good);
        }
        match before {
            Some(before) => {
                writeln!(
                    out,
                    "Steady acts again in {}. It was paused {}",
                    account.region(),
                    in_words(&before)
                )?;
                writeln!(out, "A notice goes out within a minute.")?;
            }
            None => {
                writeln!(out, "Steady is not paused in {}; nothing was changed.", account.region())?
            }
        }
        Ok(Exit::Good)
    })
}

/// Turns the switch on whatever is stored by now; the pause that was in force before.
async fn turn(
    account: &Account<'_>,
    now: Timestamp,
    change: impl Fn(&mut Switch),
) -> Result<Option<Pause>, Failure> {
    let table = account.table();
    for _ in 0..TRIES {
        let loaded = boxed(table.load_switch()).await;
        let (known, version) = loaded.map_err(|error| account.failure(&error))?;
        let before = known.pause_at(now).cloned();
        let mut switch = known.clone();
        change(&mut switch);
        if switch == known {
            return Ok(before);
        }
        let saved = boxed(table.save_switch(&switch, version)).await;
        if saved.map_err(|error| account.failure(&error))? == Saved::Held {
            return Ok(before);
        }
    }
    Err(Failure::Unable(format!(
        "others turned the switch first, {TRIES} times in a row; nothing was changed by this command"
    )))
}

/// Where and how it is told. A pause must not fail because config cannot be read: then the default topic hears of it, as
/// text.
async fn told(account: &Account<'_>, id: Option<steady_core::name::Account>) -> Told {
    let defaults = boxed(read_defaults(&account.parameters())).await;
    let notify = defaults.map_or_else(|_| Notify::default(), |tree| tree.defaults.notify);
    Told { account: id, region: Some(account.region().into()), notify }
}

/// `by ana until 2026-11-21 04:00:00 UTC: migration`
pub(crate) fn in_words(pause: &Pause) -> String {
    let by = pause.by.as_ref().map(|by| format!("by {} ", words::cut(by, 100)));
    let until = match pause.until {
        Some(until) => format!("until {}", words::clock(until)),
        None => "until somebody resumes".to_owned(),
    };
    let reason = pause.reason.as_ref().map(|reason| format!(": {}", words::cut(reason, 200)));
    format!("{}{until}{}", by.unwrap_or_default(), reason.unwrap_or_default())
}

/// To the second, as it is shown.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn print_json(
    out: &mut impl Write,
    account: &Account<'_>,
    paused: Option<&Pause>,
    before: Option<&Pause>,
) -> Result<(), Failure> {
    crate::print::json_line(out, &Turned { paused, before, region: account.region() })?;
    Ok(())
}
