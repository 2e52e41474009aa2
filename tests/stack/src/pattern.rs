//! EventBridge's event patterns.
//!
//! EventBridge User Guide, "Creating event patterns" and "Comparison operators for use in event patterns", and the words of the
//! matcher behind it (github.com/aws/event-ruler, README). `cidr` and the operators that compare without case are not known here,
//! since nothing of ours uses them.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::glob::glob;

/// A pattern, read.
///
/// ```
/// use serde_json::json;
/// use steady_stack::pattern::Pattern;
///
/// let stops = Pattern::read(&json!({ "source": ["aws.ecs"], "detail": { "stopCode": [{ "exists": true }] } }))?;
/// assert!(stops.matches(&json!({ "source": "aws.ecs", "detail": { "stopCode": "TaskFailedToStart" } })));
/// assert!(!stops.matches(&json!({ "source": "aws.ecs", "detail": { "lastStatus": "RUNNING" } })));
/// # Ok::<(), steady_stack::pattern::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Fields);

/// Why a pattern cannot be read; `path` is where in it, `detail.stopCode`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("event pattern, `{path}`: {why}")]
pub struct PatternError {
    path: String,
    why: String,
}

/// All have to hold.
#[derive(Clone, Debug, Default, PartialEq)]
struct Fields {
    named: Vec<(String, Wanted)>,
    /// `$or`: one of each has to hold.
    any_of: Vec<Vec<Fields>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Within(Fields),
    /// One has to hold.
    OneOf(Vec<Test>),
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Is(Value),
    Exists(bool),
    Prefix(String),
    Suffix(String),
    Wildcard(String),
    /// `AnythingBut`: none of them holds.
    NoneOf(Vec<Test>),
    /// Each comparison holds: `[">", 0.0]`.
    Numeric(Vec<(Compare, f64)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Compare {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] for what EventBridge would refuse, and for what is not known here: nothing is ignored.
    pub fn read(pattern: &Value) -> Result<Self, PatternError> {
        let wrong = |why: &str| PatternError { path: String::new(), why: why.to_owned() };
        let fields = pattern.as_object().ok_or_else(|| wrong("it is no object"))?;
        if fields.is_empty() {
            return Err(wrong("it is empty"));
        }
        Fields::read(fields, "").map(Self)
    }

    /// Whether a rule with this pattern takes the event.
    pub fn matches(&self, event: &Value) -> bool {
        self.0.hold(event)
    }
}

impl Fields {
    fn read(fields: &Map<String, Value>, path: &str) -> Result<Self, PatternError> {
        let mut read = Self::default();
        for (name, wanted) in fields {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let wrong = |why: &str| PatternError { path: path.clone(), why: why.to_owned() };
            match wanted {
                Value::Array(all) if name == "$or" => {
                    let each = all.iter().map(|one| match one {
                        Value::Object(fields) => Self::read(fields, &path),
                        _ => Err(wrong("a member of `$or` is no object")),
                    });
                    let each = each.collect::<Result<Vec<_>, _>>()?;
                    // "Create an event pattern": `$or` has at least two members.
                    if each.len() < 2 {
                        return Err(wrong("`$or` has fewer than two members"));
                    }
                    read.any_of.push(each);
                }
                Value::Object(within) if !within.is_empty() => {
                    read.named.push((name.clone(), Wanted::Within(Self::read(within, &path)?)));
                }
                Value::Array(all) if !all.is_empty() => {
                    let tests = all.iter().map(|one| Test::read(one).map_err(|why| wrong(&why)));
                    read.named
                        .push((name.clone(), Wanted::OneOf(tests.collect::<Result<_, _>>()?)));
                }
                _ => return Err(wrong("neither an object nor a list with something in it")),
            }
        }
        Ok(read)
    }

    fn hold(&self, event: &Value) -> bool {
        match event {
            // One member of the list has to fit in all fields ("array consistency" in event-ruler's README).
            Value::Array(all) => all.iter().any(|one| self.hold(one)),
            Value::Object(event) => {
                self.named.iter().all(|(name, wanted)| wanted.holds(event.get(name)))
                    && self.any_of.iter().all(|each| {
                        each.iter().any(|fields| fields.hold(&Value::Object(event.clone())))
                    })
            }
            // There is nothing below it, which is what `exists: false` may want.
            _ => {
                self.named.iter().all(|(_, wanted)| wanted.holds(None))
                    && self.any_of.iter().all(|each| each.iter().any(|fields| fields.hold(event)))
            }
        }
    }
}

impl Wanted {
    fn holds(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Within(fields) => fields.hold(value.unwrap_or(&Value::Null)),
            Self::OneOf(tests) => {
                let leaves = value.map(leaves).unwrap_or_default();
                tests.iter().any(|test| match test {
                    Test::Exists(wanted) => *wanted != leaves.is_empty(),
                    test => leaves.iter().any(|leaf| test.holds(leaf)),
                })
            }
        }
    }
}

