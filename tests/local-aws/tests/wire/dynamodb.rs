//! DynamoDB behind the front: the record table, conditional writes, and races.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use steady_local_aws::LocalAws;

use crate::clients::{asked, caller, code, start};

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

async fn with_table() -> (LocalAws, Client) {
    let aws = start().await;
    aws.create_record_table("steady").unwrap();
    let client = caller(&aws).dynamodb();
    (aws, client)
}

fn key(pk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s("record"))])
}

fn add_one(client: &Client, pk: &str) -> UpdateItemFluentBuilder {
    client
        .update_item()
        .table_name("steady")
        .set_key(Some(key(pk)))
        .update_expression("ADD hits :one")
        .expression_attribute_values(":one", n(1))
}

#[tokio::test]
async fn the_index_holds_only_what_is_open_by_when_it_is_due() {
    let (aws, client) = with_table().await;
    for (pk, due) in [("a", Some(30)), ("b", None), ("c", Some(10)), ("d", Some(20))] {
        let mut item = key(pk);
        if let Some(due) = due {
            item.extend([("open".to_owned(), s("open")), ("due".to_owned(), n(due))]);
        }
        client.put_item().table_name("steady").set_item(Some(item)).send().await.unwrap();
    }
    let due = client
        .query()
        .table_name("steady")
        .index_name("open")
        .key_condition_expression("#open = :open AND due <= :now")
        .expression_attribute_names("#open", "open")
        .expression_attribute_values(":open", s("open"))
        .expression_attribute_values(":now", n(20))
        .send()
        .await
        .unwrap();
    let keys: Vec<_> = due.items().iter().map(|item| item["pk"].as_s().unwrap().as_str()).collect();
    assert_eq!(keys, ["c", "d"]);
    let items = aws.items("steady").unwrap();
    assert_eq!(items.len(), 4);
    assert_eq!(items[1], json!({ "pk": { "S": "b" }, "sk": { "S": "record" } }));
    assert_eq!(asked(&aws.calls())[3..], ["dynamodb PutItem", "dynamodb Query"]);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_refused_and_logged() {
    let (aws, client) = with_table().await;
    let put = || {
        let put = client.put_item().table_name("steady").set_item(Some(key("a")));
        put.condition_expression("attribute_not_exists(pk)").send()
    };
    put().await.unwrap();
    let error = put().await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception(), "{error:?}");
    assert_eq!(aws.calls()[1].outcome.error(), Some("ConditionalCheckFailedException"));
    let elsewhere = client.get_item().table_name("nowhere").set_key(Some(key("a"))).send();
    assert_eq!(code!(elsewhere), "ResourceNotFoundException");
    assert!(aws.create_record_table("steady").is_err());
    assert!(aws.items("nowhere").is_err());
}

#[tokio::test]
async fn sixteen_tasks_racing_for_an_item_have_one_winner_each_time() {
    let (aws, client) = with_table().await;
    for round in 0..20 {
        let pk = format!("round-{round}");
        let racers = (0..16).map(|_| {
            let put = client.put_item().table_name("steady").set_item(Some(key(&pk)));
            tokio::spawn(put.condition_expression("attribute_not_exists(pk)").send())
        });
        let mut winners = 0;
        for racer in racers.collect::<Vec<_>>() {
            winners += u32::from(racer.await.unwrap().is_ok());
        }
        assert_eq!(winners, 1);
    }
    assert_eq!(aws.calls().len(), 20 * 16);
    assert_eq!(aws.items("steady").unwrap().len(), 20);
}

#[tokio::test]
async fn sixteen_tasks_with_optimistic_locking_lose_no_write() {
    let (aws, client) = with_table().await;
    add_one(&client, "a").send().await.unwrap();
    let racers = (0..16).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            let mut written = 0;
            while written < 10 {
                let read = client.get_item().table_name("steady").set_key(Some(key("a")));
                let read = read.consistent_read(true).send().await.unwrap();
                let hits = read.item().unwrap()["hits"].clone();
                let write = add_one(&client, "a")
                    .condition_expression("hits = :seen")
                    .expression_attribute_values(":seen", hits);
                match write.send().await {
                    Ok(_) => written += 1,
                    Err(error) => {
                        let error = error.into_service_error();
                        assert!(error.is_conditional_check_failed_exception(), "{error:?}");
                    }
                }
            }
        })
    });
    for racer in racers.collect::<Vec<_>>() {
        racer.await.unwrap();
    }
    assert_eq!(aws.items("steady").unwrap()[0]["hits"], json!({ "N": "161" }));
}
