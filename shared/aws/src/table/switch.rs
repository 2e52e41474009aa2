//! The account's switch, in the item that every action reads.

use steady_core::port::{KeepSwitch, PortError, Saved};
use steady_core::switch::Switch;

use super::item::{self, Item};
use super::{Table, damaged, number, text};
use crate::error::port_error;

impl KeepSwitch for Table {
    async fn load_switch(&self) -> Result<(Switch, u64), PortError> {
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
        let found = answer.item.unwrap_or_default();
        item::switch(&found).map_err(|damage| damaged(CALL, item::ACCOUNT_KEY, &damage))
    }

    /// One UpdateItem: what services have announced in the same item stays as it is.
    async fn save_switch(&self, switch: &Switch, version: u64) -> Result<Saved, PortError> {
        let json = serde_json::to_string(switch).unwrap_or_default();
        let mut values = Item::from([
            (":account".to_owned(), text(&json)),
            (":next".to_owned(), number(version.saturating_add(1))),
        ]);
        let names = [item::ACCOUNT, item::VERSION, item::OPEN, item::DUE];
        let names = names.map(|name| (format!("#{name}"), name.to_owned()));
        let update = match switch.due() {
            Some(due) => {
                values.insert(":open".to_owned(), text(item::OPEN));
                values.insert(":due".to_owned(), item::seconds(due));
                "SET #account = :account, #version = :next, #open = :open, #due = :due"
            }
            None => "SET #account = :account, #version = :next REMOVE #open, #due",
        };
        // The item is there before anybody has saved a switch, if services have announced something in it.
        let condition = match version {
            0 => "attribute_not_exists(#version)",
            _ => {
                values.insert(":version".to_owned(), number(version));
                "#version = :version"
            }
        };
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key(item::ACCOUNT_KEY, item::ACCOUNT)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names.into()))
            .set_expression_attribute_values(Some(values));
        match request.send().await {
            Ok(_) => Ok(Saved::Held),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(Saved::Overtaken)
            }
            Err(error) => Err(port_error("UpdateItem", error)),
        }
    }
}
