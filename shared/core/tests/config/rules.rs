//! One invalid file per rule, with everything that is said about it.
//!
//! Each case is `--- name (path)`, the file, and after `=> ` the findings as people read them.

use steady_core::config::{Severity, SourceFile, load_tree};

/// Every case has exactly the findings listed, and an error among them leaves no tree.
fn check(cases: &str) {
    for case in cases.split("--- ").skip(1) {
        let (title, body) = case.split_once('\n').unwrap_or_default();
        let path = title.split(['(', ')']).nth(1).unwrap_or_default();
        let (found, text): (Vec<&str>, Vec<&str>) =
            body.lines().partition(|line| line.starts_with("=> "));
        let said = findings(path, &text.join("\n"));
        assert_eq!(said.join("\n"), found.join("\n"), "{title}");
    }
}

fn findings(path: &str, text: &str) -> Vec<String> {
    let loaded = load_tree(&[SourceFile { path, text }]);
    let mut severities = loaded.findings.iter().map(|f| f.severity);
    let errors = severities.any(|severity| severity == Severity::Error);
    assert_eq!(loaded.tree.is_none(), errors, "{path}: {text}");
    let findings = loaded.findings.iter();
    findings.map(|finding| format!("=> {finding}")).collect()
}

#[test]
fn what_is_no_duration_is_told_what_to_write() {
    check(
        r##"
--- bare number (prod/checkout.toml)
[health]
soak = 5
=> prod/checkout.toml:2:8: `health.soak` is `5`, expected a duration such as `"10m"`; write `"5m"` (the same as `"300s"`), or `"5s"`
--- large bare number (prod/checkout.toml)
[health]
deadline = 600
=> prod/checkout.toml:2:12: `health.deadline` is `600`, expected a duration such as `"10m"`; write `"600s"` (the same as `"10m"`), or `"600m"`
--- odd bare number (prod/checkout.toml)
[health]
deadline = 90
=> prod/checkout.toml:2:12: `health.deadline` is `90`, expected a duration such as `"10m"`; write `"90s"` or `"90m"`
--- bare zero (prod/checkout.toml)
[health]
soak = 0
=> prod/checkout.toml:2:8: `health.soak` is `0`, expected a duration such as `"10m"`; write `"0s"`
--- negative number (prod/checkout.toml)
[health]
soak = -5
=> prod/checkout.toml:2:8: `health.soak` is `-5`, expected a duration such as `"10m"`
--- fractional number (prod/checkout.toml)
[health]
soak = 1.5
=> prod/checkout.toml:2:8: `health.soak` is `1.5`, expected a duration such as `"10m"`
--- number as string (prod/checkout.toml)
[health]
soak = "5"
=> prod/checkout.toml:2:8: `health.soak` is `"5"`, expected a duration such as `"10m"`: `5` has no unit; write `"5m"` (the same as `"300s"`), or `"5s"`
--- last number without unit (prod/checkout.toml)
[health]
soak = "1h30"
=> prod/checkout.toml:2:8: `health.soak` is `"1h30"`, expected a duration such as `"10m"`: `30` has no unit
--- empty duration (prod/checkout.toml)
[health]
soak = ""
=> prod/checkout.toml:2:8: `health.soak` is `""`, expected a duration such as `"10m"`: it is empty
--- negative duration (prod/checkout.toml)
[health]
soak = "-5m"
=> prod/checkout.toml:2:8: `health.soak` is `"-5m"`, expected a duration such as `"10m"`: it is negative
--- duration with space (prod/checkout.toml)
[health]
soak = "5 m"
=> prod/checkout.toml:2:8: `health.soak` is `"5 m"`, expected a duration such as `"10m"`: it contains a space; did you mean `"5m"`
--- fraction of an hour (prod/checkout.toml)
[health]
soak = "1.5h"
=> prod/checkout.toml:2:8: `health.soak` is `"1.5h"`, expected a duration such as `"10m"`: numbers are whole; write whole numbers, such as `"1h30m"`
--- no number (prod/checkout.toml)
[health]
soak = "soon"
=> prod/checkout.toml:2:8: `health.soak` is `"soon"`, expected a duration such as `"10m"`: it does not begin with a number
--- long unit (prod/checkout.toml)
[health]
soak = "5min"
=> prod/checkout.toml:2:8: `health.soak` is `"5min"`, expected a duration such as `"10m"`: unit `min` is none of `d`, `h`, `m`, `s`; did you mean `"5m"`
--- upper case unit (prod/checkout.toml)
[health]
soak = "10M"
=> prod/checkout.toml:2:8: `health.soak` is `"10M"`, expected a duration such as `"10m"`: unit `M` is none of `d`, `h`, `m`, `s`; did you mean `"10m"`
--- weeks (prod/checkout.toml)
[health]
rollback_window = "1w"
=> prod/checkout.toml:2:19: `health.rollback_window` is `"1w"`, expected a duration such as `"10m"`: unit `w` is none of `d`, `h`, `m`, `s`; did you mean `"7d"`
--- milliseconds (prod/checkout.toml)
[health]
soak = "500ms"
=> prod/checkout.toml:2:8: `health.soak` is `"500ms"`, expected a duration such as `"10m"`: unit `ms` is none of `d`, `h`, `m`, `s`
--- short before long (prod/checkout.toml)
[health]
soak = "30m1h"
=> prod/checkout.toml:2:8: `health.soak` is `"30m1h"`, expected a duration such as `"10m"`: units go from long to short, each at most once; did you mean `"1h30m"`
--- endless duration (prod/checkout.toml)
[health]
soak = "99999999999999999d"
=> prod/checkout.toml:2:8: `health.soak` is `"99999999999999999d"`, expected a duration such as `"10m"`: it is too long
--- local time as duration (prod/checkout.toml)
[health]
soak = 00:10:00
=> prod/checkout.toml:2:8: `health.soak` is `00:10:00`, expected a duration such as `"10m"`
--- array as duration (prod/checkout.toml)
[health]
soak = ["10m"]
=> prod/checkout.toml:2:8: `health.soak` is an array, expected a duration such as `"10m"`
"##,
    );
}

