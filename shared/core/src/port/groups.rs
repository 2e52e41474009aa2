//! Services that share a cause, in the order in which they came.

use super::PortError;
use crate::group::{Group, GroupKey, Joining};
use crate::name::ServiceKey;

/// Keeps the lines of [`Group`]s: one item each, beside the records. Nobody writes a line whole: a service writes what is
/// its own, and reads the rest with the same call.
pub trait KeepGroups {
    /// A line as it is; empty where there is none. It may be a moment old.
    ///
    /// # Errors
    /// [`PortError`].
    fn group(&self, key: &GroupKey) -> impl Future<Output = Result<Group, PortError>> + Send;

    /// [`Group::join`], in one call: the place is given in the write that reads the line as it is then.
    ///
    /// # Errors
    /// [`PortError`]. [`PortError::Unclear`] leaves open whether it was written; once more changes nothing but `seen`.
    fn join(
        &self,
        service: &ServiceKey,
        joining: &Joining,
        stale: &[ServiceKey],
    ) -> impl Future<Output = Result<Group, PortError>> + Send;

    /// [`Group::leave`], in one call; who is left.
    ///
    /// # Errors
    /// [`PortError`]. Who is not seen for [`SEEN_WITHIN`](crate::group::SEEN_WITHIN) is out of the line anyway.
    fn leave(
        &self,
        service: &ServiceKey,
        key: &GroupKey,
    ) -> impl Future<Output = Result<Group, PortError>> + Send;
}
