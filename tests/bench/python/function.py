"""The calls of `watch` for one stop event, in Python: a read and a conditional write. Nothing is decided, so it is the least that a
Python function of the same job can be. Speaks to the Runtime API by itself, with what the standard library has."""

import http.client
import json
import os

import boto3

TABLE = os.environ["STEADY_TABLE"]
dynamodb = boto3.client("dynamodb")


def handle(batch):
    services = {}
    for record in batch["Records"]:
        event = json.loads(record["body"])
        detail = event["detail"]
        key = "prod/" + detail["group"].removeprefix("service:")
        services.setdefault(key, []).append({"task": detail["taskArn"], "stop": detail["stopCode"]})
    for key, stops in services.items():
        dynamodb.query(
            TableName=TABLE,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk >= :record",
            ExpressionAttributeValues={":pk": {"S": key}, ":record": {"S": "record"}},
        )
        put = lambda sk, text: {
            "Put": {
                "TableName": TABLE,
                "Item": {"pk": {"S": key}, "sk": {"S": sk}, "version": {"N": "1"}, sk: {"S": text}},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        text = json.dumps(stops)
        dynamodb.transact_write_items(TransactItems=[put("record", text), put("stops", text)])
    return {"batchItemFailures": []}


def main():
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = runtime.getresponse()
        request, batch = answer.headers["lambda-runtime-aws-request-id"], json.loads(answer.read())
        body = json.dumps(handle(batch))
        runtime.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", body)
        runtime.getresponse().read()


main()
