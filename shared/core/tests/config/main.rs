//! The config of a team: what loads, what is found, and that nothing can make it panic.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test may end at a surprise")]

mod fixtures;
mod properties;
mod rules;
mod scaling;
mod schema;
mod tree;

/// The complete file of the design's section on config: every section, every key that is read.
const SAMPLE: &str = r#"team = "payments"

[capacity]
min = 2
max = 40

[[target_tracking]]
metric = "cpu"                 # cpu | memory | alb-requests-per-target | queue-backlog-per-task | custom
target = 55.0                  # percent
scale_in_cooldown = "5m"

[[window]]
name = "business-hours"
start = "cron(0 8 ? * MON-FRI *)"
end = "cron(0 20 ? * MON-FRI *)"
timezone = "Asia/Seoul"
min = 6

[[surge]]
alarm = "checkout-latency-high"
min = 12
for = "15m"

[health]
rollback = "auto"              # auto | notify (default) | off
witness = "act"                # act (default) | probe | page
rollback_window = "24h"        # how old a proven revision may be and still be rolled back
deadline = "20m"               # a deployment that takes longer is stuck
soak = "10m"                   # how long a completed deployment must behave to be proven
rollback_alarms = ["checkout-5xx"]

[notify]
topic = "arn:aws:sns:eu-west-1:111122223333:payments-oncall"
format = "text"                # text | json | chat
standalone_tasks = ["nightly-report"]   # families of RunTask tasks whose failures are told (defaults.toml only)
"#;
