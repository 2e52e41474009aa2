//! Why not: every refusal has its own reason, and its words stand here alone.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::BUDGET;
use crate::comparison;
use crate::config::render_duration;
use crate::evidence;
use crate::installation::Pause;
use crate::name::{DeploymentId, ServiceKey, TaskDefinitionRevision};
use crate::notice::words;
use crate::port::TargetState;
use crate::stop::{Cause, Verdict};

/// Why a service is not rolled back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Config says `rollback = "off"`.
    ConfigOff,
    /// Config says `rollback = "notify"`, which is the default.
    ConfigNotify,
    /// ECS rolls back by itself.
    NativeRollback(DeploymentId),
    /// Somebody stopped the deployment with StopServiceDeployment.
    StoppedBySomebody {
        /// Which.
        deployment: DeploymentId,
        /// Whether ECS goes back by that.
        rolls_back: bool,
    },
    /// Somebody has begun another deployment.
    Replaced(DeploymentId),
    /// What ended the tasks is not the revision's doing.
    NotTheRevision {
        /// What ended most of them.
        cause: Cause,
        /// Whom that speaks against.
        verdict: Verdict,
        /// How many it ended.
        tasks: u32,
    },
    /// Key 1 has not turned.
    NotEnoughEvidence(f64),
    /// The deployment is late, and nothing speaks against its revision so far that would do for a rollback.
    OnlyStuck(f64),
    /// Tasks do not start, which the revision is not known to be the cause of.
    OnlyEnvironment,
    /// A bad revision is deployed again, and no task of it has failed so far.
    NotFailedAgain,
    /// No revision of this service is known to have behaved.
    NothingProven,
    /// It is the first deployment of the service that Steady sees.
    FirstDeployment,
    /// A person named a revision that is not proven.
    NotProven {
        /// Which.
        revision: TaskDefinitionRevision,
    },
    /// Steady is rolling the service back already.
    Underway {
        /// To what.
        to: TaskDefinitionRevision,
    },
    /// The only proven revisions were rolled back from since.
    TargetBad(TaskDefinitionRevision),
    /// The proven deployment ran the same task definition with the same settings: there is nothing to go back to.
    OntoItself {
        /// Which deployment was proven.
        proven: DeploymentId,
    },
    /// A tag that the target names is another image by now.
    TargetImageMoved {
        /// As the task definition names it.
        image: String,
    },
    /// This deployment has been rolled back before.
    OncePerDeployment,
    /// [`BUDGET`](super::BUDGET) rollbacks within [`BUDGET_PERIOD`](super::BUDGET_PERIOD).
    BudgetSpent,
    /// The failing revision itself was proven, longer ago than `rollback_window`.
    ProvenLongAgo {
        /// When.
        proven_at: Timestamp,
        /// The config's window.
        window: SignedDuration,
    },
    /// The revision before it fails too.
    OldRevisionSick {
        /// Which.
        revision: Option<TaskDefinitionRevision>,
        /// Evidence against it.
        evidence: f64,
    },
    /// The revision before runs beside it, and the new one has not proved to be worse.
    NotWorseThanOld {
        /// Which.
        revision: Option<TaskDefinitionRevision>,
        /// Key 2 so far.
        evidence: f64,
        /// So many tasks of the revision before run.
        tasks: usize,
    },
    /// No task has failed for a while.
    NotFailingNow,
    /// Other services of the account got into trouble at the same time.
    NeighboursSick {
        /// Which.
        services: Vec<ServiceKey>,
    },
    /// Tasks of the revision do not start any more, which they did when it was proven.
    StartedBefore {
        /// When.
        proven_at: Timestamp,
    },
    /// Other services of the account want a rollback too: all are held.
    Crowd {
        /// Which.
        services: Vec<ServiceKey>,
    },
    /// Config says `witness = "page"`: only a comparison with running old tasks may roll back.
    WitnessPage,
    /// Config says `witness = "probe"`, and this installation may not start probe tasks.
    ProbesNotAllowed,
    /// Tasks fail their health checks, and nobody checks a witness.
    WitnessesUnchecked,
    /// Witnesses, tasks of the proven revision started just now, die as well.
    WitnessesFailed {
        /// What they run.
        revision: TaskDefinitionRevision,
        /// So many have died of themselves.
        failed: usize,
        /// Of so many.
        of: u32,
    },
    /// The witnesses lived, and yet nothing was proved in [`PROBE_TAKES`](super::PROBE_TAKES).
    ProbeUndecided {
        /// What they run.
        revision: TaskDefinitionRevision,
    },
    /// Witnesses could not be started, and why.
    ProbeFailed(String),
    /// The alarm that went off has left ALARM.
    AlarmOver,
    /// People have paused everything.
    Paused(Pause),
    /// Rollbacks of this service are off for a while: `steady override … --rollback off`.
    Overridden {
        /// Who made the override.
        by: String,
        /// Why; may be empty.
        reason: String,
        /// Until when.
        until: Timestamp,
    },
    /// Whether acting is allowed could not be read, from config or the account's item.
    Unreadable(String),
    /// This installation only observes.
    ObserveMode,
    /// The target's task definition was deregistered, or ECS does not know it any more.
    TargetUnusable {
        /// Which.
        revision: TaskDefinitionRevision,
        /// What ECS says of it.
        state: TargetState,
    },
    /// The service is rolled back or stopped already, by ECS or by somebody.
    AlreadyRollingBack(DeploymentId),
    /// Not ECS deploys this service but `CODE_DEPLOY` or `EXTERNAL`.
    ForeignController(String),
    /// Daemon services have no desired count that a rollback would keep.
    Daemon,
    /// ECS manages an Express service's settings, its load balancer and alarms among them: they are changed through
    /// UpdateExpressGatewayService only.
    Express,
    /// The service is `DRAINING` or `INACTIVE`, or gone.
    NotActive(Option<String>),
    /// A newer deployment of somebody's began at the very moment of the rollback, and was given back its place.
    PutBack {
        /// Somebody's deployment.
        deployment: DeploymentId,
        /// What it deploys, and what the service is updated to again.
        revision: Option<TaskDefinitionRevision>,
    },
}

