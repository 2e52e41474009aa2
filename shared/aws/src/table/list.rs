//! Everything that is remembered, for a person who asks: a Scan.

use steady_core::port::{ListRecords, PortError};
use steady_core::record::{Stored, Whose};

use super::{Table, damaged, item, text};
use crate::error::port_error;

impl ListRecords for Table {
    /// One Scan for each page of 1 MB, stops and past incidents included in what is read, not in what is sent.
    async fn records(&self) -> Result<Vec<(Whose, Stored)>, PortError> {
        const CALL: &str = "Scan";
        let pages = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("sk = :record")
            .projection_expression("#pk, #record, #due")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#record", "record")
            .expression_attribute_names("#due", item::DUE)
            .expression_attribute_values(":record", text(item::RECORD))
            .into_paginator()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| port_error(CALL, error))?;
        let mut found = Vec::new();
        for item in pages.iter().flat_map(|page| page.items()) {
            let listed = item::listed(item);
            found.extend(listed.map_err(|damage| damaged(CALL, "a record", &damage))?);
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }
}
