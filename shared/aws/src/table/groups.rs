//! Lines of services that share a cause: an item each, of which a service writes only what is its own.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use steady_core::group::{Group, GroupKey, Joining, Member};
use steady_core::name::ServiceKey;
use steady_core::port::{KeepGroups, PortError};

use super::item::{self, Item};
use super::{Table, damaged, number, text};
use crate::error::{port_error, unclear};

/// Begins the `pk` of a line.
const GROUP_KEY: &str = "#group/";
/// Its `sk`.
const GROUP: &str = "group";
/// The next place to be given; a line without it was never begun.
const NEXT: &str = "next";
/// Begins the attribute that holds a service's place.
const PLACE: &str = "place#";
/// Begins the attribute that holds the rest of what a line knows of it.
const MEMBER: &str = "member#";

/// A line goes so long after anybody wrote it. Nobody who has been away that long is in it any more.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(48);

impl KeepGroups for Table {
    /// One GetItem, eventually consistent: whoever joins reads the line once more, with its own write.
    async fn group(&self, key: &GroupKey) -> Result<Group, PortError> {
        const CALL: &str = "GetItem";
        let request = self.client.get_item().table_name(&self.name).set_key(Some(item_key(key)));
        let answer = request.send().await.map_err(|error| port_error(CALL, error))?;
        answer.item().map_or_else(|| Ok(Group::default()), |item| line(CALL, key, item))
    }

    /// One UpdateItem, and two more for the first that ever comes. The right sides of its SET all see the item as it was
    /// before (DynamoDB developer guide, "Update expressions"), so a newcomer's place is the next one, and the next one is
    /// higher by one; who has a place keeps it.
    async fn join(
        &self,
        service: &ServiceKey,
        joining: &Joining,
        stale: &[ServiceKey],
    ) -> Result<Group, PortError> {
        const CALL: &str = "UpdateItem";
        if let Some(group) = self.try_join(service, joining, stale).await? {
            return Ok(group);
        }
        self.begin_line(joining).await?;
        let joined = self.try_join(service, joining, stale).await?;
        joined.ok_or_else(|| unclear(CALL, "the line went as it was begun".to_owned()))
    }

    /// One UpdateItem.
    async fn leave(&self, service: &ServiceKey, key: &GroupKey) -> Result<Group, PortError> {
        const CALL: &str = "UpdateItem";
        let answer = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item_key(key)))
            .update_expression("REMOVE #member, #place")
            .expression_attribute_names("#member", format!("{MEMBER}{service}"))
            .expression_attribute_names("#place", format!("{PLACE}{service}"))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        line(CALL, key, answer.attributes().unwrap_or(&Item::new()))
    }
}

impl Table {
    /// `None` if the line was never begun: there is no place to give.
    async fn try_join(
        &self,
        service: &ServiceKey,
        joining: &Joining,
        stale: &[ServiceKey],
    ) -> Result<Option<Group>, PortError> {
        const CALL: &str = "UpdateItem";
        let (at, seen, page) = (joining.at, joining.now, joining.page.clone());
        let member = Member { place: 0, at, seen, page };
        let member = serde_json::to_string(&member).unwrap_or_default();
        let mut update = "SET #member = :member, #expires = :expires, \
            #place = if_not_exists(#place, #next), #next = #next + :one"
            .to_owned();
        let mut request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item_key(&joining.key)))
            .condition_expression("attribute_exists(#next)")
            .expression_attribute_names("#member", format!("{MEMBER}{service}"))
            .expression_attribute_names("#place", format!("{PLACE}{service}"))
            .expression_attribute_names("#next", NEXT)
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":member", text(&member))
            .expression_attribute_values(":expires", expires(joining.now))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew);
        for (nth, stale) in stale.iter().filter(|stale| *stale != service).enumerate() {
            update += if nth == 0 { " REMOVE " } else { ", " };
            update += &format!("#member{nth}, #place{nth}");
            request = request
                .expression_attribute_names(format!("#member{nth}"), format!("{MEMBER}{stale}"))
                .expression_attribute_names(format!("#place{nth}"), format!("{PLACE}{stale}"));
        }
        match request.update_expression(update).send().await {
            Ok(answer) => {
                let item = answer.attributes().cloned().unwrap_or_default();
                line(CALL, &joining.key, &item).map(Some)
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(port_error(CALL, error)),
        }
    }

    /// Whoever else does the same at the same moment changes nothing.
    async fn begin_line(&self, joining: &Joining) -> Result<(), PortError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item_key(&joining.key)))
            .update_expression("SET #next = if_not_exists(#next, :one), #expires = :expires")
            .expression_attribute_names("#next", NEXT)
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":expires", expires(joining.now));
        let begun = request.send().await.map_err(|error| port_error("UpdateItem", error));
        begun.map(drop)
    }
}

fn item_key(key: &GroupKey) -> Item {
    item::key(&format!("{GROUP_KEY}{}", key.as_str()), GROUP)
}

fn expires(now: Timestamp) -> AttributeValue {
    item::seconds(now.saturating_add(KEPT_FOR).unwrap_or(now))
}

fn line(call: &'static str, key: &GroupKey, item: &Item) -> Result<Group, PortError> {
    read(item).map_err(|damage| damaged(call, &format!("{GROUP_KEY}{}", key.as_str()), &damage))
}

fn read(item: &Item) -> Result<Group, String> {
    let mut members = BTreeMap::new();
    for (name, value) in item {
        let Some(service) = name.strip_prefix(MEMBER) else { continue };
        let mut member: Member = value
            .as_s()
            .map_err(|_| "not a string".to_owned())
            .and_then(|text| serde_json::from_str(text).map_err(|error| error.to_string()))
            .map_err(|error| format!("`{name}`: {error}"))?;
        member.place = item::unsigned(item, &format!("{PLACE}{service}"))?;
        members.insert(service.into(), member);
    }
    let next = if item.contains_key(NEXT) { item::unsigned(item, NEXT)? } else { 1 };
    Ok(Group { members, last_place: next.saturating_sub(1) })
}
