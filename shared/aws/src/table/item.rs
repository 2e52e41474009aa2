//! What the items look like, written and read in one place.
//!
//! ```text
//! pk             sk        others
//! prod/checkout  record    record S (JSON)  version N  stops_version N  [open S "open"  due N]
//! prod/checkout  stops     stops S (JSON)   version N  hashes B
//! prod/checkout  incident#01JD…  incident S (JSON)  expires N
//! #account       account   [account S (JSON)]  [version N]  [open S "open"  due N]  [trouble#prod/checkout S (JSON)] ...
//! #sweep         place     place S (JSON)   version N
//! #scale         place     place S (JSON)   version N
//! #alarm/checkout-5xx  uses  [rollback SS]  [surge SS]
//! #group/environment/no-capacity  group  next N  expires N  [place#prod/checkout N  member#prod/checkout S (JSON)] ...
//! ```
//!
//! `#family/prod/nightly-report` has a record and stops as `prod/checkout` has. `#scaling/prod/checkout` has a record, without stops.
//! `version` of the record counts its saves. `stops_version` is the version at which the stops were last written, and
//! the `version` of the stops item; 0 says that there is none yet. `open` and `due` are the keys of the index that
//! `sweep` reads: they are there only while something is unfinished, so that the index is as small as what is open.
//! No service's key begins with `#` (letters, digits, `-` and `_`: CreateCluster in the ECS API reference).

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use steady_core::history::{PastIncident, StoredIncident};
use steady_core::installation::Account;
use steady_core::name::ServiceKey;
use steady_core::port::{AlarmUses, Loaded, Open};
use steady_core::record::{Stored, Whose};
use steady_core::switch::Switch;

use super::{number, text};

/// `sk` of a record. Between it and [`STOPS`] no other `sk` may sort: a load reads the range.
pub(super) const RECORD: &str = "record";
/// `sk` of a service's stops.
pub(super) const STOPS: &str = "stops";
/// Begins the `sk` of an incident that is over; its id follows, which sorts by time. They sort before [`RECORD`].
pub(super) const INCIDENT: &str = "incident#";
/// `pk` of the account's own item.
pub(super) const ACCOUNT_KEY: &str = "#account";
/// Its `sk`, and the attribute that holds its JSON.
pub(super) const ACCOUNT: &str = "account";
/// See [`trouble`].
const TROUBLE: &str = "trouble#";
/// `pk` of where the slow pass stands.
pub(super) const SWEEP_KEY: &str = "#sweep";
/// `pk` of where the pass over all services' scaling stands.
pub(super) const SCALE_KEY: &str = "#scale";
/// Their `sk`, and the attribute that holds its JSON.
pub(super) const PLACE: &str = "place";
/// The index, its partition key, and that key's only value: one partition, ordered by `due`, of keys only.
pub(super) const OPEN: &str = "open";
/// Its sort key: whole seconds since 1970.
pub(super) const DUE: &str = "due";
/// Counts the saves of an item.
pub(super) const VERSION: &str = "version";

/// Begins the `pk` of an alarm that configs name; its name follows.
const ALARM: &str = "#alarm/";
/// Its `sk`.
const USES: &str = "uses";
/// The services whose `health.rollback_alarms` name it.
pub(super) const ROLLBACK_USES: &str = "rollback";
/// The services whose `[[surge]]` names it.
pub(super) const SURGE_USES: &str = "surge";

/// An item's attributes.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A service's items, as one Query gave them.
#[derive(Debug, PartialEq)]
pub(super) enum Read {
    /// They belong together, or there are none.
    Whole(Loaded),
    /// The stops are not those that the record was written with: a Query reads each item consistently, but not all at
    /// one moment.
    Torn,
}

/// A record that is about to be saved.
#[derive(Clone, Copy)]
pub(super) struct RecordItem<'a> {
    /// Whose: `prod/checkout`.
    pub(super) key: &'a str,
    pub(super) stored: &'a Stored,
    /// The version that was loaded; the one written is higher by one.
    pub(super) version: u64,
}

