//! Config from the files of a team to Application Auto Scaling and back, through `steady push` and `scale` as processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::ServiceNamespace::Ecs;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steady_e2e::process::{Process, standing};
use steady_e2e::{Account, CONFIG_PREFIX, PERSON, REGION, TABLE, loader};

use super::scaled::{by_hand, scale};
use super::subjects;

/// By which the call log knows `scale`.
const SCALING: &str = "AKIASCALING";

/// The runs of `morning` leave the floor where `[capacity]` has it, so what holds does not hang on the machine's clock.
const CONFIG: &str = "
[capacity]
min = 2
max = 20

[[target_tracking]]
metric = 'cpu'
target = 55.0
scale_in_cooldown = '7m'

[[target_tracking]]
metric = 'alb-requests-per-target'
resource_label = 'app/shop/50dc6c495c0c9188/targetgroup/checkout/943f017f100becff'
target = 800.0

[[scheduled]]
name = 'morning'
schedule = 'cron(0 8 ? * MON-FRI *)'
timezone = 'Asia/Seoul'
min = 2
";

/// What the SDK reads of it.
const LIVE: [&str; 4] = [
    "target 2 to 20, tags [\"steady:service prod/checkout\"]",
    "policy steady-alb-requests-per-target: ALBRequestCountPerTarget of app/shop/50dc6c495c0c9188/targetgroup/checkout/943f017f100becff at 800, scale-in cooldown 300",
    "policy steady-cpu: ECSServiceAverageCPUUtilization of - at 55, scale-in cooldown 420",
    "action steady-morning: cron(0 8 ? * MON-FRI *) Asia/Seoul, min 2, max -",
];

/// An account with `scale` as a process, and a team's files beside it.
struct Team {
    account: Account,
    scale: Process,
    sdk: Client,
    dir: PathBuf,
}

