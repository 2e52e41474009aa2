//! `cargo run -p demo`: the main job on the embedded AWS. Needs nothing but Rust, and nothing outside this machine.

use std::io::stdout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), steady_e2e::Failure> {
    demo::run(&mut stdout().lock()).await
}
