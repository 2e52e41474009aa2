//! The format as tables: every key of a file with its reader, and every check across keys.
//!
//! A new key is a line in [`TOP`], [`HEALTH`] or [`NOTIFY`]; a new check across keys a line in [`ACROSS`].

use std::ops::RangeInclusive;

use jiff::SignedDuration;

use super::finding::{Severity, nearest, quoted};
use super::read::{Flaw, Item, Reader};
use super::{Health, NoticeFormat, Notify, RollbackMode, ServiceConfig, Witness};

/// A key of the format.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Reads the value into its place in the layer.
    pub(super) read: fn(&mut Reader<'_>, &Item<'_>, &mut Layer),
}

/// What kind of file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// `defaults.toml`
    Defaults,
    /// `<cluster>/<service>.toml`, as `cluster/service`.
    Service(String),
    /// Neither; its content is checked all the same.
    Misnamed,
}

/// What one file says, field by field: `None` where it says nothing, or nothing valid.
#[derive(Debug, Default)]
pub(super) struct Layer {
    team: Option<String>,
    rollback: Option<RollbackMode>,
    witness: Option<Witness>,
    rollback_window: Option<SignedDuration>,
    deadline: Option<SignedDuration>,
    soak: Option<SignedDuration>,
    rollback_alarms: Option<Vec<String>>,
    topic: Option<String>,
    format: Option<NoticeFormat>,
    pub(super) standalone_tasks: Option<Vec<String>>,
    pub(super) not_yet_applied: Vec<String>,
}

impl Layer {
    /// The config of a service whose file this is, where `base` holds for what the file does not say.
    pub(super) fn over(&self, base: &ServiceConfig) -> ServiceConfig {
        let (health, notify) = (&base.health, &base.notify);
        let alarms = self.rollback_alarms.as_ref();
        ServiceConfig {
            team: self.team.as_ref().or(base.team.as_ref()).cloned(),
            health: Health {
                rollback: self.rollback.unwrap_or(health.rollback),
                witness: self.witness.unwrap_or(health.witness),
                rollback_window: self.rollback_window.unwrap_or(health.rollback_window),
                deadline: self.deadline.unwrap_or(health.deadline),
                soak: self.soak.unwrap_or(health.soak),
                rollback_alarms: alarms.unwrap_or(&health.rollback_alarms).clone(),
            },
            notify: Notify {
                topic: self.topic.as_ref().or(notify.topic.as_ref()).cloned(),
                format: self.format.unwrap_or(notify.format),
            },
            scaling: base.scaling.clone(),
        }
    }
}

/// Above the first section. The sections of scaling are accepted by name and not read.
pub(super) const TOP: &[Key] = &[
    Key { name: "team", read: |file, item, to| to.team = file.text(item, check_team) },
    Key { name: "health", read: |file, item, to| file.table(item, HEALTH, to) },
    Key { name: "notify", read: |file, item, to| file.table(item, NOTIFY, to) },
    not_yet_applied("capacity"),
    not_yet_applied("target_tracking"),
    not_yet_applied("step"),
    not_yet_applied("step_scaling"),
    not_yet_applied("scheduled"),
    not_yet_applied("scheduled_action"),
    not_yet_applied("window"),
    not_yet_applied("predictive"),
    not_yet_applied("predictive_scaling"),
    not_yet_applied("surge"),
    not_yet_applied("expect"),
    not_yet_applied("adopt"),
    not_yet_applied("remove"),
];

/// `[health]`
const HEALTH: &[Key] = &[
    Key {
        name: "rollback",
        read: |file, item, to| to.rollback = file.one_of(item, ROLLBACK_MODES),
    },
    Key { name: "witness", read: |file, item, to| to.witness = file.one_of(item, WITNESSES) },
    Key {
        name: "rollback_window",
        read: |file, item, to| to.rollback_window = file.duration(item, &ROLLBACK_WINDOW),
    },
    Key { name: "deadline", read: |file, item, to| to.deadline = file.duration(item, &DEADLINE) },
    Key { name: "soak", read: |file, item, to| to.soak = file.duration(item, &SOAK) },
    Key {
        name: "rollback_alarms",
        read: |file, item, to| to.rollback_alarms = file.texts(item, check_alarm),
    },
];

/// `[notify]`
const NOTIFY: &[Key] = &[
    Key { name: "topic", read: |file, item, to| to.topic = file.text(item, check_topic) },
    Key { name: "format", read: |file, item, to| to.format = file.one_of(item, NOTICE_FORMATS) },
    Key {
        name: "standalone_tasks",
        read: |file, item, to| {
            check_defaults_only(file, item);
            to.standalone_tasks = file.texts(item, check_family);
        },
    },
];

