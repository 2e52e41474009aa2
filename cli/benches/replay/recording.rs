//! Makes a recording of any length, shaped as ECS on Fargate writes it: about 2.5 KB an event, eight or nine
//! events a task, deployments in between, a few services in a restart loop.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};

const SERVICES: usize = 50;
const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

/// Writes `events` events as JSON lines, in order of time but for a shuffle over about a minute.
pub(crate) fn write(out: &mut impl Write, events: usize) -> io::Result<()> {
    let mut random = Random(0x5eed);
    let mut at: Timestamp = "2026-11-01T00:00:00Z".parse().expect("a time");
    let mut written = 0;
    let mut deployments = [0_u64; SERVICES];
    let mut waiting: Vec<(Timestamp, String)> = Vec::new();
    while written < events {
        at += SignedDuration::from_millis(200 + (random.next() % 900) as i64);
        let service = (random.next() % SERVICES as u64) as usize;
        // About one task in 200 is the first of a new deployment.
        if deployments[service] == 0 || random.next().is_multiple_of(200) {
            deployments[service] += 1;
            waiting.push((
                at,
                deployment(service, deployments[service], at, "IN_PROGRESS", &mut random),
            ));
            let done = at + SignedDuration::from_secs(150);
            waiting.push((
                done,
                deployment(service, deployments[service], done, "COMPLETED", &mut random),
            ));
        }
        task(service, deployments[service], at, &mut random, &mut waiting);
        if waiting.len() > 20_000 {
            waiting.sort_by_key(|(at, _)| *at);
            for (_, line) in waiting.drain(..10_000) {
                if written < events {
                    writeln!(out, "{line}")?;
                    written += 1;
                }
            }
        }
    }
    Ok(())
}

