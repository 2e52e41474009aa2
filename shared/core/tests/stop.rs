//! The classification of task stops: our own table of cases, the shared catalogue of real ones where
//! it is at hand, and properties that hold for any input.

mod stop_cases;

use proptest::prelude::*;
use std::collections::BTreeSet;
use steady_core::notice::words;
use steady_core::stop::{
    Cause, Classification, ContainerEnd, GroupKind, Stop, StopCode, Verdict, classify,
    classify_row, rows,
};
use stop_cases::{CASES, Case, End};

/// Classifies with "" meaning absent; answers the row's number too.
fn run(code: &str, reason: &str, ends: &[End], group: GroupKind) -> (usize, Classification) {
    let code = (!code.is_empty()).then(|| StopCode::from(code));
    let containers: Vec<_> = ends
        .iter()
        .map(|(exit_code, reason)| ContainerEnd {
            name: None,
            exit_code: *exit_code,
            reason: (!reason.is_empty()).then_some(*reason),
        })
        .collect();
    classify_row(&Stop {
        stop_code: code.as_ref(),
        stopped_reason: (!reason.is_empty()).then_some(reason),
        containers: &containers,
        group,
    })
}

fn run_case((code, reason, ends, group, ..): &Case) -> (usize, Classification) {
    run(code, reason, ends, *group)
}