#[test]
fn durations_stay_within_their_range() {
    check(
        r##"
--- deadline too short (prod/checkout.toml)
[health]
deadline = "59s"
=> prod/checkout.toml:2:12: `health.deadline` is `"59s"`, shorter than the shortest allowed, `"1m"`; write `"1m"` or more
--- deadline too long (prod/checkout.toml)
[health]
deadline = "24h1s"
=> prod/checkout.toml:2:12: `health.deadline` is `"24h1s"`, longer than the longest allowed, `"24h"`; write `"24h"` or less
--- soak too long (prod/checkout.toml)
[health]
soak = "2d"
=> prod/checkout.toml:2:8: `health.soak` is `"2d"`, longer than the longest allowed, `"24h"`; write `"24h"` or less
--- rollback window too long (prod/checkout.toml)
[health]
rollback_window = "31d"
=> prod/checkout.toml:2:19: `health.rollback_window` is `"31d"`, longer than the longest allowed, `"30d"`; write `"30d"` or less
"##,
    );
}

#[test]
fn words_are_one_of_a_few() {
    check(
        r##"
--- rollback near miss (prod/checkout.toml)
[health]
rollback = "atuo"
=> prod/checkout.toml:2:12: `health.rollback` is `"atuo"`, expected one of `"auto"`, `"notify"`, `"off"`; did you mean `"auto"`
--- rollback far miss (prod/checkout.toml)
[health]
rollback = "sometimes"
=> prod/checkout.toml:2:12: `health.rollback` is `"sometimes"`, expected one of `"auto"`, `"notify"`, `"off"`
--- rollback as boolean (prod/checkout.toml)
[health]
rollback = true
=> prod/checkout.toml:2:12: `health.rollback` is `true`, expected one of `"auto"`, `"notify"`, `"off"`
--- witness in capitals (prod/checkout.toml)
[health]
witness = "PROBE"
=> prod/checkout.toml:2:11: `health.witness` is `"PROBE"`, expected one of `"act"`, `"probe"`, `"page"`; did you mean `"probe"`
--- format near miss (prod/checkout.toml)
[notify]
format = "jsn"
=> prod/checkout.toml:2:10: `notify.format` is `"jsn"`, expected one of `"text"`, `"json"`, `"chat"`; did you mean `"json"`
"##,
    );
}

