//! What is made of ECS's answers, and what it is asked.

use serde_json::{Value, json};
use steady_core::name::{DeploymentId, TaskDefinitionRevision};
use steady_core::port::{
    Call, ChangeService, DeploymentState, PauseHook, PortError, ReadService, Rollout, RolloutState,
    RunningTasks, ServiceDeploymentState, ServiceState, Stage, TargetState,
};

use crate::canned::{Canned, Turn};
use crate::setup::{aws_at, checkout, patient, proven};

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod";
const SERVICE_DEPLOYMENT: &str =
    "arn:aws:ecs:eu-west-1:111122223333:service-deployment/prod/checkout/tBynXxp3yPmCCyPrvRkCq";

fn task_arn(n: usize) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/{n:032x}")
}

fn task_definition_arn(revision: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{revision}")
}

fn revision_arn(n: u32) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:service-revision/prod/checkout/{n}")
}

/// A task that runs; `with` replaces or adds fields.
fn task(n: usize, with: Value) -> Value {
    let mut task = json!({
        "taskArn": task_arn(n),
        "clusterArn": CLUSTER,
        "taskDefinitionArn": task_definition_arn("checkout:42"),
        "startedBy": "ecs-svc/2",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "startedAt": 1_795_226_047.25,
    });
    for (name, value) in with.as_object().expect("fields") {
        task[name] = value.clone();
    }
    task
}

fn service() -> Value {
    json!({
        "serviceName": "checkout",
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "desiredCount": 105,
        "schedulingStrategy": "DAEMON",
        "deploymentController": { "type": "CODE_DEPLOY" },
        "currentServiceDeployment": SERVICE_DEPLOYMENT,
        "deployments": [
            {
                "id": "ecs-svc/1", "status": "ACTIVE", "createdAt": 1_795_000_000.0,
                "taskDefinition": task_definition_arn("checkout:41"),
            },
            {
                "id": "ecs-svc/2", "status": "PRIMARY", "createdAt": 1_795_226_000.5,
                "taskDefinition": task_definition_arn("checkout:42"),
            },
        ],
    })
}

fn described(service: Value) -> Turn {
    ("DescribeServices", 200, json!({ "services": [service], "failures": [] }))
}

fn failed(operation: &'static str, reason: &str) -> Turn {
    (operation, 200, json!({ "failures": [{ "arn": "arn:of-it", "reason": reason }] }))
}

fn refused(operation: &'static str, code: &str, message: &str) -> Turn {
    (operation, 400, json!({ "__type": code, "message": message }))
}

fn active(revision: &str) -> Turn {
    let definition =
        json!({ "status": "ACTIVE", "taskDefinitionArn": task_definition_arn(revision) });
    ("DescribeTaskDefinition", 200, json!({ "taskDefinition": definition }))
}

async fn running(turns: Vec<Turn>) -> (Canned, Result<RunningTasks, PortError>) {
    let canned = Canned::start(turns).await;
    let ecs = aws_at(&canned.endpoint, patient()).await.ecs();
    let found = ecs.running_tasks(&checkout()).await;
    (canned, found)
}

async fn state(turns: Vec<Turn>) -> (Canned, Result<ServiceState, PortError>) {
    let canned = Canned::start(turns).await;
    let ecs = aws_at(&canned.endpoint, patient()).await.ecs();
    let found = ecs.service_state(&checkout(), &proven("checkout:41")).await;
    (canned, found)
}

