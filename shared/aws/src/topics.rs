//! SNS: sends one message to one topic.
//!
//! What is said, to whom and how often is decided before; a message is sent as it is. SNS delivers at least once, and
//! a call without an answer is repeated, so a message may arrive twice: its id is in its text and its attributes.
//! Limits (subject, 256 KiB with attributes, a topic of the same region) are those of Publish in the Amazon SNS API
//! reference; what breaks them is refused by SNS with `InvalidParameter`.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use steady_core::notice::Message;
use steady_core::port::{PortError, Publish};

use crate::error::{not_built, port_error};

/// The topics of one account and region.
#[derive(Debug, Clone)]
pub struct Topics {
    client: Client,
    default_topic: String,
}

impl Topics {
    pub(crate) fn new(client: Client, default_topic: &str) -> Self {
        Self { client, default_topic: default_topic.to_owned() }
    }
}

impl Publish for Topics {
    async fn publish(&self, message: &Message) -> Result<(), PortError> {
        const CALL: &str = "Publish";
        let mut request = self
            .client
            .publish()
            .topic_arn(message.topic.as_deref().unwrap_or(&self.default_topic))
            .subject(&message.subject)
            .message(&message.body);
        for (name, value) in &message.attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .map_err(|error| not_built(CALL, &error))?;
            request = request.message_attributes(name, value);
        }
        request.send().await.map(drop).map_err(|error| port_error(CALL, error))
    }
}
