//! DynamoDB: one table, each service's record and its stops side by side.
//!
//! What the items hold is in `item.rs`. The record's text is written by every save; the stops and hashes, several times
//! as long, only by saves that say so, since a write costs by the size of the item. Whether they are due, and what
//! follows when somebody else was first, is decided by the caller. API facts are those of the Amazon DynamoDB API
//! reference, on the page of each action.

mod alarms;
mod groups;
mod item;
mod list;
mod sweep;
mod switch;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValue, TransactWriteItem,
};
use jiff::Timestamp;
use steady_core::history::PastIncident;
use steady_core::installation::{Account, Trouble};
use steady_core::name::{FamilyKey, ServiceKey};
use steady_core::overrides::{self, Handed, Override};
use steady_core::port::{
    KeepFamilies, KeepRecords, KeepScaling, Loaded, PortError, ReadHistory, Saved,
};
use steady_core::record::{Stored, Whose};

use crate::error::{not_built, port_error, unclear};
use item::{Read, RecordItem};

/// How often a service's items are read while they do not belong together. Each time takes a save between the reading
/// of the one and the other; three in a row is not chance but damage.
const READS_MAX: usize = 3;

/// The table of records.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    pub(crate) fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned() }
    }

    async fn load_items(&self, key: &str) -> Result<Loaded, PortError> {
        for _ in 0..READS_MAX {
            match self.query(key).await? {
                Read::Whole(loaded) => return Ok(loaded),
                Read::Torn => {}
            }
        }
        Err(unclear("Query", format!("record and stops of `{key}` do not belong together")))
    }

    async fn save_items(&self, record: RecordItem<'_>, stops: bool) -> Result<Saved, PortError> {
        if stops || record.stored.past.is_some() {
            self.save_whole(record).await
        } else {
            self.save_record(record).await
        }
    }

    /// Both items in one strongly consistent Query. They are under 400 KB each and a page is 1 MB, so one page has
    /// both.
    async fn query(&self, key: &str) -> Result<Read, PortError> {
        const CALL: &str = "Query";
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :record AND :stops")
            .expression_attribute_values(":pk", text(key))
            .expression_attribute_values(":record", text(item::RECORD))
            .expression_attribute_values(":stops", text(item::STOPS))
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        item::read(answer.items()).map_err(|damage| damaged(CALL, key, &damage))
    }

    /// An update, not a put: the item's `stops_version` stays as it is, whatever it is.
    async fn save_record(&self, record: RecordItem<'_>) -> Result<Saved, PortError> {
        let version = record.version;
        let mut request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key(record.key, item::RECORD)))
            .update_expression(record.update_expression())
            .condition_expression(condition(version))
            .set_expression_attribute_names(Some(record.update_names()))
            .set_expression_attribute_values(Some(record.update_values()));
        if version > 0 {
            request = request.expression_attribute_values(":version", number(version));
        }
        match request.send().await {
            Ok(_) => Ok(Saved::Held),
            // A conflict is another's transaction on the same item: see `save`.
            Err(error)
                if error.as_service_error().is_some_and(|e| {
                    e.is_conditional_check_failed_exception()
                        || e.is_transaction_conflict_exception()
                }) =>
            {
                Ok(Saved::Overtaken)
            }
            Err(error) => Err(port_error("UpdateItem", error)),
        }
    }

    /// Record and stops, with an incident that ended if one has.
    async fn save_whole(&self, record: RecordItem<'_>) -> Result<Saved, PortError> {
        const CALL: &str = "TransactWriteItems";
        let version = record.version;
        let mut put_record = Put::builder()
            .table_name(&self.name)
            .set_item(Some(record.whole()))
            .condition_expression(condition(version));
        if version > 0 {
            put_record = put_record
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(version));
        }
        let put = |item| Put::builder().table_name(&self.name).set_item(Some(item));
        let past = record.stored.past.as_ref().map(|past| put(item::incident(record.key, past)));
        let mut request = self.client.transact_write_items();
        for put in [put_record, put(item::stops(record))].into_iter().chain(past) {
            let put = put.build().map_err(|error| not_built(CALL, &error))?;
            request = request.transact_items(TransactWriteItem::builder().put(put).build());
        }
        match request.send().await {
            Ok(_) => Ok(Saved::Held),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled_by(CALL, cancelled.cancellation_reasons())
                }
                _ => Err(port_error(CALL, error)),
            },
        }
    }
}

