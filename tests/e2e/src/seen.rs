//! What has come of a story, as an outsider sees it.

use serde_json::Value;
use steady_local_aws::{Call, Outcome, What};

use crate::{Account, PERSON, TABLE};

impl Account {
    /// The changes to ECS that functions made and that ECS carried out, by operation.
    pub fn changes(&self) -> Vec<String> {
        let calls = self.aws.calls().into_iter().filter(is_change);
        calls.map(|call| call.operation).collect()
    }

    /// How many deployments ECS has begun, rollbacks among them.
    pub fn deployments_begun(&self) -> usize {
        let name = |event: &Value| {
            event.pointer("/detail/eventName").and_then(Value::as_str).map(str::to_owned)
        };
        let begun =
            |event: &&Value| name(event).as_deref() == Some("SERVICE_DEPLOYMENT_IN_PROGRESS");
        self.events.iter().filter(begun).count()
    }

    /// The record as the table has it; `None` if there is none. The accounts of stories have one service.
    pub fn record(&self) -> Option<Value> {
        self.record_where(|key| !key.starts_with('#'))
    }

    /// What the table remembers of `prod/FAMILY`, a family of tasks of no service.
    pub fn family_record(&self, family: &str) -> Option<Value> {
        self.record_where(|key| key == format!("#family/prod/{family}"))
    }

    fn record_where(&self, is_it: impl Fn(&str) -> bool) -> Option<Value> {
        let items = self.aws.items(TABLE).ok()?;
        let text = |item: &Value, path: &str| {
            item.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let is_record =
            |item: &&Value| text(item, "/sk/S") == "record" && is_it(&text(item, "/pk/S"));
        serde_json::from_str(&text(items.iter().find(is_record)?, "/record/S")).ok()
    }
}

fn is_change(call: &Call) -> bool {
    let done = match &call.outcome {
        Outcome::Answered { error, .. } => error.is_none(),
        Outcome::Faulted(what) => *what == What::AnswerLost,
        Outcome::Open => false,
    };
    let changes = ["StopServiceDeployment", "UpdateService"].contains(&call.operation.as_str());
    done && changes && call.caller != PERSON
}
