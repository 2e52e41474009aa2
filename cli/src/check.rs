//! `steady check`: everything that is wrong with a config tree, before it is live.

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use clap::ValueHint;
use steady_core::config::{self, Finding, Severity, SourceFile};

use crate::configs::{self, Files};
use crate::exit::{Exit, Failure};
use crate::{Format, colour};

/// Check a config tree: all that is wrong with it at once, with file, line and fix.
///
/// Reads DIR/defaults.toml and DIR/CLUSTER/SERVICE.toml, and asks nobody: no AWS account is needed. Exits with 0
/// if nothing is wrong, 1 if there are warnings only, 2 if there are errors.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The config: DIR/defaults.toml and DIR/CLUSTER/SERVICE.toml.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// For people, or JSON lines: one finding each.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Prints the findings, each with the line that it is about.
pub(crate) fn run(args: &Args, out: &mut impl Write, _: &mut impl Write) -> Result<Exit, Failure> {
    let files = configs::read(&args.dir).map_err(|error| Failure::Unable(error.to_string()))?;
    if files.is_empty() {
        return Err(Failure::Usage(configs::none_there(&args.dir)));
    }
    let sources: Vec<_> = files.iter().map(|(path, text)| SourceFile { path, text }).collect();
    let findings = config::load_tree(&sources).findings;
    print(&args.dir, &files, &findings, args.format, out)?;
    if args.format == Format::Text {
        writeln!(out, "{}", summary(&files, &findings))?;
    }
    Ok(exit(&findings))
}

/// The findings; in text each over its line.
pub(crate) fn print(
    dir: &Path,
    files: &Files,
    findings: &[Finding],
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let renderer = if colour::is_wanted() { Renderer::styled() } else { Renderer::plain() };
    for finding in findings {
        let shown = configs::as_called(dir, finding);
        match format {
            Format::Json => writeln!(out, "{}", json(&shown)?)?,
            Format::Text => {
                let text = files.iter().find(|(path, _)| *path == finding.file);
                let text = text.map(|(_, text)| text.as_str()).unwrap_or_default();
                writeln!(out, "{}\n", renderer.render(&[excerpt(&shown, text)]))?;
            }
        }
    }
    Ok(())
}

fn json(finding: &Finding) -> Result<String, Failure> {
    serde_json::to_string(finding).map_err(|error| Failure::Output(io::Error::other(error)))
}

/// The finding over its line, and below it what to do.
fn excerpt<'a>(finding: &'a Finding, text: &'a str) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(finding.message.as_str());
    // A finding about the file as a whole has no line to show.
    let group = match finding.width {
        0 if finding.key.is_empty() && (finding.line, finding.column) == (1, 1) => {
            title.element(Origin::path(finding.file.as_str()))
        }
        _ => {
            let marked = AnnotationKind::Primary.span(span(finding, text));
            title.element(Snippet::source(text).path(finding.file.as_str()).annotation(marked))
        }
    };
    match &finding.fix {
        Some(fix) => group.element(Level::HELP.message(fix.as_str())),
        None => group,
    }
}

/// The bytes of the file that a finding is about.
fn span(finding: &Finding, text: &str) -> Range<usize> {
    let before = finding.line.saturating_sub(1);
    let line_at: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let line = text.get(line_at..).unwrap_or_default();
    // A byte order mark takes no column.
    let mark = if line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let line = line.get(mark..).unwrap_or_default();
    let bytes = |characters: usize| -> usize {
        line.chars().take(characters).map(char::len_utf8).sum::<usize>() + line_at + mark
    };
    let column = finding.column.saturating_sub(1);
    bytes(column)..bytes(column.saturating_add(finding.width))
}

/// `51 files: 2 errors, 1 warning`
fn summary(files: &Files, findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|one| one.severity == severity).count();
    let counted = [
        (count(Severity::Error), "error", "errors"),
        (count(Severity::Warning), "warning", "warnings"),
        (count(Severity::Info), "info", "infos"),
    ];
    let mut parts: Vec<String> = counted
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, one, many)| plural(*count, one, many))
        .collect();
    if parts.is_empty() {
        parts.push("nothing is wrong".to_owned());
    }
    format!("{}: {}", plural(files.len(), "file", "files"), parts.join(", "))
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn exit(findings: &[Finding]) -> Exit {
    match findings.iter().map(|finding| finding.severity).min() {
        Some(Severity::Error) => Exit::No,
        Some(Severity::Warning) => Exit::Warnings,
        Some(Severity::Info) | None => Exit::Good,
    }
}