/// What a field has as values: itself, or the members of its list. Of an object there are none: "`exists` works only on leaf
/// nodes".
fn leaves(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().flat_map(leaves).collect(),
        Value::Object(_) => Vec::new(),
        leaf => vec![leaf],
    }
}

impl Test {
    fn read(test: &Value) -> Result<Self, String> {
        let Value::Object(operator) = test else {
            return match test {
                Value::Array(_) => Err("a list within a list".to_owned()),
                scalar => Ok(Self::Is(scalar.clone())),
            };
        };
        let mut members = operator.iter();
        let (Some((name, of)), None) = (members.next(), members.next()) else {
            return Err("an operator is an object with one member".to_owned());
        };
        match (name.as_str(), of) {
            ("exists", Value::Bool(wanted)) => Ok(Self::Exists(*wanted)),
            ("prefix", Value::String(text)) => Ok(Self::Prefix(text.clone())),
            ("suffix", Value::String(text)) => Ok(Self::Suffix(text.clone())),
            ("wildcard", Value::String(text)) if text.contains("**") || text.contains('\\') => {
                Err(format!("wildcard `{text}`: `**` and `\\` are not known here"))
            }
            ("wildcard", Value::String(text)) => Ok(Self::Wildcard(text.clone())),
            ("numeric", Value::Array(comparisons)) => Self::numeric(comparisons),
            ("anything-but", of) => Self::anything_but(of),
            _ => Err(format!("the operator `{name}` with `{of}` is not known here")),
        }
    }

    fn anything_but(of: &Value) -> Result<Self, String> {
        let all = match of {
            Value::Array(all) if !all.is_empty() => all.iter().map(Self::read).collect(),
            // `{"anything-but": {"prefix": ["a", "b"]}}`: none of them.
            Value::Object(operator) => match operator.iter().next() {
                Some((name, Value::Array(texts))) if operator.len() == 1 => {
                    let each = texts.iter().map(|text| serde_json::json!({ name: text }));
                    each.map(|one| Self::read(&one)).collect()
                }
                _ => Self::read(of).map(|one| vec![one]),
            },
            of => Self::read(of).map(|one| vec![one]),
        }?;
        let comparable =
            |test: &Self| !matches!(test, Self::Exists(_) | Self::NoneOf(_) | Self::Numeric(_));
        if all.is_empty() || !all.iter().all(comparable) {
            return Err(format!("`anything-but` with `{of}` is not known here"));
        }
        Ok(Self::NoneOf(all))
    }

    fn numeric(comparisons: &[Value]) -> Result<Self, String> {
        let wrong = || "`numeric` is a list such as `[\">\", 0, \"<=\", 5]`".to_owned();
        let pairs = comparisons.chunks(2).map(|pair| match pair {
            [Value::String(sign), Value::Number(number)] => {
                let compare = match sign.as_str() {
                    "<" => Compare::Less,
                    "<=" => Compare::AtMost,
                    "=" => Compare::Equal,
                    ">=" => Compare::AtLeast,
                    ">" => Compare::More,
                    _ => return Err(wrong()),
                };
                Ok((compare, number.as_f64().ok_or_else(wrong)?))
            }
            _ => Err(wrong()),
        });
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        if pairs.is_empty() { Err(wrong()) } else { Ok(Self::Numeric(pairs)) }
    }

