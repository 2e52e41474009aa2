//! Every call of every adapter, met by everything that AWS and the network do: told apart rightly, and tried as often as
//! `client.rs` says and no more often.
//!
//! All of it has to fit into the SDK's quota of retries, which is one for each service in a process (see `client.rs`): of
//! DynamoDB's 500 tokens the faults for ever take 420, and so of ECS's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use steady_aws::client::{Aws, Settings};
use steady_core::notice::Message;
use steady_core::port::{
    Call, ChangeScaling, ChangeService, FindOpen, KeepPlace, KeepRecords, PortError, Publish,
    ReadActivities, ReadAlarms, ReadConfig, ReadFleet, ReadLogs, ReadMetrics, ReadScaling,
    ReadService, Saved,
};
use steady_core::record::Stored;
use steady_core::scaling::ScalingCall;
use steady_core::slow_pass::Place;
use steady_local_aws::{Fault, LocalAws, What, When};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::scaling::{busy, cpu, morning, register, utilization};
use crate::setup::{aws_at, checkout, patient, proven, start};

/// A method of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    RunningTasks,
    ServiceState,
    Stop,
    Update,
    Load,
    SaveRecord,
    SaveBoth,
    Account,
    ConfigFiles,
    Put,
    List,
    Publish,
    Tail,
    FindOpen,
    SavePlace,
    Clusters,
    Services,
    Standing,
    Stopped,
    LiveScaling,
    Activities,
    Register,
    PutPolicy,
    PutScheduled,
    DeletePolicy,
    Tag,
    PutAlarm,
    DeleteAlarm,
    Standings,
    Series,
}

/// Each method with its first call: service, operation, attempts.
const FIRST_CALLS: [(Method, &str, &str, usize); 30] = [
    (Method::RunningTasks, "ecs", "DescribeServices", 3),
    (Method::ServiceState, "ecs", "DescribeTaskDefinition", 3),
    (Method::Stop, "ecs", "StopServiceDeployment", 1),
    (Method::Update, "ecs", "UpdateService", 1),
    (Method::Load, "dynamodb", "Query", 3),
    (Method::SaveRecord, "dynamodb", "UpdateItem", 3),
    (Method::SaveBoth, "dynamodb", "TransactWriteItems", 3),
    (Method::Account, "dynamodb", "GetItem", 3),
    (Method::ConfigFiles, "ssm", "GetParameters", 3),
    (Method::Put, "ssm", "PutParameter", 3),
    (Method::List, "ssm", "GetParametersByPath", 3),
    (Method::Publish, "sns", "Publish", 3),
    (Method::Tail, "logs", "GetLogEvents", 3),
    (Method::FindOpen, "dynamodb", "Query", 3),
    (Method::SavePlace, "dynamodb", "PutItem", 3),
    (Method::Clusters, "ecs", "ListClusters", 3),
    (Method::Services, "ecs", "ListServices", 3),
    (Method::Standing, "ecs", "DescribeServices", 3),
    (Method::Stopped, "ecs", "ListTasks", 3),
    (Method::LiveScaling, "application-autoscaling", "DescribeScalableTargets", 3),
    (Method::Activities, "application-autoscaling", "DescribeScalingActivities", 3),
    (Method::Register, "application-autoscaling", "RegisterScalableTarget", 1),
    (Method::PutPolicy, "application-autoscaling", "PutScalingPolicy", 1),
    (Method::PutScheduled, "application-autoscaling", "PutScheduledAction", 1),
    (Method::DeletePolicy, "application-autoscaling", "DeleteScalingPolicy", 1),
    (Method::Tag, "application-autoscaling", "TagResource", 1),
    (Method::PutAlarm, "monitoring", "PutMetricAlarm", 1),
    (Method::DeleteAlarm, "monitoring", "DeleteAlarms", 1),
    (Method::Standings, "monitoring", "DescribeAlarms", 3),
    (Method::Series, "monitoring", "GetMetricData", 3),
];

impl Method {
    async fn call(self, aws: &Aws, topic: &str) -> Result<(), PortError> {
        let (ecs, table) = (aws.ecs(), aws.table("records"));
        let parameters = aws.parameters("/steady/config");
        let stored = Stored::default();
        match self {
            Self::RunningTasks => ecs.running_tasks(&checkout()).await.map(drop),
            Self::ServiceState => {
                ecs.service_state(&checkout(), &proven("checkout:1")).await.map(drop)
            }
            Self::Stop => {
                ecs.change(&Call::StopServiceDeployment { arn: "arn:of-it".to_owned() }).await
            }
            Self::Update => {
                let call = Call::UpdateService {
                    service: checkout(),
                    revision: "checkout:1".into(),
                    restore: None,
                };
                ecs.change(&call).await
            }
            Self::Load => table.load(&checkout()).await.map(drop),
            Self::SaveRecord => table.save(&checkout(), &stored, false, 0).await.map(drop),
            Self::SaveBoth => table.save(&checkout(), &stored, true, 0).await.map(drop),
            Self::Account => table.account().await.map(drop),
            Self::ConfigFiles => parameters.config_files(&checkout()).await.map(drop),
            Self::Put => parameters.put("defaults", "team = \"a\"").await.map(drop),
            Self::List => parameters.list().await.map(drop),
            Self::Publish => aws.topics(topic).publish(&message()).await,
            Self::Tail => aws.logs().tail("/ecs/checkout", "app/1", 10).await.map(drop),
            Self::FindOpen => table.find_open(Timestamp::UNIX_EPOCH, None, 10).await.map(drop),
            Self::SavePlace => {
                table.save_place(&Place::first(Timestamp::UNIX_EPOCH), 0).await.map(drop)
            }
            Self::Clusters => ecs.clusters(None).await.map(drop),
            Self::Services => ecs.services("prod", None).await.map(drop),
            Self::Standing => ecs.standing(&[checkout()]).await.map(drop),
            Self::Stopped => ecs.stopped(&checkout()).await.map(drop),
            _ => self.call_of_scaling(aws).await,
        }
    }