impl RecordItem<'_> {
    fn next(&self) -> u64 {
        self.version.saturating_add(1)
    }

    /// The item when the stops are written with it.
    pub(super) fn whole(&self) -> Item {
        let mut item = key(self.key, RECORD);
        item.insert("record".to_owned(), text(&self.stored.record));
        item.insert("version".to_owned(), number(self.next()));
        item.insert("stops_version".to_owned(), number(self.next()));
        if let Some(due) = self.stored.due {
            item.insert("open".to_owned(), text(OPEN));
            item.insert("due".to_owned(), seconds(due));
        }
        item
    }

    /// The update when they are not.
    pub(super) fn update_expression(&self) -> &'static str {
        match self.stored.due {
            Some(_) => "SET #record = :record, #version = :next, #open = :open, #due = :due",
            None => "SET #record = :record, #version = :next REMOVE #open, #due",
        }
    }

    /// The names in it: all through placeholders, since DynamoDB reserves hundreds of words ("Reserved words in
    /// DynamoDB" in its developer guide).
    pub(super) fn update_names(&self) -> HashMap<String, String> {
        ["record", "version", "open", "due"]
            .into_iter()
            .map(|name| (format!("#{name}"), name.to_owned()))
            .collect()
    }

    /// The values in it.
    pub(super) fn update_values(&self) -> Item {
        let mut values = HashMap::from([
            (":record".to_owned(), text(&self.stored.record)),
            (":next".to_owned(), number(self.next())),
        ]);
        if let Some(due) = self.stored.due {
            values.insert(":open".to_owned(), text(OPEN));
            values.insert(":due".to_owned(), seconds(due));
        }
        values
    }
}

/// The stops written together with `record`.
pub(super) fn stops(record: RecordItem<'_>) -> Item {
    let stored = record.stored;
    let mut item = key(record.key, STOPS);
    item.insert("stops".to_owned(), text(&stored.stops));
    item.insert("hashes".to_owned(), AttributeValue::B(Blob::new(stored.hashes.clone())));
    item.insert("version".to_owned(), number(record.next()));
    item
}

/// The key of what is kept of an alarm.
pub(super) fn alarm_key(alarm: &str) -> Item {
    key(&format!("{ALARM}{alarm}"), USES)
}

/// The services that an alarm's item names.
pub(super) fn alarm_uses(item: &Item) -> AlarmUses {
    let services = |attribute: &str| {
        let set = item.get(attribute).and_then(|value| value.as_ss().ok());
        let mut services: Vec<ServiceKey> =
            set.into_iter().flatten().map(|service| service.as_str().into()).collect();
        services.sort();
        services
    };
    AlarmUses { rollback: services(ROLLBACK_USES), surge: services(SURGE_USES) }
}

/// An incident that ended with the save of `key`'s record. `expires` is the table's TTL attribute.
pub(super) fn incident(key: &str, past: &StoredIncident) -> Item {
    let mut item = self::key(key, &format!("{INCIDENT}{}", past.id));
    item.insert("incident".to_owned(), text(&past.incident));
    item.insert("expires".to_owned(), seconds(past.expires));
    item
}

/// The reverse of [`incident`].
///
/// # Errors
/// What is missing or malformed.
pub(super) fn past(item: &Item) -> Result<PastIncident, String> {
    PastIncident::restore(string(item, "incident")?)
}

/// The key of an item.
pub(super) fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// Puts a service's items together.
///
/// # Errors
/// What is missing or of another type.
pub(super) fn read(items: &[Item]) -> Result<Read, String> {
    let of = |sk: &str| items.iter().find(|item| string(item, "sk").is_ok_and(|found| found == sk));
    let Some(record) = of(RECORD) else {
        return Ok(match of(STOPS) {
            Some(_) => Read::Torn,
            None => Read::Whole(Loaded { stored: None, version: 0 }),
        });
    };
    // A record whose stops were never written has no `stops_version`.
    let stops_version = match record.get("stops_version") {
        Some(_) => unsigned(record, "stops_version")?,
        None => 0,
    };
    let mut stored = Stored {
        record: string(record, "record")?.to_owned(),
        due: due(record)?,
        ..Stored::default()
    };
    match of(STOPS) {
        Some(stops) if unsigned(stops, "version")? == stops_version => {
            stored.stops = string(stops, "stops")?.to_owned();
            stored.hashes = bytes(stops, "hashes")?.to_owned();
        }
        None if stops_version == 0 => {}
        _ => return Ok(Read::Torn),
    }
    Ok(Read::Whole(Loaded { stored: Some(stored), version: unsigned(record, "version")? }))
}

