//! The last lines of the container that failed: read once, told redacted, and nobody waits for them in vain.

use jiff::SignedDuration;
use steady_core::event::{Body, Container, DeploymentEventName, Event};
use steady_core::port::{ConfigFiles, ContainerLog, LogLine};
use steady_core::stop::StopCode;
use steady_core::watch::{Absence, Found};

use crate::faulty::{FAULTS, Fault};
use crate::story::{End, deployment, stop};
use crate::world::World;

/// The log stream of a task's container `app`.
fn stream(task: u32) -> (String, String) {
    ("/ecs/checkout".to_owned(), format!("ecs/app/{task:032x}"))
}

impl World {
    /// The containers of the four tasks, and of those after them, have logged this before they end.
    fn logs(&self, lines: &[&str]) {
        let at = |number: usize| self.now() + SignedDuration::from_secs(40 + number as i64);
        let lines: Vec<LogLine> = (0..)
            .zip(lines)
            .map(|(number, line)| LogLine { at: at(number), text: (*line).to_owned() })
            .collect();
        self.with(|state| {
            state.logs = (200..220).map(|task| (stream(task), lines.clone())).collect();
        });
    }

    fn logs_by(&self, change: impl Fn(&mut ContainerLog)) {
        self.with(|state| state.container_logs.iter_mut().for_each(change));
    }

    fn told(&self) -> Vec<String> {
        self.with(|state| state.sent.iter().map(|message| message.body.clone()).collect())
    }

    fn called(&self, call: &str) -> usize {
        self.with(|state| state.calls.iter().filter(|made| **made == call).count())
    }

    fn absence(&self) -> Option<Absence> {
        match self.record().incident?.tail?.found {
            Found::Absent(why) => Some(why),
            Found::Lines(_) => None,
        }
    }
}

/// What a notice says of the log: its heading and its lines.
fn tail(body: &str) -> Vec<&str> {
    let from = body.lines().skip_while(|line| !line.trim().starts_with("last lines of"));
    let heading = from.clone().take(1);
    let lines = from.skip(1).take_while(|line| line.starts_with("            "));
    heading.chain(lines).map(str::trim).collect()
}

#[test]
fn the_opening_notice_shows_the_last_lines_without_secrets() {
    let world = World::with_proven();
    world.logs(&[
        "starting",
        "",
        "connecting to postgres://app:hunter2@db/orders",
        "\u{1b}[31mpanic\u{1b}[0m: no such host\nback trace follows",
    ]);
    world.loops(End::OutOfMemory);
    assert_eq!(
        tail(&world.told()[0]),
        [
            "last lines of container app, task 00000000:",
            "02:30:40 starting",
            "02:30:42 connecting to postgres://app:[redacted]@db/orders",
            "02:30:43 panic: no such host",
            "02:30:43 back trace follows",
        ]
    );
    assert!(world.told()[0].contains("Why       container app was killed"), "{}", world.told()[0]);
    assert!(!world.with(|state| state.stored.as_ref().unwrap().record.contains("hunter2")));
}

#[test]
fn ten_lines_are_shown_and_each_to_its_limit() {
    let world = World::with_proven();
    let long = "é".repeat(500);
    let lines: Vec<String> = (0..40).map(|number| format!("line {number} {long}")).collect();
    world.logs(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    world.loops(End::OutOfMemory);
    let told = world.told();
    let shown = tail(&told[0]);
    assert_eq!(shown.len(), 11);
    assert!(shown[1].contains("line 30 é"), "{}", shown[1]);
    assert_eq!(shown[10].chars().count(), "02:31:19 ".len() + 300);
    assert!(shown[10].ends_with("..."));
}

#[test]
fn a_key_that_begins_before_the_lines_shown_is_no_secret_told() {
    let world = World::with_proven();
    let mut lines = vec!["-----BEGIN RSA PRIVATE KEY-----"];
    lines.extend(["MIIEpAIBAAKCAQEA1c7xT9Kk2v"; 30]);
    world.logs(&lines);
    world.loops(End::OutOfMemory);
    assert!(!world.told()[0].contains("MIIE"), "{}", world.told()[0]);
}

#[test]
fn logs_are_read_once_for_an_incident_and_never_without_one() {
    let world = World::with_proven();
    world.deploys();
    // Two failures open nothing.
    world.deliver("two", &world.four(End::Exit)[..2]);
    assert_eq!(world.called("GetLogEvents"), 0);
    assert_eq!(world.called("DescribeTaskDefinition"), 0);
    let world = World::with_proven();
    world.logs(&["panic"]);
    world.loops(End::Exit);
    assert_eq!(world.called("GetLogEvents"), 1, "{:?}", world.with(|state| state.calls.clone()));
    let told = world.told();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|body| tail(body).len() == 2), "both notices show it: {told:?}");
}

