//! What a template makes, in the words of those who use it: functions, queues, rules, schedules.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use crate::names;
use crate::pattern::{Pattern, PatternError};
use crate::policy::{Ask, Policy, PolicyError};
use crate::template::{Deployment, Resource, TemplateError, resolve};

/// Why a template does not make a stack.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StackError {
    /// It cannot be resolved.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A policy cannot be read.
    #[error("`{id}`")]
    Policy {
        /// The resource that it is of.
        id: String,
        /// What is wrong.
        #[source]
        source: PolicyError,
    },
    /// A rule's pattern cannot be read.
    #[error("`{id}`")]
    Pattern {
        /// The rule.
        id: String,
        /// What is wrong.
        #[source]
        source: PatternError,
    },
    /// A property is missing, or another than is known here.
    #[error("`{id}`: {why}")]
    Property {
        /// The resource that it is of.
        id: String,
        /// What is wrong.
        why: String,
    },
}

/// What a deployment of a template makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// Everything, by logical id.
    pub resources: BTreeMap<String, Resource>,
    /// Functions, by logical id.
    pub functions: BTreeMap<String, Function>,
    /// Queues, by ARN.
    pub queues: BTreeMap<String, Queue>,
    /// Rules with a pattern, by logical id.
    pub rules: BTreeMap<String, Rule>,
    /// What runs by the clock.
    pub schedules: Vec<Schedule>,
    /// Which queue calls which function.
    pub mappings: Vec<Mapping>,
}

/// A Lambda function.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its logical id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Lambda ends an invocation after this.
    pub timeout: Duration,
    /// What its role may.
    pub policy: Policy,
}

/// An SQS queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Its logical id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// A message that was received is visible again after this.
    pub visibility_timeout: Duration,
    /// Where messages end that were received so often; `None`: they are lost when they are too old.
    pub dead_letters: Option<DeadLetters>,
    /// Who may send to it.
    pub policy: Policy,
}

/// A queue's redrive policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetters {
    /// The ARN of the other queue.
    pub queue: String,
    /// `maxReceiveCount`.
    pub max_receive_count: u32,
}

/// A rule of EventBridge, with a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its logical id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// What it takes.
    pub pattern: Pattern,
    /// ARNs of where it sends.
    pub targets: Vec<String>,
}

/// A rule or a schedule of EventBridge that runs by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its logical id.
    pub id: String,
    /// How often.
    pub every: Duration,
    /// ARNs of what it calls.
    pub targets: Vec<String>,
}

/// An event source mapping from a queue to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The queue's ARN.
    pub queue: String,
    /// The function's logical id.
    pub function: String,
    /// At most so many messages in a batch.
    pub batch_size: usize,
    /// How long a batch is gathered.
    pub window: Duration,
    /// `ReportBatchItemFailures`: the function says which of a batch failed.
    pub partial_failures: bool,
    /// At most so many at a time; `None` is no limit of its own.
    pub concurrency: Option<u64>,
}

/// How a resource of a stack is read.
struct Reader<'a> {
    resource: &'a Resource,
    deployment: &'a Deployment,
}

impl Stack {
    /// What the deployment of a translated template makes.
    ///
    /// # Errors
    /// [`StackError`]: something in it is not understood.
    pub fn read(template: &Value, deployment: &Deployment) -> Result<Self, StackError> {
        let resources = resolve(template, deployment)?;
        let mut stack = Self {
            functions: BTreeMap::new(),
            queues: BTreeMap::new(),
            rules: BTreeMap::new(),
            schedules: Vec::new(),
            mappings: Vec::new(),
            resources: BTreeMap::new(),
        };
        for resource in resources.values() {
            let reader = Reader { resource, deployment };
            match resource.kind.as_str() {
                "AWS::Lambda::Function" => {
                    let function = reader.function(&resources)?;
                    stack.functions.insert(function.id.clone(), function);
                }
                "AWS::SQS::Queue" => {
                    let queue = reader.queue(&resources)?;
                    stack.queues.insert(queue.arn.clone(), queue);
                }
                "AWS::Events::Rule" if resource.properties.get("EventPattern").is_some() => {
                    let rule = reader.rule()?;
                    stack.rules.insert(rule.id.clone(), rule);
                }
                "AWS::Events::Rule" | "AWS::Scheduler::Schedule" => {
                    stack.schedules.push(reader.schedule()?);
                }
                _ => {}
            }
        }
        for resource in resources.values() {
            if resource.kind == "AWS::Lambda::EventSourceMapping" {
                let mapping = Reader { resource, deployment }.mapping(&stack.functions)?;
                stack.mappings.push(mapping);
            }
        }
        stack.resources = resources;
        Ok(stack)
    }

