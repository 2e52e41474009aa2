//! The table: which words and exit codes mean what. Data only; the first row that matches decides.
//!
//! Its order is its safety. Stop codes that settle the matter come first, then the scheduler's own
//! words, then every sign that something *around* the task failed, and only then the wordings that
//! speak against the revision: a text that holds both kinds is never held against the revision.
//! The rows before "signs of the environment" that convict are the exceptions, each with its reason.
//!
//! Fragments are lower case, ASCII, and occur in this order within one reason (`^` begins it, `$`
//! ends it). They are phrases with blanks or punctuation where possible, because image names,
//! commands and paths of users occur in the same texts.

use super::Verdict::{Ambiguous, Benign, Environment, Revision, Unknown};
use super::evidence::Exit;
use super::rule::{Rule, Text, When, has, when};
use super::words::*;
use super::{Cause as C, GroupKind, StopCode};

const SCHEDULER: &StopCode = &StopCode::ServiceSchedulerInitiated;

/// The table.
#[rustfmt::skip] // rows read best as dense as they are
pub(super) static RULES: &[Rule] = &[
    // ---- Stop codes that settle it. The text of a caller's stop is free and is not read.
    when(When::Code(&StopCode::UserInitiated)).is(Benign, C::StoppedByCaller, STOP_CODES),
    when(When::Code(&StopCode::SpotInterruption)).is(Environment, C::SpotInterruption, STOP_CODES),
    when(When::Code(&StopCode::TerminationNotice)).is(Environment, C::HostTerminated, STOP_CODES),
    when(When::Code(&StopCode::InfrastructureHealth)).is(Environment, C::HostImpaired, STOP_CODES),
    // ---- The scheduler. Exit codes are no argument here.
    when(When::CodeOrNone(SCHEDULER)).has(&[&["scaling activity initiated by"]])
        .is(Benign, C::Replaced, CONSOLE),
    when(When::CodeOrNone(SCHEDULER))
        .has(&[
            &["failed elb health check"], &["failed load balancer health check"],
        ])
        .is(Revision, C::ElbHealthCheck, CONSOLE),
    when(When::CodeOrNone(SCHEDULER)).has(&[&["failed container health check"]])
        .is(Revision, C::ContainerHealthCheck, STOPPED),
    when(When::CodeOrNone(SCHEDULER)).has(&[&["performing maintenance"], &["task retirement"]])
        .is(Benign, C::Maintenance, PUBLIC),
    // Also said of tasks of no service, with whichever stop code.
    has(&[&["is in draining state"], &["during instance draining"]])
        .is(Benign, C::Draining, "AWS Batch docs: Instance draining and task interruptions"),
    when(When::CodeOrNone(SCHEDULER)).has(&[&["availability zone rebalanc"], &["az rebalanc"]])
        .is(Benign, C::Rebalanced, "AWS docs: Track Amazon ECS Availability Zone rebalancing"),
    // Looser words, only where the scheduler is known to speak. A sick host goes before a sick task.
    when(When::Code(SCHEDULER))
        .has(&[
            &["container instance", "unhealthy"], &["container instance", "impaired"],
        ])
        .is(Environment, C::HostImpaired, EXIT_CODES),
    when(When::Code(SCHEDULER)).has(&[&["unhealthy in (target-group"], &["unhealthy in (elb"]])
        .is(Revision, C::ElbHealthCheck, SERVICE_EVENTS),
    when(When::Code(SCHEDULER)).has(&[&["task failed", "health check"]])
        .is(Revision, C::OtherHealthCheck, PUBLIC),
    when(When::Code(SCHEDULER)).has(&[&["maintenance"], &["retire"]])
        .is(Benign, C::Maintenance, PUBLIC),
    when(When::Code(SCHEDULER)).has(&[&["draining"]]).is(Benign, C::Draining, PUBLIC),
    when(When::Code(SCHEDULER)).has(&[&["rebalanc"]]).is(Benign, C::Rebalanced, PUBLIC),
    when(When::Code(SCHEDULER))
        .has(&[
            &["replaced"], &["scaled in"], &["scaled down"], &["service was deleted"],
        ])
        .is(Benign, C::Replaced, PUBLIC),
    when(When::Code(SCHEDULER)).is(Unknown, C::Unrecognised, SAFE),
    // ---- The same in events without a stop code, or with another one.
    has(&[&["^task stopped by user"], &["deregistration forced by user"]])
        .is(Benign, C::StoppedByCaller, CONSOLE),
    has(&[&["spot task was interrupted"]])
        .is(Environment, C::SpotInterruption, "AWS docs: Fargate capacity providers"),
    has(&[&["^host ec2 (instance", "terminated"], &["^host ec2 (instance", "stopped"]])
        .is(Environment, C::HostTerminated, CONSOLE),
    // ---- Convicts before the signs of the environment: the kernel named the container's own limit.
    has(&[
        &["^outofmemoryerror$"], &["outofmemoryerror: container killed"],
        &["container killed due to memory usage"],
    ])
    .is(Revision, C::OutOfMemory, AGENT_DOCKER),
    // ---- Convicts too: the host that does not answer is not ECR's, so its silence is no outage.
    when(When::Always).text(Text::MisspeltRegistry)
        .is(Revision, C::ImageRegistryMisspelt, "public report: Troubleshoot-ECS-Task-Stopped, lab 4"),
    // ---- Signs of the environment: calls that were throttled or refused, or found nobody.
    has(PULLING).and(THROTTLED).is(Environment, C::RegistryRateLimit, PULL_DOCS),
    has(THROTTLED).is(Environment, C::Throttled, START_DOCS),
    has(PULLING).and(NO_CONNECTION).is(Environment, C::RegistryUnreachable, PULL_DOCS),
    has(LOGGING).and(NO_CONNECTION).is(Environment, C::LogsUnreachable, INIT_DOCS),
    has(READING_SECRETS).and(NO_CONNECTION).is(Environment, C::SecretsUnreachable, SECRETS_POST),
    has(MOUNTING).and(NO_CONNECTION).is(Environment, C::Volume, INIT_DOCS),
    has(NO_CONNECTION).is(Environment, C::NetworkUnreachable, STOPPED),
    has(&[&["unable to assume the "], &["unable to assume role"], &["sts:assumerole"]])
        .is(Environment, C::RoleNotAssumable, START_DOCS),
    has(PULLING).and(DENIED).is(Environment, C::RegistryDenied, AGENT_MESSAGES),
    has(LOGGING).and(DENIED).is(Environment, C::PermissionDenied, INIT_DOCS),
    has(READING_ENV_FILE).and(DENIED).is(Environment, C::EnvFile, INIT_DOCS),
    has(READING_SECRETS).and(DENIED).is(Environment, C::SecretDenied, AGENT_ASM),
    has(MOUNTING).and(DENIED).is(Environment, C::Volume, INIT_DOCS),
    has(DENIED).is(Environment, C::PermissionDenied, INIT_DOCS),
    has(PULLING).and(SERVER_FAULT).is(Environment, C::RegistryUnreachable, PUBLIC),
    has(SERVER_FAULT).is(Environment, C::RuntimeFault, PUBLIC),
    // ---- Signs of the environment: disks, addresses, capacity, ports.
    has(&[
        &["no space left on device"], &["disk quota exceeded"], &["thin pool"], &["devmapper: "],
        &["devicemapper: "], &["input/output error"], &["not enough space"],
    ])
    .is(Environment, C::HostDisk, CREATE_DOCS),
    has(&[
        &["insufficientfreeaddresses"], &["not enough free addresses"], &["no free ip"],
        &["no available ip"], &["not have enough", "ip address"], &["insufficient", "ip address"],
    ])
    .is(Environment, C::SubnetFull, START_DOCS),
    has(&[
        &["reached the limit on"], &["limitexceeded"], &["limit exceeded"], &["above your limit"],
        &["quota exceeded"], &["exceed", " quota"], &[" quota", "reached"],
    ])
    .is(Environment, C::Quota, SERVICE_EVENTS),
    has(&[
        &["network interface"], &["eniinformationerror"], &["networknamespaceerror"],
        &["containernetworking"], &["configure eni"], &["eni attachment"], &["attach eni"],
        &["unexpected ec2 error"],
    ])
    .is(Environment, C::NetworkInterface, START_DOCS),
    has(&[
        &["resource:port"], &["port is already allocated"], &["address already in use"],
        &["driver failed programming external connectivity"],
        &["using a port required by your task"],
    ])
    .is(Environment, C::HostPort, DOCKER),
    has(&[
        &["resource:cpu"], &["resource:gpu"], &["resource:memory"], &["resource:eni"],
        &["resource:fargate"], &["resource:inference"], &["^resource:"],
        &["taskfailedtostart: resource:"], &["empty capacity provider"], &["no active instances"],
        &["no container instances were found"], &["no container instance met"],
        &["capacity is unavailable"], &["capacity unavailable"], &["insufficient", "capacity"], &["no spot capacity"],
        &["insufficientinstancecapacity"], &["insufficient", "units available"],
        &["insufficient memory available"],
    ])
    .is(Environment, C::NoCapacity, API_FAILURES),
    // ---- Signs of the environment: the host, its agent, its runtime.
    has(&[&["could not transition to"], &["timed out after waiting"], &["dockertimeouterror"]])
        .is(Environment, C::RuntimeTimeout, STOPPED),
    has(&[
        &["taskstateerror"], &["containervanishederror"], &["impossiblestatetransition"],
        &["cannotgetdockerclient"], &["dockerclientconfigerror"], &["cannotstopcontainer"],
        &["cannotlistcontainers"], &["cannotdescribecontainer"], &["taskfailedtostart: agent"],
        &["^agent$"], &["connect to the docker daemon"], &["cannot allocate memory"],
        &["resource temporarily unavailable"], &["device or resource busy"],
        &["too many open files"], &["already in use by container"], &["no such image"],
        &["cgroup: "], &["cgroups: "], &["cgroup path"],
        // Programs of the host, which Docker runs for every container.
        &["fork/exec "], &["failed to start shim"], &["failed to start userland proxy"],
        &["unable to retrieve oci runtime error"], &["exec: ", "docker-init"],
        &["docker daemon is not running"], &["open //./pipe/docker"],
    ])
    .is(Environment, C::HostFault, AGENT_DOCKER),
    has(&[
        &["internalerror"], &["internal error"], &["failed to prepare extraction snapshot"],
        &["snapshotter", "already exists"], &["snapshotter", "does not exist"], &["ttrpc: "],
        &["containerd.sock"], &["failed to register layer"], &["failed to mount /tmp/containerd"],
        &["failed size validation"],
    ])
    .is(Environment, C::RuntimeFault, CONTAINERD),
    has(&[&["timeout waiting for", "provisioning"], &["timeout waiting for", "to complete"]])
        .is(Environment, C::RuntimeTimeout, "public report: dagster, apache/airflow"),
    // ---- Words that a good revision can meet too: something it names is gone, or its name is.
    has(&[&["no such host"], &["name or service not known"], &["could not resolve host"]])
        .is(Ambiguous, C::NameUnresolved, PULL_DOCS),
    // Weaker signs of a failed connection: texts about unknown hosts hold them too.
    has(&[
        &["dial tcp"], &["dial udp"], &["statuscode: 0"], &["request send failed"],
        &["send request failed"], &["exceeded maximum number of attempts"],
    ])
    .is(Environment, C::NetworkUnreachable, PUBLIC),
    // A secret that exists, read by this revision under a key that it lacks.
    has(&[&["did not contain json key"]]).is(Revision, C::SecretKeyMissing, AGENT_ASM),
    has(READING_ENV_FILE)
        .and(&[
            &["nosuchkey"], &["notfound"], &["not found"], &["404"], &["nosuchbucket"],
        ])
        .is(Ambiguous, C::EnvFile, INIT_DOCS),
    has(&[
        &["log group does not exist"], &["cannot find the amazon cloudwatch log group"],
        &["log group", "not found"], &["log stream", "resourcenotfound"],
    ])
    .is(Ambiguous, C::LogGroupNotFound, INIT_DOCS),
    has(&[
        &["can't find the specified secret"], &["can't retrieve the secret"],
        &["cannot retrieve the secret"], &["invalid ssm parameters"],
        &["parameter store", "invalid parameters"], &["parameternotfound"],
        &["parameterversionnotfound"], &["find the specified secret value"],
    ])
    .is(Ambiguous, C::SecretNotFound, AGENT_ASM),
    has(READING_SECRETS)
        .and(&[
            &["resourcenotfound"], &["marked for deletion"], &["marked deleted"],
            &["scheduled for deletion"], &["it was deleted"], &["does not exist"], &["not found"],
            &["validationexception"], &["invalid character"],
        ])
        .is(Ambiguous, C::SecretNotFound, SECRETS_POST),
    has(&[
        &["efs utils", "no such file or directory"], &["mount", "reason given by server"],
        &["efs utils", "does not exist"], &["file system", "does not exist"],
        &["access point", "not found"], &["bind source path does not exist"],
        &["the snapshot", "does not exist"], &["invalidsnapshot"],
    ])
    .is(Ambiguous, C::VolumeSettings, INIT_DOCS),
    has(&[
        &["taskfailedtostart: attribute"], &["^attribute$"], &["missing an attribute"],
        &["placement constraint"], &["distinctinstance"],
    ])
    .is(Ambiguous, C::PlacementConstraint, API_FAILURES),
    has(&[
        &["could not select device driver"], &["invalid runtime name"], &["unknown runtime"],
        &["nvidia-container-"], &["error running hook"], &["prestart hook"],
    ])
    .is(Ambiguous, C::Device, DOCKER),
    has(&[
        &["schema version 1"], &["schema 1"], &["wrong diff id"], &["content digest", "not found"],
        &["httpreadseeker: failed open", "not found"], &["unexpected commit digest"],
        &["unknown blob"], &["layer verification failed"], &["invalid tar header"],
        &["mismatched image rootfs"], &["unexpected media type"],
        &["failed to extract layer", "not found"], &["failed to unpack image on", "not found"],
    ])
    .is(Ambiguous, C::ImageFormat, CONTAINERD),
    // ECR says the same of a repository that is not there and of a role that may not pull.
    has(&[
        &["check if image exists and role"],
        &["pull access denied for ", ".dkr"], &[".dkr", "pull access denied"],
    ])
    .is(Ambiguous, C::ImageMissingOrPrivate, AGENT_MESSAGES),
    // A root file system that the task definition makes read-only, or a host whose disk went bad.
    has(&[&["read-only file system"]]).is(Ambiguous, C::ContainerSettings, DOCKER),
    has(&[&["dependency graph: "], &["dependency ", " timed out"], &["dependent container "]])
        .is(Ambiguous, C::Dependency, "amazon-ecs-agent: agent/engine/dependencygraph"),
    has(&[&["no log driver named"], &["logging driver", "not available"]])
        .is(Ambiguous, C::LogSettings, DOCKER),
    // ---- Classes that never convict, whatever names and words follow.
    has(&[
        &["failed to invoke efs utils"], &["mount.nfs"], &["failed to mount"],
        &["cannotcreatevolume"], &["cannotinspectvolume"], &["cannotremovevolume"],
        &["ebs volume"], &["attach ebs"], &["cannotlistplugins"], &["stale nfs file handle"],
        &["stale file handle"], &["transport endpoint is not connected"],
    ])
    .is(Environment, C::Volume, STOPPED),
    has(&[
        &["containerruntimeerror"], &["containerruntimetimeout"], &["cannotinspectcontainer"],
        &["cannotremovecontainer"],
    ])
    .is(Environment, C::RuntimeFault, "AWS docs: ContainerRuntimeError errors"),
    // ---- Against the revision: the image.
    has(&[
        &["descriptor matching platform"], &["no matching manifest for"],
        &["no match for platform"], &["cannot be used on this platform"],
        &["does not match the detected host platform"], &["operating system does not match"],
        &["cannotpull", "does not support", "platform"], &["image is incompatible with a"],
        &["exec format error"],
    ])
    .is(Revision, C::ImagePlatform, PULL_DOCS),
    has(&[
        &["no processor for media-type"], &["unsupported media type"],
        &["unsupported manifest media type"], &["unknown image manifest"],
    ])
    .is(Revision, C::ImageFormat, CONTAINERD),
    has(&[
        &["invalid reference format"], &["invalid repository name"], &["repository name must be"],
        &["invalid image name"],
    ])
    .is(Revision, C::ImageName, DOCKER),
    has(&[
        &["manifest unknown"], &["name unknown"], &["manifest for", "not found"],
        &["cannotpull", "repository", "not found"], &["repositorynotfoundexception"],
        &["imagenotfoundexception"], &["image not found"], &["image cannot be found"],
        &["image does not exist"], &["image was not found"], &["cannot find the image"],
        &["does not exist in the registry"],
        &["requested image not found"], &["cannotpull", "404 not found"],
        &["cannotpull", "status code: 404"], &["failed to resolve ref", ": not found"],
        &["failed to pull and unpack image", "not found"], &["cannotpull", ": not found$"],
    ])
    .is(Revision, C::ImageNotFound, PULL_DOCS),
    has(&[
        &["pull access denied", "docker login"], &["pull access denied", "insufficient_scope"],
        &["requested access to the resource is denied"], &["check whether the image exists"],
    ])
    .is(Revision, C::ImageMissingOrPrivate, PULL_DOCS),
    // ---- Against the revision: the container and the task.
    has(&[&["was oom-killed"], &["oom killed"], &["memory limit too low"]])
        .is(Revision, C::OutOfMemory, DOCKER),
    has(&[&["error gathering device information"], &["not a device node"]])
        .is(Revision, C::Device, "AWS docs: video transcoding workloads"),
    has(&[
        &["no log configuration specified"], &["missingendpoint"], &["unknown log opt"],
        &["must specify a value for log opt"], &["log opt", "invalid"], &["log-opt ", "invalid"],
    ])
    .is(Revision, C::LogSettings, "public report: splunk-connect-for-kubernetes 423"),
    has(&[
        &[" exec: \"", "no such file or directory"], &["exec: \\", "no such file or directory"],
        &[" exec /", "no such file or directory"], &["^exec /", "no such file or directory"],
        &["exec user process", "no such file or directory"], &["executable file not found"],
        &["no command specified"], &["createprocess", "cannot find the file specified"],
    ])
    .is(Revision, C::CommandNotFound, DOCKER),
    has(&[
        &[" exec: \"", "permission denied"], &["exec: \\", "permission denied"],
        &[" exec /", "permission denied"], &["^exec /", "permission denied"],
        &["exec user process", "permission denied"], &[" exec: \"", "is a directory"],
        &["exec: \\", "is a directory"],
    ])
    .is(Revision, C::CommandNotExecutable, DOCKER),
    has(&[
        &["failed to copy file info", "operation not permitted"], &["failed to chown"],
        &["failed to chmod"], &["not a directory", "trying to mount a directory onto a file"],
        &["invalid mount"], &["duplicate mount point"], &["mount path must be absolute"],
        &["invalidvolumeerror"],
    ])
    .is(Revision, C::VolumeSettings, AGENT_ERRORS),
    has(&[
        &["^hostconfigerror"], &["unable to find user"], &["unable to find group"],
        &["no matching entries in passwd"], &["unknown capability"],
        &["invalid capability"], &["minimum memory limit"], &["minimum memory reservation"],
        &["can not be less than memory"], &["chdir to cwd", "no such file"],
        &["chdir to cwd", "permission denied"], &["working directory", "invalid"],
        &["invalid environment variable"], &["argument list too long"], &["invalid containerport"],
        &["invalid ulimit"], &["ulimit option"], &["sysctl ", " not "],
    ])
    .is(Revision, C::ContainerSettings, AGENT_ERRORS),
    has(&[
        &["taskdependencyerror"], &["dependencies cannot be resolved"], &["dependentcontainernot"],
    ])
    .is(Revision, C::Dependency, AGENT_ENGINE),
    has(&[&["not compatible with the selected compute"]])
        .is(Revision, C::ComputeMismatch, START_DOCS),
    has(&[&["failed to get container status"]]).is(Revision, C::ContainerStart, CANNOT_START_DOCS),
    // ---- Known classes with words that are not: mild where the class itself says whose fault it is.
    has(&[&["failed to unpack image on snapshotter"], &["failed to extract layer"]])
        .is(Environment, C::RuntimeFault, CONTAINERD),
    has(&[&["pull access denied"], &["cannotpull", "repository does not exist"]])
        .is(Ambiguous, C::ImageMissingOrPrivate, PULL_DOCS),
    has(&[&["failed to resolve ref"]]).is(Ambiguous, C::ImagePull, PULL_DOCS),
    has(&[&["cannotpull"]]).is(Unknown, C::ImagePull, SAFE),
    has(&[
        &["cannotstartcontainer"], &["cannotcreatecontainer"], &["dockerstateerror"],
        &["failed to create new container runtime task"], &["oci runtime create failed"],
    ])
    .is(Ambiguous, C::ContainerStart, CANNOT_START_DOCS),
    // ---- Exit codes, where an essential container ended by itself. EXIT_ROWS begins here.
    // A reason that no row above knows, beside a code that speaks of a crash: let the comparison decide.
    when(When::Exited)
        .text(Text::Reasoned)
        .exit(&[
            Exit::Asked, Exit::Killed, Exit::NotExecutable, Exit::NotFound, Exit::Crashed, Exit::Error,
        ])
        .is(Ambiguous, C::ExitCode, SAFE),
    when(When::Exited).text(Text::Reasoned).is(Unknown, C::Unrecognised, SAFE),
    when(When::Exited).exit(&[Exit::Error]).is(Revision, C::ExitCode, EXIT_CODES),
    when(When::Exited).exit(&[Exit::Killed]).is(Revision, C::Killed, EXIT_CODES),
    when(When::Exited).exit(&[Exit::Crashed]).is(Revision, C::SignalCrash, EXIT_CODES),
    when(When::Exited).exit(&[Exit::NotFound]).is(Revision, C::CommandNotFound, EXIT_CODES),
    when(When::Exited).exit(&[Exit::NotExecutable])
        .is(Revision, C::CommandNotExecutable, EXIT_CODES),
    when(When::Exited).exit(&[Exit::Asked]).is(Ambiguous, C::AskedToStop, EXIT_CODES),
    when(When::Exited).exit(&[Exit::Zero]).group(GroupKind::Service)
        .is(Revision, C::ExitZero, "public report: amazon-ecs-agent issue 1236"),
    when(When::Exited).exit(&[Exit::Zero]).group(GroupKind::Family)
        .is(Benign, C::ExitZero, EXIT_CODES),
    when(When::Exited).exit(&[Exit::Zero]).is(Ambiguous, C::ExitZero, EXIT_CODES),
    when(When::Exited).is(Ambiguous, C::ExitPending, STOPPED),
    // Said of each container that was still to come, also after another one had failed.
    has(&[&["taskstoppedbeforepullbegin"]]).is(Benign, C::StoppedByCaller, AGENT_ENGINE),
    // ---- Nothing but the fact that it did not start; then what nobody has seen before.
    when(When::CodeOrNone(&StopCode::TaskFailedToStart)).text(Text::Only("task failed to start"))
        .is(Ambiguous, C::StartPending, PUBLIC),
    when(When::Code(&StopCode::TaskFailedToStart)).text(Text::Only(""))
        .is(Ambiguous, C::StartPending, STOPPED),
    when(When::Always).is(Unknown, C::Unrecognised, SAFE),
];

/// The number of the first row on exit codes: where a stop without telling words starts.
pub(super) static EXIT_ROWS: usize = first_exit_row(RULES);

const fn first_exit_row(mut rows: &[Rule]) -> usize {
    let mut number = 0;
    while let [row, rest @ ..] = rows {
        if matches!(row.when, When::Exited) {
            return number;
        }
        rows = rest;
        number += 1;
    }
    number
}
