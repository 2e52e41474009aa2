//! Which services an alarm concerns: an item for each alarm that a config names.

use aws_sdk_dynamodb::types::AttributeValue;
use steady_core::name::ServiceKey;
use steady_core::port::{AlarmUse, AlarmUses, FindByAlarm, KeepAlarmUses, PortError};

use super::{Table, item};
use crate::error::port_error;

impl FindByAlarm for Table {
    /// One GetItem. Eventually consistent: configs change minutes before their alarms go off.
    async fn uses_of_alarm(&self, alarm: &str) -> Result<AlarmUses, PortError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(item::alarm_key(alarm)))
            .send()
            .await
            .map_err(|error| port_error("GetItem", error))?;
        Ok(answer.item().map(item::alarm_uses).unwrap_or_default())
    }
}

impl KeepAlarmUses for Table {
    /// One UpdateItem. Sets know no order and no repetition, so services need not know of each other.
    async fn note_alarm_use(
        &self,
        alarm: &str,
        service: &ServiceKey,
        used: AlarmUse,
    ) -> Result<(), PortError> {
        let verb = |used: bool| if used { "ADD" } else { "DELETE" };
        let service = AttributeValue::Ss(vec![service.to_string()]);
        let (add, delete): (Vec<_>, Vec<_>) =
            [("#rollback :service", used.rollback), ("#surge :service", used.surge)]
                .into_iter()
                .partition(|(_, used)| *used);
        let clause = |all: &[(&str, bool)]| {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            all.first().map(|(_, used)| format!("{} {}", verb(*used), names.join(", ")))
        };
        let update: Vec<String> = [clause(&add), clause(&delete)].into_iter().flatten().collect();
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::alarm_key(alarm)))
            .update_expression(update.join(" "))
            .expression_attribute_names("#rollback", item::ROLLBACK_USES)
            .expression_attribute_names("#surge", item::SURGE_USES)
            .expression_attribute_values(":service", service)
            .send()
            .await
            .map_err(|error| port_error("UpdateItem", error))?;
        Ok(())
    }
}
