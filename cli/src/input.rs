//! Reading events: JSON lines, or JSON documents over several lines, from files and stdin.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use steady_core::event::{self, Event, EventError};
use steady_core::name::Interner;

use crate::documents::{Piece, Pieces};

/// An event is at most 1 MiB (EventBridge quotas, SQS message size; 256 KiB until 2025). A longer line is no
/// event, and reading it whole would let one line use all memory.
pub(crate) const LINE_MAX: usize = 1 << 20;

/// A document over several lines (`jq` prints such, and arrays of events) is read whole up to here.
const DOCUMENT_MAX: usize = 64 << 20;

/// Something of the input that could not be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// File name, or `stdin`.
    pub(crate) source: String,
    /// 1-based; `None` if it concerns the whole source.
    pub(crate) line: Option<usize>,
    /// Why.
    pub(crate) reason: String,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.source, self.reason),
            None => write!(f, "{}: {}", self.source, self.reason),
        }
    }
}

/// What is done with each event, and with each piece that is none. An error ends the reading: it is the output's.
pub(crate) trait Sink {
    fn event(&mut self, event: Event, at: &Place<'_>) -> io::Result<()>;
    fn unreadable(&mut self, what: Unreadable) -> io::Result<()>;
}

/// Where an event stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) source: &'a str,
    pub(crate) line: usize,
}

impl Place<'_> {
    pub(crate) fn unreadable(&self, reason: impl Into<String>) -> Unreadable {
        Unreadable { source: self.source.to_owned(), line: Some(self.line), reason: reason.into() }
    }
}

/// Reads all `paths` in turn; `-`, and no path at all, is stdin.
pub(crate) fn read(paths: &[PathBuf], sink: &mut impl Sink) -> io::Result<()> {
    let mut interner = Interner::default();
    let stdin = [PathBuf::from("-")];
    let paths = if paths.is_empty() { &stdin } else { paths };
    for path in paths {
        if path == Path::new("-") {
            Source { name: "stdin", interner: &mut interner, sink }.read(io::stdin().lock())?;
            continue;
        }
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => {
                let reader = BufReader::with_capacity(1 << 18, file);
                Source { name: &name, interner: &mut interner, sink }.read(reader)?;
            }
            Err(error) => sink.unreadable(Unreadable {
                source: name,
                line: None,
                reason: format!("cannot open it: {error}"),
            })?,
        }
    }
    Ok(())
}

struct Source<'a, S> {
    name: &'a str,
    interner: &'a mut Interner,
    sink: &'a mut S,
}

/// A line's bytes, or how long a line was that is too long to keep.
enum Line<'a> {
    Whole(&'a [u8]),
    TooLong(usize),
}

