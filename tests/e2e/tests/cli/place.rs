//! Which account: what is said when there is none, or Steady is not in it.

use steady_local_aws::{Fault, What, When};

use crate::command::{bare, proven, run, steady};

const OFF: &str = "[health]\nrollback = 'off'\n";

#[test]
fn without_region_or_credentials_it_is_said_what_to_set() {
    let ran = run(bare(&["status"]));
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    steady: no region is set: use `--region eu-west-1`, `AWS_REGION`, or the profile's `region`
    --- exit code 70
    "#);
    let ran = run(bare(&["status", "--region", "eu-west-1"]));
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    steady: no AWS credentials: none in the environment, the profile, or the role of this machine. Name a profile (`--profile`) or set `AWS_ACCESS_KEY_ID` and its companions. A profile of IAM Identity Center (`aws sso login`) or with `credential_process` has to be exported first: eval "$(aws configure export-credentials --profile NAME --format env)"
    --- exit code 70
    "#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_steady_is_not_installed_or_does_not_know_the_service_the_place_is_named() {
    let account = proven(OFF).await;
    let ran = steady(&account, &["status", "--table", "other"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    steady: there is no table `other` in eu-west-1: is Steady installed in this account and region? Another name is given with `--table` or `STEADY_TABLE`
    --- exit code 70
    "#);
    let ran = steady(&account, &["status", "prod/chekout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    steady: nothing is known of service `prod/chekout` in table `steady`, eu-west-1: is that its cluster and name, and the region? Steady knows a service from its first event, or within an hour
    --- exit code 64
    "#);
    let ran = steady(&account, &["history", "checkout"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    error: invalid value 'checkout' for '<CLUSTER/SERVICE>': expected cluster and service, such as `prod/checkout`

    For more information, try '--help'.
    --- exit code 64
    "#);
    let ran = steady(&account, &["pause", "--for", "2", "--reason", "x"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    error: invalid value '2' for '--for <DURATION>': `2` has no unit; expected a duration such as `30m`, `2h` or `1d`

    For more information, try '--help'.
    --- exit code 64
    "#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_aws_refuses_is_said_with_the_action() {
    let account = proven(OFF).await;
    let (code, message) =
        ("AccessDeniedException", "User: ana is not authorized to perform: dynamodb:GetItem");
    let refuse = What::Refuse { status: 400, code: code.to_owned(), message: message.to_owned() };
    account.aws.fault(Fault { when: When::once("dynamodb", "GetItem"), what: refuse });
    let ran = steady(&account, &["status"]);
    insta::assert_snapshot!(ran.whole(), @r#"
    --- stderr
    steady: you are not allowed to call GetItem (AccessDeniedException: User: ana is not authorized to perform: dynamodb:GetItem); which actions a command needs is in docs/commands.md under "Permissions"
    --- exit code 70
    "#);
}
