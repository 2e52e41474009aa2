//! `[[expect]]`

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::entry::ExpectEntry;
use super::scaling::TIMEZONE;
use crate::config::form::{Flag, Form, Key, Span, Tasks, Text, Whole, Within, Word, key};
use crate::config::read::{Flaw, Item, Reader};
use crate::config::rule::Rule;
use crate::config::{Running, parse_vcpu_and_gb};

pub(super) const EXPECT: &[Key<ExpectEntry>] = &[
    key!(
        ExpectEntry.name,
        LABEL,
        "What it is called in reports: 1 to 100 characters. Default: the path of what is played."
    ),
    key!(
        ExpectEntry.load,
        PATH,
        "Recorded load that is played as `steady backtest` does: a file, its path relative to this one's folder."
    ),
    key!(
        ExpectEntry.scenario,
        PATH,
        "In place of load: a scenario that is played as `steady simulate` does, each of its services with this file's [health], with the guard that this file's rollback and witness come to. What is expected stands in the scenario."
    ),
    key!(
        ExpectEntry.runs,
        Whole(1..=1_000_000),
        "With scenario: how often it is played, 1 to 1000000. Default: 100, or fewer where the scenario says so."
    ),
    key!(
        ExpectEntry.per_task,
        Within::ABOVE_0,
        "With load that counts requests or messages: so many a minute one task carries at its service level. Above 0."
    ),
    key!(
        ExpectEntry.running,
        CountOrFile,
        "With load that is CPU utilization in percent: so many tasks ran meanwhile. A number above 0, or a file like that of the load."
    ),
    key!(
        ExpectEntry.settings.column,
        LABEL,
        "Of a file with several columns, or several `Id`s or `Label`s: which."
    ),
    key!(
        ExpectEntry.settings.timezone,
        TIMEZONE,
        "IANA zone of times in the load that name none, such as \"Europe/Berlin\". Default: \"UTC\"."
    ),
    key!("gaps" => ExpectEntry.settings.gaps_are_zero, Word(&[("unknown", false), ("zero", true)]), "What a period without a value means: nobody knows, or there was no load. Default: \"unknown\"."),
    key!(
        ExpectEntry.settings.tasks,
        Tasks,
        "Tasks that run at the beginning. Default: what the config would have come to."
    ),
    key!(
        ExpectEntry.settings.start_up,
        Span(&START_UP),
        "From the moment a task is wanted until it serves: \"0s\" to \"1h\". Default: \"60s\"."
    ),
    key!(
        ExpectEntry.settings.capacity_at,
        Within { least: 1.0, most: 100.0 },
        "CPU utilization, in percent, of a task that carries what it can at its service level: 1 to 100. Default: 100."
    ),
    key!(
        ExpectEntry.settings.task,
        VcpuAndGb,
        "How large a task is, vCPU and GB: \"0.5/1\". Default: \"1/2\"."
    ),
    key!(
        ExpectEntry.settings.region,
        LABEL,
        "The region whose Fargate prices are taken. Default: \"us-east-1\"."
    ),
    key!(ExpectEntry.settings.arm, Flag, "Whether tasks run on ARM. Default: false."),
    key!(
        ExpectEntry.settings.price,
        VcpuAndGb,
        "USD for a vCPU and a GB, each for an hour, in place of the region's: \"0.04048/0.004445\"."
    ),
    key!(
        ExpectEntry.settings.spot,
        Within { least: 0.0, most: 100.0 },
        "The share of task-hours on Fargate Spot, in percent. Default: 0."
    ),
    key!(
        ExpectEntry.bounds.violating_percent_at_most,
        Within { least: 0.0, most: 100.0 },
        "Of the load so many percent come in minutes with fewer tasks than it needs."
    ),
    key!(
        ExpectEntry.bounds.violating_minutes_at_most,
        Within::FROM_0,
        "So many minutes with fewer tasks than the load needs."
    ),
    key!(
        ExpectEntry.bounds.longest_shortage_at_most,
        Span(&ANY),
        "The longest stretch of such minutes."
    ),
    key!(
        ExpectEntry.bounds.cost_usd_at_most,
        Within::FROM_0,
        "What the tasks cost over the whole recording, in USD."
    ),
    key!(ExpectEntry.bounds.tasks_at_least, Tasks, "Tasks that are wanted, at every moment."),
    key!(ExpectEntry.bounds.tasks_at_most, Tasks, "Tasks that are wanted, at every moment."),
    key!(
        ExpectEntry.bounds.actions_per_day_at_most,
        Within::FROM_0,
        "Changes of the task count a day."
    ),
    key!(ExpectEntry.bounds.starts_per_day_at_most, Within::FROM_0, "Tasks started a day."),
];

/// The keys that are bounds.
pub(in crate::config) fn bounds() -> impl Iterator<Item = &'static str> {
    let names = EXPECT.iter().map(|key| key.name);
    names.filter(|name| name.ends_with("_at_most") || name.ends_with("_at_least"))
}

/// The keys that an entry with `scenario` has no use for.
pub(in crate::config) fn of_load() -> impl Iterator<Item = &'static str> {
    let names = EXPECT.iter().map(|key| key.name);
    names.filter(|name| !["name", "load", "scenario", "runs"].contains(name))
}

const START_UP: RangeInclusive<SignedDuration> =
    SignedDuration::ZERO..=SignedDuration::from_hours(1);

const ANY: RangeInclusive<SignedDuration> =
    SignedDuration::ZERO..=SignedDuration::from_hours(24 * 366);

const PATH: Text = Text { check: check_path, pattern: "^[^/].{0,254}$" };

const LABEL: Text = Text { check: check_label, pattern: "^.{1,100}$" };

/// Longest name of something that only people and files know, in characters: it stands in reports.
const LABEL_CHARS_MAX: usize = 100;

fn check_label(text: &str) -> Result<(), Flaw> {
    let fits = (1..=LABEL_CHARS_MAX).contains(&text.trim().chars().count());
    if fits && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let expected = format!("expected 1 to {LABEL_CHARS_MAX} characters, no control characters");
    Err(Flaw::new(Rule::NotAName, expected))
}

/// Longest path of a file, in characters: there is no reason for longer ones.
const PATH_CHARS_MAX: usize = 255;

fn check_path(text: &str) -> Result<(), Flaw> {
    let fits = (1..=PATH_CHARS_MAX).contains(&text.chars().count());
    if fits && !text.starts_with('/') && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Flaw::new(Rule::NotAPath, "expected the path of a file, relative to this file's folder"))
}

/// So many, or a file that says how many.
struct CountOrFile;

impl Form for CountOrFile {
    type Value = Running;

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<Running> {
        if item.value.get_ref().is_str() {
            return file.text(item, check_path).map(Running::File);
        }
        Within::ABOVE_0.read(file, item).map(Running::Tasks)
    }

    fn schema(&self) -> Value {
        json!({"oneOf": [Within::ABOVE_0.schema(), PATH.schema()]})
    }
}

/// `0.5/1`
struct VcpuAndGb;

impl Form for VcpuAndGb {
    type Value = [f64; 2];

    fn read(&self, file: &mut Reader<'_>, item: &Item<'_>) -> Option<[f64; 2]> {
        let text = file.text(item, |text| match parse_vcpu_and_gb(text) {
            Ok(_) => Ok(()),
            Err(why) => Err(Flaw::new(Rule::NotVcpuAndGb, why)),
        });
        parse_vcpu_and_gb(&text?).ok()
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": "^ *[0-9.]+ */ *[0-9.]+ *$"})
    }
}
