//! Amazon SNS: CreateTopic and Publish, and what was delivered.
//!
//! Every topic has one subscription of our own that takes everything: [`Delivery`]. There is no Subscribe and no filter.
//! Parameters and error codes: Amazon SNS API Reference, Publish and CreateTopic, and botocore's model (2010-03-31), where the code
//! of a shape is its `error.code` (`NotFoundException` travels as `NotFound`, 404).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use steady_sim::Setup;

use crate::answer::{Refusal, escape_xml, numbered_id};
use crate::front::unknown_operation;
use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

/// Message and attributes together, in bytes (Publish, `Message`: 262,144 bytes, not characters).
const MESSAGE_BYTES_MAX: usize = 262_144;
/// Publish, `Subject`: less than 100 characters.
const SUBJECT_CHARS_MAX: usize = 99;
/// CreateTopic, `Name`.
const TOPIC_NAME_CHARS_MAX: usize = 256;

/// A message as a subscription gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The topic's ARN.
    pub topic: String,
    /// The id that Publish answered.
    pub message_id: String,
    /// The subject; `None` where none was given.
    pub subject: Option<String>,
    /// The message, whole.
    pub message: String,
    /// Message attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// When it was published, by the simulator's clock.
    pub at: Timestamp,
}

/// A message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// `String`, `String.Array` or `Number`, or one of these with a label of its own after a full stop.
    pub data_type: String,
    /// The value, as text.
    pub value: String,
}

impl Delivery {
    /// The JSON that an SQS, Lambda or HTTPS subscription gets without raw delivery (Amazon SNS Developer Guide, "HTTP/HTTPS
    /// notification JSON format"), without the members of the signature:
    ///
    /// `{"Type":"Notification","MessageId":…,"TopicArn":…,"Subject":…,"Message":…,"Timestamp":…,"MessageAttributes":{…}}`
    pub fn notification(&self) -> Value {
        let mut notification = json!({
            "Type": "Notification",
            "MessageId": self.message_id,
            "TopicArn": self.topic,
            "Message": self.message,
            "Timestamp": format!("{:.3}", self.at),
        });
        if let Some(members) = notification.as_object_mut() {
            if let Some(subject) = &self.subject {
                members.insert("Subject".to_owned(), json!(subject));
            }
            if !self.attributes.is_empty() {
                let attributes: BTreeMap<&str, Value> = self
                    .attributes
                    .iter()
                    .map(|(name, attribute)| {
                        let Attribute { data_type, value } = attribute;
                        (name.as_str(), json!({ "Type": data_type, "Value": value }))
                    })
                    .collect();
                members.insert("MessageAttributes".to_owned(), json!(attributes));
            }
        }
        notification
    }
}

/// The account's topics, and what they delivered.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    arns: Vec<String>,
    deliveries: Vec<Delivery>,
}

impl Topics {
    /// The same name gives the same topic (CreateTopic: "if the requester already owns a topic with the specified name, that
    /// topic's ARN is returned").
    pub(crate) fn create(&mut self, setup: &Setup, name: &str) -> String {
        let arn = format!("arn:aws:sns:{}:{}:{name}", setup.region, setup.account);
        if !self.arns.contains(&arn) {
            self.arns.push(arn.clone());
        }
        arn
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.clone()
    }
}

/// The inside of the operation's result element.
pub(crate) fn answer(state: &State, request: &Request) -> Result<String, Refusal> {
    match request.operation.as_str() {
        "CreateTopic" => {
            let name = request.field("Name").unwrap_or_default();
            let is_name = !name.is_empty()
                && name.len() <= TOPIC_NAME_CHARS_MAX
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
            if !is_name {
                return Err(invalid("Topic Name"));
            }
            if request.form.iter().any(|(field, _)| field.starts_with("Attributes.")) {
                return Err(Refusal::not_known_here("`Attributes` of a topic"));
            }
            let arn = lock(&state.topics).create(&state.setup, name);
            Ok(format!("<TopicArn>{}</TopicArn>", escape_xml(&arn)))
        }
        "Publish" => {
            let now = state.now();
            let message_id = publish(&mut lock(&state.topics), &state.setup, request, now)?;
            Ok(format!("<MessageId>{message_id}</MessageId>"))
        }
        _ => Err(unknown_operation(request)),
    }
}

