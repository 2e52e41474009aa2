//! A translated template, resolved: every intrinsic function replaced by what it comes to for a pretended account.
//!
//! CloudFormation User Guide, "Intrinsic function reference", "Conditions", "Parameters" and "Pseudo parameters reference".
//! What is not known here is an error with its place, never left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::names;

/// For whom and with what a template is deployed.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// The account's id, `111122223333`.
    pub account: String,
    /// `eu-west-1`.
    pub region: String,
    /// The stack's name, from which names are made that the template leaves open.
    pub stack: String,
    /// Parameters that differ from their default.
    pub parameters: BTreeMap<String, String>,
    /// Names of resources that the template leaves open, by logical id; of others a name is made of the stack's.
    pub names: BTreeMap<String, String>,
}

/// Why a template cannot be resolved; `path` is where: `Resources.Watch.Properties.Timeout`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("template, `{path}`: {why}")]
pub struct TemplateError {
    /// Where in the template.
    pub path: String,
    /// What is wrong there.
    pub why: String,
}

/// A resource that the deployment makes: its condition holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its logical id.
    pub id: String,
    /// `AWS::SQS::Queue`.
    pub kind: String,
    /// Its properties, without any function in them.
    pub properties: Value,
    /// `DeletionPolicy`; `Delete` where it is not given.
    pub deletion_policy: String,
}

/// A template's JSON with a deployment.
pub(crate) struct Template<'a> {
    template: &'a Map<String, Value>,
    deployment: &'a Deployment,
}

/// A result of this module.
type Resolved<T = Value> = Result<T, TemplateError>;

fn wrong<T>(path: &str, why: impl Into<String>) -> Resolved<T> {
    Err(TemplateError { path: path.to_owned(), why: why.into() })
}

/// All resources that a deployment makes, by logical id.
///
/// # Errors
/// [`TemplateError`] for whatever is not understood in those resources, in outputs, and in parameters that are not given.
pub fn resolve(
    template: &Value,
    deployment: &Deployment,
) -> Result<BTreeMap<String, Resource>, TemplateError> {
    let Some(members) = template.as_object() else { return wrong("", "it is no object") };
    if members.contains_key("Transform") {
        return wrong("Transform", "the template is not translated");
    }
    let template = Template { template: members, deployment };
    template.check_parameters()?;
    let mut resources = BTreeMap::new();
    for (id, _) in template.section("Resources")? {
        if let Some(resource) = template.resource(id)? {
            resources.insert(id.clone(), resource);
        }
    }
    for (id, output) in template.section("Outputs")? {
        let path = format!("Outputs.{id}");
        if template.is_made(output, &path)? {
            template
                .value(output.get("Value").unwrap_or(&Value::Null), &format!("{path}.Value"))?;
        }
    }
    Ok(resources)
}

