//! What the person does: registers, creates, deploys, pushes config; through the real SDK.

use aws_sdk_ecs::types::{
    AwsVpcConfiguration, CanaryConfiguration, ContainerDefinition, DeploymentConfiguration,
    DeploymentStrategy, LoadBalancer, LogConfiguration, LogDriver, NetworkConfiguration, Service,
};
use steady_aws::client::{Aws, Settings as Timing};

use crate::{ACCOUNT, Account, CONFIG_PREFIX, Failure, IMAGE, LOG_GROUP, PERSON, REGION, loader};

/// The cluster of all stories.
const CLUSTER: &str = "prod";

/// The service of all stories, and the family of its task definitions.
const SERVICE: &str = "checkout";

impl Account {
    /// Pushes `prod/checkout.toml`.
    ///
    /// # Errors
    /// If Parameter Store refuses it.
    pub async fn push_config(&self, text: &str) -> Result<(), Failure> {
        let person = Aws::of(loader(&self.aws.endpoint(), PERSON), Timing::default()).await?;
        person.parameters(CONFIG_PREFIX).put(&format!("{CLUSTER}/{SERVICE}"), text).await?;
        Ok(())
    }

    /// Pushes `defaults.toml`.
    ///
    /// # Errors
    /// As [`Self::push_config`].
    pub async fn push_defaults(&self, text: &str) -> Result<(), Failure> {
        let person = Aws::of(loader(&self.aws.endpoint(), PERSON), Timing::default()).await?;
        person.parameters(CONFIG_PREFIX).put("defaults", text).await?;
        Ok(())
    }

    /// Registers the next revision of `checkout`: the first is `checkout:1`.
    ///
    /// # Errors
    /// If ECS refuses it, as for all that follow.
    pub async fn register(&self) -> Result<(), Failure> {
        let log = LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .options("awslogs-group", LOG_GROUP)
            .options("awslogs-region", REGION)
            .options("awslogs-stream-prefix", "ecs")
            .build()?;
        let app = ContainerDefinition::builder()
            .name("app")
            .log_configuration(log)
            .image(IMAGE)
            .essential(true)
            .build();
        let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        let request = self.person.register_task_definition().family(SERVICE);
        let request = request.execution_role_arn(role("checkout-starts"));
        request.task_role_arn(role("checkout")).container_definitions(app).send().await?;
        Ok(())
    }

    /// Deregisters a revision: it is INACTIVE then.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn deregister(&self, revision: &str) -> Result<(), Failure> {
        self.person.deregister_task_definition().task_definition(revision).send().await?;
        Ok(())
    }

    /// Creates the cluster, `checkout:1`, and the service with so many tasks of it.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn create_service(&self, tasks: i32) -> Result<(), Failure> {
        self.person.create_cluster().cluster_name(CLUSTER).send().await?;
        self.register().await?;
        self.create_other(SERVICE, tasks).await
    }

    /// Creates one more service with so many tasks of `checkout:1`.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn create_other(&self, service: &str, tasks: i32) -> Result<(), Failure> {
        let rolling = DeploymentConfiguration::builder()
            .minimum_healthy_percent(100)
            .maximum_percent(200)
            .build();
        self.person
            .create_service()
            .cluster(CLUSTER)
            .service_name(service)
            .task_definition("checkout:1")
            .desired_count(tasks)
            .deployment_configuration(rolling)
            .send()
            .await?;
        Ok(())
    }

    /// Has the service deploy by canary from now on, behind a load balancer: a tenth of the traffic for `canary` minutes,
    /// then all, and `bake` minutes more. The load balancer is a deployment of its own, by canary already.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn deploy_by_canary(&self, canary: i32, bake: i32) -> Result<(), Failure> {
        let first = CanaryConfiguration::builder()
            .canary_percent(10.0)
            .canary_bake_time_in_minutes(canary)
            .build();
        let by_canary = DeploymentConfiguration::builder()
            .strategy(DeploymentStrategy::Canary)
            .canary_configuration(first)
            .bake_time_in_minutes(bake)
            .build();
        let group = format!(
            "arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/checkout/6d0ecf831eec9f09"
        );
        let balancer = LoadBalancer::builder()
            .target_group_arn(group)
            .container_name(SERVICE)
            .container_port(8080)
            .build();
        let request = self.person.update_service().cluster(CLUSTER).service(SERVICE);
        request.deployment_configuration(by_canary).load_balancers(balancer).send().await?;
        Ok(())
    }

    /// Deploys a revision.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn deploy(&self, revision: &str) -> Result<(), Failure> {
        self.deploy_to(SERVICE, revision).await
    }

    /// Deploys a revision to one of several services.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn deploy_to(&self, service: &str, revision: &str) -> Result<(), Failure> {
        let request = self.person.update_service().cluster(CLUSTER).service(service);
        request.task_definition(revision).send().await?;
        Ok(())
    }

    /// Moves the service's tasks into a subnet.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn move_to_subnet(&self, subnet: &str) -> Result<(), Failure> {
        let awsvpc = AwsVpcConfiguration::builder().subnets(subnet).build()?;
        let network = NetworkConfiguration::builder().awsvpc_configuration(awsvpc).build();
        let request = self.person.update_service().cluster(CLUSTER).service(SERVICE);
        request.network_configuration(network).send().await?;
        Ok(())
    }

    /// Sets the desired count.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn scale(&self, tasks: i32) -> Result<(), Failure> {
        let request = self.person.update_service().cluster(CLUSTER).service(SERVICE);
        request.desired_count(tasks).send().await?;
        Ok(())
    }

    /// The service, as ECS describes it.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn described(&self) -> Result<Service, Failure> {
        let request = self.person.describe_services().cluster(CLUSTER).services(SERVICE);
        let services = request.send().await?.services.unwrap_or_default();
        Ok(services.into_iter().next().ok_or("ECS does not know the service")?)
    }

    /// What the service is on: `checkout:1`.
    ///
    /// # Errors
    /// See [`Self::register`].
    pub async fn revision(&self) -> Result<String, Failure> {
        let service = self.described().await?;
        let arn = service.task_definition().unwrap_or_default();
        Ok(arn.rsplit('/').next().unwrap_or_default().to_owned())
    }
}