    async fn call_of_scaling(self, aws: &Aws) -> Result<(), PortError> {
        let scaling = aws.scaling();
        let change =
            async |call: ScalingCall| scaling.change_scaling(&checkout(), &call).await.map(drop);
        let now = Timestamp::UNIX_EPOCH;
        let name = "steady-burst".to_owned();
        match self {
            Self::LiveScaling => scaling.live_scaling(&checkout()).await.map(drop),
            Self::Activities => scaling.scaling_activities(&checkout(), now).await.map(drop),
            Self::Register => change(register(1, 4)).await,
            Self::PutPolicy => change(ScalingCall::PutScalingPolicy(cpu(50.0))).await,
            Self::PutScheduled => change(ScalingCall::PutScheduledAction(morning())).await,
            Self::DeletePolicy => change(ScalingCall::DeleteScalingPolicy { name }).await,
            Self::Tag => change(ScalingCall::TagTarget { arn: "arn:of-it".to_owned() }).await,
            Self::PutAlarm => change(ScalingCall::PutMetricAlarm(busy(Vec::new()))).await,
            Self::DeleteAlarm => change(ScalingCall::DeleteAlarm { name }).await,
            Self::Standings => aws.alarms().alarm_standings(&[name]).await.map(drop),
            Self::Series => {
                let until = now + jiff::SignedDuration::from_hours(1);
                aws.metrics().series(&[utilization("Average")], 60, now, until).await.map(drop)
            }
            _ => unreachable!("{self:?} is none of scaling"),
        }
    }
}

fn message() -> Message {
    Message {
        id: "n-1".to_owned(),
        topic: None,
        subject: "[critical] prod/checkout".to_owned(),
        body: "prod/checkout is in a restart loop.".to_owned(),
        attributes: BTreeMap::new(),
    }
}

fn kind(outcome: &Result<(), PortError>) -> &'static str {
    match outcome {
        Ok(()) => "done",
        Err(PortError::Throttled { .. }) => "throttled",
        Err(PortError::Refused { .. }) => "refused",
        Err(PortError::Unclear { .. }) => "unclear",
    }
}

/// How often an operation was asked for.
fn asked(local: &LocalAws, operation: &str) -> usize {
    local.calls().iter().filter(|call| call.operation == operation).count()
}

fn denied() -> What {
    What::Refuse {
        status: 400,
        code: "AccessDeniedException".to_owned(),
        message: "User is not authorized".to_owned(),
    }
}

/// Meets every method's first call with `what` for ever, and compares what comes of it and how often it was tried.
/// `attempts` of `None`: as often as the method tries.
async fn every_method(
    what: What,
    settings: Settings,
    expected: &'static str,
    attempts: Option<usize>,
) {
    let all_are_warm = Arc::new(Barrier::new(FIRST_CALLS.len()));
    let mut methods = JoinSet::new();
    for (method, service, operation, tries) in FIRST_CALLS {
        let (what, tries) = (what.clone(), attempts.unwrap_or(tries));
        let all_are_warm = all_are_warm.clone();
        methods.spawn(async move {
            let local = start().await;
            let topic = local.create_topic("oncall");
            let aws = aws_at(&local.endpoint(), settings).await;
            // The first call reads the machine's certificates: work that must not eat into the short times of others.
            let _ = method.call(&aws, &topic).await;
            let before = local.calls().len();
            let _ = aws.throttles().take();
            local.fault(Fault { when: When::always(service, operation), what });
            all_are_warm.wait().await;

            let outcome = method.call(&aws, &topic).await;

            assert_eq!(kind(&outcome), expected, "{method:?}: {outcome:?}");
            let error = outcome.expect_err("a fault for ever").to_string();
            assert!(error.starts_with(operation), "{method:?}: {error}");
            let asked: Vec<_> =
                local.calls().split_off(before).into_iter().map(|call| call.operation).collect();
            assert_eq!(asked, vec![operation; tries], "{method:?}");
            let counted: Vec<_> = aws.throttles().take().counts().collect();
            let throttled = if expected == "throttled" { tries as u64 } else { 0 };
            let times: u64 = counted.iter().map(|(.., times)| times).sum();
            assert_eq!(
                times, throttled,
                "{method:?}: each attempt that was throttled: {counted:?}"
            );
            for (metric, value, _) in counted {
                assert!(metric.values().contains(&value.unwrap_or_default()), "{value:?}");
            }
        });
    }
    while let Some(method) = methods.join_next().await {
        method.expect("each method stands");
    }
}

