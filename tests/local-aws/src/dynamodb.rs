//! Amazon DynamoDB: [dynoxide](https://docs.rs/dynoxide-rs) on SQLite in memory, behind the front.
//!
//! Its library answers typed calls, but the words of its refusals are made by its HTTP layer, which is private; so a call goes
//! on over loopback to its own listener. That listener is not logged or faulted, and nobody is told its address.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::scan::ScanRequest;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::answer::{Answer, Refusal};
use crate::journal::lock;
use crate::request::Request;

/// The database, and the way to its listener.
pub(crate) struct DynamoDb {
    database: Database,
    address: SocketAddr,
    /// Connections that are open and idle.
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl DynamoDb {
    /// Starts dynoxide in the runtime that this is called in; it ends with the runtime.
    pub(crate) async fn start() -> Result<Self, String> {
        let database = Database::memory().map_err(|error| error.to_string())?;
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        Ok(Self { database, address, idle: Mutex::default() })
    }

    /// The record table as the product's template makes it.
    pub(crate) fn create_record_table(&self, name: &str) -> Result<(), String> {
        let request: CreateTableRequest =
            serde_json::from_value(record_table(name)).map_err(|error| error.to_string())?;
        self.database.create_table(request).map(drop).map_err(|error| error.to_string())
    }

    /// Every item of a table, as DynamoDB writes items, by key.
    pub(crate) fn items(&self, table: &str) -> Result<Vec<Value>, String> {
        let request = ScanRequest { table_name: table.to_owned(), ..ScanRequest::default() };
        let page = self.database.scan(request).map_err(|error| error.to_string())?;
        let page = serde_json::to_value(page).map_err(|error| error.to_string())?;
        if page.get("LastEvaluatedKey").is_some_and(|key| !key.is_null()) {
            return Err("the table has more than 1 MiB of items; scan it in pages".to_owned());
        }
        let mut items = page.get("Items").and_then(Value::as_array).cloned().unwrap_or_default();
        let key = |item: &Value, name: &str| {
            item.pointer(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        items.sort_by_cached_key(|item| (key(item, "/pk/S"), key(item, "/sk/S")));
        Ok(items)
    }

    /// Sends on a connection that is open and idle, or on a new one, and keeps it when the answer is whole.
    async fn send(
        &self,
        request: hyper::Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>> {
        let idle = lock(&self.idle).pop();
        let mut sender = match idle {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        if sender.ready().await.is_err() {
            sender = self.connect().await?;
        }
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        lock(&self.idle).push(sender);
        Ok(Response::from_parts(parts, body))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Box<dyn Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// The request that makes the record table: key `pk` and `sk`, and the sparse index `open` that holds only what is unfinished,
/// by when it is due; on demand.
fn record_table(name: &str) -> Value {
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
            { "AttributeName": "open", "AttributeType": "S" },
            { "AttributeName": "due", "AttributeType": "N" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "open",
            "KeySchema": [
                { "AttributeName": "open", "KeyType": "HASH" },
                { "AttributeName": "due", "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    })
}

/// Passes the call on as it came, and the answer back as it is.
///
/// # Errors
///
/// `InternalServerError` if dynoxide does not answer, which it does only when the server is stopping.
pub(crate) async fn answer(dynamodb: &DynamoDb, request: &Request) -> Result<Answer, Refusal> {
    let gone = |error: String| Refusal::with_status(500, "InternalServerError", error);
    let mut onward = hyper::Request::post("/").header("host", dynamodb.address.to_string());
    for name in ["content-type", "x-amz-target", "x-amz-date", "authorization"] {
        if let Some(value) = request.headers.get(name) {
            onward = onward.header(name, value);
        }
    }
    let onward =
        onward.body(Full::new(request.body.clone())).map_err(|error| gone(error.to_string()))?;
    let response = dynamodb.send(onward).await.map_err(|error| gone(error.to_string()))?;
    let (parts, body) = response.into_parts();
    let header = |name: &str| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let status = parts.status.as_u16();
    Ok(Answer {
        status,
        content_type: header("content-type").unwrap_or_default(),
        headers: header("x-amz-crc32")
            .map(|crc| ("x-amz-crc32".to_owned(), crc))
            .into_iter()
            .collect(),
        error: (status >= 400).then(|| error_code(&body)),
        body,
    })
}

/// `com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException` without its namespace.
fn error_code(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.get("__type").and_then(Value::as_str).unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().to_owned()
}
