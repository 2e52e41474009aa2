//! The function `alarm`: CloudWatch alarms from the queue, to the services whose config names them.
//!
//! ```text
//! SQS batch ─▶ events by alarm ─▶ whose config names it? ─┬▶ rollback_alarms: the service's turn ─▶ log lines
//!                 │ cannot be read        │ not known      └▶ surge: an override, for the service's scaling turn
//!                 └──────────┬────────────┘
//!                            ▼
//!                 batchItemFailures: the queue brings them again, and at last puts them into its dead-letter queue
//! ```
//!
//! Every alarm of the account comes by here, and most concern nobody: one read of one item says so. CloudWatch is never
//! asked: DescribeAlarms shares its quota with ECS's own deployment alarms. There is no judgement here: which alarms
//! are not looked at is in `steady_core::alarm`, what the others mean in `steady_core::watch`.
//!
//! Start reading at [`handler::Alarm::handle`].

pub mod batch;
pub mod handler;
