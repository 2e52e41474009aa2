//! `[health]` and `[notify]`.

use std::ops::RangeInclusive;

use jiff::SignedDuration;

use super::entry::{HealthEntry, NotifyEntry};
use super::name;
use crate::config::form::{InDefaults, Key, Span, Text, Texts, Word, key};
use crate::config::{NoticeFormat, RollbackMode, Witness};

/// `[health]`
pub(super) const HEALTH: &[Key<HealthEntry>] = &[
    key!(
        HealthEntry.rollback,
        Word(ROLLBACK_MODES),
        "What may be done about a bad revision: roll back and tell, tell only, or neither roll back nor propose it. \
         Default: \"notify\"."
    ),
    key!(
        HealthEntry.witness,
        Word(WITNESSES),
        "Who decides when no old task is left to compare with: nobody (hold for a minute, then act), a few tasks of the \
         proven revision, or a person. Default: \"act\"."
    ),
    key!(
        HealthEntry.rollback_window,
        Span(&ROLLBACK_WINDOW),
        "How old a proven revision may be and still be rolled back by itself: \"0s\" to \"30d\". Default: \"24h\"."
    ),
    key!(
        HealthEntry.deadline,
        Span(&DEADLINE),
        "A deployment that takes longer is told as stuck: \"1m\" to \"24h\"; bake, shift and pauses not counted. \
         Default: \"20m\"."
    ),
    key!(
        HealthEntry.soak,
        Span(&SOAK),
        "How long a completed deployment must behave to be proven: \"0s\" to \"24h\". Default: \"10m\"."
    ),
    key!(
        HealthEntry.rollback_alarms,
        Texts(Text { check: name::check_alarm, pattern: ALARM }),
        "Names of CloudWatch alarms that speak against a new revision. Default: none."
    ),
];

/// `[notify]`
pub(super) const NOTIFY: &[Key<NotifyEntry>] = &[
    key!(
        NotifyEntry.topic,
        Text {
            check: name::check_topic,
            pattern: "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$",
        },
        "ARN of a standard SNS topic. Default: the account's default topic."
    ),
    key!(
        NotifyEntry.format,
        Word(NOTICE_FORMATS),
        "For mail, for machines, or for Amazon Q Developer in chat applications. Default: \"text\"."
    ),
    key!(
        NotifyEntry.standalone_tasks,
        InDefaults(Texts(Text { check: name::check_family, pattern: "^[A-Za-z0-9_-]{1,255}$" })),
        "Families of tasks that belong to no service and whose failures are told; defaults.toml only. Default: none."
    ),
];

/// [`name::check_alarm`], as a regular expression.
pub(super) const ALARM: &str = "^(?!arn:).{1,255}$";

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