impl Template<'_> {
    fn section(&self, name: &str) -> Resolved<impl Iterator<Item = (&String, &Value)>> {
        match self.template.get(name) {
            None => Ok(None.into_iter().flatten()),
            Some(Value::Object(members)) => Ok(Some(members).into_iter().flatten()),
            Some(_) => wrong(name, "it is no object"),
        }
    }

    fn find(&self, section: &str, id: &str) -> Option<&Value> {
        self.template.get(section)?.get(id)
    }

    /// Parameters that are given have to be there, those without a default have to be given, and values have to be allowed.
    fn check_parameters(&self) -> Resolved<()> {
        for given in self.deployment.parameters.keys() {
            if self.find("Parameters", given).is_none() {
                return wrong("Parameters", format!("there is none named `{given}`"));
            }
        }
        for (name, parameter) in self.section("Parameters")? {
            let path = format!("Parameters.{name}");
            let value = self.parameter(name, parameter, &path)?;
            let allowed = parameter.get("AllowedValues").and_then(Value::as_array);
            if let Some(allowed) = allowed
                && !allowed.iter().any(|one| text_of(one).as_deref() == Some(&value))
            {
                return wrong(&path, format!("`{value}` is not among its allowed values"));
            }
        }
        Ok(())
    }

    fn parameter(&self, name: &str, parameter: &Value, path: &str) -> Resolved<String> {
        let given = self.deployment.parameters.get(name).cloned();
        match given.or_else(|| parameter.get("Default").and_then(text_of)) {
            Some(value) => Ok(value),
            None => wrong(path, "it has no default and is not given"),
        }
    }

    fn is_made(&self, of: &Value, path: &str) -> Resolved<bool> {
        match of.get("Condition") {
            None => Ok(true),
            Some(Value::String(name)) => self.condition(name, path),
            Some(_) => wrong(path, "its condition is no name"),
        }
    }

    fn resource(&self, id: &str) -> Resolved<Option<Resource>> {
        let path = format!("Resources.{id}");
        let Some(resource) = self.find("Resources", id) else {
            return wrong(&path, "there is none");
        };
        if !self.is_made(resource, &path)? {
            return Ok(None);
        }
        let text = |name: &str| resource.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(kind) = text("Type") else { return wrong(&path, "it has no type") };
        let given =
            resource.get("Properties").cloned().unwrap_or_else(|| Value::Object(Map::new()));
        let properties = self.value(&given, &format!("{path}.Properties"))?;
        let deletion_policy = text("DeletionPolicy").unwrap_or_else(|| "Delete".to_owned());
        Ok(Some(Resource {
            id: id.to_owned(),
            kind,
            properties: properties.unwrap_or(Value::Null),
            deletion_policy,
        }))
    }

    /// A value without functions; `None` is `AWS::NoValue`.
    fn value(&self, value: &Value, path: &str) -> Resolved<Option<Value>> {
        match value {
            Value::Object(members) => {
                let mut only = members.iter();
                if let (Some((name, of)), None) = (only.next(), only.next())
                    && (name.starts_with("Fn::")
                        || name == "Ref"
                        || name == "Condition" && of.is_string())
                {
                    return self.function(name, of, path);
                }
                let mut resolved = Map::new();
                for (name, member) in members {
                    if let Some(member) = self.value(member, &format!("{path}.{name}"))? {
                        resolved.insert(name.clone(), member);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
            Value::Array(all) => {
                let mut resolved = Vec::with_capacity(all.len());
                for (at, one) in all.iter().enumerate() {
                    resolved.extend(self.value(one, &format!("{path}.{at}"))?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            Value::String(text) if text.contains("{{resolve:") => {
                wrong(path, "a dynamic reference is not known here")
            }
            other => Ok(Some(other.clone())),
        }
    }

    fn function(&self, name: &str, of: &Value, path: &str) -> Resolved<Option<Value>> {
        let path = &format!("{path}.{name}");
        let value = match name {
            "Ref" => return self.reference(of.as_str().unwrap_or_default(), path),
            "Fn::If" => {
                let [Value::String(condition), then, otherwise] = self.list(of, path)? else {
                    return wrong(path, "it is no condition with two values");
                };
                let taken = if self.condition(condition, path)? { then } else { otherwise };
                return self.value(taken, path);
            }
            "Fn::GetAtt" => {
                let parts = match of {
                    Value::String(dotted) => {
                        dotted.split_once('.').map(|(id, name)| (id, name.to_owned()))
                    }
                    Value::Array(parts) => match parts.as_slice() {
                        [Value::String(id), Value::String(name)] => {
                            Some((id.as_str(), name.clone()))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                match parts {
                    Some((id, attribute)) => self.attribute(id, &attribute, path)?,
                    None => return wrong(path, "it is no resource with an attribute"),
                }
            }
            "Fn::Sub" => self.substitute(of, path)?,
            "Fn::Join" => {
                let [Value::String(between), parts] = self.list(of, path)? else {
                    return wrong(path, "it is no text with a list");
                };
                let parts = self.value(parts, path)?;
                let Some(Value::Array(parts)) = parts else {
                    return wrong(path, "it joins no list");
                };
                let parts = parts.iter().map(text_of).collect::<Option<Vec<_>>>();
                match parts {
                    Some(parts) => Value::String(parts.join(between)),
                    None => return wrong(path, "a part is no text"),
                }
            }
            "Fn::Select" => {
                let [at, from] = self.list(of, path)? else { return wrong(path, "it is no pair") };
                let at = text_of(at).and_then(|at| at.parse::<usize>().ok());
                let from = self.value(from, path)?;
                match at.and_then(|at| from.as_ref()?.get(at)) {
                    Some(value) => value.clone(),
                    None => return wrong(path, "there is nothing at that place"),
                }
            }
            "Fn::Split" => {
                let [Value::String(at), text] = self.list(of, path)? else {
                    return wrong(path, "it is no pair");
                };
                match self.value(text, path)? {
                    Some(Value::String(text)) => text.split(at).map(Value::from).collect(),
                    _ => return wrong(path, "it splits no text"),
                }
            }
            "Fn::FindInMap" => {
                let keys = self.list(of, path)?.iter().map(|key| self.text(key, path));
                let keys = keys.collect::<Resolved<Vec<_>>>()?;
                let [map, first, second] = keys.as_slice() else {
                    return wrong(path, "it is no triple");
                };
                let found = self.find("Mappings", map).and_then(|map| map.get(first)?.get(second));
                match found {
                    Some(value) => value.clone(),
                    None => return wrong(path, format!("`{map}` has no `{first}`, `{second}`")),
                }
            }
            _ => return wrong(path, "the function is not known here"),
        };
        Ok(Some(value))
    }

    fn list<'v>(&self, of: &'v Value, path: &str) -> Resolved<&'v [Value]> {
        match of {
            Value::Array(all) => Ok(all),
            _ => wrong(path, "it is no list"),
        }
    }

    fn text(&self, value: &Value, path: &str) -> Resolved<String> {
        match self.value(value, path)?.as_ref().and_then(text_of) {
            Some(text) => Ok(text),
            None => wrong(path, "it comes to no text"),
        }
    }

    fn reference(&self, name: &str, path: &str) -> Resolved<Option<Value>> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = names::pseudo(name, self.deployment) {
            return Ok(Some(Value::String(value)));
        }
        if let Some(parameter) = self.find("Parameters", name) {
            let value = self.parameter(name, parameter, path)?;
            let kind = parameter.get("Type").and_then(Value::as_str).unwrap_or_default();
            let list = value.split(',').map(|one| Value::from(one.trim())).collect();
            return match kind {
                "String" | "Number" => Ok(Some(Value::String(value))),
                "CommaDelimitedList" => Ok(Some(list)),
                // The parameter's name is the value, and CloudFormation looks it up.
                _ => wrong(path, format!("the parameter type `{kind}` is not known here")),
            };
        }
        let resource = self.made(name, path)?;
        match names::reference(&resource, self.deployment) {
            Some(value) => Ok(Some(Value::String(value))),
            None => wrong(path, format!("`Ref` of `{}` is not known here", resource.kind)),
        }
    }

    fn attribute(&self, id: &str, attribute: &str, path: &str) -> Resolved {
        let resource = self.made(id, path)?;
        match names::attribute(&resource, attribute, self.deployment) {
            Some(value) => Ok(Value::String(value)),
            None => wrong(path, format!("`{attribute}` of `{}` is not known here", resource.kind)),
        }
    }

    /// A resource that something else refers to, with only those properties resolved of which its name is made.
    fn made(&self, id: &str, path: &str) -> Resolved<Resource> {
        let Some(resource) = self.find("Resources", id) else {
            return wrong(path, format!("there is no `{id}`"));
        };
        if !self.is_made(resource, path)? {
            return wrong(path, format!("`{id}` is not made, since its condition does not hold"));
        }
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut properties = Map::new();
        for name in names::naming(&kind) {
            let given = resource.get("Properties").and_then(|all| all.get(*name));
            if let Some(value) = given.map(|value| self.value(value, path)).transpose()?.flatten() {
                properties.insert((*name).to_owned(), value);
            }
        }
        let deletion_policy = String::new();
        Ok(Resource {
            id: id.to_owned(),
            kind,
            properties: Value::Object(properties),
            deletion_policy,
        })
    }

    /// `"…${Name}…"`, or that with values of its own.
    fn substitute(&self, of: &Value, path: &str) -> Resolved {
        let (text, own) = match of {
            Value::String(text) => (text, None),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(text), Value::Object(own)] => (text, Some(own)),
                _ => return wrong(path, "it is no text with values"),
            },
            _ => return wrong(path, "it is no text"),
        };
        let mut resolved = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                return wrong(path, "a `${` has no end");
            };
            resolved.push_str(before);
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                resolved.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = match own.and_then(|own| own.get(name)) {
                Some(value) => self.value(value, path)?,
                None => match name.split_once('.') {
                    Some((id, attribute)) => Some(self.attribute(id, attribute, path)?),
                    None => self.reference(name, path)?,
                },
            };
            match value.as_ref().and_then(text_of) {
                Some(value) => resolved.push_str(&value),
                None => return wrong(path, format!("`{name}` comes to no text")),
            }
        }
        resolved.push_str(rest);
        Ok(Value::String(resolved))
    }

    /// Whether a condition of the template holds.
    fn condition(&self, name: &str, path: &str) -> Resolved<bool> {
        match self.find("Conditions", name) {
            Some(condition) => self.holds(condition, &format!("Conditions.{name}")),
            None => wrong(path, format!("there is no condition `{name}`")),
        }
    }

    fn holds(&self, condition: &Value, path: &str) -> Resolved<bool> {
        let only = condition.as_object().and_then(|members| members.iter().next());
        let Some((function, of)) = only else { return wrong(path, "it is no condition") };
        let all = |of: &Value| {
            let all = self.list(of, path)?.iter().map(|one| self.holds(one, path));
            all.collect::<Resolved<Vec<bool>>>()
        };
        match (function.as_str(), of) {
            ("Condition", Value::String(name)) => self.condition(name, path),
            ("Fn::Equals", of) => match self.list(of, path)? {
                [one, other] => Ok(self.text(one, path)? == self.text(other, path)?),
                _ => wrong(path, "it compares other than two"),
            },
            ("Fn::And", of) => Ok(all(of)?.into_iter().all(|one| one)),
            ("Fn::Or", of) => Ok(all(of)?.into_iter().any(|one| one)),
            ("Fn::Not", of) => Ok(!all(of)?.into_iter().all(|one| one)),
            _ => wrong(path, format!("`{function}` is no condition that is known here")),
        }
    }
}

/// Text, number or boolean as CloudFormation writes it into text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
