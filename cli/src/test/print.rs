//! What came of all expectations: for people, and as JSON lines.

use std::io::{self, Write};

use serde_json::json;

use super::{Case, Totals};

/// Prints them by service, and the totals.
pub(super) fn text(out: &mut impl Write, cases: &[Case<'_>]) -> io::Result<()> {
    let mut of = None;
    for case in cases {
        if of != Some(case.service) {
            writeln!(out, "{}", case.service)?;
            of = Some(case.service);
        }
        one(out, case)?;
    }
    let Totals { met, unmet, unplayed } = Totals::of(cases);
    let all = match cases.len() {
        1 => "1 expectation".to_owned(),
        count => format!("{count} expectations"),
    };
    let parts = [(met, "met"), (unmet, "not met"), (unplayed, "could not be played")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
    writeln!(out, "{all}: {}", parts.join(", "))
}

fn one(out: &mut impl Write, case: &Case<'_>) -> io::Result<()> {
    let name = &case.expect.name;
    match &case.result {
        Ok(played) => {
            let word = if played.is_met() { "met" } else { "NOT MET" };
            let how = match played.how.as_str() {
                "" => String::new(),
                how => format!(" ({how})"),
            };
            writeln!(out, "  {word:8} {name}{how}")?;
            for checked in &played.checked {
                let mark = if checked.met { " " } else { "!" };
                writeln!(out, "         {mark} {}", checked.said)?;
            }
            if !played.is_met() {
                writeln!(out, "           see: {}", played.see)?;
            }
        }
        Err(unplayed) => {
            writeln!(out, "  {:8} {name}", "ERROR")?;
            for line in &unplayed.0 {
                writeln!(out, "         ! {line}")?;
            }
        }
    }
    Ok(())
}

/// Prints one object a line.
pub(super) fn json(out: &mut impl Write, cases: &[Case<'_>]) -> io::Result<()> {
    for case in cases {
        let (result, checked, how, see, errors) = match &case.result {
            Ok(played) => {
                let result = if played.is_met() { "met" } else { "not met" };
                (result, &*played.checked, Some(&played.how), Some(&played.see), None)
            }
            Err(unplayed) => ("error", &[][..], None, None, Some(&unplayed.0)),
        };
        let line = json!({
            "service": case.service,
            "name": case.expect.name,
            "result": result,
            "how": how.filter(|how| !how.is_empty()),
            "checked": checked,
            "see": see,
            "errors": errors,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}
