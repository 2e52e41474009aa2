//! What Steady knows and decides: the domain, pure.
//!
//! Events come in as [`event::Event`], a service's memory is a [`record::Record`], what a team wants is a
//! [`config::ServiceConfig`], and [`watch::decide`] turns the three and the time into what follows. There is no
//! AWS SDK here, no clock, no environment and no async: whatever has to be fetched is asked for
//! ([`watch::Decision::ask`], [`port`]), and whatever is decided is returned.
//!
//! ```text
//! event JSON ─ event::parse ─▶ Event ─▶ ledger (stops by deployment, counted once)
//!                                          │        stop::classify: verdict, cause, first fix
//!                                          ▼
//! config ───────────────────────▶ watch::decide ◀── running tasks (port)
//!                                   │   evidence: key 1     incident: open, join, escalate, resolve
//!                                   ▼   rollback: may we, to what, by which path
//!                         report::Entry, rollback::Action, notice::Notice
//! ```
//!
//! Start reading at [`watch::decide`]; the rule itself is in [`evidence`].

pub mod alarm;
pub mod clusters;
pub mod comparison;
pub mod config;
pub mod event;
pub mod evidence;
pub mod group;
pub mod history;
pub mod incident;
pub mod installation;
pub mod ledger;
pub mod name;
pub mod notice;
pub mod outbox;
pub mod overrides;
pub mod port;
pub mod record;
pub mod redact;
pub mod report;
pub mod rollback;
pub mod scaling;
pub mod slow_pass;
pub mod standalone;
pub mod status;
pub mod stop;
pub mod switch;
pub mod tally;
pub mod turn;
pub mod watch;

/// Steady's version, as in the command's `--version`: `0.1.0`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
