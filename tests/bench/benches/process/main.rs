//! `cargo bench -p steady-bench --bench process`: the four functions, built as for release, beside a hello-world function and
//! a Python function of the same job, under a Runtime API and an AWS that answer at once; in one run, taking turns.
//!
//! - start: from spawning the process to its first `next` call, of all four
//! - warm call: from the answer to `next` to the function's response, for a batch of one stop event of a service never seen
//!   before: `watch` reads and writes conditionally, as does the Python function, which decides nothing
//! - memory: the process's peak (`VmHWM`) after all of that
//! - TLS: the first call of AWS over TLS against the second one
//!
//! `STARTS` (30) and `CALLS` (2,000) set the lengths. `FUNCTIONS` names a directory with `watch/bootstrap` and so on, such as
//! `target/infra/cargo/lambda`, whose binaries are measured instead of ones that are built for it. Python and boto3 are
//! installed into `target`, from the package index; where that does not work the bench says so and goes on without.

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

mod python;
mod server;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{Aws, Runtime};

/// The functions; the first one is what is measured in full.
const FUNCTIONS: [&str; 4] = ["watch", "alarm", "scale", "sweep"];

fn main() {
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (starts, calls) = (number("STARTS", 30), number("CALLS", 2_000));
    let hello = Program::of("hello", built("steady-bench").join("hello"));
    let functions: Vec<Program> = FUNCTIONS
        .into_iter()
        .map(|name| {
            let given = std::env::var_os("FUNCTIONS").map(PathBuf::from);
            let file = given.map(|dir| dir.join(name).join("bootstrap"));
            let file = file.unwrap_or_else(|| built(&format!("steady-{name}")).join(name));
            Program::of(name, file)
        })
        .collect();
    let python = match python::installed() {
        Ok(program) => Some(program),
        Err(why) => {
            println!("python    left out: {why}");
            None
        }
    };
    for program in [&hello].into_iter().chain(&functions) {
        println!("binary    {:6} {:>6.1} MB", program.name, megabytes(&program.file));
    }
    let all: Vec<&Program> = [&hello].into_iter().chain(&functions).chain(&python).collect();
    measure_starts(&all, starts);
    let called: Vec<&Program> =
        [&hello].into_iter().chain(&functions[..1]).chain(&python).collect();
    measure_calls(&called, calls);
    measure_tls(&functions[0], starts);
}

/// What is started.
struct Program {
    name: &'static str,
    file: PathBuf,
    /// What follows on its command line.
    args: Vec<PathBuf>,
}

impl Program {
    fn of(name: &'static str, file: PathBuf) -> Self {
        Self { name, file, args: Vec::new() }
    }
}

/// The directory with a package's binaries, as they would be deployed: `cargo bench` itself builds with another profile.
fn built(package: &str) -> PathBuf {
    // One by one: built together they would share features that neither has alone.
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--bins", "-p", package])
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the build failed");
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("release")
}

fn megabytes(file: &Path) -> f64 {
    std::fs::metadata(file).expect("it was built").len() as f64 / 1e6
}

/// A process under the Runtime API; killed when it is dropped.
struct Function(Child);

impl Function {
    fn spawn(program: &Program, runtime: &Runtime, aws: &Aws) -> Self {
        let child = Command::new(&program.file)
            .args(&program.args)
            .env_clear()
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", "function"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
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

fn measure_starts(programs: &[&Program], starts: usize) {
    let aws = Aws::start(false);
    let start = |program: &Program| {
        let runtime = Runtime::start();
        let began = Instant::now();
        let function = Function::spawn(program, &runtime, &aws);
        let took = runtime.wait_for_next().duration_since(began);
        drop(function);
        took
    };
    let mut took = vec![Vec::new(); programs.len()];
    for _ in 0..starts {
        for (program, took) in programs.iter().zip(&mut took) {
            took.push(start(program));
        }
    }
    report("start", programs, took);
}

fn measure_calls(programs: &[&Program], calls: usize) {
    let aws = Aws::start(false);
    let runtimes: Vec<Runtime> = programs.iter().map(|_| Runtime::start()).collect();
    let pairs = programs.iter().zip(&runtimes);
    let functions: Vec<Function> =
        pairs.map(|(program, runtime)| Function::spawn(program, runtime, &aws)).collect();
    for runtime in &runtimes {
        runtime.wait_for_next();
    }
    let mut took = vec![Vec::new(); programs.len()];
    for call in 0..calls {
        let batch = batch(call);
        for (runtime, took) in runtimes.iter().zip(&mut took) {
            let (response, time) = runtime.invoke(&batch);
            took.push(time);
            let failed = response.get("batchItemFailures").and_then(Value::as_array);
            assert!(failed.is_none_or(Vec::is_empty), "{response}");
        }
    }
    assert_eq!(aws.calls(), 2 * calls * (programs.len() - 1), "one read and one write each");
    // The first calls make connections and warm caches.
    let warm = took.into_iter().map(|all| all[(calls / 10).min(100)..].to_vec()).collect();
    report("call", programs, warm);
    let memory: Vec<f64> = functions.iter().map(Function::memory).collect();
    for (program, megabytes) in programs.iter().zip(&memory) {
        let times = megabytes / memory[0];
        println!("memory    {:6} {megabytes:>6.1} MB   {times:>5.2} x", program.name);
    }
}

/// How much longer the first call over TLS takes than the second.
fn measure_tls(watch: &Program, starts: usize) {
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

/// The medians, each beside the first one's.
fn report(what: &str, programs: &[&Program], took: Vec<Vec<Duration>>) {
    let least = quantile(took[0].clone(), 0.5).as_secs_f64();
    for (program, took) in programs.iter().zip(took) {
        let (median, of) = (quantile(took.clone(), 0.5), took.len());
        println!(
            "{what:9} {:6} {:>6.2} ms   {:>5.2} x   (median; p99 {:.2} ms, {of} of them)",
            program.name,
            millis(median),
            median.as_secs_f64() / least,
            millis(quantile(took, 0.99)),
        );
    }
}

fn quantile(mut all: Vec<Duration>, share: f64) -> Duration {
    all.sort_unstable();
    all[((all.len() - 1) as f64 * share).round() as usize]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
