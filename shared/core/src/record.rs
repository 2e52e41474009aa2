//! The record: one per service, everything that must be known between two events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::Incident;
use crate::ledger::Ledger;
use crate::name::{Account, DeploymentId, Region, ServiceKey};

/// One service's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Whose it is.
    pub service: ServiceKey,
    /// The account, for links and commands in notices; from the first event.
    pub account: Option<Account>,
    /// The region, likewise.
    pub region: Option<Region>,
    /// What its deployments have done.
    pub ledger: Ledger,
    /// What is wrong now.
    pub incident: Option<Incident>,
    /// The newest rollbacks decided, oldest first, for the budget; at most [`Record::ROLLBACKS_KEPT`].
    pub rollbacks: Vec<PastRollback>,
    /// Whether a deployment was seen to begin while nothing was proven yet, and what ran before it was looked at.
    pub has_looked_back: bool,
    /// When running tasks were last read, for the limit of one read in 30 s.
    pub read_at: Option<Timestamp>,
}

/// A rollback that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRollback {
    /// When.
    pub at: Timestamp,
    /// The deployment it went away from.
    pub away_from: DeploymentId,
}

impl Record {
    /// As many as can bear on a decision: the budget's two, and one for each deployment of the ledger.
    pub const ROLLBACKS_KEPT: usize = crate::ledger::DEPLOYMENTS_KEPT + crate::rollback::BUDGET;

    /// Of a service never seen before.
    pub fn new(service: ServiceKey) -> Self {
        Self {
            service,
            account: None,
            region: None,
            ledger: Ledger::default(),
            incident: None,
            rollbacks: Vec::new(),
            has_looked_back: false,
            read_at: None,
        }
    }

    pub(crate) fn note_rollback(&mut self, rollback: PastRollback) {
        self.rollbacks.push(rollback);
        let surplus = self.rollbacks.len().saturating_sub(Self::ROLLBACKS_KEPT);
        self.rollbacks.drain(..surplus);
    }
}
