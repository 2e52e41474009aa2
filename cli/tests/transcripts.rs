//! The command line as people see it: `tests/transcripts`, and the examples in README.md and docs/commands.md.
//!
//! `TRYCMD=overwrite cargo test -p steady --test transcripts` writes what is printed now; read it as prose
//! before committing it.

#[test]
fn commands_print_what_the_transcripts_say() {
    // Paths in them are the repository's.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).expect("the repository");
    trycmd::TestCases::new()
        .case("tests/transcripts/*.trycmd")
        .case("README.md")
        .case("docs/commands.md");
}
