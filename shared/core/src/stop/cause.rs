//! The causes: what people read after "why:", and the first thing to do about it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Defines the enum, its slugs, words and fixes from one list, so that a cause is complete or does
/// not compile.
macro_rules! causes {
    ($($variant:ident $slug:literal, $words:literal, $fix:literal;)+) => {
        /// Why a task stopped. JSON and `Display` are the slug, for example `"image-not-found"`.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum Cause {
            $(#[doc = concat!("`", $slug, "`: ", $words, ".")] $variant,)+
        }

        impl Cause {
            /// Every cause, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The kebab-case name, stable: configs, metrics and stored records may hold it.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// A short phrase to read after "why: ", lower case, without a full stop.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)+ }
            }

            /// The first thing to do, imperative, at most 220 ASCII characters, no full stop.
            #[must_use]
            pub fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix,)+ }
            }
        }
    };
}

causes! {
    // The process.
    ExitCode "exit-code", "an essential container ended with an error code",
        "Read the container's last log lines (aws logs tail GROUP --since 15m), then compare environment, secrets and command with the previous revision";
    ExitZero "exit-zero", "an essential container ended with exit code 0",
        "In a service the main process must not end: run it in the foreground (command, entryPoint), or set essential to false if the container is meant to finish";
    ExitPending "exit-pending", "an essential container ended and no exit code is known yet",
        "Ask for the detail: aws ecs describe-tasks --cluster CLUSTER --tasks TASK --query 'tasks[].containers[].[name,exitCode,reason]'";
    OutOfMemory "out-of-memory", "a container was killed for passing its memory limit",
        "Compare MemoryUtilized in Container Insights with memory and memoryReservation of the task definition; raise the limit or fix the leak";
    Killed "killed", "a container was killed with SIGKILL (137), usually for the task's memory limit",
        "Compare the task's memory with its use before the stop in Container Insights; if memory is fine, look for what sent SIGKILL in the last log lines";
    SignalCrash "signal-crash", "a process crashed with a signal such as SIGSEGV or SIGABRT",
        "Read the last log lines for the crash; suspect native libraries, the base image or the CPU architecture (runtimePlatform) that changed in this revision";
    AskedToStop "asked-to-stop", "a process ended on a request from outside (SIGTERM or SIGINT)",
        "Find who asked: aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=StopTask, ECS Exec sessions, the application's own supervisor";
    CommandNotFound "command-not-found", "the command or entry point is not in the image",
        "Check entryPoint and command of the task definition against the image: docker run --rm -it --entrypoint sh IMAGE";
    CommandNotExecutable "command-not-executable", "the command or entry point is not executable",
        "Set the executable bit in the image (chmod +x) and check the script's first line and the task definition's user and entryPoint";

    // Health checks.
    ElbHealthCheck "elb-health-check", "the load balancer's health checks failed",
        "Check path, port and success codes of the target group, the security group from the load balancer, and healthCheckGracePeriodSeconds against the real start time";
    ContainerHealthCheck "container-health-check", "the container's own health check failed",
        "Run the healthCheck command inside the image (is curl or wget there?); check its port, and startPeriod, timeout and retries against the real start time";
    OtherHealthCheck "other-health-check", "a health check that the scheduler follows failed",
        "See which one failed: aws ecs describe-services --cluster CLUSTER --services SERVICE --query 'services[].events[:10]'; then check its path, port and grace period";

    // Wanted stops.
    Replaced "replaced", "it was scaled in or replaced by a newer deployment",
        "Nothing to do; if the scale-in was not wanted, see aws application-autoscaling describe-scaling-activities --service-namespace ecs";
    Rebalanced "rebalanced", "it was moved to balance Availability Zones",
        "Nothing to do; set availabilityZoneRebalancing to DISABLED on the service if moving tasks hurts";
    Maintenance "maintenance", "AWS maintained the infrastructure under the task",
        "Nothing to do; to choose the time set the account setting fargateTaskRetirementWaitPeriod and keep at least two tasks";
    Draining "draining", "its container instance was draining",
        "Nothing to do; check that minimumHealthyPercent and stopTimeout leave enough tasks and time while instances drain";
    StoppedByCaller "stopped-by-caller", "a person or a program stopped the task",
        "Nothing to do; who it was: aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=StopTask";

    // The host and its capacity.
    SpotInterruption "spot-interruption", "AWS took Spot capacity back",
        "Nothing to fix in the service; give the capacityProviderStrategy a base on FARGATE or on-demand instances if this comes too often";
    HostTerminated "host-terminated", "the EC2 host was stopped or terminated",
        "Find why the instance went: aws autoscaling describe-scaling-activities; turn on managed draining (managedDraining ENABLED) of the capacity provider";
    HostImpaired "host-impaired", "the host was found impaired",
        "Nothing to fix in the service; see the AWS Health Dashboard, and on EC2 aws ec2 describe-instance-status for the instance";
    NoCapacity "no-capacity", "there was no capacity to place the task",
        "Add subnets in other Availability Zones or a second capacity provider; on EC2 raise the Auto Scaling group's maximum or lower the task's cpu and memory";
    Quota "quota", "an account quota was reached",
        "Ask for more: aws service-quotas list-service-quotas --service-code fargate (or ecs, ec2), then request-service-quota-increase; stop what is not needed";
    PlacementConstraint "placement-constraint", "no instance meets what the task definition asks for",
        "Compare requiresAttributes and placementConstraints of the task definition with aws ecs list-attributes --target-type container-instance";
    ComputeMismatch "compute-mismatch", "the task definition does not fit the launch type or capacity provider",
        "Compare requiresCompatibilities, networkMode and runtimePlatform of the task definition with the service's capacityProviderStrategy or launchType";
    HostDisk "host-disk", "the disk or the image storage of the host is full or failing",
        "On EC2 replace the instance or free it with docker system prune and enlarge its volume; on Fargate raise ephemeralStorage.sizeInGiB";
    HostPort "host-port", "the host port is taken on this instance",
        "Use dynamic host ports (hostPort 0) or networkMode awsvpc, or add instances; a fixed hostPort allows one task per instance";
    HostFault "host-fault", "the agent, Docker or the kernel of the host failed",
        "If it is always the same instance, drain it: aws ecs update-container-instances-state --status DRAINING; else look at the ECS agent's log";
    RuntimeTimeout "runtime-timeout", "the container runtime did not answer in time",
        "Look for pressure on the host: disk throughput (EBS burst balance), CPU, too many tasks starting at once; on Fargate wait for the retry";
    RuntimeFault "runtime-fault", "the container runtime or ECS had an internal fault",
        "Wait for ECS to retry; if it goes on, drain the instance or open a support case with the task ARN and the AWS Health Dashboard at hand";

    // The network.
    SubnetFull "subnet-full", "the subnet has no free IP addresses",
        "Add subnets to the service's awsvpcConfiguration; see AvailableIpAddressCount in aws ec2 describe-subnets";
    NetworkInterface "network-interface", "the task's network interface could not be set up",
        "Check subnets and security groups in the service's awsvpcConfiguration and the EC2 API throttling; wait for ECS to retry";
    NetworkUnreachable "network-unreachable", "a connection that the start needs failed",
        "Check route table, NAT gateway or VPC endpoints, security groups and assignPublicIp of the service's awsvpcConfiguration";
    NameUnresolved "name-unresolved", "a host name could not be resolved",
        "Check the spelling of the host in image, awslogs-region and secrets; if it is right, check enableDnsSupport and enableDnsHostnames of the VPC and private DNS of its endpoints";
    Throttled "throttled", "AWS throttled a call that the start needs",
        "Start fewer tasks at once (lower maximumPercent or spread deployments) and ask for a higher API rate in Service Quotas";

    // The image.
    ImageNotFound "image-not-found", "the image or its tag is not in the repository",
        "Check that the pipeline pushed it: aws ecr describe-images --repository-name NAME --image-ids imageTag=TAG; check the image path, region and lifecycle policy";
    ImageMissingOrPrivate "image-missing-or-private", "the image does not exist, or is private and no credentials were given",
        "Check the spelling of image in the task definition; for a private registry set repositoryCredentials.credentialsParameter";
    ImageName "image-name", "the image name is not a valid reference",
        "Correct image in the container definition: REGISTRY/REPOSITORY:TAG in lower case, no scheme, no blanks, no empty variable";
    ImagePlatform "image-platform", "the image was built for another CPU architecture or operating system",
        "Build for the right one (docker buildx build --platform linux/amd64,linux/arm64) or set runtimePlatform.cpuArchitecture of the task definition";
    ImageFormat "image-format", "the tag does not point at an image that can be run",
        "Push again without attestations (docker buildx build --provenance=false --sbom=false) and check with docker buildx imagetools inspect IMAGE";
    ImageRegistryMisspelt "image-registry-misspelt", "the registry's host name is misspelt",
        "Correct the host in image of the task definition: ACCOUNT.dkr.ecr.REGION.amazonaws.com (amazonaws.com.cn in China)";
    ImagePull "image-pull", "the image could not be pulled",
        "Pull it by hand from the same subnets (docker pull IMAGE) and read the whole reason: aws ecs describe-tasks --cluster CLUSTER --tasks TASK";
    RegistryUnreachable "registry-unreachable", "the image registry could not be reached",
        "Check NAT gateway or the VPC endpoints ecr.api, ecr.dkr and s3, their security groups, and assignPublicIp; then the registry's status page";
    RegistryDenied "registry-denied", "the registry refused the credentials or the role",
        "Allow ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer to the executionRoleArn and in the repository policy; check repositoryCredentials";
    RegistryRateLimit "registry-rate-limit", "the registry's pull rate limit was reached",
        "Pull through Amazon ECR (aws ecr create-pull-through-cache-rule) or set repositoryCredentials with a paid account";

    // Secrets, logs, volumes, roles.
    SecretNotFound "secret-not-found", "a secret or parameter that the task definition names was not found",
        "Compare valueFrom in secrets of the task definition with aws secretsmanager describe-secret or aws ssm get-parameter, in the task's region";
    SecretKeyMissing "secret-key-missing", "the secret has no such JSON key",
        "Compare the key in valueFrom (arn:...:secret:NAME:KEY::) with the keys of the secret's current version";
    SecretDenied "secret-denied", "the execution role may not read a secret or parameter",
        "Allow secretsmanager:GetSecretValue or ssm:GetParameters (and kms:Decrypt for its key) on that resource to the task's executionRoleArn";
    SecretsUnreachable "secrets-unreachable", "Secrets Manager, Parameter Store or the registry's login could not be reached",
        "Check NAT gateway or the VPC endpoints secretsmanager, ssm, kms and ecr.api, their security groups and private DNS, and assignPublicIp";
    LogGroupNotFound "log-group-not-found", "the log group does not exist",
        "Create it (aws logs create-log-group --log-group-name NAME) or set awslogs-create-group to true; check awslogs-group and awslogs-region";
    LogSettings "log-settings", "the log configuration is not valid",
        "Correct logConfiguration of the container definition: logDriver, awslogs-region, awslogs-stream-prefix and the options' names";
    LogsUnreachable "logs-unreachable", "the logs endpoint could not be reached",
        "Check NAT gateway or the VPC endpoint logs, its security group and private DNS; the log group itself may be fine";
    Volume "volume", "a volume or file system could not be made ready",
        "Check that the file system has a mount target in the task's zone, that its security group allows NFS (2049) from the task, and the VPC's DNS settings";
    VolumeSettings "volume-settings", "a volume or mount point of the task definition is not valid",
        "Check volumes, mountPoints and the access point's POSIX user and path in the task definition against the file system and the image";
    EnvFile "env-file", "an environment file could not be read",
        "Compare environmentFiles in the container definition with aws s3 ls; allow s3:GetObject and s3:GetBucketLocation to the executionRoleArn";
    RoleNotAssumable "role-not-assumable", "ECS could not assume the task's role",
        "Check that taskRoleArn and executionRoleArn exist and that their trust policy names ecs-tasks.amazonaws.com (aws iam get-role)";
    PermissionDenied "permission-denied", "a permission that the start needs is missing",
        "Read which action on which resource was denied in stoppedReason and allow it to the task's executionRoleArn";

    // The container.
    Device "device", "a device or GPU that the task definition asks for is not there",
        "Compare linuxParameters.devices and resourceRequirements with the instance type and AMI (GPU-optimized?) of the cluster";
    ContainerSettings "container-settings", "the container's settings were refused",
        "Compare user, workingDirectory, memory, linuxParameters and dockerLabels of the container definition with the previous revision";
    ContainerStart "container-start", "the container could not be started",
        "Raise the task's memory and compare the container definition with the previous revision; read the whole reason with aws ecs describe-tasks";
    Dependency "dependency", "a container that others depend on did not get ready",
        "Check dependsOn of the container definitions for cycles, unknown names and conditions, and startTimeout and the log of the container depended upon";
    StartPending "start-pending", "the task did not start and no detail is known yet",
        "Ask for the detail: aws ecs describe-tasks --cluster CLUSTER --tasks TASK --query 'tasks[].[stoppedReason,containers[].reason]'";
    Unrecognised "unrecognised", "the reason is not one that Steady knows",
        "Read stoppedReason and the container reasons (aws ecs describe-tasks), decide by hand, and report the text so that a rule can be added";
}

impl Cause {
    /// Whether the first event of a stop has told too little to name the cause; a later one will.
    #[must_use]
    pub fn is_pending(self) -> bool {
        matches!(self, Self::ExitPending | Self::StartPending)
    }

    /// Whether a health check that the scheduler follows ended the task. Such a verdict comes later than a
    /// crash at start does, see [`crate::evidence::HEALTH_CHECK_TRIAL`].
    #[must_use]
    pub fn is_health_check(self) -> bool {
        matches!(self, Self::ElbHealthCheck | Self::ContainerHealthCheck | Self::OtherHealthCheck)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}
