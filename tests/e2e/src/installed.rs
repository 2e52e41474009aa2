//! The stack that Steady is installed with: the translated template of `infra/`, deployed in pretence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use steady_aws::function::settings::Settings;
use steady_local_aws::{LocalAws, Queue};
use steady_stack::stack::{Function, Mapping};
use steady_stack::{Deployment, Stack};

use crate::{ACCOUNT, Failure, REGION, TABLE};

/// What `infra/template.yaml` comes to; `infra/check` keeps it fresh.
const TEMPLATE: &str = include_str!("../../../infra/translated.json");

/// The stack's parameters in all stories: it acts, it may probe, and what can be narrowed is as narrow as the stories allow.
pub const PARAMETERS: [(&str, &str); 5] = [
    ("Mode", "act"),
    ("Probes", "allowed"),
    ("Clusters", "prod"),
    ("TeamTopics", "steady-*"),
    ("TaskLogs", "/ecs/*"),
];

/// What roles have used so far in the accounts of this process that are no more.
static USED: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());

/// The default topic's name: the template leaves it to CloudFormation.
pub(crate) const TOPIC: &str = "steady";

/// A function as the template has it, with the queue that calls it.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) settings: Settings,
    pub(crate) timeout: SignedDuration,
    pub(crate) source: Option<Source>,
    /// How often its schedule calls it.
    pub(crate) every: Option<SignedDuration>,
}

/// The queue that calls a function, and how.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) mapping: Mapping,
    pub(crate) visibility_timeout: SignedDuration,
    max_receive_count: u32,
}

/// The stack of all stories, with [`PARAMETERS`]. Tests open hundreds of accounts, so the template is read once.
///
/// # Errors
/// As [`stack_with`].
pub fn stack() -> Result<Arc<Stack>, Failure> {
    static READ: OnceLock<Arc<Stack>> = OnceLock::new();
    match READ.get() {
        Some(stack) => Ok(Arc::clone(stack)),
        None => {
            let stack = Arc::new(stack_with(&PARAMETERS)?);
            Ok(Arc::clone(READ.get_or_init(|| stack)))
        }
    }
}

/// The stack with these parameters; those that are not named have their defaults.
///
/// # Errors
/// If the template is not understood.
pub fn stack_with(parameters: &[(&str, &str)]) -> Result<Stack, Failure> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let deployment = Deployment {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        stack: "steady".to_owned(),
        parameters: parameters.iter().map(owned).collect(),
        names: BTreeMap::from([
            ("Records".to_owned(), TABLE.to_owned()),
            ("Topic".to_owned(), TOPIC.to_owned()),
        ]),
    };
    Ok(Stack::read(&serde_json::from_str(TEMPLATE)?, &deployment)?)
}

/// The function of that name, `watch`, which is `Watch` in the template.
///
/// # Errors
/// If there is none.
pub fn function<'a>(stack: &'a Stack, name: &str) -> Result<&'a Function, Failure> {
    let found = stack.functions.values().find(|function| function.id.eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("the template has no function `{name}`").into())
}

/// From now on the holder of this access key is that function: it may what the function's role may.
///
/// # Errors
/// If the template has no such function.
pub fn assume(aws: &LocalAws, stack: &Stack, name: &str, access_key: &str) -> Result<(), Failure> {
    aws.give(access_key, name, function(stack, name)?.policy.clone());
    Ok(())
}

/// What roles have used in all accounts of this process that are no more: function and action, `watch` and
/// `ecs:DescribeServices`.
pub fn used() -> BTreeSet<(String, String)> {
    USED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

pub(crate) fn keep(used: BTreeSet<(String, String)>) {
    USED.lock().unwrap_or_else(PoisonError::into_inner).extend(used);
}

impl Installed {
    pub(crate) fn of(stack: &Stack, name: &str) -> Result<Self, Failure> {
        let function = function(stack, name)?;
        let source = stack.queues_of(function).next().map(|(mapping, queue)| {
            let dead = queue.dead_letters.as_ref().ok_or("a queue without dead letters")?;
            Ok::<_, Failure>(Source {
                mapping: mapping.clone(),
                visibility_timeout: signed(queue.visibility_timeout)?,
                max_receive_count: dead.max_receive_count,
            })
        });
        let every = stack.schedules_of(function).next().map(|schedule| signed(schedule.every));
        Ok(Self {
            settings: Settings::read(|name| function.environment.get(name).cloned())?,
            timeout: signed(function.timeout)?,
            source: source.transpose()?,
            every: every.transpose()?,
        })
    }

    /// Its queue, empty.
    pub(crate) fn queue(&self) -> Result<Queue, Failure> {
        let source = self.source()?;
        Ok(Queue::new(&source.mapping.queue).received_at_most(source.max_receive_count))
    }

    pub(crate) fn source(&self) -> Result<&Source, Failure> {
        self.source.as_ref().ok_or_else(|| "no queue calls the function".into())
    }

    pub(crate) fn every(&self) -> Result<SignedDuration, Failure> {
        self.every.ok_or_else(|| "no schedule calls the function".into())
    }
}

fn signed(duration: Duration) -> Result<SignedDuration, Failure> {
    Ok(SignedDuration::try_from(duration)?)
}