#[test]
fn own_cases_have_their_verdict_and_cause() {
    assert!(CASES.len() >= 90);
    let wrong: Vec<_> = CASES
        .iter()
        .filter_map(|case| {
            let (row, found) = run_case(case);
            let (verdict, slug) = (case.4, case.5);
            (found.verdict != verdict || found.cause.slug() != slug)
                .then(|| format!("{case:?}\n  got {} {} by row {row}", found.verdict, found.cause))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_row_of_the_table_decides_some_case() {
    let reached: BTreeSet<_> = CASES.iter().map(|case| run_case(case).0).collect();
    let missed: Vec<_> =
        rows().enumerate().filter(|(number, _)| !reached.contains(number)).collect();
    assert!(missed.is_empty(), "rows that decide no case: {missed:?}");
}

#[test]
fn every_cause_is_used_and_complete() {
    let used: BTreeSet<_> = rows().map(|(_, cause)| cause).collect();
    let mut slugs = BTreeSet::new();
    for cause in Cause::ALL {
        assert!(used.contains(cause), "{cause} is in no row");
        assert!(slugs.insert(cause.slug()), "{cause} twice");
        assert_eq!(serde_json::to_string(cause).unwrap(), format!("\"{cause}\""));
        for text in [cause.words(), cause.fix()] {
            assert!(!text.is_empty() && text.is_ascii() && !text.ends_with('.'), "{cause}: {text}");
        }
        assert!(cause.fix().len() <= 220, "{cause}: {} characters", cause.fix().len());
        assert!(cause.words().len() <= 90, "{cause}");
    }
}

#[test]
fn every_row_names_its_source() {
    for case in CASES {
        assert!(!run_case(case).1.rule.is_empty());
    }
}

#[test]
fn the_container_that_tells_is_named() {
    let told = |code, reason, ends: &[End]| run(code, reason, ends, GroupKind::Service).1.container;
    let ended = "Essential container in task exited";
    let exited = "EssentialContainerExited";
    let oom = "OutOfMemoryError: Container killed due to memory usage";
    assert_eq!(told(exited, ended, &[(Some(0), ""), (Some(2), "")]), Some(1));
    assert_eq!(told(exited, ended, &[(Some(137), ""), (Some(0), "")]), Some(1));
    assert_eq!(told(exited, ended, &[(Some(1), ""), (Some(137), oom)]), Some(1));
    assert_eq!(told(exited, ended, &[(None, "")]), None);
    assert_eq!(
        told("TaskFailedToStart", "CannotPullContainerError: manifest unknown", &[(None, "")]),
        None
    );
    // Where the task repeats what the container says, the container tells.
    let both = "CannotStartContainerError: exec: \"x\": executable file not found in $PATH";
    assert_eq!(told("TaskFailedToStart", both, &[(None, ""), (None, both)]), Some(1));
}

#[test]
fn stop_codes_are_read_and_written_as_aws_spells_them() {
    for word in [
        "TaskFailedToStart",
        "EssentialContainerExited",
        "UserInitiated",
        "ServiceSchedulerInitiated",
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
        "SomethingOf2031",
    ] {
        let code = StopCode::from(word);
        assert_eq!(code.as_str(), word);
        let json = serde_json::to_string(&code).unwrap();
        assert_eq!(json, format!("\"{word}\""));
        assert_eq!(serde_json::from_str::<StopCode>(&json).unwrap(), code);
        assert_eq!(matches!(code, StopCode::Other(_)), word == "SomethingOf2031");
    }
    assert_eq!(
        serde_json::from_str::<StopCode>(r#""Spot\u0049nterruption""#).unwrap(),
        StopCode::SpotInterruption
    );
    assert!(serde_json::from_str::<StopCode>("7").is_err());
}

#[test]
fn groups_are_told_by_their_prefix() {
    assert_eq!(GroupKind::of(Some("service:web")), GroupKind::Service);
    assert_eq!(GroupKind::of(Some("family:nightly")), GroupKind::Family);
    assert_eq!(GroupKind::of(Some("my own group")), GroupKind::Other);
    assert_eq!(GroupKind::of(None), GroupKind::Other);
}

/// The catalogue of real rows is shared among projects and not part of this repository: the test
/// runs where `STEADY_SHARED` points at it and is silent elsewhere.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test may look where the shared catalogue lies")]
fn real_rows_have_their_verdict() {
    let Ok(shared) = std::env::var("STEADY_SHARED") else {
        return;
    };
    let path = std::path::Path::new(&shared).join("fixtures").join("stop-reasons.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let (mut ran, mut wrong) = (0, Vec::new());
    for line in table.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let cells: Vec<_> = line.split('\t').collect();
        let [code, reason, container_reason, exit, _launch_type, verdict, ..] = cells[..] else {
            panic!("too few cells: {line}");
        };
        let exit_code = (!exit.is_empty()).then(|| exit.parse().unwrap());
        let containers = [ContainerEnd {
            name: Some("app"),
            exit_code,
            reason: (!container_reason.is_empty()).then_some(container_reason),
        }];
        let code = (!code.is_empty()).then(|| StopCode::from(code));
        let found = |group| {
            classify(&Stop {
                stop_code: code.as_ref(),
                stopped_reason: (!reason.is_empty()).then_some(reason),
                containers: &containers,
                group,
            })
        };
        // The one row that `group` decides.
        let wanted = if exit == "0" && verdict == "ambiguous" {
            [Verdict::Revision, Verdict::Benign, Verdict::Ambiguous].map(Verdict::as_str)
        } else {
            [verdict; 3]
        };
        let groups = [GroupKind::Service, GroupKind::Family, GroupKind::Other];
        for (group, wanted) in groups.into_iter().zip(wanted) {
            let found = found(group);
            if found.verdict.as_str() != wanted || found.cause == Cause::Unrecognised {
                wrong.push(format!(
                    "{} ({}) instead of {wanted}: {line}",
                    found.verdict, found.cause
                ));
            }
        }
        ran += 1;
    }
    println!("{ran} cases ran: published stop reasons");
    assert!(ran >= 84, "only {ran} rows");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// ECS cuts long texts. What is left of a text that acquits must not convict, wherever the cut falls.
#[test]
fn a_text_cut_short_never_turns_the_environment_into_the_revision() {
    let beginnings =
        |text: &'static str| text.char_indices().filter_map(|(end, _)| text.get(..end));
    for case in CASES.iter().filter(|case| matches!(case.4, Verdict::Environment | Verdict::Benign))
    {
        let (code, reason, ends, group, ..) = *case;
        for cut in beginnings(reason) {
            assert_ne!(run(code, cut, &[], group).1.verdict, Verdict::Revision, "{cut}");
        }
        for cut in ends.iter().flat_map(|end| beginnings(end.1)) {
            let found = run(code, reason, &[(None, cut)], group).1;
            assert_ne!(found.verdict, Verdict::Revision, "{cut}");
        }
    }
}

fn any_code() -> impl Strategy<Value = Option<StopCode>> {
    prop::option::of(prop::sample::select(vec![
        "TaskFailedToStart",
        "EssentialContainerExited",
        "UserInitiated",
        "ServiceSchedulerInitiated",
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
        "QuantumFlip",
    ]))
    .prop_map(|word| word.map(StopCode::from))
}

/// Arbitrary text, or pieces of real ones in arbitrary order.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(
        CASES
            .iter()
            .flat_map(|case| {
                case.1.split(' ').chain(case.2.iter().flat_map(|end| end.1.split(' ')))
            })
            .collect::<Vec<_>>(),
    );
    prop_oneof![
        any::<String>(),
        prop::collection::vec(piece, 0..12).prop_map(|words| words.join(" ")),
        prop::sample::select(CASES).prop_map(|case| case.1.to_owned()),
    ]
}

fn any_exit() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(prop_oneof![
        any::<i64>(),
        prop::sample::select(vec![0_i64, 1, 126, 127, 130, 137, 139, 143, 1_073_807_364]),
    ])
}

fn any_group() -> impl Strategy<Value = GroupKind> {
    prop::sample::select(vec![GroupKind::Service, GroupKind::Family, GroupKind::Other])
}

/// What ids, regions and typography do to a text: other digits, another region, upper case, curly
/// quotes, doubled blanks, an id before and after.
fn disguised(
    text: &str,
    digit: char,
    region: &str,
    upper: bool,
    curly: bool,
    ids: (&str, &str),
) -> String {
    let mut out: String = text
        .replace("eu-west-2", region)
        .replace("eu-central-1", region)
        .replace("444455556666", &digit.to_string().repeat(12));
    if curly {
        out = out.replace('\'', "\u{2019}").replace('"', "\u{201D}").replace(' ', " \u{a0}");
    }
    if upper {
        out = out.to_uppercase();
    }
    [ids.0, &out, ids.1].join(" ")
}

proptest! {
    #[test]
    fn any_stop_has_an_answer(
        code in any_code(),
        reason in prop::option::of(any_text()),
        ends in prop::collection::vec((any_exit(), prop::option::of(any_text())), 0..4),
        group in any_group(),
    ) {
        let containers: Vec<_> = ends
            .iter()
            .map(|(exit_code, reason)| ContainerEnd {
                name: None,
                exit_code: *exit_code,
                reason: reason.as_deref(),
            })
            .collect();
        let stop = Stop {
            stop_code: code.as_ref(),
            stopped_reason: reason.as_deref(),
            containers: &containers,
            group,
        };
        let found = classify(&stop);
        prop_assert_eq!(found, classify(&stop));
        if let Some(index) = found.container {
            prop_assert!(index < containers.len());
        }
        let settled = [
            StopCode::UserInitiated,
            StopCode::SpotInterruption,
            StopCode::TerminationNotice,
            StopCode::InfrastructureHealth,
        ];
        match &code {
            Some(code) if settled.contains(code) => {
                prop_assert!(matches!(found.verdict, Verdict::Benign | Verdict::Environment));
            }
            Some(StopCode::Other(_)) => prop_assert_ne!(found.verdict, Verdict::Revision),
            Some(StopCode::ServiceSchedulerInitiated) => {
                // Exit codes and container reasons change nothing.
                let bare = classify(&Stop { containers: &[], group: GroupKind::Other, ..stop });
                prop_assert_eq!(found, bare);
            }
            _ => {}
        }
    }

    #[test]
    fn names_and_typography_never_turn_the_environment_into_the_revision(
        case in prop::sample::select(
            CASES
                .iter()
                .filter(|case| matches!(case.4, Verdict::Environment | Verdict::Benign))
                .collect::<Vec<_>>()
        ),
        digit in prop::char::range('0', '9'),
        region in "(us|eu|ap|cn|us-gov)-(east|west|north)-[1-9]",
        upper: bool,
        curly: bool,
        before in "([a-z]{1,9}-[0-9a-f]{4,17})?",
        after in "([a-z]{1,9}-[0-9a-f]{4,17})?",
    ) {
        let (code, reason, ends, group, verdict, slug) = *case;
        let change = |text: &str| disguised(text, digit, &region, upper, curly, (&before, &after));
        let reason = change(reason);
        let reasons: Vec<_> = ends.iter().map(|end| change(end.1)).collect();
        let containers: Vec<_> = ends
            .iter()
            .zip(&reasons)
            .map(|(end, reason)| ContainerEnd {
                name: None,
                exit_code: end.0,
                reason: (!end.1.is_empty()).then_some(reason),
            })
            .collect();
        let code = (!code.is_empty()).then(|| StopCode::from(code));
        let found = classify(&Stop {
            stop_code: code.as_ref(),
            stopped_reason: (!case.1.is_empty()).then_some(&reason),
            containers: &containers,
            group,
        });
        prop_assert_ne!(found.verdict, Verdict::Revision);
        // Words that must begin a reason no longer do with an id before them; else nothing changes.
        if before.is_empty() {
            prop_assert_eq!((found.verdict, found.cause.slug()), (verdict, slug));
        }
    }

    #[test]
    fn a_sign_of_the_environment_outweighs_words_against_the_revision(
        code in prop::sample::select(vec!["", "TaskFailedToStart", "EssentialContainerExited"]),
        sign in prop::sample::select(vec![
            "dial tcp 192.0.2.1:443: i/o timeout",
            "connect: connection refused",
            "read: connection reset by peer",
            "net/http: TLS handshake timeout",
            "connect: no route to host",
            "There is a connection issue between the task and AWS.",
            "(Client.Timeout exceeded while awaiting headers)",
            "context canceled",
            "context deadline exceeded",
            "503 Service Unavailable",
            "ThrottlingException: Rate exceeded",
            "AccessDeniedException: not allowed",
            "User: x is not authorized to perform: y",
            "no space left on device",
            "Thin Pool has 1 free data blocks",
            "InsufficientFreeAddressesInSubnet",
            "Capacity is unavailable at this time",
            "signal: killed",
            "InternalError: x",
        ]),
        words in prop::sample::select(
            CASES
                .iter()
                .filter(|case| case.4 == Verdict::Revision && matches!(case.0, "" | "TaskFailedToStart"))
                .filter(|case| !matches!(
                    case.5,
                    "image-registry-misspelt" | "out-of-memory" | "elb-health-check" | "container-health-check"
                ))
                .flat_map(|case| [case.1, case.2.first().map_or("", |end| end.1)])
                .filter(|text| text.len() > 40)
                .collect::<Vec<_>>()
        ),
        sign_first: bool,
    ) {
        let text = if sign_first { format!("{sign} {words}") } else { format!("{words} {sign}") };
        let (_, found) = {
            let ends = [ContainerEnd { name: None, exit_code: Some(1), reason: Some(text.as_str()) }];
            let code = (!code.is_empty()).then(|| StopCode::from(code));
            classify_row(&Stop {
                stop_code: code.as_ref(),
                stopped_reason: Some("Essential container in task exited"),
                containers: &ends,
                group: GroupKind::Service,
            })
        };
        prop_assert_ne!(found.verdict, Verdict::Revision, "{}", text);
    }
}

#[test]
fn reasons_of_the_table_are_quoted_whole_but_for_what_looks_like_a_secret() {
    let texts = CASES.iter().flat_map(|(_, reason, ends, ..)| {
        [*reason].into_iter().chain(ends.iter().map(|(_, reason)| *reason))
    });
    let changed: Vec<String> = texts
        .filter(|text| !text.is_empty() && words::said(text, 1_000) != **text)
        .map(|text| words::said(text, 1_000))
        .collect();
    insta::assert_snapshot!(changed.join("\n"), @"
    CannotPullContainerError: pull image manifest has been retried 2 time(s): failed to resolve ref docker.io/acme/quota-secret:[redacted] pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed
    CannotPullContainerError: failed to resolve ref registry.example.org/shop:9: failed to authorize: failed to fetch oauth token: [redacted] status from POST request to https://auth.example.org/token: [redacted] Not Found
    ");
}
