//! Reading members of an input, with AWS's refusals; and pages of lists.

use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// The input of a call. Null counts as absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a>(&'a Map<String, Value>);

impl<'a> Input<'a> {
    pub(crate) fn new(value: &'a Value) -> Result<Self, ApiError> {
        value.as_object().map(Self).ok_or_else(|| ApiError::wrong_type("input", "a structure"))
    }

    pub(crate) fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(self, name: &str) -> Result<Option<&'a str>, ApiError> {
        self.value(name)
            .map(|value| value.as_str().ok_or_else(|| ApiError::wrong_type(name, "a String")))
            .transpose()
    }

    /// A member that the model requires.
    pub(crate) fn required(self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::missing(name))
    }

    pub(crate) fn flag(self, name: &str) -> Result<Option<bool>, ApiError> {
        self.value(name)
            .map(|value| value.as_bool().ok_or_else(|| ApiError::wrong_type(name, "a Boolean")))
            .transpose()
    }

    /// A count: a number that is not negative.
    pub(crate) fn count(self, name: &str) -> Result<Option<u32>, ApiError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = value.as_i64().ok_or_else(|| ApiError::wrong_type(name, "an Integer"))?;
        u32::try_from(number)
            .map(Some)
            .map_err(|_| ApiError::invalid(format!("{name} cannot be less than 0.")))
    }

    /// A list of texts; absent is empty.
    pub(crate) fn texts(self, name: &str) -> Result<Vec<&'a str>, ApiError> {
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        let all = value.as_array().ok_or_else(|| ApiError::wrong_type(name, "a list"))?;
        all.iter()
            .map(|one| one.as_str().ok_or_else(|| ApiError::wrong_type(name, "a String")))
            .collect()
    }

    /// A list that the model requires, with the API reference's limit.
    pub(crate) fn required_texts(self, name: &str, most: usize) -> Result<Vec<&'a str>, ApiError> {
        let all = self.texts(name)?;
        if all.is_empty() {
            return Err(ApiError::missing(name));
        }
        if all.len() > most {
            return Err(ApiError::too_many(name, most));
        }
        Ok(all)
    }

    /// One page of a list under the member `to`: `maxResults` is 1 to 100, without it `usual`; the token is opaque to
    /// callers and here the place of the next one (API reference, all List operations).
    pub(crate) fn page(self, to: &str, all: Vec<Value>, usual: usize) -> Result<Value, ApiError> {
        let size = match self.count("maxResults")? {
            None => usual,
            Some(size @ 1..=100) => usize::try_from(size).unwrap_or(usual),
            Some(_) => return Err(ApiError::invalid("maxResults must be between 1 and 100.")),
        };
        let from = match self.text("nextToken")? {
            None => 0,
            Some(token) => token
                .parse::<usize>()
                .ok()
                .filter(|from| *from <= all.len())
                .ok_or_else(|| ApiError::invalid("Invalid token."))?,
        };
        let more = all.len() > from + size;
        let page: Vec<Value> = all.into_iter().skip(from).take(size).collect();
        let mut answer = Map::new();
        answer.insert(to.to_owned(), page.into());
        if more {
            answer.insert("nextToken".to_owned(), (from + size).to_string().into());
        }
        Ok(answer.into())
    }
}

/// An answer of these members. `json!` would copy them, which of many tasks costs more than making them.
pub(crate) fn answer<const N: usize>(members: [(&str, Value); N]) -> Value {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a Describe operation found and what it did not.
pub(crate) fn described(name: &str, found: Vec<Value>, failures: Vec<Value>) -> Value {
    answer([(name, found.into()), ("failures", failures.into())])
}

/// `Failure` with the reason MISSING: what Describe operations answer for what they do not find, beside what they do
/// ("API failure reasons", developer guide).
pub(crate) fn missing(arn: &str) -> Value {
    json!({"arn": arn, "reason": "MISSING"})
}
