//! `steady rollback`: the button. The same record, guards and turn as the functions.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use steady_core::installation::{Brakes, Mode};
use steady_core::name::{ServiceKey, TaskDefinitionRevision};
use steady_core::notice::{Message, words};
use steady_core::port::{Call, KeepRecords, PortError, Publish, ReadService, RunningTasks};
use steady_core::record::Record;
use steady_core::report::What;
use steady_core::rollback::{
    Action, Begun, CarryingOut, Order, Outcome, Refusal, Setting, Step, consider_order,
};
use steady_core::turn::{Ports, Taken, Turn};

use crate::Format;
use crate::exit::{Exit, Failure};
use crate::live::{self, Account, Person, Place, Who, boxed};
use crate::status;

/// Longest that the turn with its calls may take; `sweep` takes over afterwards what this process has left.
const TURN_TAKES: SignedDuration = SignedDuration::from_secs(60);

/// Roll a service back to its last proven revision, or to one of those.
///
/// What guards the service binds you as it binds Steady: nothing is done while everything is paused, to a revision that
/// is not proven or is known as bad, or beside somebody's newer deployment. What is policy (`rollback` in the config, the
/// evidence, the budget) does not. You see what will be called, and are asked. Steady follows the rollback and sends its
/// notices, with your name. Exit code 2: refused (the reason is printed), or you declined.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cluster and service
    #[arg(value_name = "CLUSTER/SERVICE", value_parser = live::service)]
    service: ServiceKey,
    /// To this revision, which has to be proven; by default to the last one that is
    #[arg(long, value_name = "FAMILY:REVISION")]
    to: Option<String>,
    /// Why; stands in the notices
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Text, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: Place,
}

/// What came of it; the JSON output.
#[derive(Serialize)]
struct Line<'a> {
    service: &'a str,
    /// `begun`, `waits` (AWS has not taken it, and it is tried again), `refused`, `failed` or `declined`.
    outcome: &'static str,
    from: Option<&'a str>,
    to: Option<&'a str>,
    deployment: Option<&'a str>,
    call: Option<&'static str>,
    reason: Option<String>,
}

pub(crate) fn run(
    args: &Args,
    person: &mut Person<'_>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Exit, Failure> {
    if !args.yes && !person.is_there() {
        return Err(Failure::Usage(
            "there is no terminal to ask on: `--yes` rolls back without asking".to_owned(),
        ));
    }
    live::block_on(async {
        let account = args.place.open().await?;
        let who = args.who.person(&account).await?;
        let record = status::load(&account, &args.service).await?;
        let now = live::now();
        let order = Order {
            id: format!("cli-{}-{}", now.as_nanosecond(), std::process::id()),
            by: who.name,
            reason: args.reason.clone(),
            to: args.to.as_deref().map(TaskDefinitionRevision::from),
            away_from: None,
        };
        let mut button = Button { args, account: &account, record, out, from: None, call: None };
        button.press(order, now, (person, err)).await
    })
}

struct Button<'a, O> {
    args: &'a Args,
    account: &'a Account<'a>,
    record: Record,
    out: &'a mut O,
    /// What the service runs, once that is known.
    from: Option<String>,
    /// What will be called, once that is known.
    call: Option<&'static str>,
}