#[test]
fn whatever_keeps_the_lines_away_is_told_in_its_own_words() {
    type Change = fn(&mut ContainerLog);
    let table: [(&str, Change); 7] = [
        ("its log driver is awsfirelens, which Steady does not read", |log| {
            log.driver = Some("awsfirelens".to_owned());
        }),
        ("its task definition names no log driver", |log| log.driver = None),
        ("its logConfiguration names no awslogs-group", |log| log.group = None),
        (
            "its logConfiguration has no awslogs-stream-prefix, so Steady cannot tell which log stream is its",
            |log| log.stream_prefix = None,
        ),
        ("its logs are in us-east-1, and Steady reads only those of its own region", |log| {
            log.region = Some("us-east-1".to_owned());
        }),
        ("ECS does not describe it in task definition checkout:42 any more", |log| {
            log.name = "other".to_owned();
        }),
        (
            "there is no log stream other/app/000000000000000000000000000000cb in /ecs/checkout, or the log group is gone; perhaps nothing was logged",
            |log| log.stream_prefix = Some("other".to_owned()),
        ),
    ];
    for (words, change) in table {
        let world = World::with_proven();
        world.logs(&["panic"]);
        world.logs_by(change);
        world.loops(End::OutOfMemory);
        let wanted =
            format!("last lines of container app, task 00000000: none here, since {words}");
        assert_eq!(tail(&world.told()[0]), [wanted]);
    }
}

#[test]
fn an_empty_stream_and_one_of_blanks_are_told() {
    for lines in [&[][..], &["", " \t"][..]] {
        let world = World::with_proven();
        world.logs(lines);
        world.loops(End::OutOfMemory);
        assert_eq!(world.absence(), Some(Absence::Empty));
    }
}

#[test]
fn people_are_told_whatever_becomes_of_the_logs() {
    let kinds = FAULTS.into_iter().filter(|one| !matches!(one, Fault::Killed | Fault::KilledAfter));
    for fault in kinds {
        for call in ["DescribeTaskDefinition", "GetLogEvents"] {
            let world = World::with_proven();
            world.logs(&["panic"]);
            world.with(|state| state.broken.insert(call, fault));
            world.loops(End::OutOfMemory);
            assert_eq!(world.told().len(), 1, "{call} {fault:?}");
            assert_eq!(world.rollbacks().len(), 1, "{call} {fault:?}");
            let said = tail(&world.told()[0]).join("\n");
            let wanted = match fault {
                Fault::Throttled => format!("AWS throttled {call}"),
                Fault::Refused => format!("AWS refused {call} (AccessDeniedException)"),
                _ => format!("{call} gave no answer in time"),
            };
            assert!(said.contains(&wanted), "{said}");
        }
    }
}

#[test]
fn a_container_that_never_ran_has_no_lines_and_no_word_is_lost_on_them() {
    let never_ran = |event: &mut Event| {
        let Body::Task(task) = &mut event.body else { return };
        task.started_at = None;
        task.stop_code = Some(StopCode::TaskFailedToStart);
        let reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/checkout:42: not found";
        task.stopped_reason = Some(reason.into());
        task.containers = vec![Container {
            name: Some("app".into()),
            exit_code: None,
            reason: Some(reason.into()),
        }];
    };
    let world = World::with_proven();
    world.logs(&["panic"]);
    world.deploys();
    let mut stops = world.four(End::Exit);
    stops.iter_mut().for_each(never_ran);
    world.deliver("four", &stops);
    assert_eq!(world.told().len(), 1);
    assert_eq!(world.called("GetLogEvents"), 0);
    assert!(!world.told()[0].contains("last lines of"), "{}", world.told()[0]);
}

