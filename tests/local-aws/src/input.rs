//! Reading a request's members, and refusing what is wrong with them; for the services with many operations.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::answer::Refusal;

/// An object of a request: its members, and the code with which its service refuses a wrong value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    members: &'a Map<String, Value>,
    code: &'static str,
}

impl<'a> Input<'a> {
    /// # Errors
    ///
    /// `SerializationException` for what is no object, `NotKnownToLocalAws` for a member that is not in `known`: AWS would act
    /// on it.
    pub(crate) fn of(
        value: &'a Value,
        code: &'static str,
        known: &[&str],
    ) -> Result<Self, Refusal> {
        let members = value.as_object().ok_or_else(unreadable)?;
        match members
            .iter()
            .find(|(name, value)| !value.is_null() && !known.contains(&name.as_str()))
        {
            Some((name, _)) => Err(Refusal::not_known_here(&format!("`{name}`"))),
            None => Ok(Self { members, code }),
        }
    }

    pub(crate) fn get(self, member: &str) -> Option<&'a Value> {
        self.members.get(member).filter(|value| !value.is_null())
    }

    pub(crate) fn text(self, member: &str) -> Result<Option<&'a str>, Refusal> {
        self.get(member).map(|value| value.as_str().ok_or_else(unreadable)).transpose()
    }

    /// A text of 1 to `max` characters.
    pub(crate) fn required(self, member: &str, max: usize) -> Result<&'a str, Refusal> {
        let Some(text) = self.text(member)? else {
            return Err(self.constraint("null", member, "Member must not be null"));
        };
        let shown = format!("'{text}'");
        match text.chars().count() {
            0 => Err(self.constraint(
                &shown,
                member,
                "Member must have length greater than or equal to 1",
            )),
            length if length > max => {
                let rule = format!("Member must have length less than or equal to {max}");
                Err(self.constraint(&shown, member, &rule))
            }
            _ => Ok(text),
        }
    }

    /// A text that is one of `words`.
    pub(crate) fn word(self, member: &str, words: &[&str]) -> Result<Option<&'a str>, Refusal> {
        let text = self.text(member)?;
        match text {
            Some(text) if !words.contains(&text) => {
                let rule = format!("Member must satisfy enum value set: [{}]", words.join(", "));
                Err(self.constraint(&format!("'{text}'"), member, &rule))
            }
            text => Ok(text),
        }
    }

    pub(crate) fn flag(self, member: &str) -> Result<Option<bool>, Refusal> {
        self.get(member).map(|value| value.as_bool().ok_or_else(unreadable)).transpose()
    }

    pub(crate) fn number(self, member: &str) -> Result<Option<f64>, Refusal> {
        self.get(member).map(|value| value.as_f64().ok_or_else(unreadable)).transpose()
    }

    /// A whole number within `from` and `to`.
    pub(crate) fn integer(self, member: &str, from: i64, to: i64) -> Result<Option<i64>, Refusal> {
        let number =
            self.get(member).map(|value| value.as_i64().ok_or_else(unreadable)).transpose()?;
        let shown = |number: i64| format!("'{number}'");
        match number {
            Some(number) if number < from => {
                let rule = format!("Member must have value greater than or equal to {from}");
                Err(self.constraint(&shown(number), member, &rule))
            }
            Some(number) if number > to => {
                let rule = format!("Member must have value less than or equal to {to}");
                Err(self.constraint(&shown(number), member, &rule))
            }
            number => Ok(number),
        }
    }

    /// Seconds since 1970, with a fraction.
    pub(crate) fn time(self, member: &str) -> Result<Option<Timestamp>, Refusal> {
        let read = |seconds: f64| {
            // Milliseconds are what AWS keeps; what lies outside `i64` is no time.
            Timestamp::from_millisecond((seconds * 1000.0).round() as i64).map_err(|_| unreadable())
        };
        self.number(member)?.map(read).transpose()
    }

    pub(crate) fn object(self, member: &str, known: &[&str]) -> Result<Option<Input<'a>>, Refusal> {
        self.get(member).map(|value| Input::of(value, self.code, known)).transpose()
    }

    /// Empty where it is missing.
    pub(crate) fn list(self, member: &str) -> Result<&'a [Value], Refusal> {
        match self.get(member) {
            None => Ok(&[]),
            Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(unreadable),
        }
    }

    pub(crate) fn texts(self, member: &str) -> Result<Vec<&'a str>, Refusal> {
        let text = |value: &'a Value| value.as_str().ok_or_else(unreadable);
        self.list(member)?.iter().map(text).collect()
    }

    /// The service's word for a wrong value, with a sentence.
    pub(crate) fn refuse(self, message: impl Into<String>) -> Refusal {
        Refusal::new(self.code, message)
    }

    /// `1 validation error detected: Value … at '…' failed to satisfy constraint: …`, as all of AWS's modelled services put it.
    pub(crate) fn constraint(self, value: &str, member: &str, rule: &str) -> Refusal {
        let mut letters = member.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
        self.refuse(format!(
            "1 validation error detected: Value {value} at '{first}{}' failed to satisfy constraint: {rule}",
            letters.as_str()
        ))
    }
}

fn unreadable() -> Refusal {
    Refusal::new("SerializationException", "")
}

/// A page in the order of the keys: at most `max` of those after the key that `token` hides, and the next page's token.
/// `None`: that is no token.
pub(crate) fn page(
    mut items: Vec<(String, Value)>,
    max: usize,
    token: Option<&str>,
) -> Option<(Vec<Value>, Option<String>)> {
    let after = match token {
        None => None,
        Some(token) => Some(read_token(token)?),
    };
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    items.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let more = items.len() > max;
    items.truncate(max);
    let next = items.last().filter(|_| more).map(|(key, _)| write_token(key));
    Some((items.into_iter().map(|(_, item)| item).collect(), next))
}

/// A token is opaque to clients: the last key of the page in hexadecimal, so that nobody takes it for a number or a name.
fn write_token(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn read_token(token: &str) -> Option<String> {
    let digits: Vec<u32> = token.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    String::from_utf8(bytes).ok().filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_end_with_their_last_item() {
        let items = || -> Vec<(String, Value)> {
            ["c", "a", "b"].map(|key| (key.to_owned(), json!(key))).to_vec()
        };
        let (first, token) = page(items(), 2, None).unwrap();
        assert_eq!(first, ["a", "b"]);
        let (last, none) = page(items(), 2, token.as_deref()).unwrap();
        assert_eq!((last, none), (vec![json!("c")], None));
        assert_eq!(page(items(), 3, None).unwrap().1, None);
        for token in ["", "1", "zz", "ff"] {
            assert_eq!(page(items(), 2, Some(token)), None, "{token}");
        }
    }
}
