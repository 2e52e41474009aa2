//! Blue/green, linear and canary deployments: the stages that a service deployment goes through.
//!
//! ```text
//! RECONCILE_SERVICE ─▶ PRE_SCALE_UP ─▶ SCALE_UP ─▶ POST_SCALE_UP ─▶ TEST_TRAFFIC_SHIFT ─▶ POST_TEST_TRAFFIC_SHIFT
//!   only if more than      green is started at full size, beside blue
//!   one revision runs                                                        │
//!              CLEAN_UP ◀─ BAKE_TIME ◀─ POST_PRODUCTION_TRAFFIC_SHIFT ◀─ PRODUCTION_TRAFFIC_SHIFT
//!      blue is stopped, then COMPLETED                                         all at once, in steps, or the canary first
//! ```
//!
//! The stages and what runs in each are the API reference's (`ServiceDeployment.lifecycleStage`), the times are those of
//! `DeploymentConfiguration`, `LinearConfiguration` and `CanaryConfiguration`. A PAUSE hook holds the stage that it names
//! when that is reached, until its timeout or ContinueServiceDeployment ("Pause hooks for Amazon ECS service
//! deployments", developer guide). A stage may last 24 hours ("Amazon ECS blue/green service deployments workflow"); then
//! the deployment is rolled back.
//!
//! What is not published, and is decided here: a stage without work takes some seconds, and a traffic shift as many; the
//! first deployment of a service, which has nothing to shift from, has no stages; a rollback shifts all traffic back at
//! once, stops green in CLEAN_UP, and is told like every rollback (`rollback.rs`); the circuit breaker does nothing, since
//! its reference speaks of rolling updates only. EventBridge gets the ECS Deployment State Changes of every deployment;
//! `ECS Hook State Change` it does not get, so that what is seen of a hook is what reading shows.

use jiff::{SignedDuration, Timestamp};

use crate::Ecs;
use crate::service::{Service, ServiceDeployment, ServiceDeploymentStatus as Status};
use crate::tasks::CrewId;

/// A stage without work, and a shift of traffic; a guess.
const MOMENT_MS: (u64, u64) = (3_000, 10_000);

/// The longest that a stage may last.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// `lifecycleStage`, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    ReconcileService,
    PreScaleUp,
    ScaleUp,
    PostScaleUp,
    TestTrafficShift,
    PostTestTrafficShift,
    ProductionTrafficShift,
    PostProductionTrafficShift,
    BakeTime,
    CleanUp,
}

impl Stage {
    const ALL: [Self; 10] = [
        Self::ReconcileService,
        Self::PreScaleUp,
        Self::ScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
        Self::BakeTime,
        Self::CleanUp,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    /// The stage of this name that can have a hook: all but SCALE_UP, BAKE_TIME and CLEAN_UP (`DeploymentLifecycleHook`,
    /// API reference).
    pub(crate) fn with_hook(word: &str) -> Option<Self> {
        let none = [Self::ScaleUp, Self::BakeTime, Self::CleanUp];
        Self::ALL.into_iter().find(|one| one.word() == word && !none.contains(one))
    }

    fn next(self) -> Self {
        Self::ALL.into_iter().find(|one| *one > self).unwrap_or(Self::CleanUp)
    }
}

/// How production traffic goes to a new revision.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Strategy {
    Rolling,
    /// In steps, with a wait after each but the last: one step and no wait is blue/green.
    Shifting {
        steps: u32,
        /// How much of the traffic each step but the last shifts, in tenths of a percent.
        step_tenths: u32,
        step_bake: SignedDuration,
        bake: SignedDuration,
        hooks: Vec<Hook>,
    },
}

/// A PAUSE hook, as configured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hook {
    pub(crate) stages: Vec<Stage>,
    pub(crate) timeout: SignedDuration,
    pub(crate) action: HookAction,
}

/// What ends a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookAction {
    Continue,
    RollBack,
}

impl HookAction {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Continue => "CONTINUE",
            Self::RollBack => "ROLLBACK",
        }
    }
}

/// A PAUSE hook that waits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pause {
    pub(crate) id: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) action: HookAction,
}

