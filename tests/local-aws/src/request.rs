//! A request as the front sees it: which protocol, which service, which operation, who, and what.
//!
//! The wire shapes are those of the Smithy specifications "AWS JSON 1.0", "AWS JSON 1.1" and "AWS query protocol": a JSON
//! service names its operation in `X-Amz-Target: <prefix>.<Operation>`, a Query service in the form field `Action`, and one of
//! "RPC v2 CBOR" in its path. The prefixes are `targetPrefix` of botocore's service models.

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::cbor;

/// How errors and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `application/x-amz-json-1.0` (DynamoDB).
    Json10,
    /// `application/x-amz-json-1.1` (ECS, Application Auto Scaling, SSM, CloudWatch Logs).
    Json11,
    /// Form in, XML out (SNS, STS).
    Query,
    /// `smithy-protocol: rpc-v2-cbor` (CloudWatch).
    Cbor,
}

/// `targetPrefix` and signing name of the JSON services that are served.
const TARGETS: [(&str, &str); 5] = [
    ("AmazonEC2ContainerServiceV20141113", "ecs"),
    ("AnyScaleFrontendService", "application-autoscaling"),
    ("AmazonSSM", "ssm"),
    ("Logs_20140328", "logs"),
    ("DynamoDB_20120810", "dynamodb"),
];

/// What a call of CloudWatch has as its path, before the operation.
const CLOUDWATCH: &str = "/service/GraniteServiceVersion20100801/operation/";
/// Signing names of the Query services that are served.
const FORMS: [&str; 2] = ["sns", "sts"];

/// A request, read.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) protocol: Protocol,
    pub(crate) service: String,
    /// Whether that service is served here.
    pub(crate) known: bool,
    pub(crate) operation: String,
    pub(crate) caller: String,
    /// Of the credential scope; `None` where the request is unsigned.
    pub(crate) region: Option<String>,
    pub(crate) input: Value,
    /// Whether `input` is what the protocol asks for: a JSON object, a form, or a CBOR map.
    pub(crate) readable: bool,
    /// Form fields in their order; empty for JSON.
    pub(crate) form: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// Reads whatever has come. Never fails: what cannot be read is logged and refused later.
    pub(crate) fn read(method: &str, path: &str, headers: HeaderMap, body: Bytes) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let scope = header(AUTHORIZATION.as_str()).and_then(Scope::read);
        let content_type = header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let target = header("x-amz-target").and_then(|target| target.split_once('.'));
        let signed_for = scope.as_ref().map(|scope| scope.service.as_str());
        let compressed = header("content-encoding").is_some();
        let asked = if let Some((prefix, operation)) = target {
            Asked::json(content_type, prefix, operation, &body)
        } else if let Some(operation) = path.strip_prefix(CLOUDWATCH) {
            Asked::cbor(operation, &body, compressed)
        } else if content_type.starts_with("application/x-www-form-urlencoded") {
            Asked::form(signed_for, &body)
        } else {
            Asked::nothing(format!("{method} {path}"), &body)
        };
        let logged = signed_for.unwrap_or("unknown").to_owned();
        let (caller, region) =
            scope.map_or((String::new(), None), |scope| (scope.access_key, Some(scope.region)));
        Self {
            protocol: asked.protocol,
            known: asked.service.is_some(),
            service: asked.service.map_or(logged, str::to_owned),
            operation: asked.operation,
            caller,
            region,
            input: asked.input,
            readable: asked.readable,
            form: asked.form,
            headers,
            body,
        }
    }

    /// A form field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the body and the headers beside the signature ask.
struct Asked {
    protocol: Protocol,
    service: Option<&'static str>,
    operation: String,
    input: Value,
    readable: bool,
    form: Vec<(String, String)>,
}

impl Asked {
    fn json(content_type: &str, prefix: &str, operation: &str, body: &[u8]) -> Self {
        let input = serde_json::from_slice::<Value>(body);
        Self {
            protocol: if content_type.starts_with("application/x-amz-json-1.0") {
                Protocol::Json10
            } else {
                Protocol::Json11
            },
            service: TARGETS.iter().find(|(known, _)| *known == prefix).map(|(_, name)| *name),
            operation: operation.to_owned(),
            readable: input.as_ref().is_ok_and(Value::is_object),
            input: input.unwrap_or_else(|_| lossy(body)),
            form: Vec::new(),
        }
    }

    /// A form does not say for which service it is; the signature does.
    fn form(signed_for: Option<&str>, body: &[u8]) -> Self {
        let form = read_form(body);
        let object: Map<String, Value> =
            form.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        let action = form.iter().find(|(name, _)| name == "Action");
        Self {
            protocol: Protocol::Query,
            service: FORMS.into_iter().find(|known| signed_for == Some(known)),
            operation: action.map(|(_, value)| value.clone()).unwrap_or_default(),
            input: Value::Object(object),
            readable: true,
            form,
        }
    }

    /// The body as the JSON that it would be. SDKs compress large bodies of PutMetricData, which is not known here.
    fn cbor(operation: &str, body: &[u8], compressed: bool) -> Self {
        let input = cbor::read(body).filter(|_| !compressed);
        Self {
            protocol: Protocol::Cbor,
            service: Some("monitoring"),
            operation: operation.to_owned(),
            readable: input.as_ref().is_some_and(Value::is_object),
            input: input.unwrap_or_else(|| lossy(body)),
            form: Vec::new(),
        }
    }

    fn nothing(operation: String, body: &[u8]) -> Self {
        Self {
            protocol: Protocol::Json11,
            service: None,
            operation,
            input: lossy(body),
            readable: false,
            form: Vec::new(),
        }
    }
}

fn read_form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).map(|(name, value)| (name.into(), value.into())).collect()
}

fn lossy(body: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(body).into_owned())
}

/// The credential scope of a Signature Version 4 header, `Credential=KEY/DATE/REGION/SERVICE/aws4_request` (IAM User Guide,
/// "Elements of an AWS API request signature").
#[derive(Debug, PartialEq, Eq)]
struct Scope {
    access_key: String,
    region: String,
    service: String,
}

impl Scope {
    /// `None` for what is no such header. The date and the signature are not looked at.
    fn read(authorization: &str) -> Option<Self> {
        let elements = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let credential =
            elements.split(',').find_map(|element| element.trim().strip_prefix("Credential="))?;
        // From the right: an access key id may not, but could, hold a slash.
        let mut parts = credential.rsplitn(5, '/');
        let (terminator, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        let (_date, access_key) = (parts.next()?, parts.next()?);
        (terminator == "aws4_request" && !access_key.is_empty()).then(|| Self {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_says_who_calls_which_service_where() {
        let cases = [
            (
                "AWS4-HMAC-SHA256 Credential=AKIDWATCH/20261121/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=0a",
                Some(("AKIDWATCH", "eu-west-1", "ecs")),
            ),
            (
                "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=K/20261121/us-east-1/sns/aws4_request,Signature=0a",
                Some(("K", "us-east-1", "sns")),
            ),
            ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0a", None),
            ("AWS4-HMAC-SHA256 Credential=K/20261121/us-east-1/sns, Signature=0a", None),
            ("AWS4-HMAC-SHA256 Credential=/20261121/us-east-1/sns/aws4_request", None),
            ("Bearer abc", None),
            ("", None),
        ];
        for (header, wanted) in cases {
            let wanted = wanted.map(|(access_key, region, service)| Scope {
                access_key: access_key.to_owned(),
                region: region.to_owned(),
                service: service.to_owned(),
            });
            assert_eq!(Scope::read(header), wanted, "{header}");
        }
    }
}
