//! What is remembered of services, families and the account, and what services have been through.

use std::future::Future;

use jiff::Timestamp;

use super::PortError;
use crate::history::PastIncident;
use crate::installation::{Account, Trouble};
use crate::name::{FamilyKey, ServiceKey};
use crate::overrides::{Handed, Override};
use crate::record::Stored;
use crate::switch::Switch;

/// What was loaded of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// `None`: never seen.
    pub stored: Option<Stored>,
    /// What a save is conditional on; 0 where nothing is stored.
    pub version: u64,
}

/// Whether a save held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It did; the stored version is one higher now.
    Held,
    /// The stored version is another: somebody else has saved since it was loaded, or this very save held and its
    /// answer was lost. Whoever loads again sees which.
    Overtaken,
}

/// Keeps records: one table, a service's record and its stops side by side.
pub trait KeepRecords {
    /// Reads a service's record whole, in one call.
    ///
    /// # Errors
    /// [`PortError`].
    fn load(&self, service: &ServiceKey) -> impl Future<Output = Result<Loaded, PortError>> + Send;

    /// Writes it whole, in one call, if the stored version is still `version`. With `stops` false only the record is
    /// written, its stops being as stored. An incident that ended (`stored.past`) is written with it or not at all; the
    /// same one written again is the same item.
    ///
    /// # Errors
    /// [`PortError`]. [`PortError::Unclear`] leaves open whether it was written.
    fn save(
        &self,
        service: &ServiceKey,
        stored: &Stored,
        stops: bool,
        version: u64,
    ) -> impl Future<Output = Result<Saved, PortError>> + Send;

    /// What holds for the whole account.
    ///
    /// # Errors
    /// [`PortError`].
    fn account(&self) -> impl Future<Output = Result<Account, PortError>> + Send;

    /// The override that forbids rollbacks of a service at `now`, if one does; of several the one that lasts longest. A
    /// world without overrides has none.
    ///
    /// # Errors
    /// [`PortError`].
    fn rollback_override(
        &self,
        service: &ServiceKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Override>, PortError>> + Send {
        let _ = (service, now);
        std::future::ready(Ok(None))
    }

    /// Writes a service's trouble into the account's item, drops those of `stale` services, and reads the item as it is
    /// then, in one call. Whoever announces later sees it.
    ///
    /// # Errors
    /// [`PortError`].
    fn announce(
        &self,
        service: &ServiceKey,
        trouble: &Trouble,
        stale: &[ServiceKey],
    ) -> impl Future<Output = Result<Account, PortError>> + Send;

    /// Hands an override to the service's scaling, or ends some: [`crate::overrides::hand`].
    ///
    /// # Errors
    /// [`PortError`]. Handed in twice it is one.
    fn hand_override(
        &self,
        service: &ServiceKey,
        handed: &Handed,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Keeps the account's switch, in the item that [`KeepRecords::account`] reads. What services announce in it is not
/// touched.
pub trait KeepSwitch {
    /// The switch, and what a save is conditional on: 0 where it was never saved.
    ///
    /// # Errors
    /// [`PortError`].
    fn load_switch(&self) -> impl Future<Output = Result<(Switch, u64), PortError>> + Send;

    /// Writes it, with [`Switch::due`], if the stored version is still `version`.
    ///
    /// # Errors
    /// [`PortError`]. [`PortError::Unclear`] leaves open whether it was written.
    fn save_switch(
        &self,
        switch: &Switch,
        version: u64,
    ) -> impl Future<Output = Result<Saved, PortError>> + Send;
}

/// Reads what services have been through.
pub trait ReadHistory {
    /// The newest incidents of a service that are over, at most `limit`, newest first by when they opened. They are kept
    /// for [`crate::history::KEPT_FOR`], and may be found a few days longer.
    ///
    /// # Errors
    /// [`PortError`].
    fn history(
        &self,
        service: &ServiceKey,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PastIncident>, PortError>> + Send;
}

/// Keeps what is remembered of families, in the table and in the way of services' records ([`KeepRecords`]).
pub trait KeepFamilies {
    /// As [`KeepRecords::load`].
    ///
    /// # Errors
    /// [`PortError`].
    fn load_family(
        &self,
        family: &FamilyKey,
    ) -> impl Future<Output = Result<Loaded, PortError>> + Send;

    /// As [`KeepRecords::save`].
    ///
    /// # Errors
    /// [`PortError`]. [`PortError::Unclear`] leaves open whether it was written.
    fn save_family(
        &self,
        family: &FamilyKey,
        stored: &Stored,
        stops: bool,
        version: u64,
    ) -> impl Future<Output = Result<Saved, PortError>> + Send;
}