    /// The rules that take an event, with the queues that get it from them: those that are targets and whose policy lets the
    /// rule send. What has nowhere to go is not there.
    pub fn routes(&self, event: &Value) -> Vec<(&Rule, &Queue)> {
        let taking = self.rules.values().filter(|rule| rule.pattern.matches(event));
        taking
            .flat_map(|rule| {
                let queues = rule.targets.iter().filter_map(|target| self.queues.get(target));
                queues.filter(|queue| queue.takes_from(rule)).map(move |queue| (rule, queue))
            })
            .collect()
    }

    /// The queues that call a function, with how.
    pub fn queues_of<'a>(
        &'a self,
        function: &'a Function,
    ) -> impl Iterator<Item = (&'a Mapping, &'a Queue)> {
        let mappings = self.mappings.iter().filter(|mapping| mapping.function == function.id);
        mappings.filter_map(|mapping| Some((mapping, self.queues.get(&mapping.queue)?)))
    }

    /// The schedules that call a function.
    pub fn schedules_of<'a>(
        &'a self,
        function: &'a Function,
    ) -> impl Iterator<Item = &'a Schedule> {
        self.schedules.iter().filter(|schedule| schedule.targets.contains(&function.arn))
    }
}

impl Queue {
    /// Whether its policy lets EventBridge send what a rule takes (SQS Developer Guide, "Amazon EventBridge": the principal is
    /// `events.amazonaws.com`, the condition `aws:SourceArn` the rule). Without it EventBridge drops the event.
    pub fn takes_from(&self, rule: &Rule) -> bool {
        let account = rule.arn.split(':').nth(4).unwrap_or_default().to_owned();
        let ask = Ask::new("sqs:SendMessage", &self.arn)
            .with("aws:SourceArn", [rule.arn.clone()])
            .with("aws:SourceAccount", [account])
            .with("aws:SecureTransport", ["true".to_owned()]);
        self.policy.lets("events.amazonaws.com", &ask)
    }
}