impl Refusal {
    /// Whether it guards the service itself, and so binds a person's button too. The rest is policy: what config, the
    /// installation and the evidence allow Steady to do by itself.
    pub fn is_safety(&self) -> bool {
        match self {
            Self::NativeRollback(_)
            | Self::Replaced(_)
            | Self::StoppedBySomebody { .. }
            | Self::NothingProven
            | Self::FirstDeployment
            | Self::NotProven { .. }
            | Self::Underway { .. }
            | Self::TargetBad(_)
            | Self::OntoItself { .. }
            | Self::TargetImageMoved { .. }
            | Self::Paused(_)
            | Self::Unreadable(_)
            | Self::TargetUnusable { .. }
            | Self::AlreadyRollingBack(_)
            | Self::ForeignController(_)
            | Self::Daemon
            | Self::Express
            | Self::NotActive(_)
            | Self::PutBack { .. } => true,
            Self::ConfigOff
            | Self::ConfigNotify
            | Self::Overridden { .. }
            | Self::NotTheRevision { .. }
            | Self::NotEnoughEvidence(_)
            | Self::OnlyStuck(_)
            | Self::OnlyEnvironment
            | Self::NotFailedAgain
            | Self::OncePerDeployment
            | Self::BudgetSpent
            | Self::ProvenLongAgo { .. }
            | Self::OldRevisionSick { .. }
            | Self::NotWorseThanOld { .. }
            | Self::NotFailingNow
            | Self::NeighboursSick { .. }
            | Self::StartedBefore { .. }
            | Self::Crowd { .. }
            | Self::WitnessPage
            | Self::ProbesNotAllowed
            | Self::WitnessesUnchecked
            | Self::WitnessesFailed { .. }
            | Self::ProbeUndecided { .. }
            | Self::ProbeFailed(_)
            | Self::AlarmOver
            | Self::ObserveMode => false,
        }
    }

