//! A translated template, read.

#![expect(clippy::indexing_slicing, reason = "a test may end at a surprise")]

mod resolve;
mod small;
