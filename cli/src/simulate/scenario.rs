//! Scenario files: what runs, what is deployed at minute 0, what goes wrong, and what is expected of each guard.
//!
//! ```toml
//! title = "Every start of the new revision crashes"
//! bad = true                    # is the new revision to blame? Without it a rollback is a false one
//!
//! [service]
//! tasks = 20
//!
//! [old]                         # how the tasks of the revision that runs behave
//! crashes_per_day = 1.0
//!
//! [new]                         # what the one deployed at minute 0 does otherwise than the old one
//! failing_starts = 1.0
//!
//! [expect.act]
//! fired_at_least = 0.99
//! ```

use std::collections::BTreeMap;

use jiff::SignedDuration;

pub use steady_sim::FaultKind;

use steady_core::config::{ConfigTree, Health, SourceFile, load_tree, render_duration};

pub use super::reading::read;

use super::guard::Guard;

/// A scenario, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The file's name without `.toml`.
    pub name: String,
    /// One line for tables and headings.
    pub title: String,
    /// What it shows, and where it is from.
    pub about: Option<String>,
    /// Whether the new revision is to blame. If it is not, a guard that fires fires falsely.
    pub bad: bool,
    /// The services of the account.
    pub services: Vec<Service>,
    /// Behaviour by revision: the old one, the new one, and those of later deployments.
    pub revisions: Vec<Conduct>,
    /// What befalls the account.
    pub faults: Vec<Fault>,
    /// Deployments besides the one at minute 0.
    pub deploys: Vec<Deploy>,
    /// For how long, from minute 0.
    pub horizon: SignedDuration,
    /// No more runs than this, however many are asked for.
    pub runs_at_most: Option<u32>,
    /// `[health]` of the services' config, as TOML lines; of those that have none of their own ([`Service::health`]).
    pub health: String,
    /// What is expected, by guard.
    pub expect: BTreeMap<Guard, Expect>,
    /// How long the old revision has run before minute 0: long enough to be proven. Reckoned once, of every service's soak.
    pub(super) before: SignedDuration,
}

/// How long that is at least.
const BEFORE: SignedDuration = SignedDuration::from_mins(30);

/// From its first start until its soak begins, at most: its deployment has completed by then.
const DEPLOYED: SignedDuration = SignedDuration::from_mins(20);

impl Scenario {
    /// Takes `[health]` of every service that has a file in `tree` from there, with the tree's defaults.
    pub fn configure(&mut self, tree: &ConfigTree) {
        for service in &mut self.services {
            let key = format!("{}/{}", service.cluster, service.name);
            let own = tree.services().find(|(name, _)| *name == key);
            service.health = own.map(|(_, config)| health_lines(&config.health));
        }
        self.reckon_before();
    }

    /// Every change of a `[health]` ends with this.
    pub(super) fn reckon_before(&mut self) {
        let of = |service: &Service| {
            let text = format!("[health]\n{}", service.health.as_ref().unwrap_or(&self.health));
            let file = SourceFile { path: "prod/service.toml", text: &text };
            let tree = load_tree(&[file]).tree.unwrap_or_default();
            tree.for_service("prod/service").health.soak
        };
        let soak = self.services.iter().map(of).max().unwrap_or_default();
        self.before = BEFORE.max(soak.saturating_add(DEPLOYED));
    }

    /// Takes every service's `[health]` from one config.
    pub(crate) fn configure_all(&mut self, health: &Health) {
        for service in &mut self.services {
            service.health = Some(health_lines(health));
        }
        self.reckon_before();
    }
}

/// What of `[health]` bears on a simulation, as TOML lines; `rollback` and `witness` are the guard's.
fn health_lines(health: &Health) -> String {
    let keys = [
        ("soak", health.soak),
        ("deadline", health.deadline),
        ("rollback_window", health.rollback_window),
    ];
    keys.map(|(key, time)| format!("{key} = \"{}\"\n", render_duration(time))).concat()
}

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its cluster.
    pub cluster: String,
    /// Its name, which is also its task definition's family.
    pub name: String,
    /// `desiredCount`: 1 to 1000.
    pub tasks: u32,
    /// Whether the new revision is deployed to it at minute 0.
    pub deploys: bool,
    /// `minimumHealthyPercent`
    pub minimum_healthy_percent: u32,
    /// `maximumPercent`
    pub maximum_percent: u32,
    /// How a deployment goes, where it is not by rolling update.
    pub strategy: Option<Strategy>,
    /// Whether it is behind a load balancer.
    pub load_balancer: bool,
    /// `healthCheckGracePeriodSeconds`
    pub grace: SignedDuration,
    /// ECS's circuit breaker, where that is the guard.
    pub breaker: Breaker,
    /// `[health]` of its own config, as TOML lines, where a config tree has a file of it.
    pub health: Option<String>,
}

