//! ECS's own names as types, parsed once at the edge.
//!
//! All of them are shared text (`Arc<str>`): a recording names a handful of services a million times, and
//! an [`Interner`] lets a million events share those few strings.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text as ECS writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<Arc<str>> for $name {
            fn from(text: Arc<str>) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

text_name! {
    /// A service within its cluster, as `cluster/service`: the key of its record.
    ///
    /// ECS allows letters, digits, `-` and `_` in both parts, at most 255 each (CreateService,
    /// CreateCluster in the API reference), so the first `/` always divides them.
    ServiceKey
}

text_name! {
    /// A task's ARN: `arn:aws:ecs:eu-west-1:111122223333:task/prod/0f3c…` (before 2019 without the cluster).
    TaskArn
}

text_name! {
    /// A deployment of a service, as tasks carry it in `startedBy`: `ecs-svc/5830167122874509811`.
    DeploymentId
}

text_name! {
    /// A task definition's revision, shown as `family:revision`: `checkout:42`.
    TaskDefinitionRevision
}

text_name! {
    /// A service revision: `arn:aws:ecs:eu-west-1:111122223333:service-revision/prod/checkout/1234567890123456789`.
    ServiceRevisionArn
}

text_name! {
    /// A task definition's family: what names a task of no service.
    Family
}

text_name! {
    /// A 12-digit AWS account id.
    Account
}

text_name! {
    /// An AWS region: `eu-west-1`.
    Region
}

/// A family within its cluster: the key of what is remembered of tasks of no service. Shown as
/// `prod/nightly-report`, without a known cluster as `nightly-report`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FamilyKey {
    /// The cluster's name, where known.
    pub cluster: Option<Arc<str>>,
    /// The family.
    pub family: Family,
}

impl fmt::Display for FamilyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cluster {
            Some(cluster) => write!(f, "{cluster}/{}", self.family),
            None => self.family.fmt(f),
        }
    }
}

impl ServiceKey {
    /// Joins `cluster` and `service`.
    pub fn new(cluster: &str, service: &str) -> Self {
        Self(format!("{cluster}/{service}").into())
    }

    /// The part before the first `/`.
    pub fn cluster(&self) -> &str {
        self.0.split_once('/').map_or("", |(cluster, _)| cluster)
    }

    /// The part after the first `/`.
    pub fn service(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, service)| service)
    }
}

impl TaskArn {
    /// The last part of the ARN, 32 hexadecimal digits since 2019.
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// 8 bytes that stand for the task in the record: FNV-1a over its id. Over 5,000 tasks (as many as a
    /// record remembers) two share one with a chance of 7 in 10^13; the second would then count as a repeat.
    pub fn hash64(&self) -> u64 {
        fnv1a(self.id().as_bytes())
    }
}

impl DeploymentId {
    /// 4 bytes that stand for the deployment among the few of one service; never 0.
    pub(crate) fn hash32(&self) -> u32 {
        let hash = fnv1a(self.as_str().as_bytes());
        u32::try_from((hash >> 32) ^ (hash & 0xffff_ffff)).unwrap_or(1).max(1)
    }
}

impl TaskDefinitionRevision {
    /// `checkout` of `checkout:42`.
    pub fn family(&self) -> &str {
        self.0.rsplit_once(':').map_or(&self.0, |(family, _)| family)
    }
}

/// FNV-1a, 64 bit: stable for ever, unlike the standard library's hasher, since records outlive builds.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The parts of an ARN that ECS's events need.
///
/// ```
/// use steady_core::name::Arn;
/// let arn = Arn::parse("arn:aws:ecs:eu-west-1:111122223333:service/prod/checkout").unwrap();
/// assert_eq!((arn.account, arn.region), ("111122223333", "eu-west-1"));
/// assert_eq!((arn.kind, arn.path), ("service", "prod/checkout"));
/// assert_eq!(Arn::parse("checkout"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// `eu-west-1`; empty for global resources.
    pub region: &'a str,
    /// 12 digits; empty for some resources.
    pub account: &'a str,
    /// `task`, `service`, `cluster`, `task-definition`, `alarm`, …
    pub kind: &'a str,
    /// What follows the kind: `prod/checkout`.
    pub path: &'a str,
}

impl<'a> Arn<'a> {
    /// `None` if the text is not an ARN of six parts with a kind.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let partition = parts.next()?;
        let _service = parts.next()?;
        let region = parts.next()?;
        let account = parts.next()?;
        let (kind, path) = parts.next()?.split_once(['/', ':'])?;
        Some(Self { partition, region, account, kind, path })
    }
}

/// Hands out one shared copy of each text.
///
/// Holds at most [`Interner::BYTES_MAX`] bytes of texts and forgets them all when full (what was handed out stays
/// valid), so that input with ever new texts cannot grow it without bound.
#[derive(Debug, Default)]
pub struct Interner {
    texts: HashSet<Arc<str>>,
    bytes: usize,
}

impl Interner {
    /// 16 MiB: about 100,000 names and reasons. Smaller costs sharing, larger costs memory on hostile input.
    pub const BYTES_MAX: usize = 16 << 20;

    /// A shared copy of `text`.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        if self.bytes.saturating_add(text.len()) > Self::BYTES_MAX {
            self.texts.clear();
            self.bytes = 0;
        }
        let shared: Arc<str> = text.into();
        self.bytes = self.bytes.saturating_add(text.len());
        self.texts.insert(shared.clone());
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_key_divides_at_the_first_slash() {
        let key = ServiceKey::new("prod", "checkout");
        assert_eq!(
            (key.as_str(), key.cluster(), key.service()),
            ("prod/checkout", "prod", "checkout")
        );
    }

    #[test]
    fn the_task_hash_is_the_published_fnv_1a() {
        // Test vectors of the FNV authors (draft-eastlake-fnv).
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn old_and_new_task_arns_give_the_same_id() {
        let new = TaskArn::from("arn:aws:ecs:eu-west-1:111122223333:task/prod/abc");
        let old = TaskArn::from("arn:aws:ecs:eu-west-1:111122223333:task/abc");
        assert_eq!(new.hash64(), old.hash64());
    }

    #[test]
    fn a_full_interner_starts_again_and_still_shares() {
        let mut interner = Interner::default();
        let long = "x".repeat(1 << 20);
        for n in 0..40 {
            interner.get(&format!("{n}{long}"));
            assert!(interner.bytes <= Interner::BYTES_MAX);
            assert!(interner.texts.len() <= 16);
        }
        assert!(Arc::ptr_eq(&interner.get("same"), &interner.get("same")));
    }
}
