//! Config files as parameters: pages, deletion, and what the embedded AWS would not answer.

use serde_json::json;
use steady_core::port::{PortError, ReadConfig};

use crate::canned::Canned;
use crate::setup::{aws_at, checkout, patient, start};

#[tokio::test]
async fn a_parameter_that_the_answer_does_not_speak_of_is_not_taken_for_absent() {
    let canned = Canned::start([(
        "GetParameters",
        200,
        json!({
            "Parameters": [{ "Name": "/steady/config/defaults", "Value": "team = \"a\"", "Version": 1 }],
            "InvalidParameters": [],
        }),
    )])
    .await;
    let parameters = aws_at(&canned.endpoint, patient()).await.parameters("/steady/config");
    let found = parameters.config_files(&checkout()).await;
    assert!(
        matches!(&found, Err(PortError::Unclear { text, .. }) if text.contains("prod/checkout")),
        "{found:?}"
    );
}

#[tokio::test]
async fn files_are_listed_page_by_page_and_deleted_ten_at_a_time() {
    let local = start().await;
    let parameters = aws_at(&local.endpoint(), patient()).await.parameters("/steady/config");
    let mut names: Vec<String> = (0..23).map(|number| format!("prod/s{number:02}")).collect();
    names.push("defaults".to_owned());
    for name in &names {
        assert_eq!(parameters.put(name, "team = \"a\"").await, Ok(1));
    }
    let before = local.calls().len();
    let first = parameters.page(None).await.expect("a page");
    assert_eq!(first.items.len(), 10);
    let second = parameters.page(first.next.as_deref()).await.expect("a page");
    assert_eq!(second.items.len(), 10);
    assert_eq!(local.calls().len() - before, 2, "whoever asks waits in between");
    let all = parameters.list().await.expect("all");
    names.sort();
    assert_eq!(all.iter().map(|file| file.name.clone()).collect::<Vec<_>>(), names);

    let before = local.calls().len();
    names.push("prod/nowhere".to_owned());
    assert_eq!(parameters.delete(&names).await, Ok(()));
    assert_eq!(local.calls().len() - before, 3);
    assert_eq!(parameters.list().await, Ok(Vec::new()));
    assert_eq!(parameters.delete(&names).await, Ok(()), "again is no error");
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_no_clear_answer() {
    let page = json!({ "Parameters": [], "NextToken": "a" });
    let canned = Canned::start([
        ("GetParametersByPath", 200, page.clone()),
        ("GetParametersByPath", 200, page),
    ])
    .await;
    let parameters = aws_at(&canned.endpoint, patient()).await.parameters("/steady/config");
    let found = parameters.list().await;
    assert!(matches!(found, Err(PortError::Unclear { .. })), "{found:?}");
    assert_eq!(canned.operations().len(), 2);
}
