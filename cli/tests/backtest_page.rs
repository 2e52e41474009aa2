//! `steady backtest --html`: the page of a backtest.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod command;

use std::fmt::Write as _;
use std::fs;

use command::{Folder, steady};
use serde_json::Value;

const CONFIG: &str = "[capacity]\nmin = 1\nmax = 40\n\n[[target_tracking]]\nname = \"cpu\"\nmetric = \"cpu\"\n\
                      target = 60\nscale_in_cooldown = \"300s\"\nscale_out_cooldown = \"60s\"\n";

/// So many minutes with a day's rise and fall, a peak, and a gap.
fn load(minutes: i64) -> String {
    let mut csv = "time,requests\n".to_owned();
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for minute in (0..minutes).filter(|minute| !(700..720).contains(minute)) {
        let at = start + jiff::SignedDuration::from_mins(minute);
        let in_day = (minute % 1440 - 720).abs();
        let peak = if minute == minutes / 2 + 400 { 12_000 } else { 0 };
        writeln!(csv, "{at},{}", 300 + 5 * in_day + peak).unwrap();
    }
    csv
}

/// The page, and the report as JSON.
fn played(folder: &Folder, load: &str) -> (String, Value) {
    folder.file("prod/checkout.toml", CONFIG).file("load.csv", load);
    let args = ["backtest", "--load", "load.csv", "--config", "prod/checkout.toml"];
    let rest = ["--per-task", "400", "--format", "json", "--html", "page.html"];
    let done = steady(folder, &[&args[..], &rest[..]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    (fs::read_to_string(folder.path().join("page.html")).unwrap(), done.json().remove(0))
}

/// The `d` of the paths with this class.
fn paths<'p>(page: &'p str, class: &str) -> Vec<&'p str> {
    let begins = format!("<path class=\"{class}\" d=\"");
    page.split(&begins).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_minute_of_a_short_recording_is_in_the_picture() {
    let (page, report) = played(&Folder::new(), &load(900));
    let columns = |class: &str| paths(&page, class)[0].matches('H').count();
    assert_eq!(columns("running"), 900);
    assert_eq!(columns("desired"), 900);
    // 20 minutes have no value.
    assert_eq!(columns("load"), 880);
    for run in 0..4 {
        assert_eq!(paths(&page, &format!("cost c{run}"))[0].matches('L').count(), 900);
    }
    let shortages = paths(&page, "short")[0].matches('M').count();
    assert_eq!(Some(shortages as u64), report["outcomes"][0]["shortages"].as_u64());
    assert!(shortages > 0);
}

#[test]
fn every_action_has_a_line_with_its_reason_and_every_mark_leads_to_one() {
    let (page, report) = played(&Folder::new(), &load(4000));
    let actions = report["actions"].as_array().unwrap();
    assert!(actions.len() > 20);
    for (place, action) in actions.iter().enumerate() {
        assert!(page.contains(&format!("<li id=\"a{place}\">")), "{action}");
    }
    let marks: Vec<&str> = page.split("<a href=\"#a").skip(1).collect();
    let marks: Vec<&str> = marks.into_iter().filter(|mark| mark.contains("<title>")).collect();
    assert!(!marks.is_empty());
    for mark in marks {
        let number: usize = mark.split('"').next().unwrap().parse().unwrap();
        let told = mark.split("<title>").nth(1).unwrap();
        let change = format!("{} → {}", actions[number]["from"], actions[number]["to"]);
        assert!(told.contains(&change), "{number}: {told}");
        let reason = actions[number]["reason"].as_str().unwrap().replace('`', "");
        assert!(told.contains(&reason), "{number}: {told}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let load = load(3000);
    assert_eq!(played(&Folder::new(), &load).0, played(&Folder::new(), &load).0);
}

#[test]
fn ninety_days_of_minutes_stay_small_and_the_peak_of_a_single_one_is_seen() {
    let (page, report) = played(&Folder::new(), &load(90 * 1440));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert_eq!(paths(&page, "running")[0].matches('H').count(), 1000);
    assert!(report["outcomes"][0]["longest_shortage_minutes"].as_f64().unwrap() > 0.0);
    // Minute 65200 of 129600 lies in column 503 of 1000.
    let shaded: Vec<&str> = paths(&page, "short")[0].split('M').collect();
    assert!(shaded.iter().any(|part| part.starts_with("503 0H504")), "{shaded:?}");
}

#[test]
fn the_page_refers_to_nothing_outside_and_closes_what_it_opens() {
    let folder = Folder::new();
    let (page, _) = played(&folder, &load(2000));
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for tag in ["svg", "table", "div", "ol", "li", "p", "a", "span"] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    for shown in
        ["prefers-color-scheme: dark", "aria-label", "static peak", "oracle", "HPA at 60 %"]
    {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn a_page_that_cannot_be_written_ends_with_70() {
    let folder = Folder::new();
    folder.file("prod/checkout.toml", CONFIG).file("load.csv", load(300));
    let args = ["backtest", "--load", "load.csv", "--config", "prod/checkout.toml"];
    let rest = ["--per-task", "400", "--html", "no/such/page.html"];
    assert_eq!(steady(&folder, &[&args[..], &rest[..]].concat()).code, Some(70));
}

#[test]
fn a_page_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    folder.file("prod/checkout.toml", CONFIG).file("load.csv", load(60));
    let args = ["backtest", "--load", "load.csv", "--config", "prod/checkout.toml"];
    let rest = ["--per-task", "400", "--html", "nowhere/page.html"];
    let done = steady(&folder, &[&args[..], &rest[..]].concat());
    assert_eq!(done.code, Some(70), "{done:?}");
    let said = "steady: --html: cannot write nowhere/page.html: No such file or directory";
    assert!(done.stderr.starts_with(said), "{}", done.stderr);
}
