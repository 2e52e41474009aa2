//! CloudWatch Logs: the last lines of a container's log stream.
//!
//! Lines are given as they are; what may be shown of them is decided by whoever shows them. Facts are those of
//! GetLogEvents in the Amazon CloudWatch Logs API reference.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::OutputLogEvent;
use jiff::Timestamp;
use steady_core::port::{LOGS_TAKE, LogLine, PortError, ReadLogs};

use crate::error::{port_error, unclear};

/// How many pages are asked for at most. "Partially full or empty pages don't necessarily mean that pagination is
/// finished": an empty one may stand before the last lines. More than a few would hold up the notice that wants them.
const PAGES_MAX: usize = 3;

/// The logs of one account and region.
#[derive(Debug, Clone)]
pub struct Logs {
    client: Client,
}

impl Logs {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }
}

impl ReadLogs for Logs {
    async fn tail(
        &self,
        group: &str,
        stream: &str,
        lines: u32,
    ) -> Result<Option<Vec<LogLine>>, PortError> {
        within("GetLogEvents", self.pages(group, stream, lines)).await?
    }
}

/// The answer, if it comes within [`LOGS_TAKE`], whatever is tried and waited for meanwhile.
///
/// # Errors
/// [`PortError::Unclear`], if it does not.
pub(crate) async fn within<T>(
    call: &'static str,
    answer: impl Future<Output = T>,
) -> Result<T, PortError> {
    let answer = tokio::time::timeout(LOGS_TAKE, answer).await;
    answer.map_err(|_| unclear(call, format!("not within {} s", LOGS_TAKE.as_secs())))
}

impl Logs {
    async fn pages(
        &self,
        group: &str,
        stream: &str,
        lines: u32,
    ) -> Result<Option<Vec<LogLine>>, PortError> {
        // 1 to 10,000 (GetLogEvents).
        let limit = i32::try_from(lines.clamp(1, 10_000)).unwrap_or(1);
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let answer = self
                .client
                .get_log_events()
                .log_group_name(group)
                .log_stream_name(stream)
                .start_from_head(false)
                .limit(limit)
                .set_next_token(token.clone())
                .send()
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_resource_not_found_exception()) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(port_error("GetLogEvents", error)),
            };
            // The token that was passed in, given back, is the end of the stream.
            let back = answer.next_backward_token;
            let events = answer.events.unwrap_or_default();
            if !events.is_empty() || back.is_none() || back == token {
                // Within a page the oldest is first, whichever way the pages go.
                return Ok(Some(events.iter().filter_map(log_line).collect()));
            }
            token = back;
        }
        Ok(Some(Vec::new()))
    }
}

/// `timestamp` is in milliseconds since 1970.
fn log_line(event: &OutputLogEvent) -> Option<LogLine> {
    let at = Timestamp::from_millisecond(event.timestamp()?).ok()?;
    Some(LogLine { at, text: event.message()?.to_owned() })
}
