//! Functions, conditions and parameters come to what CloudFormation makes of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use steady_stack::Deployment;
use steady_stack::template::resolve;

fn deployment(parameters: &[(&str, &str)]) -> Deployment {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Deployment {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        stack: "steady".to_owned(),
        parameters: parameters.iter().map(owned).collect(),
        names: BTreeMap::from([("Table".to_owned(), "records".to_owned())]),
    }
}

/// A template in which `value` is a property.
fn template(value: &Value) -> Value {
    json!({
        "Parameters": {
            "Mode": { "Type": "String", "Default": "observe", "AllowedValues": ["observe", "act"] },
            "Clusters": { "Type": "CommaDelimitedList", "Default": "*" },
        },
        "Conditions": {
            "Acts": { "Fn::Equals": [{ "Ref": "Mode" }, "act"] },
            "Observes": { "Fn::Not": [{ "Condition": "Acts" }] },
            "Neither": { "Fn::And": [{ "Condition": "Acts" }, { "Condition": "Observes" }] },
            "Either": { "Fn::Or": [{ "Condition": "Acts" }, { "Condition": "Observes" }] },
        },
        "Mappings": { "Sizes": { "small": { "Memory": 128 } } },
        "Resources": {
            "Table": { "Type": "AWS::DynamoDB::Table", "Properties": {} },
            "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Fn::Sub": "${AWS::StackName}-watch" } } },
            "Topic": { "Type": "AWS::SNS::Topic" },
            "OnlyActing": { "Type": "AWS::SNS::Topic", "Condition": "Acts" },
            "Parameter": { "Type": "AWS::SSM::Parameter" },
            "It": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "It": value } },
        },
    })
}

fn resolved(value: &Value, parameters: &[(&str, &str)]) -> Result<Value, String> {
    let resources = resolve(&template(value), &deployment(parameters));
    let resources = resources.map_err(|error| error.to_string())?;
    Ok(resources["It"].properties["It"].clone())
}

#[test]
fn every_function_comes_to_its_value() {
    let cases = [
        (json!({ "Ref": "AWS::Region" }), json!("eu-west-1")),
        (json!({ "Ref": "Mode" }), json!("observe")),
        (json!({ "Ref": "Clusters" }), json!(["*"])),
        (json!({ "Ref": "Table" }), json!("records")),
        (json!({ "Ref": "Topic" }), json!("arn:aws:sns:eu-west-1:111122223333:steady-Topic")),
        (
            json!({ "Ref": "Queue" }),
            json!("https://sqs.eu-west-1.amazonaws.com/111122223333/steady-watch"),
        ),
        (
            json!({ "Fn::GetAtt": ["Queue", "Arn"] }),
            json!("arn:aws:sqs:eu-west-1:111122223333:steady-watch"),
        ),
        (
            json!({ "Fn::GetAtt": "Table.Arn" }),
            json!("arn:aws:dynamodb:eu-west-1:111122223333:table/records"),
        ),
        (
            json!({ "Fn::Sub": "arn:${AWS::Partition}:x:${Table}/${Queue.QueueName}/${!Literal}" }),
            json!("arn:aws:x:records/steady-watch/${Literal}"),
        ),
        (
            json!({ "Fn::Sub": ["${A}-${Mode}", { "A": { "Ref": "Table" } }] }),
            json!("records-observe"),
        ),
        (json!({ "Fn::Join": ["/", ["a", { "Ref": "Mode" }, 1]] }), json!("a/observe/1")),
        (json!({ "Fn::Join": [",", { "Ref": "Clusters" }] }), json!("*")),
        (json!({ "Fn::Select": ["1", { "Fn::Split": [":", "a:b:c"] }] }), json!("b")),
        (json!({ "Fn::FindInMap": ["Sizes", "small", "Memory"] }), json!(128)),
        (json!({ "Fn::If": ["Acts", 1, { "Ref": "Mode" }] }), json!("observe")),
        (json!([1, { "Fn::If": ["Neither", 2, { "Ref": "AWS::NoValue" }] }, 3]), json!([1, 3])),
        (json!({ "Fn::If": ["Either", "yes", "no"] }), json!("yes")),
        (json!({ "a": { "b": [{ "Ref": "Mode" }] } }), json!({ "a": { "b": ["observe"] } })),
    ];
    for (value, wanted) in cases {
        assert_eq!(resolved(&value, &[]), Ok(wanted), "{value}");
    }
}

#[test]
fn parameters_that_are_given_decide() {
    let value = json!({ "Fn::If": ["Acts", { "Ref": "Clusters" }, "none"] });
    let given = [("Mode", "act"), ("Clusters", "prod, dev")];
    assert_eq!(resolved(&value, &given), Ok(json!(["prod", "dev"])));
    let resources = resolve(&template(&json!(1)), &deployment(&given)).unwrap();
    assert!(resources.contains_key("OnlyActing"));
    let resources = resolve(&template(&json!(1)), &deployment(&[])).unwrap();
    assert!(!resources.contains_key("OnlyActing"));
}

#[test]
fn what_is_not_understood_is_an_error_with_its_place() {
    let at = "template, `Resources.It.Properties.It";
    let cases = [
        (
            json!({ "Fn::ImportValue": "x" }),
            format!("{at}.Fn::ImportValue`: the function is not known here"),
        ),
        (json!({ "Ref": "Tabel" }), format!("{at}.Ref`: there is no `Tabel`")),
        (
            json!([{ "Ref": "Parameter" }]),
            format!("{at}.0.Ref`: `Ref` of `AWS::SSM::Parameter` is not known here"),
        ),
        (
            json!({ "Ref": "OnlyActing" }),
            format!("{at}.Ref`: `OnlyActing` is not made, since its condition does not hold"),
        ),
        (
            json!({ "Fn::GetAtt": ["Queue", "Url"] }),
            format!("{at}.Fn::GetAtt`: `Url` of `AWS::SQS::Queue` is not known here"),
        ),
        (
            json!({ "Fn::Sub": "${Clusters}" }),
            format!("{at}.Fn::Sub`: `Clusters` comes to no text"),
        ),
        (
            json!({ "Fn::If": ["Never", 1, 2] }),
            format!("{at}.Fn::If`: there is no condition `Never`"),
        ),
        (json!("{{resolve:ssm:x}}"), format!("{at}`: a dynamic reference is not known here")),
    ];
    for (value, said) in cases {
        assert_eq!(resolved(&value, &[]), Err(said), "{value}");
    }
    let given = |given: &[(&str, &str)]| resolved(&json!(1), given).unwrap_err();
    assert_eq!(
        given(&[("Mode", "off")]),
        "template, `Parameters.Mode`: `off` is not among its allowed values"
    );
    assert_eq!(given(&[("Mod", "act")]), "template, `Parameters`: there is none named `Mod`");
    let sam = json!({ "Transform": "AWS::Serverless-2016-10-31", "Resources": {} });
    let refused = resolve(&sam, &deployment(&[])).unwrap_err().to_string();
    assert_eq!(refused, "template, `Transform`: the template is not translated");
}
