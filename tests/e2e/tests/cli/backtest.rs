//! `backtest --service`: the load from CloudWatch, and what is live beside the config.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use steady_e2e::Account;
use steady_local_aws::{Fault, What, When};
use steady_stack::policy::Policy;

use crate::command::{ANA, Ran, now, proven, steady_in};
use crate::config::tree;

const OFF: &str = "[health]\nrollback = 'off'\n";

const CPU: &str =
    "[capacity]\nmin = 2\nmax = 40\n\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 55.0\n";

const REQUESTS: &str = "[capacity]\nmin = 2\nmax = 40\n\n[[target_tracking]]\nmetric = 'alb-requests-per-target'\n\
    resource_label = 'app/web/0a/targetgroup/shop/1b'\ntarget = 800.0\n";

fn dir(test: &str, config: &str) -> std::path::PathBuf {
    tree(test, &[("prod/checkout.toml", config)])
}

fn backtest(account: &Account, dir: &Path, more: &[&str]) -> Ran {
    let mut args =
        vec!["backtest", "--service", "prod/checkout", "--config", "config/prod/checkout.toml"];
    args.extend(more);
    steady_in(account, dir, &args)
}

fn of_service() -> BTreeMap<String, String> {
    let all = [("ClusterName", "prod"), ("ServiceName", "checkout")];
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The minute in which the newest value is that a command takes, give or take one; and so many before it.
fn minutes(count: i64) -> impl Iterator<Item = (i64, Timestamp)> {
    let newest = now().as_second().div_euclid(3600) * 3600 - 3600;
    (0..count).map(move |minute| {
        (minute, Timestamp::from_second(newest - (count - 1 - minute) * 60).unwrap())
    })
}

/// Two days: 40 % at night and 70 % by day, while so many tasks run.
fn utilization(account: &Account, tasks: u32) {
    let cpu: Vec<_> = minutes(2880).map(|(minute, at)| (at, load(minute))).collect();
    account.aws.add_metric("AWS/ECS", "CPUUtilization", &of_service(), &cpu);
    let running: Vec<_> = cpu.iter().map(|(at, _)| (*at, f64::from(tasks))).collect();
    account.aws.add_metric("ECS/ContainerInsights", "RunningTaskCount", &of_service(), &running);
}

fn load(minute: i64) -> f64 {
    if (minute / 720) % 2 == 0 { 40.0 } else { 70.0 }
}

fn scaled_by_hand(account: &Account) {
    let call = |operation, more: Value| {
        let mut input = json!({ "ServiceNamespace": "ecs", "ResourceId": "service/prod/checkout", "ScalableDimension": "ecs:service:DesiredCount" });
        let more = more.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(more);
        account.aws.by_hand("application-autoscaling", operation, &input).unwrap()
    };
    call(
        "RegisterScalableTarget",
        json!({ "MinCapacity": 4, "MaxCapacity": 9, "SuspendedState": { "DynamicScalingInSuspended": true } }),
    );
    let steps = json!({ "AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{ "MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2 }] });
    let put = call(
        "PutScalingPolicy",
        json!({ "PolicyName": "by-hand", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": steps }),
    );
    let alarm = json!({
        "AlarmName": "checkout is busy", "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average",
        "Dimensions": [{ "Name": "ClusterName", "Value": "prod" }, { "Name": "ServiceName", "Value": "checkout" }],
        "Period": 60, "EvaluationPeriods": 3, "Threshold": 65.0, "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [put.get("PolicyARN").unwrap()],
    });
    account.aws.by_hand("monitoring", "PutMetricAlarm", &alarm).unwrap();
}

fn report(ran: &Ran) -> Value {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    serde_json::from_str(&ran.out).unwrap()
}

fn names(report: &Value) -> Vec<&str> {
    report["outcomes"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}

fn outcome<'v>(report: &'v Value, name: &str) -> &'v Value {
    report["outcomes"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn utilization_and_running_tasks_are_fetched_and_what_is_live_is_played_too() {
    let account = proven(OFF).await;
    utilization(&account, 6);
    scaled_by_hand(&account);
    let dir = dir("backtest-cpu", CPU);
    let ran = backtest(&account, &dir, &["--days", "3", "--format", "json", "--html", "it.html"]);
    let report = report(&ran);
    assert_eq!(names(&report), ["config", "live", "HPA at 55 %", "static peak", "oracle"]);
    assert_eq!(report["load"]["metric"], "CPUUtilization of prod/checkout in eu-west-1");
    assert_eq!(report["load"]["periods"], 2880);
    assert_eq!(
        report["notes"],
        json!([
            "running tasks are `RunningTaskCount` of Container Insights",
            "live: left out: the suspension of scale-in"
        ])
    );
    // 4.2 tasks' worth: four are too few, six are still at 70 %, eight are not, and nothing takes any away.
    let live = outcome(&report, "live");
    assert_eq!(live["starts_per_day"], 2.0, "{live}");
    assert!(live["minutes_at_min"].as_f64().unwrap() > 700.0, "{live}");
    assert_eq!(report["price"]["by"], "eu-west-1, x86, 2026-03");
    assert!(ran.only_read(), "{:?}", ran.calls);
    assert_eq!(ran.calls.iter().filter(|call| *call == "GetMetricData").count(), 3);
    let page = std::fs::read_to_string(dir.join("it.html")).unwrap();
    assert!(page.contains("<th class=\"number c1\" scope=\"col\">live</th>"));
    assert!(page.contains("<path class=\"cost c4\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_plays_again_without_aws() {
    let account = proven(OFF).await;
    utilization(&account, 6);
    let dir = dir("backtest-kept", CPU);
    let ran = backtest(&account, &dir, &["--days", "3", "--save", "cpu.csv", "--format", "json"]);
    let fetched = report(&ran);
    let kept = "the load is kept: `--load cpu.csv --running cpu-running.csv` plays it again";
    assert!(fetched["notes"].as_array().unwrap().contains(&kept.into()), "{}", fetched["notes"]);
    assert_eq!(names(&fetched)[1], "live, not scaled");
    assert!(
        fetched["notes"].to_string().contains("it has no scalable target, so nothing scales it today: played at its 4 tasks all the time"),
        "{}",
        fetched["notes"]
    );
    let again = [
        "backtest",
        "--load",
        "cpu.csv",
        "--running",
        "cpu-running.csv",
        "--format",
        "json",
        "--config",
        "config/prod/checkout.toml",
        "--region",
        "eu-west-1",
    ];
    let again = steady_in(&account, &dir, &again);
    assert_eq!(again.calls, Vec::<String>::new());
    let again = report(&again);
    assert_eq!(outcome(&again, "config"), outcome(&fetched, "config"));
    assert_eq!(outcome(&again, "oracle"), outcome(&fetched, "oracle"));
    assert_eq!(again["actions"], fetched["actions"]);
    assert_eq!(names(&again), ["config", "HPA at 55 %", "static peak", "oracle"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_is_that_of_the_target_group_over_several_pages_and_a_gap() {
    let account = proven(OFF).await;
    let of = [("LoadBalancer", "app/web/0a"), ("TargetGroup", "targetgroup/shop/1b")];
    let of = of.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let came = minutes(2880).filter(|(minute, _)| !(600..630).contains(minute));
    let came: Vec<_> = came.map(|(minute, at)| (at, 50.0 * load(minute))).collect();
    account.aws.add_metric("AWS/ApplicationELB", "RequestCount", &of, &came);
    account.aws.page_metrics(500);
    let dir = dir("backtest-requests", REQUESTS);
    let ran = backtest(&account, &dir, &["--days", "3", "--per-task", "1000"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let said = |text: &str| assert!(ran.out.contains(text), "{text} in\n{}", ran.out);
    said(
        "prod/checkout over RequestCount of app/web/0a/targetgroup/shop/1b in eu-west-1: 2 d from ",
    );
    said("the load fills 2.8 tasks on average, 3.5 at most");
    said("note: 1 gap of 30 periods in all, the longest 30 min: no metric then, and not judged");
    // 1440 values a call at most, by 500 of them: three pages of most calls.
    let pages = ran.calls.iter().filter(|call| *call == "GetMetricData").count();
    assert!((6..=8).contains(&pages), "{pages}");
    assert!(ran.only_read(), "{:?}", ran.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_container_insights_samples_are_tasks_unless_they_come_every_20_seconds() {
    let account = proven(OFF).await;
    // Each of three tasks says its own.
    let cpu: Vec<_> = minutes(600).flat_map(|(minute, at)| [(at, load(minute)); 3]).collect();
    account.aws.add_metric("AWS/ECS", "CPUUtilization", &of_service(), &cpu);
    let dir = dir("backtest-samples", CPU);
    // By 5 minutes there are 15 samples of them.
    let ran = backtest(&account, &dir, &["--days", "20"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let said = |text: &str| assert!(ran.out.contains(text), "{text} in\n{}", ran.out);
    said("a value each 5 min");
    said("the load fills 1.2 tasks on average, 1.2 at most");
    said(
        "note: the cluster has no Container Insights: running tasks are the samples of `CPUUtilization`, one a task and minute",
    );
    let fine = CPU.replace("'cpu'\n", "'cpu'\nhigh_resolution = true\n");
    std::fs::write(dir.join("config/prod/checkout.toml"), fine).unwrap();
    let ran = backtest(&account, &dir, &[]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            70,
            "steady: how many tasks ran is not known: the cluster had no Container Insights, and of metrics by 20 s the number of samples \
             does not tell. Give it with --running COUNT or --running FILE\n"
        )
    );
    let ran = backtest(&account, &dir, &["--running", "3"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_fetched_is_said_with_what_to_do() {
    let account = proven(OFF).await;
    let dir = dir("backtest-none", CPU);
    let said = |ran: &Ran, code: i32, expected: &str| {
        // Since when depends on the machine's clock.
        let (head, tail) = ran.err.split_once(" since 20").unwrap_or((&ran.err, ""));
        let tail = tail
            .split_once("Z: ")
            .map_or(String::new(), |(_, tail)| format!(" since TIME: {tail}"));
        assert_eq!((ran.code, format!("{head}{tail}")), (code, format!("{expected}\n")));
        assert_eq!(ran.out, "");
    };
    said(
        &backtest(&account, &dir, &[]),
        70,
        "steady: CloudWatch has fewer than two values of CPUUtilization of prod/checkout in eu-west-1 (AWS/ECS) since TIME: has the \
         service run since, and does the config track what is its own?",
    );
    said(
        &backtest(&account, &dir, &["--per-task", "100"]),
        64,
        "steady: --per-task: neither the config nor what is live tracks requests, messages or a metric of its own, so what came is not \
         known: leave --per-task out to take CPU utilization, or give the load with --load",
    );
    let args = ["backtest", "--service", "prod/chekout", "--config", "config/prod/checkout.toml"];
    said(
        &steady_in(&account, &dir, &args),
        70,
        "steady: ECS has no active service `prod/chekout` in eu-west-1: is that its cluster and name, and the region?",
    );
    let (code, message) =
        ("AccessDenied", "User: ana is not authorized to perform: cloudwatch:GetMetricData");
    let refuse = What::Refuse { status: 403, code: code.to_owned(), message: message.to_owned() };
    account.aws.fault(Fault { when: When::once("monitoring", "GetMetricData"), what: refuse });
    said(
        &backtest(&account, &dir, &[]),
        70,
        "steady: you are not allowed to call GetMetricData (AccessDenied: User: ana is not authorized to perform: \
         cloudwatch:GetMetricData); which actions a command needs is in docs/commands.md under \"Permissions\"",
    );
    let throttle = When::always("monitoring", "GetMetricData");
    account.aws.fault(Fault { when: throttle, what: What::Throttle });
    let throttled = backtest(&account, &dir, &[]);
    assert_eq!(throttled.code, 70);
    assert!(throttled.err.ends_with("; try again in a minute\n"), "{}", throttled.err);
    let unpriced = backtest(&account, &dir, &["--region", "mars-1"]);
    assert_eq!(unpriced.code, 64);
    assert!(unpriced.err.starts_with("steady: --region: there is no price of `mars-1` here"));
    assert_eq!(
        unpriced.calls,
        Vec::<String>::new(),
        "a price is looked for before anything is fetched"
    );
    let both = backtest(&account, &dir, &["--load", "cpu.csv"]);
    assert_eq!(both.code, 64);
    assert!(both.err.contains("'--service <CLUSTER/SERVICE>' cannot be used with"), "{}", both.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_the_permissions_that_the_docs_list_and_no_others() {
    const NEEDED: [&str; 7] = [
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "application-autoscaling:ListTagsForResource",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "ecs:DescribeServices",
    ];
    let account = proven(OFF).await;
    utilization(&account, 6);
    scaled_by_hand(&account);
    let statement = json!({ "Effect": "Allow", "Action": NEEDED, "Resource": "*" });
    let policy = Policy::read(&json!({ "Version": "2012-10-17", "Statement": [statement] }));
    account.aws.give(ANA, "person", policy.unwrap());
    let ran = backtest(&account, &dir("backtest-allowed", CPU), &["--days", "3"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let used = account.aws.used().into_iter().filter(|(role, _)| role == "person");
    let used: Vec<String> = used.map(|(_, action)| action).collect();
    assert_eq!(used, NEEDED);
    let page = include_str!("../../../../docs/commands.md");
    let row = |of: &str| page.lines().find(|line| line.starts_with(of)).unwrap();
    let listed = [row("| `plan` |"), row("| `backtest --service` |")].concat();
    for needed in NEEDED {
        let (_, action) = needed.split_once(':').unwrap();
        assert!(listed.contains(action), "{action} in {listed}");
    }
}
