//! Faults: what AWS and the network do to a call, when a test asks for it.

/// One fault: which calls it meets, and what it does to them.
///
/// ```
/// use steady_local_aws::{Fault, What, When};
///
/// let a_busy_minute = Fault { when: When::times(3, "ecs", "DescribeServices"), what: What::Throttle };
/// let a_crash_in_between = Fault { when: When::Call(7), what: What::AnswerLost };
/// # let _ = (a_busy_minute, a_crash_in_between);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which calls.
    pub when: When,
    /// What happens to them.
    pub what: What,
}

/// Which calls a fault meets. Of several faults that would meet a call, the one set first does; the others wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The call with this number, counted over all services from the start of the log, from 1. Once.
    Call(u64),
    /// The next calls of one operation.
    Next {
        /// The service by its signing name (`ecs`), or `*`.
        service: String,
        /// The operation (`UpdateService`), or `*`.
        operation: String,
        /// How many of them; `None` is for ever, that is until [`LocalAws::clear_faults`](crate::LocalAws::clear_faults).
        times: Option<u64>,
    },
}

impl When {
    /// The next call of this operation.
    pub fn once(service: &str, operation: &str) -> Self {
        Self::times(1, service, operation)
    }

    /// The next `times` calls of this operation. The SDK tries three times by default, and each try is a call.
    pub fn times(times: u64, service: &str, operation: &str) -> Self {
        Self::Next {
            service: service.to_owned(),
            operation: operation.to_owned(),
            times: Some(times),
        }
    }

    /// Every call of this operation.
    pub fn always(service: &str, operation: &str) -> Self {
        Self::Next { service: service.to_owned(), operation: operation.to_owned(), times: None }
    }
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Refused for its rate, with the code that its service has for that. Not carried out.
    Throttle,
    /// Status 500, with the service's own code. Not carried out.
    ServerError,
    /// Status 503. Not carried out.
    Unavailable,
    /// Refused with this error. For all others that a service's API reference lists, such as `AccessDeniedException`.
    Refuse {
        /// The HTTP status, 400 to 599; of AWS's JSON services 400 for nearly everything.
        status: u16,
        /// The error code, without namespace.
        code: String,
        /// The message.
        message: String,
    },
    /// Accepted and never answered, until the client goes away or the server stops. Not carried out.
    Hang,
    /// The connection is closed without an answer. Not carried out.
    Dropped,
    /// **Carried out**; then the connection is closed without an answer.
    AnswerLost,
}

/// The faults that are set, in the order in which they were.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn set(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn waiting(&self) -> Vec<Fault> {
        self.0.clone()
    }

    /// What happens to this call, if anything. A fault that has done what it was set for is gone.
    pub(crate) fn meet(&mut self, number: u64, service: &str, operation: &str) -> Option<What> {
        let at = self.0.iter().position(|fault| fault.when.meets(number, service, operation))?;
        let fault = self.0.get_mut(at)?;
        let what = fault.what.clone();
        if fault.when.is_spent() {
            self.0.remove(at);
        }
        Some(what)
    }
}

impl When {
    fn meets(&self, call: u64, asked_service: &str, asked_operation: &str) -> bool {
        match self {
            Self::Call(number) => *number == call,
            Self::Next { service, operation, times } => {
                *times != Some(0)
                    && (service == "*" || service == asked_service)
                    && (operation == "*" || operation == asked_operation)
            }
        }
    }

    /// Counts one meeting, and says whether it was the last.
    fn is_spent(&mut self) -> bool {
        match self {
            Self::Call(_) => true,
            Self::Next { times: None, .. } => false,
            Self::Next { times: Some(left), .. } => {
                *left = left.saturating_sub(1);
                *left == 0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(all: &[Fault]) -> Faults {
        Faults(all.to_vec())
    }

    #[test]
    fn a_fault_by_number_meets_that_call_whatever_it_asks() {
        let mut faults = faults(&[Fault { when: When::Call(2), what: What::Hang }]);
        assert_eq!(faults.meet(1, "ecs", "UpdateService"), None);
        assert_eq!(faults.meet(2, "sns", "Publish"), Some(What::Hang));
        assert_eq!(faults.waiting(), []);
    }

    #[test]
    fn a_fault_for_n_calls_meets_n_of_that_operation_and_no_other() {
        let mut faults =
            faults(&[Fault { when: When::times(2, "ecs", "UpdateService"), what: What::Throttle }]);
        let met: Vec<bool> = [
            ("ecs", "UpdateService"),
            ("ecs", "DescribeServices"),
            ("ssm", "UpdateService"),
            ("ecs", "UpdateService"),
            ("ecs", "UpdateService"),
        ]
        .into_iter()
        .zip(1..)
        .map(|((service, operation), number)| faults.meet(number, service, operation).is_some())
        .collect();
        assert_eq!(met, [true, false, false, true, false]);
        assert_eq!(faults.waiting(), []);
    }

    #[test]
    fn a_fault_for_ever_meets_every_call_until_it_is_cleared() {
        let mut faults = faults(&[Fault { when: When::always("*", "*"), what: What::Dropped }]);
        for number in 1..20 {
            assert_eq!(faults.meet(number, "logs", "GetLogEvents"), Some(What::Dropped));
        }
        faults.clear();
        assert_eq!(faults.meet(20, "logs", "GetLogEvents"), None);
    }

    #[test]
    fn of_two_faults_the_first_meets_and_the_second_waits() {
        let mut faults = faults(&[
            Fault { when: When::once("ecs", "*"), what: What::Throttle },
            Fault { when: When::once("ecs", "UpdateService"), what: What::Dropped },
        ]);
        assert_eq!(faults.meet(1, "ecs", "UpdateService"), Some(What::Throttle));
        assert_eq!(faults.meet(2, "ecs", "UpdateService"), Some(What::Dropped));
        assert_eq!(faults.meet(3, "ecs", "UpdateService"), None);
    }
}