/// The table in which a key of this name exists; `""` is the top level.
pub(super) fn table_of(name: &str) -> Option<&'static str> {
    let tables = [("", TOP), ("health", HEALTH), ("notify", NOTIFY)];
    let mut tables = tables.into_iter();
    let found = tables.find(|(_, keys)| keys.iter().any(|key| key.name == name))?;
    Some(found.0)
}

const ROLLBACK_MODES: &[(&str, RollbackMode)] =
    &[("auto", RollbackMode::Auto), ("notify", RollbackMode::Notify), ("off", RollbackMode::Off)];

const WITNESSES: &[(&str, Witness)] =
    &[("act", Witness::Act), ("probe", Witness::Probe), ("page", Witness::Page)];

const NOTICE_FORMATS: &[(&str, NoticeFormat)] =
    &[("text", NoticeFormat::Text), ("json", NoticeFormat::Json), ("chat", NoticeFormat::Chat)];

/// Zero: a proven revision is never rolled back by itself. Beyond 30 days what was right for the old revision
/// (schema, secrets, queue formats) has too often moved on for a rollback nobody looks at.
const ROLLBACK_WINDOW: RangeInclusive<SignedDuration> =
    SignedDuration::ZERO..=SignedDuration::from_hours(30 * 24);

/// Below a minute even a healthy task has hardly been pulled and started, so every deployment would be stuck;
/// beyond a day a stuck one is no longer news (bake, shift and pauses are not counted in it).
const DEADLINE: RangeInclusive<SignedDuration> =
    SignedDuration::from_mins(1)..=SignedDuration::from_hours(24);

/// Zero: proven as soon as its deployment completes, for services whose deployments bake in ECS. Beyond a day
/// a service that is deployed daily would never have a proven revision to go back to.
const SOAK: RangeInclusive<SignedDuration> = SignedDuration::ZERO..=SignedDuration::from_hours(24);

/// A section that later versions apply: accepted now, so that files can be written ahead.
const fn not_yet_applied(name: &'static str) -> Key {
    Key {
        name,
        read: |file, item, to| {
            let message = format!("`{}` is accepted, not yet applied", item.path);
            file.at_key(Severity::Info, item, message, None);
            to.not_yet_applied.push(item.path.clone());
        },
    }
}

// Checks of one value.

/// Longest team name, in characters: it stands in notices and as a message attribute to filter subscriptions by.
const TEAM_CHARS_MAX: usize = 100;

fn check_team(text: &str) -> Result<(), Flaw> {
    check_name(text, "team", TEAM_CHARS_MAX)
}

/// Longest alarm name, in characters (PutMetricAlarm in the CloudWatch API reference).
const ALARM_CHARS_MAX: usize = 255;

fn check_alarm(text: &str) -> Result<(), Flaw> {
    if text.starts_with("arn:") {
        let flaw = Flaw::new("expected the alarm's name rather than its ARN");
        return Err(match text.split_once(":alarm:") {
            Some((_, name)) if !name.is_empty() => flaw.fix(format!("write {}", literal(name))),
            _ => flaw.fix("write the part after `:alarm:`"),
        });
    }
    check_name(text, "alarm", ALARM_CHARS_MAX)
}

fn check_name(text: &str, of: &str, chars_max: usize) -> Result<(), Flaw> {
    let article = if of.starts_with('a') { "an" } else { "a" };
    if text.trim().is_empty() {
        return Err(Flaw::new(format!("expected {article} {of}'s name"))
            .fix("leave the entry out if there is none"));
    }
    if text.chars().any(char::is_control) {
        return Err(Flaw::new(format!(
            "expected {article} {of}'s name, without control characters"
        )));
    }
    let chars = text.chars().count();
    if chars > chars_max {
        return Err(Flaw::new(format!("{chars} characters, expected at most {chars_max}")));
    }
    Ok(())
}

/// Task definition families: letters, digits, `-`, `_`, at most 255 (RegisterTaskDefinition in the ECS API reference).
fn check_family(text: &str) -> Result<(), Flaw> {
    if is_ecs_name(text) {
        return Ok(());
    }
    let expected = "expected a task definition's family: 1 to 255 letters, digits, `-` or `_`";
    let name = text.rsplit('/').next().unwrap_or_default();
    let family = name.split(':').next().unwrap_or_default();
    Err(if is_ecs_name(family) {
        Flaw::new(expected).fix(format!("did you mean {}", literal(family)))
    } else {
        Flaw::new(expected)
    })
}

/// Whether `text` can be the name of a cluster, a service or a family.
pub(super) fn is_ecs_name(text: &str) -> bool {
    is_name(text, ECS_CHARS_MAX)
}

