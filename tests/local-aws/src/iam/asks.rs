//! What a call asks of IAM: which actions, on which resources, with which condition keys.
//!
//! Service Authorization Reference, the pages "Actions, resources, and condition keys" of each service. An action that names
//! two types of resources asks for both. An operation that is not here is known to nobody, and so denied.

use serde_json::{Value, json};
use steady_stack::policy::Ask;

use crate::journal::lock;
use crate::local_aws::State;
use crate::request::Request;

/// A call, and the account that it is made in.
struct Call<'a> {
    state: &'a State,
    operation: &'a str,
    input: &'a Value,
}

/// What the call asks for; `None` if that is not known here.
pub(super) fn of(state: &State, request: &Request) -> Option<Vec<Ask>> {
    let call = Call { state, operation: &request.operation, input: &request.input };
    match request.service.as_str() {
        "ecs" => call.ecs(),
        "application-autoscaling" => call.autoscaling(),
        "monitoring" => call.cloudwatch(),
        "ssm" => call.ssm(),
        "logs" => call.logs(),
        "sns" => (call.operation == "Publish")
            .then(|| vec![Ask::new("sns:Publish", call.text("TopicArn"))]),
        "dynamodb" => call.dynamodb(),
        // "No permissions are required to perform this operation."
        "sts" => (call.operation == "GetCallerIdentity").then(Vec::new),
        _ => None,
    }
}

