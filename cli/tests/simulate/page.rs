//! `--html`: a page that needs nothing but itself.

use crate::CRASH;
use crate::command::{Folder, steady};

#[test]
fn the_page_shows_each_scenario_and_refers_to_nothing_outside() {
    let folder = Folder::new();
    let hostile = CRASH.replace("every start crashes", "<script>alert(1)</script> & co");
    folder.file("crash.toml", hostile);
    steady(&folder, &["simulate", "crash.toml", "--runs", "4", "--html", "page.html"]).good();
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link"] {
        let shown = page.replace("https://", "").replace("http://", "");
        let text = if outside.starts_with("http") { shown.as_str() } else { page.as_str() };
        assert!(!text.contains(outside), "{outside}");
    }
    for shown in ["&lt;script&gt;", "<svg", "key 1 turns", "prefers-color-scheme: dark", "rollback"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    // What is opened is closed.
    for tag in ["svg", "table", "section", "ul", "details", "pre"] {
        let count = |what: String| page.matches(&what).count();
        assert_eq!(count(format!("<{tag}")), count(format!("</{tag}>")), "{tag}");
    }
}

#[test]
fn witnesses_are_drawn_below_the_tasks_of_the_service_in_a_colour_of_their_own() {
    let folder = Folder::new();
    folder.file("crash.toml", CRASH);
    let page = |guard: &str| {
        let args =
            ["simulate", "crash.toml", "--runs", "1", "--guard", guard, "--html", "page.html"];
        steady(&folder, &args).good();
        std::fs::read_to_string(folder.path().join("page.html")).unwrap()
    };
    // Where the bars of a kind begin, from the top.
    let tops = |page: &str, class: &str| -> Vec<f64> {
        let begins = format!("<rect class=\"{class}\"");
        let bars = page.split(&begins).skip(1);
        let top = |bar: &str| bar.split('"').nth(3).unwrap().parse().unwrap();
        bars.map(top).collect()
    };
    let probed = page("probe");
    let witnesses = tops(&probed, "witness");
    assert!(witnesses.len() >= 2, "{witnesses:?}");
    let own = [tops(&probed, "r1"), tops(&probed, "r2")].concat();
    let lowest = own.into_iter().fold(0.0, f64::max);
    assert!(witnesses.iter().all(|top| *top > lowest), "{witnesses:?} {lowest}");
    assert!(probed.contains("<span class=\"witness\">witnesses</span>"), "the legend names them");
    assert!(tops(&page("act"), "witness").is_empty());
}

#[test]
fn a_page_that_cannot_be_written_is_named_and_ends_with_70() {
    let folder = Folder::new();
    folder.file("crash.toml", CRASH);
    let done =
        steady(&folder, &["simulate", "crash.toml", "--runs", "1", "--html", "no/such/page.html"]);
    assert_eq!(done.code, Some(70), "{done:?}");
    let said = "steady: --html: cannot write no/such/page.html: No such file or directory";
    assert!(done.stderr.starts_with(said), "{}", done.stderr);
}
