//! What is found missing before anything is sent, and how long a call may take.

use aws_config::meta::region::RegionProviderChain;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use steady_aws::client::Aws;
use steady_core::port::{KeepRecords, PortError};

use crate::canned::Canned;
use crate::setup::{aws_at, checkout, loader, patient};

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::ready(Err(CredentialsError::not_loaded("the chain is empty")))
    }
}

#[tokio::test]
async fn a_missing_region_is_named() {
    let none = RegionProviderChain::first_try(None::<aws_config::Region>);
    let error = Aws::of(loader("http://127.0.0.1:1").region(none), patient()).await;
    assert_eq!(
        error.expect_err("no region").to_string(),
        "configuration was refused (MissingRegion: no region is set, neither by `AWS_REGION` nor by the profile)"
    );
}

#[tokio::test]
async fn the_region_is_known() {
    assert_eq!(aws_at("http://127.0.0.1:1", patient()).await.region(), "eu-west-1");
}

#[tokio::test]
async fn missing_credentials_are_refused_before_anything_is_sent() {
    let canned = Canned::start([]).await;
    let loader = loader(&canned.endpoint).credentials_provider(NoCredentials);
    let aws = Aws::of(loader, patient()).await.expect("a region");
    let error = aws.table("records").load(&checkout()).await.expect_err("no credentials");
    assert!(
        matches!(&error, PortError::Refused { code, .. } if code == "MissingCredentials"),
        "{error}"
    );
    assert!(error.to_string().contains("the chain is empty"), "{error}");
    assert!(canned.operations().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_on_gives_no_clear_answer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let aws = aws_at(&endpoint, patient()).await;
    let error = aws.table("records").load(&checkout()).await.expect_err("nobody there");
    assert!(matches!(error, PortError::Unclear { call: "Query", .. }), "{error}");
}