#[tokio::test]
async fn more_than_a_hundred_tasks_are_listed_by_pages_and_described_by_hundreds() {
    let arns: Vec<String> = (0..105).map(task_arn).collect();
    let tasks: Vec<Value> = (0..105).map(|n| task(n, json!({}))).collect();
    let (canned, found) = running(vec![
        described(service()),
        ("ListTasks", 200, json!({ "taskArns": arns[..100], "nextToken": "page-2" })),
        ("ListTasks", 200, json!({ "taskArns": arns[100..] })),
        ("DescribeTasks", 200, json!({ "tasks": tasks[..100] })),
        ("DescribeTasks", 200, json!({ "tasks": tasks[100..] })),
    ])
    .await;

    let found = found.expect("an answer");
    assert_eq!(found.desired_count, Some(105));
    assert_eq!(found.primary, Some(DeploymentId::from("ecs-svc/2")));
    let names: Vec<_> = found.tasks.iter().map(|task| task.task.as_str().to_owned()).collect();
    assert_eq!(names, arns);
    assert_eq!(found.tasks[0].deployment, Some(DeploymentId::from("ecs-svc/2")));
    assert_eq!(found.tasks[0].revision, Some(TaskDefinitionRevision::from("checkout:42")));
    assert_eq!(found.tasks[0].started_at.to_string(), "2026-11-21T01:54:07.25Z");

    let asked: Vec<Value> = canned.asked().into_iter().map(|(_, input)| input).collect();
    assert_eq!(asked[0], json!({ "cluster": "prod", "services": ["checkout"] }));
    let first = json!({ "cluster": "prod", "serviceName": "checkout", "desiredStatus": "RUNNING" });
    assert_eq!(asked[1], first);
    assert_eq!(asked[2]["nextToken"], "page-2");
    assert_eq!(asked[3], json!({ "cluster": "prod", "tasks": arns[..100] }));
    assert_eq!(asked[4], json!({ "cluster": "prod", "tasks": arns[100..] }));
}

#[tokio::test]
async fn only_tasks_that_run_and_are_meant_to_are_taken() {
    let tasks = [
        task(0, json!({})),
        task(1, json!({ "lastStatus": "PENDING", "startedAt": null })),
        // A Spot interruption: it still runs, and is meant to stop.
        task(2, json!({ "desiredStatus": "STOPPED" })),
        task(3, json!({ "startedAt": null })),
        task(4, json!({ "startedBy": null, "taskDefinitionArn": null })),
    ];
    let arns: Vec<String> = (0..6).map(task_arn).collect();
    let (_, found) = running(vec![
        described(service()),
        ("ListTasks", 200, json!({ "taskArns": arns })),
        (
            "DescribeTasks",
            200,
            json!({ "tasks": tasks, "failures": [{ "arn": arns[5], "reason": "MISSING" }] }),
        ),
    ])
    .await;
    let found = found.expect("an answer").tasks;
    let names: Vec<_> = found.iter().map(|task| task.task.as_str().to_owned()).collect();
    assert_eq!(names, [task_arn(0), task_arn(4)]);
    assert_eq!((&found[1].deployment, &found[1].revision), (&None, &None));
}

#[tokio::test]
async fn a_service_without_tasks_is_not_asked_for_them() {
    let (canned, found) =
        running(vec![described(service()), ("ListTasks", 200, json!({ "taskArns": [] }))]).await;
    assert_eq!(found.expect("an answer").tasks, []);
    assert_eq!(canned.operations(), ["DescribeServices", "ListTasks"]);
}

#[tokio::test]
async fn a_service_that_ecs_does_not_know_has_no_status_and_runs_nothing() {
    let no_cluster = refused("DescribeServices", "ClusterNotFoundException", "Cluster not found.");
    for turn in [failed("DescribeServices", "MISSING"), no_cluster] {
        let (canned, found) = running(vec![turn]).await;
        let standing = Some(Box::default());
        assert_eq!(found, Ok(RunningTasks { standing, ..RunningTasks::default() }));
        assert_eq!(canned.operations(), ["DescribeServices"]);
    }
}

