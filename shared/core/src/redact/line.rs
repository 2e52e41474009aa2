//! A line under the scanner: bytes by position, runs of bytes.

/// A line of text. Positions are in bytes; those beyond its end read as 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    bytes: &'a [u8],
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes() }
    }

    pub(super) fn len(self) -> usize {
        self.bytes.len()
    }

    pub(super) fn at(self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The byte before `at`; 0 at the beginning.
    pub(super) fn before(self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |at| self.at(at))
    }

    /// The text between two positions; empty if one lies within a character.
    pub(super) fn slice(self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Whether `word`, in lower case, stands at `at`, in whatever case.
    pub(super) fn has(self, at: usize, word: &str) -> bool {
        let found = self.bytes.get(at..at.saturating_add(word.len()));
        found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Whether `word` stands at `at`.
    pub(super) fn starts(self, at: usize, word: &str) -> bool {
        self.bytes.get(at..at.saturating_add(word.len())) == Some(word.as_bytes())
    }

    /// `at`, or the begin of the character that it lies within.
    pub(super) fn floor(self, at: usize) -> usize {
        self.text.floor_char_boundary(at)
    }

    /// Where the run of such bytes ends that begins at `from`.
    pub(super) fn run(self, from: usize, is_in: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|b| !is_in(*b)).unwrap_or(rest.len())
    }

    /// Where the run of such bytes begins that ends before `to`, at most `most` back.
    pub(super) fn run_back(self, to: usize, most: usize, is_in: impl Fn(u8) -> bool) -> usize {
        let from = to.saturating_sub(most);
        let before = self.bytes.get(from..to).unwrap_or_default();
        before.iter().rposition(|b| !is_in(*b)).map_or(from, |at| from + at + 1)
    }

    /// Whether nothing that could go on a word stands before `at`.
    pub(super) fn is_word_start(self, at: usize) -> bool {
        let before = self.before(at);
        !before.is_ascii_alphanumeric() && before != b'_'
    }
}

pub(super) fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

pub(super) fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}
