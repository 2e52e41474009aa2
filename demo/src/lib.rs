//! The main job, told once: a bad deployment at two in the morning, on an embedded AWS.
//!
//! The person's calls and Steady's go through real SDK clients over HTTP to the embedded AWS; the events come from its ECS, in
//! virtual time, and reach the real handler of `watch` as batches of a queue; each minute that of `sweep` looks. Steady uses no code here that it does not use in
//! an account; only the endpoint is another. The same seed tells the same story, to the byte.

mod timeline;

use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use steady_aws::client::Settings as Timing;
use steady_core::notice::words::clock;
use steady_e2e::{Account, Failure, SWEEP, WATCH};
use steady_sim::Behaviour;

use timeline::Timeline;

const CONFIG: &str = r#"team = "payments"

[health]
rollback = "auto"
"#;

/// What the bad revision logs before it ends. The password is told to nobody.
const LAST_WORDS: [&str; 3] = [
    "INFO  checkout 2.0.0 is starting",
    "INFO  connecting to postgres://checkout:hunter2@orders.internal:5432/orders",
    "FATAL no such host: orders.internal",
];

/// Tells the story to `out`.
///
/// # Errors
/// If the embedded AWS does not start, or `out` is closed.
pub async fn run(out: &mut impl Write) -> Result<(), Failure> {
    let timeline = Timeline::default();
    let _listening = timeline.listen();
    let start: Timestamp = "2026-11-21T02:00:00Z".parse()?;
    let mut account = Account::open(42, start, Timing::default()).await?;
    writeln!(
        out,
        "An AWS account on loopback: ECS in virtual time, DynamoDB, Parameter Store, SNS.\n\
         Steady's handlers run as they would in Lambda, with the real SDK. Times are UTC, {}.\n",
        start.strftime("%F"),
    )?;

    timeline.say(start, "you", "push prod/checkout.toml: team = \"payments\", rollback = \"auto\"");
    timeline.say(start, "you", "create service prod/checkout with checkout:1, 4 tasks");
    account.push_config(CONFIG).await?;
    account.create_service(4).await?;
    account.pass(SignedDuration::from_mins(15)).await?;
    let before = described(&account).await?;

    let deployed = account.now();
    timeline.say(deployed, "you", "deploy checkout:2, which does not find its database");
    deploy_a_bad_one(&mut account).await?;
    account.pass(SignedDuration::from_mins(15)).await?;
    let after = described(&account).await?;

    timeline.add_deployments(&account.events);
    for delivery in account.aws.deliveries() {
        timeline.say(delivery.at, "SNS", delivery.subject.as_deref().unwrap_or_default());
    }
    timeline.print(out)?;
    print_notice(out, &account)?;
    writeln!(out, "\nThe service before: {before}\nThe service after:  {after}\n")?;
    print_calls(out, &account)
}

async fn deploy_a_bad_one(account: &mut Account) -> Result<(), Failure> {
    account.register().await?;
    account.says_before_it_stops("checkout:2", &LAST_WORDS);
    let run = SignedDuration::from_secs(12);
    account.aws.ecs(|sim| {
        sim.behave("checkout:2", Behaviour::ExitsAfter { run, container: None, code: 1 });
    });
    account.deploy("checkout:2").await
}

/// The service in a line, as ECS describes it.
async fn described(account: &Account) -> Result<String, Failure> {
    let service = account.described().await?;
    let revision = service.task_definition().and_then(|arn| arn.rsplit('/').next());
    let primary = service.deployments().iter().find(|one| one.status() == Some("PRIMARY"));
    let state = primary.and_then(|one| one.rollout_state()).map_or("", |state| state.as_str());
    Ok(format!(
        "{}, {} of {} tasks running, rollout {state}",
        revision.unwrap_or_default(),
        service.running_count(),
        service.desired_count(),
    ))
}

/// The notice that tells of the rollback, as a subscriber of the topic gets it.
fn print_notice(out: &mut impl Write, account: &Account) -> Result<(), Failure> {
    let deliveries = account.aws.deliveries();
    let begun = |stage: &str| {
        deliveries.iter().find(|one| {
            one.attributes.get("stage").is_some_and(|attribute| attribute.value == stage)
        })
    };
    let Some(notice) = begun("rollback-begun") else {
        return Err("no notice tells of a rollback".into());
    };
    writeln!(out, "\nOne of the {} notices, as it arrived through SNS:\n", deliveries.len())?;
    let attributes: Vec<String> =
        notice.attributes.iter().map(|(name, one)| format!("{name}={}", one.value)).collect();
    writeln!(out, "    Topic:      {}", notice.topic)?;
    writeln!(out, "    Attributes: {}", attributes.join(", "))?;
    writeln!(out, "    Subject:    {}\n", notice.subject.as_deref().unwrap_or_default())?;
    for line in notice.message.lines() {
        writeln!(out, "    {line}")?;
    }
    Ok(())
}

/// What Steady asked of AWS in all.
fn print_calls(out: &mut impl Write, account: &Account) -> Result<(), Failure> {
    let of_ecs = |event: &&Value| event.get("source").and_then(Value::as_str) == Some("aws.ecs");
    let calls = account.aws.calls();
    let made_by = |caller: &str| {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for call in calls.iter().filter(|call| call.caller == caller) {
            match counts.iter_mut().find(|(operation, _)| *operation == call.operation) {
                Some((_, count)) => *count += 1,
                None => counts.push((&call.operation, 1)),
            }
        }
        let said: Vec<String> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
        said.join(", ")
    };
    let start = "2026-11-21T02:00:00Z".parse()?;
    writeln!(
        out,
        "From {} to {} ECS told {} events, and Steady called AWS so often:\n\n    watch  {}\n    sweep  {}",
        clock(start),
        clock(account.now()),
        account.events.iter().filter(of_ecs).count(),
        made_by(WATCH),
        made_by(SWEEP),
    )?;
    Ok(())
}
