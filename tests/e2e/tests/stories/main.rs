//! Stories on a whole account: the real handler, the real SDK, an AWS over HTTP that fails as AWS does. Judged by what an
//! outsider sees: what ECS runs, what SNS delivered, which calls were made, what the table holds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at a surprise"
)]

mod alarms;
mod batches;
mod faults;
mod history;
mod logs;
mod permissions;
mod probes;
mod restored;
mod rollbacks;
mod scaled;
mod standalone;
mod swept;
mod together;
mod told;
