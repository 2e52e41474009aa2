//! `cargo run -p demo`: the main job on the embedded AWS. Needs nothing but Rust, and nothing outside this machine.

use std::io::{self, stdout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), steady_e2e::Failure> {
    match demo::run(&mut stdout().lock()).await {
        // Whoever reads has seen enough (`| head`).
        Err(error) if is_closed(&*error) => Ok(()),
        told => told,
    }
}

fn is_closed(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
