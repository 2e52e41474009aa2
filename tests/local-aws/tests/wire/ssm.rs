//! Parameter Store over the wire.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;

use crate::clients::{caller, code, refusal, start};

async fn put(client: &Client, name: &str, value: &str) -> i64 {
    let put = client.put_parameter().name(name).value(value).r#type(ParameterType::String);
    put.send().await.unwrap().version()
}

#[tokio::test]
async fn a_parameter_can_be_put_read_overwritten_and_deleted() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    assert_eq!(put(&client, "/steady/config/prod/web", "a = 1").await, 1);
    let again = client.put_parameter().name("/steady/config/prod/web").value("a = 2");
    assert_eq!(code!(again.clone().send()), "ParameterAlreadyExists");
    assert_eq!(again.overwrite(true).send().await.unwrap().version(), 2);

    let read = client.get_parameter().name("/steady/config/prod/web").send().await.unwrap();
    let parameter = read.parameter().unwrap();
    assert_eq!(parameter.value(), Some("a = 2"));
    assert_eq!(parameter.version(), 2);
    assert_eq!(parameter.r#type(), Some(&ParameterType::String));
    assert_eq!(
        parameter.arn(),
        Some("arn:aws:ssm:eu-west-1:111122223333:parameter/steady/config/prod/web")
    );
    assert_eq!(parameter.last_modified_date().unwrap().secs(), 1_795_226_400);

    let old = client.get_parameter().name("/steady/config/prod/web:1").send().await.unwrap();
    assert_eq!(old.parameter().unwrap().value(), Some("a = 1"));
    assert_eq!(old.parameter().unwrap().selector(), Some(":1"));
    let by_arn = client.get_parameter().name(parameter.arn().unwrap()).send().await.unwrap();
    assert_eq!(by_arn.parameter().unwrap().name(), Some("/steady/config/prod/web"));
    assert_eq!(
        code!(client.get_parameter().name("/steady/config/prod/web:9").send()),
        "ParameterVersionNotFound"
    );

    client.delete_parameter().name("/steady/config/prod/web").send().await.unwrap();
    assert_eq!(
        code!(client.get_parameter().name("/steady/config/prod/web").send()),
        "ParameterNotFound"
    );
    assert_eq!(
        code!(client.delete_parameter().name("/steady/config/prod/web").send()),
        "ParameterNotFound"
    );
}

#[tokio::test]
async fn get_parameters_names_those_that_are_not_there_and_takes_ten() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    put(&client, "/a", "1").await;
    put(&client, "/b", "2").await;
    let got = client.get_parameters().names("/b").names("/nowhere").names("/a").send();
    let got = got.await.unwrap();
    let values: Vec<_> = got.parameters().iter().filter_map(|found| found.value()).collect();
    assert_eq!(values, ["2", "1"]);
    assert_eq!(got.invalid_parameters(), ["/nowhere"]);

    let names = (0..11).map(|number| format!("/{number}")).collect();
    let (code, message) = refusal!(client.get_parameters().set_names(Some(names)).send());
    assert_eq!(code, "ValidationException");
    assert!(message.ends_with("Member must have length less than or equal to 10"), "{message}");
}

/// All pages of a path, with the sizes of the pages.
async fn pages(
    client: &Client,
    path: &str,
    recursive: bool,
    max: i32,
) -> (Vec<String>, Vec<usize>) {
    let (mut names, mut sizes, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let page = client
            .get_parameters_by_path()
            .path(path)
            .recursive(recursive)
            .max_results(max)
            .set_next_token(token)
            .send()
            .await
            .unwrap();
        names.extend(page.parameters().iter().map(|found| found.name().unwrap().to_owned()));
        sizes.push(page.parameters().len());
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return (names, sizes);
        }
    }
}

#[tokio::test]
async fn a_path_is_read_in_pages_of_ten_with_or_without_what_is_below() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    for number in 0..23 {
        put(&client, &format!("/steady/config/prod/s{number:02}"), "x").await;
    }
    put(&client, "/steady/config/defaults", "x").await;
    put(&client, "/steady/configuration", "x").await;
    put(&client, "plain", "x").await;

    let (names, sizes) = pages(&client, "/steady/config", true, 10).await;
    assert_eq!(sizes, [10, 10, 4]);
    assert_eq!(names.len(), 24);
    assert_eq!(names[0], "/steady/config/defaults");
    assert_eq!(names[23], "/steady/config/prod/s22");
    assert_eq!(pages(&client, "/steady/config", false, 10).await.0, ["/steady/config/defaults"]);
    assert_eq!(pages(&client, "/steady/config/", false, 10).await.0, ["/steady/config/defaults"]);
    assert_eq!(pages(&client, "/", false, 10).await.0, ["plain"]);
    assert_eq!(pages(&client, "/nowhere", true, 10).await, (Vec::new(), vec![0]));
    // A last page that is just full has no token.
    assert_eq!(pages(&client, "/steady/config/prod", true, 1).await.1.len(), 23);
}

#[tokio::test]
async fn what_parameter_store_refuses_by_path() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    let ask = || client.get_parameters_by_path();
    assert_eq!(code!(ask().path("steady").send()), "ValidationException");
    assert_eq!(code!(ask().path("/a b").send()), "ValidationException");
    assert_eq!(code!(ask().path("/a").max_results(11).send()), "ValidationException");
    assert_eq!(code!(ask().path("/a").max_results(0).send()), "ValidationException");
    assert_eq!(code!(ask().path("/a").next_token("17").send()), "InvalidNextToken");
    assert_eq!(code!(ask().path("/a").next_token("2f€").send()), "InvalidNextToken");
}

