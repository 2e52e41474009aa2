//! `cargo bench -p steady --bench replay`: events per second and peak memory of the real binary over a made
//! recording, side by side with bare `serde_json` into the same fields. `EVENTS` sets the length (1,000,000).

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark looks at the clock and its environment"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark may end at a surprise"
)]
#![allow(missing_docs, reason = "the structs below mirror ECS's fields")]

mod recording;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, default, rename = "detail-type")]
    detail_type: Cow<'a, str>,
    #[serde(borrow, default)]
    account: Cow<'a, str>,
    #[serde(borrow, default)]
    time: Cow<'a, str>,
    #[serde(borrow, default)]
    region: Cow<'a, str>,
    #[serde(borrow, default)]
    resources: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    detail: Detail<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Detail<'a> {
    #[serde(borrow)]
    cluster_arn: Cow<'a, str>,
    #[serde(borrow)]
    task_arn: Cow<'a, str>,
    #[serde(borrow)]
    task_definition_arn: Cow<'a, str>,
    #[serde(borrow)]
    group: Cow<'a, str>,
    #[serde(borrow)]
    started_by: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    last_status: Cow<'a, str>,
    #[serde(borrow)]
    desired_status: Cow<'a, str>,
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    #[serde(borrow)]
    started_at: Cow<'a, str>,
    #[serde(borrow)]
    stopping_at: Cow<'a, str>,
    #[serde(borrow)]
    execution_stopped_at: Cow<'a, str>,
    #[serde(borrow)]
    stop_code: Cow<'a, str>,
    #[serde(borrow)]
    stopped_reason: Cow<'a, str>,
    #[serde(borrow)]
    event_name: Cow<'a, str>,
    #[serde(borrow)]
    deployment_id: Cow<'a, str>,
    #[serde(borrow)]
    reason: Cow<'a, str>,
    #[serde(borrow)]
    containers: Vec<Container<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Container<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    exit_code: i64,
    #[serde(borrow)]
    reason: Cow<'a, str>,
}

fn main() {
    let events: usize =
        std::env::var("EVENTS").map_or(1_000_000, |n| n.parse().expect("EVENTS is a number"));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recording-{events}.jsonl"));
    if !path.exists() {
        let mut out = BufWriter::new(File::create(&path).unwrap());
        recording::write(&mut out, events).unwrap();
        out.flush().unwrap();
    }
    let bytes = fs::metadata(&path).unwrap().len();
    println!(
        "{events} events, {:.2} GB, {} bytes an event",
        bytes as f64 / 1e9,
        bytes / events as u64
    );
    // Twice, and the better of two: the first run also fills the page cache.
    let bare = (0..2).map(|_| bare(&path)).min().unwrap();
    report("bare serde_json", events, bare, None, bare);
    for verb in ["replay", "classify"] {
        let (took, memory) = (0..2).map(|_| process(verb, &path)).min().unwrap();
        report(&format!("steady {verb}"), events, took, Some(memory), bare);
    }
    if std::env::var("KEEP").is_err() {
        fs::remove_file(&path).unwrap();
    }
}

fn report(what: &str, events: usize, took: Duration, memory_kb: Option<u64>, bare: Duration) {
    let per_second = events as f64 / took.as_secs_f64();
    let memory = memory_kb.map(|kb| format!(", peak {} MB", kb / 1024)).unwrap_or_default();
    let ratio = bare.as_secs_f64() / took.as_secs_f64();
    println!("{what:<16} {took:>7.2?}  {per_second:>9.0} events/s  {ratio:.2} x bare{memory}");
}

fn bare(path: &Path) -> Duration {
    let begin = Instant::now();
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path).unwrap());
    let mut line = Vec::new();
    let mut seen = 0_usize;
    while reader.read_until(b'\n', &mut line).unwrap() > 0 {
        let event: Envelope<'_> = serde_json::from_slice(&line).unwrap();
        seen += use_all(&event);
        line.clear();
    }
    assert!(seen > 0);
    begin.elapsed()
}

fn use_all(event: &Envelope<'_>) -> usize {
    let Envelope { id, detail_type, account, time, region, resources, detail } = event;
    let d = detail;
    let texts = [
        id,
        detail_type,
        account,
        time,
        region,
        &d.cluster_arn,
        &d.task_arn,
        &d.task_definition_arn,
        &d.group,
        &d.started_by,
        &d.last_status,
        &d.desired_status,
        &d.created_at,
        &d.started_at,
        &d.stopping_at,
        &d.execution_stopped_at,
        &d.stop_code,
        &d.stopped_reason,
        &d.event_name,
        &d.deployment_id,
        &d.reason,
    ];
    let containers: usize =
        d.containers.iter().map(|c| c.name.len() + c.reason.len() + c.exit_code as usize).sum();
    texts.iter().map(|text| text.len()).sum::<usize>()
        + resources.len()
        + containers
        + d.version as usize
}

/// The real binary's time and peak memory (VmHWM, read until the process is gone).
fn process(verb: &str, path: &Path) -> (Duration, u64) {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_steady"))
        .args([verb, "--format", "json"])
        .arg(path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status)
            && let Some(kb) = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))
        {
            peak = peak.max(kb.trim().trim_end_matches(" kB").parse().unwrap_or(0));
        }
        if let Some(exit) = child.try_wait().unwrap() {
            assert!(exit.success(), "{verb} ended with {exit}");
            return (begin.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