/// `deploymentConfiguration.strategy` with its times; all in whole minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// How production traffic goes over.
    pub shift: Shift,
    /// `bakeTimeInMinutes`
    pub bake: SignedDuration,
    /// A PAUSE hook that nobody answers.
    pub pause: Option<Pause>,
}

/// How production traffic goes over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shift {
    /// `BLUE_GREEN`: all at once.
    BlueGreen,
    /// `LINEAR`
    Linear {
        /// `stepPercent`: 3 to 100.
        step_percent: f64,
        /// `stepBakeTimeInMinutes`
        step_bake: SignedDuration,
    },
    /// `CANARY`
    Canary {
        /// `canaryPercent`: 0.1 to 100.
        percent: f64,
        /// `canaryBakeTimeInMinutes`
        bake: SignedDuration,
    },
}

/// A PAUSE hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Pause {
    /// The `lifecycleStage` that it holds.
    pub stage: &'static str,
    /// For so long: `timeoutInMinutes`.
    pub timeout: SignedDuration,
    /// What ECS does then: `CONTINUE` or `ROLLBACK`.
    pub action: &'static str,
}

/// `deploymentCircuitBreaker`, beside `enable` and `rollback`.
#[derive(Debug, Clone, PartialEq)]
pub struct Breaker {
    /// `resetOnHealthyTask`
    pub reset_on_healthy_task: bool,
    /// `thresholdConfiguration`: its type and value.
    pub threshold: Option<(&'static str, u32)>,
}

/// How the tasks of a revision behave. Of several fates the earliest is a task's.
#[derive(Debug, Clone, PartialEq)]
pub struct Conduct {
    /// Share of the starts that end at once: 0 to 1.
    pub failing_starts: f64,
    /// With this exit code, as all crashes do.
    pub exit_code: i64,
    /// Every task ends after so long.
    pub exits_after: Option<SignedDuration>,
    /// Tasks crash at random, so often per task and day.
    pub crashes_per_day: f64,
    /// Tasks are killed for memory about every so long.
    pub out_of_memory_every: Option<SignedDuration>,
    /// Share of the starts that fail their health checks: 0 to 1.
    pub failing_health_checks: f64,
    /// So long after RUNNING; `None`: as recorded, 63 to 79 s.
    pub health_checks_fail_after: Option<SignedDuration>,
    /// The image is not there.
    pub image_missing: bool,
    /// From creation to RUNNING; `None`: as recorded.
    pub running_after: Option<(SignedDuration, SignedDuration)>,
    /// From RUNNING to healthy; `None`: as recorded.
    pub healthy_after: Option<(SignedDuration, SignedDuration)>,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            failing_starts: 0.0,
            exit_code: 1,
            exits_after: None,
            crashes_per_day: 0.0,
            out_of_memory_every: None,
            failing_health_checks: 0.0,
            health_checks_fail_after: None,
            image_missing: false,
            running_after: None,
            healthy_after: None,
        }
    }
}

/// Something that befalls the account, all revisions alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// From minute 0.
    pub at: SignedDuration,
    /// How long; zero for what happens in an instant.
    pub lasts: SignedDuration,
    /// What.
    pub kind: FaultKind,
    /// Which services; `None`: all.
    pub services: Option<Vec<String>>,
}

/// A deployment by somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Deploy {
    /// From minute 0.
    pub at: SignedDuration,
    /// Place of its revision in [`Scenario::revisions`].
    pub revision: usize,
}

/// What is expected of a guard. What is `None` is not expected.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expect {
    /// Share of the runs in which it fires, at least.
    pub fired_at_least: Option<f64>,
    /// At most.
    pub fired_at_most: Option<f64>,
    /// Minutes from the deployment to the firing, where it fires: the median, at most.
    pub median_minutes_at_most: Option<f64>,
    /// Nine of ten, at most.
    pub p90_minutes_at_most: Option<f64>,
    /// What the services run at the horizon, in every run: place in [`Scenario::revisions`].
    pub ends_on: Option<usize>,
}
