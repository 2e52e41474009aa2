//! The words that several rows share: what the agent was busy with, what went wrong around it, and
//! where the rows know it from. Data only.

use super::rule::Words;

// Where the rows know it from.
pub(super) const STOP_CODES: &str = "ECS API reference: Task.stopCode, StopTask";
pub(super) const STOPPED: &str = "AWS docs: Stopped tasks error codes";
pub(super) const CONSOLE: &str = "AWS docs: Checking stopped tasks for errors";
pub(super) const PULL_DOCS: &str = "AWS docs: CannotPullContainer task errors";
pub(super) const INIT_DOCS: &str = "AWS docs: ResourceInitializationError errors";
pub(super) const START_DOCS: &str = "AWS docs: TaskFailedToStart errors";
pub(super) const CREATE_DOCS: &str = "AWS docs: CannotCreateContainerError";
pub(super) const CANNOT_START_DOCS: &str = "AWS docs: CannotStartContainerError errors";
pub(super) const API_FAILURES: &str = "AWS docs: API failure reasons";
pub(super) const SERVICE_EVENTS: &str = "AWS docs: Service event messages";
pub(super) const EXIT_CODES: &str =
    "AWS re:Post: Why is my Amazon ECS task stopped? (common exit codes)";
pub(super) const SECRETS_POST: &str = "AWS re:Post: ecs-unable-to-pull-secrets";
pub(super) const AGENT_DOCKER: &str = "amazon-ecs-agent: agent/dockerclient/dockerapi/errors.go";
pub(super) const AGENT_ENGINE: &str = "amazon-ecs-agent: agent/engine/errors.go";
pub(super) const AGENT_MESSAGES: &str =
    "amazon-ecs-agent: agent/api/errormessages/error_messages.go";
pub(super) const AGENT_ERRORS: &str = "amazon-ecs-agent: ecs-agent/api/errors/errors.go";
pub(super) const AGENT_ASM: &str = "amazon-ecs-agent: agent/asm/asm.go";
pub(super) const DOCKER: &str = "moby and runc error texts (public reports)";
pub(super) const CONTAINERD: &str = "containerd error texts (public reports)";
pub(super) const PUBLIC: &str = "public report";
pub(super) const SAFE: &str = "design: never convict on what is not known";

// What the agent was busy with. The class name comes first in every text of the agent.
pub(super) const PULLING: Words = &[
    &["cannotpull"],
    &["registry auth from"],
    &["ecr registry auth"],
    &["cannot pull registry auth"],
    &["pull image manifest"],
    &["failed to resolve ref"],
];
pub(super) const READING_SECRETS: Words = &[
    &["secrets from ssm"],
    &["secret from asm"],
    &["secrets from asm"],
    &["pull secrets from"],
    &["fetching secret"],
    &["fetch secret"],
    &["retrieve the secret"],
    &["retrieve secret"],
    &["secretsmanager"],
    &["aws secrets manager"],
    &["parameter store"],
    &["ssm:getparameter"],
    &["kms:decrypt"],
    &["unable to pull secrets or registry auth"],
];
pub(super) const READING_ENV_FILE: Words =
    &[&["env file"], &["environment file"], &["environment variable file"]];
pub(super) const LOGGING: Words = &[
    &["logger args"],
    &["logging driver"],
    &["log stream"],
    &["log group"],
    &["amazon cloudwatch"],
    &["logs:create"],
    &["//logs."],
];
pub(super) const MOUNTING: Words = &[
    &["efs"],
    &["mount.nfs"],
    &["elasticfilesystem:"],
    &["fsx"],
    &["createvolume"],
    &["volume"],
    &["ebs "],
];

// Signs that a connection failed.
pub(super) const NO_CONNECTION: Words = &[
    &["connection issue between"],
    &["check your", "network configuration"],
    &["i/o timeout"],
    &["connection refused"],
    &["connection reset"],
    &["connection timed out"],
    &["connection was closed"],
    &["operation timed out"],
    &["request timed out"],
    &["timeout exceeded while"],
    &["client.timeout"],
    &["timeout awaiting"],
    &["tls handshake"],
    &[" tls: "],
    &[" x509: "],
    &["no route to host"],
    &["network is unreachable"],
    &["host is unreachable"],
    &["broken pipe"],
    &["unexpected eof"],
    &[": eof"],
    &["context canceled"],
    &["context cancelled"],
    &["deadline exceeded"],
    &["request canceled"],
    &["requestcanceled"],
    &["connection lost"],
    &["closed network connection"],
    &["stream error: "],
    &["could not reach any registry"],
    &["temporary failure in name resolution"],
    &["server misbehaving"],
    &["transport is closing"],
    &["code = unavailable"],
    &["signal: killed"],
    &["failed to resolve \"fs-"],
];
// Signs that the other side had trouble. "API error (500)" is no such sign: Docker says it always.
pub(super) const SERVER_FAULT: Words = &[
    &["500 internal server error"],
    &["502 bad gateway"],
    &["503 service"],
    &["504 gateway"],
    &["bad gateway"],
    &["gateway timeout"],
    &["gateway time-out"],
    &["service unavailable"],
    &["serviceunavailable"],
    &["temporarily unavailable"],
    &["http status: 5"],
    &["status code: 5"],
    &["status code 5"],
    &["statuscode: 5"],
    &["internalservererror"],
    &["internal service error"],
    &["internalserviceerror"],
    &["internalserviceexception"],
    &["serverexception"],
];
pub(super) const THROTTLED: Words = &[
    &["toomanyrequests: "],
    &["toomanyrequests:$"],
    &["toomanyrequestsexception"],
    &["too many requests"],
    &["http 429"],
    &["status: 429"],
    &["status code: 429"],
    &["rate exceeded"],
    &["rate limit"],
    &["throttlingexception"],
    &["throttling: "],
    &["throttledexception"],
    &[" throttled"],
    &["requestlimitexceeded"],
    &["slow down"],
];
pub(super) const DENIED: Words = &[
    &["accessdenied"],
    &["access denied exception"],
    &["access denied by"],
    &["not authorized"],
    &["unauthorizedoperation"],
    &["403 forbidden"],
    &["403: forbidden"],
    &["status code: 403"],
    &["statuscode: 403"],
    &["401 unauthorized"],
    &["unauthorized: "],
    &["denied: user: "],
    &["authorization status: 401"],
    &["authorization status: 403"],
    &["failed to authorize: "],
    &["authentication required"],
    &["no basic auth credentials"],
    &["fetch anonymous token"],
    &["check that the role has the permissions"],
    &["no identity-based policy"],
    &["explicit deny"],
    &["expiredtoken"],
    &["token has expired"],
    &["unrecognizedclient"],
    &["invalidclienttokenid"],
    &["nocredentialproviders"],
    &["no valid credential"],
    &["ec2rolerequesterror"],
    &["kmsinvalidstate"],
    &["decryptionfailure"],
    &["kms", " disabled"],
];
