//! Service revisions: their settings as the core compares them, and into an UpdateService.

use std::collections::BTreeMap;
use std::fmt::Debug;

use aws_sdk_ecs::operation::update_service::builders::UpdateServiceFluentBuilder;
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, DeploymentConfiguration, DeploymentStrategy as Strategy,
    NetworkConfiguration, ServiceConnectConfiguration, ServiceRevision as Found,
};
use steady_core::name::ServiceRevisionArn;
use steady_core::port::{ContainerImage, DeploymentStrategy, ServiceRevision};
use steady_core::rollback::{Setting, Settings};

pub(crate) fn service_revision(found: &Found) -> Option<ServiceRevision> {
    let images = found.container_images().iter();
    let images = images.filter_map(|one| {
        let digest = one.image_digest().map(str::to_owned);
        Some(ContainerImage { image: one.image()?.to_owned(), digest })
    });
    Some(ServiceRevision {
        arn: ServiceRevisionArn::from(found.service_revision_arn()?),
        settings: settings(found),
        images: images.collect(),
    })
}

/// Each setting that is there, as a text that is equal where the setting is: lists in one order, whatever ECS's is.
fn settings(found: &Found) -> Settings {
    let platform_version = found.platform_version().map(str::to_owned);
    let launch_type = found.launch_type().map(|one| one.as_str().to_owned());
    let network = found.network_configuration().map(network);
    let service_connect = found.service_connect_configuration().filter(|one| one.enabled());
    let all = [
        (Setting::CapacityProviderStrategy, listed(found.capacity_provider_strategy())),
        (Setting::LaunchType, launch_type),
        (Setting::PlatformVersion, platform_version),
        (Setting::NetworkConfiguration, network),
        (Setting::LoadBalancers, listed(found.load_balancers())),
        (Setting::ServiceRegistries, listed(found.service_registries())),
        (Setting::ServiceConnectConfiguration, service_connect.map(|one| format!("{one:?}"))),
        (Setting::VolumeConfigurations, listed(found.volume_configurations())),
        (Setting::VpcLatticeConfigurations, listed(found.vpc_lattice_configurations())),
    ];
    let present = all.into_iter().filter_map(|(setting, text)| Some((setting, text?)));
    present.collect::<BTreeMap<_, _>>()
}

fn listed<T: Debug>(list: &[T]) -> Option<String> {
    let mut texts: Vec<String> = list.iter().map(|one| format!("{one:?}")).collect();
    texts.sort_unstable();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn network(configuration: &NetworkConfiguration) -> String {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list.join(" ")
    };
    let of = configuration.awsvpc_configuration();
    let subnets = of.map(AwsVpcConfiguration::subnets).unwrap_or_default();
    let groups = of.map(AwsVpcConfiguration::security_groups).unwrap_or_default();
    let public = of.and_then(AwsVpcConfiguration::assign_public_ip);
    // DISABLED is what is taken where nothing is said (AwsVpcConfiguration, API reference).
    let public = public.map_or("DISABLED", |one| one.as_str());
    format!("subnets {} security groups {} public IP {public}", sorted(subnets), sorted(groups))
}

/// Puts settings of a service revision into an UpdateService. What the revision has not is removed, by an empty list
/// (UpdateService, API reference), or by Service Connect that is not enabled.
pub(crate) fn restored(
    call: UpdateServiceFluentBuilder,
    settings: &[Setting],
    from: &Found,
) -> UpdateServiceFluentBuilder {
    settings.iter().fold(call, |call, setting| match setting {
        // "To update the service's capacity provider strategy, forceNewDeployment must be used" (developer guide,
        // "Updating Amazon ECS service parameters").
        Setting::CapacityProviderStrategy => call
            .set_capacity_provider_strategy(Some(from.capacity_provider_strategy().to_vec()))
            .force_new_deployment(true),
        // It has no member of UpdateService.
        Setting::LaunchType => call,
        Setting::PlatformVersion => {
            call.set_platform_version(from.platform_version().map(str::to_owned))
        }
        Setting::NetworkConfiguration => {
            call.set_network_configuration(from.network_configuration().cloned())
        }
        Setting::LoadBalancers => call.set_load_balancers(Some(from.load_balancers().to_vec())),
        Setting::ServiceRegistries => {
            call.set_service_registries(Some(from.service_registries().to_vec()))
        }
        Setting::ServiceConnectConfiguration => {
            let none = || ServiceConnectConfiguration::builder().enabled(false).build();
            call.set_service_connect_configuration(
                from.service_connect_configuration().cloned().or_else(|| Some(none())),
            )
        }
        Setting::VolumeConfigurations => {
            call.set_volume_configurations(Some(from.volume_configurations().to_vec()))
        }
        Setting::VpcLatticeConfigurations => {
            call.set_vpc_lattice_configurations(Some(from.vpc_lattice_configurations().to_vec()))
        }
    })
}

/// Bake times that are not given are 0: then nothing is expected of them.
pub(crate) fn strategy(configuration: Option<&DeploymentConfiguration>) -> DeploymentStrategy {
    let Some(of) = configuration else { return DeploymentStrategy::default() };
    let minutes = |given: Option<i32>| given.and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
    let bake_minutes = minutes(of.bake_time_in_minutes());
    match of.strategy() {
        Some(Strategy::BlueGreen) => DeploymentStrategy::BlueGreen { bake_minutes },
        Some(Strategy::Canary) => {
            let canary = of.canary_configuration();
            let canary = canary.and_then(|one| one.canary_bake_time_in_minutes());
            DeploymentStrategy::Canary { canary_bake_minutes: minutes(canary), bake_minutes }
        }
        Some(Strategy::Linear) => {
            let linear = of.linear_configuration();
            let percent = linear.and_then(|one| one.step_percent()).unwrap_or(100.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to 1..=100"
            )]
            let step_percent = percent.clamp(1.0, 100.0) as u32;
            let step = linear.and_then(|one| one.step_bake_time_in_minutes());
            DeploymentStrategy::Linear {
                step_percent,
                step_bake_minutes: minutes(step),
                bake_minutes,
            }
        }
        _ => DeploymentStrategy::Rolling,
    }
}