#[tokio::test]
async fn how_the_service_stands_comes_with_what_it_runs() {
    let mut service = service();
    service["resourceManagementType"] = json!("ECS");
    service["deployments"] = json!([
        {
            "id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": "ECS deployment ecs-svc/2 in progress.",
            "taskDefinition": task_definition_arn("checkout:42"),
        },
        { "id": "ecs-svc/1", "status": "ACTIVE", "rolloutState": "COMPLETED" },
    ]);
    let turns = vec![described(service), ("ListTasks", 200, json!({ "taskArns": [] }))];
    let (canned, found) = running(turns).await;
    assert_eq!(canned.operations(), ["DescribeServices", "ListTasks"], "it has no stages");
    let found = found.expect("an answer").standing.expect("a standing");
    assert!(found.is_express);
    assert_eq!(found.status.as_deref(), Some("ACTIVE"));
    assert_eq!(
        (found.controller.as_str(), found.scheduling_strategy.as_str()),
        ("CODE_DEPLOY", "DAEMON")
    );
    assert_eq!(
        found.rollouts,
        [
            Rollout {
                deployment: "ecs-svc/2".into(),
                is_primary: true,
                revision: Some("checkout:42".into()),
                state: Some(RolloutState::InProgress),
                reason: Some("ECS deployment ecs-svc/2 in progress.".to_owned()),
            },
            Rollout {
                deployment: "ecs-svc/1".into(),
                is_primary: false,
                revision: None,
                state: Some(RolloutState::Completed),
                reason: None,
            },
        ]
    );
}

#[tokio::test]
async fn a_staged_deployment_in_flight_tells_its_stage_and_who_it_waits_for() {
    let mut service = service();
    service["deploymentConfiguration"] = json!({ "strategy": "BLUE_GREEN" });
    let hook = |id: &str, with: [&str; 2]| {
        json!({
            "hookId": id, "targetType": with[0], "status": with[1],
            "expiresAt": 1_795_226_600.0, "timeoutAction": "ROLLBACK",
        })
    };
    let deployment = json!({
        "serviceDeploymentArn": SERVICE_DEPLOYMENT,
        "status": "IN_PROGRESS",
        "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT",
        "targetServiceRevision": {"arn": "arn:of-it", "requestedProductionTrafficWeight": 12.5},
        "lifecycleHookDetails": [
            hook("ecs-pause-1", ["PAUSE", "SUCCEEDED"]),
            hook("ecs-lambda-1", ["AWS_LAMBDA", "AWAITING_ACTION"]),
            hook("ecs-pause-2", ["PAUSE", "AWAITING_ACTION"]),
        ],
    });
    let (canned, found) = running(vec![
        described(service),
        ("ListTasks", 200, json!({ "taskArns": [] })),
        ("DescribeServiceDeployments", 200, json!({ "serviceDeployments": [deployment] })),
    ])
    .await;
    let last = canned.asked().pop().expect("a call").1;
    assert_eq!(last, json!({ "serviceDeploymentArns": [SERVICE_DEPLOYMENT] }));
    assert_eq!(
        found.expect("an answer").standing.expect("a standing").stage,
        Some(Stage {
            service_deployment: SERVICE_DEPLOYMENT.to_owned(),
            name: Some("POST_TEST_TRAFFIC_SHIFT".to_owned()),
            new_traffic: Some(12.5),
            hook: Some(PauseHook {
                id: "ecs-pause-2".to_owned(),
                expires_at: Some("2026-11-21T02:03:20Z".parse().expect("a time")),
                timeout_action: Some("ROLLBACK".to_owned()),
            }),
        })
    );
}

#[tokio::test]
async fn an_answer_with_another_failure_is_not_whole() {
    let (_, found) = running(vec![failed("DescribeServices", "SOMETHING_NEW")]).await;
    assert_eq!(
        found.expect_err("not whole").to_string(),
        "DescribeServices gave no clear answer (arn:of-it SOMETHING_NEW)"
    );
    let (_, found) = running(vec![
        described(service()),
        ("ListTasks", 200, json!({ "taskArns": [task_arn(0)] })),
        failed("DescribeTasks", "SOMETHING_NEW"),
    ])
    .await;
    assert!(matches!(found, Err(PortError::Unclear { call: "DescribeTasks", .. })), "{found:?}");
    let (_, found) = running(vec![("DescribeServices", 200, json!({}))]).await;
    assert!(matches!(found, Err(PortError::Unclear { .. })), "{found:?}");
}

