//! What of a service a rollback restores besides its task definition, and whether the target still is what was proven.
//!
//! Task definitions are only a part of what was proven: ECS keeps the rest in *service revisions* (API reference,
//! `ServiceRevision`). They are read when they are needed, and not kept, so that a record stays small.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Path, Refusal};
use crate::name::{DeploymentId, ServiceRevisionArn};
use crate::port::{DeploymentStrategy, ServiceRevision};
use crate::record::is_default;

/// A setting of a service that its service revision holds, by the API's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Setting {
    /// `capacityProviderStrategy`
    CapacityProviderStrategy,
    /// `launchType`, which UpdateService has no member for: it comes back when a capacity provider strategy goes.
    LaunchType,
    /// `platformVersion`
    PlatformVersion,
    /// `networkConfiguration`
    NetworkConfiguration,
    /// `loadBalancers`
    LoadBalancers,
    /// `serviceRegistries`
    ServiceRegistries,
    /// `serviceConnectConfiguration`
    ServiceConnectConfiguration,
    /// `volumeConfigurations`
    VolumeConfigurations,
    /// `vpcLatticeConfigurations`
    VpcLatticeConfigurations,
}

/// The settings that a service revision has, each as a text: equal texts are equal settings, and nothing else is read
/// from them. One that it has not is not in here.
pub type Settings = BTreeMap<Setting, String>;

/// What UpdateService restores besides the task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// From this service revision. A setting that it has not is removed.
    pub from: ServiceRevisionArn,
    /// Which.
    pub settings: Vec<Setting>,
}

/// What is known of a rollback that ECS has taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// By which path, where the invocation that saw it knows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub path: Option<Path>,
    /// Settings that differed, and were restored.
    #[serde(default, skip_serializing_if = "is_default")]
    pub restored: Vec<Setting>,
    /// Settings that differ from what was proven, and stay as they are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub not_restored: Vec<Setting>,
    /// AWS's words on them, if it refused to restore them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings_refused: Option<String>,
    /// The service revision that was proven is not known, or ECS keeps it no longer: nothing can be said of settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings_unread: bool,
    /// How long ECS takes besides starting tasks: the traffic shift and the bake times, in minutes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shift_minutes: u32,
    /// Somebody's deployment that began right after it, and took its place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replaced_by: Option<DeploymentId>,
    /// Somebody's deployment that began right before it, of a revision that is known as bad: it lost its place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ran_over: Option<DeploymentId>,
}

/// The settings in which the service differs from what was proven: those that UpdateService can restore, and the rest.
pub(super) fn differing(
    proven: &ServiceRevision,
    current: &ServiceRevision,
) -> (Vec<Setting>, Vec<Setting>) {
    let all = Setting::ALL.into_iter();
    let differ = all.filter(|one| proven.settings.get(one) != current.settings.get(one));
    let removes_strategy = !proven.settings.contains_key(&Setting::CapacityProviderStrategy)
        && current.settings.contains_key(&Setting::CapacityProviderStrategy);
    let gets_strategy = proven.settings.contains_key(&Setting::CapacityProviderStrategy);
    differ
        // A launch type comes and goes with the strategy.
        .filter(|one| *one != Setting::LaunchType || !(removes_strategy || gets_strategy))
        .partition(|one| one.can_be_set_to(proven.settings.get(one)))
}

/// Whether an image that the target names by a tag is another one by now. UpdateService resolves tags anew, so the
/// target's would get what the newest service revision with the same tag got. ECS pins digests by service revision
/// (developer guide, "container image resolution"); what it does not tell is not held against the target.
pub(super) fn moved_image(proven: &ServiceRevision, current: &ServiceRevision) -> Option<Refusal> {
    let moved = proven.images.iter().find(|was| {
        current.images.iter().any(|is| {
            let digests = was.digest.as_ref().zip(is.digest.as_ref());
            was.image == is.image && digests.is_some_and(|(was, is)| was != is)
        })
    });
    moved.map(|moved| Refusal::TargetImageMoved { image: moved.image.clone() })
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::CapacityProviderStrategy,
        Self::LaunchType,
        Self::PlatformVersion,
        Self::NetworkConfiguration,
        Self::LoadBalancers,
        Self::ServiceRegistries,
        Self::ServiceConnectConfiguration,
        Self::VolumeConfigurations,
        Self::VpcLatticeConfigurations,
    ];

    /// As the API names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CapacityProviderStrategy => "capacityProviderStrategy",
            Self::LaunchType => "launchType",
            Self::PlatformVersion => "platformVersion",
            Self::NetworkConfiguration => "networkConfiguration",
            Self::LoadBalancers => "loadBalancers",
            Self::ServiceRegistries => "serviceRegistries",
            Self::ServiceConnectConfiguration => "serviceConnectConfiguration",
            Self::VolumeConfigurations => "volumeConfigurations",
            Self::VpcLatticeConfigurations => "vpcLatticeConfigurations",
        }
    }

    /// Whether UpdateService can bring it to `value`. What is not there any more needs a way to be said: an empty list,
    /// or Service Connect that is not enabled. A platform version and a network configuration have none.
    fn can_be_set_to(self, value: Option<&String>) -> bool {
        match self {
            Self::LaunchType => false,
            Self::PlatformVersion | Self::NetworkConfiguration => value.is_some(),
            Self::CapacityProviderStrategy
            | Self::LoadBalancers
            | Self::ServiceRegistries
            | Self::ServiceConnectConfiguration
            | Self::VolumeConfigurations
            | Self::VpcLatticeConfigurations => true,
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Names in a row: `networkConfiguration, loadBalancers`.
pub(crate) fn named(settings: &[Setting]) -> String {
    settings.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")
}

impl DeploymentStrategy {
    /// How long a deployment takes besides starting its tasks: a traffic shift in steps, and the bake time after it.
    /// Hooks take as long as they take, and are not in it.
    pub fn shift(&self) -> SignedDuration {
        let minutes = |count: u32| SignedDuration::from_mins(i64::from(count));
        match self {
            Self::Rolling => SignedDuration::ZERO,
            Self::BlueGreen { bake_minutes } => minutes(*bake_minutes),
            Self::Canary { canary_bake_minutes, bake_minutes } => {
                minutes(*canary_bake_minutes) + minutes(*bake_minutes)
            }
            Self::Linear { step_percent, step_bake_minutes, bake_minutes } => {
                // "After each step but the last": 25 % is four steps, and three waits.
                let steps = 100_u32.div_ceil((*step_percent).clamp(1, 100));
                minutes(step_bake_minutes.saturating_mul(steps.saturating_sub(1)))
                    + minutes(*bake_minutes)
            }
        }
    }
}