fn task(
    service: usize,
    deployment: u64,
    at: Timestamp,
    random: &mut Random,
    to: &mut Vec<(Timestamp, String)>,
) {
    let id = format!("{:016x}{:016x}", random.next(), random.next());
    let after = |seconds: i64| at + SignedDuration::from_secs(seconds);
    let loops = service % 10 == 3 && deployment % 7 == 5;
    let life =
        if loops { 2 + (random.next() % 20) as i64 } else { 600 + (random.next() % 9000) as i64 };
    let (started, stopping) = (after(35), after(35 + life));
    let stop = if loops {
        ("EssentialContainerExited", "Essential container in task exited".to_owned(), 1)
    } else {
        let reason =
            format!("Scaling activity initiated by (deployment ecs-svc/{:019})", deployment + 7);
        ("ServiceSchedulerInitiated", reason, 143)
    };
    let mut steps = vec![
        ("PROVISIONING", at, false),
        ("PENDING", after(9), false),
        ("PENDING", after(12), false),
        ("ACTIVATING", after(20), false),
        ("RUNNING", started, false),
    ];
    if !loops {
        steps.push(("DEACTIVATING", stopping, true));
        steps.push(("STOPPING", stopping + SignedDuration::from_secs(22), true));
    }
    steps.push(("DEPROVISIONING", stopping + SignedDuration::from_secs(35), true));
    steps.push(("STOPPED", stopping + SignedDuration::from_secs(48), true));
    for (version, (status, at, stops)) in steps.into_iter().enumerate() {
        let mut tail = String::new();
        if status == "RUNNING" || stops {
            tail += &format!(r#""startedAt":"{started}","#);
        }
        let mut container = String::new();
        if stops {
            let (code, reason, exit) = &stop;
            tail += &format!(
                r#""stopCode":"{code}","stoppedReason":"{reason}","stoppingAt":"{stopping}","#
            );
            if status == "DEPROVISIONING" || status == "STOPPED" {
                tail += &format!(r#""executionStoppedAt":"{stopping}","#);
                container = format!(r#""exitCode":{exit},"#);
            }
        }
        let line = format!(
            r#"{{"version":"0","id":"{:08x}-0000-4000-8000-{:012x}","detail-type":"ECS Task State Change","source":"aws.ecs","account":"{ACCOUNT}","time":"{at:.0}","region":"{REGION}","resources":["arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{id}"],"detail":{{"attachments":[{{"id":"5c2d1e1e-9a1f-4c8e-8a55-0a8e1f8e6b11","type":"elb","status":"ATTACHED","details":[]}},{{"id":"6f0cc1a2-7f0f-4b94-b6a9-3f7f0d6c2b22","type":"eni","status":"ATTACHED","details":[{{"name":"subnetId","value":"subnet-0123456789abcdef0"}},{{"name":"networkInterfaceId","value":"eni-0fedcba9876543210"}},{{"name":"macAddress","value":"06:12:34:56:78:9a"}},{{"name":"privateDnsName","value":"ip-10-20-30-40.{REGION}.compute.internal"}},{{"name":"privateIPv4Address","value":"10.20.30.40"}}]}}],"attributes":[{{"name":"ecs.cpu-architecture","value":"x86_64"}}],"availabilityZone":"{REGION}b","capacityProviderName":"FARGATE","clusterArn":"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/prod","connectivity":"CONNECTED","connectivityAt":"{}","containers":[{{"containerArn":"arn:aws:ecs:{REGION}:{ACCOUNT}:container/prod/{id}/b17b3f2e-55b1-4b5b-9d0c-1d4a52c1f0aa","lastStatus":"RUNNING","name":"app",{container}"image":"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/service-{service}:build-{deployment}","imageDigest":"sha256:0d1f6b8c0f4fd0c14f0f6d3c3a6c1a45a0dca0f4f2ff1b4b6e0b8c9f00112233","runtimeId":"{id}-3435899183","taskArn":"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{id}","networkInterfaces":[{{"attachmentId":"6f0cc1a2-7f0f-4b94-b6a9-3f7f0d6c2b22","privateIpv4Address":"10.20.30.40"}}],"cpu":"0"}}],"cpu":"1024","createdAt":"{}","desiredStatus":"{}","enableExecuteCommand":false,"ephemeralStorage":{{"sizeInGiB":20}},"group":"service:service-{service}","launchType":"FARGATE","lastStatus":"{status}","memory":"2048","overrides":{{"containerOverrides":[{{"name":"app"}}]}},"platformVersion":"1.4.0","pullStartedAt":"{}","pullStoppedAt":"{}",{tail}"startedBy":"ecs-svc/{:019}","taskArn":"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{id}","taskDefinitionArn":"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/service-{service}:{deployment}","updatedAt":"{at}","version":{}}}}}"#,
            random.next() as u32,
            random.next() & 0xffff_ffff_ffff,
            after(11),
            after(0),
            if stops { "STOPPED" } else { "RUNNING" },
            after(12),
            after(19),
            deployment * 1_000 + service as u64,
            version + 1,
        );
        to.push((at, line));
    }
}

fn deployment(
    service: usize,
    deployment: u64,
    at: Timestamp,
    what: &str,
    random: &mut Random,
) -> String {
    format!(
        r#"{{"version":"0","id":"{:08x}-0000-4000-8000-{:012x}","detail-type":"ECS Deployment State Change","source":"aws.ecs","account":"{ACCOUNT}","time":"{at:.0}","region":"{REGION}","resources":["arn:aws:ecs:{REGION}:{ACCOUNT}:service/prod/service-{service}"],"detail":{{"eventType":"INFO","eventName":"SERVICE_DEPLOYMENT_{what}","deploymentId":"ecs-svc/{:019}","updatedAt":"{at}","reason":"ECS deployment ecs-svc/{:019} {}."}}}}"#,
        random.next() as u32,
        random.next() & 0xffff_ffff_ffff,
        deployment * 1_000 + service as u64,
        deployment * 1_000 + service as u64,
        what.to_lowercase().replace('_', " "),
    )
}

/// xorshift64*: the same recording every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