/// Longest name of a cluster, service or family, in characters (the ECS API reference).
const ECS_CHARS_MAX: usize = 255;

/// Longest name of a topic, in characters (CreateTopic in the SNS API reference).
const TOPIC_CHARS_MAX: usize = 256;

fn is_name(text: &str, chars_max: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=chars_max).contains(&text.len()) && text.bytes().all(allowed)
}

/// The account has no service whose config could say which stand-alone tasks to watch: one list for all.
fn check_defaults_only(file: &mut Reader<'_>, item: &Item<'_>) {
    if let Place::Service(_) = file.place {
        let message = format!("`{}` is allowed in `defaults.toml` only", item.path);
        let fix = "move it to `[notify]` in `defaults.toml`".to_owned();
        file.at_key(Severity::Error, item, message, Some(fix));
    }
}

/// Partitions by name; all that begin with `aws-iso` are taken as well.
const PARTITIONS: [&str; 4] = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"];

fn check_topic(text: &str) -> Result<(), Flaw> {
    let expected = "expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`";
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "sns", _, _, name] if name.ends_with(".fifo") => {
            Err(Flaw::new("a FIFO topic, to which chat and mail cannot subscribe")
                .fix("name a standard topic"))
        }
        ["arn", partition, "sns", region, account, name] => {
            check_topic_parts(partition, region, account, name).map_err(|flaw| {
                let why = format!("{expected}: {}", flaw.why);
                Flaw { why, ..flaw }
            })
        }
        ["arn", partition, "sns", region, account, name, _] => {
            let topic = format!("arn:{partition}:sns:{region}:{account}:{name}");
            Err(Flaw::new("the ARN of a subscription, expected its topic's")
                .fix(format!("write {}", literal(&topic))))
        }
        ["arn", _, service, ..] if *service != "sns" => {
            Err(Flaw::new(format!("{expected}: this one is of {}", quoted(service))))
        }
        _ => Err(Flaw::new(expected)
            .fix("see `aws sns list-topics`, or leave it out for the account's default topic")),
    }
}

fn check_topic_parts(partition: &str, region: &str, account: &str, name: &str) -> Result<(), Flaw> {
    if !PARTITIONS.contains(&partition) && !partition.starts_with("aws-iso") {
        let flaw = Flaw::new(format!("{} is no partition", quoted(partition)));
        return Err(match nearest(partition, PARTITIONS) {
            Some(near) => flaw.fix(format!("did you mean `{near}`")),
            None => flaw,
        });
    }
    if region.is_empty() {
        return Err(Flaw::new("the region is missing"));
    }
    let in_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !region.contains('-') || !region.bytes().all(in_region) {
        return Err(Flaw::new(format!("{} is no region", quoted(region))));
    }
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        let why = format!("an account is 12 digits, not {}", quoted(account));
        return Err(Flaw::new(why));
    }
    if !is_name(name, TOPIC_CHARS_MAX) {
        let why = "a topic's name is 1 to 256 letters, digits, `-` or `_`";
        return Err(Flaw::new(why));
    }
    Ok(())
}

/// A TOML string, in backticks.
fn literal(text: &str) -> String {
    quoted(&format!("\"{text}\""))
}

// Checks across keys.

/// Each sees the config in force, defaults included, and warns only at keys that the file itself contains: what
/// `defaults.toml` does is said there and not again for every service.
pub(super) const ACROSS: &[fn(&mut Reader<'_>, &ServiceConfig)] =
    &[auto_without_witness, alarms_while_off];

fn auto_without_witness(file: &mut Reader<'_>, config: &ServiceConfig) {
    let health = &config.health;
    if health.rollback != RollbackMode::Auto || health.witness != Witness::Page {
        return;
    }
    let at = ["health.witness", "health.rollback"].into_iter().find(|path| file.contains(path));
    let message = "`health.rollback` is `\"auto\"` and `health.witness` is `\"page\"`: once no task of the old \
                   revision runs any more, only loops of OOM kills are rolled back"
        .to_owned();
    let fix = "write `witness = \"act\"`, or `rollback = \"notify\"` if people are to decide";
    file.warn_at(at.unwrap_or_default(), message, fix);
}

fn alarms_while_off(file: &mut Reader<'_>, config: &ServiceConfig) {
    let health = &config.health;
    if health.rollback == RollbackMode::Off && !health.rollback_alarms.is_empty() {
        let message = "`health.rollback_alarms` has no effect while `health.rollback` is `\"off\"`";
        let fix = "leave it out, or write `rollback = \"notify\"` or `\"auto\"`";
        file.warn_at("health.rollback_alarms", message.to_owned(), fix);
    }
}