impl Reader<'_> {
    fn wrong<T>(&self, why: impl Into<String>) -> Result<T, StackError> {
        Err(StackError::Property { id: self.resource.id.clone(), why: why.into() })
    }

    fn get(&self, pointer: &str) -> Option<&Value> {
        self.resource.properties.pointer(pointer)
    }

    fn text(&self, pointer: &str) -> Result<String, StackError> {
        match self.get(pointer).and_then(Value::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => self.wrong(format!("`{pointer}` is no text")),
        }
    }

    /// A number, also where a parameter has made a text of it.
    fn number(&self, pointer: &str) -> Result<Option<u64>, StackError> {
        match self.get(pointer) {
            None => Ok(None),
            Some(value) => match number(value) {
                None => self.wrong(format!("`{pointer}` is no number")),
                some => Ok(some),
            },
        }
    }

    fn seconds(&self, pointer: &str, otherwise: u64) -> Result<Duration, StackError> {
        Ok(Duration::from_secs(self.number(pointer)?.unwrap_or(otherwise)))
    }

    fn arn(&self) -> Result<String, StackError> {
        match names::arn(self.resource, self.deployment) {
            Some(arn) => Ok(arn),
            None => self.wrong("it has no ARN that is known here"),
        }
    }

    fn document(&self) -> Result<Policy, StackError> {
        self.policy(self.get("/PolicyDocument").unwrap_or(&Value::Null))
    }

    fn policy(&self, document: &Value) -> Result<Policy, StackError> {
        Policy::read(document)
            .map_err(|source| StackError::Policy { id: self.resource.id.clone(), source })
    }

    fn function(&self, all: &BTreeMap<String, Resource>) -> Result<Function, StackError> {
        let mut environment = BTreeMap::new();
        let variables = self.get("/Environment/Variables").and_then(Value::as_object);
        for (name, value) in variables.into_iter().flatten() {
            match value.as_str() {
                Some(value) => environment.insert(name.clone(), value.to_owned()),
                None => return self.wrong(format!("the variable `{name}` is no text")),
            };
        }
        let role = self.text("/Role")?;
        let of_role = all.values().find(|one| {
            one.kind == "AWS::IAM::Role"
                && names::arn(one, self.deployment).as_deref() == Some(&*role)
        });
        let Some(of_role) = of_role else {
            return self.wrong(format!("there is no role `{role}`"));
        };
        let role = Reader { resource: of_role, deployment: self.deployment };
        Ok(Function {
            id: self.resource.id.clone(),
            arn: self.arn()?,
            environment,
            // Lambda's own default (CreateFunction, `Timeout`).
            timeout: self.seconds("/Timeout", 3)?,
            policy: role.policies_of_role(all)?,
        })
    }

    /// The policies inside a role, and those that are attached to it.
    fn policies_of_role(&self, all: &BTreeMap<String, Resource>) -> Result<Policy, StackError> {
        let mut policy = Policy::default();
        for one in self.list("/Policies") {
            let document = one.get("PolicyDocument").unwrap_or(&Value::Null);
            policy = policy.and(self.policy(document)?);
        }
        for managed in self.list("/ManagedPolicyArns") {
            let is_it =
                |one: &&Resource| names::arn(one, self.deployment).as_deref() == managed.as_str();
            let Some(managed) = all.values().find(is_it) else {
                return self.wrong(format!("the managed policy {managed} is not of this template"));
            };
            let reader = Reader { resource: managed, deployment: self.deployment };
            policy = policy.and(reader.document()?);
        }
        let name = names::reference(self.resource, self.deployment);
        for attached in all.values() {
            let reader = Reader { resource: attached, deployment: self.deployment };
            let kinds = ["AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"];
            let is_ours = |role: &Value| role.as_str() == name.as_deref();
            let roles = reader.list("/Roles").iter().chain(reader.get("/RoleName"));
            if kinds.contains(&attached.kind.as_str()) && roles.into_iter().any(is_ours) {
                policy = policy.and(reader.document()?);
            }
        }
        Ok(policy)
    }

    fn list(&self, pointer: &str) -> &[Value] {
        self.get(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn queue(&self, all: &BTreeMap<String, Resource>) -> Result<Queue, StackError> {
        let dead_letters = match self.get("/RedrivePolicy") {
            None => None,
            Some(policy) => {
                let queue = policy.get("deadLetterTargetArn").and_then(Value::as_str);
                let count = policy.get("maxReceiveCount").and_then(number);
                let count = count.and_then(|count| u32::try_from(count).ok());
                match (queue, count) {
                    (Some(queue), Some(max_receive_count)) => {
                        Some(DeadLetters { queue: queue.to_owned(), max_receive_count })
                    }
                    _ => return self.wrong("its redrive policy names no queue or no count"),
                }
            }
        };
        let url = names::reference(self.resource, self.deployment).unwrap_or_default();
        let mut policy = Policy::default();
        for other in all.values() {
            let reader = Reader { resource: other, deployment: self.deployment };
            let is_ours = |queue: &Value| queue.as_str() == Some(&url);
            if other.kind == "AWS::SQS::QueuePolicy" && reader.list("/Queues").iter().any(is_ours) {
                policy = policy.and(reader.document()?);
            }
        }
        Ok(Queue {
            id: self.resource.id.clone(),
            arn: self.arn()?,
            // SQS's own default (CreateQueue, `VisibilityTimeout`).
            visibility_timeout: self.seconds("/VisibilityTimeout", 30)?,
            dead_letters,
            policy,
        })
    }

    fn rule(&self) -> Result<Rule, StackError> {
        self.check_is_enabled()?;
        let pattern = Pattern::read(self.get("/EventPattern").unwrap_or(&Value::Null));
        let pattern = pattern
            .map_err(|source| StackError::Pattern { id: self.resource.id.clone(), source })?;
        let bus = self.get("/EventBusName").and_then(Value::as_str);
        if bus.is_some_and(|bus| bus != "default") {
            return self.wrong("its event bus is not the default one");
        }
        Ok(Rule {
            id: self.resource.id.clone(),
            arn: self.arn()?,
            pattern,
            targets: self.targets()?,
        })
    }

    fn check_is_enabled(&self) -> Result<(), StackError> {
        match self.get("/State").and_then(Value::as_str) {
            None | Some("ENABLED") => Ok(()),
            Some(other) => self.wrong(format!("the state `{other}` is not known here")),
        }
    }

    /// The ARNs of a rule's targets, which have to get the event as it is.
    fn targets(&self) -> Result<Vec<String>, StackError> {
        let targets = self.list("/Targets").iter().map(|target| {
            let changed = ["InputPath", "InputTransformer"].map(|name| target.get(name));
            match target.get("Arn").and_then(Value::as_str) {
                Some(arn) if changed.iter().all(Option::is_none) => Ok(arn.to_owned()),
                _ => self.wrong("a target without ARN, or one that gets another event"),
            }
        });
        targets.collect()
    }

    fn schedule(&self) -> Result<Schedule, StackError> {
        self.check_is_enabled()?;
        let expression = self.text("/ScheduleExpression")?;
        let rate = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
        let (count, unit) = rate.and_then(|rate| rate.split_once(' ')).unwrap_or_default();
        let unit = match unit {
            "minute" | "minutes" => 60,
            "hour" | "hours" => 3600,
            "day" | "days" => 86_400,
            _ => 0,
        };
        let every = count.parse::<u64>().unwrap_or_default() * unit;
        if every == 0 {
            return self.wrong(format!("the schedule `{expression}` is not known here"));
        }
        let targets = match self.get("/Target/Arn").and_then(Value::as_str) {
            Some(target) => vec![target.to_owned()],
            None => self.targets()?,
        };
        Ok(Schedule { id: self.resource.id.clone(), every: Duration::from_secs(every), targets })
    }

    fn mapping(&self, functions: &BTreeMap<String, Function>) -> Result<Mapping, StackError> {
        let name = self.text("/FunctionName")?;
        let is_ours = |function: &&Function| {
            function.arn == name || function.arn.rsplit(':').next() == Some(&name)
        };
        let Some(function) = functions.values().find(is_ours) else {
            return self.wrong(format!("there is no function `{name}`"));
        };
        if self.get("/FilterCriteria").is_some() {
            return self.wrong("a filter is not known here");
        }
        let kinds = self.list("/FunctionResponseTypes");
        Ok(Mapping {
            queue: self.text("/EventSourceArn")?,
            function: function.id.clone(),
            // CreateEventSourceMapping, `BatchSize`: 10 for queues.
            batch_size: usize::try_from(self.number("/BatchSize")?.unwrap_or(10)).unwrap_or(10),
            window: self.seconds("/MaximumBatchingWindowInSeconds", 0)?,
            partial_failures: kinds.iter().any(|kind| kind == "ReportBatchItemFailures"),
            concurrency: self.number("/ScalingConfig/MaximumConcurrency")?,
        })
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
