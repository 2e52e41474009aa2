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
fn a_page_that_cannot_be_written_ends_with_70() {
    let folder = Folder::new();
    folder.file("crash.toml", CRASH);
    let done =
        steady(&folder, &["simulate", "crash.toml", "--runs", "1", "--html", "no/such/page.html"]);
    assert_eq!(done.code, Some(70), "{done:?}");
}