/// The account's item.
///
/// # Errors
/// What is missing or malformed.
pub(super) fn account(item: &Item) -> Result<Account, String> {
    let mut account = match item.get(ACCOUNT) {
        Some(_) => serde_json::from_str(string(item, ACCOUNT)?).map_err(|e| e.to_string())?,
        None => Account::default(),
    };
    for name in item.keys() {
        let Some(service) = name.strip_prefix(TROUBLE) else { continue };
        let trouble = serde_json::from_str(string(item, name)?);
        let trouble = trouble.map_err(|error| format!("`{name}`: {error}"))?;
        account.troubles.insert(service.into(), trouble);
    }
    Ok(account)
}

/// The switch in the account's item, and its version.
///
/// # Errors
/// What is missing or malformed.
pub(super) fn switch(item: &Item) -> Result<(Switch, u64), String> {
    let switch = match item.get(ACCOUNT) {
        Some(_) => serde_json::from_str(string(item, ACCOUNT)?).map_err(|e| e.to_string())?,
        None => Switch::default(),
    };
    // One that was written by hand, or that has only troubles in it, has none.
    let version = item.get(VERSION).map_or(Ok(0), |_| unsigned(item, VERSION))?;
    Ok((switch, version))
}

/// What a listing has of a record: whose it is, and all but its stops. `None` for an item that is nobody's.
///
/// # Errors
/// What is missing or malformed.
pub(super) fn listed(item: &Item) -> Result<Option<(Whose, Stored)>, String> {
    let Some(whose) = Whose::of_key(string(item, "pk")?) else { return Ok(None) };
    let record = string(item, "record")?.to_owned();
    Ok(Some((whose, Stored { record, due: due(item)?, ..Stored::default() })))
}

/// The attribute of the account's item that holds a service's trouble: one each, so that two services that announce
/// theirs at the same moment do not overwrite each other's.
pub(super) fn trouble(service: &ServiceKey) -> String {
    format!("{TROUBLE}{service}")
}

/// What the index has of a service.
///
/// # Errors
/// What is missing or malformed.
pub(super) fn open(item: &Item) -> Result<Open, String> {
    let due = due(item)?.ok_or_else(|| "`due` is missing".to_owned())?;
    let key = string(item, "pk")?;
    let whose = Whose::of_key(key).ok_or_else(|| format!("`{key}` is nobody's key"))?;
    Ok(Open { whose, due })
}

/// The key of the index that lies at `open`, whether or not anything is there any more.
pub(super) fn open_key(open: &Open) -> Item {
    let sk = if open.whose == Whose::Account { ACCOUNT } else { RECORD };
    let mut item = key(&open.whose.key(), sk);
    item.insert(OPEN.to_owned(), text(OPEN));
    item.insert(DUE.to_owned(), seconds(open.due));
    item
}

/// Where a pass stands, and its version; `None` for what another version of Steady wrote in a way that this one cannot
/// read.
pub(super) fn place<P: DeserializeOwned>(item: &Item) -> (Option<P>, u64) {
    let place = string(item, PLACE).ok().and_then(|text| serde_json::from_str(text).ok());
    (place, unsigned(item, "version").unwrap_or(0))
}

/// It, as it is saved after `version`.
pub(super) fn place_item(pk: &str, place: &impl Serialize, version: u64) -> Item {
    let mut item = key(pk, PLACE);
    item.insert(PLACE.to_owned(), text(&serde_json::to_string(place).unwrap_or_default()));
    item.insert("version".to_owned(), number(version.saturating_add(1)));
    item
}