#[tokio::test]
async fn a_service_stands_as_one_reading_shows_it() {
    let (canned, found) = state(vec![
        active("checkout:41"),
        described(service()),
        (
            "DescribeServiceDeployments",
            200,
            json!({ "serviceDeployments": [{
                "serviceDeploymentArn": SERVICE_DEPLOYMENT,
                "status": "IN_PROGRESS",
                "sourceServiceRevisions": [{ "arn": revision_arn(7) }, { "arn": revision_arn(8) }],
                "targetServiceRevision": { "arn": revision_arn(9) },
            }] }),
        ),
        (
            "DescribeServiceRevisions",
            200,
            json!({ "serviceRevisions": [
                { "serviceRevisionArn": revision_arn(7), "taskDefinition": task_definition_arn("checkout:41") },
                { "serviceRevisionArn": revision_arn(8), "taskDefinition": task_definition_arn("checkout:40") },
            ] }),
        ),
    ])
    .await;
    let deployment = |id: &str, is_primary, revision: &str, created_at: &str| DeploymentState {
        id: id.into(),
        is_primary,
        revision: Some(revision.into()),
        created_at: Some(created_at.parse().expect("a time")),
    };
    assert_eq!(
        found,
        Ok(ServiceState {
            status: Some("ACTIVE".to_owned()),
            controller: "CODE_DEPLOY".to_owned(),
            scheduling_strategy: "DAEMON".to_owned(),
            deployments: vec![
                deployment("ecs-svc/1", false, "checkout:41", "2026-11-18T11:06:40Z"),
                deployment("ecs-svc/2", true, "checkout:42", "2026-11-21T01:53:20.5Z"),
            ],
            service_deployment: Some(ServiceDeploymentState {
                arn: SERVICE_DEPLOYMENT.to_owned(),
                status: "IN_PROGRESS".to_owned(),
                given_up: false,
                sources: vec!["checkout:41".into(), "checkout:40".into()],
                source_arns: [7, 8].map(|n| revision_arn(n).as_str().into()).to_vec(),
            }),
            target: TargetState::Active,
            ..ServiceState::default()
        })
    );
    let asked: Vec<Value> = canned.asked().into_iter().map(|(_, input)| input).collect();
    assert_eq!(asked[0], json!({ "taskDefinition": "checkout:41" }));
    assert_eq!(asked[2], json!({ "serviceDeploymentArns": [SERVICE_DEPLOYMENT] }));
    assert_eq!(
        asked[3],
        json!({ "serviceRevisionArns": [revision_arn(7), revision_arn(8), revision_arn(9)] })
    );
}

#[tokio::test]
async fn what_a_service_leaves_out_is_what_ecs_takes_for_it() {
    let (_, found) =
        state(vec![active("checkout:41"), described(json!({ "status": "ACTIVE" }))]).await;
    let found = found.expect("an answer");
    assert_eq!((found.controller.as_str(), found.scheduling_strategy.as_str()), ("ECS", "REPLICA"));
    assert_eq!((found.deployments, found.service_deployment), (Vec::new(), None));
}

#[tokio::test]
async fn an_unknown_service_stands_nowhere() {
    let (_, found) =
        state(vec![active("checkout:41"), failed("DescribeServices", "MISSING")]).await;
    assert_eq!(found, Ok(ServiceState::default()));
}

#[tokio::test]
async fn a_target_is_run_only_if_it_is_active() {
    let definition = |status: &str| {
        ("DescribeTaskDefinition", 200, json!({ "taskDefinition": { "status": status } }))
    };
    let cases = [
        (definition("ACTIVE"), TargetState::Active),
        (definition("INACTIVE"), TargetState::Inactive),
        (definition("DELETE_IN_PROGRESS"), TargetState::Inactive),
        (definition("SOMETHING_NEW"), TargetState::Inactive),
        (
            refused(
                "DescribeTaskDefinition",
                "ClientException",
                "Unable to describe task definition.",
            ),
            TargetState::Gone,
        ),
    ];
    for (turn, expected) in cases {
        let words = format!("{turn:?}");
        let (_, found) = state(vec![turn, failed("DescribeServices", "MISSING")]).await;
        assert_eq!(found.expect("an answer").target, expected, "{words}");
    }
    let denied = refused("DescribeTaskDefinition", "AccessDeniedException", "no");
    let (_, found) = state(vec![denied]).await;
    assert!(matches!(found, Err(PortError::Refused { .. })), "{found:?}");
}

