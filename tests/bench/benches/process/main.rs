//! `cargo bench -p steady-bench --bench process`: the real binary `watch`, built as for release, beside a hello-world
//! function, under a Runtime API and an AWS that answer at once; in one run, taking turns.
//!
//! - start: from spawning the process to its first `next` call
//! - warm call: from the answer to `next` to the function's response, for a batch of one stop event of a service never seen
//!   before: a read and a conditional write
//! - memory: the process's peak (`VmHWM`) after all of that
//! - TLS: the first call of AWS over TLS against the second one
//!
//! `STARTS` (30) and `CALLS` (2,000) set the lengths.

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

mod server;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{Aws, Runtime};

fn main() {
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (starts, calls) = (number("STARTS", 30), number("CALLS", 2_000));
    let (hello, watch) = build();
    println!("binary    hello {:>6.1} MB   watch {:>6.1} MB", megabytes(&hello), megabytes(&watch));
    measure_starts(&hello, &watch, starts);
    measure_calls(&hello, &watch, calls);
    measure_tls(&watch, starts);
}

/// As they would be deployed: `cargo bench` itself builds with another profile.
fn build() -> (PathBuf, PathBuf) {
    for package in ["steady-watch", "steady-bench"] {
        // One by one: built together they would share features that neither has alone.
        let status = Command::new(env!("CARGO"))
            .args(["build", "--release", "--locked", "--bins", "-p", package])
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the build failed");
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("release");
    (target.join("hello"), target.join("watch"))
}

fn megabytes(file: &Path) -> f64 {
    std::fs::metadata(file).expect("it was built").len() as f64 / 1e6
}

/// A process under the Runtime API; killed when it is dropped.
struct Function(Child);

impl Function {
    fn spawn(binary: &Path, runtime: &Runtime, aws: &Aws) -> Self {
        let child = Command::new(binary)
            .env_clear()
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", "function"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "AKIABENCH"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("STEADY_TABLE", "steady"),
                ("STEADY_TOPIC", "arn:aws:sns:eu-west-1:111122223333:steady"),
                ("STEADY_MODE", "act"),
            ])
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address())
            .env("AWS_ENDPOINT_URL", aws.endpoint())
            .env("SSL_CERT_FILE", aws.certificate())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the function starts");
        Self(child)
    }

    /// Peak resident memory in MB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1e3
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measure_starts(hello: &Path, watch: &Path, starts: usize) {
    let aws = Aws::start(false);
    let start = |binary: &Path| {
        let runtime = Runtime::start();
        let began = Instant::now();
        let function = Function::spawn(binary, &runtime, &aws);
        let took = runtime.wait_for_next().duration_since(began);
        drop(function);
        took
    };
    let (mut of_hello, mut of_watch) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        of_hello.push(start(hello));
        of_watch.push(start(watch));
    }
    report("start", of_hello, of_watch);
}

fn measure_calls(hello: &Path, watch: &Path, calls: usize) {
    let aws = Aws::start(false);
    let runtimes = [Runtime::start(), Runtime::start()];
    let functions =
        [Function::spawn(hello, &runtimes[0], &aws), Function::spawn(watch, &runtimes[1], &aws)];
    for runtime in &runtimes {
        runtime.wait_for_next();
    }
    let mut took = [Vec::new(), Vec::new()];
    for call in 0..calls {
        let batch = batch(call);
        for (runtime, took) in runtimes.iter().zip(&mut took) {
            let (response, time) = runtime.invoke(&batch);
            took.push(time);
            let failed = response.get("batchItemFailures").and_then(Value::as_array);
            assert!(failed.is_none_or(Vec::is_empty), "{response}");
        }
    }
    assert_eq!(aws.calls(), 2 * calls, "one read and one write each");
    // The first calls make connections and warm caches.
    let [of_hello, of_watch] = took.map(|all| all[(calls / 10).min(100)..].to_vec());
    report("call", of_hello, of_watch);
    let [hello, watch] = functions.each_ref().map(Function::memory);
    println!("memory    hello {hello:>6.1} MB   watch {watch:>6.1} MB");
}

/// How much longer the first call over TLS takes than the second.
fn measure_tls(watch: &Path, starts: usize) {
    let aws = Aws::start(true);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        let runtime = Runtime::start();
        let _function = Function::spawn(watch, &runtime, &aws);
        runtime.wait_for_next();
        first.push(runtime.invoke(&batch(0)).1);
        second.push(runtime.invoke(&batch(1)).1);
    }
    let (first, second) = (quantile(first, 0.5), quantile(second, 0.5));
    println!(
        "TLS       first {:>6.2} ms   second {:>6.2} ms   more by {:.2} ms (medians)",
        millis(first),
        millis(second),
        millis(first.saturating_sub(second)),
    );
}

/// One stop event of a service of its own, as the queue brings it.
fn batch(call: usize) -> Value {
    let event = json!({
        "version": "0", "id": format!("event-{call}"), "detail-type": "ECS Task State Change", "source": "aws.ecs",
        "account": "111122223333", "time": "2026-11-21T02:14:07Z", "region": "eu-west-1",
        "resources": [format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{call:032x}")],
        "detail": {
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod",
            "containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": 0}],
            "createdAt": "2026-11-21T01:00:00Z", "startedAt": "2026-11-21T01:00:30Z",
            "stoppingAt": "2026-11-21T02:14:07Z", "group": format!("service:checkout-{call}"),
            "lastStatus": "DEPROVISIONING", "desiredStatus": "STOPPED", "startedBy": "ecs-svc/5830167122874509811",
            "stopCode": "ServiceSchedulerInitiated",
            "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/5830167122874509811)",
            "taskArn": format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{call:032x}"),
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:41", "version": 6
        }
    });
    json!({"Records": [{
        "messageId": format!("message-{call}"), "receiptHandle": "receipt", "body": event.to_string(),
        "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:steady-watch", "awsRegion": "eu-west-1"
    }]})
}

fn report(what: &str, hello: Vec<Duration>, watch: Vec<Duration>) {
    let [hello_mid, watch_mid] = [&hello, &watch].map(|all| quantile(all.clone(), 0.5));
    println!(
        "{what:9} hello {:>6.2} ms   watch {:>6.2} ms   {:.2} x (medians; p99 {:.2} and {:.2} ms, {} each)",
        millis(hello_mid),
        millis(watch_mid),
        watch_mid.as_secs_f64() / hello_mid.as_secs_f64(),
        millis(quantile(hello.clone(), 0.99)),
        millis(quantile(watch, 0.99)),
        hello.len(),
    );
}

fn quantile(mut all: Vec<Duration>, share: f64) -> Duration {
    all.sort_unstable();
    all[((all.len() - 1) as f64 * share).round() as usize]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
