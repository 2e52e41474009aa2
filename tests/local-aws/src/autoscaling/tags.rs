//! Tags of scalable targets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::CODE;
use super::store::{Autoscaling, Target};
use crate::answer::Refusal;
use crate::input::Input;

/// "Each resource can have a maximum of 50 tags."
const TAGS_MAX: usize = 50;

/// `Tags`: keys of 1 to 128 characters, values of up to 256.
pub(super) fn read(input: Input<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let tags = input
        .get("Tags")
        .map(|tags| tags.as_object().ok_or_else(|| Refusal::new("SerializationException", "")));
    let mut read = BTreeMap::new();
    for (key, value) in tags.transpose()?.into_iter().flatten() {
        let value = value.as_str().ok_or_else(|| Refusal::new("SerializationException", ""))?;
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(input.constraint(
                &format!("'{key}'"),
                "Tags",
                "Member must have length from 1 to 128, and its value up to 256",
            ));
        }
        read.insert(key.clone(), value.to_owned());
    }
    Ok(read)
}

pub(super) fn tag(scaling: &mut Autoscaling, input: &Value) -> Result<Value, Refusal> {
    let input = Input::of(input, CODE, &["ResourceARN", "Tags"])?;
    let tags = read(input)?;
    let target = target(scaling, input.required("ResourceARN", 1011)?)?;
    let new = tags.keys().filter(|key| !target.tags.contains_key(*key)).count();
    if target.tags.len() + new > TAGS_MAX {
        return Err(Refusal::new("TooManyTagsException", "The scalable target has too many tags"));
    }
    target.tags.extend(tags);
    Ok(json!({}))
}

pub(super) fn untag(scaling: &mut Autoscaling, input: &Value) -> Result<Value, Refusal> {
    let input = Input::of(input, CODE, &["ResourceARN", "TagKeys"])?;
    let keys = input.texts("TagKeys")?;
    let target = target(scaling, input.required("ResourceARN", 1011)?)?;
    target.tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

pub(super) fn list(scaling: &Autoscaling, input: &Value) -> Result<Value, Refusal> {
    let input = Input::of(input, CODE, &["ResourceARN"])?;
    let arn = input.required("ResourceARN", 1011)?;
    let target = scaling.targets.values().find(|target| target.arn == arn);
    Ok(json!({ "Tags": target.ok_or_else(|| not_found(arn))?.tags }))
}

fn target<'a>(scaling: &'a mut Autoscaling, arn: &str) -> Result<&'a mut Target, Refusal> {
    let target = scaling.targets.values_mut().find(|target| target.arn == arn);
    target.ok_or_else(|| not_found(arn))
}

fn not_found(arn: &str) -> Refusal {
    let message = format!("The resource does not exist: {arn}");
    Refusal::new("ResourceNotFoundException", message)
}
