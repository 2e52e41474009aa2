//! Texts that must be names of something at AWS.

use crate::config::finding::{nearest, quoted};
use crate::config::read::Flaw;
use crate::config::rule::Rule;

/// Longest team name, in characters: it stands in notices and as a message attribute to filter subscriptions by.
const TEAM_CHARS_MAX: usize = 100;

pub(super) fn check_team(text: &str) -> Result<(), Flaw> {
    check_name(text, "team", TEAM_CHARS_MAX)
}

/// Longest alarm name, in characters (PutMetricAlarm in the CloudWatch API reference).
const ALARM_CHARS_MAX: usize = 255;

pub(super) fn check_alarm(text: &str) -> Result<(), Flaw> {
    if text.starts_with("arn:") {
        let flaw = Flaw::new(Rule::NameNotArn, "expected the alarm's name rather than its ARN");
        return Err(match text.split_once(":alarm:") {
            Some((_, name)) if !name.is_empty() => flaw.fix(format!("write {}", literal(name))),
            _ => flaw.fix("write the part after `:alarm:`"),
        });
    }
    check_name(text, "alarm", ALARM_CHARS_MAX)
}

fn check_name(text: &str, of: &str, chars_max: usize) -> Result<(), Flaw> {
    let article = if of.starts_with('a') { "an" } else { "a" };
    if text.trim().is_empty() {
        return Err(Flaw::new(Rule::NotAName, format!("expected {article} {of}'s name"))
            .fix("leave the entry out if there is none"));
    }
    if text.chars().any(char::is_control) {
        return Err(Flaw::new(
            Rule::NotAName,
            format!("expected {article} {of}'s name, without control characters"),
        ));
    }
    let chars = text.chars().count();
    if chars > chars_max {
        return Err(Flaw::new(
            Rule::NotAName,
            format!("{chars} characters, expected at most {chars_max}"),
        ));
    }
    Ok(())
}

/// Task definition families: letters, digits, `-`, `_`, at most 255 (RegisterTaskDefinition in the ECS API reference).
pub(super) fn check_family(text: &str) -> Result<(), Flaw> {
    if is_ecs_name(text) {
        return Ok(());
    }
    let expected = "expected a task definition's family: 1 to 255 letters, digits, `-` or `_`";
    let name = text.rsplit('/').next().unwrap_or_default();
    let family = name.split(':').next().unwrap_or_default();
    Err(if is_ecs_name(family) {
        Flaw::new(Rule::NotAName, expected).fix(format!("did you mean {}", literal(family)))
    } else {
        Flaw::new(Rule::NotAName, expected)
    })
}

/// Whether `text` can be the name of a cluster, a service or a family.
pub(in crate::config) fn is_ecs_name(text: &str) -> bool {
    is_name(text, ECS_CHARS_MAX)
}

/// Longest name of a cluster, service or family, in characters (the ECS API reference).
const ECS_CHARS_MAX: usize = 255;

/// Longest name of a topic, in characters (CreateTopic in the SNS API reference).
const TOPIC_CHARS_MAX: usize = 256;

fn is_name(text: &str, chars_max: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=chars_max).contains(&text.len()) && text.bytes().all(allowed)
}

/// Partitions by name; all that begin with `aws-iso` are taken as well.
const PARTITIONS: [&str; 4] = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"];

pub(super) fn check_topic(text: &str) -> Result<(), Flaw> {
    let expected = "expected an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`";
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "sns", _, _, name] if name.ends_with(".fifo") => {
            Err(Flaw::new(Rule::NotATopic, "a FIFO topic, to which chat and mail cannot subscribe")
                .fix("name a standard topic"))
        }
        ["arn", partition, "sns", region, account, name] => {
            check_topic_parts(partition, region, account, name).map_err(|flaw| {
                let why = format!("{expected}: {}", flaw.why);
                Flaw { why, ..flaw }
            })
        }
        ["arn", partition, "sns", region, account, name, _] => {
            let topic = format!("arn:{partition}:sns:{region}:{account}:{name}");
            Err(Flaw::new(Rule::NotATopic, "the ARN of a subscription, expected its topic's")
                .fix(format!("write {}", literal(&topic))))
        }
        ["arn", _, service, ..] if *service != "sns" => Err(Flaw::new(
            Rule::NotATopic,
            format!("{expected}: this one is of {}", quoted(service)),
        )),
        _ => Err(Flaw::new(Rule::NotATopic, expected)
            .fix("see `aws sns list-topics`, or leave it out for the account's default topic")),
    }
}

