//! What was done, and why; what was not done, and why not.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use steady_core::scaling::SetBy;

/// The desired count was changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Action {
    /// In this step.
    pub step: usize,
    /// From so many tasks.
    pub from: u32,
    /// To so many.
    pub to: u32,
    /// Tasks that served, from which a policy reckoned.
    pub running: u32,
    /// Because of this.
    pub why: Why,
    /// What made it other than asked for.
    pub limit: Option<Limit>,
}

/// Why the desired count was changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A target-tracking policy.
    Tracking {
        /// Its name.
        policy: Arc<str>,
        /// The metric's newest datapoint.
        metric: f64,
        /// Where it is to be.
        target: f64,
        /// Above or below this, its alarm went off.
        threshold: f64,
        /// So many tasks it asked for.
        wish: u32,
        /// The scale-out cooldown was on, and more was asked for than what had begun it.
        in_cooldown: bool,
    },
    /// A step policy.
    Step {
        /// Its name.
        policy: Arc<str>,
        /// The metric's newest datapoint.
        metric: f64,
        /// Its alarm's.
        threshold: f64,
        /// So many tasks it asked for.
        wish: u32,
        /// As above.
        in_cooldown: bool,
    },
    /// A service without tasks is woken: messages wait.
    Wake {
        /// The policy that tracks the queue.
        policy: Arc<str>,
    },
    /// New bounds, which cooldowns do not hold up.
    Bounds {
        /// `min`, or else `max`, is this now …
        bound: u32,
        /// … since that says so.
        by: SetBy,
    },
    /// The forecast of predictive scaling, a stand-in.
    Forecast {
        /// So many tasks it foretold for the hour that begins soon.
        tasks: u32,
    },
}

/// What a wish ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// `max`: AlreadyAtMaxCapacity.
    Max,
    /// `min`: AlreadyAtMinCapacity.
    Min,
    /// So many are wanted already: AlreadyAtDesiredCapacity; on the way in AutoScalingAnticipatedFlapping.
    Desired,
}

/// How often an alarm called its policy and nothing was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Held {
    /// A scale-out at `max`.
    pub at_max: u32,
    /// A scale-in at `min`.
    pub at_min: u32,
    /// A scale-out for no more than is wanted already.
    pub at_desired: u32,
    /// A scale-in that would have called for a scale-out at once.
    pub flapping: u32,
    /// A scale-out within its cooldown, for no more than what began it.
    pub cooldown_out: u32,
    /// A scale-in within its cooldown.
    pub cooldown_in: u32,
    /// A scale-in that another target-tracking policy did not agree to.
    pub not_all_agree: u32,
    /// A scale-in while a deployment was in progress.
    pub deployment: u32,
    /// Either way, while it was suspended.
    pub suspended: u32,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Tracking { policy, metric, target, threshold, wish, in_cooldown } => {
                let running = self.running;
                let (metric, side) =
                    (round(*metric), if *metric > *target { "above" } else { "below" });
                write!(f, "`{policy}`: {metric} {side} {}; ", round(*threshold))?;
                write!(f, "{running} running x {metric} / {} asks for {wish}", round(*target))?;
                f.write_str(if *in_cooldown { ", more than before in this cooldown" } else { "" })?;
            }
            Why::Step { policy, metric, threshold, wish, in_cooldown } => {
                let (metric, threshold) = (round(*metric), round(*threshold));
                write!(f, "`{policy}`: {metric} against {threshold}; its step asks for {wish}")?;
                f.write_str(if *in_cooldown { ", more than before in this cooldown" } else { "" })?;
            }
            Why::Wake { policy } => write!(f, "`{policy}`: messages wait and no task runs")?,
            Why::Bounds { bound, by } => {
                let which = if self.to > self.from { "min" } else { "max" };
                write!(f, "{by}: {which} is {bound}")?;
            }
            Why::Forecast { tasks } => write!(f, "forecast (stand-in): {tasks} tasks next hour")?,
        }
        match (self.limit, &self.why) {
            (_, Why::Bounds { .. }) | (None | Some(Limit::Desired), _) => Ok(()),
            (Some(Limit::Max), _) => write!(f, "; max is {}", self.to),
            (Some(Limit::Min), _) => write!(f, "; min is {}", self.to),
        }
    }
}

/// Four digits at most are worth reading: `82.4`, `1312`.
fn round(value: f64) -> String {
    let places = if value.abs() >= 100.0 { 0 } else { 1 };
    let text = format!("{value:.places$}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
