//! What one stop has to say, gathered once before the rows are tried.

use super::text::{ECR_HOST, Texts, names_misspelt_registry};
use super::{ContainerEnd, GroupKind, Stop, StopCode};

/// What ECS says when an essential container ended, in any event since 2015.
const EXITED: &str = "essential container in task exited";

/// What the exit codes of a task say together.
///
/// Sources: AWS re:Post "Why is my Amazon ECS task stopped?" (common exit codes); for codes over
/// 128 the shell's rule, 128 + signal; for Windows the NTSTATUS values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// No container has an exit code: the detail is still to come, or nothing ran.
    Missing,
    /// The container that tells ended with 0.
    Zero,
    /// 143, 130 and their Windows kin: something from outside asked the process to end.
    Asked,
    /// 137: SIGKILL.
    Killed,
    /// 126: found, but not executable.
    NotExecutable,
    /// 127: command not found.
    NotFound,
    /// Segmentation fault, abort, illegal instruction and the like.
    Crashed,
    /// Any other code that is not 0.
    Error,
}

impl Exit {
    fn of(code: i64) -> Self {
        match code {
            0 => Self::Zero,
            // 0x40010004 DBG_TERMINATE_PROCESS, 0xC000013A STATUS_CONTROL_C_EXIT (also as signed).
            143 | 130 | 1_073_807_364 | 3_221_225_786 | -1_073_741_510 => Self::Asked,
            137 => Self::Killed,
            126 => Self::NotExecutable,
            127 => Self::NotFound,
            // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV; 0xC0000005 access violation.
            132..=136 | 139 | 3_221_225_477 | -1_073_741_819 => Self::Crashed,
            _ => Self::Error,
        }
    }

    /// How much a code tells about why the task ended; the container with the highest tells.
    ///
    /// When one essential container ends, ECS ends the others: they then show 143, or 137 if they
    /// ignored the signal. So a failure of its own outweighs 0, and 0 outweighs 137 and 143.
    fn weight(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Asked => 1,
            Self::Killed => 2,
            Self::Zero => 3,
            Self::NotExecutable | Self::NotFound | Self::Crashed | Self::Error => 4,
        }
    }
}

/// One stop, ready for the rows.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) stop_code: Option<&'a StopCode>,
    pub(super) group: GroupKind,
    pub(super) texts: Texts,
    pub(super) exit: Exit,
    /// The container whose exit code is [`Self::exit`]; the first of equals.
    pub(super) exit_container: Option<usize>,
    /// An essential container ended by itself: so says the stop code or, without one, the text.
    pub(super) exited: bool,
    /// A container came with a reason that counts.
    pub(super) reasoned: bool,
    bare_exit: bool,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(stop: &Stop<'a>) -> Self {
        let code = stop.stop_code;
        // Stops by the scheduler are decided by what the scheduler said: exit codes and container
        // reasons there are how the process answered the order to end.
        let containers =
            if code == Some(&StopCode::ServiceSchedulerInitiated) { &[] } else { stop.containers };
        let reasons = containers.iter().map(|container| reason(container));
        let reasoned = reasons.clone().any(|reason| reason.is_some());
        let said_exited = stop.stopped_reason.is_some_and(says_exited);
        let bare_exit = !reasoned
            && said_exited
            && matches!(
                code,
                None | Some(StopCode::EssentialContainerExited | StopCode::TaskFailedToStart)
            );
        let texts = if bare_exit || settled_by_code(code) {
            Texts::of(None, std::iter::empty())
        } else {
            Texts::of(stop.stopped_reason, reasons)
        };
        let (exit_container, exit) = telling_exit(containers);
        let exited = match code {
            Some(StopCode::EssentialContainerExited) => true,
            Some(StopCode::TaskFailedToStart) | None => said_exited,
            Some(_) => false,
        };
        Self {
            stop_code: code,
            group: stop.group,
            texts,
            exit,
            exit_container,
            exited,
            reasoned,
            bare_exit,
        }
    }

    /// "Essential container in task exited" and nothing more in words: exit codes decide.
    pub(super) fn is_bare_exit(&self) -> bool {
        self.bare_exit
    }

    /// The part that names a registry of ECR in a nearly right spelling.
    pub(super) fn misspelt_registry(&self) -> Option<usize> {
        if !self.texts.may_hold(ECR_HOST) {
            return None;
        }
        self.texts.find_part(names_misspelt_registry)
    }
}

/// Stop codes that decide alone. With `UserInitiated` the text is a person's: it may quote any
/// failure and must not be read.
fn settled_by_code(code: Option<&StopCode>) -> bool {
    matches!(
        code,
        Some(
            StopCode::UserInitiated
                | StopCode::SpotInterruption
                | StopCode::TerminationNotice
                | StopCode::InfrastructureHealth
        )
    )
}

/// A container's reason, if it wrote one.
fn reason<'a>(container: &ContainerEnd<'a>) -> Option<&'a str> {
    container.reason.filter(|text| !text.trim().is_empty())
}

fn says_exited(text: &str) -> bool {
    text.trim().trim_end_matches('.').eq_ignore_ascii_case(EXITED)
}

/// The exit code that tells, and whose it is.
fn telling_exit(containers: &[ContainerEnd<'_>]) -> (Option<usize>, Exit) {
    let mut telling = (None, Exit::Missing);
    for (index, container) in containers.iter().enumerate() {
        let Some(code) = container.exit_code else {
            continue;
        };
        let exit = Exit::of(code);
        if exit.weight() > telling.1.weight() {
            telling = (Some(index), exit);
        }
    }
    telling
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telling(codes: &[i64]) -> (Option<usize>, Exit) {
        let ends: Vec<_> = codes
            .iter()
            .map(|code| ContainerEnd { name: None, exit_code: Some(*code), reason: None })
            .collect();
        telling_exit(&ends)
    }

    #[test]
    fn the_container_that_failed_by_itself_tells() {
        assert_eq!(telling(&[]), (None, Exit::Missing));
        assert_eq!(telling(&[143, 1, 0]), (Some(1), Exit::Error));
        assert_eq!(telling(&[137, 0]), (Some(1), Exit::Zero));
        assert_eq!(telling(&[143, 137]), (Some(1), Exit::Killed));
        assert_eq!(telling(&[143, 130]), (Some(0), Exit::Asked));
        assert_eq!(telling(&[2, 139]), (Some(0), Exit::Error));
        assert_eq!(telling(&[-1_073_741_510, 1_073_807_364]), (Some(0), Exit::Asked));
        assert_eq!(telling(&[3_221_225_477]), (Some(0), Exit::Crashed));
        assert_eq!(telling(&[i64::MIN]), (Some(0), Exit::Error));
        assert_eq!(telling(&[i64::MAX]), (Some(0), Exit::Error));
    }
}
