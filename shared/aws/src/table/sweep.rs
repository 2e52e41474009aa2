//! The index of what is due, and where passes over everything stand.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use steady_core::port::{FindOpen, KeepPassPlace, KeepPlace, Open, PortError, Saved};
use steady_core::scaling::PassPlace;
use steady_core::slow_pass::Place;

use super::item::{self, Item};
use super::{Table, condition, damaged, number, text};
use crate::error::port_error;

impl Table {
    /// One Query of the index: what it has, and where it goes on if DynamoDB ended the page early.
    async fn query_open(
        &self,
        until: Timestamp,
        after: Option<Item>,
        limit: usize,
    ) -> Result<(Vec<Open>, Option<Item>), PortError> {
        const CALL: &str = "Query";
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(item::OPEN)
            .key_condition_expression("#open = :open AND #due <= :until")
            .expression_attribute_names("#open", item::OPEN)
            .expression_attribute_names("#due", item::DUE)
            .expression_attribute_values(":open", text(item::OPEN))
            .expression_attribute_values(":until", AttributeValue::N(until.as_second().to_string()))
            .set_exclusive_start_key(after)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        let open = answer.items().iter().map(|found| {
            item::open(found).map_err(|damage| damaged(CALL, "the index `open`", &damage))
        });
        Ok((open.collect::<Result<_, _>>()?, answer.last_evaluated_key))
    }
}

impl FindOpen for Table {
    /// One Query of the index, more only where DynamoDB ends a page early (1 MB). An index is never read consistently
    /// ("Global secondary indexes" in the developer guide), which [`FindOpen`] allows for.
    async fn find_open(
        &self,
        until: Timestamp,
        after: Option<&Open>,
        limit: u16,
    ) -> Result<Vec<Open>, PortError> {
        let limit = usize::from(limit);
        let (mut open, mut next) = self.query_open(until, after.map(item::open_key), limit).await?;
        while next.is_some() && open.len() < limit {
            let (more, then) = self.query_open(until, next, limit - open.len()).await?;
            open.extend(more);
            next = then;
        }
        Ok(open)
    }
}

impl Table {
    async fn load_place<P: DeserializeOwned>(
        &self,
        pk: &str,
    ) -> Result<(Option<P>, u64), PortError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(item::key(pk, item::PLACE)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| port_error("GetItem", error))?;
        Ok(answer.item().map_or((None, 0), item::place))
    }

    async fn put_place(
        &self,
        pk: &str,
        place: &(impl Serialize + Sync),
        version: u64,
    ) -> Result<Saved, PortError> {
        let mut request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item::place_item(pk, place, version)))
            .condition_expression(condition(version));
        if version > 0 {
            request = request
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(version));
        }
        match request.send().await {
            Ok(_) => Ok(Saved::Held),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(Saved::Overtaken)
            }
            Err(error) => Err(port_error("PutItem", error)),
        }
    }
}

impl KeepPlace for Table {
    async fn place(&self) -> Result<(Option<Place>, u64), PortError> {
        self.load_place(item::SWEEP_KEY).await
    }

    async fn save_place(&self, place: &Place, version: u64) -> Result<Saved, PortError> {
        self.put_place(item::SWEEP_KEY, place, version).await
    }
}

impl KeepPassPlace for Table {
    async fn pass_place(&self) -> Result<(Option<PassPlace>, u64), PortError> {
        self.load_place(item::SCALE_KEY).await
    }

    async fn save_pass_place(&self, place: &PassPlace, version: u64) -> Result<Saved, PortError> {
        self.put_place(item::SCALE_KEY, place, version).await
    }
}
