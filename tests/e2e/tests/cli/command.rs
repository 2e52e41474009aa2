//! Runs `steady`, and makes of its output what is the same in every run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use steady_aws::client::{Aws, Settings as Timing};
use steady_aws::function::Invocation;
use steady_aws::function::scaling::ScalingTurns;
use steady_core::installation::Mode;
use steady_core::scaling::WhyTurn;
use steady_e2e::{Account, CONFIG_PREFIX, REGION, TABLE, loader, settings};
use steady_local_aws::Call;

/// Who runs the command: the embedded AWS takes any access key, and calls its user by it.
pub(crate) const ANA: &str = "ana";

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    /// The calls that it made, by operation.
    pub(crate) calls: Vec<String>,
}

impl Ran {
    /// All of it, for a snapshot.
    pub(crate) fn whole(&self) -> String {
        let Self { code, out, err, .. } = self;
        let err = if err.is_empty() { String::new() } else { format!("--- stderr\n{err}") };
        format!("{out}{err}--- exit code {code}\n")
    }

    /// Whether it changed nothing in AWS.
    pub(crate) fn only_read(&self) -> bool {
        const READS: [&str; 19] = [
            "GetMetricData",
            "DescribeAlarms",
            "DescribeScalableTargets",
            "DescribeScalingActivities",
            "DescribeScalingPolicies",
            "DescribeScheduledActions",
            "ListTagsForResource",
            "Query",
            "Scan",
            "GetItem",
            "GetCallerIdentity",
            "GetParameters",
            "GetParametersByPath",
            "DescribeServices",
            "DescribeTasks",
            "DescribeTaskDefinition",
            "ListTasks",
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
        ];
        self.calls.iter().all(|call| READS.contains(&call.as_str()))
    }
}

/// Runs the command on an account, without a terminal.
pub(crate) fn steady(account: &Account, args: &[&str]) -> Ran {
    steady_in(account, Path::new("/"), args)
}

/// The same at a terminal, where a person types.
pub(crate) fn steady_asked(account: &Account, dir: &Path, args: &[&str], typed: &str) -> Ran {
    let program = env!("CARGO_BIN_EXE_steady-asked");
    on_account(account, dir, clean(program, args), typed)
}

/// The same in a directory, where it finds files by paths that are the same on every machine.
pub(crate) fn steady_in(account: &Account, dir: &Path, args: &[&str]) -> Ran {
    on_account(account, dir, bare(args), "")
}

fn on_account(account: &Account, dir: &Path, mut command: Command, typed: &str) -> Ran {
    let before = account.aws.calls().len();
    let endpoint = account.aws.endpoint();
    command.current_dir(dir);
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ANA)
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("STEADY_TABLE", TABLE)
        .env("STEADY_CONFIG_PREFIX", CONFIG_PREFIX);
    let mut ran = run_typing(command, typed);
    let calls = account.aws.calls().into_iter().skip(before);
    ran.calls = calls.filter(|call: &Call| call.caller == ANA).map(|call| call.operation).collect();
    ran
}

/// The command with nothing of this machine's environment.
pub(crate) fn bare(args: &[&str]) -> Command {
    clean(env!("CARGO_BIN_EXE_steady-process"), args)
}

fn clean(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

pub(crate) fn run(command: Command) -> Ran {
    run_typing(command, "")
}

fn run_typing(mut command: Command, typed: &str) -> Ran {
    if !typed.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(typed.as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| masked(&String::from_utf8(bytes).unwrap());
    Ran {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
        calls: Vec::new(),
    }
}

/// Times and the ids made of them, by what they are.
fn masked(text: &str) -> String {
    let shapes = [
        ("0000-00-00 00:00:00 UTC", "TIME"),
        ("0000-00-00T00:00:00", "TIME"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAA", "INCIDENT"),
    ];
    // The binary has another name here.
    let text = text.replace("steady-process", "steady").replace("steady-asked", "steady");
    let mut rest: Vec<char> = text.chars().collect();
    let mut masked = String::new();
    while !rest.is_empty() {
        let found = shapes.iter().find(|(shape, _)| has_shape(&rest, shape));
        let Some((shape, word)) = found else {
            masked.push(rest.remove(0));
            continue;
        };
        masked += word;
        rest.drain(..shape.len());
        // As many digits of the second as there are.
        if shape.contains("00T00") {
            let zulu = rest.iter().position(|c| *c == 'Z').unwrap();
            rest.drain(..=zulu);
        }
    }
    masked
}

/// `0` is any digit, `A` a digit or an upper case letter, all else itself.
fn has_shape(text: &[char], shape: &str) -> bool {
    text.len() >= shape.len()
        && text.iter().zip(shape.chars()).all(|(is, wanted)| match wanted {
            '0' => is.is_ascii_digit(),
            'A' => is.is_ascii_digit() || is.is_ascii_uppercase(),
            other => *is == other,
        })
}

pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// An account whose clock stands at the machine's: `prod/checkout` runs four tasks of checkout:1, which is proven.
/// `config`: its own file.
pub(crate) async fn proven(config: &str) -> Account {
    let since = SignedDuration::from_mins(31);
    let mut account = Account::open(7, now() - since, Timing::default()).await.unwrap();
    account.push_config(config).await.unwrap();
    account.create_service(4).await.unwrap();
    account.pass(minutes(15)).await.unwrap();
    account
}

/// The same with checkout:2, deployed and proven since; nothing is wrong with it that Steady could see.
pub(crate) async fn proven_twice(config: &str) -> Account {
    let mut account = proven(config).await;
    account.register().await.unwrap();
    account.deploy("checkout:2").await.unwrap();
    account.pass(minutes(15)).await.unwrap();
    account
}

/// Steady takes in the config of `prod/checkout`, as it does when the parameter has changed.
pub(crate) async fn takes_config_in(account: &Account) {
    let timing = Timing { between_writes: std::time::Duration::ZERO, ..Timing::default() };
    let aws = Aws::of(loader(&account.aws.endpoint(), "AKIASCALE"), timing).await.unwrap();
    let turns = ScalingTurns::new(&aws, &settings(&account.topic, Mode::Act));
    let now = account.now();
    let deadline = now + minutes(1);
    let invocation = Invocation::new("config", deadline, None);
    let pace = turns.pace(&invocation, now);
    let service = "prod/checkout".into();
    let (_, taken) = turns.take(&service, WhyTurn::ConfigChanged, &pace, now).await;
    let taken = taken.unwrap();
    assert_eq!((taken.unfinished, taken.refused, taken.brake), (vec![], vec![], None));
}

/// Time in which functions run, up to a little after the machine's.
pub(crate) async fn catches_up(account: &mut Account, ahead: SignedDuration) {
    account.run_until(now() + ahead).await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the command has the machine's clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