#[test]
fn unknown_keys_are_errors_with_a_suggestion() {
    check(
        r##"
--- unknown section near miss (prod/checkout.toml)
[helth]
soak = "5m"
=> prod/checkout.toml:1:2: `helth` is unknown at the top level; did you mean `health`
--- unknown section (prod/checkout.toml)
[dashboards]
=> prod/checkout.toml:1:2: `dashboards` is unknown at the top level; the keys here are `team`, `health`, `notify`, `capacity`, `target_tracking`, `step`, `scheduled`, `window`, `predictive`, `surge`, `adopt`, `remove`, `expect`
--- unknown key near miss (prod/checkout.toml)
[health]
rollback-window = "24h"
=> prod/checkout.toml:2:1: `health.rollback-window` is unknown in `[health]`; did you mean `health.rollback_window`
--- unknown key (prod/checkout.toml)
[health]
retries = 3
=> prod/checkout.toml:2:1: `health.retries` is unknown in `[health]`; the keys here are `rollback`, `witness`, `rollback_window`, `deadline`, `soak`, `rollback_alarms`
--- unknown key in notify (prod/checkout.toml)
[notify]
topics = []
=> prod/checkout.toml:2:1: `notify.topics` is unknown in `[notify]`; did you mean `notify.topic`
--- key of another section (prod/checkout.toml)
soak = "5m"
=> prod/checkout.toml:1:1: `soak` is unknown at the top level; it belongs in `[health]`
--- team below a section (prod/checkout.toml)
[health]
team = "payments"
=> prod/checkout.toml:2:1: `health.team` is unknown in `[health]`; it belongs at the top level, above the first `[…]`
--- strange key (prod/checkout.toml)
[health]
"a b\n" = 1
=> prod/checkout.toml:2:1: `health."a b\u{a}"` is unknown in `[health]`; the keys here are `rollback`, `witness`, `rollback_window`, `deadline`, `soak`, `rollback_alarms`
"##,
    );
}

#[test]
fn values_have_the_right_type() {
    check(
        r##"
--- team as number (prod/checkout.toml)
team = 7
=> prod/checkout.toml:1:8: `team` is `7`, expected a string
--- health as string (prod/checkout.toml)
health = "auto"
=> prod/checkout.toml:1:10: `health` is `"auto"`, expected a table; begin a section `[health]`
--- health as array (prod/checkout.toml)
[[health]]
soak = "5m"
=> prod/checkout.toml:1:1: `health` is an array, expected a table; write `[health]` with single brackets
--- alarms as string (prod/checkout.toml)
[health]
rollback_alarms = "checkout-5xx"
=> prod/checkout.toml:2:19: `health.rollback_alarms` is `"checkout-5xx"`, expected an array of strings; write `["checkout-5xx"]`
--- alarm as number (prod/checkout.toml)
[health]
rollback_alarms = ["a", 5]
=> prod/checkout.toml:2:25: `health.rollback_alarms[1]` is `5`, expected a string
"##,
    );
}

#[test]
fn a_team_has_a_short_name() {
    check(
        r##"
--- empty team (prod/checkout.toml)
team = " "
=> prod/checkout.toml:1:8: `team` is `" "`, expected a team's name; leave the entry out if there is none
--- team on two lines (prod/checkout.toml)
team = "pay\nments"
=> prod/checkout.toml:1:8: `team` is `"pay\nments"`, expected a team's name, without control characters
"##,
    );
}

#[test]
fn rollback_alarms_are_names() {
    check(
        r##"
--- empty alarm (prod/checkout.toml)
[health]
rollback_alarms = [""]
=> prod/checkout.toml:2:20: `health.rollback_alarms[0]` is `""`, expected an alarm's name; leave the entry out if there is none
--- alarm by arn (prod/checkout.toml)
[health]
rollback_alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:checkout-5xx"]
=> prod/checkout.toml:2:20: `health.rollback_alarms[0]` is `"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:checkout-5xx"`, expected the alarm's name rather than its ARN; write `"checkout-5xx"`
--- alarm by foreign arn (prod/checkout.toml)
[health]
rollback_alarms = ["arn:aws:sns:eu-west-1:111122223333:x"]
=> prod/checkout.toml:2:20: `health.rollback_alarms[0]` is `"arn:aws:sns:eu-west-1:111122223333:x"`, expected the alarm's name rather than its ARN; write the part after `:alarm:`
--- alarm twice (prod/checkout.toml)
[health]
rollback_alarms = [
  "a",
  "b",
  "a",
]
=> prod/checkout.toml:5:3: warning: `health.rollback_alarms` contains `a` twice; leave the second one out
"##,
    );
}

