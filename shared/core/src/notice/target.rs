//! What the service goes back to, in words. Two deployments may share a task definition, and differ in the service's other
//! settings: then its name says nothing, and neither does an update to it.

use super::compose::Telling;
use crate::ledger::Proven;
use crate::rollback::{Reason, Refusal, RollbackState};

impl Telling<'_> {
    fn target(&self) -> Option<&Proven> {
        match &self.incident.rollback {
            RollbackState::Decided { action, .. } | RollbackState::Failed { action, .. } => {
                Some(&action.target)
            }
            RollbackState::Holding { target, .. } => Some(target),
            RollbackState::Probing(probe) => Some(&probe.target),
            RollbackState::Undecided | RollbackState::Refused(_) => None,
        }
    }

    /// The target, if it is the failing task definition with other settings.
    pub(super) fn same_revision(&self) -> Option<&Proven> {
        self.target().filter(|target| self.incident.revision.as_ref() == Some(&target.revision))
    }

    /// `checkout:41`, or what was proven of the same.
    pub(super) fn target_named(&self, target: &Proven) -> String {
        match self.same_revision() {
            Some(_) => format!("the settings of deployment {}", target.deployment),
            None => target.revision.to_string(),
        }
    }

    /// Where to see the settings and images that were proven.
    fn see_proven(&self, target: &Proven) -> String {
        let (cluster, service) = (self.service().cluster(), self.service().service());
        let region = self.region_flag();
        match &target.service_revision {
            Some(arn) => format!(
                "aws ecs describe-service-revisions --service-revision-arns {}{region}",
                arn.as_str()
            ),
            None => format!(
                "aws ecs list-service-deployments --cluster {cluster} --service {service}{region}"
            ),
        }
    }

    pub(super) fn compare_settings(&self) -> Option<String> {
        let target = self.same_revision()?;
        let (cluster, service) = (self.service().cluster(), self.service().service());
        Some(format!(
            "See which settings changed: {} shows those that were proven, and aws ecs describe-services --cluster {cluster} --services {service}{} those of now",
            self.see_proven(target),
            self.region_flag(),
        ))
    }

    pub(super) fn settings_by_hand(&self) -> Option<String> {
        let target = self.same_revision()?;
        Some(format!(
            "To go back by hand, set with aws ecs update-service what differs from {}",
            self.see_proven(target),
        ))
    }

    /// An update to the target alone would run the image that its tag names now.
    pub(super) fn image_by_hand(&self) -> Option<String> {
        let RollbackState::Failed { action, why: Reason::Guard(Refusal::TargetImageMoved { .. }) } =
            &self.incident.rollback
        else {
            return None;
        };
        let target = &action.target;
        Some(format!(
            "To go back by hand, register {} anew with the digest that was proven in place of the tag ({} shows it as imageDigest), and update the service to that; an update to {} itself runs the new image",
            target.revision,
            self.see_proven(target),
            target.revision,
        ))
    }

    pub(super) fn drift_of_settings(&self) -> Option<Vec<String>> {
        self.same_revision()?;
        Some(vec![
            "Do not deploy these settings again before that is mended".to_owned(),
            format!(
                "Your pipeline and templates still hold the settings of deployment {}: their next run brings them back",
                self.incident.about,
            ),
        ])
    }
}