#[test]
fn a_stop_without_its_exit_code_does_not_choose_the_container() {
    let world = World::with_proven();
    world.logs(&["panic"]);
    world.deploys();
    let mut stops = world.four(End::OutOfMemory);
    // The newest, with a sidecar that was stopped along and told first.
    world.pass(1);
    let mut late = stop(world.now(), 204, 42, End::Exit);
    if let Body::Task(task) = &mut late.body {
        let named =
            |name: &str| Container { name: Some(name.into()), exit_code: None, reason: None };
        task.containers = vec![named("agent"), named("app")];
    }
    stops.push(late);
    world.deliver("five", &stops);
    let tail = world.record().incident.unwrap().tail.unwrap();
    assert_eq!(
        (tail.container.as_deref(), tail.task.id()),
        (Some("app"), stream(203).1.rsplit('/').next().unwrap())
    );
}

#[test]
fn where_nothing_names_the_container_it_is_the_first_essential_one() {
    let world = World::with_proven();
    world.logs(&["panic"]);
    world.with(|state| {
        let app = state.container_logs[0].clone();
        let proxy = ContainerLog { name: "init".to_owned(), essential: false, ..app };
        state.container_logs.insert(0, proxy);
    });
    world.deploys();
    let unhealthy = |mut event: Event| {
        if let Body::Task(task) = &mut event.body {
            task.stop_code = Some(StopCode::ServiceSchedulerInitiated);
            task.stopped_reason = Some(
                "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/0011223344556677)"
                    .into(),
            );
            task.containers = ["app", "init"]
                .map(|name| Container { name: Some(name.into()), exit_code: None, reason: None })
                .to_vec();
        }
        event
    };
    let stops: Vec<Event> = world.four(End::Exit).into_iter().map(unhealthy).collect();
    world.deliver("four", &stops);
    assert_eq!(
        tail(&world.told()[0]),
        ["last lines of container app, task 00000000:", "02:30:40 panic"]
    );
}

#[test]
fn another_deployment_that_fails_has_lines_of_its_own() {
    let world = World::of(ConfigFiles::default());
    world.with(|state| state.begin("ecs-svc/42", 42));
    world.logs(&["panic"]);
    world.deliver(
        "begin",
        &[deployment(world.now(), "ecs-svc/42", DeploymentEventName::InProgress)],
    );
    world.pass(60);
    world.deliver("four", &world.four(End::Exit));
    world.pass(60);
    world.with(|state| state.begin("ecs-svc/43", 43));
    world.logs(&["another panic"]);
    world
        .deliver("next", &[deployment(world.now(), "ecs-svc/43", DeploymentEventName::InProgress)]);
    world.pass(60);
    let stops: Vec<Event> = (210..215).map(|task| stop(world.now(), task, 43, End::Exit)).collect();
    world.deliver("five", &stops);
    let incident = world.record().incident.unwrap();
    assert_eq!(incident.about.as_str(), "ecs-svc/43");
    let Found::Lines(lines) = incident.tail.unwrap().found else { panic!("no lines") };
    assert_eq!(lines[0].text, "another panic");
}

#[test]
fn a_machine_gets_the_lines_one_by_one_and_a_chat_room_as_a_block() {
    let world = World::with_proven();
    let told_as = |format: &str| {
        let config = format!("[health]\nrollback = 'auto'\n[notify]\nformat = '{format}'\n");
        world.with(|state| state.config.service = Some(config));
        world.with(|state| state.sent.clear());
    };
    told_as("json");
    world.logs(&["panic: password=hunter2", "```"]);
    world.loops(End::OutOfMemory);
    let body = &world.told()[0];
    assert!(
        body.contains(
            r#""log_tail":{"container":"app","task":"000000000000000000000000000000cb","lines":[{"at":"2026-11-21T02:30:40Z","text":"panic: password=[redacted]"},{"at":"2026-11-21T02:30:41Z","text":"```"}],"absent":null}"#
        ),
        "{body}"
    );
    let world = World::with_proven();
    let config = "[health]\nrollback = 'auto'\n[notify]\nformat = 'chat'\n";
    world.with(|state| state.config.service = Some(config.to_owned()));
    world.logs(&["panic: password=hunter2", "```"]);
    world.loops(End::OutOfMemory);
    let body = &world.told()[0];
    let block = r"task 00000000:\n```\n02:30:40 panic: password=[redacted]\n02:30:41 '''\n```";
    assert!(body.contains(block), "{body}");
}
