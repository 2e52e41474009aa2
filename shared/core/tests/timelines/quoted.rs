//! ECS's own words in notices: quoted, without the secrets that they repeat.

use proptest::prelude::*;
use steady_core::config::Witness;
use steady_core::event::DeploymentEventName;

use crate::story::{End, Story, minutes, seconds};

/// 24 characters as a generator of passwords makes them.
const SECRET: &str = "q7Rt2bXw9LpZ4mNc8vKd1hSy";

const SECRET_ARN: &str =
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/checkout/db-AbCdEf";

/// What everybody who is told of an incident reads, in all formats.
fn told(story: &Story) -> String {
    let notices = story.notices().into_iter();
    let told =
        notices.map(|one| format!("{}\n{}", one.text(), serde_json::to_string(one).unwrap()));
    let entries = story.entries.iter().map(|entry| entry.what.to_string());
    told.chain(entries).collect::<Vec<_>>().join("\n")
}

/// checkout:42 loops, everybody says `words` about it, and ECS gives its deployment up.
fn everybody_says(words: &str) -> Story {
    let words: &'static str = Box::leak(words.to_owned().into_boxed_str());
    let mut story = Story::with_proven();
    story.config.health.witness = Witness::Page;
    story.begin(42);
    (0..5).for_each(|_| story.live(42, seconds(5), End::Saying(words)));
    story.deployment(42, DeploymentEventName::Failed, words);
    story.pass(minutes(15));
    story
}

#[test]
fn the_name_of_a_secret_is_told_and_a_token_in_a_url_is_not() {
    let words = format!(
        "unable to retrieve secret {SECRET_ARN}: GET https://app:{SECRET}@vault.internal/v1?token={SECRET} 403"
    );
    let story = everybody_says(&words);
    let told = told(&story);
    assert!(told.contains(SECRET_ARN), "{told}");
    assert!(
        told.contains("https://app:[redacted]@vault.internal/v1?token=[redacted] 403"),
        "{told}"
    );
    assert!(!told.contains(SECRET), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_notice_and_no_entry_has_a_secret_that_ecs_repeats(
        form in prop::sample::select(vec![
            "password=§", "DB_PASSWORD=§", "--password §", "{\"token\":\"§\"}", "Authorization: Bearer §",
            "postgres://app:§@db:5432/orders", "GET /cb?token=§&user=bob 200", "api-key: §", "Pwd=§;Server=db",
        ]),
        before in "[ a-z]{0,400}",
        after in "[ a-z]{0,40}",
    ) {
        let words = format!("{before} {} {after}", form.replace('§', SECRET));
        let told = told(&everybody_says(&words));
        // Not even the part of it that is left where the quote is cut.
        prop_assert!(!told.contains(&SECRET[..8]), "{told}");
    }
}
