//! `steady why`: why a service scaled, or did not.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use steady_core::name::ServiceKey;
use steady_core::notice::words;
use steady_core::port::{ReadActivities, ReadAlarms, ReadFleet, ReadScaling};
use steady_core::scaling::{
    InForce, Place as At, Read, ScalableTarget, ScalingRecord, Suspended, Why, alarms_of, why,
};

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::live::{self, Account, Place, boxed};
use crate::override_;

/// Show why a service scaled, or did not: how it stands, then one timeline.
///
/// The head says what bounds hold and because of what, what is suspended, and which alarms of its policies ask for tasks. The timeline,
/// the newest last, has the scaling activities with their reasons for not scaling (AWS keeps them for six weeks), the last change of
/// each alarm, other bounds by windows, schedules and overrides, and the overrides that Steady remembers. Reads only.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cluster and service
    #[arg(value_name = "CLUSTER/SERVICE", value_parser = live::service)]
    service: ServiceKey,
    /// How far the timeline reaches back: `90m`, `24h`, `7d`
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = live::duration)]
    since: SignedDuration,
    /// Text, or JSON lines: the head, then one a moment
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(
    args: &Args,
    out: &mut impl Write,
    _err: &mut impl Write,
) -> Result<Exit, Failure> {
    live::block_on(async {
        let account = args.place.open().await?;
        let now = live::now();
        let since = now.checked_sub(args.since).unwrap_or(Timestamp::MIN);
        let (why, record) = read(&account, &args.service, since, now).await?;
        match args.format {
            Format::Json => {
                crate::print::json_line(out, &why)?;
                why.timeline.iter().try_for_each(|one| crate::print::json_line(out, one))?;
            }
            Format::Text => print(out, &why, &record, since)?,
        }
        Ok(Exit::Good)
    })
}

async fn read(
    account: &Account<'_>,
    service: &ServiceKey,
    since: Timestamp,
    now: Timestamp,
) -> Result<(Why, ScalingRecord), Failure> {
    let failure = |error| account.failure(&error);
    let scaling = account.aws.scaling();
    let record = override_::read(account, service).await?;
    let live = boxed(scaling.live_scaling(service)).await.map_err(failure)?;
    if record.is_none() && live.desired_count.is_none() {
        return Err(account.unknown(service));
    }
    let record = record.unwrap_or_else(|| ScalingRecord::new(service.clone()));
    let ecs = account.aws.ecs();
    let standing = boxed(ecs.standing(std::slice::from_ref(service))).await.map_err(failure)?;
    let running = standing.first().and_then(|one| u32::try_from(one.running_count).ok());
    let activities = boxed(scaling.scaling_activities(service, since)).await.map_err(failure)?;
    let names = alarms_of(&live);
    let alarms = boxed(account.aws.alarms().alarm_standings(&names)).await.map_err(failure)?;
    let (activities, alarms) = (activities.as_slice(), alarms.as_slice());
    let why = why(&Read { record: &record, live: &live, running, activities, alarms }, since, now);
    Ok((why, record))
}

fn print(
    out: &mut impl Write,
    why: &Why,
    record: &ScalingRecord,
    since: Timestamp,
) -> io::Result<()> {
    let count = |count: Option<u32>| count.map_or_else(|| "?".to_owned(), |it| it.to_string());
    let place = match (why.place, why.desired) {
        (_, None) => "ECS does not know it, or its counts could not be read",
        (At::Unscaled, _) => "no scalable target: nothing scales it",
        (At::AtMax, _) => "at max: nothing adds tasks",
        (At::AtMin, _) => "at min: nothing takes tasks away",
        (At::Fixed, _) => "min is max: nothing scales it",
        (At::Between, _) => "between its bounds",
    };
    let (running, desired) = (count(why.running), count(why.desired));
    writeln!(out, "{}: {running} of {desired} tasks running; {place}\n", why.service)?;
    for (label, text) in head(why, record) {
        writeln!(out, "{label:<12}{text}")?;
    }
    writeln!(out)?;
    if why.timeline.is_empty() {
        writeln!(out, "nothing has scaled it, or tried to, since {}", words::clock(since))?;
    }
    for moment in &why.timeline {
        let (at, what) = (words::clock(moment.at), &moment.what);
        writeln!(out, "{at}  {:<10}  {what}", what.label())?;
    }
    Ok(())
}

fn head(why: &Why, record: &ScalingRecord) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(ScalableTarget { bounds, suspended }) = why.live {
        lines.push(("Bounds", format!("{} to {} tasks are live", bounds.min, bounds.max)));
        let suspended = suspended_words(suspended);
        if !suspended.is_empty() {
            lines.push(("Suspended", suspended.join(", ")));
        }
    }
    match &why.in_force {
        None => lines.push(("Steady", "does not manage its scaling".to_owned())),
        Some(in_force) => lines.extend(wanted(why, record, in_force)),
    }
    for alarm in &why.alarms {
        let since = alarm.since.map(|at| format!(" since {}", words::clock(at)));
        let (state, policy, name) = (alarm.state, &alarm.policy, &alarm.name);
        let text = format!("{state}{}: {name}, of policy {policy}", since.unwrap_or_default());
        lines.push(("Alarm", text));
    }
    lines
}

/// What Steady wants, and because of what.
fn wanted(why: &Why, record: &ScalingRecord, in_force: &InForce) -> Vec<(&'static str, String)> {
    let InForce { bounds, min_by, max_by, suspended, window, overrides, changes_at } = in_force;
    let mut lines = Vec::new();
    let by = if min_by == max_by {
        format!("{min_by}")
    } else {
        format!("min by {min_by}, max by {max_by}")
    };
    lines.push(("Wanted", format!("{} to {} tasks: {by}", bounds.min, bounds.max)));
    let is_live = why.live.is_some_and(|it| it.bounds == *bounds && it.suspended == *suspended);
    if !is_live {
        let text = "what is live differs: Steady changes it within 15 minutes, unless it is paused or was refused (`steady plan`)";
        lines.push(("", text.to_owned()));
    }
    if let Some(window) = window {
        lines.push(("Window", format!("`{window}` is open")));
    }
    for id in overrides {
        if let Some(one) = record.overrides.iter().find(|one| one.id == *id) {
            lines.push(("Overridden", crate::override_::in_words(one)));
        }
    }
    if let Some(at) = changes_at {
        lines.push(("Changes", format!("at {}", words::clock(*at))));
    }
    lines
}

fn suspended_words(suspended: Suspended) -> Vec<&'static str> {
    let Suspended { dynamic_scaling_in, dynamic_scaling_out, scheduled_scaling } = suspended;
    [
        (dynamic_scaling_in, "scale-in"),
        (dynamic_scaling_out, "scale-out"),
        (scheduled_scaling, "scheduled scaling (Steady sets the bounds itself meanwhile)"),
    ]
    .into_iter()
    .filter_map(|(is, what)| is.then_some(what))
    .collect()
}
