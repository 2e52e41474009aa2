//! What holds for everything in the account: whether Steady may act at all.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rollback::Refusal;

/// The account's own item: `steady pause` writes it, and every action reads it first.
///
/// ```json
/// {"paused": {"until": "2026-11-21T04:00:00Z", "by": "ana", "reason": "migration"}}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Whether people have stopped everything.
    pub paused: Option<Pause>,
}

/// Everything is stopped, until a time or until somebody resumes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pause {
    /// Until when; `None`: until somebody resumes.
    pub until: Option<Timestamp>,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Account {
    /// The pause in force at `now`, if one is.
    pub fn pause_at(&self, now: Timestamp) -> Option<&Pause> {
        self.paused.as_ref().filter(|pause| pause.until.is_none_or(|until| now < until))
    }
}

/// What this installation may do: a parameter of the stack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// See and tell; change nothing.
    #[default]
    Observe,
    /// Do what config allows.
    Act,
}

/// Whether Steady may act now, as far as that is not one service's business.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brakes {
    /// What the installation may do.
    pub mode: Mode,
    /// What holds for the account, as read just now; `None`: not read.
    pub account: Option<Account>,
    /// Why the account's item or the config could not be read: then nobody can say that acting is allowed.
    pub unreadable: Option<String>,
}

impl Brakes {
    /// No brake at all: for a replay, which does nothing.
    pub fn released() -> Self {
        Self { mode: Mode::Act, account: Some(Account::default()), unreadable: None }
    }

    /// What forbids acting at `now`, if anything does.
    pub(crate) fn refusal(&self, now: Timestamp) -> Option<Refusal> {
        if self.mode == Mode::Observe {
            return Some(Refusal::ObserveMode);
        }
        if let Some(why) = &self.unreadable {
            return Some(Refusal::Unreadable(why.clone()));
        }
        let pause = self.account.as_ref()?.pause_at(now)?;
        Some(Refusal::Paused(pause.clone()))
    }
}