/// How far a service deployment is in its stages.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    since: Timestamp,
    /// The stage's own time is over then, once it is known.
    until: Option<Timestamp>,
    /// Traffic shifts still to come.
    steps_left: u32,
    pub(crate) pause: Option<Pause>,
    /// The stage's hook is done with.
    was_paused: bool,
    /// The deployment that serves, by the number of its tasks.
    blue: CrewId,
    strategy: Strategy,
}

impl Progress {
    /// The stages of a deployment that is about to begin; `None` where it has none.
    pub(crate) fn of(service: &Service, now: Timestamp) -> Option<Self> {
        let strategy = service.configuration.strategy.clone();
        let Strategy::Shifting { steps, .. } = strategy else { return None };
        let blue = service.serving()?;
        let stage =
            if service.deployments.len() > 1 { Stage::ReconcileService } else { Stage::PreScaleUp };
        Some(Self {
            stage,
            since: now,
            until: None,
            steps_left: steps,
            pause: None,
            was_paused: false,
            blue,
            strategy,
        })
    }

    fn enter(&mut self, stage: Stage, now: Timestamp) {
        (self.stage, self.since, self.until, self.was_paused) = (stage, now, None, false);
    }

    fn hook(&self) -> Option<&Hook> {
        let Strategy::Shifting { hooks, .. } = &self.strategy else { return None };
        hooks.iter().find(|hook| hook.stages.contains(&self.stage))
    }

    /// How long the stage lasts by the clock, or the next step of it; a `moment` is what everything takes.
    fn lasts(&self, moment: SignedDuration) -> SignedDuration {
        let Strategy::Shifting { step_bake, bake, .. } = &self.strategy else { return moment };
        match self.stage {
            Stage::ProductionTrafficShift if self.steps_left > 1 => moment + *step_bake,
            Stage::BakeTime => *bake,
            _ => moment,
        }
    }

    /// How much of the production traffic the new revision is to have, in percent; a step shifts it as it begins.
    fn new_traffic(&self) -> f64 {
        let Strategy::Shifting { steps, step_tenths, .. } = self.strategy else { return 0.0 };
        match self.stage {
            stage if stage < Stage::ProductionTrafficShift => 0.0,
            Stage::ProductionTrafficShift if self.steps_left > 1 => {
                let begun = steps - self.steps_left + 1;
                (f64::from(step_tenths * begun) / 10.0).min(100.0)
            }
            _ => 100.0,
        }
    }

    /// How many tasks a deployment is to have.
    fn wants(&self, crew: CrewId, is_green: bool, desired_count: u32) -> u32 {
        let serves = crew == self.blue && self.stage < Stage::CleanUp;
        let is_new = is_green && self.stage >= Stage::ScaleUp;
        if serves || is_new { desired_count } else { 0 }
    }
}

impl Service {
    /// How far the service deployment under way is in its stages, if it has any.
    pub(crate) fn progress(&self) -> Option<&Progress> {
        let moving = self.service_deployments.last()?;
        moving.progress.as_ref().filter(|_| moving.status == Status::InProgress)
    }

    pub(crate) fn progress_mut(&mut self) -> Option<&mut Progress> {
        let moving = self.service_deployments.last_mut()?;
        moving.progress.as_mut().filter(|_| moving.status == Status::InProgress)
    }

    /// The deployment that has the production traffic, by the number of its tasks: the green one once it has all of it,
    /// otherwise the last that completed.
    fn serving(&self) -> Option<CrewId> {
        let last = self.service_deployments.last().and_then(|one| one.progress.as_ref());
        let has_shifted = last.is_some_and(|one| one.stage > Stage::ProductionTrafficShift);
        let green = self.deployments.first().filter(|_| has_shifted);
        let there = |crew: &CrewId| self.deployments.iter().any(|one| one.crew == *crew);
        green.or(self.completed.as_ref()).map(|one| one.crew).filter(there)
    }
}

impl ServiceDeployment {
    /// `lifecycleStage`
    pub(crate) fn stage(&self) -> Option<Stage> {
        let progress = self.progress.as_ref()?;
        Some(if self.rollback.is_some() { Stage::CleanUp } else { progress.stage })
    }

