//! IAM's policies, as far as templates of ours use them.
//!
//! IAM User Guide, "Policy evaluation logic" (what is not allowed is denied, and a denial wins) and "IAM JSON policy elements".
//! `NotAction`, `NotResource`, `NotPrincipal`, policy variables and operators of dates, numbers and addresses are refused:
//! a part of a policy that is not understood is never passed over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use thiserror::Error;

use crate::glob::glob;

/// Why a policy cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("policy: {0}")]
pub struct PolicyError(String);

/// One thing that somebody asks for: a call asks for one or more of them, and needs all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// `ecs:UpdateService`.
    pub action: String,
    /// The ARN that it is about; `*` where the action is about none.
    pub resource: String,
    /// Condition keys with their values: `ecs:cluster` is `["arn:aws:ecs:eu-west-1:111122223333:cluster/prod"]`.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Ask {
    /// Without condition keys.
    pub fn new(action: &str, resource: impl Into<String>) -> Self {
        Self { action: action.to_owned(), resource: resource.into(), context: BTreeMap::new() }
    }

    /// With one more condition key.
    #[must_use]
    pub fn with(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.context.insert(key.to_owned(), values.into_iter().collect());
        self
    }
}

/// What is allowed and denied: the statements of one policy or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allows: bool,
    /// `Service: events.amazonaws.com` as `("Service", "events.amazonaws.com")`; empty in a role's own policy.
    principals: Vec<(String, String)>,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    operator: Operator,
    /// `…IfExists`: holds where the key is not there.
    if_exists: bool,
    /// `ForAllValues:`: each value of the key has to fit; otherwise one has to.
    for_all: bool,
    key: String,
    wanted: Vec<String>,
}

/// The operators that are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// `StringEquals`, `Bool`: to the letter.
    Equals,
    /// `StringNotEquals`.
    NotEquals,
    /// `StringLike`, `ArnLike`, `ArnEquals`: with `*` and `?`.
    Like,
    /// `StringNotLike`, `ArnNotLike`, `ArnNotEquals`.
    NotLike,
    /// `Null`: whether the key is not there.
    Null,
}

impl Policy {
    /// Reads a policy's document: `{"Version":"2012-10-17","Statement":[…]}`.
    ///
    /// # Errors
    /// [`PolicyError`] for anything that is not understood.
    pub fn read(document: &Value) -> Result<Self, PolicyError> {
        let document = members(document, "a policy")?;
        known(document, &["Version", "Id", "Statement"])?;
        let statements = match document.get("Statement") {
            Some(Value::Array(all)) => all.iter().map(Statement::read).collect(),
            Some(one) => Statement::read(one).map(|one| vec![one]),
            None => Err(PolicyError("it has no `Statement`".to_owned())),
        };
        Ok(Self { statements: statements? })
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.statements.extend(other.statements);
        self
    }

    /// Whether the holder of this policy may.
    pub fn allows(&self, ask: &Ask) -> bool {
        self.allows_if(ask, |statement| statement.principals.is_empty())
    }

    /// Whether this policy of a queue, topic or key lets an AWS service, `events.amazonaws.com`.
    pub fn lets(&self, service: &str, ask: &Ask) -> bool {
        self.allows_if(ask, |statement| {
            statement
                .principals
                .iter()
                .any(|(kind, who)| who == "*" || (kind == "Service" && who == service))
        })
    }

    fn allows_if(&self, ask: &Ask, concerns: impl Fn(&Statement) -> bool) -> bool {
        let mut of_it =
            self.statements.iter().filter(|one| concerns(one) && one.is_about(ask)).peekable();
        of_it.peek().is_some() && of_it.all(|one| one.allows)
    }

    /// The actions that are allowed, as they are written; whatever their resources and conditions.
    pub fn allowed_actions(&self) -> BTreeSet<&str> {
        let allowing = self.statements.iter().filter(|one| one.allows);
        allowing.flat_map(|one| one.actions.iter().map(String::as_str)).collect()
    }

    /// The actions that are allowed on every resource (`"Resource": "*"`), as they are written.
    pub fn actions_on_everything(&self) -> BTreeSet<&str> {
        let allowing = self.statements.iter().filter(|one| one.allows);
        let on_all = allowing.filter(|one| one.resources.iter().any(|resource| resource == "*"));
        on_all.flat_map(|one| one.actions.iter().map(String::as_str)).collect()
    }
}

