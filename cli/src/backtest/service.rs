//! `--service`: the load of a service that runs, fetched from CloudWatch, and how it is scaled today.
//!
//! ```text
//! config ─ core ─▶ which metrics ─ GetMetricData ─▶ a value a period: load, running tasks ─▶ --save
//! Application Auto Scaling ─ core ─▶ what is live, as a config: a run beside the config's
//! ```

use std::path::{Path, PathBuf};

use clap::ValueHint;
use jiff::{SignedDuration, Timestamp};
use steady_core::config::{MetricStat, Scaling};
use steady_core::name::ServiceKey;
use steady_core::port::{ReadMetrics, ReadScaling};
use steady_core::scaling::{
    LiveScaling, MetricAlarm, Series, came_in, cpu_samples, period_kept, running_tasks, today,
    utilization,
};
use steady_sim::scaling::{Assumptions, AutoScaling};

use super::demand::{Measure, Running};
use super::load::{self, Recorded};
use super::play::Live;
use super::text::clock;
use crate::exit::Failure;
use crate::files;
use crate::live::{self, Account, Place, boxed};

/// Which service, and how much of its past.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "A service that runs")]
pub(super) struct Service {
    /// Fetch the load from CloudWatch, instead of --load: with --per-task the requests or messages that came for what the config
    /// tracks, else CPU utilization and how many tasks ran. How the service is scaled today is played beside the config.
    #[arg(long, value_name = "CLUSTER/SERVICE", value_parser = live::service)]
    pub(super) service: Option<ServiceKey>,
    /// So many days: up to 14 by the minute, up to 62 by 5 minutes, up to 454 by the hour, as CloudWatch keeps them.
    #[arg(long, value_name = "COUNT", default_value_t = 14, requires = "service",
          value_parser = clap::value_parser!(u32).range(1..=454))]
    days: u32,
    /// Keep what was fetched, for --load; the running tasks, for --running, in a file beside it: `FILE-running`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "service")]
    save: Option<PathBuf>,
    /// Profile of the AWS CLI, with access keys or a role to assume.
    #[arg(long, value_name = "NAME", env = "AWS_PROFILE", hide_env_values = true)]
    profile: Option<String>,
}

/// What is to be known of the load.
#[derive(Debug)]
pub(super) enum Wanted {
    /// What came, of which a task carries so many a minute.
    Counted(f64),
    /// CPU utilization, while so many tasks ran.
    Cpu(Running),
    /// CPU utilization, and how many tasks ran.
    Utilized,
}

/// What was fetched.
#[derive(Debug)]
pub(super) struct Fetched {
    /// `RequestCount of app/web/0a/targetgroup/web/1b in eu-west-1`
    pub(super) name: String,
    pub(super) recorded: Recorded,
    pub(super) measure: Measure,
    pub(super) live: Live,
    /// What else is to be known of it.
    pub(super) notes: Vec<String>,
}

impl Service {
    /// The region that is called.
    pub(super) fn region(&self, given: Option<&str>) -> Result<String, Failure> {
        let place = Place::of(self.profile.as_deref(), given);
        live::block_on(async { Ok(place.open().await?.region().to_owned()) })
    }

    /// Fetches the load of `service` for this config, and how it is scaled today; keeps the load if that was asked for.
    pub(super) fn fetch(
        &self,
        service: &ServiceKey,
        region: &str,
        (config, wanted): (&Scaling, Wanted),
        (assumed, gaps_are_zero): (&Assumptions, bool),
        progress: impl Fn(usize, usize),
    ) -> Result<Fetched, Failure> {
        let place = Place::of(self.profile.as_deref(), Some(region));
        let mut fetched = live::block_on(async {
            let account = place.open().await?;
            let now = live::now();
            let (live, notes) = read_live(&account, service, now).await?;
            let span = Span::of(self.days, now)?;
            let (metrics, name) = metrics(service, config, &live, &wanted)?;
            let series = read_series(&account, &metrics, span, progress).await?;
            let name = format!("{name} in {region}");
            let at_capacity = assumed.utilization_at_capacity;
            let taking = Taking { name, metrics, span, at_capacity, gaps_are_zero };
            taking.fetched((&series, wanted), config, live, notes)
        })?;
        if let Some(path) = &self.save {
            fetched.notes.push(save(path, &fetched)?);
        }
        Ok(fetched)
    }
}

/// Which periods are fetched.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    /// Seconds.
    period: u32,
    periods: u32,
}

/// So old is the newest period at least: of the latest minutes CloudWatch has what has come so far, which may be half.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Periods in a call: of three metrics far below the 100,800 values with which one may answer, so that each is soon there.
const PERIODS_A_CALL: u32 = 1440;

