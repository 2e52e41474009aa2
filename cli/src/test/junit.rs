//! What came of all expectations, as JUnit XML: a suite a service, a test case an expectation.

use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Case, Played};
use crate::exit::Failure;
use crate::files;

/// Writes it where people asked for it.
///
/// # Errors
/// As [`files::write`]'s.
pub(super) fn write(file: &Path, cases: &[Case<'_>]) -> Result<(), Failure> {
    let text =
        report(cases).to_string().map_err(|error| Failure::Unable(format!("--junit: {error}")))?;
    files::write("--junit", file, &text)
}

/// Without times, so that the same input gives the same bytes.
fn report(cases: &[Case<'_>]) -> Report {
    let mut report = Report::new("steady test");
    for of_service in cases.chunk_by(|one, next| one.service == next.service) {
        let Some(service) = of_service.first().map(|case| case.service) else { continue };
        let mut suite = TestSuite::new(service);
        suite.add_test_cases(of_service.iter().map(test_case));
        report.add_test_suite(suite);
    }
    report
}

fn test_case(case: &Case<'_>) -> TestCase {
    let mut status = match &case.result {
        Ok(played) if played.is_met() => TestCaseStatus::success(),
        Ok(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Err(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    match &case.result {
        Ok(played) if !played.is_met() => {
            let unmet = played.checked.iter().filter(|one| !one.met);
            let unmet: Vec<&str> = unmet.map(|one| one.said.as_str()).collect();
            status.set_message(unmet.join("; "));
            status.set_type("not met");
            status.set_description(format!("see: {}", played.see));
        }
        Ok(_) => {}
        Err(unplayed) => {
            status.set_message(unplayed.0.first().map(String::as_str).unwrap_or_default());
            status.set_type("could not be played");
            status.set_description(unplayed.0.join("\n"));
        }
    }
    let mut test = TestCase::new(case.expect.name.as_str(), status);
    test.set_classname(case.service);
    if let Ok(played) = &case.result {
        test.set_system_out(said(played));
    }
    test
}

fn said(played: &Played) -> String {
    let lines = played.checked.iter().map(|one| one.said.as_str());
    lines.collect::<Vec<_>>().join("\n")
}