#[tokio::test]
async fn what_parameter_store_refuses_to_put() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    let deep = format!("/{}", ["x"; 16].join("/"));
    let long = "x".repeat(4097);
    let cases = [
        ("a/b", "x", "ValidationException", "Parameter name must be a fully qualified name."),
        ("/a b", "x", "ValidationException", "Parameter name: can't be prefixed"),
        ("/a//b", "x", "ValidationException", "Parameter name: can't be prefixed"),
        ("/aws/x", "x", "AccessDeniedException", "No access to reserved parameter name: /aws/x."),
        ("/SSM/x", "x", "ValidationException", "Parameter name: can't be prefixed with \"ssm\""),
        ("SSMx", "x", "ValidationException", "Parameter name: can't be prefixed with \"aws\" or"),
        (&deep, "x", "HierarchyLevelLimitExceededException", "A parameter hierarchy"),
        (
            "/a",
            &long,
            "ValidationException",
            "Standard tier parameters support a maximum parameter value of 4096 characters.",
        ),
        ("/a", "{{ssm:b}}", "ValidationException", "Parameter value can't nest"),
        ("/a", "", "ValidationException", "1 validation error detected: Value '' at 'value'"),
    ];
    for (name, value, wanted, begins) in cases {
        let put = client.put_parameter().name(name).value(value).r#type(ParameterType::String);
        let (code, message) = refusal!(put.send());
        assert_eq!(code, wanted, "{name}");
        assert!(message.starts_with(begins), "{name}: {message}");
    }
    let untyped = client.put_parameter().name("/a").value("x").send();
    let (code, message) = refusal!(untyped);
    assert_eq!(code, "ValidationException");
    assert_eq!(message, "A parameter type is required when you create a parameter.");
    let unknown = client.put_parameter().name("/a").value("x").r#type("Blob".into()).send();
    assert_eq!(code!(unknown), "ValidationException");
    let secret = client.put_parameter().name("/a").value("x").r#type(ParameterType::SecureString);
    assert_eq!(code!(secret.send()), "NotKnownToLocalAws");
    assert_eq!(code!(client.describe_parameters().send()), "UnknownOperationException");
}

#[tokio::test]
async fn a_standard_value_holds_4096_bytes_and_an_advanced_one_8192() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    let put = |value: String| {
        client.put_parameter().name("/a").value(value).r#type(ParameterType::String).overwrite(true)
    };
    assert_eq!(put("x".repeat(4096)).send().await.unwrap().tier().unwrap().as_str(), "Standard");
    // Bytes, not characters.
    assert_eq!(code!(put("é".repeat(2049)).send()), "ValidationException");
    let intelligent = put("x".repeat(4097)).tier("Intelligent-Tiering".into()).send();
    assert_eq!(intelligent.await.unwrap().tier().unwrap().as_str(), "Advanced");
    let advanced = |value| put(value).tier("Advanced".into());
    advanced("x".repeat(8192)).send().await.unwrap();
    assert_eq!(code!(advanced("x".repeat(8193)).send()), "ValidationException");
}

#[tokio::test]
async fn every_change_of_a_parameter_is_an_event() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    put(&client, "/steady/config/prod/web", "a = 1").await;
    let again = client.put_parameter().name("/steady/config/prod/web").value("a = 2");
    again.overwrite(true).send().await.unwrap();
    client.delete_parameter().name("/steady/config/prod/web").send().await.unwrap();
    let events = aws.events();
    let expected = serde_json::json!({
        "version": "0",
        "id": "00000004-0000-4000-8000-000000000001",
        "detail-type": "Parameter Store Change",
        "source": "aws.ssm",
        "account": "111122223333",
        "time": "2026-11-21T02:00:00Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:ssm:eu-west-1:111122223333:parameter/steady/config/prod/web"],
        "detail": { "operation": "Create", "name": "/steady/config/prod/web", "type": "String" },
    });
    assert_eq!(events[0], expected);
    let operations: Vec<_> =
        events.iter().map(|event| event["detail"]["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["Create", "Update", "Delete"]);
    assert_eq!(events[2]["detail"]["type"], "String");
    assert!(aws.events().is_empty());
}

#[tokio::test]
async fn ten_parameters_are_deleted_at_once_and_the_unknown_are_named() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    put(&client, "/a", "1").await;
    put(&client, "/b", "2").await;
    let deleted = client.delete_parameters().names("/b").names("/nowhere").names("/a");
    let deleted = deleted.send().await.unwrap();
    assert_eq!(deleted.deleted_parameters(), ["/b", "/a"]);
    assert_eq!(deleted.invalid_parameters(), ["/nowhere"]);
    let all = client.get_parameters_by_path().path("/").recursive(true).send().await.unwrap();
    assert_eq!(all.parameters().len(), 0);
    let names = (0..11).map(|number| format!("/{number}")).collect();
    let many = client.delete_parameters().set_names(Some(names));
    assert_eq!(code!(many.send()), "ValidationException");
}

#[tokio::test]
async fn a_hundred_versions_are_kept() {
    let aws = start().await;
    let client = caller(&aws).ssm();
    put(&client, "/a", "1").await;
    for number in 2..=101 {
        let again = client.put_parameter().name("/a").value(number.to_string()).overwrite(true);
        assert_eq!(again.send().await.unwrap().version(), number);
    }
    assert_eq!(code!(client.get_parameter().name("/a:1").send()), "ParameterVersionNotFound");
    let oldest = client.get_parameter().name("/a:2").send().await.unwrap();
    assert_eq!(oldest.parameter().unwrap().value(), Some("2"));
}
