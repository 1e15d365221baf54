//! A store of claims in a bucket of a server that speaks S3: Amazon's own, or another under an address of its own.

use crate::message::Bucket;
use crate::node::claims::CREDENTIALS;
use object_store::aws::AmazonS3Builder;
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use reqwest::redirect::Policy;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take to come about. What a request may take is the node's time limit.
const CONNECT: Duration = Duration::from_secs(10);

/// One client for each store, which speaks with the host of its address and nobody else: it asks no proxy, and follows no redirection.
#[derive(Debug)]
struct Line(reqwest::Client);

impl HttpConnector for Line {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

/// Opens it: nothing is sent yet. What its references begin with comes along.
pub fn open(bucket: &Bucket) -> Result<(Arc<dyn ObjectStore>, String), String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot use the bucket {}: {error}", bucket.name);
    let [key, secret, token] = CREDENTIALS.map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let missing =
        |name: &str| format!("the environment variable {name} is not set: it holds a part of the credentials for {}", bucket.endpoint);
    let client = client(bucket.endpoint.starts_with("https:")).map_err(|error| failed(&with_causes(&error)))?;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        .with_endpoint(&bucket.endpoint)
        .with_virtual_hosted_style_request(bucket.in_host)
        .with_access_key_id(key.ok_or_else(|| missing(CREDENTIALS[0]))?)
        .with_secret_access_key(secret.ok_or_else(|| missing(CREDENTIALS[1]))?)
        .with_http_connector(Line(client))
        .with_retry(retry())
        // Not every server has deletions of many at a time.
        .with_disable_bulk_delete(true);
    if let Some(token) = token {
        builder = builder.with_token(token);
    }
    let objects = builder.build().map_err(|error| failed(&error))?;
    let begins = bucket.begins();
    if bucket.prefix.is_empty() {
        return Ok((Arc::new(objects), begins));
    }
    Ok((Arc::new(PrefixStore::new(objects, bucket.prefix.as_str())), begins))
}

/// A request that breaks off, or that the server cannot serve just then, is sent twice more; after that the node decides.
fn retry() -> RetryConfig {
    let (init_backoff, max_backoff) = (Duration::from_millis(100), Duration::from_secs(2));
    RetryConfig { backoff: BackoffConfig { init_backoff, max_backoff, base: 3.0 }, max_retries: 2, retry_timeout: Duration::from_secs(30) }
}

fn client(encrypted: bool) -> Result<reqwest::Client, reqwest::Error> {
    // The whole program has one; if there is another already, that serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().redirect(Policy::none()).connect_timeout(CONNECT).http1_only();
    // Without encryption there is no certificate to check, and a system without any is no obstacle.
    if encrypted { builder } else { builder.tls_certs_only([]) }.build()
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
