//! JSON values that span lines: one after another, or the elements of an array.

use serde_json::value::RawValue;

/// What comes next in a text of JSON values.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    /// A value, and the line that it begins on.
    Value { value: &'a RawValue, line: usize },
    /// No value, and the line of what is wrong; the next piece is from a later line that begins with `{`.
    Broken { line: usize, reason: String },
    /// The text ends within a value or an array: on this line, and why that is the end.
    Cut { line: usize, reason: String },
}

/// Takes a text apart. Arrays are opened, so that a cut one still gives its whole elements.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    text: &'a [u8],
    offset: usize,
    /// Of `offset`, from 1.
    line: usize,
    in_array: bool,
}

impl<'a> Pieces<'a> {
    /// The text's first line is number `line`.
    pub(crate) fn of(text: &'a [u8], line: usize) -> Self {
        Self { text, offset: 0, line, in_array: false }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn pass(&mut self, bytes: usize) {
        let passed = self.rest().get(..bytes).unwrap_or(self.rest());
        self.line += memchr::memchr_iter(b'\n', passed).count();
        self.offset += passed.len();
    }

    /// Up to the next value, and into or out of an array on the way. Lenient about commas: what they part is
    /// checked.
    fn pass_what_is_between(&mut self) {
        while let Some(byte) = self.rest().first() {
            match byte {
                b'[' if !self.in_array => self.in_array = true,
                b']' if self.in_array => self.in_array = false,
                b',' if self.in_array => {}
                byte if byte.is_ascii_whitespace() => {}
                _ => break,
            }
            self.pass(1);
        }
    }

    fn broken(&mut self, error: &serde_json::Error) -> Piece<'a> {
        let words = error.to_string();
        let words = words.rfind(" at line ").and_then(|at| words.get(..at));
        let words = words.unwrap_or("no value").to_owned();
        let lines_on = error.line().saturating_sub(1);
        let line = self.line + lines_on;
        if error.is_eof() {
            self.offset = self.text.len();
            return Piece::Cut { line, reason: words };
        }
        let ends = || memchr::memchr_iter(b'\n', self.rest());
        // From the end of the line before the error's, for that itself may begin the next value.
        let from = lines_on.checked_sub(1).and_then(|before| ends().nth(before));
        let next = ends()
            .skip_while(|end| from.is_some_and(|from| *end < from))
            .find(|end| self.rest().get(end + 1) == Some(&b'{'));
        let reason = match next {
            Some(end) => {
                self.pass(end + 1);
                format!("{words}; read on at line {}", self.line)
            }
            None => {
                self.offset = self.text.len();
                self.in_array = false;
                format!("{words}, and the rest cannot be read")
            }
        };
        Piece::Broken { line, reason }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        self.pass_what_is_between();
        if self.rest().is_empty() {
            let line = self.line;
            return std::mem::take(&mut self.in_array)
                .then(|| Piece::Cut { line, reason: "EOF while parsing an array".to_owned() });
        }
        let mut values = serde_json::Deserializer::from_slice(self.rest()).into_iter();
        match values.next()? {
            Ok(value) => {
                let line = self.line;
                self.pass(values.byte_offset());
                Some(Piece::Value { value, line })
            }
            Err(error) => {
                let piece = self.broken(&error);
                if let Piece::Cut { .. } = piece {
                    self.in_array = false;
                }
                Some(piece)
            }
        }
    }
}