impl<S: Sink> Source<'_, S> {
    fn read(&mut self, mut reader: impl BufRead) -> io::Result<()> {
        let mut first = Vec::new();
        let mut skipped_lines = 0;
        loop {
            first.clear();
            match (&mut reader).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut first) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => return self.failed(&error),
            }
            if first.starts_with(b"\xef\xbb\xbf") {
                first.drain(..3);
            }
            if !first.trim_ascii().is_empty() {
                break;
            }
            skipped_lines += 1;
        }
        if is_document(&first) {
            let mut document = first;
            if let Err(error) = (&mut reader).take(DOCUMENT_MAX as u64).read_to_end(&mut document) {
                return self.failed(&error);
            }
            let whole = document.len() < DOCUMENT_MAX;
            if self.documents(&document, skipped_lines, whole)? {
                return Ok(());
            }
            first = document;
        }
        self.lines(first.as_slice().chain(reader), skipped_lines)
    }

    /// Reads JSON values one after another, whatever lines they span. `false` if not even the first is whole:
    /// then it is lines, the first of them broken.
    fn documents(&mut self, text: &[u8], lines_before: usize, whole: bool) -> io::Result<bool> {
        // No line of events begins like this, so a first value that is broken is not one.
        let mut certain = matches!(first_line(text), b"{" | b"[");
        let mut line_after = lines_before + 1;
        for piece in Pieces::of(text, lines_before + 1) {
            match piece {
                Piece::Value { value, line } => {
                    certain = true;
                    line_after = line;
                    self.event(value.get().as_bytes(), line)?;
                }
                _ if !certain => return Ok(false),
                Piece::Cut { line, .. } if !whole => return self.not_whole(line),
                Piece::Broken { line, reason } | Piece::Cut { line, reason } => {
                    line_after = line;
                    let reason = format!("not JSON: {reason}");
                    self.unreadable(line, reason)?;
                }
            }
        }
        if !whole {
            return self.not_whole(line_after);
        }
        Ok(true)
    }

    fn not_whole(&mut self, line: usize) -> io::Result<bool> {
        let reason = format!(
            "of events over several lines only {DOCUMENT_MAX} bytes are read; `jq -c .`, or `jq -c '.[]'` of an array, makes lines of them"
        );
        self.unreadable(line, reason)?;
        Ok(true)
    }

    fn lines(&mut self, mut reader: impl BufRead, lines_before: usize) -> io::Result<()> {
        let mut line = lines_before;
        let mut kept = Vec::new();
        loop {
            line += 1;
            // The interner and the sink are lent out while the line borrows the reader's buffer.
            let read = next_line(&mut reader, &mut kept, |text| match text {
                Line::Whole(text) if text.trim_ascii().is_empty() => Ok(()),
                Line::Whole(text) => self.event(text, line),
                Line::TooLong(bytes) => self.unreadable(
                    line,
                    format!("a line of {bytes} bytes is no event (at most {LINE_MAX} bytes)"),
                ),
            });
            match read {
                Ok(Some(handled)) => handled?,
                Ok(None) => return Ok(()),
                Err(error) => return self.failed(&error),
            }
        }
    }

    fn event(&mut self, text: &[u8], line: usize) -> io::Result<()> {
        let place = Place { source: self.name, line };
        match event::parse(text, self.interner) {
            Ok(event) => self.sink.event(event, &place),
            Err(EventError::Json(_)) if is_several(text) => self.several(text, line),
            Err(error) => self.sink.unreadable(place.unreadable(error.to_string())),
        }
    }

    /// Events without a line break between them, as Firehose writes them by default.
    fn several(&mut self, text: &[u8], line: usize) -> io::Result<()> {
        for piece in Pieces::of(text, line) {
            match piece {
                Piece::Value { value, line } => self.event(value.get().as_bytes(), line)?,
                Piece::Broken { line, reason } | Piece::Cut { line, reason } => {
                    self.unreadable(line, format!("not JSON: {reason}"))?;
                }
            }
        }
        Ok(())
    }

    fn unreadable(&mut self, line: usize, reason: String) -> io::Result<()> {
        let place = Place { source: self.name, line };
        self.sink.unreadable(place.unreadable(reason))
    }

    fn failed(&mut self, error: &io::Error) -> io::Result<()> {
        let reason = format!("cannot read it: {error}");
        self.sink.unreadable(Unreadable { source: self.name.to_owned(), line: None, reason })
    }
}

/// Whether the first line shows a JSON document of several lines, or an array of events. A line that begins
/// with `[` need not: it may be the rest of one that was cut.
fn is_document(first: &[u8]) -> bool {
    let is_array = first.trim_ascii_start().starts_with(b"[");
    if first.len() > LINE_MAX && !is_array {
        return is_several(first);
    }
    match serde_json::from_slice::<&RawValue>(first) {
        Ok(_) => is_array,
        Err(error) => error.is_eof(),
    }
}

/// Whether a whole object is followed by another on the same line.
fn is_several(text: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    let first_is_whole = matches!(values.next(), Some(Ok(_)));
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    first_is_whole && rest.trim_ascii_start().starts_with(b"{")
}

fn first_line(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim_ascii()
}

/// Hands the next line to `handle`, straight from the reader's buffer where it is whole there. `None` at the end.
fn next_line<T>(
    reader: &mut impl BufRead,
    kept: &mut Vec<u8>,
    handle: impl FnOnce(Line<'_>) -> T,
) -> io::Result<Option<T>> {
    let buffer = fill(reader)?;
    if buffer.is_empty() {
        return Ok(None);
    }
    if let Some(end) = memchr::memchr(b'\n', buffer) {
        let done = handle(match buffer.get(..end) {
            Some(text) if text.len() <= LINE_MAX => Line::Whole(text),
            _ => Line::TooLong(end),
        });
        reader.consume(end + 1);
        return Ok(Some(done));
    }
    kept.clear();
    let mut length = 0;
    loop {
        let buffer = fill(reader)?;
        let end = memchr::memchr(b'\n', buffer);
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        length += part.len();
        if length <= LINE_MAX {
            kept.extend_from_slice(part);
        }
        let consumed = part.len() + usize::from(end.is_some());
        reader.consume(consumed);
        if end.is_some() || consumed == 0 {
            break;
        }
    }
    let line = if length > LINE_MAX { Line::TooLong(length) } else { Line::Whole(kept) };
    Ok(Some(handle(line)))
}

fn fill(reader: &mut impl BufRead) -> io::Result<&[u8]> {
    loop {
        match reader.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    reader.fill_buf()
}