impl Call<'_> {
    fn text(&self, member: &str) -> &str {
        self.input.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    fn texts(&self, member: &str) -> impl Iterator<Item = &str> {
        let all = self.input.get(member).and_then(Value::as_array);
        all.into_iter().flatten().filter_map(Value::as_str)
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        let setup = &self.state.setup;
        format!("arn:aws:{service}:{}:{}:{rest}", setup.region, setup.account)
    }

    /// An ARN, or the one of what goes by that name.
    fn arn_of(&self, service: &str, kind: &str, name: &str) -> String {
        if name.starts_with("arn:") {
            name.to_owned()
        } else {
            self.arn(service, &format!("{kind}/{name}"))
        }
    }

    /// The cluster's ARN, and its name.
    fn cluster(&self) -> (String, String) {
        let given = Some(self.text("cluster")).filter(|given| !given.is_empty());
        let arn = self.arn_of("ecs", "cluster", given.unwrap_or("default"));
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        (arn, name)
    }

    fn ecs(&self) -> Option<Vec<Ask>> {
        let action = format!("ecs:{}", self.operation);
        let (cluster, name) = self.cluster();
        let within = |kind: &str, id: &str| self.arn_of("ecs", &format!("{kind}/{name}"), id);
        let in_cluster =
            |resource: String| Ask::new(&action, resource).with("ecs:cluster", [cluster.clone()]);
        let each = |member: &str, kind: &str| {
            self.texts(member).map(|id| in_cluster(within(kind, id))).collect::<Vec<Ask>>()
        };
        Some(match self.operation {
            "ListClusters" | "DescribeTaskDefinition" => vec![Ask::new(&action, "*")],
            "ListServices" | "ListTasks" => vec![in_cluster("*".to_owned())],
            "DescribeServices" => each("services", "service"),
            "DescribeTasks" => each("tasks", "task"),
            "DescribeServiceDeployments" => self.of_service(&action, "serviceDeploymentArns"),
            "DescribeServiceRevisions" => self.of_service(&action, "serviceRevisionArns"),
            "StopServiceDeployment" => with_service(&action, self.text("serviceDeploymentArn")),
            "ListServiceDeployments" => vec![in_cluster(within("service", self.text("service")))],
            "UpdateService" => {
                let mut asks = vec![in_cluster(within("service", self.text("service")))];
                if !self.text("taskDefinition").is_empty() {
                    asks.extend(self.roles_to_pass());
                }
                asks
            }
            "RunTask" => self.run_task(in_cluster),
            "StopTask" => {
                let task = self.text("task");
                let tags = self.tags_of_task(task).into_iter();
                let ask = in_cluster(within("task", task));
                vec![tags.fold(ask, |ask, (name, value)| {
                    ask.with(&format!("aws:ResourceTag/{name}"), [value])
                })]
            }
            _ => return None,
        })
    }

    fn of_service(&self, action: &str, member: &str) -> Vec<Ask> {
        self.texts(member).flat_map(|arn| with_service(action, arn)).collect()
    }

    /// RunTask, the roles that its tasks get, and the tags that it gives them.
    fn run_task(&self, in_cluster: impl Fn(String) -> Ask) -> Vec<Ask> {
        let tags = tags(self.input.get("tags"));
        let tagged = |ask: Ask| {
            tags.iter().fold(ask, |ask, (name, value)| {
                ask.with(&format!("aws:RequestTag/{name}"), [value.clone()])
            })
        };
        let keys = || tags.iter().map(|(name, _)| name.clone());
        let definition = self.arn_of("ecs", "task-definition", self.text("taskDefinition"));
        let mut asks = vec![tagged(in_cluster(definition)).with("aws:TagKeys", keys())];
        asks.extend(self.roles_to_pass());
        if !tags.is_empty() {
            // "Granting permission to tag resources on creation": on tasks that have no id yet.
            let task = self.arn("ecs", &format!("task/{}/{:032x}", self.cluster().1, 0));
            let ask = tagged(Ask::new("ecs:TagResource", task)).with("aws:TagKeys", keys());
            asks.push(ask.with("ecs:CreateAction", ["RunTask".to_owned()]));
        }
        asks
    }

    /// `iam:PassRole` for the roles of the task definition that is named.
    fn roles_to_pass(&self) -> Vec<Ask> {
        let input = json!({ "taskDefinition": self.text("taskDefinition") });
        let definition = lock(&self.state.ecs).call("DescribeTaskDefinition", &input);
        let roles = ["taskRoleArn", "executionRoleArn"].map(|role| {
            let definition = definition.as_ref().ok()?.get("taskDefinition")?;
            definition.get(role)?.as_str().map(str::to_owned)
        });
        let pass = |role: String| {
            let service = "ecs-tasks.amazonaws.com".to_owned();
            Ask::new("iam:PassRole", role).with("iam:PassedToService", [service])
        };
        roles.into_iter().flatten().map(pass).collect()
    }

    fn tags_of_task(&self, task: &str) -> Vec<(String, String)> {
        let input = json!({ "cluster": self.cluster().1, "tasks": [task], "include": ["TAGS"] });
        let described = lock(&self.state.ecs).call("DescribeTasks", &input);
        tags(described.ok().as_ref().and_then(|answer| answer.pointer("/tasks/0/tags")))
    }

    fn autoscaling(&self) -> Option<Vec<Ask>> {
        let action = format!("application-autoscaling:{}", self.operation);
        // Targets have ids of their own, which say nothing of the service.
        let target = || {
            self.arn(
                "application-autoscaling",
                "scalable-target/0ec50123456789abcdef0123456789abcdef",
            )
        };
        Some(match self.operation {
            "DescribeScalableTargets"
            | "DescribeScalingPolicies"
            | "DescribeScheduledActions"
            | "DescribeScalingActivities" => vec![Ask::new(&action, "*")],
            "RegisterScalableTarget"
            | "DeregisterScalableTarget"
            | "PutScalingPolicy"
            | "DeleteScalingPolicy"
            | "PutScheduledAction"
            | "DeleteScheduledAction" => {
                let ask = Ask::new(&action, target())
                    .with(
                        "application-autoscaling:service-namespace",
                        [self.text("ServiceNamespace").to_owned()],
                    )
                    .with(
                        "application-autoscaling:scalable-dimension",
                        [self.text("ScalableDimension").to_owned()],
                    );
                let mut asks = vec![ask];
                if self.input.get("Tags").is_some() {
                    asks.push(Ask::new("application-autoscaling:TagResource", target()));
                }
                asks
            }
            "ListTagsForResource" | "TagResource" | "UntagResource" => {
                vec![Ask::new(&action, self.text("ResourceARN"))]
            }
            _ => return None,
        })
    }

    fn cloudwatch(&self) -> Option<Vec<Ask>> {
        let action = format!("cloudwatch:{}", self.operation);
        let alarm =
            |name: &str| Ask::new(&action, self.arn("cloudwatch", &format!("alarm:{name}")));
        let named: Vec<Ask> = self.texts("AlarmNames").map(alarm).collect();
        Some(match self.operation {
            "PutMetricAlarm" => vec![alarm(self.text("AlarmName"))],
            "DescribeAlarms" if named.is_empty() => vec![alarm("*")],
            "DescribeAlarms" | "DeleteAlarms" => named,
            "GetMetricData" | "PutMetricData" => vec![Ask::new(&action, "*")],
            _ => return None,
        })
    }

    fn ssm(&self) -> Option<Vec<Ask>> {
        let action = format!("ssm:{}", self.operation);
        // A name with a `/` in front has no other in its ARN.
        let parameter = |name: &str| {
            Ask::new(
                &action,
                self.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/'))),
            )
        };
        Some(match self.operation {
            "GetParameters" | "DeleteParameters" => self.texts("Names").map(parameter).collect(),
            "GetParameter" | "PutParameter" => vec![parameter(self.text("Name"))],
            "GetParametersByPath" => vec![parameter(self.text("Path"))],
            _ => return None,
        })
    }

    fn logs(&self) -> Option<Vec<Ask>> {
        let (group, stream) = (self.text("logGroupName"), self.text("logStreamName"));
        let stream = self.arn("logs", &format!("log-group:{group}:log-stream:{stream}"));
        (self.operation == "GetLogEvents").then(|| vec![Ask::new("logs:GetLogEvents", stream)])
    }

    fn dynamodb(&self) -> Option<Vec<Ask>> {
        let table = |input: &Value| {
            let name = input.get("TableName").and_then(Value::as_str).unwrap_or_default();
            self.arn_of("dynamodb", "table", name)
        };
        let action = format!("dynamodb:{}", self.operation);
        Some(match self.operation {
            "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" => {
                vec![Ask::new(&action, table(self.input))]
            }
            "Query" | "Scan" => {
                let index = self.text("IndexName");
                let of = if index.is_empty() { String::new() } else { format!("/index/{index}") };
                vec![Ask::new(&action, format!("{}{of}", table(self.input)))]
            }
            "TransactWriteItems" => {
                let items = self.input.get("TransactItems").and_then(Value::as_array);
                let writes = items.into_iter().flatten().filter_map(Value::as_object).flatten();
                let ask = |(kind, write): (&String, &Value)| {
                    let item = if kind == "ConditionCheck" {
                        "ConditionCheckItem".to_owned()
                    } else {
                        format!("{kind}Item")
                    };
                    Ask::new(&format!("dynamodb:{item}"), table(write))
                };
                writes.map(ask).collect()
            }
            _ => return None,
        })
    }
}

/// For `…:service-deployment/prod/checkout/ID`, that and the service's own ARN.
fn with_service(action: &str, arn: &str) -> Vec<Ask> {
    let parts: Vec<&str> = arn.split('/').collect();
    let [kind, cluster, service, ..] = parts.as_slice() else { return vec![Ask::new(action, arn)] };
    let prefix = kind.rsplit_once(':').map_or("", |(prefix, _)| prefix);
    vec![Ask::new(action, arn), Ask::new(action, format!("{prefix}:service/{cluster}/{service}"))]
}

/// Names and values of ECS's tags: `[{"key":"steady:probe","value":"…"}]`.
fn tags(tags: Option<&Value>) -> Vec<(String, String)> {
    let all = tags.and_then(Value::as_array).into_iter().flatten();
    let text =
        |tag: &Value, member: &str| tag.get(member).and_then(Value::as_str).map(str::to_owned);
    all.filter_map(|tag| Some((text(tag, "key")?, text(tag, "value")?))).collect()
}