impl KeepRecords for Table {
    /// One Query; again, at most three times, where a save fell between its two items.
    async fn load(&self, service: &ServiceKey) -> Result<Loaded, PortError> {
        self.load_items(service.as_str()).await
    }

    /// One UpdateItem; with `stops`, or an incident that ended, one TransactWriteItems of everything.
    ///
    /// [`Saved::Overtaken`] is also said in two cases in which nobody else's save has held:
    ///
    /// - Somebody else's write of the same items is under way at this moment (`TransactionConflict`). Theirs may yet
    ///   fail, but waiting for it is no better than reading again, which is what follows anyway.
    /// - This save itself held, its answer was lost, and the SDK's next attempt found the version changed. Only an
    ///   UpdateItem can meet this: attempts of a transaction share a token, by which DynamoDB knows the repeat. So the
    ///   record that is then read again may be the one that was just saved.
    async fn save(
        &self,
        service: &ServiceKey,
        stored: &Stored,
        stops: bool,
        version: u64,
    ) -> Result<Saved, PortError> {
        self.save_items(RecordItem { key: service.as_str(), stored, version }, stops).await
    }

    async fn account(&self) -> Result<Account, PortError> {
        const CALL: &str = "GetItem";
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(item::key(item::ACCOUNT_KEY, item::ACCOUNT)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        match answer.item() {
            Some(found) => {
                item::account(found).map_err(|damage| damaged(CALL, item::ACCOUNT_KEY, &damage))
            }
            None => Ok(Account::default()),
        }
    }

    /// One Query, of the scaling record: it holds every override.
    async fn rollback_override(
        &self,
        service: &ServiceKey,
        now: Timestamp,
    ) -> Result<Option<Override>, PortError> {
        let loaded = self.load_scaling(service).await?;
        let found = loaded.stored.map_or(Ok(None), |stored| overrides::off_by(&stored, now));
        found.map_err(|damage| damaged("Query", service.as_str(), &damage.to_string()))
    }

    /// One UpdateItem: the item as it is afterwards comes with the answer.
    async fn announce(
        &self,
        service: &ServiceKey,
        trouble: &Trouble,
        stale: &[ServiceKey],
    ) -> Result<Account, PortError> {
        const CALL: &str = "UpdateItem";
        let json = serde_json::to_string(trouble).unwrap_or_default();
        let mut request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key(item::ACCOUNT_KEY, item::ACCOUNT)))
            .expression_attribute_names("#own", item::trouble(service))
            .expression_attribute_values(":own", AttributeValue::S(json))
            .return_values(ReturnValue::AllNew);
        let mut update = "SET #own = :own".to_owned();
        for (number, stale) in stale.iter().filter(|stale| *stale != service).enumerate() {
            let name = format!("#stale{number}");
            update += if number == 0 { " REMOVE " } else { ", " };
            update += &name;
            request = request.expression_attribute_names(name, item::trouble(stale));
        }
        let answer = request.update_expression(update).send().await;
        let answer = answer.map_err(|error| port_error(CALL, error))?;
        let found = answer.attributes().cloned().unwrap_or_default();
        item::account(&found).map_err(|damage| damaged(CALL, item::ACCOUNT_KEY, &damage))
    }

    /// A load and a save of its scaling record.
    async fn hand_override(
        &self,
        service: &ServiceKey,
        handed: &Handed,
        now: Timestamp,
    ) -> Result<(), PortError> {
        overrides::hand(self, service, handed, now).await?;
        Ok(())
    }
}

