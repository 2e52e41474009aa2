//! Reading ECS's events: what each says, what is wrong with the broken ones, and what holds for any input.

#![expect(clippy::unwrap_used, clippy::panic, reason = "functions that tests share are tests too")]

mod broken;
mod change;
mod interner;
mod order;
mod own;
mod properties;
mod published;
mod say;

use steady_core::event::{self, Event, EventError};
use steady_core::name::Interner;

fn parse(text: impl AsRef<[u8]>) -> Result<Event, EventError> {
    event::parse(text.as_ref(), &mut Interner::default())
}

/// The files of a folder whose names end in `.ENDING`: name without the ending, and text; sorted by name.
fn files(folder: &std::path::Path, ending: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The project's own fixtures.
fn fixtures() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/events");
    files(&root, "json")
}