#[test]
fn a_topic_is_the_arn_of_a_standard_topic() {
    check(
        r##"
--- topic by name (prod/checkout.toml)
[notify]
topic = "payments-oncall"
=> prod/checkout.toml:2:9: `notify.topic` is `"payments-oncall"`, expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`; see `aws sns list-topics`, or leave it out for the account's default topic
--- fifo topic (prod/checkout.toml)
[notify]
topic = "arn:aws:sns:eu-west-1:111122223333:oncall.fifo"
=> prod/checkout.toml:2:9: `notify.topic` is `"arn:aws:sns:eu-west-1:111122223333:oncall.fifo"`, a FIFO topic, to which chat and mail cannot subscribe; name a standard topic
--- queue for a topic (prod/checkout.toml)
[notify]
topic = "arn:aws:sqs:eu-west-1:111122223333:oncall"
=> prod/checkout.toml:2:9: `notify.topic` is `"arn:aws:sqs:eu-west-1:111122223333:oncall"`, expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`: this one is of `sqs`
--- subscription for a topic (prod/checkout.toml)
[notify]
topic = "arn:aws:sns:eu-west-1:111122223333:oncall:6b0e71bd"
=> prod/checkout.toml:2:9: `notify.topic` is `"arn:aws:sns:eu-west-1:111122223333:oncall:6b0e71bd"`, the ARN of a subscription, expected its topic's; write `"arn:aws:sns:eu-west-1:111122223333:oncall"`
--- unknown partition (prod/checkout.toml)
[notify]
topic = "arn:asw:sns:eu-west-1:111122223333:oncall"
=> prod/checkout.toml:2:9: `notify.topic` is `"arn:asw:sns:eu-west-1:111122223333:oncall"`, expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`: `asw` is no partition; did you mean `aws`
--- no region (prod/checkout.toml)
[notify]
topic = "arn:aws:sns::111122223333:oncall"
=> prod/checkout.toml:2:9: `notify.topic` is `"arn:aws:sns::111122223333:oncall"`, expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`: the region is missing
--- short account (prod/checkout.toml)
[notify]
topic = "arn:aws:sns:eu-west-1:1111:oncall"
=> prod/checkout.toml:2:9: `notify.topic` is `"arn:aws:sns:eu-west-1:1111:oncall"`, expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`: an account is 12 digits, not `1111`
--- bad topic name (prod/checkout.toml)
[notify]
topic = "arn:aws:sns:eu-west-1:111122223333:on call"
=> prod/checkout.toml:2:9: `notify.topic` is `"arn:aws:sns:eu-west-1:111122223333:on call"`, expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`: a topic's name is 1 to 256 letters, digits, `-` or `_`
"##,
    );
}

#[test]
fn standalone_tasks_are_families_in_the_defaults() {
    check(
        r##"
--- standalone tasks of a service (prod/checkout.toml)
[notify]
standalone_tasks = ["nightly-report"]
=> prod/checkout.toml:2:1: `notify.standalone_tasks` is allowed in `defaults.toml` only; move it to `[notify]` in `defaults.toml`
--- family with revision (defaults.toml)
[notify]
standalone_tasks = ["nightly-report:7"]
=> defaults.toml:2:21: `notify.standalone_tasks[0]` is `"nightly-report:7"`, expected a task definition's family: 1 to 255 letters, digits, `-` or `_`; did you mean `"nightly-report"`
--- family by arn (defaults.toml)
[notify]
standalone_tasks = ["arn:aws:ecs:eu-west-1:111122223333:task-definition/nightly:7"]
=> defaults.toml:2:21: `notify.standalone_tasks[0]` is `"arn:aws:ecs:eu-west-1:111122223333:task-definition/nightly:7"`, expected a task definition's family: 1 to 255 letters, digits, `-` or `_`; did you mean `"nightly"`
--- bad family (defaults.toml)
[notify]
standalone_tasks = ["nightly report"]
=> defaults.toml:2:21: `notify.standalone_tasks[0]` is `"nightly report"`, expected a task definition's family: 1 to 255 letters, digits, `-` or `_`
--- family twice (defaults.toml)
[notify]
standalone_tasks = ["a", "a"]
=> defaults.toml:2:26: warning: `notify.standalone_tasks` contains `a` twice; leave the second one out
"##,
    );
}

#[test]
fn settings_that_defeat_each_other_are_warned_about() {
    check(
        r##"
--- auto without witness (prod/checkout.toml)
[health]
rollback = "auto"
witness = "page"
=> prod/checkout.toml:3:11: warning: `health.rollback` is `"auto"` and `health.witness` is `"page"`: once no task of the old revision runs any more, only loops of OOM kills are rolled back; write `witness = "act"`, or `rollback = "notify"` if people are to decide
--- alarms while off (prod/checkout.toml)
[health]
rollback = "off"
rollback_alarms = ["a"]
=> prod/checkout.toml:3:19: warning: `health.rollback_alarms` has no effect while `health.rollback` is `"off"`; leave it out, or write `rollback = "notify"` or `"auto"`
"##,
    );
}