fn due(item: &Item) -> Result<Option<Timestamp>, String> {
    let Some(value) = item.get(DUE) else { return Ok(None) };
    value
        .as_n()
        .ok()
        .and_then(|seconds| seconds.parse::<i64>().ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map(Some)
        .ok_or_else(|| "`due` is not a time".to_owned())
}

/// Whole seconds since 1970, rounded up: whoever comes because something is due must not come before it is.
pub(super) fn seconds(at: Timestamp) -> AttributeValue {
    let up = i64::from(at.subsec_nanosecond() > 0);
    AttributeValue::N(at.as_second().saturating_add(up).to_string())
}

fn string<'a>(item: &'a Item, name: &str) -> Result<&'a str, String> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| format!("`{name}` is not a string"))
}

pub(super) fn unsigned(item: &Item, name: &str) -> Result<u64, String> {
    item.get(name)
        .and_then(|value| value.as_n().ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("`{name}` is not a whole number"))
}

fn bytes<'a>(item: &'a Item, name: &str) -> Result<&'a [u8], String> {
    item.get(name)
        .and_then(|value| value.as_b().ok())
        .map(AsRef::as_ref)
        .ok_or_else(|| format!("`{name}` is not binary"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(due: Option<&str>) -> Stored {
        Stored {
            record: r#"{"a":1}"#.to_owned(),
            stops: "[]".to_owned(),
            hashes: vec![1, 2, 255],
            due: due.map(|due| due.parse().expect("a time")),
            past: None,
        }
    }

    fn both(stored: &Stored, version: u64) -> [Item; 2] {
        let record = RecordItem { key: "prod/checkout", stored, version };
        [record.whole(), stops(record)]
    }

    #[test]
    fn items_are_read_as_they_were_written() {
        for due in [None, Some("2026-11-21T02:14:07Z")] {
            let stored = stored(due);
            let expected = Loaded { stored: Some(stored.clone()), version: 8 };
            assert_eq!(read(&both(&stored, 7)), Ok(Read::Whole(expected)));
        }
    }

    #[test]
    fn an_item_is_in_the_index_only_while_something_is_due() {
        let open =
            RecordItem { key: "a/b", stored: &stored(Some("2026-11-21T00:00:00Z")), version: 0 };
        assert_eq!(open.whole().get("open"), Some(&text("open")));
        let quiet = RecordItem { key: "a/b", stored: &stored(None), version: 0 };
        let item = quiet.whole();
        assert!(!item.contains_key("open") && !item.contains_key("due"), "{item:?}");
        assert!(quiet.update_expression().ends_with("REMOVE #open, #due"));
    }

    #[test]
    fn due_is_never_before_its_time() {
        let at: Timestamp = "2026-11-21T02:14:07.001Z".parse().expect("a time");
        assert_eq!(seconds(at), AttributeValue::N("1795227248".to_owned()));
        let whole: Timestamp = "2026-11-21T02:14:07Z".parse().expect("a time");
        assert_eq!(seconds(whole), AttributeValue::N("1795227247".to_owned()));
    }

    #[test]
    fn what_does_not_belong_together_is_torn() {
        let old = both(&stored(None), 3);
        let new = both(&stored(None), 4);
        let [old_record, old_stops] = old;
        let [new_record, new_stops] = new;
        assert_eq!(read(&[old_record.clone(), new_stops.clone()]), Ok(Read::Torn));
        assert_eq!(read(&[new_record, old_stops]), Ok(Read::Torn));
        assert_eq!(read(&[old_record]), Ok(Read::Torn));
        assert_eq!(read(&[new_stops]), Ok(Read::Torn));
    }

    #[test]
    fn nothing_is_a_service_never_seen() {
        assert_eq!(read(&[]), Ok(Read::Whole(Loaded { stored: None, version: 0 })));
    }

    #[test]
    fn a_damaged_item_says_what_is_wrong_with_it() {
        let damage = |name: &str, value: AttributeValue| {
            let [mut record, stops] = both(&stored(Some("2026-11-21T00:00:00Z")), 1);
            record.insert(name.to_owned(), value);
            read(&[record, stops])
        };
        assert_eq!(damage("record", number(1)), Err("`record` is not a string".to_owned()));
        assert_eq!(damage("version", text("x")), Err("`version` is not a whole number".to_owned()));
        assert_eq!(damage("due", text("x")), Err("`due` is not a time".to_owned()));
    }
}
