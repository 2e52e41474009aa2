//! The last lines of the container that failed, from CloudWatch Logs to the topic.

use steady_aws::client::Settings as Timing;
use steady_local_aws::{Fault, What, When};

use crate::told::{deploy, minutes, out_of_memory, proven};

const LINES: [&str; 3] = [
    "connecting to postgres://app:hunter2@db.internal:5432/orders",
    "\u{1b}[31mERROR\u{1b}[0m login failed, password=hunter2",
    "panic: no database",
];

#[tokio::test]
async fn the_failing_tasks_last_lines_are_told_without_their_secrets() {
    let mut account = proven(Timing::default()).await;
    account.says_before_it_stops("checkout:2", &LINES);
    deploy(&account, 2, out_of_memory()).await;
    account.pass(minutes(5)).await.unwrap();
    let said = &account.aws.deliveries()[0].message;
    assert!(said.contains("last lines of container app, task "), "{said}");
    for line in [
        " connecting to postgres://app:[redacted]@db.internal:5432/orders\n",
        " ERROR login failed, password=[redacted]\n",
        " panic: no database\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let kept = account.record().unwrap().to_string();
    assert!(!said.contains("hunter2") && !kept.contains("hunter2"), "{said} {kept}");
    let read = account.aws.calls().into_iter().filter(|call| call.operation == "GetLogEvents");
    assert_eq!(read.count(), 1);
}

#[tokio::test]
async fn without_leave_to_read_logs_people_are_told_that_and_the_rest() {
    let mut account = proven(Timing::default()).await;
    account.says_before_it_stops("checkout:2", &LINES);
    deploy(&account, 2, out_of_memory()).await;
    let denied = What::Refuse {
        status: 400,
        code: "AccessDeniedException".to_owned(),
        message: "User is not authorized to perform: logs:GetLogEvents".to_owned(),
    };
    account.aws.fault(Fault { when: When::always("logs", "GetLogEvents"), what: denied });
    account.pass(minutes(5)).await.unwrap();
    let said = &account.aws.deliveries()[0].message;
    let absent = "none here, since AWS refused GetLogEvents (AccessDeniedException); Steady's role needs logs:GetLogEvents on its log group";
    assert!(said.contains(absent), "{said}");
    assert_eq!(account.changes(), ["StopServiceDeployment"]);
}
