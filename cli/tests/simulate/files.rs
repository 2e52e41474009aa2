//! Scenario files that cannot be read: everything that is wrong is said, with its place, and the others are done.

use crate::command::{Folder, steady};
use crate::{CRASH, HEALTHY};

/// A file, and what is said of it.
const WRONG: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "x.toml:1:1: `bad` is missing; write `bad = true` if the new revision is to blame, `bad = false` if it is not",
            "x.toml:1:1: `service` is missing",
        ],
    ),
    (
        "bad = true",
        &["x.toml:1:1: `service` is missing; begin a section `[service]` with `tasks = 20`"],
    ),
    ("bad = maybe\n[service]", &["x.toml:1:7: not valid TOML"]),
    ("bad = 1\n[service]\n", &["x.toml:1:7: `bad` is `1`, expected `true` or `false`"]),
    (
        "bad = true\n[service]\ntaks = 3",
        &["x.toml:3:1: `service.taks` is unknown in `[service]`; did you mean `service.tasks`"],
    ),
    (
        "bad = true\n[service]\ntasks = 0",
        &["x.toml:3:9: `service.tasks` is `0`, expected a whole number from 1 to 1000"],
    ),
    (
        "bad = true\n[service]\ntasks = 99999999999999999999",
        &["expected a whole number from 1 to 1000"],
    ),
    (
        "bad = true\n[service]\nname = \"prod/check out\"",
        &["`prod/check out` is no service's name"],
    ),
    (
        "bad = true\n[service]\nmaximum_percent = 100",
        &["with these percentages ECS can replace no task"],
    ),
    ("bad = true\n[[service]]\n[[service]]", &["two services are named `prod/checkout`"]),
    (
        "bad = true\n[service]\n[new]\nfailing_starts = 30",
        &[
            "x.toml:4:18: `new.failing_starts` is `30`, expected a number from 0 to 1; a share: write `0.3`",
        ],
    ),
    ("bad = true\n[service]\n[new]\nfailing_starts = nan", &["expected a number from 0 to 1"]),
    (
        "bad = true\n[service]\n[new]\nexits_after = \"5\"",
        &["`new.exits_after` is `\"5\"`, expected a duration"],
    ),
    (
        "bad = true\n[service]\n[new]\nrunning_after = [\"55s\", \"25s\"]",
        &["expected the shorter one first"],
    ),
    (
        "bad = true\n[service]\n[new]\nrunning_after = \"25s\"",
        &["expected two durations, from and to"],
    ),
    (
        "bad = true\n[service]\n[[fault]]\nkind = \"outag\"\nat = \"1m\"",
        &["did you mean `\"outage\"`"],
    ),
    ("bad = true\n[service]\n[[fault]]\nat = \"1m\"", &["x.toml:3:1: `kind` is missing"]),
    (
        "bad = true\n[service]\n[[fault]]\nkind = \"no-capacity\"",
        &["`at` is missing", "`for` is missing"],
    ),
    (
        "bad = true\n[service]\n[[fault]]\nkind = \"no-capacity\"\nat = \"1m\"\nfor = \"1m\"\nservices = [\"prod/x\"]",
        &["expected names of services of this scenario"],
    ),
    (
        "bad = true\n[service]\n[expect.ack]\nfired_at_least = 1",
        &["`expect.ack` is unknown in `[expect]`; did you mean `expect.act`"],
    ),
    ("bad = true\n[service]\n[expect.act]\nends_on = \"newer\"", &["expected one of `old`, `new`"]),
    ("bad = true\nservice = 3", &["`service` is `3`, expected a table"]),
    (
        "bad = true\n[service]\n[run]\nhorizon = \"1s\"",
        &["expected a duration from `\"1m\"` to `\"3d\"`"],
    ),
    (
        "bad = true\n[service]\ntasks = -1\n[old]\nexit_code = 256\n[new]\nx = 1",
        &[
            "x.toml:3:9: `service.tasks`",
            "x.toml:5:13: `old.exit_code`",
            "x.toml:7:1: `new.x` is unknown",
        ],
    ),
];

#[test]
fn all_that_is_wrong_with_a_file_is_said_with_its_place() {
    for (text, said) in WRONG {
        let folder = Folder::new();
        folder.file("x.toml", text);
        let done = steady(&folder, &["simulate", "x.toml", "--runs", "1"]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(65), ""), "{text}\n{}", done.stderr);
        let lines: Vec<&str> = done.stderr.lines().collect();
        assert_eq!(lines.len(), said.len(), "{text}\n{}", done.stderr);
        for (line, said) in lines.iter().zip(*said) {
            assert!(line.contains(said), "{text}\n{line}\n{said}");
        }
    }
}

#[test]
fn the_other_files_are_done_all_the_same() {
    let folder = Folder::new();
    folder.file("s/a.toml", CRASH).file("s/b.toml", "bad = 1").file("s/c.toml", HEALTHY);
    let args =
        ["simulate", "s", "s/none.toml", "--runs", "2", "--guard", "count", "--format", "json"];
    let done = steady(&folder, &args);
    assert_eq!(done.code, Some(65));
    let names: Vec<_> = done.json().iter().map(|line| line["scenario"].clone()).collect();
    assert_eq!(names, ["a", "c"]);
    assert!(done.stderr.contains("s/none.toml: cannot read it"), "{}", done.stderr);
}

#[test]
fn a_folder_without_scenarios_is_a_wrong_call() {
    let folder = Folder::new();
    folder.file("s/notes.txt", "");
    let done = steady(&folder, &["simulate", "s"]);
    assert_eq!(done.code, Some(64), "{done:?}");
    let done = steady(&folder, &["simulate", "s", "--runs", "0"]);
    assert_eq!(done.code, Some(64), "{done:?}");
}
