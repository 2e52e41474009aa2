"""The project's own rules of the translated template: what no linter knows of Steady."""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOURTEEN_DAYS = 14 * 24 * 3600


def findings(template):
    """All that breaks a rule, each as a line of text."""
    found = Findings(template)
    found.queues()
    found.event_sources()
    found.rules()
    found.functions()
    found.table()
    found.alarms()
    found.permissions()
    found.words()
    return found.lines


def named(value):
    """The resource that a Ref or GetAtt names; of an If, that of its first branch."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return name
        case {"Fn::If": [_, then, _]}:
            return named(then)
    return None


class Findings:
    def __init__(self, template):
        self.template = template
        self.resources = template["Resources"]
        self.lines = []

    def of(self, kind):
        for name, resource in self.resources.items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def expect(self, holds, line):
        if not holds:
            self.lines.append(line)

    def dead_letters(self):
        """The dead-letter queue of each queue."""
        redrive = {name: queue.get("RedrivePolicy") for name, queue in self.of("AWS::SQS::Queue")}
        return {name: named(policy["deadLetterTargetArn"]) for name, policy in redrive.items() if policy}

    def queues(self):
        dead = self.dead_letters()
        queues = dict(self.of("AWS::SQS::Queue"))
        for name, queue in queues.items():
            self.expect(queue.get("SqsManagedSseEnabled") is True, f"{name}: messages are not encrypted")
            if name in dead.values():
                kept = queue.get("MessageRetentionPeriod")
                self.expect(kept == FOURTEEN_DAYS, f"{name}: dead letters are not kept for 14 days")
            else:
                self.expect(dead.get(name) in queues, f"{name}: has no dead-letter queue")
                times = queue.get("RedrivePolicy", {}).get("maxReceiveCount", 0)
                self.expect(times >= 5, f"{name}: maxReceiveCount is below 5, which AWS advises with a bound on concurrency")

    def event_sources(self):
        functions = dict(self.of("AWS::Lambda::Function"))
        queues = dict(self.of("AWS::SQS::Queue"))
        for name, source in self.of("AWS::Lambda::EventSourceMapping"):
            reports = source.get("FunctionResponseTypes") == ["ReportBatchItemFailures"]
            self.expect(reports, f"{name}: a message that fails takes its batch with it")
            at_once = source.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
            self.expect(at_once >= 2, f"{name}: has no MaximumConcurrency")
            window = source.get("MaximumBatchingWindowInSeconds", 0)
            at_least = 6 * functions[named(source["FunctionName"])]["Timeout"] + window
            hidden = queues[named(source["EventSourceArn"])].get("VisibilityTimeout", 30)
            self.expect(hidden >= at_least, f"{name}: VisibilityTimeout is {hidden}, AWS advises {at_least}")

    def rules(self):
        dead = self.dead_letters()
        for name, rule in self.of("AWS::Events::Rule"):
            for target in rule["Targets"]:
                queue = named(target["Arn"])
                if queue not in dead:
                    continue
                undelivered = named(target.get("DeadLetterConfig", {}).get("Arn"))
                self.expect(undelivered == dead[queue], f"{name}: what {queue} does not take is lost")
                self.expect(self.lets_in(queue, name), f"{name}: the policy of {queue} does not let it send")

    def lets_in(self, queue, rule):
        for _, policy in self.of("AWS::SQS::QueuePolicy"):
            if queue not in [named(one) for one in policy["Queues"]]:
                continue
            for statement in policy["PolicyDocument"]["Statement"]:
                sources = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
                sources = sources if isinstance(sources, list) else [sources]
                if rule in [named(one) for one in sources]:
                    return True
        return False

    def functions(self):
        roles = []
        logs = dict(self.of("AWS::Logs::LogGroup"))
        for name, function in self.of("AWS::Lambda::Function"):
            roles.append(named(function.get("Role")))
            group = named(function.get("LoggingConfig", {}).get("LogGroup"))
            self.expect("RetentionInDays" in logs.get(group, {}), f"{name}: has no log group that forgets")
            for metric in ("Errors", "Throttles"):
                self.expect(self.is_watched("FunctionName", name, metric), f"{name}: has no alarm on {metric}")
        self.expect(None not in roles and len(set(roles)) == len(roles), "functions share a role, or have none")

    def is_watched(self, dimension, resource, metric):
        for _, alarm in self.of("AWS::CloudWatch::Alarm"):
            of = [named(one["Value"]) for one in alarm["Dimensions"] if one["Name"] == dimension]
            if alarm["MetricName"] == metric and of == [resource]:
                return True
        return False

    def table(self):
        for name, resource in self.resources.items():
            if resource["Type"] != "AWS::DynamoDB::Table":
                continue
            table = resource["Properties"]
            kept = [resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")] == ["Retain", "Retain"]
            self.expect(kept, f"{name}: goes with the stack")
            self.expect("TableName" not in table, f"{name}: its name would be taken when the stack is installed again")
            self.expect(table.get("DeletionProtectionEnabled") is True, f"{name}: can be deleted by mistake")
            restorable = table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
            self.expect(restorable is True, f"{name}: cannot be restored")
            self.expect(table.get("SSESpecification", {}).get("SSEEnabled") is True, f"{name}: is not encrypted with a key of KMS")
            self.expect(table.get("TimeToLiveSpecification", {}).get("Enabled") is True, f"{name}: forgets nothing")

    def alarms(self):
        dead = self.dead_letters()
        for queue, dead_letters in dead.items():
            late = self.is_watched("QueueName", queue, "ApproximateAgeOfOldestMessage")
            self.expect(late, f"{queue}: has no alarm on the age of its oldest message")
            lost = self.is_watched("QueueName", dead_letters, "ApproximateNumberOfMessagesVisible")
            self.expect(lost, f"{dead_letters}: has no alarm")
        for name, alarm in self.of("AWS::CloudWatch::Alarm"):
            tells = alarm.get("AlarmActions") and alarm.get("OKActions")
            self.expect(tells, f"{name}: tells nobody that it goes off, or that it is over")

    def statements(self):
        for name, policy in self.of("AWS::IAM::ManagedPolicy"):
            yield from ((name, one) for one in policy["PolicyDocument"]["Statement"])
        for name, role in self.of("AWS::IAM::Role"):
            for policy in role.get("Policies", []):
                yield from ((name, one) for one in policy["PolicyDocument"]["Statement"])

    def permissions(self):
        reviewed = tomllib.loads((ROOT / "infra/permissions.toml").read_text())
        everywhere = {one["action"] for one in reviewed["all_resources"]}
        granted, on_all = set(), set()
        for name, statement in self.statements():
            match statement:
                case {"Fn::If": [_, statement, _]}:
                    pass
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            granted.update(actions)
            for action in actions:
                self.expect("*" not in action, f"{name}: `{action}` is not one action")
            if statement["Resource"] == "*":
                on_all.update(actions)
                for action in sorted(set(actions) - everywhere):
                    self.lines.append(f"{name}: `{action}` on all resources has no reason in infra/permissions.toml")
        for action in sorted(everywhere - on_all):
            self.lines.append(f"infra/permissions.toml: `{action}` is not granted on all resources")
        for one in reviewed["unseen"]:
            self.expect(one["action"] in granted, f"infra/permissions.toml: `{one['action']}` is not granted")

    def words(self):
        version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        begins = self.template["Description"].startswith(f"Steady {version} ")
        self.expect(begins, f"the stack's description does not begin with `Steady {version} `")
        runbook = (ROOT / "docs/operations.md").read_text()
        for name, alarm in self.of("AWS::CloudWatch::Alarm"):
            called = re.sub(r"^\$\{AWS::StackName\}-", "", alarm["AlarmName"]["Fn::Sub"])
            self.expect(f"`{called}`" in runbook, f"{name}: docs/operations.md does not say what to do about `{called}`")
        for name, parameter in self.template["Parameters"].items():
            self.expect("Description" in parameter, f"{name}: the parameter is not described")


def load(path):
    return json.loads(Path(path).read_text())
