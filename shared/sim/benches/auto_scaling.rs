//! How long auto scaling takes: `cargo bench -p steady-sim --bench auto_scaling`. A year of minutes with one policy, beside the
//! machine's own floor: reading the same year from a file, which is what has to be done anyway.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and may end at a surprise"
)]

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use steady_core::config::{Scaling, SourceFile, load_tree};
use steady_sim::scaling::{
    Assumptions, AutoScaling, Demand, Given, Hpa, Oracle, Scaler, Score, run,
};

const MINUTES: u32 = 365 * 1440;
const RUNS: u32 = 9;

const ONE: &str =
    "[capacity]\nmin = 2\nmax = 60\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 55\n";
const WINDOWS: &str = "[[window]]\nname = 'day'\nstart = 'cron(30 7 ? * MON-FRI *)'\nend = 'cron(0 20 * * ? *)'\ntimezone = 'Europe/Berlin'\nmin = 8\n";

fn main() {
    let demand = year();
    let floor = floor(&demand);
    println!("{:44} {:>10} {:>12} {:>10}", "a year of minutes", "ms", "ns a minute", "of floor");
    let print = |name: &str, time: Duration| {
        let nanos = time.as_nanos() as f64 / f64::from(MINUTES);
        let ratio = time.as_secs_f64() / floor.as_secs_f64();
        println!("{name:44} {:>10.1} {nanos:>12.1} {ratio:>10.2}", time.as_secs_f64() * 1000.0);
    };
    print("floor: the same year read from a file", floor);
    let assumed = Assumptions::default();
    for (name, text) in [
        ("one policy", ONE.to_owned()),
        ("one policy and a window each working day", format!("{ONE}{WINDOWS}")),
    ] {
        let config = config(&text);
        let scaling =
            || AutoScaling::new(&config, &Given::default(), &demand, &assumed).expect("a config");
        print(name, best(|| play(&demand, scaling())));
    }
    print("HPA rule", best(|| play(&demand, Hpa::new(&demand, 55.0, 100.0, 2, 60))));
    print("oracle", best(|| play(&demand, Oracle::new(&demand, 60))));
}

/// Days and weeks, with noise of its own.
fn year() -> Demand {
    let start = "2026-01-01T00:00:00Z".parse().expect("a time");
    let mut noise = 1_u64;
    let tasks = (0..MINUTES).map(|minute| {
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (noise >> 40) as f64 / f64::from(1 << 24);
        let day = f64::from(minute % 1440) / 1440.0 * std::f64::consts::TAU;
        let week = if minute / 1440 % 7 < 5 { 1.0 } else { 0.6 };
        (8.0 - 6.0 * day.cos()) * week * (0.95 + 0.1 * noise)
    });
    Demand { start, step: 60, tasks: tasks.collect() }
}

fn floor(demand: &Demand) -> Duration {
    let mut text = String::new();
    for (step, load) in demand.tasks.iter().enumerate() {
        writeln!(text, "{},{load:.3}", demand.at(step)).expect("text");
    }
    let path = std::env::temp_dir().join(format!("steady-year-{}.csv", std::process::id()));
    fs::write(&path, text).expect("a file");
    let time = best(|| fs::read_to_string(&path).expect("the file").len() as f64);
    fs::remove_file(&path).expect("the file");
    time
}

fn play(demand: &Demand, mut by: impl Scaler) -> f64 {
    let mut score = Score::default();
    run(demand, 60, &mut by, |moment, _| score.see(moment, None));
    score.figures(demand.step).task_hours
}

fn config(text: &str) -> Scaling {
    let loaded = load_tree(&[SourceFile { path: "prod/web.toml", text }]);
    let tree = loaded.tree.unwrap_or_else(|| panic!("{:?}", loaded.findings));
    tree.for_service("prod/web").scaling.clone()
}

/// The fastest of several: what the machine can do when it is left alone.
fn best(mut run: impl FnMut() -> f64) -> Duration {
    let times = (0..RUNS).map(|_| {
        let begun = Instant::now();
        std::hint::black_box(run());
        begun.elapsed()
    });
    times.min().unwrap_or_default()
}
