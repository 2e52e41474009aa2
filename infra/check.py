"""Checks infra/template.yaml; `infra/check` runs it with what it needs."""

import copy
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

import rules

HERE = Path(__file__).resolve().parent
TEMPLATE, TRANSLATED = HERE / "template.yaml", HERE / "translated.json"
# What differs between regions is looked at in three: the oldest, one of the EU, one of the newer.
REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-3"]


class NoManagedPolicies:
    """The template names none of AWS's."""

    def load(self):
        return {}


def translated(template):
    """What CloudFormation makes of a template. `sam deploy` puts in where the code is: here it stays a placeholder."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            binary = resource["Metadata"]["BuildProperties"]["Binary"]
            resource["Properties"]["CodeUri"] = f"s3://steady/{binary}.zip"
    return transform(template, {}, NoManagedPolicies())


def as_text(template):
    return json.dumps(template, indent=2) + "\n"


def lint(*paths):
    """cfn-lint's findings, its warnings too."""
    call = ["cfn-lint", "--format", "parseable", "--regions", *REGIONS, "--", *map(str, paths)]
    return subprocess.run(call, capture_output=True, text=True).stdout.splitlines()


def insecure(path):
    """checkov's findings, but for those that the template explains in place."""
    call = ["checkov", "--file", str(path), "--framework", "cloudformation", "--compact", "--quiet", "--skip-download"]
    done = subprocess.run(call, capture_output=True, text=True)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()


# How a copy is broken, and what has to be said of it.
BROKEN = [
    ("a wrong runtime", lambda t: t["Globals"]["Function"].update(Runtime="provided.al2024"), "E3030"),
    ("a misspelt action", lambda t: actions(t, "Rollbacks", 0).append("ecs:UpdateServices"), "W3037"),
    ("a missing dead-letter queue", lambda t: del_queue(t, "AlarmQueue"), "AlarmQueue: has no dead-letter queue"),
    ("a queue that nobody is told of", lambda t: t["Resources"].pop("ScaleAge"), "ScaleQueue: has no alarm on the age"),
    ("a batch that fails whole", lambda t: messages(t, "Watch").pop("FunctionResponseTypes"), "takes its batch with it"),
    ("a timeout that the queue does not know of", lambda t: properties(t, "Watch").update(Timeout=60), "AWS advises 365"),
    ("a role for two", lambda t: properties(t, "Alarm").update(Role={"Fn::GetAtt": ["WatchRole", "Arn"]}), "share a role"),
    ("a table that goes with the stack", lambda t: t["Resources"]["Records"].pop("DeletionPolicy"), "goes with the stack"),
    ("an action for all resources", lambda t: actions(t, "Scaling", 0).append("ecs:ListTaskDefinitions"), "has no reason"),
    ("a rule that the queue does not let in", lambda t: shut_out(t), "does not let it send"),
]


def properties(template, name):
    return template["Resources"][name]["Properties"]


def messages(template, name):
    return properties(template, name)["Events"]["Messages"]["Properties"]


def del_queue(template, name):
    properties(template, name).pop("RedrivePolicy")


def shut_out(template):
    statement = properties(template, "ScaleQueuePolicy")["PolicyDocument"]["Statement"][0]
    statement["Condition"]["ArnEquals"]["aws:SourceArn"].pop()


def actions(template, name, statement):
    """The actions of a statement, by its policy and place."""
    return properties(template, name)["PolicyDocument"]["Statement"][statement]["Action"]


def uncaught(template):
    """The broken copies of which the right thing is not said."""
    for how, break_it, said in BROKEN:
        broken = copy.deepcopy(template)
        break_it(broken)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "broken.json"
            path.write_text(as_text(translated(broken)))
            found = lint(path) + rules.findings(rules.load(path))
        if not any(said in line for line in found):
            yield f"{how} is not caught: `{said}` is not among {found}"


def main(arguments):
    os.environ.setdefault("AWS_DEFAULT_REGION", REGIONS[0])
    logging.disable(logging.WARNING)
    template = yaml_parse(TEMPLATE.read_text())
    text = as_text(translated(template))
    if arguments == ["--write"]:
        TRANSLATED.write_text(text)
    found = []
    if TRANSLATED.read_text() != text:
        found.append("infra/translated.json is stale: infra/check --write")
    found += lint(TEMPLATE, TRANSLATED)
    found += insecure(TRANSLATED)
    found += rules.findings(rules.load(TRANSLATED))
    found += uncaught(template)
    for line in found:
        print(line)
    resources = len(rules.load(TRANSLATED)["Resources"])
    print(f"{resources} resources, {len(BROKEN)} broken copies: {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