impl ReadHistory for Table {
    /// One Query for each page of 1 MB: several hundred incidents. Eventually consistent: what it may miss has ended
    /// within the last second.
    async fn history(
        &self,
        service: &ServiceKey,
        limit: usize,
    ) -> Result<Vec<PastIncident>, PortError> {
        const CALL: &str = "Query";
        let mut found = Vec::new();
        let mut from = None;
        while found.len() < limit {
            let left = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk AND begins_with(sk, :incident)")
                .expression_attribute_values(":pk", text(service.as_str()))
                .expression_attribute_values(":incident", text(item::INCIDENT))
                .scan_index_forward(false)
                .limit(left)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| port_error(CALL, error))?;
            for item in page.items() {
                let past = item::past(item);
                found.push(past.map_err(|damage| damaged(CALL, service.as_str(), &damage))?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// As records are: a family's items look the same, under another key.
impl KeepFamilies for Table {
    async fn load_family(&self, family: &FamilyKey) -> Result<Loaded, PortError> {
        self.load_items(&Whose::Family(family.clone()).key()).await
    }

    async fn save_family(
        &self,
        family: &FamilyKey,
        stored: &Stored,
        stops: bool,
        version: u64,
    ) -> Result<Saved, PortError> {
        let key = Whose::Family(family.clone()).key();
        self.save_items(RecordItem { key: &key, stored, version }, stops).await
    }
}

/// As records are, without stops: the item looks the same, under another key.
impl KeepScaling for Table {
    async fn load_scaling(&self, service: &ServiceKey) -> Result<Loaded, PortError> {
        self.load_items(&Whose::Scaling(service.clone()).key()).await
    }

    /// One UpdateItem, of which [`KeepRecords::save`] says when it is overtaken by itself.
    async fn save_scaling(
        &self,
        service: &ServiceKey,
        stored: &Stored,
        version: u64,
    ) -> Result<Saved, PortError> {
        let key = Whose::Scaling(service.clone()).key();
        self.save_items(RecordItem { key: &key, stored, version }, false).await
    }
}

fn condition(version: u64) -> &'static str {
    if version == 0 { "attribute_not_exists(pk)" } else { "#version = :version" }
}

/// What cancelled a transaction, by its reasons' codes (TransactWriteItems, "Cancellation reason codes"). A failed
/// condition outweighs the others: whatever else is said, the version is not what it was.
fn cancelled_by(call: &'static str, reasons: &[CancellationReason]) -> Result<Saved, PortError> {
    let of = |codes: &[&str]| {
        reasons.iter().find(|reason| reason.code().is_some_and(|code| codes.contains(&code)))
    };
    let words = |reason: &CancellationReason| reason.message().unwrap_or_default().to_owned();
    if of(&["ConditionalCheckFailed", "TransactionConflict"]).is_some() {
        return Ok(Saved::Overtaken);
    }
    if let Some(reason) = of(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
        let code = reason.code().unwrap_or_default();
        return Err(PortError::Throttled { call, text: format!("{code}: {}", words(reason)) });
    }
    let other = reasons.iter().find(|reason| reason.code().is_some_and(|code| code != "None"));
    Err(PortError::Refused {
        call,
        code: other.and_then(|reason| reason.code()).unwrap_or("TransactionCanceled").to_owned(),
        text: other.map(words).unwrap_or_default(),
    })
}

/// An item that nobody but something else than Steady can have written.
fn damaged(call: &'static str, key: &str, damage: &str) -> PortError {
    PortError::Refused {
        call,
        code: "DamagedItem".to_owned(),
        text: format!("the item of `{key}` cannot be read: {damage}"),
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_transaction_is_told_apart_by_its_reasons() {
        let cases: [(&[&str], &str); 8] = [
            (&["ConditionalCheckFailed", "None"], "overtaken"),
            (&["TransactionConflict", "None"], "overtaken"),
            (&["None", "TransactionConflict"], "overtaken"),
            (&["ConditionalCheckFailed", "ThrottlingError"], "overtaken"),
            (&["None", "ThrottlingError"], "throttled"),
            (&["ProvisionedThroughputExceeded", "None"], "throttled"),
            (&["None", "ValidationError"], "refused ValidationError"),
            (&[], "refused TransactionCanceled"),
        ];
        for (codes, expected) in cases {
            let reasons: Vec<_> = codes
                .iter()
                .map(|code| CancellationReason::builder().code(*code).build())
                .collect();
            let told = match cancelled_by("TransactWriteItems", &reasons) {
                Ok(Saved::Overtaken) => "overtaken".to_owned(),
                Err(PortError::Throttled { .. }) => "throttled".to_owned(),
                Err(PortError::Refused { code, .. }) => format!("refused {code}"),
                other => format!("{other:?}"),
            };
            assert_eq!(told, expected, "{codes:?}");
        }
    }
}
