//! Whether the result is in colour.

use std::io::{self, IsTerminal};

/// On a terminal, unless `NO_COLOR` is set to anything (<https://no-color.org>).
#[expect(
    clippy::disallowed_methods,
    reason = "the command's own environment, read where it counts"
)]
pub(crate) fn is_wanted() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !refused
}
