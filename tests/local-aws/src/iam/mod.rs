//! IAM, for the callers that have been given a policy: what it does not allow is refused, and both are remembered.
//!
//! A caller without a policy may do anything: tests act as people and as AWS itself. A call that meets a fault is not looked
//! at, as it reaches no service.

mod asks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use steady_stack::policy::{Ask, Policy};

use crate::answer::Refusal;
use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

/// Who may what.
#[derive(Debug, Default)]
pub(crate) struct Iam {
    /// By access key id.
    holders: BTreeMap<String, Arc<Holder>>,
    used: BTreeSet<(String, String)>,
    denied: Vec<String>,
}

#[derive(Debug)]
struct Holder {
    role: String,
    policy: Policy,
}

impl Iam {
    pub(crate) fn give(&mut self, access_key: &str, role: &str, policy: Policy) {
        let holder = Holder { role: role.to_owned(), policy };
        self.holders.insert(access_key.to_owned(), Arc::new(holder));
    }

    /// Role and action, of all that was asked for and allowed.
    pub(crate) fn used(&self) -> BTreeSet<(String, String)> {
        self.used.clone()
    }

    /// What was denied, in order.
    pub(crate) fn denied(&self) -> Vec<String> {
        self.denied.clone()
    }
}

/// Whether the caller may.
///
/// # Errors
///
/// The service's word for it: `AccessDeniedException`, 400, of the JSON services; `AuthorizationError`, 403, of SNS
/// (`Publish` in its API reference); `AccessDenied`, 403, of CloudWatch ("Common Error Types").
pub(crate) fn check(state: &State, request: &Request) -> Result<(), Refusal> {
    let Some(holder) = lock(&state.iam).holders.get(&request.caller).cloned() else {
        return Ok(());
    };
    // Looks at ECS, so it is not done under the lock.
    let asked = asks::of(state, request);
    let Some(asked) = asked else {
        let operation = format!("{}:{}", request.service, request.operation);
        return Err(deny(state, request, &holder, &Ask::new(&operation, "what is not known here")));
    };
    for ask in asked {
        if !holder.policy.allows(&ask) {
            return Err(deny(state, request, &holder, &ask));
        }
        lock(&state.iam).used.insert((holder.role.clone(), ask.action));
    }
    Ok(())
}

fn deny(state: &State, request: &Request, holder: &Holder, ask: &Ask) -> Refusal {
    let (role, action, resource) = (&holder.role, &ask.action, &ask.resource);
    let context: Vec<String> =
        ask.context.iter().map(|(key, values)| format!(", {key} {}", values.join(" "))).collect();
    let said = format!("{role} may not {action} on {resource}{}", context.concat());
    lock(&state.iam).denied.push(said);
    let message =
        format!("User: {role} is not authorized to perform: {action} on resource: {resource}");
    match request.service.as_str() {
        "sns" => Refusal::with_status(403, "AuthorizationError", message),
        "monitoring" => Refusal::with_status(403, "AccessDenied", message),
        _ => Refusal::new("AccessDeniedException", message),
    }
}
