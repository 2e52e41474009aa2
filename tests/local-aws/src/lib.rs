//! The embedded AWS: the services that Steady calls, on loopback, over their real wire protocols.
//!
//! It exists for the demo and the tests only. What calls it is the real thing (SDK clients, the functions' binaries, the AWS
//! CLI); what answers is small enough to read. Every call passes one front, where it is numbered and logged
//! ([`LocalAws::calls`]) and where faults are injected ([`LocalAws::fault`]); then its service answers.
//!
//! ```text
//! SDK client ─ HTTP ─▶ front: read, number, log, fault ─┬▶ ecs       steady_sim::Ecs, AWS JSON 1.1
//!                                                       ├▶ application-autoscaling  targets, policies, scheduled actions, AWS JSON 1.1
//!                                                       ├▶ monitoring  CloudWatch's alarms and metrics, RPC v2 CBOR
//!                                                       ├▶ ssm       Parameter Store, AWS JSON 1.1
//!                                                       ├▶ logs      CloudWatch Logs, AWS JSON 1.1
//!                                                       ├▶ sns       topics and what they delivered, Query
//!                                                       ├▶ sts       who calls, Query
//!                                                       └▶ dynamodb  dynoxide on SQLite, AWS JSON 1.0
//! Queue: an SQS queue as a Lambda event source sees it; pure data, not served
//! ```
//!
//! What is refused is refused with AWS's own error codes, and the code names the page or model that says so. What AWS takes
//! and this does not know is refused with `NotKnownToLocalAws`, so that nothing seems to work that was only ignored.
//!
//! A caller that was given a role's policy ([`LocalAws::give`]) may do no more than that; any other access key may do anything.
//!
//! Deliberately not here: the check of the signature itself (its credential scope is
//! read, the HMAC is not computed), quotas and rates (a throttle is a fault that a test asks for), TLS, and a clock: time is
//! the simulator's, except in DynamoDB, which stamps tables with the machine's. Nothing scales by itself either: policies and
//! schedules are kept and told, and alarms change their state when somebody says so.
//!
//! Start reading at [`LocalAws`]; the path of a call is in `front`.

mod answer;
mod autoscaling;
mod call;
mod cbor;
mod cloudwatch;
mod dynamodb;
mod ecs;
mod fault;
mod front;
mod iam;
mod input;
mod journal;
mod local_aws;
mod logs;
mod queue;
mod request;
mod server;
mod sns;
mod ssm;
mod sts;

pub use call::{Call, Outcome};
pub use fault::{Fault, What, When};
pub use local_aws::{LocalAws, StartError};
pub use queue::{Queue, Settled};
pub use sns::{Attribute, Delivery};
pub use steady_sim::{ApiError, Ecs, Setup};
