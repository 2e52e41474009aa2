//! The stop code, as AWS spells it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// `stopCode` of a task. JSON is AWS's own word, for example `"EssentialContainerExited"`.
///
/// Source: ECS API reference, `Task.stopCode`; `InfrastructureHealth` is new in 2026. The list has
/// grown before, so an unknown word is kept, not refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StopCode {
    /// The task never reached RUNNING; the text says why.
    TaskFailedToStart,
    /// A container marked `essential` ended by itself; its exit code says how.
    EssentialContainerExited,
    /// Somebody called `StopTask`; the text is the caller's own.
    UserInitiated,
    /// The service scheduler ended the task: failed health checks, scale-in, replacement, maintenance.
    ServiceSchedulerInitiated,
    /// Fargate Spot capacity was taken back.
    SpotInterruption,
    /// The host was about to go, or had gone.
    TerminationNotice,
    /// A managed instance was found impaired.
    InfrastructureHealth,
    /// A word that this version does not know, as it came.
    Other(Box<str>),
}

impl StopCode {
    /// AWS's spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            Self::SpotInterruption => "SpotInterruption",
            Self::TerminationNotice => "TerminationNotice",
            Self::InfrastructureHealth => "InfrastructureHealth",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for StopCode {
    fn from(word: &str) -> Self {
        match word {
            "TaskFailedToStart" => Self::TaskFailedToStart,
            "EssentialContainerExited" => Self::EssentialContainerExited,
            "UserInitiated" => Self::UserInitiated,
            "ServiceSchedulerInitiated" => Self::ServiceSchedulerInitiated,
            "SpotInterruption" => Self::SpotInterruption,
            "TerminationNotice" => Self::TerminationNotice,
            "InfrastructureHealth" => Self::InfrastructureHealth,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for StopCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for StopCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StopCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand rather than through `String`: a known word, that is nearly all of them, costs
        // no allocation.
        struct Word;

        impl de::Visitor<'_> for Word {
            type Value = StopCode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a stop code such as `EssentialContainerExited`")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<StopCode, E> {
                Ok(StopCode::from(word))
            }
        }

        deserializer.deserialize_str(Word)
    }
}