    /// Whether it may end by itself at any moment, so that each new event is a reason to look again.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Paused(_)
                | Self::Overridden { .. }
                | Self::Unreadable(_)
                | Self::NotWorseThanOld { .. }
                | Self::NotFailingNow
                | Self::AlarmOver
                | Self::NeighboursSick { .. }
                | Self::Crowd { .. }
        )
    }

    /// Whether people were told that more evidence would end it, so that another reason in its place is news.
    pub(crate) fn waits_for_evidence(&self) -> bool {
        matches!(self, Self::NotEnoughEvidence(_) | Self::NotFailedAgain)
    }

    /// Whether somebody, or ECS, is changing the service already, so that nobody should do so by hand on top.
    pub fn is_overtaken(&self) -> bool {
        matches!(
            self,
            Self::NativeRollback(_)
                | Self::Replaced(_)
                | Self::StoppedBySomebody { rolls_back: true, .. }
                | Self::AlreadyRollingBack(_)
                | Self::PutBack { revision: Some(_), .. }
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigOff => f.write_str("config says `rollback = \"off\"`"),
            Self::ConfigNotify => f.write_str("config says `rollback = \"notify\"` (the default)"),
            Self::NativeRollback(id) => write!(f, "ECS itself rolls back, with deployment {id}"),
            Self::Replaced(id) => write!(f, "another deployment, {id}, has begun since"),
            Self::NotTheRevision { cause, verdict, tasks } => {
                let tasks_are = if *tasks == 1 { "1 task was" } else { &format!("{tasks} tasks were") };
                let words = cause.words();
                match verdict {
                    Verdict::Environment => {
                        write!(f, "{tasks_are} ended by the environment, not by the revision: {words}")
                    }
                    _ => write!(
                        f,
                        "{tasks_are} ended by something that may not be the revision's fault: {words}"
                    ),
                }
            }
            Self::NotEnoughEvidence(evidence) => write!(
                f,
                "the evidence so far, {} : 1, is below the {} : 1 that a rollback needs",
                evidence::in_words(*evidence),
                evidence::TURNS_AT,
            ),
            Self::OnlyStuck(evidence) => write!(
                f,
                "being late is no evidence against a revision; a rollback needs {} : 1 from its tasks' failures ({} : 1 so far)",
                evidence::TURNS_AT,
                evidence::in_words(*evidence),
            ),
            Self::OnlyEnvironment => f.write_str(
                "the revision is not known to be what keeps tasks from starting, and an earlier one would need the same",
            ),
            Self::NotFailedAgain => f.write_str(
                "no task of it has failed this time; since it was rolled back before, the first that does is enough",
            ),
            Self::FirstDeployment => f.write_str(
                "this is the first deployment of the service that Steady has seen, so there is nothing to go back to",
            ),
            Self::NothingProven => f.write_str(
                "no earlier revision of this service is proven (completed, and behaved through its soak)",
            ),
            Self::NotProven { revision } => {
                write!(f, "{revision} is not proven (completed, and behaved through its soak)")
            }
            Self::Underway { to } => write!(f, "Steady is rolling it back to {to} already"),
            Self::TargetBad(revision) => {
                write!(f, "{revision}, proven once, has itself been rolled back from since")
            }
            Self::OntoItself { proven } => write!(
                f,
                "deployment {proven}, which is proven, ran the same task definition with the same settings, so something else has changed"
            ),
            Self::TargetImageMoved { image } => write!(
                f,
                "the target runs {}, and that tag names another image by now than when it was proven",
                words::cut(image, 200),
            ),
            Self::OncePerDeployment => f.write_str("this deployment was rolled back once already"),
            Self::BudgetSpent => write!(
                f,
                "this service was rolled back {BUDGET} times within 24 h; more would be two revisions taking turns"
            ),
            Self::ProvenLongAgo { proven_at, window } => write!(
                f,
                "the failing revision was proven at {}, longer ago than `rollback_window` ({}): something else has changed",
                words::clock(*proven_at),
                render_duration(*window),
            ),
            Self::OldRevisionSick { revision: Some(revision), evidence } => write!(
                f,
                "{revision} fails too ({} : 1), so a cause shared by both is likelier than the new revision",
                evidence::in_words(*evidence),
            ),
            Self::OldRevisionSick { revision: None, evidence } => write!(
                f,
                "the revision before fails too ({} : 1), so a cause shared by both is likelier than the new revision",
                evidence::in_words(*evidence),
            ),
            Self::NotWorseThanOld { revision, evidence, tasks } => {
                let old = revision.as_ref().map_or("the revision before", |one| one.as_str());
                let run = if *tasks == 1 { "1 task of it still runs" } else { &format!("{tasks} tasks of it still run") };
                write!(
                    f,
                    "the new revision has not proved to fare worse than {old}: {run} beside it, and the comparison stands at {} : 1 ({} : 1 is needed)",
                    evidence::in_words(*evidence),
                    comparison::TURNS_AT,
                )
            }
            Self::NotFailingNow => {
                f.write_str("no task has failed for some minutes, and those started since live")
            }
            Self::NeighboursSick { services } => write!(
                f,
                "{} got into trouble at the same time, so a cause shared by both is likelier than the new revision",
                words::listed(services),
            ),
            Self::StartedBefore { proven_at } => write!(
                f,
                "its tasks do not start any more, but did when it was proven at {}: the revision has not changed since, so something else has",
                words::clock(*proven_at),
            ),
            Self::Crowd { services } => write!(
                f,
                "{} want a rollback too within ten minutes, so a shared cause is likelier than so many bad deployments; all are held",
                words::listed(services),
            ),
            Self::WitnessPage => {
                f.write_str("config says `witness = \"page\"`, and no old task is left to compare with")
            }
            Self::ProbesNotAllowed => f.write_str(
                "config says `witness = \"probe\"`, and this installation may not start probe tasks",
            ),
            Self::WitnessesUnchecked => f.write_str(
                "its tasks fail their health checks, which a witness is not put to, and no old task is left to compare with",
            ),
            Self::WitnessesFailed { revision, failed, of } => write!(
                f,
                "{failed} of {of} tasks of {revision}, started just now as witnesses, died as well, so the new revision is not the cause"
            ),
            Self::ProbeUndecided { revision } => write!(
                f,
                "tasks of {revision}, started as witnesses, have lived for an hour, but the new revision has not proved to fare worse"
            ),
            Self::ProbeFailed(why) => {
                write!(f, "no witnesses could be started: {}", words::said(why, 300))
            }
            Self::AlarmOver => f.write_str("the alarm that went off is over again"),
            Self::Paused(pause) => {
                f.write_str("Steady is paused")?;
                if let Some(by) = &pause.by {
                    write!(f, " by {}", words::said(by, 100))?;
                }
                if let Some(until) = pause.until {
                    write!(f, " until {}", words::clock(until))?;
                }
                match &pause.reason {
                    Some(reason) => write!(f, " ({})", words::said(reason, 200)),
                    None => Ok(()),
                }
            }
            Self::Overridden { by, reason, until } => {
                let by = words::cut(by, 100);
                write!(f, "rollbacks are overridden by {by} until {}", words::clock(*until))?;
                if reason.is_empty() { Ok(()) } else { write!(f, " ({})", words::cut(reason, 200)) }
            }
            Self::Unreadable(why) => write!(
                f,
                "whether it is allowed could not be read: {}",
                words::said(why, 300)
            ),
            Self::ObserveMode => {
                f.write_str("this installation only observes (its mode is `observe`)")
            }
            Self::TargetUnusable { revision, state: TargetState::Gone } => {
                write!(f, "ECS does not know {revision} any more")
            }
            Self::TargetUnusable { revision, .. } => {
                write!(f, "{revision} was deregistered (INACTIVE), and ECS runs no such revision")
            }
            Self::AlreadyRollingBack(id) => {
                write!(f, "it is being rolled back or stopped already, not by Steady ({id})")
            }
            Self::StoppedBySomebody { deployment, rolls_back: true } => write!(
                f,
                "somebody stopped deployment {deployment} with rollback (StopServiceDeployment), and ECS goes back"
            ),
            Self::StoppedBySomebody { deployment, rolls_back: false } => write!(
                f,
                "somebody stopped deployment {deployment} (StopServiceDeployment), and knows why"
            ),
            Self::ForeignController(controller) => write!(
                f,
                "the service is deployed by {controller}, not by ECS, and has to be rolled back there"
            ),
            Self::Daemon => f.write_str("its scheduling strategy is DAEMON"),
            Self::Express => f.write_str("it is an Express service, which is updated in its own way"),
            Self::NotActive(Some(status)) => write!(f, "the service is {status}"),
            Self::NotActive(None) => f.write_str("ECS does not know the service any more"),
            Self::PutBack { deployment, revision: Some(revision) } => write!(
                f,
                "deployment {deployment} of {revision} began at the very moment of the rollback, and was run over by it; the service has been updated to {revision} again"
            ),
            Self::PutBack { deployment, revision: None } => write!(
                f,
                "deployment {deployment} began at the very moment of the rollback, and was run over by it; it could not be put back"
            ),
        }
    }
}
