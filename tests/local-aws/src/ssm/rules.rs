//! What Parameter Store refuses before it looks at any parameter.

use serde_json::Value;

use crate::answer::Refusal;

/// Value limits in bytes (User Guide, "Managing parameter tiers": 4 KB and 8 KB).
const STANDARD_LIMIT: usize = 4096;
const ADVANCED_LIMIT: usize = 8192;
/// Levels of a hierarchy (botocore, HierarchyLevelLimitExceededException).
const LEVELS_MAX: usize = 15;
/// Names in GetParameters, and MaxResults of GetParametersByPath (botocore: `max: 10`).
const PAGE_MAX: u64 = 10;

/// A PutParameter that has passed.
#[derive(Debug)]
pub(super) struct Put<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    pub(super) kind: Option<&'a str>,
    pub(super) overwrite: bool,
    pub(super) tier: &'static str,
    pub(super) data_type: &'a str,
}

/// A GetParametersByPath that has passed.
#[derive(Debug)]
pub(super) struct ByPath<'a> {
    pub(super) path: &'a str,
    pub(super) recursive: bool,
    pub(super) max: usize,
    /// The name after which the page begins.
    pub(super) after: Option<String>,
}

/// A required text of at least one character.
pub(super) fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    match input.get(member) {
        None | Some(Value::Null) => Err(constraint("null", member, "Member must not be null")),
        Some(Value::String(text)) if text.is_empty() => {
            Err(constraint("''", member, "Member must have length greater than or equal to 1"))
        }
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Refusal::new("SerializationException", "")),
    }
}

/// `1 validation error detected: Value … at '…' failed to satisfy constraint: …`, as all of AWS's modelled services put it.
fn constraint(value: &str, member: &str, rule: &str) -> Refusal {
    let mut member: String = member.to_owned();
    if let Some(first) = member.get_mut(0..1) {
        first.make_ascii_lowercase();
    }
    Refusal::new(
        "ValidationException",
        format!(
            "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {rule}"
        ),
    )
}

fn flag(input: &Value, member: &str) -> bool {
    input.get(member).and_then(Value::as_bool).unwrap_or(false)
}

/// Members that AWS would act on and we would ignore.
fn refuse_unknown(input: &Value, members: &[&str]) -> Result<(), Refusal> {
    let given = |member: &&&str| match input.get(**member) {
        None | Some(Value::Null) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    };
    match members.iter().find(given) {
        Some(member) => Err(Refusal::not_known_here(&format!("`{member}` of a parameter"))),
        None => Ok(()),
    }
}