#[test]
fn files_have_their_place_and_size() {
    check(
        r##"
--- misspelt defaults (default.toml)
=> default.toml:1:1: expected `defaults.toml` or `<cluster>/<service>.toml`, where names are 1 to 255 letters, digits, `-` or `_`; did you mean `defaults.toml`
--- too deep a path (eu/prod/checkout.toml)
=> eu/prod/checkout.toml:1:1: expected `defaults.toml` or `<cluster>/<service>.toml`, where names are 1 to 255 letters, digits, `-` or `_`
--- service outside a cluster (checkout.toml)
=> checkout.toml:1:1: expected `defaults.toml` or `<cluster>/<service>.toml`, where names are 1 to 255 letters, digits, `-` or `_`
--- space in a service (prod/check out.toml)
=> prod/check out.toml:1:1: expected `defaults.toml` or `<cluster>/<service>.toml`, where names are 1 to 255 letters, digits, `-` or `_`
--- content of a misnamed file (checkout.toml)
[health]
soak = 5
=> checkout.toml:1:1: expected `defaults.toml` or `<cluster>/<service>.toml`, where names are 1 to 255 letters, digits, `-` or `_`
=> checkout.toml:2:8: `health.soak` is `5`, expected a duration such as `"10m"`; write `"5m"` (the same as `"300s"`), or `"5s"`
--- defaults of a cluster (prod/defaults.toml)
=> prod/defaults.toml:1:1: warning: read as the config of a service named `defaults` in cluster `prod`: there are no defaults per cluster; move it to `defaults.toml`, or to the services' own files
"##,
    );
}

#[test]
fn syntax_errors_are_findings_too() {
    check(
        r##"
--- duration without quotes (prod/checkout.toml)
[health]
soak = 10m
=> prod/checkout.toml:2:8: not valid TOML at `10m`: string values must be quoted, expected literal string; write `"10m"`
--- several syntax errors (prod/checkout.toml)
team = "payments
[health]
soak = 
deadline = "5m" x
=> prod/checkout.toml:1:17: not valid TOML: invalid basic string, expected `"`
=> prod/checkout.toml:3:8: not valid TOML: a value is missing
=> prod/checkout.toml:4:17: not valid TOML: unexpected key or value, expected newline, `#`
--- duplicate key (prod/checkout.toml)
[health]
soak = "5m"
soak = "6m"
=> prod/checkout.toml:3:1: not valid TOML at `soak`: duplicate key
--- duplicate section (prod/checkout.toml)
[health]
[health]
=> prod/checkout.toml:2:2: not valid TOML at `health`: duplicate key
--- unclosed section (prod/checkout.toml)
[health
soak = 5
=> prod/checkout.toml:1:8: not valid TOML: unclosed table, expected `]`
--- unclosed array (prod/checkout.toml)
[health]
rollback_alarms = ["a",
  "b"
soak = "5m"
[notify]
format = "tex"
=> prod/checkout.toml:4:1: not valid TOML: missing comma between array elements, expected `,`
--- syntax and meaning (prod/checkout.toml)
team = 
[health]
soak = 5
=> prod/checkout.toml:1:8: not valid TOML: a value is missing
=> prod/checkout.toml:3:8: `health.soak` is `5`, expected a duration such as `"10m"`; write `"5m"` (the same as `"300s"`), or `"5s"`
"##,
    );
}

#[test]
fn what_is_too_long_is_told_with_its_length() {
    let team = format!("team = \"{}\"", "é".repeat(101));
    let shown = "é".repeat(101);
    assert_eq!(
        findings("prod/checkout.toml", &team),
        [format!(
            "=> prod/checkout.toml:1:8: `team` is `\"{shown}\"`, 101 characters, expected at most 100"
        )],
    );
    let alarm = format!("health.rollback_alarms = [\"{}\"]", "a".repeat(256));
    let shown = "a".repeat(119);
    assert_eq!(
        findings("prod/checkout.toml", &alarm),
        [format!(
            "=> prod/checkout.toml:1:27: `health.rollback_alarms[0]` is `\"{shown}…`, 256 characters, expected at most 255"
        )],
    );
    let file = "#".repeat(4_097);
    assert_eq!(
        findings("prod/checkout.toml", &file),
        [
            "=> prod/checkout.toml:1:1: the file has 4097 bytes, expected at most 4096, the size of an SSM parameter; shorten it, or move what services share to `defaults.toml`"
        ]
    );
}