#[tokio::test]
async fn a_service_deployment_that_is_kept_no_longer_is_none() {
    let (_, found) = state(vec![
        active("checkout:41"),
        described(service()),
        failed("DescribeServiceDeployments", "MISSING"),
    ])
    .await;
    assert_eq!(found.expect("an answer").service_deployment, None);
}

#[tokio::test]
async fn of_sources_that_ecs_keeps_no_longer_the_arns_are_told() {
    let deployment = json!({ "serviceDeployments": [{
        "status": "IN_PROGRESS",
        "sourceServiceRevisions": [{ "arn": revision_arn(7) }, { "arn": revision_arn(8) }],
    }] });
    let one = json!({
        "serviceRevisionArn": revision_arn(7),
        "taskDefinition": task_definition_arn("checkout:41"),
    });
    let missing = json!({ "arn": revision_arn(8), "reason": "MISSING" });
    let answers = [
        json!({ "serviceRevisions": [one], "failures": [missing] }),
        json!({ "serviceRevisions": [one] }),
    ];
    for answer in answers {
        let (_, found) = state(vec![
            active("checkout:41"),
            described(service()),
            ("DescribeServiceDeployments", 200, deployment.clone()),
            ("DescribeServiceRevisions", 200, answer),
        ])
        .await;
        let found = found.expect("the rest is known").service_deployment.expect("a deployment");
        assert_eq!((found.sources.len(), found.source_arns.len()), (1, 2));
    }
}

/// The first calls are met by faults in `faults.rs`.
#[tokio::test]
async fn a_later_call_that_fails_fails_the_reading_in_its_own_name() {
    let deployment = json!({ "serviceDeployments": [{
        "status": "IN_PROGRESS", "sourceServiceRevisions": [{ "arn": revision_arn(7) }],
    }] });
    let tasks = vec![
        described(service()),
        ("ListTasks", 200, json!({ "taskArns": [task_arn(0)] })),
        ("DescribeTasks", 200, json!({ "tasks": [task(0, json!({}))] })),
    ];
    let stands = vec![
        active("checkout:41"),
        described(service()),
        ("DescribeServiceDeployments", 200, deployment),
        ("DescribeServiceRevisions", 200, json!({})),
    ];
    for (is_state, turns) in [(false, tasks), (true, stands)] {
        for at in 1..turns.len() {
            let operation = turns[at].0;
            let denied = vec![refused(operation, "AccessDeniedException", "no")];
            let throttled = vec![refused(operation, "ThrottlingException", "Rate exceeded"); 3];
            for met in [denied, throttled] {
                let is_throttled = met.len() > 1;
                let turns = [&turns[..at], &met].concat();
                let (canned, error) = if is_state {
                    let (canned, found) = state(turns).await;
                    (canned, found.expect_err("a fault"))
                } else {
                    let (canned, found) = running(turns).await;
                    (canned, found.expect_err("a fault"))
                };
                let expected = if is_throttled {
                    format!("{operation} was throttled (ThrottlingException: Rate exceeded)")
                } else {
                    format!("{operation} was refused (AccessDeniedException: no)")
                };
                assert_eq!(error.to_string(), expected);
                canned.asked();
            }
        }
    }
}

#[tokio::test]
async fn a_change_names_what_it_changes_and_nothing_else() {
    let cases = [
        (
            Call::StopServiceDeployment { arn: SERVICE_DEPLOYMENT.to_owned() },
            "StopServiceDeployment",
            json!({ "serviceDeploymentArn": SERVICE_DEPLOYMENT, "stopType": "ROLLBACK" }),
        ),
        (
            Call::UpdateService {
                service: checkout(),
                revision: "checkout:41".into(),
                restore: None,
            },
            "UpdateService",
            json!({ "cluster": "prod", "service": "checkout", "taskDefinition": "checkout:41" }),
        ),
    ];
    for (call, operation, expected) in cases {
        let canned = Canned::start([(operation, 200, json!({}))]).await;
        let ecs = aws_at(&canned.endpoint, patient()).await.ecs();
        assert_eq!(ecs.change(&call).await, Ok(()));
        assert_eq!(canned.asked(), [(operation.to_owned(), expected)]);
    }
}