pub(super) fn put(input: &Value) -> Result<Put<'_>, Refusal> {
    let name = text(input, "Name")?;
    let value = text(input, "Value")?;
    refuse_unknown(input, &["Policies", "Tags", "AllowedPattern", "KeyId", "Description"])?;
    check_name(name)?;
    let kind = input.get("Type").and_then(Value::as_str);
    match kind {
        None | Some("String" | "StringList") => {}
        Some("SecureString") => return Err(Refusal::not_known_here("SecureString")),
        Some(other) => {
            let rule = "Member must satisfy enum value set: [SecureString, StringList, String]";
            return Err(constraint(&format!("'{other}'"), "Type", rule));
        }
    }
    if value.contains("{{") && value.contains("}}") {
        return Err(Refusal::new(
            "ValidationException",
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    let tier = check_size(value, input.get("Tier").and_then(Value::as_str))?;
    Ok(Put {
        name,
        value,
        kind,
        overwrite: flag(input, "Overwrite"),
        tier,
        data_type: input.get("DataType").and_then(Value::as_str).unwrap_or("text"),
    })
}

/// The tier that a value of this size gets, if it is let in.
fn check_size(value: &str, tier: Option<&str>) -> Result<&'static str, Refusal> {
    let advanced = match tier {
        None | Some("Standard") => false,
        Some("Advanced") => true,
        Some("Intelligent-Tiering") => value.len() > STANDARD_LIMIT,
        Some(other) => {
            let rule =
                "Member must satisfy enum value set: [Intelligent-Tiering, Standard, Advanced]";
            return Err(constraint(&format!("'{other}'"), "Tier", rule));
        }
    };
    if !advanced && value.len() > STANDARD_LIMIT {
        return Err(Refusal::new(
            "ValidationException",
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
        ));
    }
    if value.len() > ADVANCED_LIMIT {
        return Err(Refusal::new(
            "ValidationException",
            "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        ));
    }
    Ok(if advanced { "Advanced" } else { "Standard" })
}

/// PutParameter, `Name`: letters, digits, `_.-`, and `/` between levels, with a leading `/` if there are several; not beginning
/// with `aws` or `ssm`; at most 15 levels.
fn check_name(name: &str) -> Result<(), Refusal> {
    let bare = name.strip_prefix('/').unwrap_or(name);
    check_reserved(name, bare)?;
    if name.contains('/') && !name.starts_with('/') {
        return Err(Refusal::new(
            "ValidationException",
            "Parameter name must be a fully qualified name.",
        ));
    }
    if !bare.split('/').all(is_level) {
        return Err(Refusal::new("ValidationException", NAME_RULE));
    }
    if bare.split('/').count() > LEVELS_MAX {
        return Err(Refusal::new(
            "HierarchyLevelLimitExceededException",
            "A parameter hierarchy can have a maximum of 15 levels.",
        ));
    }
    Ok(())
}

/// The three answers for reserved names, as moto's tests and public reports of AWS's own have them.
fn check_reserved(name: &str, bare: &str) -> Result<(), Refusal> {
    let lower = bare.to_ascii_lowercase();
    let (aws, ssm) = (lower.starts_with("aws"), lower.starts_with("ssm"));
    let is_path = bare.contains('/');
    match (aws, ssm) {
        (true, _) if is_path => Err(Refusal::new(
            "AccessDeniedException",
            format!("No access to reserved parameter name: {name}."),
        )),
        (_, true) if is_path => Err(Refusal::new("ValidationException", NAME_RULE)),
        (true, _) | (_, true) => Err(Refusal::new(
            "ValidationException",
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        )),
        (false, false) => Ok(()),
    }
}

const NAME_RULE: &str = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_";

fn is_level(level: &str) -> bool {
    !level.is_empty() && level.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// GetParameters and DeleteParameters: one to ten names.
pub(super) fn names(input: &Value) -> Result<Vec<&str>, Refusal> {
    let Some(names) = input.get("Names").and_then(Value::as_array) else {
        return Err(constraint("null", "Names", "Member must not be null"));
    };
    let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
    let names = names.ok_or_else(|| Refusal::new("SerializationException", ""))?;
    let shown = format!("'[{}]'", names.join(", "));
    if names.is_empty() {
        return Err(constraint(
            &shown,
            "Names",
            "Member must have length greater than or equal to 1",
        ));
    }
    if names.len() as u64 > PAGE_MAX {
        return Err(constraint(
            &shown,
            "Names",
            "Member must have length less than or equal to 10",
        ));
    }
    Ok(names)
}

pub(super) fn by_path(input: &Value) -> Result<ByPath<'_>, Refusal> {
    let path = text(input, "Path")?;
    refuse_unknown(input, &["ParameterFilters"])?;
    let bare = path.strip_prefix('/').map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    // The root is a path too.
    if !bare.is_some_and(|bare| bare.is_empty() || bare.split('/').all(is_level)) {
        return Err(Refusal::new(
            "ValidationException",
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.",
        ));
    }
    let max = match input.get("MaxResults") {
        None | Some(Value::Null) => PAGE_MAX,
        Some(max) => {
            let max = max.as_u64().unwrap_or(0);
            let shown = format!("'{max}'");
            if max < 1 {
                let rule = "Member must have value greater than or equal to 1";
                return Err(constraint(&shown, "MaxResults", rule));
            }
            if max > PAGE_MAX {
                let rule = "Member must have value less than or equal to 10";
                return Err(constraint(&shown, "MaxResults", rule));
            }
            max
        }
    };
    let after =
        match input.get("NextToken").and_then(Value::as_str) {
            None => None,
            Some(token) => Some(read_token(token).ok_or_else(|| {
                Refusal::new("InvalidNextToken", "The specified token isn't valid.")
            })?),
        };
    Ok(ByPath {
        path,
        recursive: flag(input, "Recursive"),
        max: usize::try_from(max).unwrap_or(usize::MAX),
        after,
    })
}

/// A token is opaque to clients: the last name of the page in hexadecimal, so that nobody takes it for a number or a name.
pub(super) fn token(last: &str) -> String {
    last.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn read_token(token: &str) -> Option<String> {
    let digits: Option<Vec<u8>> =
        token.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let bytes = digits?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()?;
    let is_name = |name: &String| name.strip_prefix('/').unwrap_or(name).split('/').all(is_level);
    String::from_utf8(bytes).ok().filter(is_name)
}