impl<O: Write> Button<'_, O> {
    async fn press(
        &mut self,
        order: Order,
        now: Timestamp,
        (person, err): (&mut Person<'_>, &mut impl Write),
    ) -> Result<Exit, Failure> {
        let (running, brakes) = self.read().await?;
        let action = match consider_order(&self.record, &running, &brakes, &order, now) {
            Ok(action) => action,
            Err(refusal) => return self.refused(&refusal, None),
        };
        self.from = self.revision(&running, &action);
        let (call, begun) = match self.foresee(&action, &brakes, now).await? {
            Foreseen::Call(call, begun) => (call, begun),
            Foreseen::Refused(why) => return self.ends("refused", Exit::No, Some(&action), &why),
        };
        self.call = Some(match call {
            Call::StopServiceDeployment { .. } => "StopServiceDeployment",
            Call::UpdateService { .. } => "UpdateService",
        });
        let mut shown = Vec::new();
        self.show(&mut shown, &running, &action, &call, &begun)?;
        match self.args.format {
            Format::Text => self.out.write_all(&shown)?,
            // Who is asked sees what of; stdout is for the machine then.
            Format::Json if !self.args.yes => err.write_all(&shown)?,
            Format::Json => {}
        }
        if !self.args.yes
            && !person.wants(&format!("Roll {} back?", self.args.service), self.out, err)?
        {
            return self.ends("declined", Exit::No, Some(&action), "nothing was changed");
        }
        // What was shown is what is done, or nothing.
        let order = Order {
            to: Some(action.target.revision.clone()),
            away_from: Some(action.away_from.clone()),
            ..order
        };
        let taken = self.take(&order).await?;
        self.tell(&action, taken)
    }

    async fn read(&self) -> Result<(RunningTasks, Brakes), Failure> {
        let failure = |error: PortError| self.account.failure(&error);
        let (ecs, table) = (self.account.aws.ecs(), self.account.table());
        let running = boxed(ecs.running_tasks(&self.args.service)).await.map_err(failure)?;
        let account = boxed(table.account()).await.map_err(failure)?;
        let brakes = Brakes { mode: Mode::Act, account: Some(account), ..Brakes::default() };
        Ok((running, brakes))
    }

    /// What the service runs, as ECS says it, or as tasks told.
    fn revision(&self, running: &RunningTasks, action: &Action) -> Option<String> {
        let rollouts = running.standing.iter().flat_map(|standing| &standing.rollouts);
        let read = rollouts.filter(|one| one.deployment == action.away_from);
        let read = read.filter_map(|one| one.revision.as_ref()).next();
        let told = || self.record.ledger.deployment(&action.away_from)?.revision();
        read.or_else(told).map(ToString::to_string)
    }

    /// What will be called, by how the service stands now.
    async fn foresee(
        &self,
        action: &Action,
        brakes: &Brakes,
        now: Timestamp,
    ) -> Result<Foreseen, Failure> {
        let ecs = self.account.aws.ecs();
        let state = boxed(ecs.service_state(&self.args.service, &action.target)).await;
        let state = state.map_err(|error| self.account.failure(&error))?;
        let bad = self.record.ledger.bad();
        let mut carrying = CarryingOut::new(&self.args.service, action, now, 1, brakes, bad);
        Ok(match carrying.next(&state, now) {
            Step::Call(call) => Foreseen::Call(call, carrying.begun().clone()),
            Step::End(Outcome::Failed(reason)) => Foreseen::Refused(reason.to_string()),
            Step::End(Outcome::Later(why)) => Foreseen::Refused(why),
            Step::End(Outcome::Begun(_)) => Foreseen::Refused("it is under way already".to_owned()),
        })
    }

    fn show(
        &self,
        out: &mut impl Write,
        running: &RunningTasks,
        action: &Action,
        call: &Call,
        begun: &Begun,
    ) -> io::Result<()> {
        let from = self.from.as_deref().unwrap_or("an unknown revision");
        let service = &self.args.service;
        let target = &action.target;
        let desired = running.desired_count.map(|desired| format!(" of {desired}"));
        writeln!(
            out,
            "{service} runs {from} (deployment {}), {}{} tasks.",
            action.away_from,
            running.tasks.len(),
            desired.unwrap_or_default(),
        )?;
        let at = words::clock(target.at);
        writeln!(out, "It goes back to {}, proven at {at}:", target.revision)?;
        match call {
            Call::StopServiceDeployment { arn } => {
                writeln!(out, "  StopServiceDeployment with ROLLBACK: {arn}")?;
            }
            Call::UpdateService { revision, restore, .. } => {
                writeln!(out, "  UpdateService to {revision}; the desired count stays")?;
                if let Some(restore) = restore {
                    writeln!(out, "  restored with it: {}", listed(&restore.settings))?;
                }
                if !begun.not_restored.is_empty() {
                    writeln!(
                        out,
                        "  not restored, though it differs from what was proven: {}",
                        listed(&begun.not_restored)
                    )?;
                }
                if begun.settings_unread {
                    writeln!(out, "  other settings: not known, so they stay")?;
                }
                if begun.shift_minutes > 0 {
                    writeln!(
                        out,
                        "  its traffic shift and bake time take about {} min",
                        begun.shift_minutes
                    )?;
                }
            }
        }
        writeln!(
            out,
            "{from} counts as bad from then on; your pipeline and templates still name it, and their next run brings it back."
        )
    }

    async fn take(&self, order: &Order) -> Result<Taken, Failure> {
        let (ecs, table) = (self.account.aws.ecs(), self.account.table());
        let (parameters, logs) = (self.account.parameters(), self.account.aws.logs());
        let ports = Ports {
            ecs: &ecs,
            records: &table,
            config: &parameters,
            topics: &LeftToSweep,
            logs: &logs,
        };
        let now = live::now();
        let turn = Turn {
            service: &self.args.service,
            events: &[],
            now,
            until: now.checked_add(TURN_TAKES).unwrap_or(now),
            by: &order.id,
            mode: Mode::Act,
            probes: false,
        };
        boxed(ports.take_ordered(&turn, Some(order))).await.map_err(|error| {
            let cause = std::error::Error::source(&error);
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            Failure::Unable(format!(
                "{error}{cause}; see `steady status {}` before you repeat it",
                self.args.service
            ))
        })
    }

    fn tell(&mut self, action: &Action, taken: Taken) -> Result<Exit, Failure> {
        let mut waits = None;
        for entry in taken.entries {
            match entry.what {
                What::OrderRefused(refusal) => return self.refused(&refusal, Some(action)),
                What::Begun(_) => {
                    let follow = format!(
                        "AWS has taken it. `steady status {}` follows it; a notice says when it is steady, and if it does not help.",
                        self.args.service,
                    );
                    return self.ends("begun", Exit::Good, Some(action), &follow);
                }
                What::Failed(_, reason) => {
                    return self.ends("failed", Exit::No, Some(action), &reason.to_string());
                }
                What::PutOff(why) if waits.is_none() => waits = Some(why),
                _ => {}
            }
        }
        let why = waits.unwrap_or_else(|| "it was not tried".to_owned());
        let why = format!(
            "AWS has not taken it yet ({why}). Steady tries again for five minutes, and a notice says what came of it."
        );
        self.ends("waits", Exit::Good, Some(action), &why)
    }

    fn refused(&mut self, refusal: &Refusal, action: Option<&Action>) -> Result<Exit, Failure> {
        let mut why = match (refusal, &self.args.to) {
            (Refusal::OntoItself { .. }, Some(to)) => format!("it runs {to} already"),
            _ => refusal.to_string(),
        };
        if matches!(refusal, Refusal::NotProven { .. } | Refusal::TargetBad(_)) {
            let ledger = &self.record.ledger;
            let good = ledger.proven().iter().rev().filter(|one| !ledger.is_bad(&one.revision));
            let good: Vec<&str> = good.map(|one| one.revision.as_str()).collect();
            why += &match good.as_slice() {
                [] => "; nothing else is proven".to_owned(),
                good => format!("; proven are {}", good.join(", ")),
            };
        }
        if matches!(refusal, Refusal::Paused(_)) {
            why += "; `steady resume` ends that";
        }
        self.ends("refused", Exit::No, action, &why)
    }

    fn ends(
        &mut self,
        outcome: &'static str,
        exit: Exit,
        action: Option<&Action>,
        why: &str,
    ) -> Result<Exit, Failure> {
        let service = &self.args.service;
        if self.args.format == Format::Json {
            let line = Line {
                service: service.as_str(),
                outcome,
                from: self.from.as_deref(),
                to: action.map(|action| action.target.revision.as_str()),
                deployment: action.map(|action| action.away_from.as_str()),
                call: self.call,
                reason: (outcome != "begun").then(|| why.to_owned()),
            };
            crate::print::json_line(self.out, &line)?;
        } else if exit == Exit::No {
            writeln!(self.out, "{service} is not rolled back: {why}")?;
        } else {
            writeln!(self.out, "{why}")?;
        }
        Ok(exit)
    }
}

/// What the service's present state says of a rollback.
enum Foreseen {
    Call(Call, Begun),
    Refused(String),
}

/// Messages are kept with the record, and `sweep` sends them within the minute: it knows the default topic, and a person
/// needs no right to publish.
struct LeftToSweep;

impl Publish for LeftToSweep {
    async fn publish(&self, _message: &Message) -> Result<(), PortError> {
        Err(PortError::Throttled { call: "Publish", text: "left to sweep".to_owned() })
    }
}

fn listed(settings: &[Setting]) -> String {
    settings.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")
}