impl Span {
    fn of(days: u32, now: Timestamp) -> Result<Self, Failure> {
        let none = || Failure::Usage(format!("--days: CloudWatch keeps nothing for {days} days"));
        let period = period_kept(days).ok_or_else(none)?;
        let settled = now.as_second() - SETTLED_AFTER.as_secs();
        let until = settled - settled.rem_euclid(i64::from(period));
        let from = Timestamp::from_second(until - i64::from(days) * 86_400).map_err(|_| none())?;
        Ok(Self { from, period, periods: days.saturating_mul(86_400 / period) })
    }

    fn at(&self, periods: u32) -> Timestamp {
        let seconds = i64::from(periods) * i64::from(self.period);
        self.from.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(self.from)
    }

    /// One value a period; `NaN` where there is none.
    fn values(&self, series: &Series) -> Vec<f64> {
        let mut values = vec![f64::NAN; self.periods as usize];
        for (at, value) in series {
            let since = (at.as_second() - self.from.as_second()) / i64::from(self.period);
            let slot = usize::try_from(since).ok().and_then(|slot| values.get_mut(slot));
            slot.into_iter().for_each(|slot| *slot = *value);
        }
        values
    }
}

/// How the service is scaled today, and what of that is not played.
async fn read_live(
    account: &Account<'_>,
    service: &ServiceKey,
    now: Timestamp,
) -> Result<(Live, Vec<String>), Failure> {
    let failure = |error| account.failure(&error);
    let scaling = account.aws.scaling();
    let live = boxed(scaling.live_scaling(service)).await.map_err(failure)?;
    let Some(tasks) = live.desired_count else {
        return Err(Failure::Unable(format!(
            "ECS has no active service `{service}` in {}: is that its cluster and name, and the region?",
            account.region(),
        )));
    };
    let named = names_of_alarms(&live);
    let named = boxed(account.aws.alarms().named(&named)).await.map_err(failure)?;
    let alarms: Vec<MetricAlarm> = live.alarms.iter().cloned().chain(named).collect();
    Ok(match today(service, &live, &alarms, now) {
        Some(today) => {
            let notes = today.untold.iter().map(|untold| format!("live: left out: {untold}"));
            (Live::Scaled(Box::new(today.scaling)), notes.collect())
        }
        None => {
            let tasks_of = if tasks == 1 { "task" } else { "tasks" };
            let note = format!(
                "live: it has no scalable target, so nothing scales it today: played at its {tasks} {tasks_of} all the time"
            );
            (Live::Fixed(tasks), vec![note])
        }
    })
}

/// The alarms that call its policies and are not read yet.
fn names_of_alarms(live: &LiveScaling) -> Vec<String> {
    let is_new = |name: &&String| live.alarms.iter().all(|alarm| alarm.name != **name);
    let steps = live.policies.iter().filter(|one| one.policy.is_step());
    let mut names: Vec<String> =
        steps.flat_map(|one| &one.alarms).filter(is_new).cloned().collect();
    names.sort();
    names.dedup();
    names
}

/// What is asked of CloudWatch, and what that is called.
fn metrics(
    service: &ServiceKey,
    config: &Scaling,
    live: &Live,
    wanted: &Wanted,
) -> Result<(Vec<MetricStat>, String), Failure> {
    let cpu = utilization(service, "CPUUtilization");
    let name = format!("CPUUtilization of {service}");
    match wanted {
        Wanted::Cpu(_) => Ok((vec![cpu], name)),
        Wanted::Utilized => Ok((vec![cpu, running_tasks(service), cpu_samples(service)], name)),
        Wanted::Counted(_) => {
            let stat = came_in(config).or_else(|| match live {
                Live::Scaled(live) => came_in(live),
                Live::Fixed(_) => None,
            });
            let stat = stat.ok_or_else(|| {
                Failure::Usage(
                    "--per-task: neither the config nor what is live tracks requests, messages or a metric of its own, so what came \
                     is not known: leave --per-task out to take CPU utilization, or give the load with --load"
                        .to_owned(),
                )
            })?;
            let of: Vec<&str> = stat.dimensions.values().map(String::as_str).collect();
            let name = format!("{} of {}", stat.metric_name, of.join("/"));
            Ok((vec![stat], name))
        }
    }
}

async fn read_series(
    account: &Account<'_>,
    metrics: &[MetricStat],
    span: Span,
    progress: impl Fn(usize, usize),
) -> Result<Vec<Series>, Failure> {
    let of = account.aws.metrics();
    let mut all: Vec<Series> = vec![Series::new(); metrics.len()];
    let mut done = 0;
    while done < span.periods {
        let next = done.saturating_add(PERIODS_A_CALL).min(span.periods);
        progress(done as usize, span.periods as usize);
        let part = boxed(of.series(metrics, span.period, span.at(done), span.at(next))).await;
        let part = part.map_err(|error| account.failure(&error))?;
        all.iter_mut().zip(part).for_each(|(all, part)| all.extend(part));
        done = next;
    }
    progress(span.periods as usize, span.periods as usize);
    Ok(all)
}