fn check_topic_parts(partition: &str, region: &str, account: &str, name: &str) -> Result<(), Flaw> {
    if !PARTITIONS.contains(&partition) && !partition.starts_with("aws-iso") {
        let flaw = Flaw::new(Rule::NotATopic, format!("{} is no partition", quoted(partition)));
        return Err(match nearest(partition, PARTITIONS) {
            Some(near) => flaw.fix(format!("did you mean `{near}`")),
            None => flaw,
        });
    }
    if region.is_empty() {
        return Err(Flaw::new(Rule::NotATopic, "the region is missing"));
    }
    let in_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !region.contains('-') || !region.bytes().all(in_region) {
        return Err(Flaw::new(Rule::NotATopic, format!("{} is no region", quoted(region))));
    }
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        let why = format!("an account is 12 digits, not {}", quoted(account));
        return Err(Flaw::new(Rule::NotATopic, why));
    }
    if !is_name(name, TOPIC_CHARS_MAX) {
        let why = "a topic's name is 1 to 256 letters, digits, `-` or `_`";
        return Err(Flaw::new(Rule::NotATopic, why));
    }
    Ok(())
}

/// A TOML string, in backticks.
fn literal(text: &str) -> String {
    quoted(&format!("\"{text}\""))
}

/// Longest name of a policy or a scheduled action of ours, in characters: AWS takes 256, and ours begin with a prefix and
/// end with a suffix.
const SCALING_NAME_CHARS_MAX: usize = 64;

/// [`check_scaling_name`], as a regular expression.
pub(super) const SCALING_NAME: &str = "^[A-Za-z0-9_-]{1,64}$";

pub(super) fn check_scaling_name(text: &str) -> Result<(), Flaw> {
    if is_name(text, SCALING_NAME_CHARS_MAX) {
        return Ok(());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain: String = text.trim().chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let flaw = Flaw::new(Rule::NotAName, "expected 1 to 64 letters, digits, `-` or `_`");
    Err(match is_name(&plain, SCALING_NAME_CHARS_MAX) {
        true => flaw.fix(format!("did you mean {}", literal(&plain))),
        false => flaw,
    })
}

/// Longest name of a queue, in characters (CreateQueue in the SQS API reference).
const QUEUE_CHARS_MAX: usize = 80;

/// [`check_queue`], as a regular expression.
pub(super) const QUEUE: &str = "^[A-Za-z0-9_-]{1,80}(\\.fifo)?$";

pub(super) fn check_queue(text: &str) -> Result<(), Flaw> {
    let stem = text.strip_suffix(".fifo").unwrap_or(text);
    if is_name(stem, QUEUE_CHARS_MAX) && text.len() <= QUEUE_CHARS_MAX {
        return Ok(());
    }
    let flaw =
        |rule| Flaw::new(rule, "expected the queue's name: 1 to 80 letters, digits, `-` or `_`");
    // ARN and URL both end with it.
    let last = text.rsplit([':', '/']).next().unwrap_or_default();
    Err(
        match last != text && is_name(last.strip_suffix(".fifo").unwrap_or(last), QUEUE_CHARS_MAX) {
            true => flaw(Rule::NameNotArn).fix(format!("write {}", literal(last))),
            false => flaw(Rule::NotAName),
        },
    )
}

/// [`check_resource_label`], as a regular expression.
pub(super) const RESOURCE_LABEL: &str =
    "^app/[A-Za-z0-9-]+/[0-9a-z]+/targetgroup/[A-Za-z0-9-]+/[0-9a-z]+$";

/// The end of a load balancer's ARN and that of a target group's (PredefinedMetricSpecification in the Application Auto
/// Scaling API reference).
pub(super) fn check_resource_label(text: &str) -> Result<(), Flaw> {
    let expected = "expected `app/NAME/ID/targetgroup/NAME/ID`";
    let flaw = |why: &str| Err(Flaw::new(Rule::NotAResourceLabel, format!("{expected}{why}")));
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        ["app", rest @ ..] if rest.len() == 5 && rest.iter().all(|part| !part.is_empty()) => {
            match rest.get(2) == Some(&"targetgroup") && is_label(rest) {
                true => Ok(()),
                false => flaw(""),
            }
        }
        ["net", ..] => flaw(": a network load balancer counts no requests"),
        ["targetgroup", ..] => flaw(": the load balancer's part is missing"),
        ["app", _, _] => flaw(": the target group's part is missing"),
        _ if text.starts_with("arn:") => {
            flaw(": of each ARN only what follows `:loadbalancer/`, and from `targetgroup/` on")
        }
        _ => flaw(""),
    }
}

fn is_label(parts: &[&str]) -> bool {
    parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}
