//! A translated template (`infra/`), read as the account would have it: rules with their patterns, queues, functions with their
//! environment, roles with what they may.
//!
//! ```text
//! template.json ─▶ template   functions, conditions, parameters resolved for a pretended account
//!                     │
//!                     ▼
//!                  stack      functions, queues, rules, schedules, and who calls whom
//!                     ├─ pattern   which event a rule takes
//!                     └─ policy    what a role may, and who may send to a queue
//! ```
//!
//! It exists for the tests: they route events, start functions and refuse calls by the template that is deployed, so that what
//! they show holds for it. What is not understood is an error with its place and never passed over, since a part of a policy
//! that nobody looks at proves nothing.
//!
//! Deliberately not here: making anything, YAML, and macros (`Transform`): the template is translated before.

mod glob;
mod names;
pub mod pattern;
pub mod permissions;
pub mod policy;
pub mod stack;
pub mod template;

pub use stack::Stack;
pub use template::Deployment;
