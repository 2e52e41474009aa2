//! The function `watch`: ECS events from the queue, decided and acted upon.
//!
//! ```text
//! SQS batch ─▶ batch: events by service ─▶ a turn for each service ─▶ log lines
//!                 │ cannot be read                │ not taken, or not finished
//!                 └───────────────┬───────────────┘
//!                                 ▼
//!                 batchItemFailures: the queue brings them again, and at last puts them into its dead-letter queue
//! ```
//!
//! There is no judgement here: what an event means is in `steady_core::event`, what follows in `steady_core::watch`,
//! in which order it is saved and done in `steady_core::turn`, and how AWS is called in `steady_aws`. The binary does
//! nothing but wire these, so it runs under anything that speaks the Lambda Runtime API.
//!
//! Start reading at [`handler::Watch::handle`].

pub mod batch;
pub mod handler;