    /// How much of the production traffic its revision is to have, in percent; `None`: it has no stages.
    pub(crate) fn new_traffic(&self) -> Option<f64> {
        let progress = self.progress.as_ref()?;
        Some(if self.rollback.is_some() { 0.0 } else { progress.new_traffic() })
    }

    /// The hook that waits.
    pub(crate) fn pause(&self) -> Option<&Pause> {
        self.progress.as_ref().filter(|_| self.status == Status::InProgress)?.pause.as_ref()
    }
}

/// What comes next in a stage.
enum Next {
    /// The next stage, or the next step of this one.
    Step,
    /// Nothing before then.
    Wait(Timestamp),
    /// Nothing until tasks change.
    Tasks,
    RollBack(String),
}

impl Ecs {
    /// Goes from stage to stage as far as it is time, and says how many tasks each deployment is to have there.
    pub(crate) fn go_on(&mut self, service: &mut Service) {
        while let Some(next) = self.next_in_stage(service) {
            match next {
                Next::Step => {}
                Next::Wait(at) => {
                    self.wake(service, at);
                    break;
                }
                Next::Tasks => break,
                Next::RollBack(reason) => return self.roll_back(service, reason, false),
            }
        }
        let Some(progress) = service.progress().cloned() else { return };
        let desired_count = service.desired_count;
        for (place, one) in service.deployments.iter_mut().enumerate() {
            one.desired_count = progress.wants(one.crew, place == 0, desired_count);
        }
    }

    /// `None`: there are no stages, or no further one.
    fn next_in_stage(&mut self, service: &mut Service) -> Option<Next> {
        let now = self.now;
        let green = service.primary()?.crew;
        let progress = service.progress()?;
        let is_ready = match progress.stage {
            Stage::ReconcileService => {
                let stays = [green, progress.blue];
                let mut others = service.deployments.iter().map(|one| one.crew);
                others.all(|crew| stays.contains(&crew) || self.tasks.crew(crew).alive == 0)
            }
            Stage::ScaleUp => self.tasks.crew(green).healthy >= service.desired_count,
            Stage::CleanUp => return None,
            _ => true,
        };
        let progress = service.progress_mut()?;
        if let Some(next) = progress.paused(now, || format!("ecs-pause-{}", self.ids.hex(43))) {
            return Some(next);
        }
        if !is_ready {
            return Some(if now < progress.since + LONGEST {
                Next::Tasks
            } else {
                let stage = progress.stage.word();
                Next::RollBack(format!("Lifecycle stage {stage} timed out."))
            });
        }
        let until = match progress.until {
            Some(until) => until,
            None => now + progress.lasts(self.seed.millis(MOMENT_MS.0, MOMENT_MS.1)),
        };
        progress.until = Some(until);
        if now < until {
            return Some(Next::Wait(until));
        }
        if progress.stage == Stage::ProductionTrafficShift && progress.steps_left > 1 {
            progress.steps_left -= 1;
            progress.until = None;
        } else {
            progress.enter(progress.stage.next(), now);
        }
        Some(Next::Step)
    }
}

impl Progress {
    /// What the stage's hook makes of the present; `None` if it has none, or that is over.
    fn paused(&mut self, now: Timestamp, id: impl FnOnce() -> String) -> Option<Next> {
        if self.was_paused {
            return None;
        }
        if self.pause.is_none() {
            let hook = self.hook()?;
            let expires_at = now + hook.timeout;
            self.pause = Some(Pause { id: id(), expires_at, action: hook.action });
        }
        let pause = self.pause.as_ref().filter(|pause| pause.expires_at > now);
        if let Some(pause) = pause {
            return Some(Next::Wait(pause.expires_at));
        }
        let action = self.pause.take()?.action;
        self.was_paused = true;
        match action {
            HookAction::Continue => None,
            HookAction::RollBack => Some(Next::RollBack("Lifecycle hook timed out.".to_owned())),
        }
    }

    /// The caller's answer to the hook that waits (ContinueServiceDeployment): as if its time were over.
    pub(crate) fn answer(&mut self, id: &str, action: HookAction, now: Timestamp) -> bool {
        let Some(pause) = self.pause.as_mut().filter(|pause| pause.id == id) else { return false };
        (pause.action, pause.expires_at) = (action, now);
        true
    }
}
