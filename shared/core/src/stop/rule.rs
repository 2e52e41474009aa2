//! One row of the table: what it asks of a stop, and the words in which rows are written.

use super::evidence::{Evidence, Exit};
use super::{Cause, GroupKind, StopCode, Verdict};

/// Alternatives, each a list of fragments.
pub(super) type Words = &'static [&'static [&'static str]];

/// Which stop codes a row is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    /// Any, or none.
    Always,
    /// This one.
    Code(&'static StopCode),
    /// This one, or an old event without a stop code.
    CodeOrNone(&'static StopCode),
    /// An essential container ended by itself.
    Exited,
}

/// What a row wants of the texts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text {
    /// Not looked at.
    Any,
    /// One of the alternatives occurs.
    Has(Words),
    /// One of the first and one of the second occur, in whichever parts.
    Both(Words, Words),
    /// `stoppedReason` is exactly this, and no container wrote a reason.
    Only(&'static str),
    /// Some container wrote a reason.
    Reasoned,
    /// A registry host is nearly that of ECR: see `text::names_misspelt_registry`.
    MisspeltRegistry,
}

/// One row.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) when: When,
    text: Text,
    exit: Option<&'static [Exit]>,
    group: Option<GroupKind>,
    pub(super) verdict: Verdict,
    pub(super) cause: Cause,
    pub(super) source: &'static str,
}

impl Rule {
    /// `Some` if the row matches; inside, the container that told.
    pub(super) fn matches(&self, evidence: &Evidence<'_>) -> Option<Option<usize>> {
        let code = evidence.stop_code;
        let fits = match self.when {
            When::Always => true,
            When::Code(wanted) => code == Some(wanted),
            When::CodeOrNone(wanted) => code.is_none_or(|code| code == wanted),
            When::Exited => evidence.exited,
        };
        let fits = fits
            && self.exit.is_none_or(|exits| exits.contains(&evidence.exit))
            && self.group.is_none_or(|group| group == evidence.group);
        if !fits {
            return None;
        }
        // Part 0 is what ECS said, part n + 1 what container n said.
        let told = |part: usize| part.checked_sub(1);
        match self.text {
            Text::Any => Some(self.exit.and(evidence.exit_container)),
            Text::Reasoned => evidence.reasoned.then_some(evidence.exit_container),
            Text::Has(words) => evidence.texts.find(words).map(told),
            Text::Both(first, second) => {
                let part = evidence.texts.find(first)?;
                evidence.texts.find(second).map(|other| told(part.max(other)))
            }
            Text::Only(text) => {
                (!evidence.reasoned && evidence.texts.stopped_reason() == text).then_some(None)
            }
            Text::MisspeltRegistry => evidence.misspelt_registry().map(told),
        }
    }
}

/// Begins a row on the stop code alone.
pub(super) const fn when(when: When) -> Rule {
    Rule {
        when,
        text: Text::Any,
        exit: None,
        group: None,
        verdict: Verdict::Unknown,
        cause: Cause::Unrecognised,
        source: "",
    }
}

/// Begins a row on words, for any stop code.
pub(super) const fn has(words: Words) -> Rule {
    when(When::Always).has(words)
}

impl Rule {
    pub(super) const fn has(mut self, words: Words) -> Self {
        self.text = Text::Has(words);
        self
    }

    /// These words too.
    pub(super) const fn and(mut self, more: Words) -> Self {
        if let Text::Has(words) = self.text {
            self.text = Text::Both(words, more);
        }
        self
    }

    pub(super) const fn text(mut self, text: Text) -> Self {
        self.text = text;
        self
    }

    pub(super) const fn exit(mut self, exits: &'static [Exit]) -> Self {
        self.exit = Some(exits);
        self
    }

    pub(super) const fn group(mut self, group: GroupKind) -> Self {
        self.group = Some(group);
        self
    }

    /// Ends a row.
    pub(super) const fn is(mut self, verdict: Verdict, cause: Cause, source: &'static str) -> Self {
        self.verdict = verdict;
        self.cause = cause;
        self.source = source;
        self
    }
}