fn invalid(what: &str) -> Refusal {
    Refusal::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

fn publish(
    topics: &mut Topics,
    setup: &Setup,
    request: &Request,
    now: Timestamp,
) -> Result<String, Refusal> {
    let subject = request.field("Subject");
    if subject.is_some_and(|subject| !is_subject(subject)) {
        return Err(invalid("Subject"));
    }
    let message = request.field("Message").unwrap_or_default();
    if message.is_empty() {
        return Err(invalid("Empty message"));
    }
    for unknown in ["MessageStructure", "MessageGroupId", "MessageDeduplicationId", "PhoneNumber"] {
        if request.field(unknown).is_some() {
            return Err(Refusal::not_known_here(&format!("`{unknown}` of a message")));
        }
    }
    let attributes = attributes(request)?;
    let size = message.len()
        + attributes
            .iter()
            .map(|(name, attribute)| name.len() + attribute.data_type.len() + attribute.value.len())
            .sum::<usize>();
    if size > MESSAGE_BYTES_MAX {
        return Err(invalid("Message too long"));
    }
    // A topic may be named as TargetArn too (Publish, `TargetArn`).
    let topic = request.field("TopicArn").or_else(|| request.field("TargetArn"));
    let topic = check_topic(topics, setup, topic)?;
    let message_id = numbered_id(1, topics.deliveries.len() as u64 + 1);
    topics.deliveries.push(Delivery {
        topic,
        message_id: message_id.clone(),
        subject: subject.map(str::to_owned),
        message: message.to_owned(),
        attributes,
        at: now,
    });
    Ok(message_id)
}

/// The API Reference has been loosened: "UTF-8 text with no line breaks or control characters, and less than 100 characters
/// long" (botocore 1.44.5); until then "ASCII text that begins with a letter, number, or punctuation mark". We refuse what either
/// refuses, so that what passes here passes in every region and as every mail's header.
fn is_subject(subject: &str) -> bool {
    subject.chars().count() <= SUBJECT_CHARS_MAX
        && subject.chars().next().is_some_and(|first| first.is_ascii_graphic())
        && subject.chars().all(|c| c.is_ascii() && !c.is_ascii_control())
}

/// The sentences are AWS's, as quoted in public issues: of another region `Invalid parameter: TopicArn`, and "An ARN must have at
/// least 6 elements, not 1". Another account's topic needs a policy, of which there is none here: AuthorizationError, 403.
fn check_topic(topics: &Topics, setup: &Setup, arn: Option<&str>) -> Result<String, Refusal> {
    let arn = arn
        .ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
    let elements: Vec<&str> = arn.splitn(6, ':').collect();
    match elements.as_slice() {
        [first, ..] if *first != "arn" => {
            Err(invalid(&format!("TopicArn Reason: {arn} does not start with arn")))
        }
        ["arn", _, "sns", region, account, _name] => {
            if *region != setup.region {
                return Err(invalid("TopicArn"));
            }
            if *account != setup.account {
                return Err(Refusal::with_status(
                    403,
                    "AuthorizationError",
                    format!("not authorized to perform: SNS:Publish on resource: {arn}"),
                ));
            }
            if !topics.arns.iter().any(|known| known == arn) {
                return Err(Refusal::with_status(404, "NotFound", "Topic does not exist"));
            }
            Ok(arn.to_owned())
        }
        elements if elements.len() < 6 => Err(invalid(&format!(
            "TopicArn Reason: An ARN must have at least 6 elements, not {}",
            elements.len()
        ))),
        _ => Err(invalid("TopicArn")),
    }
}

/// `MessageAttributes.entry.N.Name`, `.Value.DataType`, `.Value.StringValue` (botocore: `locationName` of the map's key and
/// value), N from 1.
fn attributes(request: &Request) -> Result<BTreeMap<String, Attribute>, Refusal> {
    let mut attributes = BTreeMap::new();
    for number in 1.. {
        let field = |part: &str| request.field(&format!("MessageAttributes.entry.{number}.{part}"));
        let Some(name) = field("Name") else { break };
        if field("Value.BinaryValue").is_some() {
            return Err(Refusal::not_known_here("a binary message attribute"));
        }
        attributes.insert(
            name.to_owned(),
            attribute(name, field("Value.DataType"), field("Value.StringValue"))?,
        );
    }
    Ok(attributes)
}

/// MessageAttributeValue: "Name, type, and value must not be empty or null"; the code is `ParameterValueInvalid`. Names: Amazon
/// SNS Developer Guide, "Message attribute items and validation".
fn attribute(
    name: &str,
    data_type: Option<&str>,
    value: Option<&str>,
) -> Result<Attribute, Refusal> {
    let refuse = |why: String| Err(Refusal::new("ParameterValueInvalid", why));
    let is_name = !name.is_empty()
        && name.len() <= 256
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..");
    if !is_name {
        return refuse(format!("Invalid attribute name: {name}"));
    }
    let Some(data_type) = data_type.filter(|data_type| !data_type.is_empty()) else {
        return refuse(format!(
            "The message attribute '{name}' must contain non-empty message attribute type."
        ));
    };
    let logical = data_type.split('.').next().unwrap_or_default();
    if !["String", "Number"].contains(&logical) {
        return refuse(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
        ));
    }
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return refuse(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{data_type}'."
        ));
    };
    if logical == "Number" && value.parse::<f64>().is_err() {
        return refuse(format!("Could not cast message attribute '{name}' value to number."));
    }
    Ok(Attribute { data_type: data_type.to_owned(), value: value.to_owned() })
}
