//! `cargo bench -p steady --bench recommend`: a recommendation over a fortnight of minutes, by the real binary on all cores, beside
//! the machine's own floor: reading the same file, which is what has to be done anyway. Light: `--no-default-features` will do.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and writes where it is told to"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark may end at a surprise"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const MINUTES: u32 = 14 * 1440;
const RUNS: usize = 3;

/// So many at least, and no longer than that: what the command promises.
const CANDIDATES: u64 = 500;
const GOAL: Duration = Duration::from_secs(20);

const CONFIG: &str =
    "[capacity]\nmin = 4\nmax = 60\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 50\n";

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recommend");
    fs::create_dir_all(folder.join("prod")).unwrap();
    let (load, config) = (folder.join("load.csv"), folder.join("prod/web.toml"));
    fs::write(&load, fortnight()).unwrap();
    fs::write(&config, CONFIG).unwrap();
    let cores = std::thread::available_parallelism().unwrap();
    println!(
        "a fortnight of minutes, {} KB, {cores} cores",
        fs::metadata(&load).unwrap().len() / 1000
    );

    let (floor, _) = best(|| fs::read_to_string(&load).unwrap());
    let print = |name: &str, time: Duration| {
        let ratio = time.as_secs_f64() / floor.as_secs_f64();
        println!("{name:46} {:>10.2} ms {ratio:>8.0} x the floor", time.as_secs_f64() * 1000.0);
    };
    print("floor: the file read", floor);
    let (once, _) = best(|| steady(&load, &config, &[]));
    print("steady backtest", once);
    let (all, output) = best(|| steady(&load, &config, &["--recommend"]));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let recommendation = &report["recommendation"];
    let candidates = recommendation["candidates"].as_u64().unwrap();
    let answer = recommendation["answer"].as_str().unwrap();
    print("steady backtest --recommend", all);
    println!("{candidates} candidates on each of the walk's four parts, answer `{answer}`");
    assert!(candidates >= CANDIDATES, "too few to say anything");
    assert!(all <= GOAL, "longer than {GOAL:?}");
}

/// Days and a weekend, with noise of its own and a peak each noon, that comes faster than tasks start.
fn fortnight() -> String {
    let start: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
    let mut noise = 1_u64;
    let mut text = "time,requests\n".to_owned();
    for minute in 0..MINUTES {
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (noise >> 40) as f64 / f64::from(1 << 24);
        let in_day = minute % 1440;
        let day = f64::from(in_day) / 1440.0 * std::f64::consts::TAU;
        let week = if minute / 1440 % 7 < 5 { 1.0 } else { 0.6 };
        let peak = if (720..740).contains(&in_day) { 1.6 } else { 1.0 };
        let requests = 100.0 * (8.0 - 6.0 * day.cos()) * week * peak * (0.95 + 0.1 * noise);
        let at = start + SignedDuration::from_mins(i64::from(minute));
        writeln!(text, "{at},{requests:.0}").unwrap();
    }
    text
}

fn steady(load: &Path, config: &Path, more: &[&str]) -> Output {
    let done = Command::new(env!("CARGO_BIN_EXE_steady"))
        .args(["backtest", "--per-task", "100", "--format", "json", "--load"])
        .arg(load)
        .arg("--config")
        .arg(config)
        .args(more)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    done
}

/// The fastest of some: what the machine can do when it is left alone.
fn best<T>(mut run: impl FnMut() -> T) -> (Duration, T) {
    let once = || {
        let begun = Instant::now();
        let done = std::hint::black_box(run());
        (begun.elapsed(), done)
    };
    std::iter::repeat_with(once).take(RUNS).min_by_key(|(time, _)| *time).unwrap()
}
