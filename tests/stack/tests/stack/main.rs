//! A translated template, read.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end at a surprise")]

mod permissions;
mod resolve;
mod routes;
mod small;