impl Team {
    /// `prod/checkout` runs four tasks, and no file says anything of it.
    async fn of(test: &str) -> Self {
        let account = standing(5).await;
        let scale = scale(&account, SCALING).await;
        let loader = loader(&account.aws.endpoint(), PERSON);
        let sdk = Client::new(&loader.http_client(steady_aws::client::http()).load().await);
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("config/prod")).unwrap();
        fs::write(dir.join("config/defaults.toml"), "team = 'payments'\n").unwrap();
        let mut team = Self { account, scale, sdk, dir };
        // Of its deployment: nobody has written a file for it.
        team.takes().await;
        assert_eq!((team.live().await, team.written(0)), (vec![], vec![]));
        team
    }

    fn write(&self, text: &str) {
        fs::write(self.dir.join("config/prod/checkout.toml"), text).unwrap();
    }

    /// `steady push config`: its exit code, and what it says.
    fn push(&self, more: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_steady-process"))
            .args([&["push", "config", "--yes"], more].concat())
            .current_dir(&self.dir)
            .env_clear()
            .env("AWS_ENDPOINT_URL", self.account.aws.endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "ana")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("STEADY_TABLE", TABLE)
            .env("STEADY_CONFIG_PREFIX", CONFIG_PREFIX)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// Writes the file and pushes it; `scale` hears of it.
    async fn pushes(&mut self, text: &str) {
        self.write(text);
        let (code, said) = self.push(&[]);
        assert_eq!(code, 0, "{said}");
        self.takes().await;
    }

    /// `scale` takes in what EventBridge has for it.
    async fn takes(&mut self) {
        self.account.pass_unheard(SignedDuration::from_secs(1));
        self.scale.take(&mut self.account.config).await;
    }

    /// A quarter of an hour has passed.
    async fn pass(&self) {
        let schedule =
            json!({ "detail-type": "Scheduled Event", "source": "aws.events", "detail": {} });
        assert_eq!(self.scale.invoke(&schedule).await, Value::Null);
    }

    /// How many calls there have been.
    fn calls(&self) -> usize {
        self.account.aws.calls().len()
    }

    /// What `scale` has written to Application Auto Scaling and CloudWatch since so many calls.
    fn written(&self, since: usize) -> Vec<String> {
        let is_read =
            |operation: &str| ["Describe", "List"].iter().any(|verb| operation.starts_with(verb));
        let calls = self.account.aws.calls().into_iter().skip(since);
        calls
            .filter(|call| call.caller == SCALING)
            .filter(|call| ["application-autoscaling", "monitoring"].contains(&&*call.service))
            .map(|call| call.operation)
            .filter(|operation| !is_read(operation))
            .collect()
    }

    /// What is live, a line each, as the SDK reads it.
    async fn live(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let targets = self.sdk.describe_scalable_targets().service_namespace(Ecs);
        for one in targets.send().await.unwrap().scalable_targets() {
            let arn = one.scalable_target_arn().unwrap();
            let tags = self.sdk.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
            let tags: Vec<String> = tags
                .tags()
                .into_iter()
                .flatten()
                .map(|(key, value)| format!("{key} {value}"))
                .collect();
            let (min, max) = (one.min_capacity(), one.max_capacity());
            lines.push(format!("target {min} to {max}, tags {tags:?}"));
        }
        let policies = self.sdk.describe_scaling_policies().service_namespace(Ecs);
        for one in policies.send().await.unwrap().scaling_policies() {
            let of = one.target_tracking_scaling_policy_configuration().unwrap();
            let metric = of.predefined_metric_specification().unwrap();
            let (name, target) = (one.policy_name(), of.target_value());
            let kind = metric.predefined_metric_type().as_str();
            let label = metric.resource_label().unwrap_or("-");
            let cooldown = of.scale_in_cooldown().unwrap_or(-1);
            lines.push(format!(
                "policy {name}: {kind} of {label} at {target}, scale-in cooldown {cooldown}"
            ));
        }
        let actions = self.sdk.describe_scheduled_actions().service_namespace(Ecs);
        for one in actions.send().await.unwrap().scheduled_actions() {
            let does = one.scalable_target_action();
            let bound = |one: Option<i32>| one.map_or("-".to_owned(), |it| it.to_string());
            let min = bound(does.and_then(|it| it.min_capacity()));
            let max = bound(does.and_then(|it| it.max_capacity()));
            let (name, when) = (one.scheduled_action_name(), one.schedule());
            let zone = one.timezone().unwrap_or("-");
            lines.push(format!("action {name}: {when} {zone}, min {min}, max {max}"));
        }
        lines
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_team_pushes_is_live_as_it_wrote_it_and_an_edit_writes_only_the_difference() {
    let mut team = Team::of("pushed").await;
    team.pushes(CONFIG).await;
    assert_eq!(team.live().await, LIVE);
    let all =
        ["RegisterScalableTarget", "PutScalingPolicy", "PutScalingPolicy", "PutScheduledAction"];
    assert_eq!(team.written(0), all);

    let (mut text, mut live) = (CONFIG.to_owned(), LIVE.map(str::to_owned));
    for (from, to, writes) in [
        ("55.0", "60.0", "PutScalingPolicy"),
        ("max = 20", "max = 24", "RegisterScalableTarget"),
        ("cron(0 8", "cron(0 9", "PutScheduledAction"),
    ] {
        let since = team.calls();
        text = text.replace(from, to);
        team.pushes(&text).await;
        let shown = |text: &str| text.replace(".0", "").replace("max = ", "2 to ");
        live = live.map(|line| line.replace(&shown(from), &shown(to)));
        assert_eq!(team.live().await, live);
        assert_eq!(team.written(since), [writes], "{from} to {to}");
    }
    assert_ne!(live, LIVE);

    // What nobody changed is not written: by an event that comes again, or by a pass.
    let since = team.calls();
    team.pass().await;
    team.pass().await;
    assert_eq!(team.written(since), [""; 0]);
    assert_eq!(subjects(&team.account), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_changes_by_hand_is_as_the_config_wants_it_after_one_pass() {
    let mut team = Team::of("drift").await;
    team.pushes(CONFIG).await;
    for (operation, more, writes) in [
        (
            "RegisterScalableTarget",
            json!({ "MinCapacity": 1, "MaxCapacity": 99 }),
            "RegisterScalableTarget",
        ),
        ("DeleteScalingPolicy", json!({ "PolicyName": "steady-cpu" }), "PutScalingPolicy"),
        (
            "PutScheduledAction",
            json!({ "ScheduledActionName": "steady-morning", "Schedule": "rate(1 hour)", "ScalableTargetAction": { "MinCapacity": 9 } }),
            "PutScheduledAction",
        ),
    ] {
        by_hand(&team.account, operation, &more);
        assert_ne!(team.live().await, LIVE, "{operation}");
        let since = team.calls();
        team.pass().await;
        assert_eq!(team.live().await, LIVE, "{operation}");
        assert_eq!(team.written(since), [writes], "{operation}");
    }
    // Who changes the same thing again means it: it is left alone, and told.
    by_hand(&team.account, "DeleteScalingPolicy", &json!({ "PolicyName": "steady-cpu" }));
    let since = team.calls();
    team.pass().await;
    assert_eq!(team.written(since), [""; 0]);
    let told = "[warning] prod/checkout: scaling was changed back twice, left as it is";
    assert_eq!(subjects(&team.account), [told]);
}

/// A team that has joined with bounds and an action from before Steady; what was live then.
async fn joined(test: &str) -> (Team, Vec<String>) {
    let mut team = Team::of(test).await;
    by_hand(
        &team.account,
        "RegisterScalableTarget",
        &json!({ "MinCapacity": 1, "MaxCapacity": 8 }),
    );
    let action = json!({ "ScheduledActionName": "nightly", "Schedule": "cron(0 1 ? * * *)", "ScalableTargetAction": { "MinCapacity": 1 } });
    by_hand(&team.account, "PutScheduledAction", &action);
    let before = team.live().await;
    team.pushes(CONFIG).await;
    let live = team.live().await;
    assert_eq!(live.len(), 5, "{live:?}");
    (team, before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_team_removes_goes_and_what_was_there_before_is_there_again() {
    let (mut team, before) = joined("removed").await;
    let since = team.calls();
    team.pushes("remove = true\n").await;
    assert_eq!(team.live().await, before);
    let ours = [
        "DeleteScheduledAction",
        "DeleteScalingPolicy",
        "DeleteScalingPolicy",
        "RegisterScalableTarget",
        "UntagResource",
    ];
    assert_eq!(team.written(since), ours);
    let since = team.calls();
    team.pass().await;
    assert_eq!(team.written(since), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_removes_nothing_until_it_is_pruned() {
    let (mut team, before) = joined("pruned").await;
    fs::remove_file(team.dir.join("config/prod/checkout.toml")).unwrap();
    let (code, said) = team.push(&[]);
    assert!(code == 0 && said.contains("Left as it is: prod/checkout"), "{said}");
    team.takes().await;
    assert_eq!(team.live().await.len(), 5, "absence is not deletion");
    let (code, said) = team.push(&["--prune"]);
    assert!(code == 0 && said.contains("- prod/checkout"), "{said}");
    team.takes().await;
    assert_eq!(team.live().await, before);
    assert_eq!(subjects(&team.account), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_that_vanishes_changes_nothing_and_is_told() {
    let mut team = Team::of("vanished").await;
    team.pushes(CONFIG).await;
    team.pass().await;
    let name = json!({ "Name": "/steady/config/prod/checkout" });
    team.account.aws.by_hand("ssm", "DeleteParameter", &name).unwrap();
    let since = team.calls();
    team.takes().await;
    team.pass().await;
    assert_eq!(
        (team.live().await, team.written(since)),
        (LIVE.map(str::to_owned).to_vec(), vec![])
    );
    let told = "[warning] config: 1 of 1 services' config file is gone, nothing is changed";
    assert_eq!(subjects(&team.account), [told]);
    team.pass().await;
    assert_eq!(subjects(&team.account), [told], "once");
}