impl Statement {
    fn read(statement: &Value) -> Result<Self, PolicyError> {
        let statement = members(statement, "a statement")?;
        known(statement, &["Sid", "Effect", "Principal", "Action", "Resource", "Condition"])?;
        let allows = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(PolicyError("`Effect` is neither `Allow` nor `Deny`".to_owned())),
        };
        let list = |name: &str| match statement.get(name) {
            Some(value) => texts(value, name),
            None => Err(PolicyError(format!("a statement has no `{name}`"))),
        };
        let actions = list("Action")?;
        // A role's trust policy has none: it is about the role itself.
        let resources =
            if statement.contains_key("Resource") { list("Resource")? } else { Vec::new() };
        let mut conditions = Vec::new();
        let by_operator = statement.get("Condition").map(|value| members(value, "`Condition`"));
        for (operator, keys) in by_operator.transpose()?.into_iter().flatten() {
            for (key, wanted) in members(keys, "a condition")? {
                conditions.push(Condition::read(operator, key, wanted)?);
            }
        }
        let principals = statement.get("Principal").map(principals).transpose()?;
        let principals = principals.unwrap_or_default();
        Ok(Self { allows, principals, actions, resources, conditions })
    }

    fn is_about(&self, ask: &Ask) -> bool {
        // Actions are compared without regard to case ("IAM JSON policy elements: Action").
        let action = ask.action.to_ascii_lowercase();
        let is_of = |wanted: &str| glob(&wanted.to_ascii_lowercase(), &action, &['*', '?']);
        let is_on = |wanted: &str| glob(wanted, &ask.resource, &['*', '?']);
        self.actions.iter().any(|wanted| is_of(wanted))
            && (self.resources.is_empty() || self.resources.iter().any(|wanted| is_on(wanted)))
            && self.conditions.iter().all(|condition| condition.holds(&ask.context))
    }
}

fn principals(principal: &Value) -> Result<Vec<(String, String)>, PolicyError> {
    match principal {
        Value::String(all) if all == "*" => Ok(vec![("AWS".to_owned(), all.clone())]),
        Value::Object(by_kind) => {
            let mut read = Vec::new();
            for (kind, who) in by_kind {
                read.extend(texts(who, kind)?.into_iter().map(|who| (kind.clone(), who)));
            }
            Ok(read)
        }
        other => Err(PolicyError(format!("the principal `{other}` is not known here"))),
    }
}

impl Condition {
    fn read(operator: &str, key: &str, wanted: &Value) -> Result<Self, PolicyError> {
        let (name, for_all) = match operator.split_once(':') {
            Some(("ForAllValues", name)) => (name, true),
            Some(("ForAnyValue", name)) => (name, false),
            _ => (operator, false),
        };
        let bare = name.strip_suffix("IfExists");
        let known = match bare.unwrap_or(name) {
            "StringEquals" | "Bool" => Operator::Equals,
            "StringNotEquals" => Operator::NotEquals,
            "StringLike" | "ArnLike" | "ArnEquals" => Operator::Like,
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => Operator::NotLike,
            "Null" => Operator::Null,
            _ => return Err(PolicyError(format!("the operator `{operator}` is not known here"))),
        };
        Ok(Self {
            operator: known,
            if_exists: bare.is_some(),
            for_all,
            key: key.to_ascii_lowercase(),
            wanted: texts(wanted, key)?,
        })
    }

    fn holds(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        let found = context.iter().find(|(key, _)| key.to_ascii_lowercase() == self.key);
        let values = found.map(|(_, values)| values.as_slice()).unwrap_or_default();
        let fits = |value: &String| match self.operator {
            Operator::Like | Operator::NotLike => {
                self.wanted.iter().any(|wanted| glob(wanted, value, &['*', '?']))
            }
            _ => self.wanted.contains(value),
        };
        match self.operator {
            Operator::Null => self.wanted.contains(&values.is_empty().to_string()),
            _ if values.is_empty() && (self.if_exists || self.for_all) => true,
            Operator::NotEquals | Operator::NotLike => !values.iter().any(fits),
            Operator::Equals | Operator::Like if self.for_all => values.iter().all(fits),
            Operator::Equals | Operator::Like => values.iter().any(fits),
        }
    }
}

fn members<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, PolicyError> {
    value.as_object().ok_or_else(|| PolicyError(format!("{what} is no object but `{value}`")))
}

fn known(members: &Map<String, Value>, names: &[&str]) -> Result<(), PolicyError> {
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(PolicyError(format!("`{name}` is not known here"))),
        None => Ok(()),
    }
}