#[tokio::test]
async fn a_throttle_for_ever_is_throttled() {
    every_method(What::Throttle, patient(), "throttled", None).await;
}

#[tokio::test]
async fn a_server_error_for_ever_is_unclear() {
    every_method(What::ServerError, patient(), "unclear", None).await;
}

#[tokio::test]
async fn a_service_that_is_unavailable_for_ever_is_unclear() {
    every_method(What::Unavailable, patient(), "unclear", None).await;
}

#[tokio::test]
async fn a_connection_that_is_dropped_for_ever_is_unclear() {
    every_method(What::Dropped, patient(), "unclear", None).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_for_ever_is_unclear() {
    every_method(What::AnswerLost, patient(), "unclear", None).await;
}

#[tokio::test]
async fn a_refusal_is_refused_at_once() {
    every_method(denied(), patient(), "refused", Some(1)).await;
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_and_unclear() {
    // The only attempt of a change has all of the call's time, the three of others a part of it.
    // Long enough that every method's request has left before its time is over, thirty of them at once on a busy machine.
    let settings = Settings {
        attempt_timeout: Duration::from_millis(700),
        operation_timeout: Duration::from_secs(4),
        ..patient()
    };
    every_method(What::Hang, settings, "unclear", None).await;
}

#[tokio::test]
async fn the_only_attempt_of_a_change_is_not_cut_short() {
    let local = start().await;
    let settings = Settings { attempt_timeout: Duration::from_millis(50), ..patient() };
    let aws = aws_at(&local.endpoint(), settings).await;
    local.fault(Fault { when: When::always("ecs", "UpdateService"), what: What::Hang });
    let change = Method::Update.call(&aws, "");
    let outcome = tokio::time::timeout(Duration::from_millis(500), change).await;
    assert!(outcome.is_err(), "it waits no longer than a read: {outcome:?}");
}

#[tokio::test]
async fn all_attempts_together_end_with_the_time_of_the_call() {
    let local = start().await;
    let settings = Settings {
        attempt_timeout: Duration::from_millis(400),
        operation_timeout: Duration::from_millis(600),
        ..patient()
    };
    let table = aws_at(&local.endpoint(), settings).await.table("records");
    local.fault(Fault { when: When::always("dynamodb", "Query"), what: What::Hang });
    let error = table.load(&checkout()).await.expect_err("nothing answers");
    assert!(matches!(error, PortError::Unclear { .. }), "{error}");
    assert_eq!(asked(&local, "Query"), 2);
}

#[tokio::test]
async fn what_passes_within_three_attempts_is_done() {
    for what in [What::Throttle, What::ServerError, What::Dropped] {
        for (method, service, operation, tries) in FIRST_CALLS {
            if service == "ecs" || tries == 1 {
                continue;
            }
            let local = start().await;
            let topic = local.create_topic("oncall");
            let aws = aws_at(&local.endpoint(), patient()).await;
            local.fault(Fault { when: When::times(2, service, operation), what: what.clone() });
            let outcome = method.call(&aws, &topic).await;
            assert_eq!(kind(&outcome), "done", "{method:?} {what:?}: {outcome:?}");
            assert_eq!(asked(&local, operation), tries, "{method:?} {what:?}");
        }
    }
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_looks_overtaken_and_is_there() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    local.fault(Fault { when: When::once("dynamodb", "UpdateItem"), what: What::AnswerLost });
    let stored = Stored { record: r#"{"mine":1}"#.to_owned(), ..Stored::default() };
    let saved = table.save(&checkout(), &stored, false, 0).await;
    assert_eq!(saved, Ok(Saved::Overtaken));
    assert_eq!(asked(&local, "UpdateItem"), 2);
    let loaded = table.load(&checkout()).await.expect("an answer");
    assert_eq!((loaded.stored, loaded.version), (Some(stored), 1));
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_known_by_its_token() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let lost = When::once("dynamodb", "TransactWriteItems");
    local.fault(Fault { when: lost, what: What::AnswerLost });
    let saved = table.save(&checkout(), &Stored::default(), true, 0).await;
    assert_eq!(saved, Ok(Saved::Held));
    let tokens: Vec<_> = local
        .calls()
        .iter()
        .filter(|call| call.operation == "TransactWriteItems")
        .map(|call| call.request["ClientRequestToken"].clone())
        .collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0], tokens[1]);
    assert_eq!(table.load(&checkout()).await.expect("an answer").version, 1);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_sent_twice() {
    let local = start().await;
    let topic = local.create_topic("oncall");
    let topics = aws_at(&local.endpoint(), patient()).await.topics(&topic);
    local.fault(Fault { when: When::once("sns", "Publish"), what: What::AnswerLost });
    assert_eq!(topics.publish(&message()).await, Ok(()));
    assert_eq!(local.deliveries().len(), 2);
}