    fn holds(&self, leaf: &Value) -> bool {
        let text = leaf.as_str();
        match self {
            // A leaf that is looked at is there.
            Self::Exists(wanted) => *wanted,
            // Numbers too by how they are written ("Numeric matching": `300` and `300.0` differ).
            Self::Is(value) => value == leaf,
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
            Self::Wildcard(wanted) => text.is_some_and(|text| glob(wanted, text, &['*'])),
            Self::NoneOf(tests) => !tests.iter().any(|test| test.holds(leaf)),
            Self::Numeric(pairs) => leaf.as_f64().is_some_and(|number| {
                pairs.iter().all(|(compare, than)| match compare {
                    Compare::Less => number < *than,
                    Compare::AtMost => number <= *than,
                    Compare::Equal => number.total_cmp(than).is_eq(),
                    Compare::AtLeast => number >= *than,
                    Compare::More => number > *than,
                })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The User Guide's own event, shortened: "Creating event patterns".
    fn event() -> Value {
        json!({
            "version": "0", "source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
            "time": "2017-12-22T18:43:48Z", "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1"],
            "detail": {
                "instance-id": "i-1234567890abcdef0", "state": "terminated", "c-count": 5, "d-count": 2.5,
                "owner": null, "tags": [], "file": "dir/image.png",
                "nics": [{"subnet": "a", "public": true}, {"subnet": "b", "public": false}],
            },
        })
    }

    #[test]
    fn what_a_pattern_takes_and_what_it_leaves() {
        let detail = |pattern: Value| json!({ "detail": pattern });
        let cases = [
            (json!({ "source": ["aws.ec2"] }), true),
            (json!({ "source": ["aws.ecs", "aws.ec2"] }), true),
            (json!({ "source": ["aws.ec2"], "detail": { "state": ["running"] } }), false),
            (json!({ "resources": [{ "prefix": "arn:aws:ec2:us-west-1:" }] }), true),
            (detail(json!({ "state": [{ "prefix": "term" }] })), true),
            (detail(json!({ "file": [{ "suffix": ".png" }] })), true),
            (detail(json!({ "file": [{ "wildcard": "dir/*.png" }] })), true),
            (detail(json!({ "file": [{ "wildcard": "*.jpg" }] })), false),
            (detail(json!({ "state": [{ "anything-but": "terminated" }] })), false),
            (detail(json!({ "state": [{ "anything-but": ["stopped", "overloaded"] }] })), true),
            (detail(json!({ "state": [{ "anything-but": { "prefix": "term" } }] })), false),
            (detail(json!({ "state": [{ "anything-but": { "prefix": ["run", "stop"] } }] })), true),
            (detail(json!({ "file": [{ "anything-but": { "wildcard": "dir/*" } }] })), false),
            // A field that is not there is no "anything but".
            (detail(json!({ "reason": [{ "anything-but": "x" }] })), false),
            (detail(json!({ "c-count": [{ "numeric": [">", 0, "<=", 5] }] })), true),
            (detail(json!({ "d-count": [{ "numeric": ["<", 2.5] }] })), false),
            (detail(json!({ "state": [{ "numeric": ["=", 1] }] })), false),
            (detail(json!({ "c-count": [5] })), true),
            (detail(json!({ "c-count": [5.0] })), false),
            (detail(json!({ "owner": [null] })), true),
            (detail(json!({ "owner": [""] })), false),
            (detail(json!({ "state": [{ "exists": true }] })), true),
            (detail(json!({ "stopCode": [{ "exists": true }] })), false),
            (detail(json!({ "stopCode": [{ "exists": false }] })), true),
            (detail(json!({ "state": [{ "exists": false }] })), false),
            // Leaf nodes only, and an empty list has none.
            (json!({ "detail": [{ "exists": true }] }), false),
            (detail(json!({ "tags": [{ "exists": true }] })), false),
            (detail(json!({ "state": { "code": [{ "exists": false }] } })), true),
            (json!({ "nothing": { "code": [{ "exists": false }] } }), true),
            // Of a list of objects one has to fit in everything.
            (detail(json!({ "nics": { "subnet": ["b"], "public": [false] } })), true),
            (detail(json!({ "nics": { "subnet": ["b"], "public": [true] } })), false),
            (json!({ "$or": [{ "source": ["aws.ecs"] }, { "detail": { "c-count": [5] } }] }), true),
            (
                json!({ "source": ["aws.s3"], "$or": [{ "version": ["0"] }, { "version": ["1"] }] }),
                false,
            ),
            (
                detail(
                    json!({ "$or": [{ "state": ["running"] }, { "c-count": [{ "numeric": [">", 9] }] }] }),
                ),
                false,
            ),
        ];
        for (pattern, wanted) in cases {
            let read = Pattern::read(&pattern).unwrap();
            assert_eq!(read.matches(&event()), wanted, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        let cases = [
            (json!({}), "event pattern, ``: it is empty"),
            (
                json!({ "source": "aws.ecs" }),
                "event pattern, `source`: neither an object nor a list with something in it",
            ),
            (
                json!({ "source": [] }),
                "event pattern, `source`: neither an object nor a list with something in it",
            ),
            (
                json!({ "detail": { "ip": [{ "cidr": "10.0.0.0/24" }] } }),
                "event pattern, `detail.ip`: the operator `cidr` with `\"10.0.0.0/24\"` is not known here",
            ),
            (
                json!({ "a": [{ "prefix": "x", "suffix": "y" }] }),
                "event pattern, `a`: an operator is an object with one member",
            ),
            (json!({ "a": [["x"]] }), "event pattern, `a`: a list within a list"),
            (
                json!({ "$or": [{ "a": ["x"] }] }),
                "event pattern, `$or`: `$or` has fewer than two members",
            ),
            (
                json!({ "a": [{ "wildcard": "a**" }] }),
                "event pattern, `a`: wildcard `a**`: `**` and `\\` are not known here",
            ),
            (
                json!({ "a": [{ "anything-but": { "exists": true } }] }),
                "event pattern, `a`: `anything-but` with `{\"exists\":true}` is not known here",
            ),
            (
                json!({ "a": [{ "numeric": ["~", 1] }] }),
                "event pattern, `a`: `numeric` is a list such as `[\">\", 0, \"<=\", 5]`",
            ),
        ];
        for (pattern, said) in cases {
            assert_eq!(Pattern::read(&pattern).unwrap_err().to_string(), said);
        }
    }
}