fn texts(value: &Value, name: &str) -> Result<Vec<String>, PolicyError> {
    let text = |value: &Value| match value {
        Value::String(text) if text.contains("${") => {
            Err(PolicyError(format!("`{name}`: the variable in `{text}` is not known here")))
        }
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        other => Err(PolicyError(format!("`{name}`: `{other}` is no text"))),
    };
    match value {
        Value::Array(all) => all.iter().map(text).collect(),
        one => text(one).map(|one| vec![one]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(statements: &Value) -> Result<Policy, PolicyError> {
        Policy::read(&json!({ "Version": "2012-10-17", "Statement": statements }))
    }

    #[test]
    fn what_no_statement_allows_is_denied_and_a_denial_wins() {
        let policy = of(&json!([
            { "Effect": "Allow", "Action": ["ecs:DescribeServices", "ecs:StopTask"],
              "Resource": "arn:aws:ecs:eu-west-1:1:*/prod/*",
              "Condition": { "ArnLike": { "ecs:cluster": ["arn:aws:ecs:eu-west-1:1:cluster/prod"] } } },
            { "Effect": "Deny", "Action": "ecs:Stop*", "Resource": "*" },
        ]))
        .unwrap();
        let service = |action: &str, cluster: &str| {
            Ask::new(action, format!("arn:aws:ecs:eu-west-1:1:service/{cluster}/checkout"))
                .with("ecs:cluster", [format!("arn:aws:ecs:eu-west-1:1:cluster/{cluster}")])
        };
        assert!(policy.allows(&service("ecs:DescribeServices", "prod")));
        assert!(policy.allows(&service("ECS:describeservices", "prod")));
        assert!(!policy.allows(&service("ecs:DescribeServices", "dev")));
        assert!(!policy.allows(&service("ecs:DescribeTasks", "prod")));
        assert!(!policy.allows(&service("ecs:StopTask", "prod")));
        let elsewhere = Ask { context: BTreeMap::new(), ..service("ecs:DescribeServices", "prod") };
        assert!(!policy.allows(&elsewhere), "the condition's key is not there");
    }

    #[test]
    fn conditions_hold_as_iam_has_it() {
        let cases = [
            (json!({ "StringEquals": { "k": "a" } }), [true, false, false, false]),
            (json!({ "StringEquals": { "k": ["a", "b"] } }), [true, true, true, false]),
            (json!({ "StringNotEquals": { "k": "a" } }), [false, true, true, true]),
            (json!({ "StringLike": { "K": "?" } }), [true, true, true, false]),
            (json!({ "StringEqualsIfExists": { "k": "a" } }), [true, false, false, true]),
            (
                json!({ "ForAllValues:StringEquals": { "k": ["b", "c"] } }),
                [false, true, true, true],
            ),
            (json!({ "ForAllValues:StringEquals": { "k": "b" } }), [false, true, false, true]),
            (json!({ "ForAnyValue:StringEquals": { "k": "c" } }), [false, false, true, false]),
            (json!({ "Null": { "k": "true" } }), [false, false, false, true]),
            (json!({ "Null": { "k": false } }), [true, true, true, false]),
            (json!({ "Bool": { "k": true } }), [false, false, false, false]),
        ];
        for (condition, wanted) in cases {
            let statement = json!({ "Effect": "Allow", "Action": "s:A", "Resource": "*", "Condition": condition });
            let policy = of(&statement).unwrap();
            let with: [&[&str]; 3] = [&["a"], &["b"], &["b", "c"]];
            let mut found = with
                .map(|values| {
                    let values = values.iter().map(|value| (*value).to_owned());
                    policy.allows(&Ask::new("s:A", "*").with("k", values))
                })
                .to_vec();
            found.push(policy.allows(&Ask::new("s:A", "*")));
            assert_eq!(found, wanted, "{condition}");
        }
    }

    #[test]
    fn a_queue_lets_the_service_that_it_names_and_a_role_nobody_else() {
        let statement = json!({
            "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage",
            "Resource": "arn:q", "Condition": { "ArnEquals": { "aws:SourceArn": "arn:rule" } },
        });
        let policy = of(&statement).unwrap();
        let ask = |rule: &str| {
            Ask::new("sqs:SendMessage", "arn:q").with("aws:SourceArn", [rule.to_owned()])
        };
        assert!(policy.lets("events.amazonaws.com", &ask("arn:rule")));
        assert!(!policy.lets("events.amazonaws.com", &ask("arn:other")));
        assert!(!policy.lets("sns.amazonaws.com", &ask("arn:rule")));
        assert!(!policy.allows(&ask("arn:rule")));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let cases = [
            (
                json!({ "Effect": "Maybe", "Action": "*", "Resource": "*" }),
                "`Effect` is neither `Allow` nor `Deny`",
            ),
            (
                json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }),
                "`NotAction` is not known here",
            ),
            (json!({ "Effect": "Allow", "Resource": "*" }), "a statement has no `Action`"),
            (
                json!({ "Effect": "Allow", "Action": "a:B", "Resource": "arn:${aws:username}" }),
                "`Resource`: the variable in `arn:${aws:username}` is not known here",
            ),
            (
                json!({ "Effect": "Allow", "Action": "a:B", "Resource": "*",
                        "Condition": { "DateLessThan": { "aws:CurrentTime": "2026" } } }),
                "the operator `DateLessThan` is not known here",
            ),
        ];
        for (statement, said) in cases {
            assert_eq!(of(&statement).unwrap_err().to_string(), format!("policy: {said}"));
        }
    }
}
