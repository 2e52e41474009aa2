//! The adapters: what AWS is asked and told, one module per AWS service.
//!
//! Each implements a port of [`steady_core::port`] with the calls that the port names. Adapters are dull and obey:
//! they turn names into requests, answers into the domain's types, and errors into
//! [`PortError`](steady_core::port::PortError), which tells "not now", "no" and "no clear answer" apart. Nothing is
//! decided here, nothing is kept between two calls, and no clock and no environment is read but by `aws-config`. What the
//! functions have in common beside that is in [`function`].
//!
//! ```text
//! aws-config (region, credentials, AWS_ENDPOINT_URL) ─▶ client::Aws ─▶ ecs::Ecs                ReadService, ReadLogOptions, ChangeService, ReadFleet
//!                                client::Settings ────▶              ▶ table::Table            KeepRecords
//!                                (timeouts, retries)                 ▶ parameters::Parameters  ReadConfig
//!                                                                    ▶ topics::Topics          Publish
//!                                                                    ▶ logs::Logs              ReadLogs
//!                                                                    ▶ scaling::Scaling        ReadScaling, ReadAllScaling, ChangeScaling, ReadActivities
//!                                                                    ▶ alarms::Alarms          ReadAlarms
//!                                                                    ▶ metrics::Metrics        ReadMetrics
//! ```
//!
//! A client that is not asked for is not linked, so a function carries only the SDK crates that it uses.
//! Start reading at [`client`], where timeouts and retries are chosen, and at `error.rs`, where errors are told apart.

pub mod alarms;
pub mod client;
pub mod ecs;
mod error;
pub mod function;
pub mod identity;
pub mod logs;
pub mod metrics;
pub mod parameters;
pub mod scaling;
mod service_revision;
pub mod table;
pub mod throttles;
pub mod topics;