/// Makes of answers what is played.
struct Taking {
    name: String,
    metrics: Vec<MetricStat>,
    span: Span,
    /// Percent, of a task that carries what it can.
    at_capacity: f64,
    gaps_are_zero: bool,
}

impl Taking {
    fn fetched(
        self,
        (series, wanted): (&[Series], Wanted),
        config: &Scaling,
        live: Live,
        mut notes: Vec<String>,
    ) -> Result<Fetched, Failure> {
        let load = series.first().map(|series| self.span.values(series)).unwrap_or_default();
        let below = load.iter().find(|value| **value < 0.0);
        if let Some(below) = below {
            let why = format!(
                "nothing was played: {} was {below}, and a load is never below 0",
                self.name
            );
            return Err(Failure::Config(why));
        }
        let recorded = self.recorded(load, self.gaps_are_zero).ok_or_else(|| self.nothing())?;
        let at_capacity = self.at_capacity;
        let measure = match (wanted, series) {
            (Wanted::Counted(per_task), _) => Measure::Counted { per_task },
            (Wanted::Cpu(running), _) => Measure::Utilization { running, at_capacity },
            (Wanted::Utilized, [_, counted, sampled]) => {
                let (tasks, note) = self.running(counted, sampled, config, &live)?;
                notes.insert(0, note);
                Measure::Utilization { running: Running::Recorded(tasks), at_capacity }
            }
            (Wanted::Utilized, _) => return Err(self.nothing()),
        };
        Ok(Fetched { name: self.name, recorded, measure, live, notes })
    }

    fn recorded(&self, values: Vec<f64>, gaps_are_zero: bool) -> Option<Recorded> {
        load::of_periods(self.span.from, self.span.period, values, gaps_are_zero)
    }

    /// How many tasks ran, and by what that is known.
    fn running(
        &self,
        counted: &Series,
        sampled: &Series,
        config: &Scaling,
        live: &Live,
    ) -> Result<(Recorded, String), Failure> {
        if let Some(tasks) = self.recorded(self.span.values(counted), false) {
            let note = "running tasks are `RunningTaskCount` of Container Insights".to_owned();
            return Ok((tasks, note));
        }
        let is_fine = |config: &Scaling| AutoScaling::step_seconds(config) < 60;
        let unknown = |why: &str| {
            Failure::Unable(format!(
                "how many tasks ran is not known: the cluster had no Container Insights, {why}. Give it with --running COUNT or --running FILE"
            ))
        };
        if is_fine(config) || matches!(live, Live::Scaled(live) if is_fine(live)) {
            return Err(unknown("and of metrics by 20 s the number of samples does not tell"));
        }
        let minutes = f64::from(self.span.period) / 60.0;
        let tasks = self.span.values(sampled).into_iter().map(|samples| samples / minutes);
        let tasks = self.recorded(tasks.collect(), false);
        let tasks = tasks.ok_or_else(|| unknown("and CloudWatch counts no samples"))?;
        let note = "the cluster has no Container Insights: running tasks are the samples of `CPUUtilization`, one a task and minute";
        Ok((tasks, note.to_owned()))
    }

    fn nothing(&self) -> Failure {
        let since = clock(self.span.from);
        let stat = self.metrics.first();
        let namespace = stat.map_or("CloudWatch", |stat| stat.namespace.as_str());
        Failure::Unable(format!(
            "CloudWatch has fewer than two values of {} ({namespace}) since {since}: has the service run since, and does the config track what is its own?",
            self.name,
        ))
    }
}

/// Writes what was fetched; what to say of it.
fn save(path: &Path, fetched: &Fetched) -> Result<String, Failure> {
    let write =
        |path: &Path, recorded: &Recorded| files::write("--save", path, &load::csv_of(recorded));
    write(path, &fetched.recorded)?;
    let running = match &fetched.measure {
        Measure::Counted { per_task } => format!("--per-task {per_task}"),
        Measure::Utilization { running: Running::Always(tasks), .. } => {
            format!("--running {tasks}")
        }
        Measure::Utilization { running: Running::Recorded(tasks), .. } => {
            let beside = beside(path);
            write(&beside, tasks)?;
            format!("--running {}", beside.display())
        }
    };
    Ok(format!("the load is kept: `--load {} {running}` plays it again", path.display()))
}

/// `cpu.csv` → `cpu-running.csv`
fn beside(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-running.{}", extension.to_string_lossy()),
        None => format!("{stem}-running"),
    };
    path.with_file_name(name)
}
