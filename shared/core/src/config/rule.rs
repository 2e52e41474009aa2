//! The rules of the format, by name: each finding says which one it comes from.

use serde::{Deserialize, Serialize};

/// Lists the rules once: as an enum, and as [`Rule::ALL`].
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident,)*) => {
        /// A rule of the config. In JSON: `"max-below-min"`. Each has a file that breaks it among the tests' fixtures.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// All of them, in the order of this list.
            pub const ALL: &[Rule] = &[$(Rule::$rule,)*];
        }
    };
}

rules! {
    // Files.
    /// The path is neither `defaults.toml` nor `<cluster>/<service>.toml`.
    MisnamedFile,
    /// `<cluster>/defaults.toml` would be a service named `defaults`.
    DefaultsOfCluster,
    /// The file does not fit into a parameter.
    FileTooLarge,
    /// One path was handed in twice.
    FileTwice,
    /// The text is not TOML.
    NotToml,

    // Keys and forms.
    /// No such key here.
    UnknownKey,
    /// A key that must be there is not.
    MissingKey,
    /// A key that has no meaning beside what else is said there.
    KeyOutOfPlace,
    /// The key is for `defaults.toml` only.
    DefaultsOnly,
    /// The key is for a service's file only.
    ServiceOnly,
    /// A string where a number was expected, and the like.
    WrongType,
    /// `[step]` for `[[step]]`, or the reverse.
    WrongBrackets,
    /// Not one of the few words that are allowed.
    UnknownWord,
    /// Not a duration, or one without a unit.
    NotADuration,
    /// A duration out of its range.
    DurationOutOfRange,
    /// Not a whole number, or not a number.
    NotANumber,
    /// A number out of its range.
    NumberOutOfRange,
    /// Not a moment in time.
    NotATime,
    /// Not a name as AWS has them.
    NotAName,
    /// Not the path of a file.
    NotAPath,
    /// Not vCPU and GB.
    NotVcpuAndGb,
    /// An ARN where a name was expected.
    NameNotArn,
    /// One entry of a list twice.
    TwiceInList,

    // `[health]` and `[notify]`.
    /// The topic is none.
    NotATopic,
    /// `rollback = "auto"` with `witness = "page"`.
    AutoWithoutWitness,
    /// Alarms while rollbacks are off.
    AlarmsWhileOff,

    // Bounds.
    /// Sections of scaling without `[capacity]`.
    NoCapacity,
    /// Fewer tasks at most than at least.
    MaxBelowMin,
    /// More tasks than a service may have.
    MoreThanEcsRuns,
    /// Nothing can start the first task.
    NothingWakes,

    // Policies.
    /// Two policies track one metric.
    MetricTwice,
    /// Two things of one kind have one name.
    NameTwice,
    /// Policies of two sections have one name.
    PoliciesShareName,
    /// A scheduled action has the name of one of the two that a window becomes.
    ScheduledIsWindowEdge,
    /// A target that can never be met.
    ImpossibleTarget,
    /// A share where percent are meant.
    TargetIsFraction,
    /// A target that leaves no room.
    NoHeadroom,
    /// Not the label of a load balancer's target group.
    NotAResourceLabel,

    // Metrics.
    /// No such statistic.
    UnknownStatistic,
    /// A percentile outside of metric math.
    PercentileOutsideMath,
    /// More dimensions than a metric has.
    TooManyDimensions,
    /// Both one metric and metric math.
    MetricAndQueries,
    /// More queries than an expression may have.
    TooManyQueries,
    /// A query is a metric or an expression.
    QueryOfNothing,
    /// Not exactly one query returns data.
    QueriesReturnOne,
    /// Not an id.
    NotAQueryId,
    /// One id twice.
    QueryIdTwice,
    /// An expression names an id that is not there.
    UnknownQueryId,

    // Steps and their alarm.
    /// A step's bounds are the wrong way round.
    StepInverted,
    /// Nothing is said of values between two steps.
    StepsGap,
    /// Two steps for one value.
    StepsOverlap,
    /// Two steps without a lower bound, or without an upper one.
    StepsOpenTwice,
    /// No step for all that lies below, or above.
    StepsNotOpen,
    /// A step where the alarm never is.
    StepUnreachable,
    /// Nothing is said of values just past the threshold.
    StepsMissThreshold,
    /// More steps than a policy may have.
    TooManySteps,
    /// Steps that scale in beside target tracking.
    StepScaleInBesideTracking,
    /// Not a period that CloudWatch has.
    AlarmPeriod,
    /// An alarm looks back too far.
    AlarmTooLong,
    /// More breaching periods than periods.
    DatapointsAbovePeriods,
    /// A period shorter than the metric's resolution.
    PeriodBelowResolution,

    // Time.
    /// Not a schedule.
    NotASchedule,
    /// A schedule that never comes.
    ScheduleNever,
    /// No such time zone.
    UnknownTimezone,
    /// Neither a minimum nor a maximum.
    NoBounds,
    /// A window that ends when it begins.
    WindowEmpty,
    /// A window whose two ends are of different kinds, or a rate.
    WindowKinds,
    /// It ends before it begins.
    EndBeforeStart,
    /// Two windows at one time.
    WindowsOverlap,
    /// A scheduled action in the minute in which a window begins or ends.
    ScheduledMeetsWindow,

    // Predictive.
    /// Predictive scaling takes one metric.
    PredictiveOneMetric,

    // Alarms that teams name.
    /// One that is made for scaling is not listened to.
    AlarmOfScaling,

    // Surges.
    /// An alarm with two surges.
    SurgeTwice,
    /// A surge beyond the maximum.
    SurgeAboveMax,
    /// A surge that raises nothing.
    SurgeNoEffect,
    /// An alarm that asks for more tasks and for a rollback.
    SurgeIsRollbackAlarm,

    // Expectations.
    /// Neither load nor scenario, or both.
    ExpectOfNothing,
    /// Load without saying what its values are, or saying it twice.
    ExpectMeasure,
    /// Load without a bound.
    ExpectWithoutBound,
}
