//! Config files as parameters: what the embedded AWS would not answer.

use serde_json::json;
use steady_core::port::{PortError, ReadConfig};

use crate::canned::Canned;
use crate::setup::{aws_at, checkout, patient};

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
