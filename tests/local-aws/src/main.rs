//! `local-aws`: the embedded AWS as a process, to point the AWS CLI or a function's binary at.
//!
//! Here, and only here, the machine's clock is read: simulated time follows it, second by second.

use std::io::Write as _;
use std::time::Duration;

use clap::Parser;
use jiff::Timestamp;
use steady_local_aws::{LocalAws, Setup, StartError};

/// The embedded AWS: ECS, Application Auto Scaling, CloudWatch, SSM, SNS and DynamoDB on loopback, until Ctrl-C
#[derive(Debug, Parser)]
#[command(name = "local-aws", version)]
struct Args {
    /// The port on 127.0.0.1; 0 is any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The account's number
    #[arg(long, default_value = "111122223333")]
    account: String,
    /// The region for which clients must sign
    #[arg(long, default_value = "eu-west-1")]
    region: String,
    /// The seed of everything that the simulator leaves to chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Make a record table of this name
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Make an SNS topic of this name
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let aws = start(&args)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", usage(&args, &aws.endpoint()))?;
    if let Some(topic) = &args.topic {
        writeln!(out, "topic     {}", aws.create_topic(topic))?;
    }
    if let Some(table) = &args.table {
        aws.create_record_table(table)?;
        writeln!(out, "table     {table}")?;
    }
    writeln!(out, "EventBridge events follow, one JSON line each; Ctrl-C ends it")?;
    out.flush()?;
    tokio::select! {
        followed = follow(&aws, &mut out) => followed?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

fn start(args: &Args) -> Result<LocalAws, StartError> {
    LocalAws::start_on(
        Setup {
            account: args.account.clone(),
            region: args.region.clone(),
            seed: args.seed,
            start: now(),
        },
        args.port,
    )
}

fn usage(args: &Args, endpoint: &str) -> String {
    let region = &args.region;
    format!(
        "endpoint  {endpoint}\n\
         use       export AWS_ENDPOINT_URL={endpoint} AWS_REGION={region} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n\
         or        aws --endpoint-url {endpoint} --region {region} ssm get-parameters-by-path --path /"
    )
}

/// Lets simulated time follow the clock, and prints what EventBridge would deliver.
async fn follow(aws: &LocalAws, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        let told = aws.ecs(|ecs| ecs.advance(now()));
        for event in told.into_iter().chain(aws.events()) {
            writeln!(out, "{event}")?;
        }
        out.flush()?;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a process for people: its simulated time is the wall clock's"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
